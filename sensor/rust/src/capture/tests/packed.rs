//! Compressed captures: the same packets, whatever the packing; what can be unpacked of a broken one.

use std::io::Write;

use flate2::{write::GzEncoder, Compression, GzBuilder};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use ruzstd::encoding::{compress_to_vec, CompressionLevel};

use super::forge::{packets, pcap, pcapng, Endian, PCAP};
use super::{read, read_from, DamageCode, Numbers, Pieces};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With every field that a header can have.
fn gzip_with_header(bytes: &[u8]) -> Vec<u8> {
    let header = GzBuilder::new()
        .filename("a name")
        .comment("a comment")
        .extra(b"extra".as_slice());
    let mut encoder = header.write(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    let mut out = encoder.finish().unwrap();
    // The encoder writes no header checksum; readers may leave it unchecked.
    out[3] |= 2;
    let end = 10 + 2 + 5 + b"a name\0a comment\0".len();
    out.splice(end..end, [0xAB, 0xCD]);
    out
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

pub(super) fn lz4(bytes: &[u8]) -> Vec<u8> {
    lz4_with(bytes, FrameInfo::new().block_size(BlockSize::Max64KB))
}

fn lz4_with(bytes: &[u8], info: FrameInfo) -> Vec<u8> {
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An old frame of one block of literals.
fn lz4_legacy(bytes: &[u8]) -> Vec<u8> {
    let block = lz4_flex::block::compress(bytes);
    let mut out = vec![0x02, 0x21, 0x4C, 0x18];
    out.extend((block.len() as u32).to_le_bytes());
    out.extend(block);
    out
}

fn skippable(number: u8) -> Vec<u8> {
    vec![0x50 + number, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
}

#[test]
fn every_packing_gives_the_same_packets_and_hash() {
    let expected = packets(400, 1500);
    for capture in [pcap(PCAP, &expected), pcapng(Endian::Big, &expected)] {
        let plain = read_from(std::io::Cursor::new(capture.clone()), true);
        assert_eq!(plain.packets, expected);
        let (first, second) = capture.split_at(capture.len() / 3);
        let linked = FrameInfo::new()
            .block_mode(BlockMode::Linked)
            .block_size(BlockSize::Max64KB);
        let checked = linked.clone().block_checksums(true).content_checksum(true);
        let packed = [
            gzip(&capture),
            gzip_with_header(&capture),
            [gzip(first), gzip_with_header(second), vec![0; 700]].concat(),
            zstd(&capture),
            [
                skippable(0),
                zstd(first),
                skippable(15),
                zstd(second),
                skippable(3),
            ]
            .concat(),
            lz4(&capture),
            lz4_with(&capture, linked),
            lz4_with(&capture, checked.content_size(Some(capture.len() as u64))),
            [skippable(1), lz4(first), skippable(2), lz4(second)].concat(),
            lz4_legacy(&capture),
        ];
        for (index, packed) in packed.iter().enumerate() {
            assert_eq!(
                read_from(std::io::Cursor::new(packed.clone()), true),
                plain,
                "{index}"
            );
            assert_eq!(
                read_from(Pieces::new(packed, 700), true),
                plain,
                "{index} in pieces"
            );
        }
    }
}

#[test]
fn what_is_cut_yields_what_was_unpacked() {
    let expected = packets(400, 1500);
    let capture = pcap(PCAP, &expected);
    for (name, packed) in [
        ("gzip", gzip(&capture)),
        ("zstd", zstd(&capture)),
        ("lz4", lz4(&capture)),
    ] {
        let mut most = 0;
        for length in (packed.len() / 2..packed.len()).step_by(packed.len() / 29) {
            let reading = read(&packed[..length]);
            let last = reading.codes();
            assert_eq!(last, [DamageCode::CutCompression], "{name} {length}");
            assert!(
                reading.damage[0].message.contains(name),
                "{:?}",
                reading.damage
            );
            assert!(
                reading.damage[0].message.contains(&length.to_string()),
                "{:?}",
                reading.damage
            );
            let (cut, whole) = reading.packets.split_last().unwrap();
            assert_eq!(whole, &expected[..whole.len()]);
            assert!(expected[whole.len()].data.starts_with(&cut.data));
            // A block of zstd holds 128 KiB, one of these LZ4 frames 64 KiB.
            let unpacked = reading.damage[0].offset.unwrap();
            let input = (length as u64) * capture.len() as u64 / packed.len() as u64;
            assert!(unpacked + 140_000 > input, "{name} {length} {unpacked}");
            most = most.max(whole.len());
        }
        assert!(most > 300, "{name} {most}");
    }
}

#[test]
fn a_frame_that_is_cut_within_its_window_yields_its_blocks() {
    // Two raw blocks and the header of a third one, in a frame with a window of 8 MiB: without an end, nothing
    // would leave the window.
    let capture = pcap(PCAP, &packets(4, 60));
    let (first, second) = capture.split_at(50);
    let mut packed = vec![0x28, 0xB5, 0x2F, 0xFD, 0, 13 << 3];
    for part in [first, second] {
        packed.extend(&((part.len() as u32) << 3).to_le_bytes()[..3]);
        packed.extend(part);
    }
    packed.extend([0, 1]);
    let reading = read(&packed);
    assert_eq!(reading.packets, packets(4, 60));
    assert_eq!(reading.codes(), [DamageCode::CutCompression]);
}

#[test]
fn contradictions_are_noted_and_the_packets_before_them_delivered() {
    let expected = packets(50, 200);
    let capture = pcap(PCAP, &expected);
    let mut wrong_sum = gzip(&capture);
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let mut wrong_length = gzip(&capture);
    let at = wrong_length.len() - 2;
    wrong_length[at] ^= 1;
    let mut wrong_zstd = zstd(&capture);
    let at = wrong_zstd.len() - 1;
    wrong_zstd[at] ^= 1;
    let info = FrameInfo::new().content_checksum(true);
    let mut wrong_lz4 = lz4_with(&capture, info);
    let at = wrong_lz4.len() - 1;
    wrong_lz4[at] ^= 1;
    let junk = |packed: Vec<u8>| [packed, b"something else".to_vec()].concat();
    for (index, packed) in [
        wrong_sum,
        wrong_length,
        wrong_zstd,
        wrong_lz4,
        junk(gzip(&capture)),
        junk(zstd(&capture)),
        junk(lz4(&capture)),
    ]
    .iter()
    .enumerate()
    {
        let reading = read(packed);
        assert_eq!(reading.packets, expected, "{index}");
        assert_eq!(reading.codes(), [DamageCode::BadCompression], "{index}");
    }
}

#[test]
fn windows_beyond_the_limit_are_refused() {
    // A frame header that asks for a window of 1 GiB.
    let reading = read(&[0x28, 0xB5, 0x2F, 0xFD, 0, 20 << 3, 1, 0, 0]);
    assert_eq!(reading.codes(), [DamageCode::BadCompression]);
}

#[test]
fn no_flip_of_packed_bytes_is_a_panic() {
    let capture = pcap(PCAP, &packets(60, 400));
    let mut numbers = Numbers(99);
    let originals = [
        gzip(&capture),
        zstd(&capture),
        lz4(&capture),
        lz4_legacy(&capture),
    ];
    for original in &originals {
        for _ in 0..100 {
            let mut packed = original.clone();
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(packed.len());
                packed[at] = numbers.below(256) as u8;
            }
            let reading = read(&packed);
            assert!(reading.damage.len() <= DamageCode::ALL.len());
        }
    }
}
