//! MPLS (RFC 3032): labels, and what is behind them, which nothing names.

use super::{ethernet, Layer, Skip, Wrapping};
use crate::bytes::Reader;

/// A control word (RFC 4385) before the frame of a pseudowire.
const CONTROL_WORD: usize = 4;

/// Entries of label (20 bits), traffic class, bottom of stack and time to live; then IP, or an Ethernet frame.
pub(super) fn labels<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    loop {
        let entry = reader.u32().ok_or(Skip::Malformed)?;
        wrapping.push(Layer::Label(entry >> 12))?;
        if entry & 0x100 != 0 {
            break;
        }
    }
    // The first four bits tell IP from a control word and from an associated channel (RFC 4928, RFC 5586).
    let rest = reader.rest();
    match rest.first().map(|byte| byte >> 4) {
        None => Err(Skip::Malformed),
        Some(4 | 6) if !looks_like_frame(rest) => Ok(rest),
        // A tagged frame looks like one behind a control word, too; the other way round it takes an odd address.
        _ if looks_like_frame(rest) => ethernet::frame(reader, wrapping),
        Some(0) if looks_like_frame(rest.get(CONTROL_WORD..).unwrap_or_default()) => {
            reader.take(CONTROL_WORD);
            ethernet::frame(reader, wrapping)
        }
        _ => Err(Skip::NotIp),
    }
}

/// These bytes may begin an Ethernet frame: an `EtherType` is known at its place, and what it says begins as it must. In
/// an IPv4 packet its type would be in the source address, and behind it nothing that fits.
fn looks_like_frame(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let ethertype = reader.take(12).and_then(|_| reader.u16());
    let version = reader.u8().map(|byte| byte >> 4);
    match (ethertype, version) {
        (Some(0x0800), Some(version)) => version == 4,
        (Some(0x86dd), Some(version)) => version == 6,
        (Some(0x8864), Some(version)) => version == 1,
        (Some(other), Some(_)) => ethernet::is_followed(other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::ETHERNET;
    use super::*;

    /// Labels 16 and 3 at the bottom, each with time to live 64.
    const LABELS: [u8; 8] = [0, 1, 0, 64, 0, 0, 0x31, 64];

    fn frame_of(rest: &[u8]) -> Vec<u8> {
        [&[2; 12][..], &[0x88, 0x47], &LABELS, rest].concat()
    }

    #[test]
    fn labels_are_named_down_to_the_packet() {
        let packet = [&[0x45][..], &[0; 30]].concat();
        holds(
            ETHERNET,
            &frame_of(&packet),
            &packet,
            &["mpls:16", "mpls:3"],
        );
        let packet = [&[0x60][..], &[0; 50]].concat();
        holds(
            ETHERNET,
            &frame_of(&packet),
            &packet,
            &["mpls:16", "mpls:3"],
        );
    }

    #[test]
    fn explicit_null_is_a_label() {
        let frame = [&[2; 12][..], &[0x88, 0x47, 0, 0, 1, 9, 0x45]].concat();
        holds(ETHERNET, &frame, &[0x45], &["mpls:0"]);
    }

    #[test]
    fn a_pseudowire_with_and_without_its_control_word() {
        for first in [0x00, 0x02, 0x44, 0x68, 0xa2] {
            let inner = [&[first; 6][..], &[5; 6], &[0x81, 0, 0, 9, 0x08, 0, 0x45]].concat();
            let path = ["mpls:16", "mpls:3", "vlan:9"];
            holds(ETHERNET, &frame_of(&inner), &[0x45], &path);
            let with_word = [&[0, 0, 0, 7][..], &inner].concat();
            holds(ETHERNET, &frame_of(&with_word), &[0x45], &path);
        }
    }

    #[test]
    fn an_associated_channel_is_not_ip() {
        let channel = [&[0x10, 0, 0, 0x21][..], &[0x45; 30]].concat();
        assert_eq!(Err(Skip::NotIp), strip(ETHERNET, &frame_of(&channel)));
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame_of(&[])));
    }

    #[test]
    fn a_stack_without_a_bottom_is_malformed() {
        let frame = [&[2; 12][..], &[0x88, 0x47], &[0, 1, 0, 64].repeat(100)].concat();
        assert_eq!(Err(Skip::Malformed), strip(ETHERNET, &frame));
    }
}
