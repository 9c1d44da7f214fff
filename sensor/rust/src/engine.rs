//! The flow table in shards, and the whole road from packets to sessions by one thread.

use std::sync::Arc;

use crate::capture::Packet;
use crate::connection::Moment;
use crate::deliveries::{Block, Delivery};
use crate::dispatch::{Arrival, Dispatcher, Receiver};
use crate::flows::Flows;
use crate::identities::{Certificate, Register};
use crate::intake::Name;
use crate::limits::{Counters, Limits};
use crate::portions::Portions;
use crate::privacy::Privacy;
use crate::session::Session;

/// What was finished since it was last asked for.
#[derive(Debug, Default)]
pub struct Output {
    /// Sessions, those that began first at the front.
    pub sessions: Vec<Session>,
    /// Certificates that they name for the first time.
    pub certificates: Vec<Arc<Certificate>>,
}

/// A part of the flow table, with all that its flows need.
#[derive(Debug)]
pub struct Shard {
    number: usize,
    flows: Flows,
    limits: Limits,
    counters: Counters,
}

impl Shard {
    /// The shards of one observation.
    #[must_use]
    pub fn all(sensor: &str, limits: &Limits) -> Vec<Self> {
        let shards = limits.shards();
        let register = Arc::new(Register::default());
        let new = |number| Self {
            number,
            flows: Flows::new(sensor, Arc::clone(&register)),
            limits: limits.of_shard(shards),
            counters: Counters::default(),
        };
        (0..shards).map(new).collect()
    }

    fn name_interfaces(&mut self, names: &[Name]) {
        for (interface, name) in names {
            self.flows.name_interface(*interface, name);
        }
    }

    /// Take in what the block brings to this shard.
    pub(crate) fn take_in(&mut self, block: &Block) {
        self.name_interfaces(&block.names);
        for delivery in block.deliveries(self.number) {
            match delivery {
                Delivery::Sweep { now_ns } => self.sweep(*now_ns),
                Delivery::Segment(notice) => {
                    self.segment(notice.hash, notice.begins, || block.arrival(notice));
                }
            }
        }
    }

    /// A segment of the flow with this hash came; the rest is asked for if anybody wants it.
    #[inline]
    fn segment<'a>(
        &mut self,
        hash: u64,
        begins: bool,
        arrival: impl FnOnce() -> Option<Arrival<'a>>,
    ) {
        let place = self.flows.find(hash);
        // Most segments are of flows that nobody awaits anything of.
        if begins || place.is_some() {
            if let Some(arrival) = arrival() {
                self.flows
                    .segment(&arrival, place, &self.limits, &mut self.counters);
            }
        }
    }

    fn sweep(&mut self, now_ns: u64) {
        self.flows.sweep(now_ns, &self.limits, &mut self.counters);
    }

    /// The observation ends: what is unfinished is finished as it stands, until so many sessions wait; `true` when
    /// nothing is left.
    pub fn finish(&mut self, enough: usize) -> bool {
        self.flows.finish(enough, &self.limits, &mut self.counters)
    }

    /// Hand out what was finished.
    pub fn take(&mut self) -> Output {
        Output {
            sessions: std::mem::take(&mut self.flows.sessions),
            certificates: self.flows.identities.take(),
        }
    }

    /// Bytes that all open flows cost, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.flows.memory()
    }

    /// What was counted here.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

/// The whole road from packets to sessions. It does no I/O and asks no clock but the packets'.
#[derive(Debug)]
pub struct Engine {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) shards: Vec<Shard>,
    /// What waits to be taken.
    pub(crate) portions: Portions,
    /// Taken in since it was last gathered.
    packets: usize,
}

impl Receiver for Vec<Shard> {
    #[inline]
    fn segment(&mut self, shard: usize, arrival: &Arrival<'_>) {
        if let Some(shard) = self.get_mut(shard) {
            shard.segment(arrival.hash, arrival.begins, || Some(*arrival));
        }
    }

    fn sweep(&mut self, now_ns: u64) {
        for shard in self {
            shard.sweep(now_ns);
        }
    }
}

impl Engine {
    /// An engine for one observation.
    #[must_use]
    pub fn new(sensor: &str, limits: Limits) -> Self {
        let shards = Shard::all(sensor, &limits);
        Self {
            portions: Portions::default(),
            packets: 0,
            dispatcher: Dispatcher::new(shards.len(), limits),
            shards,
        }
    }

    /// The certificates that all shards hold together.
    pub(crate) fn register(&self) -> Arc<Register> {
        let first = self.shards.first();
        first.map_or_else(Arc::default, |shard| shard.flows.identities.register())
    }

    /// Pass over the packets of some networks.
    pub(crate) fn leave_out(&mut self, privacy: Privacy) {
        self.dispatcher.leave_out(privacy);
    }

    pub(crate) fn name_interfaces(&mut self, names: &[Name]) {
        for shard in &mut self.shards {
            shard.name_interfaces(names);
        }
    }

    /// Take in one packet.
    #[inline]
    pub(crate) fn packet(&mut self, packet: &Packet<'_>) {
        self.dispatcher.packet(packet, &mut self.shards);
        self.packets += 1;
    }

    /// Take in one packet.
    pub fn frame(&mut self, link_type: u16, data: &[u8], moment: Moment) {
        let packet = Packet {
            number: moment.frame,
            time_ns: moment.time_ns,
            link_type,
            interface: moment.interface,
            data,
            original_length: u32::try_from(data.len()).unwrap_or(u32::MAX),
        };
        self.packet(&packet);
        self.gather();
    }

    /// Gather what the shards finished.
    pub(crate) fn gather(&mut self) {
        for shard in &mut self.shards {
            self.portions.add(shard.take());
        }
        self.portions.add_packets(std::mem::take(&mut self.packets));
    }

    /// The observation ends: what is unfinished is finished as it stands, some sessions at a time; `true` when nothing is
    /// left.
    pub fn finish(&mut self, enough: usize) -> bool {
        let mut ended = true;
        for shard in &mut self.shards {
            ended &= shard.finish(enough);
            self.portions.add(shard.take());
        }
        ended
    }

    /// Hand out what was finished.
    pub fn take(&mut self) -> Output {
        self.portions.take()
    }

    /// Bytes that all open flows cost, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.shards.iter().map(Shard::memory).sum()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.dispatcher.counters();
        for shard in &self.shards {
            counters.add(shard.counters());
        }
        counters.certificates = self.portions.certificates();
        counters
    }
}
