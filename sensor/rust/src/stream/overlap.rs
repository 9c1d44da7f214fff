//! Bytes that come again: are they the same? Only what is still held can be compared.

use super::Stream;

impl Stream {
    /// These bytes say something else than bytes that are kept for the same place.
    #[must_use]
    pub fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        self.early
            .as_ref()
            .is_some_and(|early| early.differs(sequence, payload))
    }

    /// Where the first kept bytes begin.
    #[must_use]
    pub fn first_kept(&self) -> Option<u32> {
        self.early.as_ref().and_then(|early| early.first())
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

/// Bytes of each end of a run that are kept.
const ENDS: usize = 8;
const RUNS: usize = 12;
/// For so many more there is room at a time: most handshakes are over before there are many.
const FEW_RUNS: usize = 6;

/// What remains of a run of bytes that were handed on together: usually the payload of one segment.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    sequence: u32,
    length: u32,
    sum: u64,
    head: [u8; ENDS],
    tail: [u8; ENDS],
}

impl Run {
    fn new(sequence: u32, bytes: &[u8]) -> Self {
        let mut run = Self {
            sequence,
            length: super::length(bytes),
            sum: sum(bytes),
            ..Self::default()
        };
        if let (Some(head), Some(tail)) = (bytes.first_chunk(), bytes.last_chunk()) {
            (run.head, run.tail) = (*head, *tail);
            return run;
        }
        for (to, from) in run.head.iter_mut().zip(bytes) {
            *to = *from;
        }
        for (to, from) in run.tail.iter_mut().rev().zip(bytes.iter().rev()) {
            *to = *from;
        }
        run
    }

    fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        let start = usize::try_from(self.sequence.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        if let Some(again) = start
            .checked_add(length)
            .and_then(|end| payload.get(start..end))
        {
            return sum(again) != self.sum;
        }
        let kept = length.min(ENDS);
        let end = self.sequence.wrapping_add(self.length);
        let tail_at = end.wrapping_sub(super::length(&self.tail[..kept]));
        let head = self.head.get(..kept).unwrap_or_default();
        let tail = self.tail.get(ENDS - kept..).unwrap_or_default();
        differ((sequence, payload), (self.sequence, head))
            || differ((sequence, payload), (tail_at, tail))
    }
}

/// A sum that one changed byte, or one changed word, always changes; quick, and no secret.
fn sum(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<64>();
    // Eight sums side by side, as the processor can add at once.
    let mut sums = [0_u64; 8];
    for block in blocks {
        for (sum, word) in sums.iter_mut().zip(block.as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let of_words = sums.into_iter().chain(words).fold(0, u64::wrapping_add);
    let of_rest = rest
        .iter()
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    of_words.wrapping_add(of_rest.rotate_left(4))
}

/// What remains of bytes that were handed on, to know them again: sums and ends of the last twelve runs. Keeping all
/// would double what a handshake costs.
#[derive(Debug, Default)]
pub struct Witness {
    runs: Vec<Run>,
    /// Where the next one goes when there are enough.
    at: usize,
}

impl Witness {
    /// Note bytes that are handed on.
    pub fn note(&mut self, sequence: u32, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let run = Run::new(sequence, bytes);
        if self.runs.len() < RUNS {
            if self.runs.len() == self.runs.capacity() {
                self.runs.reserve_exact(FEW_RUNS);
            }
            self.runs.push(run);
        } else if let Some(oldest) = self.runs.get_mut(self.at) {
            *oldest = run;
            self.at = (self.at + 1) % RUNS;
        }
    }

    /// Forget all of them.
    pub fn clear(&mut self) {
        self.runs.clear();
        self.at = 0;
    }

    /// Bytes held on the heap.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.runs.capacity() * size_of::<Run>()
    }

    /// These bytes, come again, say something else: than a run that they hold as a whole, or than the ends of one.
    #[must_use]
    pub fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        self.runs.iter().any(|run| run.differs(sequence, payload))
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
    fn a_witness_knows_whole_runs_by_every_byte_and_parts_by_their_ends() {
        let mut witness = Witness::default();
        let bytes = numbers(600);
        witness.note(u32::MAX - 9, &bytes[..520]);
        witness.note(510, &bytes[520..]);
        assert!(!witness.differs(u32::MAX - 9, &bytes));
        for at in 0..600 {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(witness.differs(u32::MAX - 9, &other), "{at}");
            // Without its first byte, the first run is no whole one.
            let seen = matches!(at, 1..8 | 512..600);
            assert_eq!(seen, witness.differs(u32::MAX - 8, &other[1..]), "{at}");
        }
        assert!(!witness.differs(5_000, &bytes));
    }

    #[test]
    fn a_witness_forgets_the_oldest() {
        let mut witness = Witness::default();
        for n in 0..13 {
            witness.note(n * 10, &[1]);
        }
        assert!(!witness.differs(0, &[2]) && witness.differs(10, &[2]));
    }
}
