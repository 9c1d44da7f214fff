//! Packets addressed: each TCP segment to the shard of the flow table that knows its flow, in the order of the capture.
//!
//! What hangs on the order of all packets is done here, by one thread at a time: the clock, and fragments of IP. The rest
//! is then the same whoever does it when.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::capture::{Packet, Packets};
use crate::connection::Moment;
use crate::frame::{self, Endpoint, Fragments, Loose, Segment, Skip, RST, SYN};
use crate::limits::{Counters, Limits};
use crate::tls::opener;

/// How often, in packet time, quiet flows are looked for.
const SWEEP_NS: u64 = 1_000_000_000;

/// The clock of the packets. They may be out of order, or lie: it follows two packets that agree, and never goes back.
#[derive(Debug, Default)]
struct Clock {
    last_ns: Option<u64>,
    now_ns: u64,
}

impl Clock {
    #[inline]
    fn tick(&mut self, time_ns: u64) -> u64 {
        let before_ns = self.last_ns.replace(time_ns).unwrap_or(time_ns);
        self.now_ns = self.now_ns.max(time_ns.min(before_ns));
        self.now_ns
    }
}

/// Where a segment is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The packet with this number in the block holds it.
    Packet(u32),
    /// The segment with this number among the loose ones of the block.
    Loose(u32),
}

/// What a shard is told, small because there is one for each packet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delivery {
    /// A segment of the flow with this hash came.
    Segment {
        hash: u64,
        place: Place,
        /// It opens an unknown flow: it has SYN, or TLS at the start of its payload.
        begins: bool,
    },
    /// The clock showed this time: quiet flows leave.
    Sweep { now_ns: u64 },
}

/// The two ends of a flow, the lower one first.
pub(crate) type Key = [Endpoint; 2];

/// The flow of a segment, and the direction: 1 if the higher end sent it.
#[inline]
fn flow_of(segment: &Segment<'_>) -> (Key, usize) {
    let Segment {
        source,
        destination,
        ..
    } = *segment;
    if destination < source {
        ([destination, source], 1)
    } else {
        ([source, destination], 0)
    }
}

/// A segment of a block, and its circumstances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) segment: Segment<'a>,
    pub(crate) moment: Moment,
    /// The clock of the packets when it came.
    pub(crate) now_ns: u64,
    /// Of its flow's key.
    pub(crate) hash: u64,
    pub(crate) key: Key,
    /// 1: sent by the higher end.
    pub(crate) direction: usize,
}

/// To which shard each segment of a block goes.
#[derive(Default)]
pub(crate) struct Addressed {
    /// What the clock showed at each packet, nanoseconds since 1970.
    clock: Vec<u64>,
    /// Segments that are no part of one packet, each with the number of the packet that brought it.
    loose: Vec<(usize, Loose)>,
    /// Of each shard.
    deliveries: Vec<Vec<Delivery>>,
}

/// Packets that were read together, addressed. It may be filled again and again.
#[derive(Default)]
pub struct Block {
    /// The packets.
    pub(crate) packets: Packets,
    pub(crate) addressed: Addressed,
    /// Interfaces that are new in this block.
    pub(crate) names: Vec<(u32, String)>,
}

impl Block {
    /// What this shard is told.
    pub(crate) fn deliveries(&self, shard: usize) -> &[Delivery] {
        let deliveries = self.addressed.deliveries.get(shard);
        deliveries.map_or(&[], Vec::as_slice)
    }

    /// The segment at this place.
    #[inline]
    pub(crate) fn arrival(&self, hash: u64, place: Place) -> Option<Arrival<'_>> {
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (number, loose) = match place {
            Place::Packet(number) => (at(number), None),
            Place::Loose(number) => {
                let (number, loose) = self.addressed.loose.get(at(number))?;
                (*number, Some(loose))
            }
        };
        let packet = self.packets.get(number)?;
        let segment = match loose {
            Some(loose) => loose.segment(),
            None => frame::segment(packet.link_type, packet.data).ok()?,
        };
        let (key, direction) = flow_of(&segment);
        Some(Arrival {
            segment,
            hash,
            key,
            direction,
            moment: Moment {
                time_ns: packet.time_ns,
                frame: packet.number,
                interface: packet.interface,
            },
            now_ns: *self.addressed.clock.get(number)?,
        })
    }
}

/// The first part of the road, for all packets of one observation in their order.
#[derive(Debug)]
pub struct Dispatcher {
    shards: usize,
    limits: Limits,
    counters: Counters,
    fragments: Fragments,
    hasher: RandomState,
    clock: Clock,
    swept_ns: u64,
}

impl Dispatcher {
    /// For so many shards, at least one.
    #[must_use]
    pub fn new(shards: usize, limits: Limits) -> Self {
        Self {
            shards: shards.max(1),
            limits,
            counters: Counters::default(),
            fragments: Fragments::default(),
            hasher: RandomState::default(),
            clock: Clock::default(),
            swept_ns: 0,
        }
    }

    /// Begin a block.
    pub(crate) fn begin(&self, addressed: &mut Addressed) {
        addressed.clock.clear();
        addressed.loose.clear();
        addressed.deliveries.resize_with(self.shards, Vec::new);
        for list in &mut addressed.deliveries {
            list.clear();
        }
    }

    /// Address what the next packet of the block holds.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>, addressed: &mut Addressed) {
        let Addressed {
            clock, deliveries, ..
        } = addressed;
        self.counters.frames += 1;
        let now_ns = self.clock.tick(packet.time_ns);
        let number = clock.len();
        clock.push(now_ns);
        if now_ns.saturating_sub(self.swept_ns) >= SWEEP_NS {
            self.swept_ns = now_ns;
            for list in &mut *deliveries {
                list.push(Delivery::Sweep { now_ns });
            }
        }
        match frame::segment(packet.link_type, packet.data) {
            Ok(segment) => {
                self.counters.frames_cut_payload += u64::from(segment.missing > 0);
                let place = Place::Packet(u32::try_from(number).unwrap_or(u32::MAX));
                self.address(&segment, place, deliveries);
            }
            Err(Skip::Fragment | Skip::Aggregate) => self.take_apart(packet, number, addressed),
            Err(skip) => skip.count(&mut self.counters),
        }
    }

    /// Tell the shard of a segment's flow about it.
    #[inline]
    fn address(&self, segment: &Segment<'_>, place: Place, deliveries: &mut [Vec<Delivery>]) {
        let hash = self.hasher.hash_one(flow_of(segment).0);
        let begins = (segment.has(SYN) || opener::begins(segment.payload)) && !segment.has(RST);
        // Bits in the middle: the table takes the lowest and the highest.
        let shard = usize::try_from(hash >> 32 & 0xffff).unwrap_or(0) % self.shards;
        if let Some(list) = deliveries.get_mut(shard) {
            list.push(Delivery::Segment {
                hash,
                place,
                begins,
            });
        }
    }

    /// A frame that holds not one segment: a part of one, or several.
    #[cold]
    fn take_apart(&mut self, packet: &Packet<'_>, number: usize, addressed: &mut Addressed) {
        let Addressed {
            loose, deliveries, ..
        } = addressed;
        let first = loose.len();
        let mut tools = frame::Tools {
            fragments: &mut self.fragments,
            limits: &self.limits,
            counters: &mut self.counters,
        };
        frame::dissect(
            packet.link_type,
            packet.data,
            packet.time_ns,
            &mut tools,
            |segment, _| loose.push((number, Loose::new(segment))),
        );
        for (at, (_, loose)) in loose.iter().enumerate().skip(first) {
            let place = Place::Loose(u32::try_from(at).unwrap_or(u32::MAX));
            self.address(&loose.segment(), place, deliveries);
        }
    }

    /// What was counted here.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
