//! Captures read as one: the packets of the whole, numbered over all; what is told of each by itself.

use std::collections::VecDeque;
use std::io::{self, Cursor};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::forge::{packets, pcap, pcapng, Endian, Pcapng, PCAP};
use super::packed::{gzip, lz4, zstd};
use super::{read, DamageCode, Input, Kept, Numbers, Options, Packets};
use crate::capture::{first_time_ns, Joined, Opener};

fn stream(bytes: Vec<u8>) -> Input {
    Input::Stream(Box::new(Cursor::new(bytes)))
}

fn opener(bytes: Vec<u8>) -> Opener {
    Box::new(|| Ok(stream(bytes)))
}

/// A reader of these files, and their packets, each with the name of its interface; numbers and places are looked at.
fn read_all(files: &[Vec<u8>]) -> (Joined, Vec<(Kept, Option<String>)>) {
    let openers = files.iter().cloned().map(opener).collect();
    let mut reader = Joined::new(openers, Options { sha256: true });
    let mut all = Vec::new();
    let mut block = Packets::default();
    while reader.read(&mut block) {
        let starts = reader.starts();
        assert_eq!(starts.len(), reader.place() + 1);
        for packet in block.iter() {
            assert!(packet.number > starts[reader.place()]);
            assert!(packet.interface < reader.interfaces());
            let kept = Kept {
                interface: 0,
                ..Kept::of(&packet)
            };
            let name = reader.interface_name(packet.interface);
            all.push((kept, name.map(str::to_owned)));
            assert_eq!(packet.number, all.len() as u64);
        }
        assert_eq!(reader.packets(), all.len() as u64);
    }
    assert!(!reader.read(&mut block), "the end is for good");
    assert!(block.is_empty());
    (reader, all)
}

#[test]
fn packets_of_parts_are_those_of_the_whole() {
    let whole = packets(400, 900);
    let mut numbers = Numbers(3);
    for _ in 0..3 {
        let (mut left, mut files, mut counts) = (whole.as_slice(), Vec::new(), Vec::new());
        while !left.is_empty() {
            let (now, later) = left.split_at(numbers.below(80).saturating_sub(20).min(left.len()));
            files.push(match numbers.below(5) {
                0 => pcap(PCAP, now),
                1 => gzip(&pcapng(Endian::Big, now)),
                2 => zstd(&pcap(PCAP, now)),
                3 => lz4(&pcapng(Endian::Little, now)),
                _ => pcapng(Endian::Big, now),
            });
            counts.push(now.len() as u64);
            left = later;
        }
        assert!(files.len() > 5 && counts.contains(&0), "{counts:?}");
        let (reader, all) = read_all(&files);
        let kept: Vec<_> = all.into_iter().map(|(kept, _)| kept).collect();
        assert_eq!(kept, whole);
        let parts = reader.parts();
        let told: Vec<_> = parts.iter().map(|part| part.packets).collect();
        assert_eq!(told, counts);
        assert!(parts.iter().all(|part| part.damage.is_empty()));
        let stored: usize = files.iter().map(Vec::len).sum();
        assert_eq!(reader.stored_bytes_read(), stored as u64);
        let sums = counts.iter().scan(0, |sum, count| {
            let before = *sum;
            *sum += count;
            Some(before)
        });
        assert_eq!(*reader.starts(), sums.collect::<Vec<_>>());
    }
}

#[test]
fn damage_and_hash_are_told_of_each() {
    let some = packets(3, 50);
    let whole = pcap(PCAP, &some);
    let cut = whole[..whole.len() - 1].to_vec();
    let files = [
        whole.clone(),
        b"no capture".to_vec(),
        Vec::new(),
        cut,
        whole,
    ];
    let (reader, all) = read_all(&files);
    assert_eq!(all.len(), 9);
    let parts = reader.parts();
    assert_eq!(parts.len(), files.len());
    for (part, file) in parts.iter().zip(&files) {
        assert_eq!(part.damage, read(file).damage);
        assert_eq!(part.sha256, Some(Sha256::digest(file).into()));
    }
    assert_eq!(parts[2].damage[0].code, DamageCode::Empty);
}

#[test]
fn what_cannot_be_opened_is_told_and_the_rest_is_read() {
    let file = pcap(PCAP, &packets(2, 50));
    let gone = || -> Opener { Box::new(|| Err(io::Error::from_raw_os_error(2))) };
    let openers = vec![gone(), opener(file.clone()), gone(), opener(file), gone()];
    let mut reader = Joined::new(openers, Options { sha256: true });
    let mut count = 0;
    let mut block = Packets::default();
    while reader.read(&mut block) {
        count += block.len();
    }
    assert_eq!(count, 4);
    let parts = reader.parts();
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 1 {
            assert_eq!((part.damage.len(), part.packets), (0, 2));
            continue;
        }
        let [damage] = part.damage.as_slice() else {
            panic!("{:?}", part.damage)
        };
        assert_eq!(damage.code, DamageCode::CannotOpen);
        assert_eq!(damage.message, "No such file or directory");
        assert_eq!((part.packets, part.sha256), (0, None));
    }
}

#[test]
fn one_file_is_open_at_a_time() {
    /// Counts how many there are.
    struct Counted(Cursor<Vec<u8>>, Arc<AtomicUsize>);
    impl io::Read for Counted {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0.read(out)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let open = Arc::new(AtomicUsize::new(0));
    let one = |_| -> Opener {
        let (open, file) = (Arc::clone(&open), pcap(PCAP, &packets(2, 50)));
        Box::new(move || {
            open.fetch_add(1, Ordering::SeqCst);
            Ok(Input::Stream(Box::new(Counted(Cursor::new(file), open))))
        })
    };
    let mut reader = Joined::new((0..50).map(one).collect(), Options::default());
    let mut block = Packets::default();
    while reader.read(&mut block) {
        assert_eq!(open.load(Ordering::SeqCst), 1);
    }
    assert_eq!(reader.packets(), 100);
}

/// A pcapng file with a packet on each of its interfaces.
fn on(names: &[Option<&str>]) -> Vec<u8> {
    let file = names.iter().fold(Pcapng::new(Endian::Big), |file, name| {
        let option = name.map(|name| (2, name.as_bytes()));
        file.interface(1, 0, option.as_slice())
    });
    let numbered = (0..).zip(names);
    numbered
        .fold(file, |file, (number, _)| file.packet(number, 9, b"x", 1))
        .bytes
}

#[test]
fn interfaces_are_those_of_their_files() {
    let files: [&[Option<&str>]; 4] = [
        &[Some("eth0"), Some("eth1")],
        &[Some("eth1"), None, Some("lo")],
        &[Some("lo"), Some("eth0"), Some("lo")],
        &[None],
    ];
    let mut written: VecDeque<_> = files.iter().map(|names| on(names)).collect();
    written.push_front(pcap(PCAP, &packets(2, 9)));
    written.insert(2, pcap(PCAP, &packets(1, 9)));
    let (reader, all) = read_all(written.make_contiguous());
    let names: Vec<_> = all.iter().map(|(_, name)| name.as_deref()).collect();
    let mut expected = vec![None, None];
    expected.extend(files[0]);
    expected.push(None);
    expected.extend(files[1..].iter().copied().flatten());
    assert_eq!(names, expected);
    assert_eq!(reader.interfaces(), 4, "three names, and no name");
}

#[test]
fn names_of_interfaces_are_bounded() {
    let names: Vec<Vec<_>> = (0..70)
        .map(|file| (0..1000).map(|at| format!("{file}.{at}")).collect())
        .collect();
    let files: Vec<_> = names
        .iter()
        .map(|names| {
            let names: Vec<_> = names.iter().map(|name: &String| Some(&**name)).collect();
            on(&names)
        })
        .collect();
    let (reader, all) = read_all(&files);
    assert_eq!(reader.interfaces(), 65_536);
    for ((_, name), expected) in all.iter().zip(names.iter().flatten()).take(65_535) {
        assert_eq!(name.as_ref(), Some(expected));
    }
    assert!(all[65_535..].iter().all(|(_, name)| name.is_none()));
}

#[test]
fn no_capture_at_all() {
    let mut reader = Joined::new(Vec::new(), Options::default());
    assert!(!reader.read(&mut Packets::default()));
    assert_eq!(reader.parts()[0].damage[0].code, DamageCode::Empty);
}

#[test]
fn the_first_time() {
    let some = packets(3, 50);
    let time = |bytes: Vec<u8>| first_time_ns(stream(bytes));
    assert_eq!(time(pcap(PCAP, &some)), Some(some[0].time_ns));
    assert_eq!(
        time(zstd(&pcapng(Endian::Big, &some[1..]))),
        Some(some[1].time_ns)
    );
    for none in [pcap(PCAP, &[]), Vec::new(), b"no capture".to_vec()] {
        assert_eq!(time(none), None);
    }
    let simple = Pcapng::new(Endian::Big)
        .interface(1, 0, &[])
        .simple_packet(b"x", 1);
    assert_eq!(time(simple.bytes), None);
}
