//! The pcapng file: blocks, in sections that each choose their byte order.
//! <https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcapng.html>.

use super::block::BlockReader;
use super::error::{DamageCode, Damages};
use super::interface::{Interface, Interfaces, MAX_INTERFACES};
use super::number::{to_u64, to_usize, Order};
use super::packet_block::{self, Fields, HEADER_BYTES, TRAILER_BYTES};
use super::{Record, Step, MAX_PACKET_BYTES};

/// The largest block that is read, in bytes: the largest packet with 128 KiB of options.
const MAX_READ_BLOCK_BYTES: u32 = MAX_PACKET_BYTES + 128 * 1024;

/// The largest block that is passed over, in bytes. Longer ones are taken for damage, as other readers do.
const MAX_SKIPPED_BLOCK_BYTES: u32 = 16 * 1024 * 1024;

// Block types. That of the section header reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;

const BYTE_ORDER_MAGIC: u32 = 0x1A2B_3C4D;

/// As much of a block as must be there to tell its type, length and byte order; also the shortest block.
pub(super) const BLOCK_START_BYTES: usize = 12;

/// A reader of pcapng blocks.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Interfaces,
    sections: u64,
    /// The time of the last packet, for packets without one.
    time_ns: u64,
    /// The two lengths of the last block differed.
    in_doubt: bool,
}

/// The byte order of a section whose header starts here; `None` if none does, or a damaged one.
pub(super) fn section_order(start: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| {
        matches!(
            order.u32s(start),
            Some([SECTION_HEADER, _, BYTE_ORDER_MAGIC])
        )
    })
}

impl Pcapng {
    /// A reader for a capture that starts with a section header in this byte order.
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            interfaces: Interfaces::default(),
            sections: 0,
            time_ns: 0,
            in_doubt: false,
        }
    }

    /// The interfaces described so far.
    pub(super) fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// The next packet.
    ///
    /// - `Some`: a packet. If the capture ends inside it, this is noted and its data is what is there.
    /// - `None`: the end, or a block that cannot be, which is noted: where the next one starts is then unknown.
    pub(super) fn next(
        &mut self,
        block: &mut BlockReader,
        damages: &mut Damages,
    ) -> Option<Record> {
        loop {
            match self.step(block, damages) {
                Step::Record(record) => return Some(record),
                Step::Nothing => {}
                Step::NotHere | Step::Over => return None,
            }
        }
    }

    /// Whether the next block is a packet's and in the window as a whole, so that `step` reads nothing.
    #[inline]
    pub(super) fn is_next_here(&self, block: &BlockReader) -> bool {
        let window = block.window();
        self.order.u32s(window).is_some_and(|[kind, stated]| {
            // With the padding that some writers leave out of the length.
            let padded = to_usize(stated).next_multiple_of(4);
            packet_block::least_bytes(kind).is_some()
                && window.len() >= padded.max(BLOCK_START_BYTES)
        })
    }

    /// One block; `Step::Over` where `next` gives `None`.
    #[inline]
    pub(super) fn step(&mut self, block: &mut BlockReader, damages: &mut Damages) -> Step {
        self.try_step(block, damages).unwrap_or(Step::Over)
    }

    fn try_step(&mut self, block: &mut BlockReader, damages: &mut Damages) -> Option<Step> {
        let (kind, stated) = self.block_start(block, damages)?;
        let length = self.length_of(stated, block);
        if least_bytes(kind).is_none() {
            self.skip_block(stated, length, block, damages)?;
            return Some(Step::Nothing);
        }
        let whole = block.ensure(length);
        if whole {
            let trailer = self.order.u32(&block.window()[length - TRAILER_BYTES..])?;
            self.check_trailer(stated, trailer, block.offset(), damages)?;
        } else {
            self.note_cut_block(kind, length, block, damages);
        }
        match kind {
            SECTION_HEADER if whole => self.section(length, block, damages),
            INTERFACE_DESCRIPTION if whole => self.interface(length, block, damages),
            SECTION_HEADER | INTERFACE_DESCRIPTION => return None,
            _ => {
                let record = self.packet(kind, length, block, damages);
                return Some(record.map_or(Step::Nothing, Step::Record));
            }
        }
        Some(Step::Nothing)
    }

    /// The type and stated length of the next block; `None` at the end, or if no block can be so long.
    #[inline]
    fn block_start(
        &mut self,
        block: &mut BlockReader,
        damages: &mut Damages,
    ) -> Option<(u32, u32)> {
        if !block.ensure(BLOCK_START_BYTES) {
            note_cut(DamageCode::CutBlock, "a block", None, block, damages);
            return None;
        }
        let [mut kind, mut stated] = self.order.u32s(block.window())?;
        if kind == SECTION_HEADER {
            let Some(order) = section_order(block.window()) else {
                let what = || "a section header lacks its byte-order magic".to_owned();
                damages.note(DamageCode::BadBlock, Some(block.offset()), what);
                return None;
            };
            self.order = order;
            [kind, stated] = order.u32s(block.window())?;
        }
        let (least, most) = match least_bytes(kind) {
            Some(least) => (least, MAX_READ_BLOCK_BYTES),
            None => (BLOCK_START_BYTES, MAX_SKIPPED_BLOCK_BYTES),
        };
        if to_usize(stated) < least || stated > most {
            damages.note(DamageCode::BadBlock, Some(block.offset()), || {
                format!(
                    "a block of type {kind} claims {stated} bytes, which must be {least} to {most}; \
                     reading stops there"
                )
            });
            return None;
        }
        Some((kind, stated))
    }

    /// The true length of a block. The stated one must be a multiple of 4; some writers leave out the padding, and
    /// then the trailer shows whether it is there.
    fn length_of(&self, stated: u32, block: &mut BlockReader) -> usize {
        let (length, padded) = (to_usize(stated), to_usize(stated).next_multiple_of(4));
        let has_padding = length != padded
            && stated <= MAX_READ_BLOCK_BYTES
            && block.ensure(padded)
            && self.order.u32(&block.window()[length - TRAILER_BYTES..]) != Some(stated)
            && self.order.u32(&block.window()[padded - TRAILER_BYTES..]) == Some(stated);
        if has_padding {
            padded
        } else {
            length
        }
    }

    /// Compares the lengths at both ends of a block. One odd block may be a slip; `None` at the second in a row.
    #[inline]
    fn check_trailer(
        &mut self,
        stated: u32,
        trailer: u32,
        offset: u64,
        damages: &mut Damages,
    ) -> Option<()> {
        let before = std::mem::replace(&mut self.in_doubt, stated != trailer);
        if stated != trailer {
            damages.note(DamageCode::BadBlock, Some(offset), || {
                format!("a block states two lengths, {stated} before and {trailer} behind its body")
            });
        }
        (!before || !self.in_doubt).then_some(())
    }

    /// Passes over a block that holds no packet; `None` at the end of the capture.
    fn skip_block(
        &mut self,
        stated: u32,
        length: usize,
        block: &mut BlockReader,
        damages: &mut Damages,
    ) -> Option<()> {
        let offset = block.offset();
        if !block.skip(to_u64(length - TRAILER_BYTES)) || !block.ensure(TRAILER_BYTES) {
            if !block.has_fault() {
                damages.note(DamageCode::CutBlock, Some(offset), || {
                    format!("the capture ends inside a block of {length} bytes")
                });
            }
            return None;
        }
        let trailer = self.order.u32(block.window())?;
        block.take(TRAILER_BYTES);
        self.check_trailer(stated, trailer, offset, damages)
    }

    /// Begins a section.
    fn section(&mut self, length: usize, block: &mut BlockReader, damages: &mut Damages) {
        let major = self.order.u16(&block.window()[12..]).unwrap_or_default();
        if major != 1 {
            damages.note(DamageCode::BadHeader, Some(block.offset()), || {
                format!("pcapng version {major} is not known; it is read as version 1")
            });
        }
        self.sections += 1;
        self.interfaces.begin_section();
        block.take(length);
    }

    /// Adds an interface.
    fn interface(&mut self, length: usize, block: &mut BlockReader, damages: &mut Damages) {
        let body = &block.window()[HEADER_BYTES..length - TRAILER_BYTES];
        if let Some((interface, whole)) = Interface::read(self.order, body) {
            if !whole {
                damages.note(DamageCode::BadBlock, Some(block.offset()), || {
                    "an option of an interface contradicts its block; the rest is left out"
                        .to_owned()
                });
            }
            if !self.interfaces.add(interface) {
                damages.note(DamageCode::TooManyInterfaces, Some(block.offset()), || {
                    format!("more than {MAX_INTERFACES} interfaces are described")
                });
            }
        }
        block.take(length);
    }

    /// Notes that the capture ends inside a block.
    #[cold]
    fn note_cut_block(&self, kind: u32, length: usize, block: &BlockReader, damages: &mut Damages) {
        let (code, what) = match kind {
            SECTION_HEADER if self.sections == 0 => {
                (DamageCode::CutHeader, "the first section header")
            }
            SECTION_HEADER | INTERFACE_DESCRIPTION => (DamageCode::CutBlock, "a block"),
            _ => (DamageCode::CutPacket, "a packet's block"),
        };
        note_cut(code, what, Some(length), block, damages);
    }

    /// Takes a block of `length` bytes that holds a packet; the capture may end inside it.
    ///
    /// - `Some`: the packet, as far as it is there.
    /// - `None`: its interface is unknown, which is noted, or nothing of its data is there.
    #[inline]
    fn packet(
        &mut self,
        kind: u32,
        length: usize,
        block: &mut BlockReader,
        damages: &mut Damages,
    ) -> Option<Record> {
        let offset = block.offset();
        let first = self.interfaces.in_section(0);
        let snap_length = first.map_or(0, |(_, interface)| interface.snap_length);
        let fields = Fields::read(self.order, kind, length, snap_length, block.window());
        let whole_block = block.window().len() >= length;
        let there = block.take(length);
        let fields = fields?;
        let Some((index, interface)) = self.interfaces.in_section(fields.interface) else {
            damages.note(DamageCode::UnknownInterface, Some(offset), || {
                "a packet names an interface that its section does not describe".to_owned()
            });
            return None;
        };
        let captured = to_usize(fields.captured.min(MAX_PACKET_BYTES)).min(fields.room);
        if captured < to_usize(fields.captured) {
            damages.note(DamageCode::BadPacketLength, Some(offset), || {
                format!(
                    "a packet claims {} captured bytes in a block that has room for {}",
                    fields.captured, fields.room
                )
            });
        }
        if let Some(ticks) = fields.ticks {
            self.time_ns = interface.clock.time_ns(ticks).unwrap_or_else(|nearest| {
                damages.note(DamageCode::BadTime, Some(offset), || {
                    "the time of a packet lies before 1970 or after 2554".to_owned()
                });
                nearest
            });
        }
        let start = there.start + fields.data_at;
        let data = start..there.end.min(start + captured);
        if data.is_empty() && !whole_block {
            return None;
        }
        let link_type = interface.link_type;
        Some(Record::new(
            self.time_ns,
            link_type,
            index,
            fields.original,
            &data,
        ))
    }
}

/// The least length of a block whose body is read, in bytes; `None` for blocks that are passed over.
#[inline]
fn least_bytes(kind: u32) -> Option<usize> {
    match kind {
        INTERFACE_DESCRIPTION => Some(20),
        SECTION_HEADER => Some(28),
        _ => packet_block::least_bytes(kind),
    }
}

/// Notes that the capture ends inside something, if it has begun and if no error ended the capture.
#[cold]
fn note_cut(
    code: DamageCode,
    what: &str,
    need: Option<usize>,
    block: &BlockReader,
    damages: &mut Damages,
) {
    let have = block.window().len();
    if have > 0 && !block.has_fault() {
        damages.note(code, Some(block.offset()), || match need {
            Some(need) => format!("the capture ends after {have} of {need} bytes of {what}"),
            None => format!("the capture ends after {have} bytes of {what}"),
        });
    }
}
