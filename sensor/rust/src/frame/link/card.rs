//! What capturing cards put before a frame of Ethernet or of a serial line.

use super::{ethernet, ppp, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_ERF (Endace): time, kind, flags, lengths; headers of eight bytes that say whether one more follows.
pub(super) fn endace<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const MORE: u8 = 0x80;
    const SERIAL: [u8; 4] = [1, 10, 15, 19];
    const ETHERNET: [u8; 4] = [2, 11, 16, 20];
    const IP: [u8; 2] = [22, 23];
    let header = reader.take(16).ok_or(Skip::Malformed)?;
    let first = *header.get(8).ok_or(Skip::Malformed)?;
    let mut more = first & MORE != 0;
    while more {
        let extension = reader.take(8).ok_or(Skip::Malformed)?;
        more = extension.first().is_some_and(|byte| byte & MORE != 0);
    }
    match first & !MORE {
        kind if SERIAL.contains(&kind) => ppp::serial(reader, wrapping),
        kind if IP.contains(&kind) => Ok(reader.rest()),
        kind if ETHERNET.contains(&kind) => {
            // Offset and padding.
            reader.u16().ok_or(Skip::Malformed)?;
            ethernet::frame(reader, wrapping)
        }
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_NETANALYZER (Hilscher): error, flags and version, port and length.
pub(super) fn net_analyzer<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    net_analyzer_header(reader)?;
    ethernet::frame(reader, wrapping)
}

/// LINKTYPE_NETANALYZER_TRANSPARENT: the preamble of the frame, too, in whatever length it came.
pub(super) fn net_analyzer_transparent<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const PREAMBLE: u8 = 0x55;
    const START: u8 = 0xd5;
    net_analyzer_header(reader)?;
    loop {
        match reader.u8().ok_or(Skip::Malformed)? {
            PREAMBLE => {}
            START => return ethernet::frame(reader, wrapping),
            _ => return Err(Skip::Malformed),
        }
    }
}

fn net_analyzer_header(reader: &mut Reader<'_>) -> Result<(), Skip> {
    /// An input that is no network.
    const IS_EVENT: u8 = 0x01;
    let header = reader.take(4).ok_or(Skip::Malformed)?;
    match header.get(1) {
        Some(flags) if flags & IS_EVENT == 0 => Ok(()),
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_EPON: the preamble of a passive optical network (IEEE 802.3 65.1.3.2), from its start delimiter or one byte
/// before: delimiter, constant, security, logical link, check.
pub(super) fn optical<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const BEFORE: u8 = 0x55;
    const DELIMITER: u8 = 0xd5;
    /// As CableLabs' DPoE uses that byte; 0x55 where nothing is.
    const ENCRYPTED: u8 = 0x02;
    if reader.rest().first() == Some(&BEFORE) {
        reader.u8();
    }
    let preamble = reader.take(6).ok_or(Skip::Malformed)?;
    match preamble {
        [DELIMITER, BEFORE, security, ..] if security & ENCRYPTED != 0 => Err(Skip::Encrypted),
        [DELIMITER, BEFORE, ..] => ethernet::frame(reader, wrapping),
        _ => Err(Skip::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{EPON, ERF, NET_ANALYZER, NET_ANALYZER_TRANSPARENT};
    use super::*;

    fn frame_behind(header: &[u8]) -> Vec<u8> {
        [header, &[2; 12], &[0x08, 0, 0x45, 9]].concat()
    }

    fn record(kind: u8) -> [u8; 16] {
        let mut header = [7; 16];
        header[8] = kind;
        header
    }

    #[test]
    fn records_of_endace() {
        for kind in [2, 11, 16, 20] {
            let frame = frame_behind(&[&record(kind)[..], &[0, 0]].concat());
            holds(ERF, &frame, &[0x45, 9], &[]);
            let extended = [&record(kind | 0x80)[..], &[0x81; 8], &[1; 8], &[0, 0]].concat();
            holds(ERF, &frame_behind(&extended), &[0x45, 9], &[]);
        }
        for kind in [1, 10, 15, 19] {
            for header in [&[0x0f, 0, 0x08, 0][..], &[0xff, 3, 0, 0x21]] {
                let frame = [&record(kind)[..], header, &[0x45]].concat();
                holds(ERF, &frame, &[0x45], &[]);
            }
        }
        holds(ERF, &[&record(22)[..], &[0x45]].concat(), &[0x45], &[]);
        // Cells of ATM, and metadata.
        for kind in [3, 27] {
            assert_eq!(Err(Skip::NotIp), strip(ERF, &frame_behind(&record(kind))));
        }
        let endless = [&record(0x82)[..], &[0x80; 64]].concat();
        assert_eq!(Err(Skip::Malformed), strip(ERF, &endless));
    }

    #[test]
    fn frames_of_a_net_analyzer_with_and_without_preamble() {
        holds(NET_ANALYZER, &frame_behind(&[0, 4, 0, 0]), &[0x45, 9], &[]);
        for size in [0, 5, 7, 9] {
            let header = [&[0, 6, 0, 0][..], &vec![0x55; size], &[0xd5]].concat();
            holds(
                NET_ANALYZER_TRANSPARENT,
                &frame_behind(&header),
                &[0x45, 9],
                &[],
            );
        }
        let header = [0, 6, 0, 0, 0x55, 0x54];
        let frame = frame_behind(&header);
        assert_eq!(
            Err(Skip::Malformed),
            strip(NET_ANALYZER_TRANSPARENT, &frame)
        );
        let event = frame_behind(&[0, 5, 0, 0]);
        assert_eq!(Err(Skip::NotIp), strip(NET_ANALYZER, &event));
    }

    #[test]
    fn frames_of_an_optical_network() {
        let preamble = [0xd5, 0x55, 0x55, 0, 1, 0x9c];
        holds(EPON, &frame_behind(&preamble), &[0x45, 9], &[]);
        let longer = [&[0x55][..], &preamble].concat();
        holds(EPON, &frame_behind(&longer), &[0x45, 9], &[]);
        let encrypted = frame_behind(&[0xd5, 0x55, 0x57, 0, 1, 0x9c]);
        assert_eq!(Err(Skip::Encrypted), strip(EPON, &encrypted));
        assert_eq!(Err(Skip::Malformed), strip(EPON, &frame_behind(&[])));
    }
}
