//! What Linux gives for its interfaces of all kinds at once ("cooked").

use super::{ethernet, mac, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_LINUX_SLL: packet type, ARPHRD_ type, address length, address (8 bytes), protocol.
pub(super) fn version_1<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let mut header = Reader::new(reader.take(16).ok_or(Skip::Malformed)?);
    header.take(4);
    let length = header.u16();
    let address = header.take(8);
    wrapping.source_mac = cooked_mac(length, address);
    let protocol = header.u16().ok_or(Skip::Malformed)?;
    ethernet::payload(protocol, reader, wrapping)
}

/// LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ARPHRD_ type, packet type, address length, address.
pub(super) fn version_2<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    let mut header = Reader::new(reader.take(20).ok_or(Skip::Malformed)?);
    let protocol = header.u16().ok_or(Skip::Malformed)?;
    header.take(9);
    let length = header.u8().map(u16::from);
    wrapping.source_mac = cooked_mac(length, header.take(8));
    ethernet::payload(protocol, reader, wrapping)
}

fn cooked_mac(length: Option<u16>, address: Option<&[u8]>) -> Option<[u8; 6]> {
    let address = mac(address.and_then(|bytes| bytes.get(..6)));
    address.filter(|_| length == Some(6))
}

#[cfg(test)]
mod tests {
    use super::super::tests::strip;
    use super::super::{network_packet, LINUX_SLL};
    use super::*;

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
}
