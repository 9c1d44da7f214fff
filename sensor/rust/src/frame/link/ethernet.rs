//! Ethernet, and everything that an `EtherType` can say (IEEE 802 numbers): tags that are stepped over, and what they name.

use super::{mac, mpls, ppp, Layer, Skip, Wrapping};
use crate::bytes::Reader;

pub(in crate::frame) const IPV4: u16 = 0x0800;
pub(in crate::frame) const IPV6: u16 = 0x86dd;
/// 802.1Q, 802.1ad, and two that older equipment uses for the outer tag.
pub(in crate::frame) const VLAN: [u16; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
const MPLS: [u16; 2] = [0x8847, 0x8848];
const PPPOE_SESSION: u16 = 0x8864;
/// IEEE 802.1AE.
const MACSEC: u16 = 0x88e5;
/// IEEE 802.1ah: the tag of a provider backbone bridge, then the customer's frame.
const BACKBONE: u16 = 0x88e7;
const CISCO_METADATA: u16 = 0x8909;
const VN_TAG: u16 = 0x8926;
/// High-availability Seamless Redundancy (IEC 62439-3).
const HSR: u16 = 0x892f;
/// IEEE 802.1BR.
const E_TAG: u16 = 0x893f;
/// Below this the field is a length (IEEE 802.3) and LLC follows.
const SMALLEST: u16 = 0x0600;

/// LLC of IP itself (RFC 1042: not used any more, and still seen).
const LLC_IP: [u8; 3] = [0x06, 0x06, 0x03];
const LLC_SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
/// `EtherTypes` behind SNAP: RFC 1042, and IEEE 802.1H for those that a bridge must not confuse.
const SNAP_ETHERTYPE: [[u8; 3]; 2] = [[0, 0, 0], [0, 0, 0xf8]];

/// Destination, source, `EtherType`.
pub(super) fn frame<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    wrapping.destination_mac = mac(reader.take(6));
    wrapping.source_mac = mac(reader.take(6));
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    payload(ethertype, reader, wrapping)
}

/// What stands behind an `EtherType`.
pub(super) fn payload<'a>(
    mut ethertype: u16,
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    loop {
        ethertype = match ethertype {
            IPV4 | IPV6 => return Ok(reader.rest()),
            tag if VLAN.contains(&tag) => {
                let control = reader.u16().ok_or(Skip::Malformed)?;
                wrapping.push(Layer::Vlan(control & 0x0fff))?;
                reader.u16().ok_or(Skip::Malformed)?
            }
            length if length < SMALLEST => match llc(reader)? {
                Some(behind) => behind,
                None => return Ok(reader.rest()),
            },
            tag if MPLS.contains(&tag) => return mpls::labels(reader, wrapping),
            PPPOE_SESSION => return ppp::over_ethernet(reader, wrapping),
            BACKBONE => return backbone(reader, wrapping),
            other => tag(other, reader, wrapping)?,
        }
    }
}

/// Whether `payload` would go on behind this `EtherType`.
pub(super) fn is_followed(ethertype: u16) -> bool {
    matches!(
        ethertype,
        IPV4 | IPV6 | PPPOE_SESSION | BACKBONE | CISCO_METADATA | VN_TAG | HSR | E_TAG | MACSEC
    ) || VLAN.contains(&ethertype)
        || MPLS.contains(&ethertype)
}

/// Logical Link Control (IEEE 802.2) with SNAP, and what it says.
pub(super) fn logical_link<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    match llc(reader)? {
        Some(ethertype) => payload(ethertype, reader, wrapping),
        None => Ok(reader.rest()),
    }
}

/// The `EtherType` behind an LLC header; `None` if it says IP itself.
fn llc(reader: &mut Reader<'_>) -> Result<Option<u16>, Skip> {
    let header = reader.take(3).ok_or(Skip::Malformed)?;
    if header == LLC_IP {
        return Ok(None);
    }
    if header != LLC_SNAP {
        return Err(Skip::NotIp);
    }
    let organisation = reader.take(3).ok_or(Skip::Malformed)?;
    let ethertype = reader.u16().ok_or(Skip::Malformed)?;
    if ethertype < SMALLEST || !SNAP_ETHERTYPE.iter().any(|known| known == organisation) {
        return Err(Skip::NotIp);
    }
    Ok(Some(ethertype))
}

/// The tags that are seldom: steps over one and gives the `EtherType` behind it.
fn tag(ethertype: u16, reader: &mut Reader<'_>, wrapping: &mut Wrapping) -> Result<u16, Skip> {
    match ethertype {
        CISCO_METADATA => cisco_metadata(reader, wrapping)?,
        VN_TAG | HSR => {
            reader.take(4).ok_or(Skip::Malformed)?;
        }
        E_TAG => {
            reader.take(6).ok_or(Skip::Malformed)?;
        }
        MACSEC => macsec(reader)?,
        _ => return Err(Skip::NotIp),
    }
    reader.u16().ok_or(Skip::Malformed)
}

/// Version, length in words of four bytes, and options of which the first names the sender's security group.
fn cisco_metadata(reader: &mut Reader<'_>, wrapping: &mut Wrapping) -> Result<(), Skip> {
    const SECURITY_GROUP: u16 = 1;
    reader.u8().ok_or(Skip::Malformed)?;
    let words = usize::from(reader.u8().ok_or(Skip::Malformed)?);
    let options = reader.take(words * 4).ok_or(Skip::Malformed)?;
    let mut options = Reader::new(options);
    // The highest three bits of an option's kind are its length.
    match (options.u16().map(|kind| kind & 0x1fff), options.u16()) {
        (Some(SECURITY_GROUP), Some(group)) => wrapping.push(Layer::SecurityGroup(group)),
        _ => Ok(()),
    }
}

/// The tag of MACsec: what it only authenticates can be read, what it encrypts cannot.
fn macsec(reader: &mut Reader<'_>) -> Result<(), Skip> {
    const HAS_CHANNEL: u8 = 0x20;
    const ENCRYPTED: u8 = 0x08;
    const CHANGED: u8 = 0x04;
    let control = reader.u8().ok_or(Skip::Malformed)?;
    reader.take(5).ok_or(Skip::Malformed)?;
    if control & HAS_CHANNEL != 0 {
        reader.take(8).ok_or(Skip::Malformed)?;
    }
    if control & (ENCRYPTED | CHANGED) != 0 {
        return Err(Skip::Encrypted);
    }
    Ok(())
}

/// Flags and the id of a service instance, then the customer's frame.
fn backbone<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    let tag = reader.u32().ok_or(Skip::Malformed)?;
    wrapping.push(Layer::ServiceInstance(tag & 0x00ff_ffff))?;
    frame(reader, wrapping)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::ETHERNET;
    use super::*;

    fn frame_of(parts: &[&[u8]]) -> Vec<u8> {
        let mut frame = vec![2; 12];
        frame.extend(parts.concat());
        frame
    }

    #[test]
    fn tags_are_listed_outermost_first() {
        let frame = frame_of(&[&[0x88, 0xa8, 0x60, 100, 0x81, 0, 0, 7, 0x08, 0, 0x45]]);
        holds(ETHERNET, &frame, &[0x45], &["vlan:100", "vlan:7"]);
    }

    #[test]
    fn too_many_tags_are_malformed_not_a_loop() {
        let frame = frame_of(&[&[0x81, 0, 0, 7].repeat(40), &[0x08, 0]]);
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame));
        // Each a frame in a frame.
        let inner = [&[0x88, 0xe7, 0, 0, 0, 9][..], &[2; 12]].concat();
        let frame = frame_of(&[&inner.repeat(40), &[0x08, 0]]);
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame));
    }

    #[test]
    fn tags_without_a_name_of_their_own_are_still_bounded() {
        let frame = frame_of(&[&[0x89, 0x26, 0, 0, 0, 1].repeat(10_000), &[0x08, 0, 0x45]]);
        holds(ETHERNET, &frame, &[0x45], &[]);
    }

    #[test]
    fn llc_within_llc_is_no_loop_and_no_deep_stack() {
        let round = [0x89, 0x26, 0, 0, 0, 1, 0, 20, 0xaa, 0xaa, 3, 0, 0, 0];
        let frame = frame_of(&[&round.repeat(70_000), &[0x08, 0, 0x45]]);
        holds(ETHERNET, &frame, &[0x45], &[]);
    }

    #[test]
    fn snap_and_llc_are_read_and_other_llc_is_not_ip() {
        let mut frame = frame_of(&[&[0, 20, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0, 0x45]]);
        holds(ETHERNET, &frame, &[0x45], &[]);
        frame[19] = 0xf8;
        holds(ETHERNET, &frame, &[0x45], &[]);
        frame[19] = 0x0c;
        assert_eq!(Err(Skip::NotIp), strip(ETHERNET, &frame));
        frame[14] = 0x42;
        assert_eq!(Err(Skip::NotIp), strip(ETHERNET, &frame));
        holds(ETHERNET, &frame_of(&[&[0, 4, 6, 6, 3, 0x45]]), &[0x45], &[]);
    }

    #[test]
    fn cisco_metadata_names_the_security_group() {
        // Version 1, one word: security group 2.
        let frame = frame_of(&[&[0x89, 0x09, 1, 1, 0, 1, 0, 2, 0x08, 0, 0x45]]);
        holds(ETHERNET, &frame, &[0x45], &["sgt:2"]);
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame[..18]));
    }

    #[test]
    fn port_extension_and_redundancy_tags_are_stepped_over() {
        for (kind, length) in [(0x8926_u16, 4), (0x892f, 4), (0x893f, 6)] {
            let frame = frame_of(&[&kind.to_be_bytes(), &vec![7; length], &[0x86, 0xdd, 0x60]]);
            holds(ETHERNET, &frame, &[0x60], &[]);
        }
    }

    #[test]
    fn a_backbone_frame_holds_the_customers_frame_with_its_addresses() {
        let inner = [&[6; 6][..], &[5; 6], &[0x08, 0, 0x45]].concat();
        let frame = frame_of(&[&[0x88, 0xe7, 0x20, 1, 0, 5], &inner]);
        holds(ETHERNET, &frame, &[0x45], &["isid:65541"]);
        let mut wrapping = Wrapping::default();
        let _ = super::frame(&mut Reader::new(&frame), &mut wrapping);
        assert_eq!(
            (Some([5; 6]), Some([6; 6])),
            (wrapping.source_mac, wrapping.destination_mac)
        );
    }

    #[test]
    fn macsec_is_read_where_it_only_authenticates() {
        let tag = |control: u8| [0x88, 0xe5, control, 0, 0, 0, 0, 1];
        let rest = [0x08, 0, 0x45];
        holds(ETHERNET, &frame_of(&[&tag(0), &rest]), &[0x45], &[]);
        holds(
            ETHERNET,
            &frame_of(&[&tag(0x20), &[9; 8], &rest]),
            &[0x45],
            &[],
        );
        for control in [0x2c, 0x0c, 0x08, 0x04] {
            let frame = frame_of(&[&tag(control), &[9; 8], &rest]);
            assert_eq!(Err(Skip::Encrypted), strip(ETHERNET, &frame));
        }
    }
}
