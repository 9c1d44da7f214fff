//! Packets out of captures, block by block, with what is to be told of each capture itself.

mod report;

use std::sync::Arc;

use crate::capture::{Ahead, Joined};
use crate::dispatch::{Block, Dispatcher};
use crate::frame::is_known_link;
pub use report::{Fault, Report, UNKNOWN_LINK_TYPE};
use report::{Span, Tally};

/// How far reading is.
#[derive(Debug, Default, Clone)]
pub struct Progress {
    /// Packets read.
    pub packets: u64,
    /// Bytes taken from the input, as stored.
    pub bytes_read: u64,
    /// Earliest and latest packet time; packets without a time do not count.
    pub span_ns: Option<(u64, u64)>,
    /// How many packets came before each capture that was begun, in their order; the first number is 0.
    pub starts: Arc<Vec<u64>>,
}

/// Captures being read.
pub(crate) struct Intake {
    reader: Joined,
    /// One for each capture that was begun.
    tallies: Vec<Tally>,
    /// Of all captures.
    span: Span,
    /// Interfaces whose names were told.
    named: u32,
}

impl Intake {
    pub(crate) fn new(reader: Joined) -> Self {
        Self {
            reader,
            tallies: vec![Tally::default()],
            span: Span::default(),
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
            reader, tallies, ..
        } = self;
        let mut known_link = None;
        let mut tally = Tally::default();
        let more = reader.read(packets, |packet| {
            tally.span.include(packet.time_ns);
            if known_link != Some(packet.link_type) {
                if is_known_link(packet.link_type) {
                    known_link = Some(packet.link_type);
                } else {
                    tally.unknown_link(packet.link_type);
                }
            }
            dispatcher.packet(&packet, addressed);
        });
        // Captures before this one may have had no packet.
        tallies.resize_with(reader.place() + 1, Tally::default);
        self.span.add(&tally.span);
        if let Some(here) = tallies.last_mut() {
            here.add(tally);
        }
        names.clear();
        for interface in self.named..reader.interfaces() {
            if let Some(name) = reader.interface_name(interface) {
                names.push((interface, name.to_owned()));
            }
        }
        self.named = reader.interfaces();
        more
    }

    /// The file that is read, if its blocks can be fetched before they are wanted.
    pub(crate) fn ahead(&self) -> Option<Ahead> {
        self.reader.ahead()
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            packets: self.reader.packets(),
            bytes_read: self.reader.stored_bytes_read(),
            span_ns: self.span.0,
            starts: self.reader.starts(),
        }
    }

    /// Each capture that was begun, in their order; all of them at the end. Sessions are not counted here.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let none = Tally::default();
        let parts = self.reader.parts();
        let tallies = self.tallies.iter().chain(std::iter::repeat(&none));
        let both = parts.iter().zip(tallies);
        both.map(|(part, tally)| Report::new(part, tally)).collect()
    }
}
