//! What a hello says of its sender, made once for all hellos that are alike: the hashes of fingerprints cost more than all
//! the rest of a handshake, and most clients of a network say the same hello again and again.

use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::fingerprint::{self, ClientFields, Ja4, Md5Hex};

/// Bytes that all kept profiles may cost; then they are forgotten, and made again when they come again.
const MAX_BYTES: usize = 2 << 20;
/// A hello with longer lists than this, in bytes, is no client's usual one, and is not kept.
const MAX_KEY: usize = 2_048;
/// What keeping one costs beside its key.
const OVERHEAD: usize = 192;

/// The fingerprints of a ClientHello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientProfile {
    /// JA3 hash.
    pub ja3: Md5Hex,
    /// JA4.
    pub ja4: Ja4,
}

#[derive(Debug)]
struct Kept<K, T> {
    hash: u64,
    key: Box<[K]>,
    made: T,
}

/// Results by the bytes they are made of.
#[derive(Debug)]
struct Memo<K, T> {
    hasher: RandomState,
    table: HashTable<Kept<K, T>>,
    bytes: usize,
}

impl<K, T> Default for Memo<K, T> {
    fn default() -> Self {
        Self {
            hasher: RandomState::default(),
            table: HashTable::new(),
            bytes: 0,
        }
    }
}

impl<K: Copy + Eq + Hash, T: Clone> Memo<K, T> {
    /// What is made of this; `overhead` is what keeping it costs beside the key, in bytes.
    fn get(&mut self, key: &[K], overhead: usize, make: impl FnOnce() -> T) -> T {
        let hash = self.hasher.hash_one(key);
        let found = self
            .table
            .find(hash, |kept| kept.hash == hash && *kept.key == *key);
        if let Some(kept) = found {
            return kept.made.clone();
        }
        let made = make();
        let cost = size_of_val(key) + overhead;
        if size_of_val(key) <= MAX_KEY {
            if self.bytes + cost > MAX_BYTES {
                self.table.clear();
                self.bytes = 0;
            }
            self.bytes += cost;
            let kept = Kept {
                hash,
                key: key.into(),
                made: made.clone(),
            };
            self.table.insert_unique(hash, kept, |kept| kept.hash);
        }
        made
    }
}

/// The profiles met lately.
#[derive(Debug, Default)]
pub struct Profiles {
    clients: Memo<u16, Arc<ClientProfile>>,
    servers: Memo<u16, Md5Hex>,
    protocols: Memo<u8, Arc<[String]>>,
    /// Fields of the hello that is being read: their room is used again.
    pub(super) fields: ClientFields,
    /// Extensions of the ServerHello that is being read, likewise.
    pub(super) kinds: Vec<u16>,
    key: Vec<u16>,
}

impl Profiles {
    /// The profile of the hello whose fields were just read.
    pub(super) fn client(&mut self) -> Arc<ClientProfile> {
        let fields = &self.fields;
        self.key.clear();
        self.key.push(fields.legacy_version);
        self.key.push(u16::from(fields.has_server_name));
        for list in [
            &fields.versions,
            &fields.ciphers,
            &fields.extensions,
            &fields.groups,
            &fields.signatures,
        ] {
            self.key.extend_from_slice(list);
            // GREASE is in none of them: here it stands between them.
            self.key.push(0x0a0a);
        }
        for bytes in [&fields.point_formats, &fields.first_alpn] {
            self.key.extend(bytes.iter().map(|&byte| u16::from(byte)));
            self.key.push(u16::MAX);
        }
        self.clients.get(&self.key, OVERHEAD, || {
            Arc::new(ClientProfile {
                ja3: fingerprint::ja3(fields),
                ja4: fingerprint::ja4(fields),
            })
        })
    }

    /// The names in a list of application protocols, which clients say again and again, too.
    pub(super) fn protocols(
        &mut self,
        list: &[u8],
        make: impl FnOnce() -> Arc<[String]>,
    ) -> Arc<[String]> {
        // The shortest name takes two bytes of the list, and a text of its own.
        let overhead = OVERHEAD + list.len() * 32;
        self.protocols.get(list, overhead, make)
    }

    /// JA3S of a ServerHello.
    pub(super) fn ja3s(&mut self, version: u16, cipher: u16, extensions: &[u16]) -> Md5Hex {
        self.key.clear();
        self.key.extend([version, cipher]);
        self.key.extend_from_slice(extensions);
        self.servers.get(&self.key, OVERHEAD, || {
            fingerprint::ja3s(version, cipher, extensions)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(seed: u16) -> ClientFields {
        ClientFields {
            legacy_version: 0x0303,
            versions: vec![0x0a0a, 0x0304, 0x0303],
            ciphers: vec![0x1a1a, 0x1301, seed],
            extensions: vec![0, 10, 11, 13, 16],
            groups: vec![29, 23],
            point_formats: vec![0, 1],
            signatures: vec![0x0403, 0x0804],
            first_alpn: b"h2".to_vec(),
            has_server_name: true,
        }
    }

    #[test]
    fn what_is_kept_equals_what_is_made() {
        let mut profiles = Profiles::default();
        for round in 0..3 {
            for seed in [1, 2, 3, 0x2a2a, 2] {
                profiles.fields = fields(seed);
                let expected = ClientProfile {
                    ja3: fingerprint::ja3(&profiles.fields),
                    ja4: fingerprint::ja4(&profiles.fields),
                };
                assert_eq!(expected, *profiles.client(), "{round} {seed}");
            }
        }
        assert_eq!(4, profiles.clients.table.len());
    }

    /// Each field must be in the key: hellos that differ in one only are told apart.
    #[test]
    fn every_field_counts() {
        let changes: [fn(&mut ClientFields); 11] = [
            |_| (),
            |f| f.legacy_version = 0x0302,
            |f| f.versions = vec![0x0303],
            |f| f.ciphers = vec![0x1302],
            |f| f.extensions = vec![0, 11, 10, 13, 16],
            |f| f.groups = vec![23],
            |f| f.point_formats = vec![0],
            |f| f.signatures = vec![0x0804, 0x0403],
            |f| f.first_alpn = b"http/1.1".to_vec(),
            |f| f.has_server_name = false,
            // The same bytes, parted elsewhere.
            |f| {
                f.point_formats = vec![0, 1, 0xff];
                f.first_alpn = b"h2".to_vec();
            },
        ];
        let mut profiles = Profiles::default();
        for change in changes {
            profiles.fields = fields(7);
            change(&mut profiles.fields);
            let expected = ClientProfile {
                ja3: fingerprint::ja3(&profiles.fields),
                ja4: fingerprint::ja4(&profiles.fields),
            };
            assert_eq!(expected, *profiles.client(), "{:?}", profiles.fields);
        }
        assert_eq!(changes.len(), profiles.clients.table.len());
    }

    #[test]
    fn many_profiles_stay_within_the_cap() {
        let mut profiles = Profiles::default();
        for number in 0..30_000 {
            profiles.ja3s(number, 7, &[1, 2]);
        }
        assert!(profiles.servers.bytes <= MAX_BYTES);
        assert!(profiles.servers.table.len() < 12_000);
        assert_eq!(
            fingerprint::ja3s(3, 7, &[1, 2]),
            profiles.ja3s(3, 7, &[1, 2])
        );
    }
}
