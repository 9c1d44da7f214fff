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

/// A certificate as it was seen.
#[derive(Debug)]
pub struct Certificate {
    quick: u64,
    /// Its name.
    pub sha256: Sha,
    /// Its bytes.
    pub der: Box<[u8]>,
    handed_out: AtomicBool,
}

impl Certificate {
    /// True once.
    pub(crate) fn is_to_be_handed_out(&self) -> bool {
        !self.handed_out.swap(true, Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct Held {
    table: HashTable<Arc<Certificate>>,
    bytes: usize,
}

/// The certificates that all shards of an observation hold together.
#[derive(Debug, Default)]
pub struct Register {
    quick: RandomState,
    held: Mutex<Held>,
    /// How often all were forgotten.
    forgotten: AtomicU64,
}

impl Register {
    fn quick(&self, der: &[u8]) -> u64 {
        self.quick.hash_one(der)
    }

    /// The certificate with these bytes, held from now on.
    fn hold(&self, quick: u64, der: &[u8], limits: &Limits) -> Arc<Certificate> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.table.find(quick, is_it(quick, der)) {
            return Arc::clone(known);
        }
        let certificate = Arc::new(Certificate {
            quick,
            sha256: Sha256::digest(der).into(),
            der: der.into(),
            handed_out: AtomicBool::new(false),
        });
        if held.bytes + der.len() + OVERHEAD > limits.max_held_certificate_bytes {
            // Forgetting costs no answer: a certificate that comes again is hashed and handed out again.
            held.table.clear();
            held.bytes = 0;
            self.forgotten.fetch_add(1, Ordering::Relaxed);
        }
        held.bytes += der.len() + OVERHEAD;
        let again = |known: &Arc<Certificate>| known.quick;
        held.table
            .insert_unique(quick, Arc::clone(&certificate), again);
        certificate
    }
}

fn is_it(quick: u64, der: &[u8]) -> impl Fn(&Arc<Certificate>) -> bool + '_ {
    move |known| known.quick == quick && *known.der == *der
}

/// Those that one shard saw lately, found without asking the others, and those that it names for the first time.
#[derive(Debug, Default)]
pub struct Identities {
    register: Arc<Register>,
    seen: HashTable<Arc<Certificate>>,
    forgotten: u64,
    fresh: Vec<Arc<Certificate>>,
}

impl Identities {
    /// None yet.
    #[must_use]
    pub fn new(register: Arc<Register>) -> Self {
        Self {
            register,
            seen: HashTable::new(),
            forgotten: 0,
            fresh: Vec::new(),
        }
    }

    /// The name of this certificate. One that this shard has not seen will be handed out by `take`.
    pub fn identify(&mut self, der: &[u8], limits: &Limits) -> Sha {
        let forgotten = self.register.forgotten.load(Ordering::Relaxed);
        if forgotten != self.forgotten {
            self.seen.clear();
            self.forgotten = forgotten;
        }
        let quick = self.register.quick(der);
        if let Some(known) = self.seen.find(quick, is_it(quick, der)) {
            return known.sha256;
        }
        let certificate = self.register.hold(quick, der, limits);
        let sha256 = certificate.sha256;
        self.fresh.push(Arc::clone(&certificate));
        let again = |known: &Arc<Certificate>| known.quick;
        self.seen.insert_unique(quick, certificate, again);
        sha256
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
