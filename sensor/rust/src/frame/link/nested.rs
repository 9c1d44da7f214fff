//! Headers that name the link type of the frame behind them: PPI, Apple's PKTAP, TZSP.

use super::{network_packet, Skip, Wrapping};
use super::{AVS, ETHERNET, IEEE802_11, PKTAP, PPI, PRISM, TZSP};
use crate::bytes::Reader;

/// LINKTYPE_PPI.
pub(super) fn per_packet<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    packet(PPI, reader, wrapping)
}

/// LINKTYPE_PKTAP.
pub(super) fn apple<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    packet(PKTAP, reader, wrapping)
}

/// LINKTYPE_TZSP.
pub(super) fn tazmen<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    packet(TZSP, reader, wrapping)
}

fn packet<'a>(
    link_type: u16,
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let (link_type, frame) = inside(link_type, reader.rest()).ok_or(Skip::NotIp)??;
    network_packet(link_type, frame, wrapping)
}

/// Link type and frame behind such a header; `None` where nothing is nested.
pub(super) fn inside(link_type: u16, bytes: &[u8]) -> Option<Result<(u16, &[u8]), Skip>> {
    let inside = match link_type {
        PPI => inside_per_packet(bytes),
        PKTAP => inside_apple(bytes),
        TZSP => inside_tazmen(bytes),
        _ => return None,
    };
    Some(inside.and_then(|(link_type, frame)| match link_type {
        // In each other they would never end.
        PPI | PKTAP | TZSP => Err(Skip::Malformed),
        _ => Ok((link_type, frame)),
    }))
}

/// Version, flags, length, link type, all little-endian.
fn inside_per_packet(bytes: &[u8]) -> Result<(u16, &[u8]), Skip> {
    let length = bytes.get(2..4).and_then(|field| field.try_into().ok());
    let length = length.map(|field| usize::from(u16::from_le_bytes(field)));
    let frame = length
        .filter(|&length| length >= 8)
        .and_then(|length| bytes.get(length..));
    let link_type = little_endian(bytes, 4).and_then(|link| u16::try_from(link).ok());
    link_type.zip(frame).ok_or(Skip::Malformed)
}

/// Length, kind of record, link type as Darwin numbers it, and the process that spoke; little-endian, as all machines
/// are that write it.
fn inside_apple(bytes: &[u8]) -> Result<(u16, &[u8]), Skip> {
    const SHORTEST: usize = 108;
    const PACKET: u32 = 1;
    let length = little_endian(bytes, 0).and_then(|length| usize::try_from(length).ok());
    let frame = length
        .filter(|&length| length >= SHORTEST)
        .and_then(|length| bytes.get(length..))
        .ok_or(Skip::Malformed)?;
    if little_endian(bytes, 4) != Some(PACKET) {
        return Err(Skip::NotIp);
    }
    let link_type = little_endian(bytes, 8).and_then(|link| u16::try_from(link).ok());
    Ok((link_type.ok_or(Skip::UnknownLink)?, frame))
}

/// Version, kind, what is encapsulated; then fields to the one that says the end.
fn inside_tazmen(bytes: &[u8]) -> Result<(u16, &[u8]), Skip> {
    const VERSION: u8 = 1;
    const RECEIVED: u8 = 0;
    const TO_BE_SENT: u8 = 1;
    const PADDING: u8 = 0;
    const END: u8 = 1;
    let mut reader = Reader::new(bytes);
    let version = reader.u8().ok_or(Skip::Malformed)?;
    let kind = reader.u8().ok_or(Skip::Malformed)?;
    let link_type = match reader.u16().ok_or(Skip::Malformed)? {
        1 => ETHERNET,
        18 => IEEE802_11,
        119 => PRISM,
        127 => AVS,
        _ => return Err(Skip::UnknownLink),
    };
    if version != VERSION {
        return Err(Skip::Malformed);
    }
    if !matches!(kind, RECEIVED | TO_BE_SENT) {
        return Err(Skip::NotIp);
    }
    loop {
        match reader.u8().ok_or(Skip::Malformed)? {
            PADDING => {}
            END => return Ok((link_type, reader.rest())),
            _ => {
                reader.vector8().ok_or(Skip::Malformed)?;
            }
        }
    }
}

fn little_endian(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(field))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::*;

    /// An Ethernet frame.
    fn frame() -> Vec<u8> {
        [&[2; 12][..], &[0x08, 0, 0x45, 9]].concat()
    }

    fn apple_header(length: u32, record: u32, link: u32) -> Vec<u8> {
        let mut header = [length, record, link].map(u32::to_le_bytes).concat();
        header.resize(usize::try_from(length).unwrap(), 7);
        header
    }

    #[test]
    fn the_frame_behind_each_header_is_read() {
        let ppi = [&[0, 0, 12, 0, 1, 0, 0, 0, 1, 2, 3, 4][..], &frame()].concat();
        holds(PPI, &ppi, &[0x45, 9], &[]);
        for length in [108, 156] {
            let apple = [&apple_header(length, 1, 1), &frame()[..]].concat();
            holds(PKTAP, &apple, &[0x45, 9], &[]);
        }
        // Of a tunnel.
        let apple = [&apple_header(108, 1, 12), &[0x60][..]].concat();
        holds(PKTAP, &apple, &[0x60], &[]);
        for header in [
            &[1, 0, 0, 1, 1][..],
            &[1, 1, 0, 1, 0, 0, 1],
            &[1, 0, 0, 1, 10, 1, 200, 0, 13, 4, 0, 0, 0, 1, 1],
        ] {
            holds(TZSP, &[header, &frame()].concat(), &[0x45, 9], &[]);
        }
    }

    #[test]
    fn nested_in_each_other_they_are_malformed() {
        for link in [PPI, PKTAP, TZSP] {
            let inner = u8::try_from(link & 0xff).unwrap();
            let outer = [0, 0, 8, 0, inner, u8::try_from(link >> 8).unwrap(), 0, 0];
            let ppi = [&outer[..], &frame()].concat();
            assert_eq!(Err(Skip::Malformed), strip(PPI, &ppi));
            let apple = [&apple_header(108, 1, u32::from(link)), &frame()[..]].concat();
            assert_eq!(Err(Skip::Malformed), strip(PKTAP, &apple));
        }
    }

    #[test]
    fn what_holds_no_frame_is_told() {
        let event = [&apple_header(108, 0, 1), &frame()[..]].concat();
        assert_eq!(Err(Skip::NotIp), strip(PKTAP, &event));
        let unknown = [&apple_header(108, 1, 70_000), &frame()[..]].concat();
        assert_eq!(Err(Skip::UnknownLink), strip(PKTAP, &unknown));
        let short = [&apple_header(107, 1, 1), &frame()[..]].concat();
        assert_eq!(Err(Skip::Malformed), strip(PKTAP, &short));
        // Kept alive; an unknown encapsulation; no end; a newer version.
        let keep_alive = [&[1, 4, 0, 1, 1][..], &frame()].concat();
        assert_eq!(Err(Skip::NotIp), strip(TZSP, &keep_alive));
        assert_eq!(Err(Skip::UnknownLink), strip(TZSP, &[1, 0, 0, 9, 1, 0x45]));
        assert_eq!(Err(Skip::Malformed), strip(TZSP, &[1, 0, 0, 1, 10, 3, 1]));
        assert_eq!(Err(Skip::Malformed), strip(TZSP, &[2, 0, 0, 1, 1, 0x45]));
        for bytes in [&[0, 0, 9, 0, 1, 0, 0, 0][..], &[0, 0, 7, 0, 1, 0, 0, 0, 9]] {
            assert_eq!(Err(Skip::Malformed), strip(PPI, bytes));
        }
    }
}
