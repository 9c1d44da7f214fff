//! What is no capture, and inputs that fail.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::forge::{packets, pcap, PCAP};
use super::packed::{gzip, lz4, zstd};
use super::{read, read_from, read_through, CaptureReader, DamageCode, Input, Options, Packets};

/// Gives its bytes, then an error.
struct Failing(io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 => Err(io::Error::other("the disk is on fire")),
            got => Ok(got),
        }
    }
}

#[test]
fn nothing_at_all() {
    for input in [vec![], gzip(&[]), zstd(&[]), lz4(&[])] {
        let reading = read(&input);
        assert_eq!(reading.codes(), [DamageCode::Empty], "{input:x?}");
        assert_eq!(reading.packets, []);
    }
}

#[test]
fn other_files_are_told() {
    let mut tar = vec![b'x'; 600];
    tar[100] = 0;
    tar[257..262].copy_from_slice(b"ustar");
    let accents = "D\u{e9}j\u{e0} vu, \u{2026} ".repeat(90);
    let packed_twice = gzip(&gzip(b"capture"));
    let cases: [(&[u8], &str); 12] = [
        (b"Hello, this is no capture.\n", "text"),
        (accents.as_bytes(), "text"),
        (b"\x7FELF\x02\x01\x01\0\0\0\0\0", "ELF"),
        (b"PK\x03\x04\x14\0\0\0\x08\0\0\0", "ZIP"),
        (b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", "snoop"),
        (&tar, "tar"),
        (&[0; 4096], "zero"),
        (&packed_twice, "twice"),
        (b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4F", "xz"),
        (b"\n\n\n\x1C\0\0\0M<+\x1A\x01\0\0\0\xEF\xBF\xBD", "transfer"),
        (b"\xA1\x2B\x3C\x4D\0\x02\0\x04\0\0\0\0", "variant of pcap"),
        (
            b"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C",
            "unknown",
        ),
    ];
    for (bytes, word) in cases {
        let reading = read(bytes);
        assert_eq!(reading.codes(), [DamageCode::NotACapture], "{word}");
        assert!(
            reading.damage[0].message.contains(word),
            "{word}: {:?}",
            reading.damage
        );
    }
    assert_eq!(read(b"hi").codes(), [DamageCode::NotACapture]);
}

#[test]
fn headers_that_are_cut() {
    for bytes in [
        &[0xD4][..],
        &[0xA1, 0xB2, 0xC3],
        &[0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0],
        &[0x0A, 0x0D, 0x0D],
        &[0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0],
        &[
            0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0, 0, 0x4D, 0x3C, 0x2B, 0x1A, 1, 0,
        ],
        &[0x28, 0xB5],
    ] {
        assert_eq!(read(bytes).codes(), [DamageCode::CutHeader], "{bytes:x?}");
    }
}

#[test]
fn an_input_that_fails_is_told_in_its_own_words() {
    let expected = packets(5, 60);
    let capture = pcap(PCAP, &expected);
    for input in [
        capture.clone(),
        capture[..capture.len() - 1].to_vec(),
        Vec::new(),
    ] {
        let whole = input.len() / capture.len() * 5;
        let reading = read_from(Failing(io::Cursor::new(input)), true);
        assert_eq!(reading.codes(), [DamageCode::ReadError]);
        assert!(reading.damage[0].message.contains("on fire"));
        assert!(reading.packets.len() >= whole);
    }
    for packed in [gzip(&capture), zstd(&capture), lz4(&capture)] {
        let failing = Failing(io::Cursor::new(packed[..packed.len() - 5].to_vec()));
        let reading = read_from(failing, false);
        assert_eq!(
            reading.codes(),
            [DamageCode::ReadError],
            "{:?}",
            reading.damage
        );
        assert!(reading.damage[0].message.contains("on fire"));
    }
}

#[test]
fn the_hash_covers_the_whole_input_whatever_it_holds() {
    let mut capture = pcap(PCAP, &packets(5, 60));
    capture.extend(vec![0xFF; 700_000]);
    for input in [capture, b"no capture".repeat(90_000), Vec::new()] {
        let expected: [u8; 32] = Sha256::digest(&input).into();
        for packed in [input.clone(), gzip(&input), zstd(&input), lz4(&input)] {
            let reading = read_from(io::Cursor::new(packed), true);
            assert_eq!(reading.sha256, Some(expected));
            assert!(!reading.damage.is_empty());
        }
    }
}

#[test]
fn nothing_is_read_beyond_need_without_a_hash() {
    let bomb = gzip(&vec![0; 8 << 20]);
    let mut reader = CaptureReader::new(
        Input::Stream(Box::new(io::Cursor::new(bomb))),
        Options::default(),
    );
    assert_eq!((reader.stored_bytes_read(), reader.sha256()), (0, None));
    read_through(&mut reader);
    assert_eq!(reader.packets(), 0);
    assert_eq!(reader.damage()[0].code, DamageCode::NotACapture);
    assert_eq!(reader.sha256(), None);
}

#[test]
fn the_progress_counts_stored_bytes() {
    let capture = pcap(PCAP, &packets(2000, 1000));
    for stored in [
        capture.clone(),
        gzip(&capture),
        zstd(&capture),
        lz4(&capture),
    ] {
        let length = stored.len() as u64;
        let mut reader = CaptureReader::new(
            Input::Stream(Box::new(io::Cursor::new(stored))),
            Options::default(),
        );
        let (mut last, mut block) = (0, Packets::default());
        while reader.read(&mut block) {
            assert!(reader.stored_bytes_read() >= last);
            last = reader.stored_bytes_read();
        }
        assert_eq!(reader.stored_bytes_read(), length);
    }
}
