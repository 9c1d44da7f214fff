//! The short way for the frames that nearly all traffic is made of: TCP in whole IP packets without options, in Ethernet
//! with up to two tags. What it does not know, it leaves to the long way, which gives the same answer for what it does.

use super::ip::{mapped, TCP};
use super::link::ethernet::{IPV4, IPV6, VLAN};
use super::link::ETHERNET;
use super::tcp::{self, Origin, Segment};

/// Two MAC addresses, then the type of what follows.
const MAC_ADDRESSES: usize = 12;
const MAX_TAGS: usize = 2;
const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
/// More fragments, and the place of this one.
const IS_FRAGMENT: u16 = 0x3fff;

/// The segment of a common frame that is captured whole; `None` for all others.
#[allow(clippy::inline_always, reason = "asked of every packet")]
#[inline(always)]
#[must_use]
pub fn segment(link_type: u16, frame: &[u8]) -> Option<Segment<'_>> {
    if link_type != ETHERNET {
        return None;
    }
    let origin = Origin::Frame(link_type, frame);
    let mut rest = frame.get(MAC_ADDRESSES..)?;
    for _ in 0..=MAX_TAGS {
        let (ethertype, packet) = rest.split_first_chunk::<2>()?;
        match u16::from_be_bytes(*ethertype) {
            IPV4 => return version_4(packet, origin),
            IPV6 => return version_6(packet, origin),
            tag if VLAN.contains(&tag) => rest = packet.get(2..)?,
            _ => return None,
        }
    }
    None
}

#[allow(clippy::inline_always, reason = "asked of every packet")]
#[inline(always)]
fn version_4<'a>(packet: &'a [u8], origin: Origin<'a>) -> Option<Segment<'a>> {
    const WITHOUT_OPTIONS: u8 = 0x45;
    let header = packet.first_chunk::<IPV4_HEADER>()?;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let fragment = u16::from_be_bytes([header[6], header[7]]);
    if header[0] != WITHOUT_OPTIONS || header[9] != TCP || fragment & IS_FRAGMENT != 0 {
        return None;
    }
    let ends = [
        mapped(*header[12..].first_chunk()?),
        mapped(*header.last_chunk()?),
    ];
    tcp::read(ends, packet.get(IPV4_HEADER..total)?, origin)
}

#[allow(clippy::inline_always, reason = "asked of every packet")]
#[inline(always)]
fn version_6<'a>(packet: &'a [u8], origin: Origin<'a>) -> Option<Segment<'a>> {
    let (header, rest) = packet.split_first_chunk::<IPV6_HEADER>()?;
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    if header[0] >> 4 != 6 || header[6] != TCP || length == 0 {
        return None;
    }
    let ends = [
        header[8..24].try_into().ok()?,
        header[24..40].try_into().ok()?,
    ];
    tcp::read(ends, rest.get(..length)?, origin)
}

#[cfg(test)]
mod tests {
    use super::super::{ip, link, Wrapping};
    use super::*;

    /// What the long way says of a frame: the segment, if its payload is whole.
    fn long_way(frame: &[u8]) -> Option<String> {
        let mut wrapping = Wrapping::default();
        let packet = link::network_packet(ETHERNET, frame, &mut wrapping).ok()?;
        let datagram = ip::packet(packet).ok()?;
        let plain = datagram.fragment.is_none() && datagram.missing == 0;
        let segment =
            tcp::segment(&datagram, datagram.payload, Origin::Frame(ETHERNET, frame)).ok()?;
        plain.then(|| format!("{segment:?}"))
    }

    fn frames() -> Vec<Vec<u8>> {
        let tcp = [
            &[
                0x13, 0x88, 1, 0xbb, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x18, 1, 1, 0, 0, 0, 0,
            ][..],
            &[2, 4, 5, 0xb4, b'a', b'b'],
        ]
        .concat();
        let head = [
            &[0x45, 0, 0, 46, 0, 9, 0x40, 0, 64, TCP, 0, 0][..],
            &[10; 8],
        ]
        .concat();
        let four = [head, tcp.clone()].concat();
        let head = [&[0x60, 0, 0, 0, 0, 26, TCP, 64][..], &[0x20; 32]].concat();
        let six = [head, tcp].concat();
        let tags: [&[u8]; 3] = [&[], &[0x81, 0, 0, 7], &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 7]];
        let mut all = Vec::new();
        for tag in tags {
            all.push([&[2; 12], tag, &[8, 0], &four, &[0; 6]].concat());
            all.push([&[2; 12], tag, &[0x86, 0xdd], &six].concat());
        }
        all
    }

    #[test]
    fn common_frames_take_the_short_way() {
        for frame in frames() {
            let segment = segment(ETHERNET, &frame).unwrap();
            assert_eq!(
                (b"ab".as_slice(), 0x1388),
                (segment.payload, segment.source.port)
            );
        }
    }

    /// Every byte changed to every value, and every length: either both ways agree, or the short one passes.
    #[test]
    fn the_short_way_never_differs() {
        let mut taken = 0;
        for frame in frames() {
            let variants = (0..frame.len()).flat_map(|at| (0..=255_u8).map(move |byte| (at, byte)));
            let mut changed = frame.clone();
            for (at, byte) in variants {
                changed.copy_from_slice(&frame);
                changed[at] = byte;
                if let Some(segment) = segment(ETHERNET, &changed) {
                    assert_eq!(long_way(&changed), Some(format!("{segment:?}")));
                    taken += 1;
                }
            }
            for length in 0..frame.len() {
                let cut = &frame[..length];
                if let Some(segment) = segment(ETHERNET, cut) {
                    assert_eq!(long_way(cut), Some(format!("{segment:?}")));
                }
            }
        }
        assert!(taken > 10_000);
    }
}
