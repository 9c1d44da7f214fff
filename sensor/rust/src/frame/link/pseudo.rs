//! Headers of a fixed length that a system or a medium puts before the packet, and all that is wanted of them.

use super::{ethernet, mac, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_SLIP: direction, and fifteen bytes of how the header went over the line; the packet itself is as it was.
pub(super) fn serial_line<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    reader.take(16).ok_or(Skip::Malformed)?;
    Ok(reader.rest())
}

/// LINKTYPE_IPNET (Solaris): version, address family, hook, length, interfaces and zones.
pub(super) fn solaris<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const IPV4: u8 = 2;
    const IPV6: u8 = 26;
    let header = reader.take(24).ok_or(Skip::Malformed)?;
    match header.get(1) {
        Some(&(IPV4 | IPV6)) => Ok(reader.rest()),
        _ => Err(Skip::NotIp),
    }
}

/// LINKTYPE_IP_OVER_FC (RFC 2625): destination and source, each a MAC address behind two bytes, then LLC.
pub(super) fn fibre_channel<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let mut header = Reader::new(reader.take(16).ok_or(Skip::Malformed)?);
    header.u16();
    wrapping.destination_mac = mac(header.take(6));
    header.u16();
    wrapping.source_mac = mac(header.take(6));
    ethernet::logical_link(reader, wrapping)
}

/// LINKTYPE_APPLE_IP_OVER_IEEE1394: two addresses of eight bytes, `EtherType`.
pub(super) fn firewire<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.take(16).ok_or(Skip::Malformed)?;
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    ethernet::payload(ethertype, reader, wrapping)
}

/// LINKTYPE_IPOIB (RFC 4391): a global route header, `EtherType`, two reserved bytes.
pub(super) fn infiniband<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.take(40).ok_or(Skip::Malformed)?;
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    reader.u16().ok_or(Skip::Malformed)?;
    ethernet::payload(ethertype, reader, wrapping)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{network_packet, FIREWIRE, IPNET, IPOIB, IP_OVER_FC, SLIP};
    use super::*;

    #[test]
    fn every_header_is_stepped_over() {
        holds(
            SLIP,
            &[&[1][..], &[0x45; 15], &[0x60]].concat(),
            &[0x60],
            &[],
        );
        for family in [2, 26] {
            let frame = [&[1, family][..], &[0; 22], &[0x45]].concat();
            holds(IPNET, &frame, &[0x45], &[]);
        }
        holds(
            FIREWIRE,
            &[&[9; 16][..], &[0x86, 0xdd, 0x60]].concat(),
            &[0x60],
            &[],
        );
        holds(
            IPOIB,
            &[&[9; 40][..], &[8, 0, 0, 0, 0x45]].concat(),
            &[0x45],
            &[],
        );
        assert_eq!(Err(Skip::NotIp), strip(IPNET, &[1; 25]));
        assert_eq!(Err(Skip::NotIp), strip(IPOIB, &[8; 45]));
    }

    #[test]
    fn fibre_channel_says_who_sent_it() {
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45];
        let frame = [&[0x10, 0][..], &[1; 6], &[0x10, 0], &[2; 6], &snap].concat();
        let mut wrapping = Wrapping::default();
        assert_eq!(
            Ok([0x45].as_slice()),
            network_packet(IP_OVER_FC, &frame, &mut wrapping)
        );
        assert_eq!(
            (Some([2; 6]), Some([1; 6])),
            (wrapping.source_mac, wrapping.destination_mac)
        );
    }
}
