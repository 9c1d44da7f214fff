//! Where each flow is kept, by the hash of its key. The question "is this one of ours?" is asked of every packet, and mostly
//! the answer is no: it touches one line of the cache.

/// The two highest bits of a packed place tell its kind.
const KIND: u32 = 0b11 << 30;
const OPENING: u32 = 0b01 << 30;
const OPEN: u32 = 0b10 << 30;
const FINISHED: u32 = 0b11 << 30;
/// No place has this number.
const NONE: u32 = 0;
/// Numbers of places go round below this.
pub(super) const NUMBERS: u32 = !KIND + 1;

/// Where a flow is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It said nothing yet: the opening with this number.
    Opening(usize),
    /// In this slot.
    Open(usize),
    /// Finished: its tombstone has this number.
    Finished(u32),
}

impl Place {
    fn packed(self) -> u32 {
        // There are far fewer flows than numbers: `max_flows` is capped below them.
        let number = |at: usize| u32::try_from(at).unwrap_or(NUMBERS - 1) % NUMBERS;
        match self {
            Self::Opening(at) => number(at) | OPENING,
            Self::Open(at) => number(at) | OPEN,
            Self::Finished(number) => (number % NUMBERS) | FINISHED,
        }
    }

    fn unpacked(packed: u32) -> Self {
        let number = packed & !KIND;
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        match packed & KIND {
            OPENING => Self::Opening(at),
            OPEN => Self::Open(at),
            _ => Self::Finished(number),
        }
    }
}

/// Entries that share a line of the cache.
const ENTRIES: usize = 5;
/// So many in each bucket on the average, and there are twice as many buckets.
const CROWDED: usize = 3;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    hashes: [u64; ENTRIES],
    places: [u32; ENTRIES],
    /// Entries that belong here, or before here, and are behind here because here there was no room.
    passed: u32,
}

const EMPTY: Bucket = Bucket {
    hashes: [0; ENTRIES],
    places: [NONE; ENTRIES],
    passed: 0,
};

impl Bucket {
    #[inline]
    fn find(&self, hash: u64) -> Option<usize> {
        let both = self.hashes.iter().zip(&self.places);
        both.enumerate()
            .find(|(_, (&known, &place))| known == hash && place != NONE)
            .map(|(at, _)| at)
    }

    fn room(&self) -> Option<usize> {
        self.places.iter().position(|&place| place == NONE)
    }
}

/// All flows that are known, one entry a hash.
#[derive(Debug)]
pub(super) struct Index {
    /// A power of two of them.
    buckets: Vec<Bucket>,
    length: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            buckets: vec![EMPTY],
            length: 0,
        }
    }
}

impl Index {
    /// The bucket to which a hash belongs. The bits in its middle are the same in a whole shard.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        usize::try_from(hash).unwrap_or(usize::MAX) & (self.buckets.len() - 1)
    }

    fn behind(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// Bucket and entry of a hash.
    #[inline]
    fn entry(&self, hash: u64) -> Option<(usize, usize)> {
        let mut number = self.home(hash);
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[number];
            if let Some(at) = bucket.find(hash) {
                return Some((number, at));
            }
            if bucket.passed == 0 {
                break;
            }
            number = self.behind(number);
        }
        None
    }

    /// Where the flow with this hash is.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<Place> {
        let (bucket, at) = self.entry(hash)?;
        Some(Place::unpacked(self.buckets[bucket].places[at]))
    }

    /// Put a flow there, in place of what was known under its hash.
    pub(super) fn set(&mut self, hash: u64, place: Place) {
        if let Some((bucket, at)) = self.entry(hash) {
            self.buckets[bucket].places[at] = place.packed();
            return;
        }
        if self.length >= self.buckets.len() * CROWDED {
            self.grow();
        }
        self.length += 1;
        self.insert(hash, place.packed());
    }

    fn insert(&mut self, hash: u64, place: u32) {
        let mut number = self.home(hash);
        loop {
            let bucket = &mut self.buckets[number];
            if let Some(at) = bucket.room() {
                bucket.hashes[at] = hash;
                bucket.places[at] = place;
                return;
            }
            bucket.passed += 1;
            number = self.behind(number);
        }
    }

    fn grow(&mut self) {
        let more = vec![EMPTY; self.buckets.len() * 2];
        for bucket in std::mem::replace(&mut self.buckets, more) {
            for (hash, place) in bucket.hashes.into_iter().zip(bucket.places) {
                if place != NONE {
                    self.insert(hash, place);
                }
            }
        }
    }

    /// Forget a flow, if it is there still.
    pub(super) fn remove(&mut self, hash: u64, place: Place) {
        let Some((bucket, at)) = self.entry(hash) else {
            return;
        };
        let there = &mut self.buckets[bucket].places[at];
        if *there != place.packed() {
            return;
        }
        *there = NONE;
        self.length -= 1;
        let mut number = self.home(hash);
        while number != bucket {
            self.buckets[number].passed -= 1;
            number = self.behind(number);
        }
    }

    /// Flows known.
    pub(super) fn len(&self) -> usize {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_place_survives_packing() {
        for place in [
            Place::Opening(0),
            Place::Open(0),
            Place::Open(262_144),
            Place::Finished(0),
            Place::Finished(NUMBERS - 1),
        ] {
            assert_ne!(NONE, place.packed());
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

    /// Hashes that differ in few bits crowd some buckets; a map of the standard library tells what should be there.
    #[test]
    fn crowds_are_found_and_leave_nothing_behind() {
        let (mut index, mut known) = (Index::default(), HashMap::new());
        let mut state = 1_u64;
        for step in 0..200_000_usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
            let hash = (state >> 40) & 0x3ff0;
            let place = match state >> 62 {
                0 => Place::Opening(step),
                1 => Place::Open(step),
                _ => Place::Finished(u32::try_from(step).unwrap()),
            };
            if state >> 33 & 1 == 0 {
                index.set(hash, place);
                known.insert(hash, place);
            } else if let Some(place) = known.remove(&hash) {
                index.remove(hash, place);
            }
            assert_eq!(
                (known.get(&hash), known.len()),
                (index.find(hash).as_ref(), index.len())
            );
        }
        for (hash, place) in known {
            assert_eq!(Some(place), index.find(hash));
            index.remove(hash, place);
        }
        assert!(index.buckets.iter().all(|bucket| bucket.passed == 0));
    }

    #[test]
    fn a_bucket_is_a_line_of_the_cache() {
        assert_eq!((64, 64), (size_of::<Bucket>(), align_of::<Bucket>()));
    }
}
