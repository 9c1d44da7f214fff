//! Frames in, sessions and certificates out.

use crate::connection::Moment;
use crate::flows::{Arrival, Flows, TOGETHER};
use crate::frame::{self, Fragments, Skip};
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

/// A frame as it was captured.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// LINKTYPE_
    pub link_type: u16,
    /// Its bytes.
    pub data: &'a [u8],
    /// When and where.
    pub moment: Moment,
}

/// The clock of the packets. They may be out of order, or lie: it follows two packets that agree, and never goes back.
#[derive(Debug, Default)]
struct Clock {
    last_ns: Option<u64>,
    now_ns: u64,
}

impl Clock {
    fn tick(&mut self, time_ns: u64) -> u64 {
        let before_ns = self.last_ns.replace(time_ns).unwrap_or(time_ns);
        self.now_ns = self.now_ns.max(time_ns.min(before_ns));
        self.now_ns
    }
}

/// The whole road from a frame to a session. It does no I/O and asks no clock but the packets'.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    counters: Counters,
    fragments: Fragments,
    flows: Flows,
    clock: Clock,
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
            clock: Clock::default(),
            swept_ns: 0,
        }
    }

    /// Give an interface its name, before its first frame.
    pub fn name_interface(&mut self, interface: u32, name: &str) {
        self.flows.name_interface(interface, name);
    }

    /// Take in one frame.
    pub fn frame(&mut self, link_type: u16, data: &[u8], moment: Moment) {
        self.frames(std::iter::once(Frame {
            link_type,
            data,
            moment,
        }));
    }

    /// Take in frames in their order.
    pub fn frames<'a>(&mut self, frames: impl Iterator<Item = Frame<'a>>) {
        let mut arrivals: Vec<Arrival<'_>> = Vec::with_capacity(TOGETHER);
        for frame in frames {
            self.counters.frames += 1;
            let now_ns = self.clock.tick(frame.moment.time_ns);
            match frame::segment(frame.link_type, frame.data) {
                Ok(segment) => {
                    self.counters.frames_cut_payload += u64::from(segment.missing > 0);
                    arrivals.push(self.flows.arrival(segment, frame.moment, now_ns));
                    if arrivals.len() == TOGETHER {
                        self.take_in(&mut arrivals);
                    }
                }
                Err(Skip::Fragment | Skip::Aggregate) => {
                    self.take_in(&mut arrivals);
                    self.dissect(frame, now_ns);
                }
                Err(skip) => skip.count(&mut self.counters),
            }
        }
        self.take_in(&mut arrivals);
        // Frames that hold no segment show the time, too.
        self.sweep(self.clock.now_ns);
    }

    fn take_in(&mut self, arrivals: &mut Vec<Arrival<'_>>) {
        self.flows.warm(arrivals);
        for arrival in arrivals.drain(..) {
            self.sweep(arrival.now_ns());
            self.flows
                .segment(&arrival, &self.limits, &mut self.counters);
        }
    }

    /// A frame that holds not one segment: a part of one, or several.
    #[cold]
    fn dissect(&mut self, frame: Frame<'_>, now_ns: u64) {
        self.sweep(now_ns);
        let (flows, limits) = (&mut self.flows, &self.limits);
        let mut tools = frame::Tools {
            fragments: &mut self.fragments,
            limits,
            counters: &mut self.counters,
        };
        frame::dissect(
            frame.link_type,
            frame.data,
            frame.moment.time_ns,
            &mut tools,
            |segment, counters| {
                let arrival = flows.arrival(*segment, frame.moment, now_ns);
                flows.segment(&arrival, limits, counters);
            },
        );
    }

    /// Move the clock, and look for quiet flows if it is time to.
    #[inline]
    fn sweep(&mut self, now_ns: u64) {
        self.flows.advance_clock(now_ns);
        if now_ns.saturating_sub(self.swept_ns) >= SWEEP_NS
            && self
                .flows
                .sweep(SWEPT_SESSIONS, &self.limits, &mut self.counters)
        {
            self.swept_ns = now_ns;
        }
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

    /// Bytes that all open flows cost, near enough.
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
