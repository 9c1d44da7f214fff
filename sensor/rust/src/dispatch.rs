//! Packets addressed: each TCP segment to the shard of the flow table that knows its flow, in the order of the capture.
//!
//! What hangs on the order of all packets is done here, by one thread at a time: the clock, and fragments of IP. The rest
//! is then the same whoever does it when: the thread that reads may take each segment straight to its shard, or note for
//! all shards what a block of packets brings them (`deliveries.rs`).

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::capture::Packet;
use crate::connection::Moment;
use crate::frame::{self, Endpoint, Fragments, Segment, Skip, RST, SYN};
use crate::limits::{Counters, Limits};
use crate::privacy::Privacy;
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

/// The two ends of a flow, the lower one first.
pub(crate) type Key = [Endpoint; 2];

/// The flow of a segment, and the direction: 1 if the higher end sent it.
#[inline]
pub(crate) fn flow_of(segment: &Segment<'_>) -> (Key, usize) {
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

/// When and where a packet came.
#[inline]
pub(crate) fn moment_of(packet: &Packet<'_>) -> Moment {
    Moment {
        time_ns: packet.time_ns,
        frame: packet.number,
        interface: packet.interface,
    }
}

/// A segment, and its circumstances.
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
    /// It opens an unknown flow: it has SYN, or TLS at the start of its payload.
    pub(crate) begins: bool,
}

/// Where packets go once they are addressed: to the shards, or to their lists.
pub(crate) trait Receiver {
    /// A segment came for this shard.
    fn segment(&mut self, shard: usize, arrival: &Arrival<'_>);

    /// The clock showed this time: quiet flows leave.
    fn sweep(&mut self, now_ns: u64);
}

/// Which shard knows which flow.
#[derive(Debug)]
struct Addresses {
    shards: usize,
    hasher: RandomState,
    privacy: Privacy,
    /// Segments from and to networks that are left out.
    excluded: u64,
}

impl Addresses {
    /// Hand a segment of this packet to the shard of its flow.
    #[allow(clippy::inline_always, reason = "asked of every packet")]
    #[inline(always)]
    fn deliver(
        &mut self,
        segment: &Segment<'_>,
        packet: &Packet<'_>,
        now_ns: u64,
        receiver: &mut impl Receiver,
    ) {
        if self
            .privacy
            .excludes([&segment.source, &segment.destination])
        {
            return;
        }
        let (key, direction) = flow_of(segment);
        let hash = self.hasher.hash_one(key);
        // Bits in the middle: the table takes the lowest and the highest.
        let shard = (usize::try_from(hash >> 32 & 0xffff).unwrap_or(0) * self.shards) >> 16;
        let arrival = Arrival {
            segment: *segment,
            moment: moment_of(packet),
            now_ns,
            hash,
            key,
            direction,
            begins: (segment.has(SYN) || opener::begins(segment.payload)) && !segment.has(RST),
        };
        receiver.segment(shard, &arrival);
    }
}

/// The first part of the road, for all packets of one observation in their order.
#[derive(Debug)]
pub struct Dispatcher {
    addresses: Addresses,
    limits: Limits,
    counters: Counters,
    fragments: Fragments,
    clock: Clock,
    swept_ns: u64,
}

impl Dispatcher {
    /// For so many shards, at least one.
    #[must_use]
    pub fn new(shards: usize, limits: Limits) -> Self {
        Self {
            addresses: Addresses {
                shards: shards.max(1),
                hasher: RandomState::default(),
                privacy: Privacy::default(),
                excluded: 0,
            },
            limits,
            counters: Counters::default(),
            fragments: Fragments::default(),
            clock: Clock::default(),
            swept_ns: 0,
        }
    }

    /// Pass over the packets of some networks.
    pub(crate) fn leave_out(&mut self, privacy: Privacy) {
        self.addresses.privacy = privacy;
    }

    /// No packet came for a while, and this is the time: quiet flows leave.
    pub(crate) fn idle(&mut self, time_ns: u64, receiver: &mut impl Receiver) {
        let now_ns = self.clock.tick(time_ns);
        if now_ns.saturating_sub(self.swept_ns) >= SWEEP_NS {
            self.swept_ns = now_ns;
            receiver.sweep(now_ns);
        }
    }

    /// Address what the next packet holds.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>, receiver: &mut impl Receiver) {
        self.counters.frames += 1;
        let now_ns = self.clock.tick(packet.time_ns);
        if now_ns.saturating_sub(self.swept_ns) >= SWEEP_NS {
            self.swept_ns = now_ns;
            receiver.sweep(now_ns);
        }
        match frame::common(packet.link_type, packet.data) {
            Some(segment) => self.addresses.deliver(&segment, packet, now_ns, receiver),
            None => self.uncommon(packet, now_ns, receiver),
        }
    }

    /// What is in a frame that is none of the common ones.
    #[inline(never)]
    fn uncommon(&mut self, packet: &Packet<'_>, now_ns: u64, receiver: &mut impl Receiver) {
        match frame::uncommon(packet.link_type, packet.data) {
            Ok(segment) => {
                self.counters.frames_cut_payload += u64::from(segment.missing > 0);
                self.addresses.deliver(&segment, packet, now_ns, receiver);
            }
            Err(Skip::Fragment | Skip::Aggregate) => self.take_apart(packet, now_ns, receiver),
            Err(skip) => skip.count(&mut self.counters),
        }
    }

    /// A frame that holds not one segment: a part of one, or several.
    #[cold]
    fn take_apart(&mut self, packet: &Packet<'_>, now_ns: u64, receiver: &mut impl Receiver) {
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
            |segment, _| {
                self.addresses.deliver(segment, packet, now_ns, receiver);
            },
        );
    }

    /// How many shards.
    pub(crate) fn shards(&self) -> usize {
        self.addresses.shards
    }

    /// What was counted here.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            segments_excluded: self.addresses.excluded,
            ..self.counters.clone()
        }
    }
}
