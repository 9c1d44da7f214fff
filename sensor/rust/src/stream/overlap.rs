//! Bytes that come again: are they the same? Only what is still held can be compared.

use super::{Piece, Stream};

impl Stream {
    /// These bytes say something else than bytes that are kept for the same place.
    #[must_use]
    pub fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        let other = |piece: &Piece| differ((sequence, payload), (piece.sequence, &piece.bytes));
        self.pieces.iter().any(other)
    }

    /// Where the first kept bytes begin.
    #[must_use]
    pub fn first_kept(&self) -> Option<u32> {
        self.pieces.front().map(|piece| piece.sequence)
    }
}

/// Two runs of bytes, each with the sequence number of its first one, overlap and differ there.
#[must_use]
pub fn differ(a: (u32, &[u8]), b: (u32, &[u8])) -> bool {
    let ahead = b.0.wrapping_sub(a.0);
    // On the circle of sequence numbers, one of them begins first.
    let (first, second, distance) = if ahead < 1 << 31 {
        (a.1, b.1, ahead)
    } else {
        (b.1, a.1, a.0.wrapping_sub(b.0))
    };
    let distance = usize::try_from(distance).unwrap_or(usize::MAX);
    let shared = first.get(distance..).unwrap_or_default();
    shared.iter().zip(second).any(|(x, y)| x != y)
}

/// How far apart samples are taken.
const STRIDE: usize = 256;
const SAMPLE: usize = 8;
const SAMPLES: usize = 16;

#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    sequence: u32,
    length: usize,
    bytes: [u8; SAMPLE],
}

/// What remains of bytes that were handed on, to know them again: the first eight of each run, and eight of each 256
/// that follow; the last sixteen samples. Keeping all would double what a handshake costs.
#[derive(Debug, Default)]
pub struct Witness {
    samples: [Sample; SAMPLES],
    at: usize,
}

impl Witness {
    /// Note bytes that are handed on.
    pub fn note(&mut self, sequence: u32, bytes: &[u8]) {
        let mut sequence = sequence;
        for part in bytes.chunks(STRIDE) {
            let length = part.len().min(SAMPLE);
            if let Some(sample) = self.samples.get_mut(self.at) {
                sample.sequence = sequence;
                sample.length = length;
                if let (Some(to), Some(from)) = (sample.bytes.get_mut(..length), part.get(..length))
                {
                    to.copy_from_slice(from);
                }
            }
            self.at = (self.at + 1) % SAMPLES;
            sequence = sequence.wrapping_add(super::length(part));
        }
    }

    /// These bytes, come again, say something else.
    #[must_use]
    pub fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        self.samples.iter().any(|sample| {
            let bytes = sample.bytes.get(..sample.length).unwrap_or_default();
            differ((sequence, payload), (sample.sequence, bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::numbers;
    use super::*;
    use crate::limits::Counters;

    #[test]
    fn runs_are_compared_where_they_overlap() {
        for start in [0_u32, 7, u32::MAX - 3] {
            let a = (start, &[1, 2, 3, 4, 5][..]);
            for (ahead, bytes, expected) in [
                (0, &[1, 2, 3, 4, 5][..], false),
                (0, &[1, 2, 9], true),
                (3, &[4, 5, 6], false),
                (3, &[4, 6], true),
                (5, &[9, 9], false),
                (900, &[9, 9], false),
            ] {
                let b = (start.wrapping_add(ahead), bytes);
                assert_eq!(expected, differ(a, b), "{start} {ahead}");
                assert_eq!(expected, differ(b, a), "{start} {ahead}");
            }
        }
    }

    #[test]
    fn kept_pieces_are_compared_byte_by_byte() {
        let (mut stream, mut counters) = (Stream::default(), Counters::default());
        stream.begin_at_syn(9, false);
        stream.accept(20, &numbers(10), 0, &mut counters);
        stream.accept(40, &numbers(10), 0, &mut counters);
        assert!(!stream.differs(20, &numbers(10)) && !stream.differs(30, &[9; 10]));
        for at in 0..10 {
            let mut other = numbers(10);
            other[at] ^= 1;
            assert!(stream.differs(20, &other) && stream.differs(40, &other));
        }
        assert_eq!(Some(20), stream.first_kept());
    }

    #[test]
    fn a_witness_knows_the_start_of_each_run_and_every_256th_byte() {
        let mut witness = Witness::default();
        let bytes = numbers(600);
        witness.note(u32::MAX - 9, &bytes[..520]);
        witness.note(510, &bytes[520..]);
        assert!(!witness.differs(u32::MAX - 9, &bytes));
        for (at, seen) in [
            (0, true),
            (7, true),
            (8, false),
            (256, true),
            (263, true),
            (519, true),
            (520, true),
            (528, false),
        ] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(seen, witness.differs(u32::MAX - 9, &other), "{at}");
        }
        assert!(!witness.differs(5_000, &bytes));
    }

    #[test]
    fn a_witness_forgets_the_oldest() {
        let mut witness = Witness::default();
        for n in 0..17 {
            witness.note(n * 10, &[1]);
        }
        assert!(!witness.differs(0, &[2]) && witness.differs(10, &[2]));
    }
}
