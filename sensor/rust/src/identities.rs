//! Names for certificates: the SHA-256 of each DER, hashed once while it is held, then recognised by its bytes.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use sha2::{Digest as _, Sha256};
use std::hash::BuildHasher as _;

use crate::limits::{Counters, Limits};

/// SHA-256 of a DER.
pub type Sha = [u8; 32];

/// What holding one certificate costs beside its bytes: entry, hash, allocation.
const OVERHEAD: usize = 128;
/// Bytes at the end of a certificate by which it is looked up: a part of its signature, which no honest two share.
const TAIL: usize = 64;

#[derive(Debug)]
struct Held {
    quick: u64,
    /// The name, then the DER: where one is read, the other is.
    bytes: Box<[u8]>,
}

impl Held {
    fn new(quick: u64, sha256: &Sha, der: &[u8]) -> Self {
        let bytes = [sha256, der].concat().into();
        Self { quick, bytes }
    }

    /// The name, if it is that of this certificate.
    fn name_of(&self, der: &[u8]) -> Option<Sha> {
        let (sha256, held) = self.bytes.split_first_chunk()?;
        (held == der).then_some(*sha256)
    }
}

/// Certificates seen lately, and those not handed out yet.
#[derive(Debug, Default)]
pub struct Identities {
    quick: RandomState,
    held: HashTable<Held>,
    bytes: usize,
    fresh: Vec<(Sha, Box<[u8]>)>,
    fresh_bytes: usize,
}

impl Identities {
    /// The name of this certificate. One that is not held is hashed, and will be handed out by `take`.
    pub fn identify(&mut self, der: &[u8], limits: &Limits, counters: &mut Counters) -> Sha {
        let tail = der.get(der.len().saturating_sub(TAIL)..);
        let mut quick = self.quick.hash_one((der.len(), tail));
        if let Some(held) = self.held.find(quick, |held| held.quick == quick) {
            if let Some(name) = held.name_of(der) {
                return name;
            }
            // Another one with the same end, made so on purpose: they are looked up by all of their bytes.
            quick = self.quick.hash_one(der);
            let same = self.held.find(quick, |held| {
                held.quick == quick && held.name_of(der).is_some()
            });
            if let Some(name) = same.and_then(|held| held.name_of(der)) {
                return name;
            }
        }
        let sha256: Sha = Sha256::digest(der).into();
        if self.bytes + der.len() + OVERHEAD > limits.max_held_certificate_bytes {
            // Forgetting costs no answer: a certificate that comes again is hashed and handed out again.
            self.held.clear();
            self.bytes = 0;
        }
        self.bytes += der.len() + OVERHEAD;
        let held = Held::new(quick, &sha256, der);
        self.held.insert_unique(quick, held, |held| held.quick);
        self.fresh_bytes += der.len();
        self.fresh.push((sha256, der.into()));
        counters.certificates += 1;
        sha256
    }

    /// Bytes of certificates that wait to be handed out.
    #[must_use]
    pub fn fresh_bytes(&self) -> usize {
        self.fresh_bytes
    }

    /// Hand out the certificates that are new since the last call.
    pub fn take(&mut self) -> Vec<(Sha, Box<[u8]>)> {
        self.fresh_bytes = 0;
        std::mem::take(&mut self.fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_end_alike_are_told_apart() {
        let (limits, mut counters) = (Limits::default(), Counters::default());
        let mut identities = Identities::default();
        for _ in 0..2 {
            for first in 0..9 {
                let mut der = [7; 200];
                der[0] = first;
                assert_eq!(
                    <Sha>::from(Sha256::digest(der)),
                    identities.identify(&der, &limits, &mut counters)
                );
            }
        }
        assert_eq!((9, 9), (identities.take().len(), counters.certificates));
    }

    #[test]
    fn a_certificate_is_handed_out_once_and_again_after_it_was_forgotten() {
        let limits = Limits {
            max_held_certificate_bytes: 300,
            ..Limits::default()
        };
        let (mut identities, mut counters) = (Identities::default(), Counters::default());
        let first = identities.identify(&[1; 60], &limits, &mut counters);
        assert_eq!(first, identities.identify(&[1; 60], &limits, &mut counters));
        assert_eq!(
            vec![first],
            identities.take().iter().map(|c| c.0).collect::<Vec<_>>()
        );
        identities.identify(&[2; 60], &limits, &mut counters);
        assert_eq!(first, identities.identify(&[1; 60], &limits, &mut counters));
        assert_eq!(2, identities.take().len());
        assert!(identities.bytes <= 300);
        assert_eq!(<Sha>::from(Sha256::digest([1; 60])), first);
    }
}
