//! Where each flow is kept, by the hash of its key. Only numbers stand here, five bytes a flow, and the hash is where the
//! number leads: the question "is this one of ours?" is asked of every packet, mostly the answer is no, and then it is
//! found in memory that fits a cache.

use hashbrown::HashTable;

/// The numbers of all flows that are known, one a hash. `hash_of` gives the hash of the flow with a number.
#[derive(Debug, Default)]
pub(super) struct Index(HashTable<u32>);

impl Index {
    /// The number of the flow with this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, hash_of: impl Fn(u32) -> u64) -> Option<u32> {
        let found = self.0.find(hash, |&number| hash_of(number) == hash);
        found.copied()
    }

    /// Add a flow that is not known.
    pub(super) fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        self.0
            .insert_unique(hash, number, |&number| hash_of(number));
    }

    /// Give a flow another number.
    pub(super) fn replace(&mut self, hash: u64, old: u32, new: u32) {
        if let Some(number) = self.0.find_mut(hash, |&number| number == old) {
            *number = new;
        }
    }

    /// Forget a flow, if it has this number still.
    pub(super) fn remove(&mut self, hash: u64, number: u32) {
        if let Ok(entry) = self.0.find_entry(hash, |&known| known == number) {
            entry.remove();
        }
    }

    /// Flows known.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_found_by_its_hash_and_forgotten_by_its_number() {
        // All of them in one place of the table.
        let hashes: Vec<u64> = (0..100).map(|number| number << 32).collect();
        let hash_of = |number: u32| hashes[usize::try_from(number % 1_000).unwrap()];
        let mut index = Index::default();
        for (number, hash) in (0..).zip(&hashes) {
            assert_eq!(None, index.find(*hash, hash_of));
            index.insert(*hash, number, hash_of);
        }
        index.replace(hashes[7], 7, 1_007);
        index.remove(hashes[7], 7);
        assert_eq!(
            (Some(1_007), 100),
            (index.find(hashes[7], hash_of), index.len())
        );
        index.remove(hashes[7], 1_007);
        assert_eq!((None, 99), (index.find(hashes[7], hash_of), index.len()));
        assert_eq!(Some(8), index.find(hashes[8], hash_of));
    }
}
