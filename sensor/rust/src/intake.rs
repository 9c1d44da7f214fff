//! Packets out of captures, block by block, with what is to be told of each capture itself.

mod report;

use std::sync::Arc;

#[cfg(target_os = "linux")]
use crate::capture::{now_ns, Live, Watched};
use crate::capture::{Ahead, Joined, Packet, Packets, Part};
pub use report::{Fault, Report, UNKNOWN_LINK_TYPE};
use report::{Span, Tally};

/// How far reading is.
#[derive(Debug, Default, Clone)]
pub struct Progress {
    /// Packets read.
    pub packets: u64,
    /// Bytes taken from the input, as stored; of interfaces, bytes on the wire.
    pub bytes_read: u64,
    /// Earliest and latest packet time; packets without a time do not count.
    pub span_ns: Option<(u64, u64)>,
    /// How many packets came before each capture that was begun, in their order; the first number is 0.
    pub starts: Arc<Vec<u64>>,
}

/// The number of an interface, and its name.
pub(crate) type Name = (u32, String);

/// Where packets come from.
pub(crate) enum Reader {
    Captures(Box<Joined>),
    #[cfg(target_os = "linux")]
    Live(Box<Live>),
}

/// Does the same with either reader: they have one manner.
macro_rules! either {
    ($reader:expr, $it:ident => $done:expr) => {
        match $reader {
            Reader::Captures($it) => $done,
            #[cfg(target_os = "linux")]
            Reader::Live($it) => $done,
        }
    };
}

impl Reader {
    fn interface_name(&self, interface: u32) -> Option<&str> {
        either!(self, it => it.interface_name(interface))
    }

    fn interfaces(&self) -> u32 {
        either!(self, it => it.interfaces())
    }

    fn parts(&self) -> Vec<Part> {
        either!(self, it => it.parts())
    }

    /// Which capture these packets are of, from 0.
    fn place(&self) -> usize {
        match self {
            Self::Captures(captures) => captures.place(),
            #[cfg(target_os = "linux")]
            Self::Live(_) => 0,
        }
    }
}

/// Packets being read.
pub(crate) struct Intake {
    reader: Reader,
    /// One for each capture that was begun.
    tallies: Vec<Tally>,
    /// Of all captures.
    span: Span,
    /// Interfaces whose names were told.
    named: u32,
}

impl Intake {
    pub(crate) fn new(reader: Reader) -> Self {
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
        let more = either!(&mut self.reader, it => it.advance());
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
        either!(&mut self.reader, it => it.show(|packet| {
            tally.see(&packet);
            each(&packet);
        }));
        self.note(tally);
    }

    /// Show these packets, and keep them.
    pub(crate) fn keep(&mut self, into: &mut Packets, mut each: impl FnMut(&Packet<'_>)) {
        let mut tally = Tally::default();
        either!(&mut self.reader, it => it.keep(into, |packet| {
            tally.see(&packet);
            each(&packet);
        }));
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
        either!(&self.reader, it => it.packets())
    }

    /// The time, if a portion is to be handed out now, whatever is in it: somebody waits for news, and flows grow old
    /// though no packet comes. Never of captures.
    pub(crate) fn due_ns(&self) -> Option<u64> {
        match &self.reader {
            Reader::Captures(_) => None,
            #[cfg(target_os = "linux")]
            Reader::Live(live) => live.is_due().then(now_ns),
        }
    }

    /// Packets come when they come.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self.reader, Reader::Captures(_))
    }

    /// The interfaces that are watched; none of captures.
    #[cfg(target_os = "linux")]
    pub(crate) fn watched(&mut self) -> Vec<Watched> {
        match &mut self.reader {
            Reader::Captures(_) => Vec::new(),
            Reader::Live(live) => live.watched(),
        }
    }

    /// The file that is read, if its blocks can be fetched before they are wanted.
    pub(crate) fn ahead(&self) -> Option<Ahead> {
        match &self.reader {
            Reader::Captures(captures) => captures.ahead(),
            #[cfg(target_os = "linux")]
            Reader::Live(_) => None,
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            packets: self.packets(),
            bytes_read: match &self.reader {
                Reader::Captures(captures) => captures.stored_bytes_read(),
                #[cfg(target_os = "linux")]
                Reader::Live(live) => live.wire_bytes(),
            },
            span_ns: self.span.0,
            starts: either!(&self.reader, it => it.starts()),
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
