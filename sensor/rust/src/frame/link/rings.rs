//! Rings and buses of other days: token ring (IEEE 802.5), FDDI, ARCNET. MAC addresses are not told: the order of their
//! bits depends on the system that captured.

use super::{ethernet, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_IEEE802_5: access control, frame control, destination, source, perhaps the route, LLC.
pub(super) fn token_ring<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const KIND: u8 = 0xc0;
    const LLC: u8 = 0x40;
    /// In the first byte of the source.
    const IS_ROUTED: u8 = 0x80;
    const ROUTE_LENGTH: u8 = 0x1f;
    let header = reader.take(14).ok_or(Skip::Malformed)?;
    let (Some(control), Some(source)) = (header.get(1), header.get(8)) else {
        return Err(Skip::Malformed);
    };
    if control & KIND != LLC {
        return Err(Skip::NotIp);
    }
    if source & IS_ROUTED != 0 {
        // Its length counts the field that says it.
        let route = reader.rest().first().ok_or(Skip::Malformed)? & ROUTE_LENGTH;
        if route < 2 {
            return Err(Skip::Malformed);
        }
        reader.take(usize::from(route)).ok_or(Skip::Malformed)?;
    }
    ethernet::logical_link(reader, wrapping)
}

/// LINKTYPE_FDDI: frame control, destination, source, LLC.
pub(super) fn fddi<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    /// Addresses of 48 bits, and the kind. The highest bit is the class, synchronous or not.
    const KIND: u8 = 0x70;
    const LLC: u8 = 0x50;
    let header = reader.take(13).ok_or(Skip::Malformed)?;
    match header.first() {
        Some(control) if control & KIND == LLC => ethernet::logical_link(reader, wrapping),
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_ARCNET_BSD: source, destination, protocol; by RFC 1201 a flag and a number of sequence, too.
pub(super) fn arcnet<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    /// In the place of the flag: a frame of an odd length, and the header comes once more behind padding.
    const EXCEPTION: u8 = 0xff;
    reader.u16().ok_or(Skip::Malformed)?;
    let protocol = reader.u8().ok_or(Skip::Malformed)?;
    if is_plain(protocol)? {
        return Ok(reader.rest());
    }
    let mut flag = reader.u8().ok_or(Skip::Malformed)?;
    reader.u16().ok_or(Skip::Malformed)?;
    if flag == EXCEPTION {
        reader.u8().ok_or(Skip::Malformed)?;
        flag = reader.u8().ok_or(Skip::Malformed)?;
        reader.u16().ok_or(Skip::Malformed)?;
    }
    match flag {
        0 => Ok(reader.rest()),
        // A part of a packet.
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_ARCNET_LINUX: an offset more. Linux puts parts together before anybody sees them.
pub(super) fn arcnet_of_linux<'a>(
    reader: &mut Reader<'a>,
    _: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u32().ok_or(Skip::Malformed)?;
    let protocol = reader.u8().ok_or(Skip::Malformed)?;
    if !is_plain(protocol)? {
        reader.u24().ok_or(Skip::Malformed)?;
    }
    Ok(reader.rest())
}

/// Whether IP follows at once (RFC 1051) or behind more of the header (RFC 1201).
fn is_plain(protocol: u8) -> Result<bool, Skip> {
    const OLD_IPV4: u8 = 240;
    const IPV4: u8 = 212;
    const IPV6: u8 = 196;
    match protocol {
        OLD_IPV4 => Ok(true),
        IPV4 | IPV6 => Ok(false),
        _ => Err(Skip::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{ARCNET, ARCNET_LINUX, FDDI, TOKEN_RING};
    use super::*;

    const SNAP: [u8; 10] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45, 9];

    #[test]
    fn a_route_in_a_token_ring_is_stepped_over() {
        let plain = [&[0x10, 0x40][..], &[2; 12], &SNAP].concat();
        holds(TOKEN_RING, &plain, &[0x45, 9], &[]);
        let mut routed = [
            &[0x10, 0x40][..],
            &[2; 12],
            &[6, 0x30, 0, 0x11, 0, 0x20],
            &SNAP,
        ]
        .concat();
        routed[8] |= 0x80;
        holds(TOKEN_RING, &routed, &[0x45, 9], &[]);
        for length in [0, 1, 0x1f] {
            routed[14] = length;
            assert_eq!(Err(Skip::Malformed), strip(TOKEN_RING, &routed), "{length}");
        }
        let management = [&[0x10, 0x00][..], &[2; 12], &SNAP].concat();
        assert_eq!(Err(Skip::NotIp), strip(TOKEN_RING, &management));
    }

    #[test]
    fn fddi_carries_llc_of_both_classes() {
        for control in [0x50, 0x57, 0xd0] {
            let frame = [&[control][..], &[2; 12], &SNAP].concat();
            holds(FDDI, &frame, &[0x45, 9], &[]);
        }
        // Station management, a token, short addresses.
        for control in [0x41, 0x80, 0x10] {
            let frame = [&[control][..], &[2; 12], &SNAP].concat();
            assert_eq!(Err(Skip::NotIp), strip(FDDI, &frame));
        }
    }

    #[test]
    fn arcnet_of_both_standards() {
        holds(ARCNET, &[1, 2, 240, 0x45], &[0x45], &[]);
        holds(ARCNET, &[1, 2, 212, 0, 0, 7, 0x45], &[0x45], &[]);
        holds(
            ARCNET,
            &[1, 2, 196, 0xff, 0, 0, 196, 0, 0, 7, 0x60],
            &[0x60],
            &[],
        );
        holds(ARCNET_LINUX, &[1, 2, 0, 0, 240, 0x45], &[0x45], &[]);
        holds(
            ARCNET_LINUX,
            &[1, 2, 0, 0, 212, 0, 0, 7, 0x45],
            &[0x45],
            &[],
        );
        // A first and a second part; ARP.
        for flag in [1, 2] {
            assert_eq!(
                Err(Skip::NotIp),
                strip(ARCNET, &[1, 2, 212, flag, 0, 7, 0x45])
            );
        }
        assert_eq!(Err(Skip::NotIp), strip(ARCNET, &[1, 2, 213, 0, 0, 7, 0x45]));
        assert_eq!(
            Err(Skip::NotIp),
            strip(ARCNET_LINUX, &[1, 2, 0, 0, 241, 0x45])
        );
    }
}
