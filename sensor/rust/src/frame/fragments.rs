//! IP fragments to whole datagrams, within caps of number, bytes and time.

use std::collections::{HashMap, VecDeque};

use super::ip::{Datagram, Place};
use crate::limits::{Counters, Limits};

/// Largest payload of an IP datagram, bytes.
const MAX_DATAGRAM: usize = 65_535;
/// RFC 8200 4.5 gives a datagram sixty seconds; ours are mirrored, not late.
const TIMEOUT_NS: u64 = 30_000_000_000;
/// More pieces than an honest datagram has at the smallest usual MTU.
const MAX_PIECES: usize = 256;

type Key = ([u8; 16], [u8; 16], u8, u32);

#[derive(Debug)]
struct Partial {
    since_ns: u64,
    ordinal: u64,
    pieces: Vec<(usize, Vec<u8>)>,
    total: Option<usize>,
    bytes: usize,
    conflicting: bool,
}

/// A datagram put together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    /// What the IP header is followed by.
    pub payload: Vec<u8>,
    /// Fragments overlapped and differed there.
    pub conflicting: bool,
}

/// Datagrams of which some fragments were seen.
#[derive(Debug, Default)]
pub struct Fragments {
    partial: HashMap<Key, Partial>,
    order: VecDeque<(Key, u64)>,
    bytes: usize,
    ordinal: u64,
}

impl Fragments {
    /// What is kept: unfinished datagrams, bytes of their fragments, places in the queue.
    #[must_use]
    pub fn load(&self) -> (usize, usize, usize) {
        (self.partial.len(), self.bytes, self.order.len())
    }

    /// Keep a fragment; gives the whole datagram when this was the last one missing.
    pub(super) fn add(
        &mut self,
        datagram: &Datagram<'_>,
        place: Place,
        time_ns: u64,
        limits: &Limits,
        counters: &mut Counters,
    ) -> Option<Whole> {
        let key = (
            datagram.source,
            datagram.destination,
            datagram.protocol,
            place.id,
        );
        if !self.partial.contains_key(&key) {
            self.ordinal += 1;
            self.order.push_back((key, self.ordinal));
            let partial = Partial {
                since_ns: time_ns,
                ordinal: self.ordinal,
                pieces: Vec::new(),
                total: None,
                bytes: 0,
                conflicting: false,
            };
            self.partial.insert(key, partial);
        }
        let partial = self.partial.get_mut(&key)?;
        let end = place.offset + datagram.payload.len();
        if end > MAX_DATAGRAM || partial.pieces.len() >= MAX_PIECES {
            self.drop_one(&key, counters);
            self.make_room(time_ns, limits, counters);
            return None;
        }
        let fragment = (place.offset, datagram.payload);
        if partial.pieces.iter().any(|piece| conflict(piece, fragment)) {
            counters.fragments_conflicting += 1;
            partial.conflicting = true;
        }
        // The first copy of a fragment stands.
        if let Err(at) = partial
            .pieces
            .binary_search_by_key(&place.offset, |piece| piece.0)
        {
            partial
                .pieces
                .insert(at, (place.offset, datagram.payload.to_vec()));
            partial.bytes += datagram.payload.len();
            self.bytes += datagram.payload.len();
        }
        if !place.more && datagram.missing == 0 {
            partial.total = Some(end);
        }
        if let Some(payload) = whole(partial) {
            let conflicting = partial.conflicting;
            self.forget(&key);
            return Some(Whole {
                payload,
                conflicting,
            });
        }
        self.make_room(time_ns, limits, counters);
        None
    }

    fn make_room(&mut self, time_ns: u64, limits: &Limits, counters: &mut Counters) {
        // Completed datagrams leave their place in the queue behind; it must not outgrow the table.
        if self.order.len() > 2 * limits.max_fragmented_datagrams {
            let partial = &self.partial;
            self.order
                .retain(|(key, ordinal)| partial.get(key).is_some_and(|p| p.ordinal == *ordinal));
        }
        while let Some((key, ordinal)) = self.order.front().copied() {
            let Some(partial) = self
                .partial
                .get(&key)
                .filter(|partial| partial.ordinal == ordinal)
            else {
                self.order.pop_front();
                continue;
            };
            let old = time_ns.saturating_sub(partial.since_ns) > TIMEOUT_NS;
            let full = self.partial.len() > limits.max_fragmented_datagrams
                || self.bytes > limits.max_fragment_bytes;
            if !old && !full {
                break;
            }
            self.drop_one(&key, counters);
        }
    }

    fn drop_one(&mut self, key: &Key, counters: &mut Counters) {
        counters.fragments_dropped += 1;
        self.forget(key);
    }

    fn forget(&mut self, key: &Key) {
        if let Some(partial) = self.partial.remove(key) {
            self.bytes -= partial.bytes;
        }
    }
}

/// A fragment says something else than one that is kept, where they overlap.
fn conflict(kept: &(usize, Vec<u8>), new: (usize, &[u8])) -> bool {
    let start = kept.0.max(new.0);
    let kept = kept.1.get(start - kept.0..).unwrap_or_default();
    let new = new.1.get(start - new.0..).unwrap_or_default();
    kept.iter().zip(new).any(|(a, b)| a != b)
}

/// The payload, if its last fragment is known and nothing before it is missing; earlier bytes win over overlaps.
fn whole(partial: &Partial) -> Option<Vec<u8>> {
    let total = partial.total?;
    let mut whole = Vec::with_capacity(total.min(partial.bytes));
    for (offset, bytes) in &partial.pieces {
        let known = whole.len().checked_sub(*offset)?;
        if let Some(news) = bytes.get(known..) {
            whole.extend_from_slice(news);
        }
    }
    (whole.len() >= total).then(|| {
        whole.truncate(total);
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(
        table: &mut Fragments,
        id: u32,
        offset: usize,
        more: bool,
        payload: &[u8],
        time_ns: u64,
        counters: &mut Counters,
    ) -> Option<Vec<u8>> {
        let place = Place { id, offset, more };
        let datagram = Datagram {
            source: [1; 16],
            destination: [2; 16],
            protocol: 6,
            payload,
            fragment: Some(place),
            missing: 0,
            conflicting: false,
        };
        let limits = Limits {
            max_fragmented_datagrams: 4,
            ..Limits::default()
        };
        let whole = table.add(&datagram, place, time_ns, &limits, counters)?;
        assert_eq!(counters.fragments_conflicting > 0, whole.conflicting);
        Some(whole.payload)
    }

    #[test]
    fn fragments_that_contradict_each_other_are_told_and_the_earlier_bytes_stand() {
        let (mut table, mut counters) = (Fragments::default(), Counters::default());
        let mut add =
            |offset, more, payload| add(&mut table, 1, offset, more, payload, 0, &mut counters);
        assert_eq!(None, add(0, true, &[1; 8]));
        assert_eq!(None, add(0, true, &[1; 8]));
        assert_eq!(None, add(0, true, &[1, 1, 1, 1, 1, 1, 1, 2]));
        assert_eq!(None, add(16, true, &[3; 8]));
        // The second half of this one is there already, and different.
        let whole = add(8, false, &[2; 16]);
        assert_eq!(Some([[1; 8], [2; 8], [2; 8]].concat()), whole);
        assert_eq!(2, counters.fragments_conflicting);
    }

    #[test]
    fn any_order_and_any_repetition_give_the_datagram() {
        let pieces: [(usize, bool, &[u8]); 3] = [
            (0, true, &[0; 8]),
            (8, true, &[1; 16]),
            (24, false, &[2; 3]),
        ];
        let whole = [[0; 8].as_slice(), &[1; 16], &[2; 3]].concat();
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let (mut table, mut counters) = (Fragments::default(), Counters::default());
            let mut results = Vec::new();
            for index in order {
                let (offset, more, payload) = pieces[index];
                results.extend(add(&mut table, 1, offset, more, payload, 0, &mut counters));
                if results.is_empty() {
                    assert_eq!(
                        None,
                        add(&mut table, 1, offset, more, payload, 0, &mut counters)
                    );
                }
            }
            assert_eq!(vec![whole.clone()], results, "{order:?}");
            assert_eq!(0, table.bytes);
        }
    }

    #[test]
    fn fragments_that_never_end_stay_within_the_cap() {
        let (mut table, mut counters) = (Fragments::default(), Counters::default());
        for id in 0..1000 {
            add(&mut table, id, 8, true, &[0; 8], 0, &mut counters);
        }
        assert_eq!(4, table.partial.len());
        assert_eq!(4 * 8, table.bytes);
        assert!(table.order.len() <= 5);
        assert_eq!(996, counters.fragments_dropped);
    }

    #[test]
    fn fragments_that_end_too_late_leave_nothing_behind() {
        let (mut table, mut counters) = (Fragments::default(), Counters::default());
        for id in 0..1000 {
            let late = MAX_DATAGRAM - 7;
            add(&mut table, id, late, true, &[0; 8], 0, &mut counters);
        }
        assert_eq!((0, 0), (table.partial.len(), table.bytes));
        assert!(table.order.len() <= 9, "{}", table.order.len());
        assert_eq!(1000, counters.fragments_dropped);
    }

    #[test]
    fn old_fragments_are_forgotten() {
        let (mut table, mut counters) = (Fragments::default(), Counters::default());
        add(&mut table, 1, 0, true, &[0; 8], 0, &mut counters);
        add(
            &mut table,
            2,
            0,
            true,
            &[0; 8],
            TIMEOUT_NS + 1,
            &mut counters,
        );
        assert_eq!(
            None,
            add(
                &mut table,
                1,
                8,
                false,
                &[0; 8],
                TIMEOUT_NS + 2,
                &mut counters
            )
        );
    }
}
