//! Frames in, sessions and certificates out.

use crate::connection::Moment;
use crate::flows::Flows;
use crate::frame::{self, Fragments};
use crate::identities::Sha;
use crate::limits::{Counters, Limits};
use crate::session::Session;

/// Sessions that one sweep may report: the rest waits for the next packet.
const SWEPT_SESSIONS: usize = 1_024;

/// How often, in packet time, quiet flows are looked for.
const SWEEP_NS: u64 = 1_000_000_000;

/// What was finished since the last call of `Engine::take`.
#[derive(Debug, Default)]
pub struct Output {
    /// Sessions in the order in which they were finished.
    pub sessions: Vec<Session>,
    /// Certificates that they name for the first time.
    pub certificates: Vec<(Sha, Box<[u8]>)>,
}

/// The whole road from a frame to a session. It does no I/O and asks no clock.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    counters: Counters,
    fragments: Fragments,
    flows: Flows,
    /// Time of the packet before: the clock follows two packets that agree, for one alone may lie.
    last_ns: Option<u64>,
    swept_ns: u64,
}

impl Engine {
    /// An engine for one observation.
    #[must_use]
    pub fn new(sensor: &str, limits: Limits) -> Self {
        Self {
            limits,
            counters: Counters::default(),
            fragments: Fragments::default(),
            flows: Flows::new(sensor),
            last_ns: None,
            swept_ns: 0,
        }
    }

    /// Give an interface its name, before its first frame.
    pub fn name_interface(&mut self, interface: u32, name: &str) {
        self.flows.name_interface(interface, name);
    }

    /// Take in one frame.
    pub fn frame(&mut self, link_type: u16, data: &[u8], moment: Moment) {
        self.counters.frames += 1;
        // Packets may be out of order, or lie: time only goes forward.
        let before_ns = self
            .last_ns
            .replace(moment.time_ns)
            .unwrap_or(moment.time_ns);
        let (flows, limits) = (&mut self.flows, &self.limits);
        let now_ns = flows.advance_clock(moment.time_ns.min(before_ns));
        if now_ns - self.swept_ns >= SWEEP_NS
            && flows.sweep(SWEPT_SESSIONS, limits, &mut self.counters)
        {
            self.swept_ns = now_ns;
        }
        let mut tools = frame::Tools {
            fragments: &mut self.fragments,
            limits,
            counters: &mut self.counters,
        };
        frame::dissect(
            link_type,
            data,
            moment.time_ns,
            &mut tools,
            |segment, counters| flows.segment(segment, moment, limits, counters),
        );
    }

    /// The observation ends: what is unfinished is finished as it stands, until so many sessions wait; `true` when
    /// nothing is left.
    pub fn finish(&mut self, enough: usize) -> bool {
        self.flows.finish(enough, &self.limits, &mut self.counters)
    }

    /// How much waits to be taken: sessions, and bytes of certificates.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (
            self.flows.sessions.len(),
            self.flows.identities.fresh_bytes(),
        )
    }

    /// Hand out what was finished.
    pub fn take(&mut self) -> Output {
        Output {
            sessions: std::mem::take(&mut self.flows.sessions),
            certificates: self.flows.identities.take(),
        }
    }

    /// Bytes that all flows cost, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.flows.memory()
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
