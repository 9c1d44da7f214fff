//! Captures that are one observation, one after another: packets are numbered over all of them, and each capture is
//! still told of by itself. One capture alone is a set of one.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::interface::MAX_INTERFACES;
use super::number::to_usize;
use super::{
    Ahead, CaptureReader, Damage, DamageCode, Format, Input, Options, Packet, Packets, Record,
};

/// Opens a capture when its turn comes, so that one file is open at a time.
pub type Opener = Box<dyn FnOnce() -> io::Result<Input> + Send>;

/// What was read of one capture of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Packets, of this capture alone.
    pub packets: u64,
    /// What is wrong with it.
    pub damage: Vec<Damage>,
    /// Of its uncompressed bytes; `None` before its end, or if it was not asked for.
    pub sha256: Option<[u8; 32]>,
}

impl Part {
    /// Of a reader that began to count at `before`.
    fn of(reader: &CaptureReader, before: u64) -> Self {
        Self {
            packets: reader.packets() - before,
            damage: reader.damage().to_vec(),
            sha256: reader.sha256(),
        }
    }
}

/// The interfaces of all captures. Those of one name are one: rotated captures describe the same ones again and again.
/// Number 0 is what has no name.
#[derive(Debug, Default)]
struct Interfaces {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// The numbers of those that the present capture has described so far; it may describe none, as pcap does.
    here: Vec<u32>,
}

impl Interfaces {
    /// Goes on to another capture.
    fn leave(&mut self) {
        self.here.clear();
    }

    /// Takes in what the present capture has described meanwhile.
    fn learn(&mut self, reader: &CaptureReader) {
        for local in self.here.len()..to_usize(reader.interfaces()) {
            let name = u32::try_from(local)
                .ok()
                .and_then(|local| reader.interface_name(local));
            let number = name.map_or(0, |name| self.number(name));
            self.here.push(number);
        }
    }

    /// The number that holds for all captures, of an interface of the present one. Those of pcap have number 0 already, and
    /// no name.
    #[inline]
    fn renumber(&self, interface: u32) -> u32 {
        let number = self.here.get(to_usize(interface));
        number.copied().unwrap_or_default()
    }

    /// The number of a name; 0 for new ones when there are too many.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        match u32::try_from(self.names.len() + 1) {
            Ok(number) if self.names.len() + 1 < MAX_INTERFACES => {
                let name = Arc::<str>::from(name);
                self.names.push(Arc::clone(&name));
                self.numbers.insert(name, number);
                number
            }
            _ => 0,
        }
    }
}

/// A reader of captures one after another, with the interface of a reader of one.
pub struct Joined {
    /// Of the capture that is read; at the end, of the last one. It goes on counting where the one before it ended.
    reader: CaptureReader,
    waiting: std::vec::IntoIter<Opener>,
    options: Options,
    /// Captures that were read to their end, but for the last one.
    done: Vec<Part>,
    /// Packets before each capture that was begun. Shared with those who wrote down numbers of packets.
    starts: Arc<Vec<u64>>,
    packets_before: u64,
    stored_bytes_before: u64,
    interfaces: Interfaces,
}

impl Joined {
    /// A reader of captures in this order; the first one is opened, nothing is read yet.
    #[must_use]
    pub fn new(captures: Vec<Opener>, options: Options) -> Self {
        let mut waiting = captures.into_iter();
        let first = waiting.next();
        let nothing = || CaptureReader::new(Input::Stream(Box::new(io::empty())), options);
        Self {
            reader: first.map_or_else(nothing, |opener| open(opener, options, 0)),
            waiting,
            options,
            done: Vec::new(),
            starts: Arc::new(vec![0]),
            packets_before: 0,
            stored_bytes_before: 0,
            interfaces: Interfaces::default(),
        }
    }

    /// The next packets, all of one capture, as [`CaptureReader::read`] gives them; `false` after the last packet of the
    /// last capture.
    pub fn read(&mut self, into: &mut Packets) -> bool {
        let more = self.advance();
        self.keep(into, |_| ());
        more
    }

    /// Goes on to the next packets, all of one capture, as [`CaptureReader::advance`] does; `false` after the last packet of
    /// the last capture. Their interfaces have names by now.
    pub fn advance(&mut self) -> bool {
        while !self.reader.advance() {
            let Some(opener) = self.waiting.next() else {
                return false;
            };
            self.go_on(opener);
        }
        self.interfaces.learn(&self.reader);
        true
    }

    /// Shows the packets that [`Self::advance`] went on to, while they are at hand.
    #[inline]
    pub fn show(&mut self, mut each: impl FnMut(Packet<'_>)) {
        let Self {
            reader, interfaces, ..
        } = self;
        reader.show(|packet| {
            each(Packet {
                interface: interfaces.renumber(packet.interface),
                ..packet
            });
        });
    }

    /// Shows the packets and keeps them; what `into` held before is overwritten.
    pub fn keep(&mut self, into: &mut Packets, each: impl FnMut(Packet<'_>)) {
        let Self {
            reader, interfaces, ..
        } = self;
        let renumber =
            |record: &mut Record| record.interface = interfaces.renumber(record.interface);
        reader.keep(into, renumber, each);
    }

    /// The file that is read, if its blocks can be fetched before they are wanted.
    #[must_use]
    pub fn ahead(&self) -> Option<Ahead> {
        self.reader.ahead()
    }

    /// Leaves a capture for the next one.
    #[cold]
    fn go_on(&mut self, opener: Opener) {
        self.stored_bytes_before += self.reader.stored_bytes_read();
        self.done.push(self.present());
        self.packets_before = self.reader.packets();
        Arc::make_mut(&mut self.starts).push(self.packets_before);
        self.interfaces.leave();
        self.reader = open(opener, self.options, self.packets_before);
    }

    /// Which capture these packets are of, from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.done.len()
    }

    /// How many packets came before each capture that was begun, in their order; the first number is 0.
    #[must_use]
    pub fn starts(&self) -> Arc<Vec<u64>> {
        Arc::clone(&self.starts)
    }

    /// How many packets were delivered.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.reader.packets()
    }

    /// How many bytes were read so far, compressed as they are stored.
    #[must_use]
    pub fn stored_bytes_read(&self) -> u64 {
        self.stored_bytes_before + self.reader.stored_bytes_read()
    }

    /// How many numbers interfaces have so far.
    #[must_use]
    pub fn interfaces(&self) -> u32 {
        u32::try_from(self.interfaces.names.len() + 1).unwrap_or(u32::MAX)
    }

    /// The name of an interface; `None` if no capture tells it.
    #[must_use]
    pub fn interface_name(&self, interface: u32) -> Option<&str> {
        let at = to_usize(interface).checked_sub(1)?;
        self.interfaces.names.get(at).map(AsRef::as_ref)
    }

    /// Each capture that was begun, in their order; all of them at the end.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = self.done.clone();
        parts.push(self.present());
        parts
    }

    /// What was read of the capture that is read.
    fn present(&self) -> Part {
        Part::of(&self.reader, self.packets_before)
    }
}

/// Which capture a frame is of, from 0, by [`Joined::starts`].
#[must_use]
pub fn capture_of(starts: &[u64], frame: u64) -> usize {
    starts
        .partition_point(|&before| before < frame)
        .saturating_sub(1)
}

/// When the first packet was captured, in nanoseconds since 1970. `None`: there is no packet, or it has no time.
#[must_use]
pub fn first_time_ns(input: Input) -> Option<u64> {
    let mut reader = CaptureReader::new(input, Options::default());
    let mut first = None;
    reader.advance();
    reader.show(|packet| {
        first.get_or_insert(packet.time_ns);
    });
    let time_ns = first?;
    (time_ns > 0).then_some(time_ns)
}

/// A reader of the next capture, which goes on counting. Of one that cannot be opened there is no packet, and its damage
/// says why.
fn open(opener: Opener, options: Options, packets_before: u64) -> CaptureReader {
    let mut reader = opener().map_or_else(
        |error| {
            let mut reader = CaptureReader::new(Input::Stream(Box::new(io::empty())), options);
            reader.format = Format::NoCapture;
            let reason = error.to_string();
            // The number of the error is for programmers.
            let words = reason.split(" (os error").next().unwrap_or_default();
            reader
                .damages
                .note(DamageCode::CannotOpen, None, || words.to_owned());
            reader.ended = true;
            reader.over = true;
            reader
        },
        |input| CaptureReader::new(input, options),
    );
    reader.packets = packets_before;
    reader
}
