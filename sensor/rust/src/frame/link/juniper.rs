//! What Juniper's routers write: a header of their own, perhaps a cookie of the card, then the frame.

use super::{atm, ethernet, hdlc, ppp, Skip, Wrapping};
use crate::bytes::Reader;

/// "MGC". Releases before it was there are not read.
const MAGIC: u32 = 0x004d_4743;
const RECEIVED: u8 = 0x01;
/// The link layer is left out.
const WITHOUT_LINK: u8 = 0x02;
const HAS_EXTENSIONS: u8 = 0x80;

/// LINKTYPE_JUNIPER_ETHER and LINKTYPE_JUNIPER_PPPOE.
pub(super) fn ethernet<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match header(reader)? & WITHOUT_LINK {
        0 => ethernet::frame(reader, wrapping),
        _ => without_link(reader),
    }
}

/// LINKTYPE_JUNIPER_PPP.
pub(super) fn ppp<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    match header(reader)? & WITHOUT_LINK {
        0 => ppp::packet(reader, wrapping),
        _ => without_link(reader),
    }
}

/// LINKTYPE_JUNIPER_CHDLC.
pub(super) fn cisco<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match header(reader)? & WITHOUT_LINK {
        0 => hdlc::cisco(reader, wrapping),
        _ => without_link(reader),
    }
}

/// LINKTYPE_JUNIPER_FRELAY.
pub(super) fn frame_relay<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match header(reader)? & WITHOUT_LINK {
        0 => hdlc::frame_relay(reader, wrapping),
        _ => without_link(reader),
    }
}

/// LINKTYPE_JUNIPER_ATM1: a cookie of four bytes.
pub(super) fn atm_1<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const MANAGEMENT: u8 = 0x80;
    if header(reader)? & WITHOUT_LINK != 0 {
        return without_link(reader);
    }
    let cookie = reader.take(4).ok_or(Skip::Malformed)?;
    match cookie.first() {
        Some(&MANAGEMENT) => Err(Skip::NotIp),
        _ => adapted(reader, wrapping, false),
    }
}

/// LINKTYPE_JUNIPER_ATM2: a cookie of eight bytes.
pub(super) fn atm_2<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    /// In the last byte: cells of management and the like.
    const NO_PACKET: u8 = 0x70;
    /// In the fourth byte, of what was sent: Ethernet follows.
    const BRIDGED: u8 = 0x3f;
    let flags = header(reader)?;
    if flags & WITHOUT_LINK != 0 {
        return without_link(reader);
    }
    let cookie = reader.take(8).ok_or(Skip::Malformed)?;
    match cookie {
        [.., last] if last & NO_PACKET != 0 => Err(Skip::NotIp),
        [_, _, _, gap, ..] => {
            let bridged = flags & RECEIVED == 0 && gap & BRIDGED != 0;
            adapted(reader, wrapping, bridged)
        }
        _ => Err(Skip::Malformed),
    }
}

/// LINKTYPE_JUNIPER_ES: before and after IPsec, one header of sixteen bytes, the kind of protection in the fourth. Of
/// two protections at once nothing says where the packet begins.
pub(super) fn security<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const AUTHENTICATED_BY_ESP: u8 = 3;
    const ENCRYPTED: u8 = 5;
    if header(reader)? & WITHOUT_LINK != 0 {
        return without_link(reader);
    }
    let header = reader.take(16).ok_or(Skip::Malformed)?;
    match header.get(3) {
        Some(AUTHENTICATED_BY_ESP..=ENCRYPTED) => Ok(reader.rest()),
        _ => Err(Skip::NotIp),
    }
}

/// Nothing says how a packet lies in its cells, but its first bytes: LLC, a bare packet, or PPP.
fn adapted<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
    bridged: bool,
) -> Result<&'a [u8], Skip> {
    match reader.rest() {
        [0xaa, 0xaa, 0x03, ..] | [0xfe, 0xfe, 0x03, ..] => atm::multiplexed(reader, wrapping),
        _ if bridged => ethernet::frame(reader, wrapping),
        [0x03, ..] => atm::multiplexed(reader, wrapping),
        [0x00, 0x21 | 0x57, ..] | [0x02, 0x81 | 0x83, ..] => ppp::packet(reader, wrapping),
        [first, ..] if matches!(first >> 4, 4 | 6) => Ok(reader.rest()),
        [] => Err(Skip::Malformed),
        _ => Err(Skip::NotIp),
    }
}

/// Magic number, flags, extensions. Gives the flags.
fn header(reader: &mut Reader<'_>) -> Result<u8, Skip> {
    if reader.u24().ok_or(Skip::Malformed)? != MAGIC {
        return Err(Skip::Malformed);
    }
    let flags = reader.u8().ok_or(Skip::Malformed)?;
    if flags & HAS_EXTENSIONS != 0 {
        reader.vector16().ok_or(Skip::Malformed)?;
    }
    Ok(flags)
}

/// A protocol in Juniper's own numbers, then what mostly is a packet.
fn without_link<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Skip> {
    reader.u32().ok_or(Skip::Malformed)?;
    match reader.rest().first().map(|byte| byte >> 4) {
        None => Err(Skip::Malformed),
        Some(4 | 6) => Ok(reader.rest()),
        Some(_) => Err(Skip::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{
        JUNIPER_ATM1, JUNIPER_ATM2, JUNIPER_CHDLC, JUNIPER_ES, JUNIPER_ETHER, JUNIPER_FRELAY,
        JUNIPER_PPP, JUNIPER_PPPOE,
    };
    use super::*;

    const KINDS: [u16; 8] = [
        JUNIPER_ATM1,
        JUNIPER_ATM2,
        JUNIPER_CHDLC,
        JUNIPER_ES,
        JUNIPER_ETHER,
        JUNIPER_FRELAY,
        JUNIPER_PPP,
        JUNIPER_PPPOE,
    ];

    #[test]
    fn frames_behind_the_header_with_and_without_extensions() {
        let ethernet = [&[2; 12][..], &[8, 0]].concat();
        for (link, inner) in [
            (JUNIPER_ETHER, &ethernet[..]),
            (JUNIPER_PPPOE, &ethernet),
            (JUNIPER_PPP, &[0xff, 3, 0, 0x21]),
            (JUNIPER_CHDLC, &[0x0f, 0, 8, 0]),
            (JUNIPER_FRELAY, &[0x18, 0x41, 3, 0xcc]),
            (
                JUNIPER_ES,
                &[0, 1, 64, 3, 0, 0, 1, 2, 10, 0, 0, 1, 10, 0, 0, 2],
            ),
            (JUNIPER_ATM1, &[0, 0, 0, 9, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
            (JUNIPER_ATM1, &[0, 0, 0, 9, 3, 0xcc]),
            (JUNIPER_ATM1, &[0, 0, 0, 9]),
            (JUNIPER_ATM2, &[0, 0, 0, 9, 0, 0, 0, 0, 0xfe, 0xfe, 3, 0xcc]),
            (JUNIPER_ATM2, &[0, 0, 0, 9, 0, 0, 0, 0, 0, 0x21]),
            (JUNIPER_ATM2, &[0, 0, 0, 9, 0, 0, 0, 0]),
        ] {
            for header in [
                &[0x4d, 0x47, 0x43, 1][..],
                &[0x4d, 0x47, 0x43, 0x81, 0, 4, 3, 2, 1, 0],
            ] {
                let frame = [header, inner, &[0x45, 9]].concat();
                holds(link, &frame, &[0x45, 9], &[]);
            }
        }
    }

    #[test]
    fn packets_whose_link_layer_is_left_out() {
        for link in KINDS {
            let frame = [0x4d, 0x47, 0x43, 3, 2, 0, 0, 0, 0x60, 9];
            holds(link, &frame, &[0x60, 9], &[]);
            assert_eq!(
                Err(Skip::NotIp),
                strip(link, &[0x4d, 0x47, 0x43, 2, 3, 0, 0, 0, 0x83])
            );
            assert_eq!(
                Err(Skip::Malformed),
                strip(link, &[0x4d, 0x47, 0x42, 2, 3, 0, 0, 0, 0x45])
            );
        }
    }

    #[test]
    fn what_was_bridged_over_atm_and_what_is_no_packet() {
        let head = [0x4d, 0x47, 0x43, 0];
        let ethernet = [&[2; 12][..], &[8, 0, 0x45]].concat();
        let sent = [&head[..], &[0, 0, 0, 9, 0, 0, 0, 0], &ethernet].concat();
        holds(JUNIPER_ATM2, &sent, &[0x45], &[]);
        let cell = [&head[..], &[0, 0, 0, 9, 0, 0, 0, 0x10], &ethernet].concat();
        assert_eq!(Err(Skip::NotIp), strip(JUNIPER_ATM2, &cell));
        let cell = [&head[..], &[0x80, 0, 0, 9], &[0x45; 48]].concat();
        assert_eq!(Err(Skip::NotIp), strip(JUNIPER_ATM1, &cell));
        let twice_protected = [&head[..], &[0, 1, 64, 1], &[0x45; 48]].concat();
        assert_eq!(Err(Skip::NotIp), strip(JUNIPER_ES, &twice_protected));
    }
}
