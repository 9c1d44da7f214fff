//! The same packets however the bytes arrive; no length and no flip of a capture is a panic.

use super::forge::{packets, pcap, pcapng, Endian, PcapKind, ENDIANS, PCAP};
use super::{read, read_from, DamageCode, Kept, Numbers, Pieces, Reading};

/// Each packet is one of the expected ones; only the last may be shorter.
fn is_prefix(reading: &Reading, expected: &[Kept]) -> bool {
    let Some((last, whole)) = reading.packets.split_last() else {
        return true;
    };
    let Some(same) = expected.get(whole.len()) else {
        return false;
    };
    let cut = Kept {
        data: last.data.clone(),
        ..same.clone()
    };
    whole == &expected[..whole.len()] && *last == cut && same.data.starts_with(&last.data)
}

#[test]
fn pieces_of_any_size_give_the_same_packets() {
    let expected = packets(300, 3000);
    for capture in [pcap(PCAP, &expected), pcapng(Endian::Little, &expected)] {
        let whole = read_from(std::io::Cursor::new(capture.clone()), true);
        assert_eq!(whole.packets, expected);
        for largest in [1, 2, 13, 1000, 70_000, 1_000_000] {
            assert_eq!(
                read_from(Pieces::new(&capture, largest), true),
                whole,
                "{largest}"
            );
        }
    }
}

#[test]
fn packets_that_straddle_blocks_and_outgrow_them() {
    let mut expected = packets(4000, 1500);
    for (index, length) in [
        (100, 600_000),
        (101, 262_144),
        (2000, 1_048_576),
        (3999, 300_000),
    ] {
        expected[index].data = (0..length).map(|byte: u32| (byte % 251) as u8).collect();
    }
    for capture in [pcap(PCAP, &expected), pcapng(Endian::Big, &expected)] {
        assert!(capture.len() > 4_000_000);
        assert_eq!(read(&capture).packets, expected);
        assert_eq!(
            read_from(Pieces::new(&capture, 100_000), false).packets,
            expected
        );
    }
}

#[test]
fn cut_at_every_length() {
    let expected = packets(6, 40);
    let captures = ENDIANS.into_iter().flat_map(|endian| {
        [
            pcap(PcapKind { endian, ..PCAP }, &expected),
            pcapng(endian, &expected),
        ]
    });
    for capture in captures {
        let mut undamaged = 0;
        for length in 0..=capture.len() {
            let reading = read(&capture[..length]);
            assert!(is_prefix(&reading, &expected), "{length}");
            let codes = reading.codes();
            assert!(codes.len() <= 1, "{length} {codes:?}");
            match codes.first() {
                None => undamaged += 1,
                Some(DamageCode::Empty) => assert_eq!(length, 0),
                Some(code) => assert!(
                    matches!(
                        code,
                        DamageCode::CutHeader | DamageCode::CutPacket | DamageCode::CutBlock
                    ),
                    "{length} {code}"
                ),
            }
        }
        // Only between records or blocks is a cut no damage: 6 packets, and the headers before them.
        assert!(matches!(undamaged, 7 | 8), "{undamaged}");
        assert_eq!(read(&capture).packets, expected);
    }
}

#[test]
fn a_cut_packet_is_delivered_as_far_as_it_goes() {
    let expected = packets(3, 60);
    for capture in [pcap(PCAP, &expected), pcapng(Endian::Little, &expected)] {
        let full = read(&capture[..capture.len() - 1]);
        assert_eq!(full.codes(), [DamageCode::CutPacket]);
        assert_eq!(full.packets.len(), 3);
        assert!(is_prefix(&full, &expected));
        let offset = usize::try_from(full.damage[0].offset.unwrap()).unwrap();
        assert_eq!(read(&capture[..offset]).packets, expected[..2]);
    }
}

#[test]
fn no_flip_is_a_panic_and_the_damage_is_bounded() {
    let expected = packets(60, 80);
    let mut numbers = Numbers(7);
    for capture in [pcap(PCAP, &expected), pcapng(Endian::Big, &expected)] {
        for _ in 0..3000 {
            let mut broken = capture.clone();
            for _ in 0..=numbers.below(6) {
                let at = numbers.below(broken.len());
                broken[at] = numbers.below(256) as u8;
            }
            let reading = read(&broken);
            assert!(reading.damage.len() <= DamageCode::ALL.len());
            let bytes: usize = reading.packets.iter().map(|packet| packet.data.len()).sum();
            assert!(bytes <= broken.len());
        }
    }
}

#[test]
fn random_bytes_behind_a_header_are_no_panic() {
    let mut numbers = Numbers(11);
    for start in [pcap(PCAP, &[]), pcapng(Endian::Little, &[])] {
        for _ in 0..2000 {
            let mut capture = start.clone();
            let length = numbers.below(400);
            // Small numbers make for lengths that can be.
            capture.extend((0..length).map(|_| numbers.below(9) as u8));
            read(&capture);
        }
    }
}
