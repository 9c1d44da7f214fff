//! Finished flows, oldest first: what is remembered of each, so that a late copy of its packets opens no second session.

use std::collections::VecDeque;

use super::index::Index;
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
    /// Apart from that of open flows, which is small so: of finished flows only a packet is asked for that may begin
    /// another.
    index: Index,
}

impl Graves {
    /// Add one, in place of an older one of the same flow.
    pub(super) fn push(&mut self, grave: Grave) {
        let hash = grave.hash;
        let behind = u32::try_from(self.list.len()).unwrap_or(0);
        let number = self.first.wrapping_add(behind);
        self.list.push_back(grave);
        self.reopen(hash);
        let Self { list, first, index } = self;
        index.insert(hash, number, |number| hash_of(list, *first, number));
    }

    /// The number of the flow with this hash.
    fn number(&self, hash: u64) -> Option<u32> {
        let hash_of = |number| hash_of(&self.list, self.first, number);
        self.index.find(hash, hash_of)
    }

    /// That of the flow with this hash.
    pub(super) fn find(&self, hash: u64) -> Option<&Tombstone> {
        let number = self.number(hash)?;
        Some(&grave(&self.list, self.first, number)?.tombstone)
    }

    /// The flow with this hash is open again.
    pub(super) fn reopen(&mut self, hash: u64) {
        if let Some(number) = self.number(hash) {
            self.index.remove(hash, number);
        }
    }

    /// Since when the oldest is there.
    pub(super) fn oldest_ns(&self) -> Option<u64> {
        self.list.front().map(|grave| grave.since_ns)
    }

    /// Take the oldest away.
    pub(super) fn pop(&mut self) {
        if let Some(grave) = self.list.pop_front() {
            self.index.remove(grave.hash, self.first);
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Flows that are known to be finished.
    pub(super) fn known(&self) -> usize {
        self.index.len()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

/// The one with this number, where `first` is that of the first.
fn grave(list: &VecDeque<Grave>, first: u32, number: u32) -> Option<&Grave> {
    list.get(usize::try_from(number.wrapping_sub(first)).ok()?)
}

fn hash_of(list: &VecDeque<Grave>, first: u32, number: u32) -> u64 {
    grave(list, first, number).map_or(0, |grave| grave.hash)
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
    fn each_is_found_while_the_oldest_go_and_go_round() {
        let mut graves = Graves {
            first: u32::MAX - 1,
            ..Graves::default()
        };
        (1..6).for_each(|hash| graves.push(grave(hash)));
        graves.pop();
        let sessions = |hash| Some(graves.find(hash)?.sessions);
        let all: Vec<_> = (1..6).map(sessions).collect();
        assert_eq!(vec![None, Some(2), Some(3), Some(4), Some(5)], all);
        assert_eq!((Some(2), 4), (graves.oldest_ns(), graves.len()));
    }

    #[test]
    fn the_newest_of_a_flow_counts_until_it_is_open_again() {
        let mut graves = Graves::default();
        for sessions in [1, 2] {
            let mut grave = grave(7);
            grave.tombstone.sessions = sessions;
            graves.push(grave);
        }
        graves.pop();
        assert_eq!(Some(2), graves.find(7).map(|tombstone| tombstone.sessions));
        graves.reopen(7);
        assert!(graves.find(7).is_none());
        assert_eq!((1, 0), (graves.len(), graves.known()));
    }
}
