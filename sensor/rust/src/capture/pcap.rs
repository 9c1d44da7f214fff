//! The pcap file: one header, then records. As libpcap reads it, with its old and modified kinds:
//! <https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcap.html>.

use super::block::BlockReader;
use super::error::{DamageCode, Damages};
use super::number::{to_usize, Order};
use super::{Record, MAX_PACKET_BYTES};

/// The length of the file's header, in bytes.
pub(super) const FILE_HEADER_BYTES: usize = 24;

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/// The value of the magic number, read in the right byte order.
const MAGIC_MICROSECONDS: u32 = 0xA1B2_C3D4;
const MAGIC_NANOSECONDS: u32 = 0xA1B2_3C4D;
/// Alexey Kuznetzov's patch of libpcap (1997, Red Hat 6.1 and others): longer record headers.
const MAGIC_KUZNETZOV: u32 = 0xA1B2_CD34;

/// Every value of the magic number that is read.
pub(super) const MAGICS: [u32; 3] = [MAGIC_MICROSECONDS, MAGIC_NANOSECONDS, MAGIC_KUZNETZOV];

const RECORD_HEADER_BYTES: usize = 16;
const KUZNETZOV_RECORD_HEADER_BYTES: usize = 24;

/// The link type, in the last field of the file's header.
const LINK_TYPE: u32 = 0x0000_FFFF;
/// Bits of that field that nobody may use; the highest ones tell the length of the frame check sequence.
const LINK_RESERVED: u32 = 0x03FF_0000;

/// Which of the two lengths of a record is the captured one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    /// The first.
    First,
    /// The second: before version 2.3 and in version 543.0 of DG/UX.
    Second,
    /// The smaller: version 2.3 was written both ways.
    Smaller,
}

impl Lengths {
    /// The captured and the original length.
    #[inline]
    fn of(self, first: u32, second: u32) -> (u32, u32) {
        match self {
            Self::First => (first, second),
            Self::Second => (second, first),
            Self::Smaller => (first.min(second), first.max(second)),
        }
    }
}

/// A reader of pcap records.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    /// Nanoseconds in one unit of a time's fraction.
    unit_ns: u64,
    header_bytes: usize,
    lengths: Lengths,
    link_type: u16,
}

/// Which byte order and magic number a file starts with, if it is pcap.
pub(super) fn magic(start: &[u8]) -> Option<(Order, u32)> {
    [Order::Little, Order::Big].into_iter().find_map(|order| {
        let magic = order.u32(start)?;
        MAGICS.contains(&magic).then_some((order, magic))
    })
}

impl Pcap {
    /// Reads the header of the file, which stands at the start of the window.
    ///
    /// - `Some`: a reader, with the header taken. Odd versions are noted and read as 2.4.
    /// - `None`: the capture ends inside the header, which is noted, or it is not pcap.
    pub(super) fn open(block: &mut BlockReader, damages: &mut Damages) -> Option<Self> {
        let (order, magic) = magic(block.window())?;
        if !block.ensure(FILE_HEADER_BYTES) {
            if !block.has_fault() {
                let have = block.window().len();
                damages.note(DamageCode::CutHeader, Some(0), || {
                    format!(
                        "the capture ends after {have} of {FILE_HEADER_BYTES} bytes of the pcap header"
                    )
                });
            }
            return None;
        }
        let header = block.window();
        let (major, minor) = (order.u16(&header[4..])?, order.u16(&header[6..])?);
        let link = order.u32(&header[20..])?;
        let link_type = u16::try_from(link & LINK_TYPE).ok()?;
        if link & LINK_RESERVED != 0 {
            damages.note(DamageCode::BadHeader, Some(20), || {
                format!("reserved bits of the link type are set (0x{link:08x}); it is read as {link_type}")
            });
        }
        if !matches!((major, minor), (2, 0..=4) | (543, 0)) {
            damages.note(DamageCode::BadHeader, Some(4), || {
                format!("pcap version {major}.{minor} is not known; it is read as 2.4")
            });
        }
        block.take(FILE_HEADER_BYTES);
        Some(Self {
            order,
            unit_ns: if magic == MAGIC_NANOSECONDS { 1 } else { 1000 },
            header_bytes: if magic == MAGIC_KUZNETZOV {
                KUZNETZOV_RECORD_HEADER_BYTES
            } else {
                RECORD_HEADER_BYTES
            },
            lengths: match (major, minor) {
                (2, 0..=2) | (543, 0) => Lengths::Second,
                (2, 3) => Lengths::Smaller,
                _ => Lengths::First,
            },
            link_type,
        })
    }

    /// Whether the next record is in the window as a whole, so that `next` reads nothing.
    #[inline]
    pub(super) fn is_next_here(&self, block: &BlockReader) -> bool {
        let window = block.window();
        self.order
            .u32s(window)
            .is_some_and(|[_, _, first, second]| {
                window.len() >= self.header_bytes + to_usize(self.lengths.of(first, second).0)
            })
    }

    /// The next packet.
    ///
    /// - `Some`: a packet. If the capture ends inside it, this is noted and its data is what is there.
    /// - `None`: the end, or a record that cannot be, which is noted: where the next one starts is then unknown.
    #[inline]
    pub(super) fn next(
        &mut self,
        block: &mut BlockReader,
        damages: &mut Damages,
    ) -> Option<Record> {
        if !block.ensure(self.header_bytes) {
            note_cut_header(block, damages, self.header_bytes);
            return None;
        }
        let [seconds, fraction, first, second] = self.order.u32s(block.window())?;
        let (captured, original) = self.lengths.of(first, second);
        if captured > MAX_PACKET_BYTES {
            damages.note(DamageCode::BadPacketLength, Some(block.offset()), || {
                format!(
                    "a packet claims {captured} captured bytes, more than the {MAX_PACKET_BYTES} that can be; \
                     reading stops there"
                )
            });
            return None;
        }
        if captured == 0 && original == 0 && seconds == 0 {
            note_blank(block, damages);
        }
        let time_ns =
            u64::from(seconds) * NANOSECONDS_PER_SECOND + u64::from(fraction) * self.unit_ns;
        if u64::from(fraction) * self.unit_ns >= NANOSECONDS_PER_SECOND {
            damages.note(DamageCode::BadTime, Some(block.offset()), || {
                format!("the fraction of a packet's time, {fraction}, is a second or more")
            });
        }
        let mut length = to_usize(captured);
        if !block.ensure(self.header_bytes + length) {
            length = cut_packet(block, damages, self.header_bytes, captured)?;
        }
        let record = block.take(self.header_bytes + length);
        let data = record.start + self.header_bytes..record.end;
        Some(Record::new(time_ns, self.link_type, 0, original, &data))
    }

    /// The next packet, if it is in the window as a whole and nothing is to be said about it, as of nearly all.
    #[inline]
    pub(super) fn plain(&self, block: &mut BlockReader) -> Option<Record> {
        let window = block.window();
        let [seconds, fraction, first, second] = self.order.u32s(window)?;
        let (captured, original) = self.lengths.of(first, second);
        let length = self.header_bytes + to_usize(captured);
        let fraction_ns = u64::from(fraction) * self.unit_ns;
        let is_plain = captured > 0
            && captured <= MAX_PACKET_BYTES
            && window.len() >= length
            && fraction_ns < NANOSECONDS_PER_SECOND;
        if !is_plain {
            return None;
        }
        let time_ns = u64::from(seconds) * NANOSECONDS_PER_SECOND + fraction_ns;
        let record = block.take(length);
        let data = record.start + self.header_bytes..record.end;
        Some(Record::new(time_ns, self.link_type, 0, original, &data))
    }
}

/// Notes a record without content, length and time: the space that a writer reserved and never filled, as after a
/// crash. It is delivered all the same, so that packets keep the numbers that other readers give them.
#[cold]
fn note_blank(block: &BlockReader, damages: &mut Damages) {
    damages.note(DamageCode::BlankPacket, Some(block.offset()), || {
        "a packet's record is blank: no data, no length, no time".to_owned()
    });
}

/// Notes what is left when it is less than a record's header.
#[cold]
fn note_cut_header(block: &BlockReader, damages: &mut Damages, header_bytes: usize) {
    let have = block.window().len();
    if have > 0 && !block.has_fault() {
        damages.note(DamageCode::CutPacket, Some(block.offset()), || {
            format!("the capture ends after {have} of {header_bytes} bytes of a packet's header")
        });
    }
}

/// Notes that the capture ends inside the data of a packet; how many bytes of it are there, if any.
#[cold]
fn cut_packet(
    block: &BlockReader,
    damages: &mut Damages,
    header_bytes: usize,
    captured: u32,
) -> Option<usize> {
    let have = block.window().len().saturating_sub(header_bytes);
    if !block.has_fault() {
        damages.note(DamageCode::CutPacket, Some(block.offset()), || {
            format!("the capture ends after {have} of {captured} bytes of a packet")
        });
    }
    (have > 0).then_some(have)
}
