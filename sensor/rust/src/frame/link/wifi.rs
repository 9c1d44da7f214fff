//! Frames of 802.11: data that is not encrypted.

use super::{ethernet, mac, Skip, Wrapping};
use crate::bytes::Reader;

/// A frame as it went through the air, without its check sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Air<'a> {
    pub frame: &'a [u8],
    /// The card padded the header to a multiple of four bytes.
    pub padded: bool,
}

/// What a data frame holds.
struct Body<'a> {
    bytes: &'a [u8],
    /// Several packets, each with a header of its own (A-MSDU).
    aggregated: bool,
    destination: Option<[u8; 6]>,
    source: Option<[u8; 6]>,
}

/// The first bytes of LLC with SNAP.
const LLC_SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];

/// The IP packet of a data frame; `Skip::Aggregate` if it may hold several.
pub(super) fn packet<'a>(air: Air<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let body = body(air)?;
    if body.aggregated {
        return Err(Skip::Aggregate);
    }
    wrapping.destination_mac = body.destination;
    wrapping.source_mac = body.source;
    ethernet::logical_link(&mut Reader::new(body.bytes), wrapping)
}

/// Each packet of an aggregate: destination, source, length, LLC, padding to a multiple of four bytes.
pub(super) fn each_packet<'a>(
    air: Air<'a>,
    mut receive: impl FnMut(Result<&'a [u8], Skip>, Wrapping),
) {
    const HEADER: usize = 14;
    let bytes = match body(air) {
        Ok(body) => body.bytes,
        Err(skip) => return receive(Err(skip), Wrapping::default()),
    };
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut wrapping = Wrapping::default();
        let mut reader = Reader::new(rest);
        wrapping.destination_mac = mac(reader.take(6));
        wrapping.source_mac = mac(reader.take(6));
        let Some(length) = reader.u16().map(usize::from) else {
            return receive(Err(Skip::Malformed), wrapping);
        };
        let inside = reader.rest();
        // The last one may be cut by the capture.
        let mut inside = Reader::new(inside.get(..length).unwrap_or(inside));
        let packet = ethernet::logical_link(&mut inside, &mut wrapping);
        receive(packet, wrapping);
        rest = rest
            .get((HEADER + length).next_multiple_of(4)..)
            .unwrap_or_default();
    }
}

/// Frame control, duration, three or four addresses, sequence control, quality of service.
fn body(air: Air<'_>) -> Result<Body<'_>, Skip> {
    const DATA: u8 = 2;
    const WITHOUT_DATA: u8 = 0x40;
    const QUALITY_OF_SERVICE: u8 = 0x80;
    const TO_SYSTEM: u8 = 0x01;
    const FROM_SYSTEM: u8 = 0x02;
    const PROTECTED: u8 = 0x40;
    const HAS_THROUGHPUT_CONTROL: u8 = 0x80;
    const AGGREGATED: u8 = 0x80;
    const MESH_CONTROL: u8 = 0x01;
    let mut reader = Reader::new(air.frame);
    let kind = reader.u8().ok_or(Skip::Malformed)?;
    let flags = reader.u8().ok_or(Skip::Malformed)?;
    if kind & 0x03 != 0 || kind >> 2 & 0x03 != DATA || kind & WITHOUT_DATA != 0 {
        return Err(Skip::NotIp);
    }
    reader.u16();
    let addresses = [(); 3].map(|()| mac(reader.take(6)));
    let sequence = reader.u16().ok_or(Skip::Malformed)?;
    let [first, second, third] = addresses;
    let (destination, source) = match flags & (TO_SYSTEM | FROM_SYSTEM) {
        0 => (first, second),
        TO_SYSTEM => (third, second),
        FROM_SYSTEM => (first, third),
        _ => (third, mac(Some(reader.take(6).ok_or(Skip::Malformed)?))),
    };
    let mut quality = [0, 0];
    if kind & QUALITY_OF_SERVICE != 0 {
        quality = [(); 2].map(|()| reader.u8().unwrap_or(0));
        if flags & HAS_THROUGHPUT_CONTROL != 0 {
            reader.take(4).ok_or(Skip::Malformed)?;
        }
    }
    if air.padded {
        let header = air.frame.len() - reader.rest().len();
        let padding = header.next_multiple_of(4) - header;
        reader.take(padding).ok_or(Skip::Malformed)?;
    }
    // Cards that decrypted a frame leave the mark that it was protected.
    if flags & PROTECTED != 0 && !reader.rest().starts_with(&LLC_SNAP) {
        return Err(Skip::Encrypted);
    }
    // In a mesh one more header follows; of a packet in fragments, the first one says whose it is. The sequence
    // control is little-endian: its lowest four bits number the fragment.
    if sequence >> 8 & 0x0f != 0 || quality[1] & MESH_CONTROL != 0 {
        return Err(Skip::NotIp);
    }
    Ok(Body {
        bytes: reader.rest(),
        aggregated: quality[0] & AGGREGATED != 0,
        destination,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::strip;
    use super::super::{each_packet, network_packet, IEEE802_11};
    use super::*;

    const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0];

    fn frame(kind: u8, flags: u8, behind_addresses: &[u8]) -> Vec<u8> {
        let addresses = [[1; 6], [2; 6], [3; 6]].concat();
        [&[kind, flags, 0, 0], &addresses[..], behind_addresses].concat()
    }

    fn data(kind: u8, flags: u8, more_header: &[u8]) -> Vec<u8> {
        frame(
            kind,
            flags,
            &[&[0x10, 0], more_header, &SNAP, &[0x45]].concat(),
        )
    }

    #[test]
    fn addresses_by_the_way_a_frame_goes() {
        for (flags, more, destination, source) in [
            (0, &[][..], 1, 2),
            (1, &[], 3, 2),
            (2, &[], 1, 3),
            (3, &[4; 6], 3, 4),
        ] {
            let frame = data(0x08, flags, more);
            let mut wrapping = Wrapping::default();
            let packet = network_packet(IEEE802_11, &frame, &mut wrapping);
            assert_eq!(Ok([0x45].as_slice()), packet, "{flags}");
            assert_eq!(Some([destination; 6]), wrapping.destination_mac);
            assert_eq!(Some([source; 6]), wrapping.source_mac);
        }
    }

    #[test]
    fn quality_of_service_and_throughput_control_lengthen_the_header() {
        for (flags, more) in [(1, &[0, 0][..]), (0x81, &[0, 0, 9, 9, 9, 9])] {
            assert_eq!(
                Ok((vec![0x45], vec![])),
                strip(IEEE802_11, &data(0x88, flags, more))
            );
        }
    }

    #[test]
    fn what_holds_no_readable_data_is_told_apart() {
        // A beacon, an acknowledgement, null data with and without quality of service, a later fragment, a mesh.
        for (frame, expected) in [
            (data(0x80, 0, &[]), Skip::NotIp),
            (vec![0xd4, 0, 0, 0, 1, 1, 1, 1, 1, 1], Skip::NotIp),
            (data(0x48, 1, &[]), Skip::NotIp),
            (data(0xc8, 1, &[0, 0]), Skip::NotIp),
            (
                frame(0x08, 1, &[&[0x11, 0][..], &SNAP].concat()),
                Skip::NotIp,
            ),
            (data(0x88, 1, &[0, 1]), Skip::NotIp),
            (
                frame(0x08, 0x41, &[0x10, 0, 9, 9, 0, 0x20, 9, 9, 9, 9]),
                Skip::Encrypted,
            ),
            (frame(0x08, 1, &[0x10]), Skip::Malformed),
            (frame(0x08, 3, &[0x10, 0, 1]), Skip::Malformed),
        ] {
            assert_eq!(Err(expected), strip(IEEE802_11, &frame), "{frame:02x?}");
        }
    }

    #[test]
    fn a_frame_that_the_card_decrypted_is_read() {
        assert_eq!(
            Ok((vec![0x45], vec![])),
            strip(IEEE802_11, &data(0x08, 0x41, &[]))
        );
    }

    #[test]
    fn each_packet_of_an_aggregate_is_read_with_its_addresses() {
        let sub = |source: u8, inside: &[u8]| {
            let length = u16::try_from(SNAP.len() + inside.len())
                .unwrap()
                .to_be_bytes();
            [&[8; 6], &[source; 6], &length[..], &SNAP, inside].concat()
        };
        let mut body = sub(5, &[0x45, 1]);
        body.resize(24, 0);
        body.extend(sub(6, &[0x45, 2, 2]));
        body.resize(52, 0);
        body.extend([&[8; 6], &[7; 6], &[0, 99][..], &SNAP, &[0x45, 3]].concat());
        let frame = frame(0x88, 1, &[&[0x10, 0, 0x80, 0], &body[..]].concat());
        assert_eq!(Err(Skip::Aggregate), strip(IEEE802_11, &frame));
        let mut found = Vec::new();
        each_packet(IEEE802_11, &frame, |packet, wrapping| {
            found.push((packet.unwrap().to_vec(), wrapping.source_mac.unwrap()[0]));
        });
        let expected = [
            (vec![0x45, 1], 5),
            (vec![0x45, 2, 2], 6),
            (vec![0x45, 3], 7),
        ];
        assert_eq!(expected.as_slice(), found);
    }
}
