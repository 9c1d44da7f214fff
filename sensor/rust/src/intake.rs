//! Packets out of captures, block by block, with what is to be told of each capture itself.

mod report;

use std::sync::Arc;

use crate::capture::{Ahead, Joined, Packet, Packets};
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

/// The number of an interface, and its name.
pub(crate) type Name = (u32, String);

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

    /// Go on to the next packets, with the names of interfaces that are new among them; `false` if there are none left.
    pub(crate) fn advance(&mut self, names: &mut Vec<Name>) -> bool {
        names.clear();
        let more = self.reader.advance();
        for interface in self.named..self.reader.interfaces() {
            if let Some(name) = self.reader.interface_name(interface) {
                names.push((interface, name.to_owned()));
            }
        }
        self.named = self.reader.interfaces();
        more
    }

    /// Show these packets, while they are at hand.
    #[inline]
    pub(crate) fn show(&mut self, mut each: impl FnMut(&Packet<'_>)) {
        let mut tally = Tally::default();
        self.reader.show(|packet| {
            tally.see(&packet);
            each(&packet);
        });
        self.note(tally);
    }

    /// Show these packets, and keep them.
    pub(crate) fn keep(&mut self, into: &mut Packets, mut each: impl FnMut(&Packet<'_>)) {
        let mut tally = Tally::default();
        self.reader.keep(into, |packet| {
            tally.see(&packet);
            each(&packet);
        });
        self.note(tally);
    }

    fn note(&mut self, tally: Tally) {
        self.span.add(&tally.span);
        // Captures before this one may have had no packet.
        let place = self.reader.place();
        self.tallies.resize_with(place + 1, Tally::default);
        if let Some(here) = self.tallies.last_mut() {
            here.add(tally);
        }
    }

    /// Packets shown so far.
    pub(crate) fn packets(&self) -> u64 {
        self.reader.packets()
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
