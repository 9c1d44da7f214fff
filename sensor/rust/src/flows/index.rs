//! Where each flow is kept, by the hash of its key. The question "is this one of ours?" is asked of every packet, and mostly
//! the answer is no: it touches one line of the cache.

/// Numbers that an index may hold are below this.
pub(super) const NUMBERS: u32 = 1 << 31;
/// The hash of an entry that is none.
const NONE: u64 = 0;

/// Entries that share a line of the cache.
const ENTRIES: usize = 5;
/// So many in each bucket on the average, and there are twice as many buckets.
const CROWDED: usize = 3;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket {
    hashes: [u64; ENTRIES],
    numbers: [u32; ENTRIES],
    /// Entries that belong here, or before here, and are behind here because here there was no room.
    passed: u32,
}

const EMPTY: Bucket = Bucket {
    hashes: [NONE; ENTRIES],
    numbers: [0; ENTRIES],
    passed: 0,
};

impl Bucket {
    #[inline]
    fn find(&self, hash: u64) -> Option<usize> {
        // All of them are compared: the processor could not guess at which one to stop.
        let bits = self.hashes.iter().rev();
        let found = bits.fold(0_u32, |bits, &known| bits << 1 | u32::from(known == hash));
        let at = usize::try_from(found.trailing_zeros()).unwrap_or(ENTRIES);
        (found != 0).then_some(at)
    }

    fn room(&self) -> Option<usize> {
        self.find(NONE)
    }
}

/// A hash that is not that of no entry.
#[inline]
fn some(hash: u64) -> u64 {
    hash.max(NONE + 1)
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

    /// The number of the flow with this hash.
    #[inline]
    pub(super) fn find(&self, hash: u64) -> Option<u32> {
        let hash = some(hash);
        let (bucket, at) = self.entry(hash)?;
        Some(self.buckets[bucket].numbers[at])
    }

    /// Give a flow a number, in place of what was known under its hash.
    pub(super) fn set(&mut self, hash: u64, number: u32) {
        let hash = some(hash);
        if let Some((bucket, at)) = self.entry(hash) {
            self.buckets[bucket].numbers[at] = number;
            return;
        }
        if self.length >= self.buckets.len() * CROWDED {
            self.grow();
        }
        self.length += 1;
        self.insert(hash, number);
    }

    fn insert(&mut self, hash: u64, number: u32) {
        let mut place = self.home(hash);
        loop {
            let bucket = &mut self.buckets[place];
            if let Some(at) = bucket.room() {
                bucket.hashes[at] = hash;
                bucket.numbers[at] = number;
                return;
            }
            bucket.passed += 1;
            place = self.behind(place);
        }
    }

    fn grow(&mut self) {
        let more = vec![EMPTY; self.buckets.len() * 2];
        for bucket in std::mem::replace(&mut self.buckets, more) {
            for (hash, number) in bucket.hashes.into_iter().zip(bucket.numbers) {
                if hash != NONE {
                    self.insert(hash, number);
                }
            }
        }
    }

    /// Forget a flow, if it has this number still.
    pub(super) fn remove(&mut self, hash: u64, number: u32) {
        let hash = some(hash);
        let Some((bucket, at)) = self.entry(hash) else {
            return;
        };
        let there = &mut self.buckets[bucket];
        if there.numbers[at] != number {
            return;
        }
        there.hashes[at] = NONE;
        self.length -= 1;
        let mut place = self.home(hash);
        while place != bucket {
            self.buckets[place].passed -= 1;
            place = self.behind(place);
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
    fn the_newest_number_counts_and_only_it_is_removed() {
        let mut index = Index::default();
        index.set(7, 1);
        index.set(7, 9);
        index.set(1 << 40, 2);
        assert_eq!((Some(9), 2), (index.find(7), index.len()));
        index.remove(7, 1);
        assert_eq!(Some(9), index.find(7));
        index.remove(7, 9);
        assert_eq!((None, 1), (index.find(7), index.len()));
    }

    /// Hashes that differ in few bits crowd some buckets; a map of the standard library tells what should be there.
    #[test]
    fn crowds_are_found_and_leave_nothing_behind() {
        let (mut index, mut known) = (Index::default(), HashMap::new());
        let mut state = 1_u64;
        for number in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005) + 1;
            let hash = (state >> 40) & 0x3ff0;
            if state >> 33 & 1 == 0 {
                index.set(hash, number);
                known.insert(hash, number);
            } else if let Some(number) = known.remove(&hash) {
                index.remove(hash, number);
            }
            assert_eq!(
                (known.get(&hash), known.len()),
                (index.find(hash).as_ref(), index.len())
            );
        }
        for (hash, number) in known {
            assert_eq!(Some(number), index.find(hash));
            index.remove(hash, number);
        }
        assert!(index.buckets.iter().all(|bucket| bucket.passed == 0));
    }

    #[test]
    fn a_bucket_is_a_line_of_the_cache() {
        assert_eq!((64, 64), (size_of::<Bucket>(), align_of::<Bucket>()));
    }
}
