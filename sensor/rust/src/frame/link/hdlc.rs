//! Serial lines that say an `EtherType`: Cisco's HDLC (RFC 1547 4.3.1), Frame Relay (RFC 2427), one or several lines at once.

use super::{ethernet, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_C_HDLC: address, control, `EtherType`.
pub(super) fn cisco<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u16().ok_or(Skip::Malformed)?;
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    ethernet::payload(ethertype, reader, wrapping)
}

/// LINKTYPE_C_HDLC_WITH_DIR: a byte says who sent it.
pub(super) fn cisco_with_direction<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u8().ok_or(Skip::Malformed)?;
    cisco(reader, wrapping)
}

/// LINKTYPE_FRELAY_WITH_DIR: a byte says who sent it.
pub(super) fn frame_relay_with_direction<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u8().ok_or(Skip::Malformed)?;
    frame_relay(reader, wrapping)
}

/// LINKTYPE_MFR: Frame Relay over several lines (FRF.16). Of a frame in parts no part is read.
pub(super) fn multilink<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    /// First part, last part, control of the line.
    const PARTS: u8 = 0xe0;
    const WHOLE: u8 = 0xc0;
    let first = reader.u8().ok_or(Skip::Malformed)?;
    reader.u8().ok_or(Skip::Malformed)?;
    match first & PARTS {
        WHOLE => frame_relay(reader, wrapping),
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_FRELAY: an address whose last byte is odd, then the control byte and padding of Q.922 and a network layer
/// protocol id, or, as Cisco does it, an `EtherType`.
pub(super) fn frame_relay<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const LONGEST_ADDRESS: usize = 4;
    const UNNUMBERED: u8 = 0x03;
    const PADDING: u8 = 0;
    for at in 0.. {
        let byte = reader.u8().ok_or(Skip::Malformed)?;
        if byte & 1 == 1 {
            break;
        }
        if at == LONGEST_ADDRESS {
            return Err(Skip::Malformed);
        }
    }
    if reader.rest().first() != Some(&UNNUMBERED) {
        let ethertype = reader.u16().ok_or(Skip::Malformed)?;
        return ethernet::payload(ethertype, reader, wrapping);
    }
    reader.u8();
    let mut protocol = reader.u8().ok_or(Skip::Malformed)?;
    if protocol == PADDING {
        protocol = reader.u8().ok_or(Skip::Malformed)?;
    }
    by_protocol_id(protocol, reader, wrapping)
}

fn by_protocol_id<'a>(
    protocol: u8,
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const SNAP: u8 = 0x80;
    const IPV4: u8 = 0xcc;
    const IPV6: u8 = 0x8e;
    match protocol {
        IPV4 | IPV6 => Ok(reader.rest()),
        SNAP => {
            let organisation = reader.take(3).ok_or(Skip::Malformed)?;
            let ethertype = reader.u16().ok_or(Skip::Malformed)?;
            match organisation {
                [0, 0, 0] => ethernet::payload(ethertype, reader, wrapping),
                // Bridged Ethernet, with and without its check sequence (RFC 2427 4.2).
                [0x00, 0x80, 0xc2] if matches!(ethertype, 1 | 7) => {
                    ethernet::frame(reader, wrapping)
                }
                _ => Err(Skip::NotIp),
            }
        }
        _ => Err(Skip::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{
        CISCO_HDLC, CISCO_HDLC_WITH_DIRECTION, FRAME_RELAY, FRAME_RELAY_WITH_DIRECTION, MFR,
    };
    use super::*;

    #[test]
    fn cisco_framing_says_an_ethertype() {
        holds(CISCO_HDLC, &[0x0f, 0, 0x08, 0, 0x45], &[0x45], &[]);
        holds(CISCO_HDLC, &[0x8f, 0, 0x86, 0xdd, 0x60], &[0x60], &[]);
        holds(
            CISCO_HDLC_WITH_DIRECTION,
            &[1, 0x0f, 0, 0x08, 0, 0x45],
            &[0x45],
            &[],
        );
        // Cisco's own keepalive (SLARP).
        assert_eq!(
            Err(Skip::NotIp),
            strip(CISCO_HDLC, &[0x8f, 0, 0x80, 0x35, 0])
        );
    }

    #[test]
    fn frame_relay_in_all_its_forms() {
        for header in [
            &[0x18, 0x41, 3, 0xcc][..],
            &[0x18, 0x40, 0x01, 3, 0xcc],
            &[0x18, 0x41, 0x08, 0],
            &[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 0x08, 0],
            &[
                0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8,
                0,
            ],
        ] {
            let frame = [header, &[0x45, 9]].concat();
            holds(FRAME_RELAY, &frame, &[0x45, 9], &[]);
            let frame = [&[1], &frame[..]].concat();
            holds(FRAME_RELAY_WITH_DIRECTION, &frame, &[0x45, 9], &[]);
            let whole = [&[0xc1, 7], &frame[1..]].concat();
            holds(MFR, &whole, &[0x45, 9], &[]);
            // The first part, the last, one between, and "hello".
            for part in [0x81, 0x41, 0x01, 0xe1] {
                let part = [&[part, 7], &frame[1..]].concat();
                assert_eq!(Err(Skip::NotIp), strip(MFR, &part));
            }
        }
        assert_eq!(Err(Skip::Malformed), strip(FRAME_RELAY, &[2; 40]));
        // The management of the line (Q.933).
        assert_eq!(Err(Skip::NotIp), strip(FRAME_RELAY, &[0, 1, 3, 8, 0, 0x75]));
    }
}
