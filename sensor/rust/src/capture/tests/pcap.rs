//! pcap in all its kinds.

use super::forge::{packets, pcap, PcapKind, ENDIANS, PCAP};
use super::{read, DamageCode};

#[test]
fn every_kind_gives_the_same_packets() {
    let expected = packets(40, 300);
    for endian in ENDIANS {
        for magic in [0xA1B2_C3D4, 0xA1B2_3C4D, 0xA1B2_CD34] {
            for version in [(2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (543, 0)] {
                let kind = PcapKind {
                    endian,
                    magic,
                    version,
                    ..PCAP
                };
                let reading = read(&pcap(kind, &expected));
                assert_eq!(
                    reading.packets, expected,
                    "{endian:?} {magic:x} {version:?}"
                );
                assert_eq!(reading.damage, []);
            }
        }
    }
}

#[test]
fn nanoseconds_are_kept() {
    let mut expected = packets(3, 60);
    for (index, packet) in expected.iter_mut().enumerate() {
        packet.time_ns += 1 + index as u64;
    }
    let kind = PcapKind {
        magic: 0xA1B2_3C4D,
        ..PCAP
    };
    assert_eq!(read(&pcap(kind, &expected)).packets, expected);
}

#[test]
fn version_2_3_has_the_lengths_in_either_order() {
    let expected = packets(20, 90);
    let mut written = pcap(
        PcapKind {
            version: (2, 2),
            ..PCAP
        },
        &expected,
    );
    written[6] = 3;
    assert_eq!(read(&written).packets, expected);
}

#[test]
fn the_length_of_a_check_sequence_is_no_part_of_the_link_type() {
    let kind = PcapKind {
        link: 0x4400_0071,
        ..PCAP
    };
    let reading = read(&pcap(kind, &packets(1, 60)));
    assert_eq!(reading.packets[0].link_type, 113);
    assert_eq!(reading.damage, []);
}

#[test]
fn odd_headers_are_noted_and_read() {
    let expected = packets(2, 60);
    for kind in [
        PcapKind {
            version: (2, 9),
            ..PCAP
        },
        PcapKind {
            link: 0x0010_0001,
            ..PCAP
        },
    ] {
        let reading = read(&pcap(kind, &expected));
        assert_eq!(reading.packets, expected);
        assert_eq!(reading.codes(), [DamageCode::BadHeader]);
    }
}

#[test]
fn an_absurd_length_stops_the_reading_where_it_stands() {
    let expected = packets(3, 60);
    let mut written = pcap(PCAP, &expected);
    let offset = written.len() as u64;
    written.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 16, 0, 1, 0, 16, 0]);
    written.extend([0; 2000]);
    let reading = read(&written);
    assert_eq!(reading.packets, expected);
    assert_eq!(reading.codes(), [DamageCode::BadPacketLength]);
    assert_eq!(reading.damage[0].offset, Some(offset));
    assert!(
        reading.damage[0].message.contains("1048577"),
        "{}",
        reading.damage[0].message
    );
}

#[test]
fn space_that_was_never_written_is_noted() {
    let expected = packets(3, 60);
    let mut written = pcap(PCAP, &expected);
    let offset = written.len() as u64;
    written.extend([0; 320]);
    let reading = read(&written);
    assert_eq!(reading.packets[..3], expected);
    assert_eq!(reading.codes(), [DamageCode::BlankPacket]);
    assert_eq!(
        (reading.damage[0].offset, reading.damage[0].times),
        (Some(offset), 20)
    );
}

#[test]
fn the_longest_packet_is_read() {
    let mut expected = packets(3, 60);
    expected[1].data = vec![7; 1 << 20];
    let reading = read(&pcap(PCAP, &expected));
    assert_eq!(reading.packets, expected);
    assert_eq!(reading.damage, []);
}

#[test]
fn a_fraction_of_more_than_a_second_is_noted() {
    let mut written = pcap(PCAP, &packets(1, 60));
    written[28..32].copy_from_slice(&1_500_000_u32.to_le_bytes());
    let reading = read(&written);
    assert_eq!(reading.packets[0].time_ns, 1_700_000_001_500_000_000);
    assert_eq!(reading.codes(), [DamageCode::BadTime]);
}
