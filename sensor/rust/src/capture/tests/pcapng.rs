//! pcapng: sections, interfaces, clocks and kinds of blocks.

use super::forge::{packets, pcapng, Endian, Pcapng, ENDIANS};
use super::{read, CaptureReader, DamageCode, Options};

const SECOND: u64 = 1_000_000_000;

#[test]
fn both_byte_orders_give_the_same_packets() {
    let expected = packets(40, 300);
    for endian in ENDIANS {
        let reading = read(&pcapng(endian, &expected));
        assert_eq!(reading.packets, expected, "{endian:?}");
        assert_eq!(reading.damage, []);
    }
}

#[test]
fn each_section_has_its_own_order_interfaces_and_clocks() {
    let file = Pcapng::new(Endian::Big)
        .interface(1, 0, &[(2, b"eth0"), (9, &[9])])
        .interface(101, 0, &[])
        .packet(1, 2, b"one", 3)
        .packet(0, 2, b"two", 4)
        .section(Endian::Little, 1234)
        .interface(113, 0, &[(9, &[3]), (2, b"any\0\0")])
        .packet(0, 2, b"three", 5);
    let reading = read(&file.bytes);
    let seen: Vec<_> = reading
        .packets
        .iter()
        .map(|packet| {
            (
                packet.link_type,
                packet.interface,
                packet.time_ns,
                &packet.data[..],
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (101, 1, 2_000, b"one".as_slice()),
            (1, 0, 2, b"two"),
            (113, 2, 2_000_000, b"three")
        ]
    );
    assert_eq!(reading.damage, []);

    let input = std::io::Cursor::new(file.bytes);
    let mut reader = CaptureReader::new(Box::new(input), Options::default());
    while reader.next_packet().is_some() {}
    let names: Vec<_> = (0..4).map(|index| reader.interface_name(index)).collect();
    assert_eq!(names, [Some("eth0"), None, Some("any"), None]);
}

#[test]
fn clocks_of_all_resolutions() {
    let offset = |seconds: i64| seconds.to_le_bytes();
    // Resolution, offset in seconds, ticks, expected nanoseconds.
    let cases: [(u8, i64, u64, u64); 12] = [
        (0, 0, 5, 5 * SECOND),
        (3, 0, 5, 5_000_000),
        (6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (6, 1_700_000_000, 7, 1_700_000_000_000_007_000),
        (6, -2, 3_000_000, SECOND),
        (9, 0, u64::MAX, u64::MAX),
        (12, 0, 1_999, 1),
        (19, 0, 10_000_000_000, 1),
        (0x80, 0, 3, 3 * SECOND),
        (0x81, 0, 3, 3 * SECOND / 2),
        (0x9E, 0, 3 << 29, 3 * SECOND / 2),
        (0xBF, 0, 1 << 63, SECOND),
    ];
    for (resolution, seconds, ticks, expected) in cases {
        let file = Pcapng::new(Endian::Little)
            .interface(1, 0, &[(9, &[resolution]), (14, &offset(seconds))])
            .packet(0, ticks, b"data", 4);
        let reading = read(&file.bytes);
        assert_eq!(
            reading.packets[0].time_ns, expected,
            "{resolution:#x} {seconds} {ticks}"
        );
        assert_eq!(reading.damage, []);
    }
}

#[test]
fn times_that_cannot_be_told_are_noted_once() {
    let cases = [
        (6_u8, 0_i64, u64::MAX, u64::MAX),
        (6, -5, 1_000_000, 0),
        (0, i64::MAX, 1, u64::MAX),
    ];
    for (resolution, seconds, ticks, expected) in cases {
        let file = Pcapng::new(Endian::Big)
            .interface(1, 0, &[(9, &[resolution]), (14, &seconds.to_be_bytes())])
            .packet(0, ticks, b"data", 4)
            .packet(0, ticks, b"data", 4);
        let reading = read(&file.bytes);
        assert_eq!(reading.packets[1].time_ns, expected);
        assert_eq!(
            (reading.codes(), reading.damage[0].times),
            (vec![DamageCode::BadTime], 2)
        );
    }
}

#[test]
fn simple_and_obsolete_packets() {
    let file = Pcapng::new(Endian::Little)
        .interface(1, 5, &[])
        .simple_packet(b"12345", 900)
        .old_packet(0, 77, b"old", 30)
        .simple_packet(b"123", 3);
    let reading = read(&file.bytes);
    let seen: Vec<_> = reading
        .packets
        .iter()
        .map(|packet| (&packet.data[..], packet.original_length, packet.time_ns))
        .collect();
    assert_eq!(
        seen,
        [
            (b"12345".as_slice(), 900, 0),
            (b"old", 30, 77_000),
            (b"123", 3, 77_000)
        ]
    );
    assert_eq!(reading.damage, []);
}

#[test]
fn blocks_of_other_kinds_are_passed_over() {
    let large = vec![9; 3 << 20];
    let file = Pcapng::new(Endian::Big)
        .block(10, b"secrets")
        .interface(1, 0, &[])
        .block(4, &[])
        .packet(0, 1, b"data", 4)
        .block(0xBAD, &large)
        .block(5, b"statistics")
        .packet(0, 2, b"more", 4);
    let reading = read(&file.bytes);
    assert_eq!(reading.packets.len(), 2);
    assert_eq!(reading.packets[1].data, b"more");
    assert_eq!(reading.damage, []);
}

#[test]
fn packets_of_interfaces_that_are_not_described_are_counted() {
    let file = Pcapng::new(Endian::Little)
        .simple_packet(b"data", 4)
        .interface(1, 0, &[])
        .packet(1, 1, b"data", 4)
        .packet(0, 1, b"good", 4)
        .section(Endian::Little, u64::MAX)
        .packet(0, 1, b"data", 4);
    let reading = read(&file.bytes);
    assert_eq!(reading.packets.len(), 1);
    assert_eq!(reading.packets[0].data, b"good");
    assert_eq!(
        (reading.codes(), reading.damage[0].times),
        (vec![DamageCode::UnknownInterface], 3)
    );
}

#[test]
fn one_slip_in_a_trailer_is_noted_and_two_in_a_row_stop() {
    let start = Pcapng::new(Endian::Little).interface(1, 0, &[]);
    let mut file = start.packet(0, 1, b"one!", 4);
    let slip = file.bytes.len() - 4;
    file.bytes[slip] ^= 1;
    let mut file = file.packet(0, 1, b"two!", 4);
    let reading = read(&file.bytes);
    assert_eq!(reading.packets.len(), 2);
    assert_eq!(reading.codes(), [DamageCode::BadBlock]);

    let slip = file.bytes.len() - 4;
    file.bytes[slip] ^= 1;
    let reading = read(&file.packet(0, 1, b"not!", 4).bytes);
    assert_eq!(reading.packets.len(), 1);
    assert_eq!(reading.damage[0].times, 2);
}

#[test]
fn blocks_whose_length_leaves_out_the_padding_are_read() {
    for padding in [0, 3] {
        let mut file = Pcapng::new(Endian::Little).interface(1, 0, &[]);
        let mut block = vec![6, 0, 0, 0, 37, 0, 0, 0];
        block.extend([0; 12]);
        block.extend([5, 0, 0, 0, 5, 0, 0, 0]);
        block.extend(b"12345");
        block.extend(vec![0; padding]);
        block.extend([37, 0, 0, 0]);
        file.bytes.extend(block);
        let reading = read(&file.packet(0, 1, b"next", 4).bytes);
        let seen: Vec<_> = reading
            .packets
            .iter()
            .map(|packet| &packet.data[..])
            .collect();
        assert_eq!(seen, [b"12345".as_slice(), b"next"], "{padding}");
        assert_eq!(reading.damage, []);
    }
}

#[test]
fn other_blocks_may_leave_out_the_padding_too() {
    for padding in [0, 1] {
        let mut file = Pcapng::new(Endian::Little).interface(1, 0, &[]);
        file.bytes.extend([99, 0, 0, 0, 15, 0, 0, 0, 1, 2, 3]);
        file.bytes.extend(vec![0; padding]);
        file.bytes.extend([15, 0, 0, 0]);
        let reading = read(&file.packet(0, 1, b"next", 4).bytes);
        assert_eq!(reading.packets[0].data, b"next", "{padding}");
        assert_eq!(reading.damage, []);
    }
}

#[test]
fn a_packet_is_never_longer_than_its_block() {
    let mut file = Pcapng::new(Endian::Little).interface(1, 0, &[]);
    let at = file.bytes.len() + 20;
    file = file.packet(0, 1, b"data", 4);
    file.bytes[at + 1] = 9;
    let reading = read(&file.packet(0, 1, b"next", 4).bytes);
    assert_eq!(reading.packets.len(), 2);
    assert!(reading.packets[0].data.starts_with(b"data") && reading.packets[0].data.len() < 60);
    assert_eq!(reading.codes(), [DamageCode::BadPacketLength]);
}

#[test]
fn lengths_that_cannot_be_stop_the_reading() {
    for (kind, length) in [
        (6_u32, 31_u32),
        (6, 1 << 24),
        (77, 8),
        (77, (1 << 24) + 4),
        (1, 12),
    ] {
        let mut file = Pcapng::new(Endian::Big)
            .interface(1, 0, &[])
            .packet(0, 1, b"data", 4);
        let offset = file.bytes.len() as u64;
        file.bytes.extend(kind.to_be_bytes());
        file.bytes.extend(length.to_be_bytes());
        file.bytes.extend([0; 100]);
        let reading = read(&file.bytes);
        assert_eq!(reading.packets.len(), 1);
        assert_eq!(reading.codes(), [DamageCode::BadBlock], "{kind} {length}");
        assert_eq!(reading.damage[0].offset, Some(offset));
    }
}

#[test]
fn interfaces_with_broken_options_are_kept() {
    for options in [
        &[0, 9, 0, 200][..],
        &[0, 9, 0, 2, 1, 1, 0, 0],
        &[0, 14, 0, 1, 1, 0, 0, 0],
    ] {
        let mut body = vec![0, 1, 0, 0, 0, 0, 0, 0];
        body.extend(options);
        let file = Pcapng::new(Endian::Big)
            .block(1, &body)
            .packet(0, 5, b"data", 4);
        let reading = read(&file.bytes);
        assert_eq!(reading.packets[0].time_ns, 5_000);
        assert_eq!(reading.codes(), [DamageCode::BadBlock]);
    }
}

#[test]
fn the_table_of_interfaces_is_bounded() {
    let start = Pcapng::new(Endian::Little);
    let file = (0..=65_536).fold(start, |file, _| file.interface(1, 0, &[]));
    let file = file
        .packet(65_535, 1, b"last", 4)
        .packet(65_536, 1, b"past", 4);
    let reading = read(&file.bytes);
    assert_eq!(reading.packets.len(), 1);
    assert_eq!(
        reading.codes(),
        [DamageCode::TooManyInterfaces, DamageCode::UnknownInterface]
    );
}
