//! pcapng: sections, interfaces, clocks and kinds of blocks.

use super::forge::{packets, pcapng, Endian, Pcapng, ENDIANS};
use super::{read, read_through, CaptureReader, DamageCode, Input, Options};

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
    let mut reader = CaptureReader::new(Input::Stream(Box::new(input)), Options::default());
    read_through(&mut reader);
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

/// Each block type that the specification and its registry name, with a body as it says, written out by hand;
/// tshark 4.0 and capinfos read the same packets, times, name, filter and offset from them.
#[test]
fn every_registered_block_is_read_or_passed_over() {
    let hex = |text: &str| -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits
            .chunks(2)
            .map(|two| std::str::from_utf8(two).unwrap());
        pairs
            .map(|two| u8::from_str_radix(two, 16).unwrap())
            .collect()
    };
    // Section header of unknown length, with hardware, operating system, application.
    let mut file = hex(
        "0A0D0D0A 3C000000 4D3C2B1A 0100 0000 FFFFFFFFFFFFFFFF 0200 0300 61726D00 0300 0500 4C696E7578000000
         0400 0400 68616E64 0000 0000 3C000000",
    );
    // Interface: Ethernet, name, description, IPv4, MAC, speed, resolution 10^-9, filter, system, frame check sequence of
    // 4 bytes, offset of 1 s.
    let interface = hex(
        "01000000 78000000 0100 0000 00000400 0200 0400 65746830 0300 0100 78000000 0400 0800 0A000001FFFFFF00
         0600 0600 0200000000010000 0800 0800 00CA9A3B00000000 0900 0100 09000000 0B00 0400 00746370
         0C00 0200 4F530000 0D00 0100 04000000 0E00 0800 0100000000000000 0000 0000 78000000",
    );
    file.extend(interface);
    for block in [
        // Name resolution: 10.0.0.1 is "a", then the end.
        "04000000 1C000000 0100 0600 0A00000161000000 0000 0000 1C000000",
        // Interface statistics: packets received.
        "05000000 24000000 00000000 00000000 00000000 0400 0800 0500000000000000 24000000",
        // Journal entry of systemd.
        "09000000 24000000 5F5F5245414C54494D455F54494D455354414D503D310A00 24000000",
        // Decryption secrets: an empty key log.
        "0A000000 14000000 4C534B54 00000000 14000000",
        // Custom blocks, to be copied and not, of the enterprise 32473; then a block for local use.
        "AD0B0000 10000000 D97E0000 10000000",
        "AD0B0040 10000000 D97E0000 10000000",
        "01000080 0C000000 0C000000",
        // Enhanced packet: inbound with a check sequence, a hash, packets dropped, and a comment.
        "06000000 4C000000 00000000 00000000 02000000 04000000 04000000 DEADBEEF
         0200 0400 81000000 0300 0500 0201020304000000 0400 0800 0000000000000000 0100 0100 78000000 4C000000",
        // Simple packet.
        "03000000 14000000 04000000 CAFEF00D 14000000",
        // Packet (obsolete): interface 0, 7 drops.
        "02000000 24000000 0000 0700 00000000 03000000 04000000 04000000 0BADF00D 24000000",
    ] {
        file.extend(hex(block));
    }
    let reading = read(&file);
    assert_eq!(reading.damage, []);
    let seen: Vec<_> = reading
        .packets
        .iter()
        .map(|one| (one.time_ns, hex_of(&one.data)))
        .collect();
    let expected = [
        (SECOND + 2, "deadbeef"),
        (SECOND + 2, "cafef00d"),
        (SECOND + 3, "0badf00d"),
    ];
    assert_eq!(seen, expected.map(|(time, data)| (time, data.to_owned())));
}

fn hex_of(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
