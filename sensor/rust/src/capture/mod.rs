//! Captures in, packets out: pcap and pcapng, plain or compressed with gzip, zstd or LZ4, from anything that reads.
//!
//! Neither broken content nor an error of the input is an error here: all that can be had is delivered, and
//! [`CaptureReader::damage`] says what is wrong. The formats and the packing are told by content.

mod ahead;
mod block;
mod compression;
mod error;
mod interface;
mod joined;
#[cfg(target_os = "linux")]
mod live;
mod mapped;
mod number;
mod packet_block;
mod pcap;
mod pcapng;
mod unknown;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::ops::Range;

pub use ahead::Ahead;
use block::{BlockReader, Bytes};
use compression::{Fault, Source, Stored};
use error::Damages;
pub use error::{Damage, DamageCode};
pub use joined::{capture_of, first_time_ns, Joined, Opener, Part};
#[cfg(target_os = "linux")]
pub use live::{now_ns, Live, Settings, Stop, Watched};
use mapped::Mapped;
use pcap::Pcap;
use pcapng::Pcapng;

/// The most bytes of one packet, as captured. The largest known are those of loopback interfaces and of
/// segmentation offload: 256 KiB, and 512 KiB with the larger segments of recent kernels.
pub const MAX_PACKET_BYTES: u32 = 1024 * 1024;

/// What a capture is read from.
pub enum Input {
    /// A file. Several threads can fetch its blocks, if it is a regular one and not compressed.
    File(File),
    /// A file that is mapped into memory, if it is a regular one and not compressed; others are read. Nobody may shorten it
    /// meanwhile: the process would be killed.
    Mapped(File),
    /// Anything else that gives bytes.
    Stream(Box<dyn Read + Send>),
}

/// One packet as it stands in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its place among the packets of the capture, from 1.
    pub number: u64,
    /// When it was captured, in nanoseconds since 1970. A pcapng simple packet has no time of its own and takes
    /// that of the packet before it, or 0.
    pub time_ns: u64,
    /// What the data starts with: a `LINKTYPE_` value as registered by the tcpdump group.
    pub link_type: u16,
    /// The interface, for [`CaptureReader::interface_name`]. Always 0 in pcap.
    pub interface: u32,
    /// What was captured.
    pub data: &'a [u8],
    /// How long the packet was on the wire, in bytes, as the capture states it.
    pub original_length: u32,
}

/// What a reader is to do beside delivering packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Make the SHA-256 of the uncompressed capture.
    pub sha256: bool,
}

/// Packets that were read together, with the bytes they stand in. It may be filled again and again.
#[derive(Default)]
pub struct Packets {
    bytes: Bytes,
    records: Vec<Record>,
    /// How many packets of the capture come before these.
    before: u64,
}

impl Packets {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// One of them.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<Packet<'_>> {
        let record = self.records.get(at)?;
        let number = self.before + 1 + number::to_u64(at);
        Some(record.packet(number, &self.bytes))
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Packet<'_>> {
        let numbered = (self.before + 1..).zip(&self.records);
        numbered.map(|(number, record)| record.packet(number, &self.bytes))
    }
}

/// A packet before it is lent out: its data is a range of the block.
struct Record {
    time_ns: u64,
    link_type: u16,
    interface: u32,
    original_length: u32,
    start: u32,
    length: u32,
}

impl Record {
    /// A packet whose data stands at this place in the block.
    #[inline]
    fn new(
        time_ns: u64,
        link_type: u16,
        interface: u32,
        original_length: u32,
        data: &Range<usize>,
    ) -> Self {
        // Blocks have some megabytes at most.
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            time_ns,
            link_type,
            interface,
            original_length,
            start: number(data.start),
            length: number(data.len()),
        }
    }

    #[inline]
    fn packet<'a>(&self, number: u64, block: &'a [u8]) -> Packet<'a> {
        Packet {
            number,
            time_ns: self.time_ns,
            link_type: self.link_type,
            interface: self.interface,
            data: block
                .get(number::to_usize(self.start)..)
                .and_then(|rest| rest.get(..number::to_usize(self.length)))
                .unwrap_or_default(),
            original_length: self.original_length,
        }
    }

    /// Where its data stands in the block.
    #[cfg(target_os = "linux")]
    fn place(&self) -> Range<usize> {
        let start = number::to_usize(self.start);
        start..start + number::to_usize(self.length)
    }
}

/// What came of looking for one more record in the window.
enum Step {
    Record(Record),
    /// Something that is no packet.
    Nothing,
    /// More must be read first.
    NotHere,
    /// There is none.
    Over,
}

/// What the capture turned out to be.
enum Format {
    Unread,
    Pcap(Pcap),
    Pcapng(Pcapng),
    NoCapture,
}

/// A reader of one capture.
pub struct CaptureReader {
    block: BlockReader,
    format: Format,
    damages: Damages,
    packets: u64,
    /// The packet that `advance` went on to.
    next: Option<Record>,
    /// Nothing more was found behind the last record.
    over: bool,
    ended: bool,
    sha256: Option<[u8; 32]>,
}

impl CaptureReader {
    /// A reader of `input`, of which nothing is read yet.
    #[must_use]
    pub fn new(input: Input, options: Options) -> Self {
        let source = match input {
            Input::Stream(stream) => Source::Unread(Stored::new(stream)),
            Input::File(file) => Source::of(file),
            Input::Mapped(file) => Mapped::of(file).map_or_else(Source::of, Source::Mapped),
        };
        Self {
            block: BlockReader::new(source, options.sha256),
            format: Format::Unread,
            damages: Damages::default(),
            packets: 0,
            next: None,
            over: false,
            ended: false,
            sha256: None,
        }
    }

    /// The file, if its blocks can be fetched before they are wanted.
    #[must_use]
    pub fn ahead(&self) -> Option<Ahead> {
        match self.block.source() {
            Source::Ahead(ahead) => Some(ahead.clone()),
            _ => None,
        }
    }

    /// The next packets, as many as one read of the input brings; at least one. `false` at the end, and for good:
    /// [`Self::damage`] is complete then, and so is [`Self::sha256`].
    ///
    /// `into` is filled anew; what it held before is overwritten.
    pub fn read(&mut self, into: &mut Packets) -> bool {
        let more = self.advance();
        self.keep(into, |_| (), |_| ());
        more
    }

    /// Goes on to the next packets, as many as one read of the input brings; at least one. The interfaces of all of them
    /// are described by now. `false` at the end, as of [`Self::read`].
    pub fn advance(&mut self) -> bool {
        if self.next.is_none() && !self.over {
            self.next = self.next_record();
        }
        if self.next.is_none() {
            self.finish();
        }
        self.next.is_some()
    }

    /// Shows the packets that [`Self::advance`] went on to, while they are at hand.
    #[inline]
    pub fn show(&mut self, mut each: impl FnMut(Packet<'_>)) {
        self.walk(|record, number, bytes| each(record.packet(number, bytes)));
    }

    /// Shows the packets and keeps them, each as `change` leaves it.
    fn keep(
        &mut self,
        into: &mut Packets,
        mut change: impl FnMut(&mut Record),
        mut each: impl FnMut(Packet<'_>),
    ) {
        into.records.clear();
        into.before = self.packets;
        self.walk(|mut record, number, bytes| {
            change(&mut record);
            each(record.packet(number, bytes));
            into.records.push(record);
        });
        if !into.is_empty() {
            self.block.hand_out(&mut into.bytes);
        }
    }

    #[inline]
    fn walk(&mut self, mut each: impl FnMut(Record, u64, &[u8])) {
        let mut step = self.next.take().map_or(Step::NotHere, Step::Record);
        loop {
            match step {
                Step::Record(record) => {
                    self.packets += 1;
                    each(record, self.packets, self.block.taken());
                }
                Step::Nothing => {}
                Step::NotHere => break,
                Step::Over => {
                    self.over = true;
                    break;
                }
            }
            step = self.step_here();
        }
    }

    fn next_record(&mut self) -> Option<Record> {
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.block, &mut self.damages),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.block, &mut self.damages),
            Format::Unread => self.open_and_next(),
            Format::NoCapture => None,
        }
    }

    /// The next record, if nothing must be read for it: the window stands still.
    #[inline]
    fn step_here(&mut self) -> Step {
        let (block, damages) = (&mut self.block, &mut self.damages);
        match &mut self.format {
            Format::Pcap(pcap) => {
                if let Some(record) = pcap.plain(block) {
                    Step::Record(record)
                } else if pcap.is_next_here(block) {
                    pcap.next(block, damages).map_or(Step::Over, Step::Record)
                } else {
                    Step::NotHere
                }
            }
            Format::Pcapng(pcapng) if pcapng.is_next_here(block) => pcapng.step(block, damages),
            _ => Step::NotHere,
        }
    }

    /// What is wrong with the capture, as far as it was read: at most one entry for each code.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        self.damages.as_slice()
    }

    /// How many packets were delivered.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How many bytes were read from the input so far, compressed as they stand there.
    #[must_use]
    pub fn stored_bytes_read(&self) -> u64 {
        self.block.source().stored_bytes_read()
    }

    /// The SHA-256 of the uncompressed capture, to the end of the input even if packets end before; of what could
    /// be read, if there is damage. `None` before the end, or if it was not asked for.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.sha256
    }

    /// How many interfaces were described so far.
    #[must_use]
    pub fn interfaces(&self) -> u32 {
        match &self.format {
            Format::Pcapng(pcapng) => pcapng.interfaces().count(),
            _ => 0,
        }
    }

    /// The name of an interface. `None` if the capture does not tell it, as pcap never does.
    #[must_use]
    pub fn interface_name(&self, interface: u32) -> Option<&str> {
        match &self.format {
            Format::Pcapng(pcapng) => pcapng.interfaces().in_capture(interface)?.name.as_deref(),
            _ => None,
        }
    }

    /// The first packet, after the format was told.
    #[cold]
    fn open_and_next(&mut self) -> Option<Record> {
        self.format = self.open();
        match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.block, &mut self.damages),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.block, &mut self.damages),
            Format::Unread | Format::NoCapture => None,
        }
    }

    /// Looks at the first bytes and chooses.
    fn open(&mut self) -> Format {
        self.block.ensure(pcapng::BLOCK_START_BYTES);
        let start = self.block.window();
        if pcap::magic(start).is_some() {
            return Pcap::open(&mut self.block, &mut self.damages)
                .map_or(Format::NoCapture, Format::Pcap);
        }
        if let Some(order) = pcapng::section_order(start) {
            return Format::Pcapng(Pcapng::new(order));
        }
        let (code, message) = if start.is_empty() {
            (DamageCode::Empty, "there is nothing to read".to_owned())
        } else if start.len() < pcapng::BLOCK_START_BYTES && unknown::may_be_cut(start) {
            let have = start.len();
            (
                DamageCode::CutHeader,
                format!("the capture ends after {have} bytes of its header"),
            )
        } else {
            self.block.ensure(unknown::LOOK_BYTES);
            // No more than that, however much is at hand: the answer must not hang on how the input was read.
            let window = self.block.window();
            let kind = unknown::looks_like(window.get(..unknown::LOOK_BYTES).unwrap_or(window));
            (
                DamageCode::NotACapture,
                format!("neither pcap nor pcapng: it looks like {kind}"),
            )
        };
        // An input that could not be read is no empty or cut file: the fault alone is told.
        if !self.block.has_fault() || code == DamageCode::NotACapture {
            self.damages.note(code, Some(0), || message);
        }
        Format::NoCapture
    }

    /// Ends the reading: the hash is completed, and what ended the input too early is noted.
    #[cold]
    fn finish(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.over = true;
        self.sha256 = self.block.finish_hash();
        let Some(fault) = self.block.take_fault() else {
            return;
        };
        let compressed = self.block.source().compressed_offset();
        let place = compressed.map_or_else(String::new, |at| {
            format!(" at byte {at} of the compressed data")
        });
        let (code, message) = match fault {
            Fault::Read(error) => (DamageCode::ReadError, format!("{error}{place}")),
            Fault::Cut(name) => (
                DamageCode::CutCompression,
                format!("the {name} data ends too early,{place}"),
            ),
            Fault::Bad(what) => (DamageCode::BadCompression, format!("{what},{place}")),
        };
        self.damages
            .note(code, Some(self.block.end_offset()), || message);
    }
}
