//! PPP (RFC 1661): on serial lines, behind a byte that tells the direction, and over Ethernet (RFC 2516).

use super::{mpls, Layer, Skip, Wrapping};
use crate::bytes::Reader;

// Protocol numbers (IANA "Point-to-Point Protocol Field Assignments").
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS: [u16; 2] = [0x0281, 0x0283];

/// "All stations" and "unnumbered information" of HDLC-like framing (RFC 1662 3.1).
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
/// The addresses of Cisco's framing: unicast and multicast. As protocol fields both would be odd in one byte, and are
/// assigned to nothing that a line carries.
const CISCO_ADDRESSES: [u8; 2] = [0x0f, 0x8f];

/// LINKTYPE_PPP and LINKTYPE_PPP_HDLC: with or without address and control, or in Cisco's framing (RFC 1547 4.3.1).
pub(super) fn serial<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match reader.rest() {
        [first, 0, ..] if CISCO_ADDRESSES.contains(first) => super::hdlc::cisco(reader, wrapping),
        _ => packet(reader, wrapping),
    }
}

/// LINKTYPE_PPP_WITH_DIR and LINKTYPE_PPP_PPPD: a byte says who sent it. `pppd` wrote it over the address.
pub(super) fn with_direction<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u8().ok_or(Skip::Malformed)?;
    if reader.rest().first() == Some(&ADDRESS_AND_CONTROL[1]) {
        reader.u8();
    }
    packet(reader, wrapping)
}

/// Version and type, code 0, session, length; also LINKTYPE_PPP_ETHER.
pub(super) fn over_ethernet<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const VERSION_AND_TYPE: u8 = 0x11;
    const SESSION_DATA: u8 = 0;
    let version = reader.u8().ok_or(Skip::Malformed)?;
    let code = reader.u8().ok_or(Skip::Malformed)?;
    let session = reader.u16().ok_or(Skip::Malformed)?;
    let length = usize::from(reader.u16().ok_or(Skip::Malformed)?);
    if version != VERSION_AND_TYPE {
        return Err(Skip::Malformed);
    }
    if code != SESSION_DATA {
        return Err(Skip::NotIp);
    }
    wrapping.push(Layer::Pppoe(session))?;
    // Padding of short frames lies behind the length; of a frame cut by the capture not all is there.
    let rest = reader.rest();
    *reader = Reader::new(rest.get(..length).unwrap_or(rest));
    packet(reader, wrapping)
}

/// Address and control, unless compressed away, then a protocol of two bytes, or of one if it is odd (RFC 1661 6.5, 6.6).
pub(super) fn packet<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    if reader.rest().starts_with(&ADDRESS_AND_CONTROL) {
        reader.take(2);
    }
    let first = reader.u8().ok_or(Skip::Malformed)?;
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        u16::from_be_bytes([first, reader.u8().ok_or(Skip::Malformed)?])
    };
    match protocol {
        IPV4 | IPV6 => Ok(reader.rest()),
        protocol if MPLS.contains(&protocol) => mpls::labels(reader, wrapping),
        _ => Err(Skip::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{ETHERNET, PPP, PPP_ETHER, PPP_HDLC, PPP_PPPD, PPP_WITH_DIRECTION};
    use super::*;

    #[test]
    fn address_control_and_protocol_may_be_compressed() {
        for header in [
            &[0xff, 3, 0, 0x21][..],
            &[0xff, 3, 0x21],
            &[0, 0x21],
            &[0x21],
        ] {
            let frame = [header, &[0x45, 9]].concat();
            holds(PPP, &frame, &[0x45, 9], &[]);
            holds(PPP_HDLC, &frame, &[0x45, 9], &[]);
            for direction in [0, 1] {
                holds(
                    PPP_WITH_DIRECTION,
                    &[&[direction], &frame[..]].concat(),
                    &[0x45, 9],
                    &[],
                );
            }
        }
        holds(PPP, &[0xff, 3, 0, 0x57, 0x60], &[0x60], &[]);
        holds(PPP_PPPD, &[1, 3, 0, 0x21, 0x45], &[0x45], &[]);
        holds(PPP, &[0x02, 0x81, 0, 1, 1, 9, 0x45], &[0x45], &["mpls:16"]);
        holds(PPP_HDLC, &[0x0f, 0, 0x08, 0, 0x45], &[0x45], &[]);
    }

    #[test]
    fn other_protocols_are_not_ip() {
        // LCP, IPCP, compressed data, multilink.
        for protocol in [0xc021_u16, 0x8021, 0x00fd, 0x003d] {
            let frame = [&[0xff, 3][..], &protocol.to_be_bytes(), &[0x45; 8]].concat();
            assert_eq!(Err(Skip::NotIp), strip(PPP, &frame));
        }
        assert_eq!(Err(Skip::Malformed), strip(PPP, &[0xff, 3, 0]));
    }

    #[test]
    fn over_ethernet_the_length_leaves_out_padding() {
        let session = [0x11, 0, 0, 7, 0, 5, 0, 0x21, 0x45, 1, 2, 0, 0, 0];
        let frame = [&[2; 12][..], &[0x88, 0x64], &session].concat();
        holds(ETHERNET, &frame, &[0x45, 1, 2], &["pppoe:7"]);
        holds(ETHERNET, &frame[..24], &[0x45, 1], &["pppoe:7"]);
        holds(PPP_ETHER, &session, &[0x45, 1, 2], &["pppoe:7"]);
        let mut discovery = session;
        discovery[1] = 0xa7;
        assert_eq!(Err(Skip::NotIp), strip(PPP_ETHER, &discovery));
        discovery[0] = 0x21;
        assert_eq!(Err(Skip::Malformed), strip(PPP_ETHER, &discovery));
    }
}
