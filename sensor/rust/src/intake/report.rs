//! What is told of each capture beside its sessions.

use std::collections::BTreeMap;

use crate::capture::{Packet, Part};
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

/// Earliest and latest packet time.
#[derive(Debug, Default)]
pub(super) struct Span(pub(super) Option<(u64, u64)>);

impl Span {
    pub(super) fn include(&mut self, time_ns: u64) {
        // Zero is the time of packets that have none.
        if time_ns > 0 {
            let (first, last) = self.0.unwrap_or((time_ns, time_ns));
            self.0 = Some((first.min(time_ns), last.max(time_ns)));
        }
    }
}

impl Span {
    pub(super) fn add(&mut self, more: &Self) {
        if let Some((first, last)) = more.0 {
            self.include(first);
            self.include(last);
        }
    }
}

/// What is counted of one capture.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) span: Span,
    /// Packets by link type.
    unknown_links: BTreeMap<u16, u64>,
    /// The link type of the last packet, if it is a known one.
    known_link: Option<u16>,
}

impl Tally {
    #[inline]
    pub(super) fn see(&mut self, packet: &Packet<'_>) {
        self.span.include(packet.time_ns);
        if self.known_link != Some(packet.link_type) {
            self.other_link(packet.link_type);
        }
    }

    #[cold]
    fn other_link(&mut self, link_type: u16) {
        if is_known_link(link_type) {
            self.known_link = Some(link_type);
        } else {
            self.unknown_link(link_type);
        }
    }

    fn unknown_link(&mut self, link_type: u16) {
        *self.unknown_links.entry(link_type).or_default() += 1;
    }

    /// Count what was counted of more packets.
    pub(super) fn add(&mut self, more: Self) {
        self.span.add(&more.span);
        for (link_type, packets) in more.unknown_links {
            *self.unknown_links.entry(link_type).or_default() += packets;
        }
    }
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
    pub(super) fn new(part: &Part, tally: &Tally) -> Self {
        Self {
            packets: part.packets,
            sessions: 0,
            span_ns: tally.span.0,
            sha256: part.sha256,
            faults: faults(part, tally),
        }
    }
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
