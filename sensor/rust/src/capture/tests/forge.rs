//! Writers of small captures.

use super::{Kept, Numbers};

/// A byte order, for writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Endian {
    Big,
    Little,
}
use Endian::{Big, Little};

pub(super) const ENDIANS: [Endian; 2] = [Big, Little];

impl Endian {
    pub(super) fn u16(self, value: u16) -> [u8; 2] {
        if self == Big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(super) fn u32(self, value: u32) -> [u8; 4] {
        if self == Big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    pub(super) fn u64(self, value: u64) -> [u8; 8] {
        if self == Big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
}

/// `count` packets of Ethernet of random lengths up to `longest`, with times of whole microseconds.
pub(super) fn packets(count: usize, longest: usize) -> Vec<Kept> {
    let mut numbers = Numbers(0x00C0_FFEE);
    (0..count)
        .map(|index| {
            let length = numbers.below(longest + 1);
            Kept {
                time_ns: 1_700_000_000_000_000_000 + 999_999_000 * index as u64,
                link_type: 1,
                interface: 0,
                data: (0..length).map(|_| numbers.below(256) as u8).collect(),
                original_length: (length + numbers.below(100)) as u32,
            }
        })
        .collect()
}

/// How a pcap file is written.
#[derive(Clone, Copy)]
pub(super) struct PcapKind {
    pub(super) endian: Endian,
    pub(super) magic: u32,
    pub(super) version: (u16, u16),
    pub(super) link: u32,
}

pub(super) const PCAP: PcapKind = PcapKind {
    endian: Little,
    magic: 0xA1B2_C3D4,
    version: (2, 4),
    link: 1,
};

/// A pcap file. Versions before 2.3 and 543.0 have the captured length behind the original one.
pub(super) fn pcap(kind: PcapKind, packets: &[Kept]) -> Vec<u8> {
    let PcapKind {
        endian,
        magic,
        version,
        link,
    } = kind;
    let mut out = Vec::new();
    out.extend(endian.u32(magic));
    out.extend(endian.u16(version.0));
    out.extend(endian.u16(version.1));
    for word in [0, 0, 262_144, link] {
        out.extend(endian.u32(word));
    }
    let unit = if magic == 0xA1B2_3C4D { 1 } else { 1000 };
    for packet in packets {
        let mut lengths = [packet.data.len() as u32, packet.original_length];
        if version < (2, 3) || version.0 == 543 {
            lengths.reverse();
        }
        out.extend(endian.u32((packet.time_ns / 1_000_000_000) as u32));
        out.extend(endian.u32((packet.time_ns % 1_000_000_000 / unit) as u32));
        out.extend(endian.u32(lengths[0]));
        out.extend(endian.u32(lengths[1]));
        if magic == 0xA1B2_CD34 {
            out.extend([0xEE; 8]);
        }
        out.extend(&packet.data);
    }
    out
}

/// A pcapng file, block by block.
pub(super) struct Pcapng {
    pub(super) endian: Endian,
    pub(super) bytes: Vec<u8>,
}

impl Pcapng {
    /// A file with a section header.
    pub(super) fn new(endian: Endian) -> Self {
        let new = Self {
            endian,
            bytes: Vec::new(),
        };
        new.section(endian, u64::MAX)
    }

    /// A further section, which may have another byte order.
    pub(super) fn section(mut self, endian: Endian, length: u64) -> Self {
        self.endian = endian;
        let mut body = endian.u32(0x1A2B_3C4D).to_vec();
        body.extend(endian.u16(1));
        body.extend(endian.u16(0));
        body.extend(endian.u64(length));
        body.extend(self.options(&[(4, b"forge")]));
        self.block(0x0A0D_0D0A, &body)
    }

    /// An interface.
    pub(super) fn interface(self, link: u16, snap: u32, options: &[(u16, &[u8])]) -> Self {
        let mut body = self.endian.u16(link).to_vec();
        body.extend([0; 2]);
        body.extend(self.endian.u32(snap));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    /// An enhanced packet block, with a comment behind the data.
    pub(super) fn packet(self, interface: u32, ticks: u64, data: &[u8], original: u32) -> Self {
        let mut body = self.endian.u32(interface).to_vec();
        body.extend(self.stamp(ticks, data.len() as u32, original));
        body.extend(padded(data));
        body.extend(self.options(&[(1, b"comment")]));
        self.block(6, &body)
    }

    /// An obsolete packet block.
    pub(super) fn old_packet(self, interface: u16, ticks: u64, data: &[u8], original: u32) -> Self {
        let mut body = self.endian.u16(interface).to_vec();
        body.extend(self.endian.u16(7));
        body.extend(self.stamp(ticks, data.len() as u32, original));
        body.extend(padded(data));
        self.block(2, &body)
    }

    /// A simple packet block.
    pub(super) fn simple_packet(self, data: &[u8], original: u32) -> Self {
        let mut body = self.endian.u32(original).to_vec();
        body.extend(padded(data));
        self.block(3, &body)
    }

    /// Any block.
    pub(super) fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let length = self.endian.u32(12 + padded(body).len() as u32);
        self.bytes.extend(self.endian.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(padded(body));
        self.bytes.extend(length);
        self
    }

    fn stamp(&self, ticks: u64, captured: u32, original: u32) -> Vec<u8> {
        let words = [(ticks >> 32) as u32, ticks as u32, captured, original];
        words
            .into_iter()
            .flat_map(|word| self.endian.u32(word))
            .collect()
    }

    fn options(&self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (code, value) in options {
            out.extend(self.endian.u16(*code));
            out.extend(self.endian.u16(value.len() as u16));
            out.extend(padded(value));
        }
        out.extend([0; 4]);
        out
    }
}

/// One section, one interface, and these packets.
pub(super) fn pcapng(endian: Endian, packets: &[Kept]) -> Vec<u8> {
    let start = Pcapng::new(endian).interface(1, 0, &[(2, b"eth0")]);
    let written = packets.iter().fold(start, |file, packet| {
        file.packet(
            0,
            packet.time_ns / 1000,
            &packet.data,
            packet.original_length,
        )
    });
    written.bytes
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(bytes.len().next_multiple_of(4), 0);
    out
}
