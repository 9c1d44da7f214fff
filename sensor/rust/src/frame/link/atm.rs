//! ATM: what RFC 2684 (once 1483) and RFC 2225 put into it, and the header that Sun's drivers add.

use super::{ethernet, ppp, Skip, Wrapping};
use crate::bytes::Reader;

/// LLC of protocols that have a network layer protocol id (ISO/IEC TR 9577).
const LLC_ISO: [u8; 3] = [0xfe, 0xfe, 0x03];
/// LLC and SNAP of the IEEE 802.1 committee, for frames that were bridged.
const BRIDGED: [u8; 6] = [0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2];
/// "Unnumbered information" alone, where Cisco's routers leave the rest of LLC out.
const UNNUMBERED: u8 = 0x03;

/// LINKTYPE_ATM_RFC1483: LLC, whatever is behind it.
pub(super) fn multiplexed<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let rest = reader.rest();
    if rest.first() == Some(&UNNUMBERED) {
        reader.u8();
        by_protocol_id(reader, wrapping)
    } else if rest.starts_with(&LLC_ISO) {
        reader.take(LLC_ISO.len());
        by_protocol_id(reader, wrapping)
    } else if rest.starts_with(&BRIDGED) {
        reader.take(BRIDGED.len());
        bridged(reader, wrapping)
    } else {
        ethernet::logical_link(reader, wrapping)
    }
}

/// LINKTYPE_ATM_CLIP: LLC with SNAP, or the packet itself, as the two ends agreed (RFC 2225, "classical IP").
pub(super) fn classical<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match reader.rest().first().map(|byte| byte >> 4) {
        None => Err(Skip::Malformed),
        Some(4 | 6) => Ok(reader.rest()),
        Some(_) => ethernet::logical_link(reader, wrapping),
    }
}

/// LINKTYPE_SUNATM: direction and kind of traffic, virtual path and circuit.
pub(super) fn sun<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const EMULATED_LAN: u8 = 1;
    const MULTIPLEXED: u8 = 2;
    /// In the place of an end's number: the management of an emulated LAN.
    const CONTROL: u16 = 0xff00;
    let kind = reader.u8().ok_or(Skip::Malformed)? & 0x0f;
    reader.take(3).ok_or(Skip::Malformed)?;
    match kind {
        MULTIPLEXED => multiplexed(reader, wrapping),
        EMULATED_LAN => match reader.u16().ok_or(Skip::Malformed)? {
            CONTROL => Err(Skip::NotIp),
            _ => ethernet::frame(reader, wrapping),
        },
        _ => Err(Skip::NotIp),
    }
}

/// A network layer protocol id, and what it names.
fn by_protocol_id<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const IPV4: u8 = 0xcc;
    const IPV6: u8 = 0x8e;
    /// RFC 2364.
    const PPP: u8 = 0xcf;
    match reader.u8().ok_or(Skip::Malformed)? {
        IPV4 | IPV6 => Ok(reader.rest()),
        PPP => ppp::packet(reader, wrapping),
        _ => Err(Skip::NotIp),
    }
}

/// Two bytes of padding, then an Ethernet frame, with or without its check sequence.
fn bridged<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const ETHERNET: [u16; 2] = [1, 7];
    let kind = reader.u16().ok_or(Skip::Malformed)?;
    if !ETHERNET.contains(&kind) {
        return Err(Skip::NotIp);
    }
    reader.take(2).ok_or(Skip::Malformed)?;
    ethernet::frame(reader, wrapping)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{ATM_CLIP, ATM_RFC1483, SUN_ATM};
    use super::*;

    #[test]
    fn llc_in_all_its_forms() {
        for header in [
            &[0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0][..],
            &[6, 6, 3],
            &[0xfe, 0xfe, 3, 0xcc],
            &[0xfe, 0xfe, 3, 0xcf, 0, 0x21],
            &[0xfe, 0xfe, 3, 0xcf, 0xff, 3, 0, 0x21],
            &[3, 0xcc],
            &[
                0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 8, 0,
            ],
        ] {
            let frame = [header, &[0x45, 9]].concat();
            holds(ATM_RFC1483, &frame, &[0x45, 9], &[]);
            let frame = [&[0x82, 0, 0, 40], &frame[..]].concat();
            holds(SUN_ATM, &frame, &[0x45, 9], &[]);
        }
        // IS-IS, and a bridged token ring.
        for header in [
            &[0xfe, 0xfe, 3, 0x83][..],
            &[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 3],
        ] {
            let frame = [header, &[0x45; 20]].concat();
            assert_eq!(Err(Skip::NotIp), strip(ATM_RFC1483, &frame));
        }
    }

    #[test]
    fn classical_ip_with_and_without_llc() {
        let frame = [0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd, 0x60];
        holds(ATM_CLIP, &frame, &[0x60], &[]);
        holds(ATM_CLIP, &[0x45, 9], &[0x45, 9], &[]);
        assert_eq!(
            Err(Skip::NotIp),
            strip(ATM_CLIP, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 6])
        );
    }

    #[test]
    fn an_emulated_lan_carries_frames_of_ethernet() {
        let frame = [&[1, 0, 0, 40, 0, 7][..], &[2; 12], &[0x08, 0, 0x45]].concat();
        holds(SUN_ATM, &frame, &[0x45], &[]);
        let control = [&[1, 0, 0, 40, 0xff, 0][..], &[2; 12], &[0x08, 0, 0x45]].concat();
        assert_eq!(Err(Skip::NotIp), strip(SUN_ATM, &control));
        let signalling = [&[6, 0, 0, 5][..], &[0x45; 9]].concat();
        assert_eq!(Err(Skip::NotIp), strip(SUN_ATM, &signalling));
    }
}
