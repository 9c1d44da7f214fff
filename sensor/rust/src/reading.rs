//! One capture, or several that are one observation, read to the end: packets through the engine, in portions.

mod report;

use std::sync::Arc;

use crate::capture::{capture_of, Input, Joined, Opener, Options};
use crate::connection::Moment;
use crate::engine::{Engine, Frame, Output};
use crate::frame::is_known_link;
use crate::limits::{Counters, Limits};
use report::Tally;
pub use report::{Fault, Report, UNKNOWN_LINK_TYPE};

/// Sessions in a portion.
const PORTION_SESSIONS: usize = 1_024;
/// Bytes of new certificates in a portion.
const PORTION_CERTIFICATE_BYTES: usize = 4 << 20;
/// Packets after which a portion is given out even if nothing was found, so that progress shows and signals are heard.
const PORTION_PACKETS: u64 = 1 << 17;

/// Packets that are looked at together, as far as they are in the block that was read.
const TOGETHER: usize = 1_024;

/// Captures being read.
pub struct Reading {
    reader: Joined,
    engine: Engine,
    /// One for each capture that was begun.
    tallies: Vec<Tally>,
    /// Interfaces whose names the engine knows.
    named: u32,
    ended: bool,
}

impl Reading {
    /// Read from `input`; `sensor` goes into the ids of sessions.
    #[must_use]
    pub fn new(input: Input, sensor: &str, limits: Limits, sha256: bool) -> Self {
        Self::joined(vec![Box::new(|| Ok(input))], sensor, limits, sha256)
    }

    /// Read captures as one observation, in this order.
    #[must_use]
    pub fn joined(captures: Vec<Opener>, sensor: &str, limits: Limits, sha256: bool) -> Self {
        Self {
            reader: Joined::new(captures, Options { sha256 }),
            engine: Engine::new(sensor, limits),
            tallies: vec![Tally::default()],
            named: 0,
            ended: false,
        }
    }

    /// The next portion, which may be empty; `None` after the last one.
    pub fn portion(&mut self) -> Option<Output> {
        if self.ended {
            return None;
        }
        let enough = self.reader.packets() + PORTION_PACKETS;
        while self.reader.packets() < enough {
            if !self.packets_together() {
                self.ended = self.engine.finish(PORTION_SESSIONS);
                break;
            }
            let (sessions, bytes) = self.engine.waiting();
            if sessions >= PORTION_SESSIONS || bytes >= PORTION_CERTIFICATE_BYTES {
                break;
            }
        }
        let output = self.engine.take();
        self.count(&output);
        Some(output)
    }

    /// A session belongs to the capture of its first frame.
    fn count(&mut self, output: &Output) {
        let starts = self.reader.starts();
        for session in &output.sessions {
            if let Some(tally) = self.tallies.get_mut(capture_of(&starts, session.frame)) {
                tally.sessions += 1;
            }
        }
    }

    /// Some packets through the engine; `false` if there are none left.
    fn packets_together(&mut self) -> bool {
        let Self {
            reader,
            engine,
            tallies,
            named,
            ..
        } = self;
        if !reader.advance(TOGETHER) {
            return false;
        }
        tallies.resize_with(reader.place() + 1, Tally::default);
        let Some(Tally {
            span,
            unknown_links,
            ..
        }) = tallies.last_mut()
        else {
            return false;
        };
        for interface in *named..reader.interfaces() {
            if let Some(name) = reader.interface_name(interface) {
                engine.name_interface(interface, name);
            }
        }
        *named = reader.interfaces();
        engine.frames(reader.packets_here().map(|packet| {
            span.include(packet.time_ns);
            if !is_known_link(packet.link_type) {
                *unknown_links.entry(packet.link_type).or_default() += 1;
            }
            Frame {
                link_type: packet.link_type,
                data: packet.data,
                moment: Moment {
                    time_ns: packet.time_ns,
                    frame: packet.number,
                    interface: packet.interface,
                },
            }
        }));
        true
    }

    /// Packets read.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.reader.packets()
    }

    /// Bytes taken from the input, as stored.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.reader.stored_bytes_read()
    }

    /// How many packets came before each capture that was begun, in their order; the first number is 0.
    #[must_use]
    pub fn starts(&self) -> Arc<Vec<u64>> {
        self.reader.starts()
    }

    /// Earliest and latest packet time; packets without a time do not count.
    #[must_use]
    pub fn span_ns(&self) -> Option<(u64, u64)> {
        let spans = self.tallies.iter().filter_map(|tally| tally.span.0);
        spans.reduce(|(first, last), (other_first, other_last)| {
            (first.min(other_first), last.max(other_last))
        })
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.engine.counters()
    }

    /// Each capture that was begun, in their order; all of them at the end.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        let none = Tally::default();
        let parts = self.reader.parts();
        let tallies = self.tallies.iter().chain(std::iter::repeat(&none));
        let both = parts.iter().zip(tallies);
        both.map(|(part, tally)| Report::new(part, tally)).collect()
    }
}
