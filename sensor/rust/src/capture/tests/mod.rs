//! Promises of the capture readers. The captures are written here, by writers that share nothing with the readers.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test may fail loudly, and its numbers are small"
)]

mod ahead;
mod cut;
mod forge;
mod joined;
mod mapped;
mod other;
mod packed;
mod pcap;
mod pcapng;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{CaptureReader, Damage, DamageCode, Input, Options, Packet, Packets};

/// A packet that was read, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    time_ns: u64,
    link_type: u16,
    interface: u32,
    data: Vec<u8>,
    original_length: u32,
}

impl Kept {
    fn of(packet: &Packet<'_>) -> Self {
        Self {
            time_ns: packet.time_ns,
            link_type: packet.link_type,
            interface: packet.interface,
            data: packet.data.to_vec(),
            original_length: packet.original_length,
        }
    }
}

/// All that one reading gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    packets: Vec<Kept>,
    damage: Vec<Damage>,
    sha256: Option<[u8; 32]>,
}

impl Reading {
    /// The codes of the damage.
    fn codes(&self) -> Vec<DamageCode> {
        self.damage.iter().map(|damage| damage.code).collect()
    }
}

/// A file that is gone when this is.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(bytes: &[u8]) -> Self {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("certspan-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        Self { path }
    }

    fn open(&self) -> File {
        File::open(&self.path).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

pub(super) fn kept(block: &Packets) -> Vec<Kept> {
    block.iter().map(|packet| Kept::of(&packet)).collect()
}

/// Reads a capture to its end, through whatever reader.
pub(super) fn read_from(input: impl Read + Send + 'static, sha256: bool) -> Reading {
    read_input(Input::Stream(Box::new(input)), sha256)
}

pub(super) fn read_input(input: Input, sha256: bool) -> Reading {
    let mut reader = CaptureReader::new(input, Options { sha256 });
    let (mut packets, mut block) = (Vec::new(), Packets::default());
    while reader.read(&mut block) {
        for packet in block.iter() {
            packets.push(Kept::of(&packet));
            assert_eq!(packet.number, packets.len() as u64);
        }
    }
    assert!(!reader.read(&mut block), "the end is for good");
    assert!(block.is_empty());
    assert_eq!(reader.packets(), packets.len() as u64);
    Reading {
        packets,
        damage: reader.damage().to_vec(),
        sha256: reader.sha256(),
    }
}

/// Reads a capture: from a stream, and mapped, which must give the same.
pub(super) fn read(capture: &[u8]) -> Reading {
    let reading = read_from(io::Cursor::new(capture.to_vec()), false);
    let file = Scratch::new(capture);
    assert_eq!(reading, read_input(Input::Mapped(file.open()), false));
    reading
}

/// Reads to the end and keeps nothing.
pub(super) fn read_through(reader: &mut CaptureReader) {
    let mut block = Packets::default();
    while reader.read(&mut block) {}
}

/// Numbers that look random and are the same in every run (xorshift64).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

/// A reader that gives pieces of odd sizes and is interrupted again and again.
pub(super) struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    numbers: Numbers,
    largest: usize,
}

impl Pieces {
    pub(super) fn new(bytes: &[u8], largest: usize) -> Self {
        Self {
            bytes: io::Cursor::new(bytes.to_vec()),
            numbers: Numbers(0x5EED),
            largest,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.numbers.below(5) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = (1 + self.numbers.below(self.largest)).min(out.len());
        self.bytes.read(&mut out[..size])
    }
}

#[test]
fn a_reader_can_move_to_another_thread() {
    fn movable<T: Send>() {}
    movable::<CaptureReader>();
}
