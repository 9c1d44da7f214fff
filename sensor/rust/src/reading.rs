//! One capture read to its end: the capture's packets through the engine, in portions.

use std::collections::BTreeMap;
use std::io::Read;

use crate::capture::{CaptureReader, Options};
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

/// A capture being read.
pub struct Reading {
    reader: CaptureReader,
    engine: Engine,
    span: Span,
    unknown_links: BTreeMap<u16, u64>,
    /// Interfaces whose names the engine knows.
    named: u32,
    ended: bool,
}

impl Reading {
    /// Read from `input`; `sensor` goes into the ids of sessions.
    #[must_use]
    pub fn new(input: Box<dyn Read + Send>, sensor: &str, limits: Limits, sha256: bool) -> Self {
        Self {
            reader: CaptureReader::new(input, Options { sha256 }),
            engine: Engine::new(sensor, limits),
            span: Span::default(),
            unknown_links: BTreeMap::new(),
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
        Some(self.engine.take())
    }

    /// Some packets through the engine; `false` if there are none left.
    fn packets_together(&mut self) -> bool {
        let Self {
            reader,
            engine,
            span,
            unknown_links,
            named,
            ..
        } = self;
        if !reader.advance(TOGETHER) {
            return false;
        }
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

    /// Earliest and latest packet time; packets without a time do not count.
    #[must_use]
    pub fn span_ns(&self) -> Option<(u64, u64)> {
        self.span.0
    }

    /// SHA-256 of the uncompressed bytes; after the end, if asked for.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.reader.sha256()
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.engine.counters()
    }

    /// What is wrong with the capture so far.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let damage = self.reader.damage().iter().map(|damage| Fault {
            code: damage.code.as_str(),
            message: match damage.times {
                0 | 1 => damage.message.clone(),
                times => format!("{} ({times} times)", damage.message),
            },
            offset: damage.offset,
        });
        let links = self.unknown_links.iter().map(|(link, packets)| Fault {
            code: UNKNOWN_LINK_TYPE,
            message: format!(
                "link type {link} is not supported: {packets} packet{} skipped",
                if *packets == 1 { "" } else { "s" }
            ),
            offset: None,
        });
        damage.chain(links).collect()
    }
}
