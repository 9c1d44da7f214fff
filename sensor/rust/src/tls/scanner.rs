//! Plaintext of one direction, searched for the start of TLS (RFC 2595, RFC 3207 and all other upgrades alike).

use super::opener::{self, Opener, LONGEST};

/// Bytes of a record that holds one alert.
const ALERT: usize = 7;

/// What a search found.
#[derive(Debug, Clone)]
pub struct Found {
    /// What begins.
    pub opener: Opener,
    /// Its bytes from earlier segments.
    pub carried: Vec<u8>,
    /// Where it begins, or goes on, in the bytes just searched.
    pub at: usize,
}

/// The search in one direction.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The bytes at the end of what was searched that may be the start of an opener: fewer than `LONGEST`.
    carry: Vec<u8>,
    searched: u64,
}

impl Scanner {
    /// Plaintext bytes that were searched and are not part of TLS.
    #[must_use]
    pub fn searched(&self) -> u64 {
        self.searched
    }

    /// Bytes that the carried ones take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.carry.capacity()
    }

    /// Nothing is carried: if TLS begins in the next bytes, it begins with them.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.carry.is_empty()
    }

    /// What is carried is an alert: the other side has spoken TLS now, so this one answers. It is not carried any more.
    pub fn take_alert(&mut self) -> Option<Vec<u8>> {
        if opener::look(&self.carry) != Opener::Alert {
            return None;
        }
        Some(std::mem::take(&mut self.carry))
    }

    /// Bytes are missing here: what was carried has no continuation.
    pub fn gap(&mut self) {
        self.searched += u64::try_from(self.carry.len()).unwrap_or(0);
        self.carry.clear();
    }

    /// Search the next bytes. With `alerts`, an alert is a start, too.
    pub fn search(&mut self, bytes: &[u8], alerts: bool) -> Option<Found> {
        let known = self.carry.len();
        if known > 0 {
            // An opener that began in the last byte carried is known within this many of the new ones, or is none.
            let mut window = [0; 2 * LONGEST];
            let mut length = 0;
            for (slot, &byte) in window.iter_mut().zip(self.carry.iter().chain(bytes)) {
                *slot = byte;
                length += 1;
            }
            let joined = window.get(..length).unwrap_or_default();
            let whole = joined.len() == known + bytes.len();
            let mut from = 0;
            while let Some(at) = opener::candidate(joined, from).filter(|&at| at < known) {
                match judge(joined, at, alerts, whole) {
                    Opener::No => from = at + 1,
                    Opener::Maybe => {
                        self.searched += u64::try_from(at).unwrap_or(0);
                        self.carry = joined.get(at..).unwrap_or_default().to_vec();
                        return None;
                    }
                    opener => {
                        self.searched += u64::try_from(at).unwrap_or(0);
                        let carried = joined.get(at..known).unwrap_or_default().to_vec();
                        return Some(Found {
                            opener,
                            carried,
                            at: 0,
                        });
                    }
                }
            }
        }
        self.searched += u64::try_from(known).unwrap_or(0);
        self.carry.clear();
        self.search_fresh(bytes, alerts)
    }

    fn search_fresh(&mut self, bytes: &[u8], alerts: bool) -> Option<Found> {
        let mut from = 0;
        while let Some(at) = opener::candidate(bytes, from) {
            match judge(bytes, at, alerts, true) {
                Opener::No => from = at + 1,
                Opener::Maybe => {
                    self.searched += u64::try_from(at).unwrap_or(0);
                    self.carry = bytes.get(at..).unwrap_or_default().to_vec();
                    return None;
                }
                opener => {
                    self.searched += u64::try_from(at).unwrap_or(0);
                    return Some(Found {
                        opener,
                        carried: Vec::new(),
                        at,
                    });
                }
            }
        }
        self.searched += u64::try_from(bytes.len()).unwrap_or(0);
        None
    }
}

/// `whole`: the slice ends where the known stream ends, so that more bytes may come.
fn judge(bytes: &[u8], at: usize, alerts: bool, whole: bool) -> Opener {
    let rest = bytes.get(at..).unwrap_or_default();
    match opener::look(rest) {
        // An alert is an answer; the hello that it answers may come out of order. More bytes behind it refute it.
        Opener::Alert if !alerts && whole && rest.len() == ALERT => Opener::Maybe,
        Opener::Alert if !alerts => Opener::No,
        Opener::Maybe if !whole || rest.len() >= LONGEST => Opener::No,
        opener => opener,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: [u8; 12] = [22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7];

    /// Position of the opener in the whole stream, and the plaintext counted before it.
    fn find(stream: &[u8], size: usize, alerts: bool) -> Option<(usize, u64)> {
        let mut scanner = Scanner::default();
        for (index, part) in stream.chunks(size).enumerate() {
            if let Some(found) = scanner.search(part, alerts) {
                let start = index * size + found.at - found.carried.len();
                return Some((start, scanner.searched()));
            }
        }
        None
    }

    #[test]
    fn an_opener_is_found_wherever_it_begins_and_however_it_is_cut() {
        for before in [0, 1, 5, 30, 61, 200] {
            // Plaintext full of bytes that could begin an opener.
            let mut stream: Vec<u8> = (0..before)
                .map(|i| [22, 3, 0x80, 22, 3, 1][i % 6])
                .collect();
            stream.extend(HELLO);
            stream.extend([0x55; 80]);
            for size in 1..stream.len() {
                let expected = Some((before, u64::try_from(before).unwrap()));
                assert_eq!(expected, find(&stream, size, false), "{before} {size}");
            }
        }
    }

    #[test]
    fn an_opener_that_begins_behind_another_candidate_is_found_across_a_cut() {
        let record = |byte: u8| [22, 3, 3, 0, 1, byte];
        // Four records that could be a hello until its version, then a hello in records of one byte.
        let bodies = [1, 0, 2, 0].iter().chain(&HELLO[5..]).chain(&[9; 9]);
        let stream: Vec<u8> = bodies.flat_map(|&byte| record(byte)).collect();
        for size in 1..stream.len() {
            assert_eq!(Some((24, 24)), find(&stream, size, false), "{size}");
        }
    }

    #[test]
    fn alerts_open_only_where_they_are_an_answer() {
        let stream = [b'x', 21, 3, 1, 0, 2, 2, 40];
        for size in 1..9 {
            assert_eq!(None, find(&stream, size, false));
            let mut scanner = Scanner::default();
            for part in stream.chunks(size) {
                scanner.search(part, false);
            }
            let carried = scanner.take_alert().unwrap();
            assert_eq!((&stream[1..], 1), (&carried[..], scanner.searched()));
            assert!(scanner.take_alert().is_none());
            assert_eq!(Some((1, 1)), find(&stream, size, true), "{size}");
        }
    }

    #[test]
    fn a_gap_breaks_an_opener() {
        let mut scanner = Scanner::default();
        assert!(scanner.search(&HELLO[..6], false).is_none());
        scanner.gap();
        assert!(scanner.search(&HELLO[6..], false).is_none());
    }
}
