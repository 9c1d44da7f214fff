//! Ethernet between a switch chip and its processor, where the chip adds a tag that tells the port (Linux "DSA").

use super::{ethernet, mac, Layer, Skip, Wrapping};
use crate::bytes::Reader;

/// LINKTYPE_DSA_TAG_BRCM: four bytes between the addresses and the `EtherType`.
pub(super) fn broadcom<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    addresses(reader, wrapping)?;
    reader.u32().ok_or(Skip::Malformed)?;
    behind(reader, wrapping)
}

/// LINKTYPE_DSA_TAG_BRCM_PREPEND: four bytes before the frame.
pub(super) fn broadcom_before<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    reader.u32().ok_or(Skip::Malformed)?;
    ethernet::frame(reader, wrapping)
}

/// LINKTYPE_DSA_TAG_DSA: the tag replaces that of a VLAN, if the frame had one.
pub(super) fn marvell<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    addresses(reader, wrapping)?;
    marvell_tag(reader, wrapping)
}

/// LINKTYPE_DSA_TAG_EDSA: an `EtherType` of the system's choice and two reserved bytes before that tag.
pub(super) fn marvell_with_type<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    addresses(reader, wrapping)?;
    reader.u32().ok_or(Skip::Malformed)?;
    marvell_tag(reader, wrapping)
}

/// Mode, whether the frame had a tag, device, port; then as in a tag of 802.1Q.
fn marvell_tag<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    const HAD_TAG: u8 = 0x20;
    let first = reader.u8().ok_or(Skip::Malformed)?;
    reader.u8().ok_or(Skip::Malformed)?;
    let control = reader.u16().ok_or(Skip::Malformed)?;
    if first & HAD_TAG != 0 {
        wrapping.push(Layer::Vlan(control & 0x0fff))?;
    }
    behind(reader, wrapping)
}

fn addresses(reader: &mut Reader<'_>, wrapping: &mut Wrapping) -> Result<(), Skip> {
    let (destination, source) = (reader.take(6), reader.take(6));
    wrapping.destination_mac = mac(destination);
    wrapping.source_mac = mac(source);
    source.map(|_| ()).ok_or(Skip::Malformed)
}

fn behind<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    ethernet::payload(ethertype, reader, wrapping)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{network_packet, DSA, DSA_BROADCOM, DSA_BROADCOM_BEFORE, DSA_WITH_TYPE};
    use super::*;

    #[test]
    fn tags_of_switches_are_stepped_over_wherever_they_are() {
        let addresses = [[1; 6], [2; 6]].concat();
        let end = [0x08, 0, 0x45];
        for (link, frame) in [
            (
                DSA_BROADCOM,
                [&addresses[..], &[0x20, 0, 0, 1], &end].concat(),
            ),
            (
                DSA_BROADCOM_BEFORE,
                [&[0x20, 0, 0, 1], &addresses[..], &end].concat(),
            ),
            (DSA, [&addresses[..], &[0xc0, 8, 0, 1], &end].concat()),
            (
                DSA_WITH_TYPE,
                [&addresses[..], &[0xda, 0xda, 0, 0, 0xc0, 8, 0, 1], &end].concat(),
            ),
        ] {
            holds(link, &frame, &[0x45], &[]);
            let mut wrapping = Wrapping::default();
            let _ = network_packet(link, &frame, &mut wrapping);
            let told = (wrapping.source_mac, wrapping.destination_mac);
            assert_eq!((Some([2; 6]), Some([1; 6])), told);
            assert_eq!(Err(Skip::Malformed), strip(link, &frame[..11]));
        }
    }

    #[test]
    fn a_tag_that_was_replaced_is_told() {
        let addresses = [[1; 6], [2; 6]].concat();
        let tag = [0xe0, 8, 0x61, 0x05];
        let inner = [0x81, 0, 0, 7, 0x08, 0, 0x45];
        let frame = [&addresses[..], &tag, &inner].concat();
        holds(DSA, &frame, &[0x45], &["vlan:261", "vlan:7"]);
        let frame = [&addresses[..], &[0xda, 0xda, 0, 0], &tag, &inner].concat();
        holds(DSA_WITH_TYPE, &frame, &[0x45], &["vlan:261", "vlan:7"]);
    }
}
