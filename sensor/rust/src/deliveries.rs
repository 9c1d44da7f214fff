//! What a block of packets brings to each shard: noted by one thread, for others to take in.

use crate::capture::Packets;
use crate::connection::Moment;
use crate::dispatch::{flow_of, moment_of, Arrival, Dispatcher, Receiver};
use crate::frame::{self, Loose, Origin};
use crate::intake::{Intake, Name};

/// Where a segment is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The packet with this number in the block holds it.
    Packet(u32),
    /// The segment with this number among the loose ones of the block.
    Loose(u32),
}

/// A segment, told in short: there is one in nearly every packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) hash: u64,
    now_ns: u64,
    place: Place,
    pub(crate) begins: bool,
}

/// What a shard is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    Segment(Notice),
    /// The clock showed this time: quiet flows leave.
    Sweep {
        now_ns: u64,
    },
}

/// To which shard each segment of a block goes.
#[derive(Default)]
struct Addressed {
    /// How many packets of the capture come before the block.
    before: u64,
    /// Segments that are no part of one packet, each with the moment of the packet that brought it.
    loose: Vec<(Moment, Loose)>,
    /// Of each shard.
    deliveries: Vec<Vec<Delivery>>,
}

impl Addressed {
    fn begin(&mut self, before: u64, shards: usize) {
        self.before = before;
        self.loose.clear();
        self.deliveries.resize_with(shards, Vec::new);
        for list in &mut self.deliveries {
            list.clear();
        }
    }
}

impl Receiver for Addressed {
    #[inline]
    fn segment(&mut self, shard: usize, arrival: &Arrival<'_>) {
        let Arrival {
            segment, moment, ..
        } = arrival;
        let place = match segment.origin {
            Origin::Frame(..) => {
                let number = u32::try_from(moment.frame - self.before - 1);
                Place::Packet(number.unwrap_or(u32::MAX))
            }
            Origin::Read(_) => {
                self.loose.push((*moment, Loose::new(segment)));
                Place::Loose(u32::try_from(self.loose.len() - 1).unwrap_or(u32::MAX))
            }
        };
        if let Some(list) = self.deliveries.get_mut(shard) {
            list.push(Delivery::Segment(Notice {
                hash: arrival.hash,
                now_ns: arrival.now_ns,
                place,
                begins: arrival.begins,
            }));
        }
    }

    fn sweep(&mut self, now_ns: u64) {
        for list in &mut self.deliveries {
            list.push(Delivery::Sweep { now_ns });
        }
    }
}

/// Packets that were read together, addressed. It may be filled again and again.
#[derive(Default)]
pub(crate) struct Block {
    packets: Packets,
    addressed: Addressed,
    /// Interfaces that are new in this block.
    pub(crate) names: Vec<Name>,
    /// A portion is to be handed out after it.
    pub(crate) is_due: bool,
}

impl Block {
    /// Fill it with the next packets; `false` if there are none left.
    pub(crate) fn read(&mut self, intake: &mut Intake, dispatcher: &mut Dispatcher) -> bool {
        let Self {
            packets,
            addressed,
            names,
            is_due,
        } = self;
        let more = intake.advance(names);
        addressed.begin(intake.packets(), dispatcher.shards());
        intake.keep(packets, |packet| dispatcher.packet(packet, addressed));
        let due_ns = intake.due_ns();
        *is_due = due_ns.is_some();
        if let Some(time_ns) = due_ns {
            dispatcher.idle(time_ns, addressed);
        }
        more
    }

    /// How many packets.
    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }

    /// What this shard is told.
    pub(crate) fn deliveries(&self, shard: usize) -> &[Delivery] {
        let deliveries = self.addressed.deliveries.get(shard);
        deliveries.map_or(&[], Vec::as_slice)
    }

    /// The segment that a shard was told of.
    pub(crate) fn arrival(&self, notice: &Notice) -> Option<Arrival<'_>> {
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (segment, moment) = match notice.place {
            Place::Packet(number) => {
                let packet = self.packets.get(at(number))?;
                let segment = frame::segment(packet.link_type, packet.data).ok()?;
                (segment, moment_of(&packet))
            }
            Place::Loose(number) => {
                let (moment, loose) = self.addressed.loose.get(at(number))?;
                (loose.segment(), *moment)
            }
        };
        let (key, direction) = flow_of(&segment);
        Some(Arrival {
            segment,
            moment,
            now_ns: notice.now_ns,
            hash: notice.hash,
            key,
            direction,
            begins: notice.begins,
        })
    }
}
