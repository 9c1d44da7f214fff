//! What firewalls write into their logs: the packet, behind what was decided about it.

use super::{by_family, ethernet, mac, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_PFLOG (BSD): the length of the header, which is padded to words of four bytes. What else it says differs from
/// system to system; the packet says its version itself.
pub(super) fn packet_filter<'a>(
    reader: &mut Reader<'a>,
    _: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    /// Up to the direction, as all systems have it.
    const SHORTEST: usize = 61;
    let length = reader.rest().first().copied().map_or(0, usize::from);
    if length < SHORTEST {
        return Err(Skip::Malformed);
    }
    let header = length.next_multiple_of(4);
    reader.take(header).ok_or(Skip::Malformed)?;
    Ok(reader.rest())
}

/// LINKTYPE_ENC (BSD, before and after IPsec): address family and flags in the byte order of the machine, between them
/// the index of the parameters.
pub(super) fn security<'a>(reader: &mut Reader<'a>, _: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let family = reader.u32().ok_or(Skip::Malformed)?;
    reader.take(8).ok_or(Skip::Malformed)?;
    by_family(family, reader)
}

/// LINKTYPE_SYMANTEC_FIREWALL: address of the interface, then an `EtherType` in one of two places, by the version.
pub(super) fn symantec<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    /// Of both versions, what is behind the `EtherType`.
    const OLD_REST: usize = 36;
    const NEW_REST: usize = 44;
    reader.take(6).ok_or(Skip::Malformed)?;
    let old = reader.u16().ok_or(Skip::Malformed)?;
    let rest = match old {
        0 => NEW_REST,
        _ => OLD_REST,
    };
    let ethertype = match old {
        0 => {
            reader.u16().ok_or(Skip::Malformed)?;
            reader.u16().ok_or(Skip::Malformed)?
        }
        known => known,
    };
    reader.take(rest).ok_or(Skip::Malformed)?;
    ethernet::payload(ethertype, reader, wrapping)
}

/// LINKTYPE_NFLOG (Linux): address family, version, group; then fields, each with length and kind in the byte order of
/// the machine, padded to words of four bytes. One of them is the packet.
pub(super) fn netfilter<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    const VERSION: u8 = 0;
    const IPV4: u8 = 2;
    const IPV6: u8 = 10;
    const ABOUT: u16 = 1;
    const SENDER: u16 = 8;
    const PACKET: u16 = 9;
    let family = reader.u8().ok_or(Skip::Malformed)?;
    if reader.u8().ok_or(Skip::Malformed)? != VERSION {
        return Err(Skip::Malformed);
    }
    reader.u16().ok_or(Skip::Malformed)?;
    let swapped = is_little_endian(reader.rest());
    // A packet of a bridge says its protocol as Ethernet does.
    let mut ethertype = None;
    loop {
        let (kind, mut value) = field(reader, swapped)?;
        match kind {
            ABOUT => ethertype = value.u16(),
            SENDER => {
                let length = value.u16();
                value.u16();
                wrapping.source_mac = mac(value.take(6)).filter(|_| length == Some(6));
            }
            PACKET => {
                *reader = value;
                break;
            }
            _ => {}
        }
    }
    match (family, ethertype) {
        (IPV4 | IPV6, _) => Ok(reader.rest()),
        (_, Some(ethertype)) => ethernet::payload(ethertype, reader, wrapping),
        _ => Err(Skip::NotIp),
    }
}

/// Kind and value of the next field. The packet may be cut by the capture.
fn field<'a>(reader: &mut Reader<'a>, swapped: bool) -> Result<(u16, Reader<'a>), Skip> {
    const HEADER: usize = 4;
    let order = |field: u16| if swapped { field.swap_bytes() } else { field };
    let length = usize::from(order(reader.u16().ok_or(Skip::Malformed)?));
    let kind = order(reader.u16().ok_or(Skip::Malformed)?);
    let length = length.checked_sub(HEADER).ok_or(Skip::Malformed)?;
    let rest = reader.rest();
    let value = rest.get(..length).unwrap_or(rest);
    reader.take(length.next_multiple_of(4).min(rest.len()));
    Ok((kind, Reader::new(value)))
}

/// Whether the first field tells it so. All kinds are small: their high byte is zero.
fn is_little_endian(fields: &[u8]) -> bool {
    matches!(fields.get(2..4), Some([_, 0]))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{network_packet, ENC, NFLOG, PFLOG, SYMANTEC};
    use super::*;

    fn fields(little: bool, fields: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let order = |number: u16| {
            if little {
                number.to_le_bytes()
            } else {
                number.to_be_bytes()
            }
        };
        for (kind, value) in fields {
            bytes.extend(order(u16::try_from(value.len()).unwrap() + 4));
            bytes.extend(order(*kind));
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn logs_of_packet_filters_of_all_systems() {
        // DragonFly, NetBSD and Darwin, FreeBSD, OpenBSD.
        for (length, padded) in [(61, 64), (69, 72), (84, 84), (100, 100)] {
            let mut frame = vec![0; padded];
            frame[0] = length;
            frame.push(0x45);
            holds(PFLOG, &frame, &[0x45], &[]);
        }
        let mut frame = vec![0; 80];
        frame[0] = 48;
        assert_eq!(Err(Skip::Malformed), strip(PFLOG, &frame));
    }

    #[test]
    fn packets_before_and_after_ipsec_in_both_byte_orders() {
        for family in [[2, 0, 0, 0], [0, 0, 0, 2], [24, 0, 0, 0], [0, 0, 0, 28]] {
            let frame = [&family[..], &[0, 0, 1, 2, 0, 8, 0, 0, 0x45]].concat();
            holds(ENC, &frame, &[0x45], &[]);
        }
        assert_eq!(
            Err(Skip::NotIp),
            strip(ENC, &[7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        );
    }

    #[test]
    fn symantec_of_both_versions() {
        let old = [&[10, 0, 0, 1, 0, 0, 8, 0][..], &[0; 36], &[0x45]].concat();
        holds(SYMANTEC, &old, &[0x45], &[]);
        let new = [
            &[10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8, 0][..],
            &[0; 44],
            &[0x45],
        ]
        .concat();
        holds(SYMANTEC, &new, &[0x45], &[]);
    }

    #[test]
    fn netfilter_in_both_byte_orders() {
        let about = [8, 0, 3, 0];
        for little in [true, false] {
            let inside: [(u16, &[u8]); 3] = [(1, &about), (10, b"log\0\0"), (9, &[0x45, 9, 8])];
            let tail = fields(little, &inside);
            let frame = [&[2, 0, 0, 5], &tail[..]].concat();
            // The padding of the packet is no part of it.
            holds(NFLOG, &frame, &[0x45, 9, 8], &[]);
            holds(NFLOG, &frame[..frame.len() - 2], &[0x45, 9], &[]);
            let bridged = [&[7, 0, 0, 5], &tail[..]].concat();
            holds(NFLOG, &bridged, &[0x45, 9, 8], &[]);
        }
    }

    #[test]
    fn netfilter_says_who_sent_it() {
        let sender = [0, 6, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0];
        let inside: [(u16, &[u8]); 2] = [(8, &sender), (9, &[0x60])];
        let frame = [&[10, 0, 0, 5], &fields(true, &inside)[..]].concat();
        let mut wrapping = Wrapping::default();
        assert_eq!(
            Ok([0x60].as_slice()),
            network_packet(NFLOG, &frame, &mut wrapping)
        );
        assert_eq!(Some([1, 2, 3, 4, 5, 6]), wrapping.source_mac);
    }

    #[test]
    fn netfilter_without_a_packet_or_a_protocol() {
        let head = |family: u8, version: u8| [family, version, 0, 5];
        let none = [&head(2, 0), &fields(true, &[(10, b"log\0")])[..]].concat();
        assert_eq!(Err(Skip::Malformed), strip(NFLOG, &none));
        let bare = fields(true, &[(9, &[0x45])]);
        let unknown = [&head(7, 0), &bare[..]].concat();
        assert_eq!(Err(Skip::NotIp), strip(NFLOG, &unknown));
        let newer = [&head(2, 1), &bare[..]].concat();
        assert_eq!(Err(Skip::Malformed), strip(NFLOG, &newer));
        // A length below that of its own header.
        assert_eq!(
            Err(Skip::Malformed),
            strip(NFLOG, &[2, 0, 0, 5, 3, 0, 10, 0, 9, 9])
        );
    }
}
