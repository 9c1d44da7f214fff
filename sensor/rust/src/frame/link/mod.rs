//! Link layers: from the frame to the start of the IP packet, one room for each family.

mod atm;
mod card;
mod cooked;
pub(super) mod ethernet;
mod firewall;
mod hdlc;
mod juniper;
mod mpls;
mod nested;
mod ppp;
mod pseudo;
mod radio;
mod rings;
mod switch;
mod wifi;

use super::{Layer, Skip, Wrapping};
use crate::bytes::Reader;

// LINKTYPE_ values, as registered at tcpdump.org; 12 and 14 are what some systems write for raw IP.
const NULL: u16 = 0;
pub(super) const ETHERNET: u16 = 1;
const TOKEN_RING: u16 = 6;
const ARCNET: u16 = 7;
const SLIP: u16 = 8;
const PPP: u16 = 9;
const FDDI: u16 = 10;
const RAW_OR_LOOP: u16 = 12;
const RAW_OPENBSD: u16 = 14;
const PPP_HDLC: u16 = 50;
const PPP_ETHER: u16 = 51;
const SYMANTEC: u16 = 99;
const ATM_RFC1483: u16 = 100;
const RAW: u16 = 101;
const CISCO_HDLC: u16 = 104;
const IEEE802_11: u16 = 105;
const ATM_CLIP: u16 = 106;
const FRAME_RELAY: u16 = 107;
const LOOP: u16 = 108;
const ENC: u16 = 109;
const LINUX_SLL: u16 = 113;
const PFLOG: u16 = 117;
const PRISM: u16 = 119;
const IP_OVER_FC: u16 = 122;
const SUN_ATM: u16 = 123;
const RADIOTAP: u16 = 127;
const TZSP: u16 = 128;
const ARCNET_LINUX: u16 = 129;
const JUNIPER_ES: u16 = 132;
const JUNIPER_ATM2: u16 = 135;
const JUNIPER_ATM1: u16 = 137;
const FIREWIRE: u16 = 138;
const AVS: u16 = 163;
const PPP_PPPD: u16 = 166;
const JUNIPER_PPPOE: u16 = 167;
const JUNIPER_ETHER: u16 = 178;
const JUNIPER_PPP: u16 = 179;
const JUNIPER_FRELAY: u16 = 180;
const JUNIPER_CHDLC: u16 = 181;
const MFR: u16 = 182;
const PPI: u16 = 192;
const ERF: u16 = 197;
const PPP_WITH_DIRECTION: u16 = 204;
const CISCO_HDLC_WITH_DIRECTION: u16 = 205;
const FRAME_RELAY_WITH_DIRECTION: u16 = 206;
const IPNET: u16 = 226;
const IPV4: u16 = 228;
const IPV6: u16 = 229;
const NFLOG: u16 = 239;
const NET_ANALYZER: u16 = 240;
const NET_ANALYZER_TRANSPARENT: u16 = 241;
const IPOIB: u16 = 242;
const PKTAP: u16 = 258;
const EPON: u16 = 259;
const LINUX_SLL2: u16 = 276;
const DSA_BROADCOM: u16 = 281;
const DSA_BROADCOM_BEFORE: u16 = 282;
const DSA: u16 = 284;
const DSA_WITH_TYPE: u16 = 285;

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
        RAW | RAW_OPENBSD | IPV4 | IPV6 => raw,
        RAW_OR_LOOP => raw_or_loopback,
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
        MFR => hdlc::multilink,
        IEEE802_11 => radio::bare,
        RADIOTAP => radio::radiotap,
        PRISM => radio::prism,
        AVS => radio::avs,
        PPI => nested::per_packet,
        PKTAP => nested::apple,
        TZSP => nested::tazmen,
        PFLOG => firewall::packet_filter,
        NFLOG => firewall::netfilter,
        ENC => firewall::security,
        SYMANTEC => firewall::symantec,
        _ => return seldom(link_type),
    })
}

fn seldom(link_type: u16) -> Option<Read> {
    Some(match link_type {
        DSA_BROADCOM => switch::broadcom,
        DSA_BROADCOM_BEFORE => switch::broadcom_before,
        DSA => switch::marvell,
        DSA_WITH_TYPE => switch::marvell_with_type,
        ERF => card::endace,
        NET_ANALYZER => card::net_analyzer,
        NET_ANALYZER_TRANSPARENT => card::net_analyzer_transparent,
        EPON => card::optical,
        JUNIPER_ETHER | JUNIPER_PPPOE => juniper::ethernet,
        JUNIPER_PPP => juniper::ppp,
        JUNIPER_CHDLC => juniper::cisco,
        JUNIPER_FRELAY => juniper::frame_relay,
        JUNIPER_ES => juniper::security,
        JUNIPER_ATM1 => juniper::atm_1,
        JUNIPER_ATM2 => juniper::atm_2,
        ATM_RFC1483 => atm::multiplexed,
        ATM_CLIP => atm::classical,
        SUN_ATM => atm::sun,
        TOKEN_RING => rings::token_ring,
        FDDI => rings::fddi,
        ARCNET => rings::arcnet,
        ARCNET_LINUX => rings::arcnet_of_linux,
        SLIP => pseudo::serial_line,
        IPNET => pseudo::solaris,
        IP_OVER_FC => pseudo::fibre_channel,
        FIREWIRE => pseudo::firewire,
        IPOIB => pseudo::infiniband,
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
    // A header that names another type stands before it at most once.
    let (link_type, frame) = match nested::inside(link_type, frame) {
        Some(Ok(inside)) => inside,
        Some(Err(_)) => return,
        None => (link_type, frame),
    };
    let air = match link_type {
        IEEE802_11 => radio::inside_nothing(frame),
        RADIOTAP => radio::inside_radiotap(frame),
        PRISM => radio::inside_prism(frame),
        AVS => radio::inside_avs(frame),
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
    by_family(family, reader)
}

/// OpenBSD writes for its loopback what others write for raw IP. No packet begins with a zero.
fn raw_or_loopback<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    match reader.rest().first() {
        Some(0) => loopback(reader, wrapping),
        _ => Ok(reader.rest()),
    }
}

/// The packet, if this address family, in either byte order, is one of IP.
fn by_family<'a>(family: u32, reader: &Reader<'a>) -> Result<&'a [u8], Skip> {
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
        assert!(known.len() > 50);
        for link in known {
            let is_raw = matches!(link, 14 | RAW | IPV4 | IPV6);
            let is_empty = is_raw || link == RAW_OR_LOOP;
            assert_eq!(is_empty, strip(link, &[]).is_ok(), "{link}");
            assert_eq!(is_raw, strip(link, &[0, 0, 0]).is_ok(), "{link}");
        }
    }

    #[test]
    fn both_byte_orders_of_the_family_are_read() {
        for header in [[2, 0, 0, 0], [0, 0, 0, 2], [30, 0, 0, 0], [0, 0, 0, 24]] {
            assert!(strip(NULL, &header).is_ok(), "{header:?}");
        }
        assert_eq!(Err(Skip::NotIp), strip(NULL, &[7, 0, 0, 0]));
        holds(RAW_OR_LOOP, &[0x60, 9], &[0x60, 9], &[]);
        holds(RAW_OR_LOOP, &[0, 0, 0, 24, 0x60], &[0x60], &[]);
        assert_eq!(Err(Skip::NotIp), strip(RAW_OR_LOOP, &[0, 0, 0, 7]));
    }
}
