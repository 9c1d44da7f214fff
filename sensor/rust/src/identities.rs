//! Names for certificates: the SHA-256 of each DER, hashed once while it is held, then recognised by its bytes.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use sha2::{Digest as _, Sha256};

use crate::limits::Limits;

/// SHA-256 of a DER.
pub type Sha = [u8; 32];

/// What holding one certificate costs beside its bytes: entries, hashes, allocation.
const OVERHEAD: usize = 192;
/// Bytes at the end of a certificate by which it is looked up: a part of its signature, which no honest two share.
const TAIL: usize = 64;

/// A certificate as it was seen.
#[derive(Debug)]
pub struct Certificate {
    /// Its name.
    pub sha256: Sha,
    /// Its bytes.
    pub der: Box<[u8]>,
    handed_out: AtomicBool,
}

impl Certificate {
    fn new(der: &[u8]) -> Self {
        Self {
            sha256: Sha256::digest(der).into(),
            der: der.into(),
            handed_out: AtomicBool::new(false),
        }
    }

    /// True once.
    pub(crate) fn is_to_be_handed_out(&self) -> bool {
        !self.handed_out.swap(true, Ordering::Relaxed)
    }
}

/// Certificates, found by their bytes.
#[derive(Debug, Default)]
struct Table(HashTable<(u64, Arc<Certificate>)>);

impl Table {
    /// The certificate with these bytes; else the number under which to insert it.
    fn find(&self, hasher: &RandomState, der: &[u8]) -> Result<&Arc<Certificate>, u64> {
        let tail = der.get(der.len().saturating_sub(TAIL)..);
        let by_tail = hasher.hash_one((der.len(), tail));
        match self.0.find(by_tail, |(quick, _)| *quick == by_tail) {
            None => Err(by_tail),
            Some((_, known)) if *known.der == *der => Ok(known),
            Some(_) => {
                // Another one with the same end, made so on purpose: they are looked up by all of their bytes.
                let by_all = hasher.hash_one(der);
                let is_it = |(quick, known): &(u64, Arc<Certificate>)| {
                    *quick == by_all && *known.der == *der
                };
                let found = self.0.find(by_all, is_it);
                found.map(|(_, known)| known).ok_or(by_all)
            }
        }
    }

    fn insert(&mut self, quick: u64, certificate: Arc<Certificate>) {
        let entry = (quick, certificate);
        self.0.insert_unique(quick, entry, |(quick, _)| *quick);
    }
}

#[derive(Debug, Default)]
struct Held {
    table: Table,
    bytes: usize,
}

/// The certificates that all shards of an observation hold together.
#[derive(Debug, Default)]
pub struct Register {
    hasher: RandomState,
    held: Mutex<Held>,
    /// How often all were forgotten.
    forgotten: AtomicU64,
}

impl Register {
    /// Forget all: those that come again are handed out again.
    pub fn forget(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.clear(&mut held);
    }

    fn clear(&self, held: &mut Held) {
        held.table.0.clear();
        held.bytes = 0;
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }

    /// The certificate with these bytes, held from now on.
    fn hold(&self, der: &[u8], limits: &Limits) -> Arc<Certificate> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let quick = match held.table.find(&self.hasher, der) {
            Ok(known) => return Arc::clone(known),
            Err(quick) => quick,
        };
        let certificate = Arc::new(Certificate::new(der));
        if held.bytes + der.len() + OVERHEAD > limits.max_held_certificate_bytes {
            // Forgetting costs no answer: a certificate that comes again is hashed and handed out again.
            self.clear(&mut held);
        }
        held.bytes += der.len() + OVERHEAD;
        held.table.insert(quick, Arc::clone(&certificate));
        certificate
    }
}

/// Those that one shard saw lately, found without asking the others, and those that it names for the first time.
#[derive(Debug, Default)]
pub struct Identities {
    register: Arc<Register>,
    seen: Table,
    forgotten: u64,
    fresh: Vec<Arc<Certificate>>,
}

impl Identities {
    /// None yet.
    #[must_use]
    pub fn new(register: Arc<Register>) -> Self {
        Self {
            register,
            ..Self::default()
        }
    }

    /// The name of this certificate. One that this shard has not seen will be handed out by `take`.
    pub fn identify(&mut self, der: &[u8], limits: &Limits) -> Sha {
        let forgotten = self.register.forgotten.load(Ordering::Relaxed);
        if forgotten != self.forgotten {
            self.seen.0.clear();
            self.forgotten = forgotten;
        }
        let quick = match self.seen.find(&self.register.hasher, der) {
            Ok(known) => return known.sha256,
            Err(quick) => quick,
        };
        let certificate = self.register.hold(der, limits);
        let sha256 = certificate.sha256;
        self.fresh.push(Arc::clone(&certificate));
        self.seen.insert(quick, certificate);
        sha256
    }

    /// Where all shards look.
    #[must_use]
    pub fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register)
    }

    /// Hand out the certificates that are new to this shard since the last call.
    pub fn take(&mut self) -> Vec<Arc<Certificate>> {
        std::mem::take(&mut self.fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(identities: &mut Identities) -> Vec<Sha> {
        identities.take().iter().map(|c| c.sha256).collect()
    }

    #[test]
    fn certificates_that_end_alike_are_told_apart() {
        let limits = Limits::default();
        let mut identities = Identities::default();
        for _ in 0..2 {
            for first in 0..9 {
                let mut der = [7; 200];
                der[0] = first;
                let name = identities.identify(&der, &limits);
                assert_eq!(<Sha>::from(Sha256::digest(der)), name);
            }
        }
        assert_eq!(9, identities.take().len());
    }

    #[test]
    fn a_certificate_is_handed_out_once_and_again_after_it_was_forgotten() {
        let limits = Limits {
            max_held_certificate_bytes: 300,
            ..Limits::default()
        };
        let register = Arc::new(Register::default());
        let mut identities = Identities::new(Arc::clone(&register));
        let first = identities.identify(&[1; 60], &limits);
        assert_eq!(<Sha>::from(Sha256::digest([1; 60])), first);
        assert_eq!(first, identities.identify(&[1; 60], &limits));
        assert_eq!(vec![first], names(&mut identities));
        identities.identify(&[2; 60], &limits);
        assert_eq!(first, identities.identify(&[1; 60], &limits));
        assert_eq!(2, names(&mut identities).len());
        assert!(register.held.lock().unwrap().bytes <= 300);
    }

    #[test]
    fn shards_share_one_copy_that_is_handed_out_once() {
        let limits = Limits::default();
        let register = Arc::new(Register::default());
        let [mut a, mut b] = [(); 2].map(|()| Identities::new(Arc::clone(&register)));
        assert_eq!(a.identify(&[1; 60], &limits), b.identify(&[1; 60], &limits));
        let both = [a.take(), b.take()].concat();
        assert!(Arc::ptr_eq(&both[0], &both[1]));
        assert!(both[0].is_to_be_handed_out() && !both[1].is_to_be_handed_out());
    }
}
