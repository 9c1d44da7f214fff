//! One capture, or several that are one observation, read to the end: packets through the engine, in portions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::capture::{Input, Joined, Opener, Options, Part};
use crate::connection::Moment;
use crate::engine::{Engine, Frame, Output};
use crate::frame::is_known_link;
use crate::limits::{Counters, Limits};

/// Sessions in a portion.
const PORTION_SESSIONS: usize = 1_024;
/// Bytes of new certificates in a portion.
const PORTION_CERTIFICATE_BYTES: usize = 4 << 20;
/// Packets after which a portion is given out even if nothing was found, so that progress shows and signals are heard.
const PORTION_PACKETS: u64 = 1 << 17;

/// Something wrong with the capture: what, where, and which words to tell it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From a closed list.
    pub code: &'static str,
    /// Without the capture's name.
    pub message: String,
    /// Bytes from the start of the uncompressed capture.
    pub offset: Option<u64>,
}

/// The code of a fault that only this room can tell.
pub const UNKNOWN_LINK_TYPE: &str = "unknown_link_type";

/// Packets that are looked at together, as far as they are in the block that was read.
const TOGETHER: usize = 1_024;

/// Earliest and latest packet time.
#[derive(Debug, Default)]
struct Span(Option<(u64, u64)>);

impl Span {
    fn include(&mut self, time_ns: u64) {
        // Zero is the time of packets that have none.
        if time_ns > 0 {
            let (first, last) = self.0.unwrap_or((time_ns, time_ns));
            self.0 = Some((first.min(time_ns), last.max(time_ns)));
        }
    }
}

/// What is counted of one capture.
#[derive(Debug, Default)]
struct Tally {
    span: Span,
    unknown_links: BTreeMap<u16, u64>,
    sessions: u64,
}

/// What reading one capture came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Packets read.
    pub packets: u64,
    /// Sessions whose first frame is in it.
    pub sessions: u64,
    /// Earliest and latest packet time; packets without a time do not count.
    pub span_ns: Option<(u64, u64)>,
    /// SHA-256 of the uncompressed bytes; after the end, if asked for.
    pub sha256: Option<[u8; 32]>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl Report {
    fn new(part: &Part, tally: &Tally) -> Self {
        Self {
            packets: part.packets,
            sessions: tally.sessions,
            span_ns: tally.span.0,
            sha256: part.sha256,
            faults: faults(part, tally),
        }
    }
}

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
            if let Some(tally) = self.tallies.get_mut(place(&starts, session.frame)) {
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

/// Which capture a frame is of, by the number of frames before each.
#[must_use]
pub fn place(starts: &[u64], frame: u64) -> usize {
    starts
        .partition_point(|&before| before < frame)
        .saturating_sub(1)
}

/// What is wrong with a capture so far.
fn faults(part: &Part, tally: &Tally) -> Vec<Fault> {
    let damage = part.damage.iter().map(|damage| Fault {
        code: damage.code.as_str(),
        message: match damage.times {
            0 | 1 => damage.message.clone(),
            times => format!("{} ({times} times)", damage.message),
        },
        offset: damage.offset,
    });
    let links = tally.unknown_links.iter().map(|(link, packets)| Fault {
        code: UNKNOWN_LINK_TYPE,
        message: format!(
            "link type {link} is not supported: {packets} packet{} skipped",
            if *packets == 1 { "" } else { "s" }
        ),
        offset: None,
    });
    damage.chain(links).collect()
}
