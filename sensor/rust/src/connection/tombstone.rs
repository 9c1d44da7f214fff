//! What remains of a connection whose handshakes were reported, so that a late copy of its packets opens no other.

use crate::stream::{before, MAX_AHEAD};

/// What is remembered of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tombstone {
    /// Time and number of the connection's first packet.
    pub first: (u64, u64),
    /// Sessions reported.
    pub sessions: usize,
    /// Of each direction, the next byte wanted.
    pub(crate) next: [Option<u32>; 2],
    /// Of each direction, the sequence number of its SYN.
    pub(crate) syn: [Option<u32>; 2],
}

impl Tombstone {
    /// This SYN begins another connection between the same ports; a copy of the old SYN does not.
    #[must_use]
    pub fn is_new_syn(&self, direction: usize, sequence: u32) -> bool {
        // A SYN so little before the data that was read is theirs.
        let near = |next: u32| before(sequence, next) && next.wrapping_sub(sequence) < MAX_AHEAD;
        match (self.syn.get(direction), self.next.get(direction)) {
            (Some(Some(syn)), _) => *syn != sequence,
            (_, Some(Some(next))) => !near(*next),
            _ => true,
        }
    }

    /// These bytes come behind all that was read.
    #[must_use]
    pub fn is_new_data(&self, direction: usize, sequence: u32) -> bool {
        match self.next.get(direction) {
            Some(Some(next)) => !before(sequence, *next),
            _ => true,
        }
    }
}
