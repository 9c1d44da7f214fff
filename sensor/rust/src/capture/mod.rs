//! Captures in, packets out: pcap and pcapng, plain or compressed with gzip, zstd or LZ4, from anything that reads.
//!
//! Neither broken content nor an error of the input is an error here: all that can be had is delivered, and
//! [`CaptureReader::damage`] says what is wrong. The formats and the packing are told by content.

mod block;
mod compression;
mod error;
mod interface;
mod joined;
mod number;
mod packet_block;
mod pcap;
mod pcapng;
mod unknown;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::ops::Range;

use block::BlockReader;
use compression::{Fault, Source, Stored};
use error::Damages;
pub use error::{Damage, DamageCode};
pub use joined::{capture_of, first_time_ns, Input, Joined, Opener, Part};
use pcap::Pcap;
use pcapng::Pcapng;

/// The most bytes of one packet, as captured. The largest known are those of loopback interfaces and of
/// segmentation offload: 256 KiB, and 512 KiB with the larger segments of recent kernels.
pub const MAX_PACKET_BYTES: u32 = 1024 * 1024;

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

/// A packet before it is lent out: its data is a range of the block.
struct Record {
    time_ns: u64,
    link_type: u16,
    interface: u32,
    original_length: u32,
    data: Range<usize>,
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
    /// Packets lent out together.
    records: Vec<Record>,
    /// There is no further record, though what there was is still lent out.
    over: bool,
    ended: bool,
    sha256: Option<[u8; 32]>,
}

impl CaptureReader {
    /// A reader of `input`, of which nothing is read yet.
    #[must_use]
    pub fn new(input: Box<dyn Read + Send>, options: Options) -> Self {
        Self {
            block: BlockReader::new(Source::Unread(Stored::new(input)), options.sha256),
            format: Format::Unread,
            damages: Damages::default(),
            packets: 0,
            records: Vec::new(),
            over: false,
            ended: false,
            sha256: None,
        }
    }

    /// The next packet.
    ///
    /// - `Some`: a packet, lent until the next call.
    /// - `None`: there is no further one, for good. [`Self::damage`] is complete, and so is [`Self::sha256`].
    #[inline]
    pub fn next_packet(&mut self) -> Option<Packet<'_>> {
        self.advance(1).then(|| self.packets_here().next())?
    }

    /// Goes on to the next packets, up to so many, as far as they are read already; at least one. `false` where
    /// [`Self::next_packet`] would give `None`.
    pub fn advance(&mut self, most: usize) -> bool {
        self.records.clear();
        let first = if self.over { None } else { self.next_record() };
        let Some(first) = first else {
            self.finish();
            return false;
        };
        self.records.push(first);
        while self.records.len() < most {
            match self.step_here() {
                Step::Record(record) => self.records.push(record),
                Step::Nothing => {}
                Step::NotHere => break,
                Step::Over => {
                    self.over = true;
                    break;
                }
            }
        }
        self.packets += number::to_u64(self.records.len());
        true
    }

    /// The packets that the last [`Self::advance`] went on to.
    pub fn packets_here(&self) -> impl Iterator<Item = Packet<'_>> {
        let before = self.packets - number::to_u64(self.records.len());
        let numbered = (before + 1..).zip(&self.records);
        numbered.map(|(number, record)| Packet {
            number,
            time_ns: record.time_ns,
            link_type: record.link_type,
            interface: record.interface,
            data: self.block.slice(record.data.clone()),
            original_length: record.original_length,
        })
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
            Format::Pcap(pcap) if pcap.is_next_here(block) => {
                pcap.next(block, damages).map_or(Step::Over, Step::Record)
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
            let kind = unknown::looks_like(self.block.window());
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
