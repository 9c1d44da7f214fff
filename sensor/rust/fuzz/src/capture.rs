//! Any bytes as a capture: the same packets and the same damage in whatever pieces they come, all of a sane capture's
//! bytes accounted for, and a cut capture tells what the whole one tells.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;

use _rust::capture::{CaptureReader, Damage, Input, Options, Packet, Packets, MAX_PACKET_BYTES};
use sha2::{Digest as _, Sha256};

/// Starts of the captures that are not packed: pcap of both orders and resolutions, pcapng.
const PCAP: [[u8; 4]; 4] = [
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
];
const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// An input that gives so many bytes at a time.
pub struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    size: usize,
}

impl Pieces {
    /// All of these bytes.
    pub fn new(bytes: &[u8], size: usize) -> Self {
        Self {
            bytes: bytes.to_vec(),
            at: 0,
            size,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let left = &self.bytes[self.at..];
        let n = self.size.min(left.len()).min(out.len());
        out[..n].copy_from_slice(&left[..n]);
        self.at += n;
        Ok(n)
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Told {
    time_ns: u64,
    link_type: u16,
    interface: u32,
    original_length: u32,
    length: usize,
    hash: u64,
}

#[derive(Debug, PartialEq)]
struct Reading {
    packets: Vec<Told>,
    damage: Vec<Damage>,
    sha256: Option<[u8; 32]>,
    names: Vec<Option<String>>,
}

fn read(bytes: &[u8], size: usize) -> Reading {
    let mut reader = CaptureReader::new(
        Input::Stream(Box::new(Pieces::new(bytes, size))),
        Options { sha256: true },
    );
    let mut packets = Vec::new();
    let mut block = Packets::default();
    // Packets may be kept, or looked at while they are at hand.
    let keeps = size % 2 == 1;
    while reader.advance() {
        let mut tell = |packet: Packet<'_>| {
            assert!(packet.data.len() <= usize::try_from(MAX_PACKET_BYTES).unwrap());
            let mut hasher = DefaultHasher::new();
            packet.data.hash(&mut hasher);
            packets.push(Told {
                time_ns: packet.time_ns,
                link_type: packet.link_type,
                interface: packet.interface,
                original_length: packet.original_length,
                length: packet.data.len(),
                hash: hasher.finish(),
            });
            assert_eq!(u64::try_from(packets.len()), Ok(packet.number));
        };
        if keeps {
            reader.read(&mut block);
            block.iter().for_each(&mut tell);
        } else {
            reader.show(&mut tell);
        }
    }
    assert!(!reader.read(&mut block), "the end is the end");
    assert_eq!(u64::try_from(packets.len()), Ok(reader.packets()));
    assert!(reader.stored_bytes_read() <= u64::try_from(bytes.len()).unwrap());
    let damage = reader.damage().to_vec();
    for (place, one) in damage.iter().enumerate() {
        assert!(damage[..place].iter().all(|other| other.code != one.code));
        assert!(one.times > 0 && !one.message.is_empty() && !one.message.contains('\n'));
    }
    Reading {
        packets,
        damage,
        sha256: reader.sha256(),
        names: (0..4)
            .map(|interface| reader.interface_name(interface).map(str::to_owned))
            .collect(),
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let whole = read(input, usize::MAX);
    let size = 1 + usize::from(input.last().copied().unwrap_or(0));
    assert_eq!(whole, read(input, size), "pieces of {size}");
    let start = input.first_chunk::<4>().copied().unwrap_or_default();
    let pcap = PCAP.contains(&start);
    if !pcap && start != PCAPNG {
        return;
    }
    assert_eq!(Some(Sha256::digest(input).into()), whole.sha256);
    if pcap && whole.damage.is_empty() {
        let told: usize = whole.packets.iter().map(|packet| 16 + packet.length).sum();
        assert_eq!(input.len(), 24 + told, "bytes that nobody told of");
    }
    let cut = read(&input[..input.len() - size.min(input.len())], usize::MAX);
    // Of a block that is cut, nobody can say that its end contradicts its start.
    assert!(cut.packets.len() <= whole.packets.len() + 1);
    let complete = cut.packets.len().saturating_sub(1);
    assert_eq!(whole.packets[..complete], cut.packets[..complete]);
}
