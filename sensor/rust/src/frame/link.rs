//! Link layers: from the frame to the start of the IP packet.

use super::{Layer, Skip, Wrapping};
use crate::bytes::Reader;

// LINKTYPE_ values, as registered at tcpdump.org; 12 and 14 are what some systems write for raw IP.
const NULL: u16 = 0;
pub(super) const ETHERNET: u16 = 1;
const RAW_SYSTEMS: [u16; 2] = [12, 14];
const RAW: u16 = 101;
const LOOP: u16 = 108;
const LINUX_SLL: u16 = 113;
const IPV4: u16 = 228;
const IPV6: u16 = 229;
const LINUX_SLL2: u16 = 276;

pub(super) const ETHERTYPE_IPV4: u16 = 0x0800;
pub(super) const ETHERTYPE_IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and two that older equipment uses for the outer tag.
pub(super) const ETHERTYPES_VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
/// Below this the field is a length (IEEE 802.3) and LLC follows.
const SMALLEST_ETHERTYPE: u16 = 0x0600;
const LLC_SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];

/// AF_INET everywhere, and AF_INET6 of Linux, NetBSD/OpenBSD, FreeBSD and Darwin.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

/// Whether frames of this LINKTYPE_ can be read.
#[must_use]
pub fn is_known(link_type: u16) -> bool {
    RAW_SYSTEMS.contains(&link_type)
        || matches!(
            link_type,
            NULL | ETHERNET | RAW | LOOP | LINUX_SLL | IPV4 | IPV6 | LINUX_SLL2
        )
}

/// The IP packet inside a frame.
pub(super) fn network_packet<'a>(
    link_type: u16,
    frame: &'a [u8],
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let mut reader = Reader::new(frame);
    match link_type {
        ETHERNET => ethernet(&mut reader, wrapping),
        LINUX_SLL => linux_cooked(&mut reader, wrapping),
        LINUX_SLL2 => linux_cooked_2(&mut reader, wrapping),
        NULL | LOOP => loopback(&mut reader),
        RAW | IPV4 | IPV6 => Ok(frame),
        _ if RAW_SYSTEMS.contains(&link_type) => Ok(frame),
        _ => Err(Skip::UnknownLink),
    }
}

fn ethernet<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    wrapping.destination_mac = mac(reader.take(6));
    wrapping.source_mac = mac(reader.take(6));
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    by_ethertype(ethertype, reader, wrapping)
}

/// LINKTYPE_LINUX_SLL: packet type, ARPHRD_ type, address length, address (8 bytes), protocol.
fn linux_cooked<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let mut header = Reader::new(reader.take(16).ok_or(Skip::Malformed)?);
    header.take(4);
    let length = header.u16();
    let address = header.take(8);
    wrapping.source_mac = cooked_mac(length, address);
    let protocol = header.u16().ok_or(Skip::Malformed)?;
    by_ethertype(protocol, reader, wrapping)
}

/// LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ARPHRD_ type, packet type, address length, address.
fn linux_cooked_2<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let mut header = Reader::new(reader.take(20).ok_or(Skip::Malformed)?);
    let protocol = header.u16().ok_or(Skip::Malformed)?;
    header.take(9);
    let length = header.u8().map(u16::from);
    wrapping.source_mac = cooked_mac(length, header.take(8));
    by_ethertype(protocol, reader, wrapping)
}

fn cooked_mac(length: Option<u16>, address: Option<&[u8]>) -> Option<[u8; 6]> {
    let address = mac(address.and_then(|bytes| bytes.get(..6)));
    address.filter(|_| length == Some(6))
}

fn loopback<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Skip> {
    // The family is in the byte order of the machine that captured (LOOP: always big-endian).
    let family = reader.u32().ok_or(Skip::Malformed)?;
    if FAMILIES.contains(&family) || FAMILIES.contains(&family.swap_bytes()) {
        Ok(reader.rest())
    } else {
        Err(Skip::NotIp)
    }
}

fn by_ethertype<'a>(
    mut ethertype: u16,
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    loop {
        match ethertype {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Ok(reader.rest()),
            tag if ETHERTYPES_VLAN.contains(&tag) => {
                let control = reader.u16().ok_or(Skip::Malformed)?;
                wrapping
                    .push(Layer::Vlan(control & 0x0fff))
                    .ok_or(Skip::Malformed)?;
                ethertype = reader.u16().ok_or(Skip::Malformed)?;
            }
            length if length < SMALLEST_ETHERTYPE => {
                if reader.take(6) != Some(LLC_SNAP.as_slice()) {
                    return Err(Skip::NotIp);
                }
                ethertype = reader.u16().ok_or(Skip::Malformed)?;
                if ethertype < SMALLEST_ETHERTYPE {
                    return Err(Skip::NotIp);
                }
            }
            _ => return Err(Skip::NotIp),
        }
    }
}

/// The loopback device has an address of zeros, which is nobody's.
fn mac(bytes: Option<&[u8]>) -> Option<[u8; 6]> {
    let address = bytes?.try_into().ok()?;
    (address != [0; 6]).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(link_type: u16, frame: &[u8]) -> Result<(Vec<u8>, Vec<String>), Skip> {
        let mut wrapping = Wrapping::default();
        let rest = network_packet(link_type, frame, &mut wrapping)?;
        Ok((rest.to_vec(), wrapping.path().collect()))
    }

    #[test]
    fn tags_are_listed_outermost_first() {
        let mut frame = vec![0; 12];
        frame.extend([0x88, 0xa8, 0x60, 100, 0x81, 0, 0, 7, 0x08, 0, 0x45]);
        let expected = vec!["vlan:100".to_owned(), "vlan:7".to_owned()];
        assert_eq!(Ok((vec![0x45], expected)), strip(ETHERNET, &frame));
    }

    #[test]
    fn too_many_tags_are_malformed_not_a_loop() {
        let mut frame = vec![0; 12];
        for _ in 0..40 {
            frame.extend([0x81, 0, 0, 7]);
        }
        frame.extend([0x08, 0]);
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame));
    }

    #[test]
    fn every_short_frame_is_malformed() {
        for link in [NULL, ETHERNET, LOOP, LINUX_SLL, LINUX_SLL2] {
            assert!(strip(link, &[]).is_err(), "{link}");
            assert!(strip(link, &[0, 0, 0]).is_err(), "{link}");
        }
    }

    #[test]
    fn both_byte_orders_of_the_family_are_read() {
        for header in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 24]] {
            assert!(strip(NULL, &header).is_ok(), "{header:?}");
        }
        assert_eq!(Err(Skip::NotIp), strip(NULL, &[7, 0, 0, 0]));
    }

    #[test]
    fn cooked_frames_say_who_sent_them() {
        let mut frame = vec![0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x86, 0xdd, 0x60];
        let mut wrapping = Wrapping::default();
        assert_eq!(
            Ok([0x60].as_slice()),
            network_packet(LINUX_SLL, &frame, &mut wrapping)
        );
        assert_eq!(Some([1, 2, 3, 4, 5, 6]), wrapping.source_mac);
        frame[15] = 0xde;
        assert_eq!(Err(Skip::NotIp), strip(LINUX_SLL, &frame));
    }

    #[test]
    fn snap_is_read_and_other_llc_is_not_ip() {
        let mut frame = vec![0; 12];
        frame.extend([0, 20, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0, 0x45]);
        assert_eq!(Ok((vec![0x45], vec![])), strip(ETHERNET, &frame));
        frame[14] = 0x42;
        assert_eq!(Err(Skip::NotIp), strip(ETHERNET, &frame));
    }
}
