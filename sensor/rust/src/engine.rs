//! The flow table in shards, and the whole road from packets to sessions by one thread.

use std::sync::Arc;

use crate::capture::{Packet, Packets};
use crate::connection::Moment;
use crate::dispatch::{Block, Dispatcher};
use crate::flows::Flows;
use crate::identities::{Certificate, Register};
use crate::limits::{Counters, Limits};
use crate::portions::Portions;
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

    /// Take in what the block brings to this shard.
    pub fn take_in(&mut self, block: &Block) {
        for (interface, name) in &block.names {
            self.flows.name_interface(*interface, name);
        }
        self.flows
            .take_in(block, self.number, &self.limits, &mut self.counters);
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
}

impl Engine {
    /// An engine for one observation.
    #[must_use]
    pub fn new(sensor: &str, limits: Limits) -> Self {
        let shards = Shard::all(sensor, &limits);
        Self {
            portions: Portions::default(),
            dispatcher: Dispatcher::new(shards.len(), limits),
            shards,
        }
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
        let mut block = Block::default();
        self.dispatcher.begin(&mut block.addressed);
        self.dispatcher.packet(&packet, &mut block.addressed);
        block.packets = Packets::of_one(packet);
        self.block(&block);
    }

    /// Take in the packets of a block that the dispatcher addressed.
    pub(crate) fn block(&mut self, block: &Block) {
        for shard in &mut self.shards {
            shard.take_in(block);
            self.portions.add(shard.take());
        }
        self.portions.add_packets(block.packets.len());
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
        let mut counters = self.dispatcher.counters().clone();
        for shard in &self.shards {
            counters.add(shard.counters());
        }
        counters.certificates = self.portions.certificates();
        counters
    }
}
