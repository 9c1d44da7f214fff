//! Finished flows, oldest first: what is remembered of each, so that a late copy of its packets opens no second session.

use std::collections::VecDeque;

use super::index::NUMBERS;
use crate::connection::Tombstone;

#[derive(Debug)]
pub(super) struct Grave {
    /// Of the flow's key. The key itself is not kept: of two flows with one hash, a sequence number would have to be the
    /// same, too, for one to be mistaken for a copy of the other.
    pub(super) hash: u64,
    pub(super) since_ns: u64,
    pub(super) tombstone: Tombstone,
}

/// All of them. One that was opened again stays until its time comes.
#[derive(Debug, Default)]
pub(super) struct Graves {
    list: VecDeque<Grave>,
    /// Number of the first.
    first: u32,
}

impl Graves {
    /// Add one; gives its number.
    pub(super) fn push(&mut self, grave: Grave) -> u32 {
        let behind = u32::try_from(self.list.len()).unwrap_or(0);
        self.list.push_back(grave);
        self.first.wrapping_add(behind) % NUMBERS
    }

    /// The one with this number.
    pub(super) fn get(&self, number: u32) -> Option<&Tombstone> {
        let at = number.wrapping_sub(self.first) % NUMBERS;
        let grave = self.list.get(usize::try_from(at).ok()?)?;
        Some(&grave.tombstone)
    }

    /// Since when the oldest is there.
    pub(super) fn oldest_ns(&self) -> Option<u64> {
        self.list.front().map(|grave| grave.since_ns)
    }

    /// Take the oldest away, with its number.
    pub(super) fn pop(&mut self) -> Option<(u32, Grave)> {
        let grave = self.list.pop_front()?;
        let number = self.first;
        self.first = (self.first + 1) % NUMBERS;
        Some((number, grave))
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grave(hash: u64) -> Grave {
        Grave {
            hash,
            since_ns: hash,
            tombstone: Tombstone {
                sessions: usize::try_from(hash).unwrap(),
                ..Tombstone::default()
            },
        }
    }

    #[test]
    fn numbers_stay_true_while_the_oldest_go_and_go_round() {
        let mut graves = Graves {
            first: NUMBERS - 2,
            ..Graves::default()
        };
        let numbers: Vec<u32> = (0..5).map(|hash| graves.push(grave(hash))).collect();
        assert_eq!(vec![NUMBERS - 2, NUMBERS - 1, 0, 1, 2], numbers);
        let (number, first) = graves.pop().unwrap();
        assert_eq!((NUMBERS - 2, 0), (number, first.hash));
        assert!(graves.get(NUMBERS - 2).is_none());
        for (hash, number) in (1..5).zip(&numbers[1..]) {
            assert_eq!(Some(hash), graves.get(*number).map(|t| t.sessions));
        }
        assert_eq!((Some(1), 4), (graves.oldest_ns(), graves.len()));
    }
}
