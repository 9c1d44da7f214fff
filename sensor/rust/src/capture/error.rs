//! What can be wrong with a capture: a closed catalogue of codes, and the list one reading gathers.
//!
//! Damage is data, never an error that ends a program: all that could be read stands beside it.

use std::fmt;

/// What is wrong, as a word that programs can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DamageCode {
    /// There is not one byte to read.
    Empty,
    /// The content is of another kind than pcap or pcapng.
    NotACapture,
    /// The input ends inside the header of the file.
    CutHeader,
    /// The header of the file or of a section states what no reader knows.
    BadHeader,
    /// The input ends inside a packet; the bytes that are there were delivered.
    CutPacket,
    /// A packet states a length that cannot be.
    BadPacketLength,
    /// A packet's record is all zero: space that was never written. It was delivered, empty.
    BlankPacket,
    /// The input ends inside a pcapng block that is no packet.
    CutBlock,
    /// A pcapng block contradicts itself.
    BadBlock,
    /// A packet names an interface that was not described; it was left out.
    UnknownInterface,
    /// More interfaces are described than are kept; packets of the others were left out.
    TooManyInterfaces,
    /// A time lies outside what can be told; the nearest one was taken.
    BadTime,
    /// The compressed data ends too early.
    CutCompression,
    /// The compressed data contradicts itself.
    BadCompression,
    /// The operating system refused to read on.
    ReadError,
    /// The operating system refused to open it when its turn came.
    CannotOpen,
}

impl DamageCode {
    /// Every code there is.
    pub const ALL: [Self; 16] = [
        Self::Empty,
        Self::NotACapture,
        Self::CutHeader,
        Self::BadHeader,
        Self::CutPacket,
        Self::BadPacketLength,
        Self::BlankPacket,
        Self::CutBlock,
        Self::BadBlock,
        Self::UnknownInterface,
        Self::TooManyInterfaces,
        Self::BadTime,
        Self::CutCompression,
        Self::BadCompression,
        Self::ReadError,
        Self::CannotOpen,
    ];

    /// The stable word for this code: lower case, words joined by `_`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotACapture => "not_a_capture",
            Self::CutHeader => "cut_header",
            Self::BadHeader => "bad_header",
            Self::CutPacket => "cut_packet",
            Self::BadPacketLength => "bad_packet_length",
            Self::BlankPacket => "blank_packet",
            Self::CutBlock => "cut_block",
            Self::BadBlock => "bad_block",
            Self::UnknownInterface => "unknown_interface",
            Self::TooManyInterfaces => "too_many_interfaces",
            Self::BadTime => "bad_time",
            Self::CutCompression => "cut_compression",
            Self::BadCompression => "bad_compression",
            Self::ReadError => "read_error",
            Self::CannotOpen => "cannot_open",
        }
    }
}

impl fmt::Display for DamageCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One thing that is wrong with a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub code: DamageCode,
    /// Where it is first seen: a byte of the uncompressed capture. `None` if no byte can be named.
    pub offset: Option<u64>,
    /// A sentence for people, about the first time. Never holds bytes of the capture.
    pub message: String,
    /// How often it was seen, the first time included.
    pub times: u64,
}

/// The damage of one capture: at most one entry for a code, so that a hostile file cannot make it grow.
#[derive(Debug, Default)]
pub(super) struct Damages(Vec<Damage>);

impl Damages {
    /// Notes damage. The message is built the first time only.
    #[cold]
    pub(super) fn note(
        &mut self,
        code: DamageCode,
        offset: Option<u64>,
        message: impl FnOnce() -> String,
    ) {
        match self.0.iter_mut().find(|known| known.code == code) {
            Some(known) => known.times = known.times.saturating_add(1),
            None => self.0.push(Damage {
                code,
                offset,
                message: message(),
                times: 1,
            }),
        }
    }

    /// All damage, in the order in which each kind was first seen.
    pub(super) fn as_slice(&self) -> &[Damage] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_code_has_a_word_of_its_own() {
        let words: HashSet<_> = DamageCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), DamageCode::ALL.len());
        for word in words {
            assert!(
                word.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{word}"
            );
        }
    }

    #[test]
    fn the_list_is_bounded_and_counts() {
        let mut damages = Damages::default();
        for offset in 0..1000 {
            damages.note(DamageCode::BadTime, Some(offset), || format!("at {offset}"));
            damages.note(DamageCode::BadBlock, None, String::new);
        }
        let list = damages.as_slice();
        assert_eq!(list.len(), 2);
        assert_eq!(
            (list[0].times, list[0].offset, list[0].message.as_str()),
            (1000, Some(0), "at 0")
        );
    }
}
