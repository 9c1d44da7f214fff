//! Link layers: from the frame to the start of the IP packet, one room for each family.

mod cooked;
pub(super) mod ethernet;
mod hdlc;
mod mpls;
mod ppp;
mod radio;
mod wifi;

use super::{Layer, Skip, Wrapping};
use crate::bytes::Reader;

// LINKTYPE_ values, as registered at tcpdump.org; 12 and 14 are what some systems write for raw IP.
const NULL: u16 = 0;
pub(super) const ETHERNET: u16 = 1;
const PPP: u16 = 9;
const RAW_SYSTEMS: [u16; 2] = [12, 14];
const PPP_HDLC: u16 = 50;
const PPP_ETHER: u16 = 51;
const RAW: u16 = 101;
const CISCO_HDLC: u16 = 104;
const IEEE802_11: u16 = 105;
const FRAME_RELAY: u16 = 107;
const LOOP: u16 = 108;
const LINUX_SLL: u16 = 113;
const PRISM: u16 = 119;
const RADIOTAP: u16 = 127;
const AVS: u16 = 163;
const PPP_PPPD: u16 = 166;
const PPI: u16 = 192;
const PPP_WITH_DIRECTION: u16 = 204;
const CISCO_HDLC_WITH_DIRECTION: u16 = 205;
const FRAME_RELAY_WITH_DIRECTION: u16 = 206;
const IPV4: u16 = 228;
const IPV6: u16 = 229;
const LINUX_SLL2: u16 = 276;

/// Of the address family that stands before a packet: AF_INET everywhere, and AF_INET6 of Linux, NetBSD/OpenBSD,
/// FreeBSD and Darwin.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

/// Whether frames of this LINKTYPE_ can be read.
#[must_use]
pub fn is_known(link_type: u16) -> bool {
    reader_of(link_type).is_some()
}

/// Reads what stands before the IP packet, and gives the packet.
type Read = for<'a> fn(&mut Reader<'a>, &mut Wrapping) -> Result<&'a [u8], Skip>;

fn reader_of(link_type: u16) -> Option<Read> {
    Some(match link_type {
        ETHERNET => ethernet::frame,
        RAW | IPV4 | IPV6 => raw,
        NULL | LOOP => loopback,
        LINUX_SLL => cooked::version_1,
        LINUX_SLL2 => cooked::version_2,
        PPP | PPP_HDLC => ppp::serial,
        PPP_PPPD | PPP_WITH_DIRECTION => ppp::with_direction,
        PPP_ETHER => ppp::over_ethernet,
        CISCO_HDLC => hdlc::cisco,
        CISCO_HDLC_WITH_DIRECTION => hdlc::cisco_with_direction,
        FRAME_RELAY => hdlc::frame_relay,
        FRAME_RELAY_WITH_DIRECTION => hdlc::frame_relay_with_direction,
        IEEE802_11 => radio::bare,
        RADIOTAP => radio::radiotap,
        PRISM => radio::prism,
        AVS => radio::avs,
        PPI => radio::per_packet,
        _ if RAW_SYSTEMS.contains(&link_type) => raw,
        _ => return None,
    })
}

/// The IP packet inside a frame.
pub(super) fn network_packet<'a>(
    link_type: u16,
    frame: &'a [u8],
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let mut reader = Reader::new(frame);
    if link_type == ETHERNET {
        return ethernet::frame(&mut reader, wrapping);
    }
    let read = reader_of(link_type).ok_or(Skip::UnknownLink)?;
    read(&mut reader, wrapping)
}

/// Each IP packet of a frame that `network_packet` called an aggregate.
pub(super) fn each_packet<'a>(
    link_type: u16,
    frame: &'a [u8],
    receive: impl FnMut(Result<&'a [u8], Skip>, Wrapping),
) {
    let air = match link_type {
        IEEE802_11 => radio::inside_nothing(frame),
        RADIOTAP => radio::inside_radiotap(frame),
        PRISM => radio::inside_prism(frame),
        AVS => radio::inside_avs(frame),
        // A card that writes these puts the frame itself into them.
        PPI => radio::inside_per_packet(frame).and_then(|(_, frame)| radio::inside_nothing(frame)),
        _ => return,
    };
    if let Ok(air) = air {
        wifi::each_packet(air, receive);
    }
}

/// Nothing stands before the packet.
#[allow(clippy::unnecessary_wraps)]
fn raw<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    Ok(reader.rest())
}

/// The address family, in the byte order of the machine that captured (LINKTYPE_LOOP: always big-endian).
fn loopback<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let family = reader.u32().ok_or(Skip::Malformed)?;
    if FAMILIES.contains(&family) || FAMILIES.contains(&family.swap_bytes()) {
        Ok(reader.rest())
    } else {
        Err(Skip::NotIp)
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

    /// What is inside, and the path to it.
    pub(super) fn strip(link_type: u16, frame: &[u8]) -> Result<(Vec<u8>, Vec<String>), Skip> {
        let mut wrapping = Wrapping::default();
        let rest = network_packet(link_type, frame, &mut wrapping)?;
        Ok((rest.to_vec(), wrapping.path().collect()))
    }

    /// The frame holds these bytes behind this path.
    pub(super) fn holds(link_type: u16, frame: &[u8], inside: &[u8], path: &[&str]) {
        let path = path.iter().map(ToString::to_string).collect();
        let found = strip(link_type, frame);
        assert_eq!(Ok((inside.to_vec(), path)), found, "{frame:02x?}");
    }

    #[test]
    fn every_short_frame_is_malformed() {
        let known: Vec<u16> = (0..u16::MAX).filter(|&link| is_known(link)).collect();
        assert!(known.len() > 20);
        for link in known {
            let is_raw = matches!(link, 12 | 14 | RAW | IPV4 | IPV6);
            assert_eq!(is_raw, strip(link, &[]).is_ok(), "{link}");
            assert_eq!(is_raw, strip(link, &[0, 0, 0]).is_ok(), "{link}");
        }
    }

    #[test]
    fn both_byte_orders_of_the_family_are_read() {
        for header in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 24]] {
            assert!(strip(NULL, &header).is_ok(), "{header:?}");
        }
        assert_eq!(Err(Skip::NotIp), strip(NULL, &[7, 0, 0, 0]));
    }
}
