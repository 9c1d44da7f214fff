//! Where each flow is kept, by the hash of its key: twelve bytes a flow, so that the question "is this one of ours?", asked
//! of every packet, touches as little memory as can be.

use hashbrown::HashTable;

/// Marks places among the finished flows.
const FINISHED: u32 = 1 << 31;

/// Where a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In this slot.
    Open(usize),
    /// Finished: its tombstone has this number.
    Finished(u32),
}

impl Place {
    /// The flow is not finished.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Open(_))
    }

    fn packed(self) -> u32 {
        match self {
            // There are far fewer slots than this: `max_flows` is capped below it.
            Self::Open(slot) => u32::try_from(slot).unwrap_or(FINISHED - 1) & !FINISHED,
            Self::Finished(number) => number | FINISHED,
        }
    }

    fn unpacked(packed: u32) -> Self {
        if packed & FINISHED == 0 {
            Self::Open(usize::try_from(packed).unwrap_or(usize::MAX))
        } else {
            Self::Finished(packed & !FINISHED)
        }
    }
}

/// Bytes, for a word of eight would waste four more.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: [u8; 8],
    place: u32,
}

impl Entry {
    fn hash(&self) -> u64 {
        u64::from_ne_bytes(self.hash)
    }
}

/// All flows that are known, one entry a hash.
#[derive(Debug, Default)]
pub(super) struct Index(HashTable<Entry>);

impl Index {
    /// Where the flow with this hash is.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<Place> {
        let entry = self.0.find(hash, |entry| entry.hash() == hash)?;
        Some(Place::unpacked(entry.place))
    }

    /// Put a flow there, in place of what was known under its hash.
    pub(super) fn set(&mut self, hash: u64, place: Place) {
        let place = place.packed();
        if let Some(entry) = self.0.find_mut(hash, |entry| entry.hash() == hash) {
            entry.place = place;
            return;
        }
        let entry = Entry {
            hash: hash.to_ne_bytes(),
            place,
        };
        self.0.insert_unique(hash, entry, Entry::hash);
    }

    /// Forget a flow, if it is there still.
    pub(super) fn remove(&mut self, hash: u64, place: Place) {
        let is_it = |entry: &Entry| entry.hash() == hash && entry.place == place.packed();
        if let Ok(entry) = self.0.find_entry(hash, is_it) {
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
    fn a_place_survives_packing() {
        for place in [
            Place::Open(0),
            Place::Open(262_144),
            Place::Finished(0),
            Place::Finished(FINISHED - 1),
        ] {
            assert_eq!(place, Place::unpacked(place.packed()));
        }
    }

    #[test]
    fn the_newest_place_counts_and_only_it_is_removed() {
        let mut index = Index::default();
        index.set(7, Place::Open(1));
        index.set(7, Place::Finished(9));
        index.set(1 << 40, Place::Open(2));
        assert_eq!((Some(Place::Finished(9)), 2), (index.find(7), index.len()));
        index.remove(7, Place::Open(1));
        assert_eq!(Some(Place::Finished(9)), index.find(7));
        index.remove(7, Place::Finished(9));
        assert_eq!((None, 1), (index.find(7), index.len()));
    }

    #[test]
    fn an_entry_is_small() {
        assert_eq!(12, size_of::<Entry>());
    }
}
