//! Packets out of a capture, block by block, with what is to be told of the capture itself.

use std::collections::BTreeMap;

use crate::capture::CaptureReader;
use crate::dispatch::{Block, Dispatcher};
use crate::frame::is_known_link;

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

/// How far a capture was read.
#[derive(Debug, Default, Clone, Copy)]
pub struct Progress {
    /// Packets read.
    pub packets: u64,
    /// Bytes taken from the input, as stored.
    pub bytes_read: u64,
    /// Earliest and latest packet time; packets without a time do not count.
    pub span_ns: Option<(u64, u64)>,
}

impl Progress {
    #[inline]
    fn include(&mut self, time_ns: u64) {
        // Zero is the time of packets that have none.
        if time_ns > 0 {
            let (first, last) = self.span_ns.unwrap_or((time_ns, time_ns));
            self.span_ns = Some((first.min(time_ns), last.max(time_ns)));
        }
    }
}

/// A capture being read.
pub(crate) struct Intake {
    reader: CaptureReader,
    progress: Progress,
    unknown_links: BTreeMap<u16, u64>,
    /// Interfaces whose names were told.
    named: u32,
}

impl Intake {
    pub(crate) fn new(reader: CaptureReader) -> Self {
        Self {
            reader,
            progress: Progress::default(),
            unknown_links: BTreeMap::new(),
            named: 0,
        }
    }

    /// The next packets, addressed; `false` if there are none left.
    pub(crate) fn read(&mut self, block: &mut Block, dispatcher: &mut Dispatcher) -> bool {
        let Block {
            packets,
            addressed,
            names,
        } = block;
        dispatcher.begin(addressed);
        let Self {
            reader,
            progress,
            unknown_links,
            ..
        } = self;
        let mut known_link = None;
        let more = reader.read(packets, |packet| {
            progress.include(packet.time_ns);
            if known_link != Some(packet.link_type) {
                if is_known_link(packet.link_type) {
                    known_link = Some(packet.link_type);
                } else {
                    *unknown_links.entry(packet.link_type).or_default() += 1;
                }
            }
            dispatcher.packet(&packet, addressed);
        });
        progress.bytes_read = reader.stored_bytes_read();
        progress.packets = reader.packets();
        names.clear();
        for interface in self.named..reader.interfaces() {
            if let Some(name) = reader.interface_name(interface) {
                names.push((interface, name.to_owned()));
            }
        }
        self.named = reader.interfaces();
        more
    }

    /// The capture, to ask it more.
    pub(crate) fn reader(&self) -> &CaptureReader {
        &self.reader
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    /// What is wrong with the capture so far.
    pub(crate) fn faults(&self) -> Vec<Fault> {
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
