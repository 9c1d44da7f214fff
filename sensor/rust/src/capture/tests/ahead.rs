//! Files whose blocks are fetched before they are wanted: the same packets and the same damage as from a stream.

use std::fs::OpenOptions;
use std::thread;

use super::forge::{packets, pcap, pcapng, Endian, PCAP};
use super::packed::gzip;
use super::{kept, read, CaptureReader, DamageCode, Input, Options, Packets, Reading, Scratch};
use crate::capture::block::BLOCK_BYTES;

fn reader(file: &Scratch) -> CaptureReader {
    CaptureReader::new(Input::File(file.open()), Options::default())
}

/// Reads the file while so many other threads fetch as fast as they can.
fn read_with(file: &Scratch, threads: usize) -> Reading {
    let mut reader = reader(file);
    let ahead = reader.ahead().unwrap();
    let (mut all, mut block) = (Vec::new(), Packets::default());
    let others: Vec<_> = (0..threads)
        .map(|_| {
            let ahead = ahead.clone();
            thread::spawn(move || {
                let mut fetched = 0;
                for _ in 0..200 {
                    fetched += usize::from(ahead.fetch_one());
                    thread::yield_now();
                }
                fetched
            })
        })
        .collect();
    while reader.read(&mut block) {
        all.extend(kept(&block));
    }
    for other in others {
        other.join().unwrap();
    }
    Reading {
        packets: all,
        damage: reader.damage().to_vec(),
        sha256: None,
    }
}

#[test]
fn blocks_and_packets_of_any_size_fit_together() {
    let small = packets(8_000, 700);
    let mut mixed = packets(40, 200);
    mixed.extend(packets(3, 900_000));
    mixed.extend(packets(40, 90_000));
    for (name, list) in [("small", small), ("mixed", mixed)] {
        for bytes in [pcap(PCAP, &list), pcapng(Endian::Little, &list)] {
            assert!(bytes.len() > 3 * BLOCK_BYTES);
            for length in [
                bytes.len(),
                bytes.len() - 1,
                2 * BLOCK_BYTES,
                2 * BLOCK_BYTES - 3,
            ] {
                let file = Scratch::new(&bytes[..length]);
                let expected = read(&bytes[..length]);
                assert!(!expected.packets.is_empty());
                for threads in [0, 3] {
                    assert_eq!(expected, read_with(&file, threads), "{name} {length}");
                }
            }
        }
    }
}

#[test]
fn what_is_compressed_is_not_fetched_in_blocks() {
    let file = Scratch::new(&gzip(&pcap(PCAP, &packets(10, 60))));
    let mut reader = reader(&file);
    assert!(reader.ahead().is_none());
    let (mut all, mut block) = (Vec::new(), Packets::default());
    while reader.read(&mut block) {
        all.extend(kept(&block));
    }
    assert_eq!(packets(10, 60), all);
}

/// As a rotating capture does: what is there is read, and the end is told.
#[test]
fn a_file_that_shrinks_meanwhile_ends_early() {
    let bytes = pcap(PCAP, &packets(20_000, 700));
    let file = Scratch::new(&bytes);
    let mut reader = reader(&file);
    let ahead = reader.ahead().unwrap();
    let (mut all, mut block) = (Vec::new(), Packets::default());
    assert!(reader.read(&mut block));
    all.extend(kept(&block));
    while ahead.fetch_one() {}
    assert!(!ahead.fetch_one(), "there is no room for more");
    let shorter = OpenOptions::new().write(true).open(&file.path).unwrap();
    shorter.set_len(1_000).unwrap();
    while reader.read(&mut block) {
        all.extend(kept(&block));
    }
    let expected = read(&bytes).packets;
    assert!(all.len() < expected.len());
    let whole = all.len() - 1;
    assert_eq!(expected[..whole], all[..whole]);
    assert_eq!(reader.damage()[0].code, DamageCode::CutPacket);
    assert!(!reader.read(&mut block), "the end is for good");
}
