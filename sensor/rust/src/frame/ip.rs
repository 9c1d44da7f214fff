//! IPv4 (RFC 791) and IPv6 (RFC 8200) with extension headers.

use super::Skip;
use crate::bytes::Reader;

pub(super) const TCP: u8 = 6;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HIP: u8 = 139;
const SHIM6: u8 = 140;
/// More extension headers than any honest packet has.
const MAX_EXTENSIONS: usize = 12;

/// Where a fragment belongs in its datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// IPv4 identification, or the longer one of IPv6.
    pub id: u32,
    /// Bytes from the start of the datagram's payload.
    pub offset: usize,
    /// Whether more fragments follow this one.
    pub more: bool,
}

/// An IP packet, or one fragment of it.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// IPv4 addresses are mapped.
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub protocol: u8,
    pub payload: &'a [u8],
    pub fragment: Option<Place>,
    /// Bytes at its end that the capture lacks (snaplen).
    pub missing: usize,
    /// It was put together from fragments that overlap and differ there.
    pub conflicting: bool,
}

/// Read the header(s) of an IP packet; link padding behind it is left out.
pub(super) fn packet(bytes: &[u8]) -> Result<Datagram<'_>, Skip> {
    match bytes.first().map(|byte| byte >> 4) {
        Some(4) => version_4(bytes),
        Some(6) => version_6(bytes),
        Some(_) => Err(Skip::NotIp),
        None => Err(Skip::Malformed),
    }
}

fn version_4(bytes: &[u8]) -> Result<Datagram<'_>, Skip> {
    read_version_4(bytes).ok_or(Skip::Malformed)
}

fn read_version_4(bytes: &[u8]) -> Option<Datagram<'_>> {
    let mut reader = Reader::new(bytes);
    let header_length = usize::from(reader.u8()? & 0x0f) * 4;
    reader.u8()?;
    let total = usize::from(reader.u16()?);
    let id = reader.u16()?;
    let fragment = reader.u16()?;
    reader.u8()?;
    let protocol = reader.u8()?;
    reader.u16()?;
    let source = mapped(reader.array()?);
    let destination = mapped(reader.array()?);
    // A total length of zero is segmentation offload: the capture was taken before the card cut the packet.
    let end = if total == 0 { bytes.len() } else { total };
    if header_length < 20 || end < header_length {
        return None;
    }
    let payload = bytes.get(header_length..end.min(bytes.len()))?;
    let place = Place {
        id: u32::from(id),
        offset: usize::from(fragment & 0x1fff) * 8,
        more: fragment & 0x2000 != 0,
    };
    Some(Datagram {
        source,
        destination,
        protocol,
        payload,
        fragment: (place.more || place.offset > 0).then_some(place),
        missing: end.saturating_sub(bytes.len()),
        conflicting: false,
    })
}

/// An IPv4 address, mapped. Made as a number, which stays in registers.
#[inline]
pub(super) fn mapped(address: [u8; 4]) -> [u8; 16] {
    (0xffff << 32 | u128::from(u32::from_be_bytes(address))).to_be_bytes()
}

fn version_6(bytes: &[u8]) -> Result<Datagram<'_>, Skip> {
    let mut reader = Reader::new(bytes);
    let header = reader.take(40).ok_or(Skip::Malformed)?;
    let mut header = Reader::new(header);
    header.take(4);
    let length = usize::from(header.u16().ok_or(Skip::Malformed)?);
    let mut next = header.u8().ok_or(Skip::Malformed)?;
    header.u8();
    let source = address_6(header.take(16)).ok_or(Skip::Malformed)?;
    let destination = address_6(header.take(16)).ok_or(Skip::Malformed)?;
    let captured = reader.rest();
    // A payload length of zero is a jumbogram (RFC 2675) or segmentation offload.
    let end = if length == 0 { captured.len() } else { length };
    let mut reader = Reader::new(captured.get(..end).unwrap_or(captured));
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        match next {
            FRAGMENT => {
                let (following, place) = fragment_header(&mut reader).ok_or(Skip::Malformed)?;
                next = following;
                // An atomic fragment (RFC 6946) is the whole packet.
                fragment = (place.more || place.offset > 0).then_some(place);
                // What follows is cut: it is read when the datagram is whole.
                if fragment.is_some() {
                    break;
                }
            }
            _ => match extension(next, &mut reader)? {
                Some(following) => next = following,
                None => break,
            },
        }
    }
    Ok(Datagram {
        source,
        destination,
        protocol: next,
        payload: reader.rest(),
        fragment,
        missing: end.saturating_sub(captured.len()),
        conflicting: false,
    })
}

/// Step over an extension header of this kind; gives the next header, `None` if the kind is none.
fn extension(kind: u8, reader: &mut Reader<'_>) -> Result<Option<u8>, Skip> {
    let next = match kind {
        HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HIP | SHIM6 => {
            skip_extension(reader, |n| 8 * (n + 1))
        }
        AUTHENTICATION => skip_extension(reader, |n| 4 * (n + 2)),
        _ => return Ok(None),
    };
    next.map(Some).ok_or(Skip::Malformed)
}

/// Protocol and payload of a datagram that was put together from fragments: the extension headers in its first one are
/// still to be stepped over.
pub(super) fn reassembled(mut protocol: u8, whole: &[u8]) -> Result<(u8, &[u8]), Skip> {
    let mut reader = Reader::new(whole);
    for _ in 0..MAX_EXTENSIONS {
        match extension(protocol, &mut reader)? {
            Some(following) => protocol = following,
            None => break,
        }
    }
    Ok((protocol, reader.rest()))
}

fn address_6(bytes: Option<&[u8]>) -> Option<[u8; 16]> {
    bytes?.try_into().ok()
}

fn fragment_header(reader: &mut Reader<'_>) -> Option<(u8, Place)> {
    let next = reader.u8()?;
    reader.u8()?;
    let field = reader.u16()?;
    let place = Place {
        id: reader.u32()?,
        offset: usize::from(field & 0xfff8),
        more: field & 1 != 0,
    };
    Some((next, place))
}

/// Step over one extension header whose length byte `n` means `bytes(n)` in all; gives the next header.
fn skip_extension(reader: &mut Reader<'_>, bytes: impl Fn(usize) -> usize) -> Option<u8> {
    let next = reader.u8()?;
    let length = bytes(usize::from(reader.u8()?));
    reader.take(length.checked_sub(2)?)?;
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ipv4(total: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 9]);
        bytes.extend(fragment.to_be_bytes());
        bytes.extend([64, TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn padding_behind_the_packet_is_left_out() {
        let bytes = ipv4(22, 0, &[1, 2, 0, 0, 0, 0]);
        let datagram = packet(&bytes).unwrap();
        assert_eq!((&[1, 2][..], 0), (datagram.payload, datagram.missing));
        assert_eq!([0xff, 0xff, 10, 0, 0, 1], datagram.source[10..]);
    }

    #[test]
    fn a_total_length_of_zero_means_all_that_was_captured() {
        let bytes = ipv4(0, 0, &[1, 2, 3]);
        assert_eq!(&[1, 2, 3], packet(&bytes).unwrap().payload);
    }

    #[test]
    fn a_snapped_packet_says_so() {
        let bytes = ipv4(1000, 0, &[1, 2]);
        assert_eq!(978, packet(&bytes).unwrap().missing);
    }

    #[test]
    fn dont_fragment_is_no_fragment() {
        let bytes = ipv4(21, 0x4000, &[1]);
        assert_eq!(None, packet(&bytes).unwrap().fragment);
        let bytes = ipv4(21, 0x2001, &[1]);
        let place = Place {
            id: 9,
            offset: 8,
            more: true,
        };
        assert_eq!(Some(place), packet(&bytes).unwrap().fragment);
    }

    #[test]
    fn a_header_longer_than_the_packet_is_malformed() {
        let mut bytes = ipv4(21, 0, &[1]);
        bytes[0] = 0x4f;
        assert_eq!(Some(Skip::Malformed), packet(&bytes).err());
        bytes[0] = 0x44;
        assert_eq!(Some(Skip::Malformed), packet(&bytes).err());
    }

    #[test]
    fn extension_headers_are_stepped_over() {
        let mut bytes = vec![0x60, 0, 0, 0, 0, 30, HOP_BY_HOP, 64];
        bytes.extend([1; 16]);
        bytes.extend([2; 16]);
        bytes.extend([AUTHENTICATION, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([FRAGMENT, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([TCP, 0, 0, 0, 0, 0, 0, 5]);
        bytes.extend([7, 7]);
        let datagram = packet(&bytes).unwrap();
        assert_eq!((TCP, &[7, 7][..]), (datagram.protocol, datagram.payload));
        assert_eq!((None, 0), (datagram.fragment, datagram.missing));
    }
}
