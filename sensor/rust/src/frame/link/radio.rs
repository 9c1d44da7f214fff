//! What capturing cards put before a frame of 802.11: radiotap, Prism and AVS headers.

use super::wifi::{self, Air};
use super::{Skip, Wrapping};
use crate::bytes::Reader;

/// Of the flags of radiotap and PPI: the frame ends with its check sequence.
const HAS_CHECK_SEQUENCE: u8 = 0x10;
/// Its header is padded to a multiple of four bytes.
const IS_PADDED: u8 = 0x20;
/// It failed its check sequence.
const IS_CORRUPT: u8 = 0x40;

/// LINKTYPE_IEEE802_11: no header at all.
pub(super) fn bare<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    wifi::packet(inside_nothing(reader.rest())?, wrapping)
}

/// LINKTYPE_IEEE802_11_RADIOTAP.
pub(super) fn radiotap<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    wifi::packet(inside_radiotap(reader.rest())?, wrapping)
}

/// LINKTYPE_PRISM_HEADER.
pub(super) fn prism<'a>(
    reader: &mut Reader<'a>,
    wrapping: &mut Wrapping,
) -> Result<&'a [u8], Skip> {
    wifi::packet(inside_prism(reader.rest())?, wrapping)
}

/// LINKTYPE_IEEE802_11_AVS.
pub(super) fn avs<'a>(reader: &mut Reader<'a>, wrapping: &mut Wrapping) -> Result<&'a [u8], Skip> {
    wifi::packet(inside_avs(reader.rest())?, wrapping)
}

/// All that was captured.
#[allow(clippy::unnecessary_wraps)]
pub(super) fn inside_nothing(frame: &[u8]) -> Result<Air<'_>, Skip> {
    Ok(Air {
        frame,
        padded: false,
    })
}

/// The frame behind a radiotap header (radiotap.org).
pub(super) fn inside_radiotap(bytes: &[u8]) -> Result<Air<'_>, Skip> {
    let length = little_endian(bytes, 2).ok_or(Skip::Malformed)?;
    if length < 8 || bytes.first() != Some(&0) {
        return Err(Skip::Malformed);
    }
    let (header, frame) = bytes.split_at_checked(length).ok_or(Skip::Malformed)?;
    let flags = radiotap_flags(header).unwrap_or(0);
    if flags & IS_CORRUPT != 0 {
        // The card that it was meant for threw it away, too.
        return Err(Skip::Malformed);
    }
    let check = if flags & HAS_CHECK_SEQUENCE == 0 {
        0
    } else {
        4
    };
    let end = frame.len().checked_sub(check).ok_or(Skip::Malformed)?;
    Ok(Air {
        frame: frame.get(..end).unwrap_or(frame),
        padded: flags & IS_PADDED != 0,
    })
}

/// The field of flags, if there is one: behind all words of what is present, and behind the time, which is aligned.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    const TIME: u8 = 0x01;
    const FLAGS: u8 = 0x02;
    const MORE_WORDS: u8 = 0x80;
    let present = *header.get(4)?;
    let mut at: usize = 4;
    while header.get(at + 3)? & MORE_WORDS != 0 {
        at += 4;
    }
    at += 4;
    if present & TIME != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    (present & FLAGS != 0).then(|| header.get(at).copied())?
}

/// The frame behind a Prism header, whose length is in the byte order of the machine; some cards write an AVS header.
pub(super) fn inside_prism(bytes: &[u8]) -> Result<Air<'_>, Skip> {
    if bytes.starts_with(&AVS_MAGIC) {
        return inside_avs(bytes);
    }
    let word = bytes.get(4..8).and_then(|word| word.try_into().ok());
    let word: [u8; 4] = word.ok_or(Skip::Malformed)?;
    let fits = |length: u32| {
        let length = usize::try_from(length).ok().filter(|&length| length >= 8)?;
        bytes.get(length..)
    };
    let frame = fits(u32::from_le_bytes(word)).or_else(|| fits(u32::from_be_bytes(word)));
    inside_nothing(frame.ok_or(Skip::Malformed)?)
}

/// Its version, without the last digit: 0x80211001 and 0x80211002 are known.
const AVS_MAGIC: [u8; 3] = [0x80, 0x21, 0x10];

/// The frame behind an AVS header: magic and version, length.
pub(super) fn inside_avs(bytes: &[u8]) -> Result<Air<'_>, Skip> {
    let mut reader = Reader::new(bytes);
    reader.u32().ok_or(Skip::Malformed)?;
    let length = reader.u32().and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|&length| length >= 8);
    let frame = length.and_then(|length| bytes.get(length..));
    inside_nothing(frame.ok_or(Skip::Malformed)?)
}

fn little_endian(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_le_bytes(field)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{holds, strip};
    use super::super::{AVS, IEEE802_11, PPI, PRISM, RADIOTAP};
    use super::*;

    /// A data frame from an access point: header, LLC and SNAP, the first bytes of a packet.
    fn data() -> Vec<u8> {
        let mut frame = vec![0x08, 0x02, 0, 0];
        frame.extend([[1; 6], [2; 6], [3; 6]].concat());
        frame.extend([0x10, 0, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0, 0x45, 9]);
        frame
    }

    fn tap(present: &[u8], fields: &[u8], frame: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + present.len() + fields.len()).unwrap();
        [&[0, 0], &length.to_le_bytes()[..], present, fields, frame].concat()
    }

    #[test]
    fn every_header_is_stepped_over() {
        holds(IEEE802_11, &data(), &[0x45, 9], &[]);
        holds(RADIOTAP, &tap(&[0; 4], &[], &data()), &[0x45, 9], &[]);
        let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[7; 56], &data()].concat();
        holds(AVS, &avs, &[0x45, 9], &[]);
        holds(PRISM, &avs, &[0x45, 9], &[]);
        for length in [144_u32.to_le_bytes(), 144_u32.to_be_bytes()] {
            let prism = [&[0x44, 0, 0, 0][..], &length, &[7; 136], &data()].concat();
            holds(PRISM, &prism, &[0x45, 9], &[]);
        }
        let ppi = [&[0, 0, 12, 0, 105, 0, 0, 0, 1, 2, 3, 4][..], &data()].concat();
        holds(PPI, &ppi, &[0x45, 9], &[]);
    }

    #[test]
    fn radiotap_flags_are_found_behind_what_stands_before_them() {
        let with_check = [&data()[..], &[0xee; 4]].concat();
        for (present, fields) in [
            (&[2, 0, 0, 0][..], &[0x10][..]),
            (&[3, 0, 0, 0], &[9, 9, 9, 9, 9, 9, 9, 9, 0x10]),
            (
                &[3, 0, 0, 0x80, 0, 0, 0, 0],
                &[0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 0x10],
            ),
            (&[2, 0, 0, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0], &[0x10, 7]),
        ] {
            holds(
                RADIOTAP,
                &tap(present, fields, &with_check),
                &[0x45, 9],
                &[],
            );
            let plain: Vec<u8> = fields
                .iter()
                .map(|&b| if b == 0x10 { 0 } else { b })
                .collect();
            holds(RADIOTAP, &tap(present, &plain, &data()), &[0x45, 9], &[]);
        }
        let corrupt = tap(&[2, 0, 0, 0], &[0x50], &with_check);
        assert_eq!(Err(Skip::Malformed), strip(RADIOTAP, &corrupt));
    }

    #[test]
    fn a_header_padded_to_words_is_read() {
        // Quality of service: 26 bytes of header, two of padding.
        let mut frame = data();
        frame[0] = 0x88;
        frame.splice(24..24, [0, 0, 0, 0]);
        holds(
            RADIOTAP,
            &tap(&[2, 0, 0, 0], &[0x20], &frame),
            &[0x45, 9],
            &[],
        );
    }

    #[test]
    fn lengths_that_lie_are_malformed() {
        for (link, bytes) in [
            (RADIOTAP, &[0, 0, 7, 0, 0, 0, 0, 0, 0, 0][..]),
            (RADIOTAP, &[0, 0, 99, 0, 0, 0, 0, 0]),
            (RADIOTAP, &[1, 0, 8, 0, 0, 0, 0, 0]),
            (RADIOTAP, &[0, 0, 8, 0, 2, 0, 0, 0x80]),
            (PRISM, &[0x44, 0, 0, 0, 9, 9, 9, 9]),
            (AVS, &[0x80, 0x21, 0x10, 1, 0, 0, 0, 7]),
        ] {
            assert_eq!(Err(Skip::Malformed), strip(link, bytes), "{link}");
        }
    }
}
