//! What is not told of clients: their addresses may be cut or replaced before anything is written, and networks left out.

use sha2::{Digest as _, Sha256};

use crate::frame::Endpoint;
use crate::session::Session;

/// What becomes of the addresses of clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Clients {
    /// They stay as they are.
    #[default]
    Keep,
    /// Their last bits become zero.
    Truncate {
        /// Bits kept of IPv4.
        v4: u8,
        /// Bits kept of IPv6.
        v6: u8,
    },
    /// A keyed hash stands in their place: the same for the same address and key.
    Hash,
}

/// A network: an address, IPv4 as `::ffff:a.b.c.d`, and how many of its bits count.
pub type Network = ([u8; 16], u8);

/// What is to be kept back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Addresses of clients.
    pub clients: Clients,
    /// For hashes; where addresses are cut, for the ids, which are made of whole addresses.
    pub key: [u8; 32],
    /// Packets from and to these networks are passed over.
    pub excluded: Vec<Network>,
}

/// What stands before the bits of an IPv4 address.
const IPV4: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/// Bits of an address that stand before those of IPv4.
const IPV4_BITS: u8 = 96;

impl Privacy {
    /// A packet between these is passed over.
    #[inline]
    #[must_use]
    pub fn excludes(&self, ends: [&Endpoint; 2]) -> bool {
        !self.excluded.is_empty()
            && ends.iter().any(|end| {
                let is_in = |(network, bits): &Network| &cut(end.address, *bits) == network;
                self.excluded.iter().any(is_in)
            })
    }

    /// Takes out of a session what is not to be told. Ids are made of whole addresses, so that they change with them.
    pub fn apply(&self, session: &mut Session) {
        if self.clients == Clients::Keep {
            return;
        }
        session.client.address = self.replace(session.client.address);
        session.client_mac = None;
        session.connection_id = half(&self.keyed(b"connection", &session.connection_id));
        session.session_id = half(&self.keyed(b"session", &session.session_id));
    }

    fn replace(&self, address: [u8; 16]) -> [u8; 16] {
        match self.clients {
            Clients::Keep => address,
            Clients::Truncate { v4, .. } if address.starts_with(&IPV4) => {
                cut(address, v4.saturating_add(IPV4_BITS))
            }
            Clients::Truncate { v6, .. } => cut(address, v6),
            Clients::Hash => {
                let hash = self.keyed(b"client", &address);
                let mut replaced = [0; 16];
                replaced[4..].copy_from_slice(&hash[..12]);
                // Unique-local for what is private, documentation's prefix (RFC 3849) for the rest: nobody has those.
                let prefix = if is_private(&address) {
                    [0xfd, 0xce, 0x75, 0x70]
                } else {
                    [0x20, 0x01, 0x0d, 0xb8]
                };
                replaced[..4].copy_from_slice(&prefix);
                replaced
            }
        }
    }

    /// HMAC-SHA-256 (RFC 2104) with the key, of a word and a value.
    fn keyed(&self, word: &[u8], value: &[u8]) -> [u8; 32] {
        const BLOCK: usize = 64;
        let pad = |with: u8| {
            let mut block = [with; BLOCK];
            for (slot, byte) in block.iter_mut().zip(self.key) {
                *slot ^= byte;
            }
            block
        };
        let inner = Sha256::new_with_prefix(pad(0x36))
            .chain_update(word)
            .chain_update(value)
            .finalize();
        Sha256::new_with_prefix(pad(0x5c))
            .chain_update(inner)
            .finalize()
            .into()
    }
}

/// An address whose bits beyond so many are zero.
fn cut(mut address: [u8; 16], bits: u8) -> [u8; 16] {
    let mut left = u32::from(bits);
    for byte in &mut address {
        let here = left.min(8);
        *byte &= u8::try_from(0xff00_u32 >> here & 0xff).unwrap_or(0xff);
        left -= here;
    }
    address
}

/// Private, unique-local, link-local and loopback ranges: what is ours unless somebody says otherwise.
fn is_private(address: &[u8; 16]) -> bool {
    match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, ..] => {
            matches!(
                (a, b),
                (10 | 127, _) | (172, 16..=31) | (192, 168) | (169, 254)
            )
        }
        [0xfc | 0xfd, ..] => true,
        [0xfe, second, ..] => second & 0xc0 == 0x80,
        v6 => v6[..15] == [0; 15] && v6[15] == 1,
    }
}

fn half(hash: &[u8; 32]) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(a: u8, b: u8, c: u8, d: u8) -> [u8; 16] {
        let mut address = [0; 16];
        address[..12].copy_from_slice(&IPV4);
        address[12..].copy_from_slice(&[a, b, c, d]);
        address
    }

    fn session(address: [u8; 16]) -> Session {
        Session {
            client: Endpoint {
                address,
                port: 50_000,
            },
            client_mac: Some([1; 6]),
            session_id: [7; 16],
            connection_id: [8; 16],
            ..Session::default()
        }
    }

    #[test]
    fn bits_are_cut_to_the_bit() {
        for (bits, expected) in [
            (0, v4(0, 0, 0, 0)),
            (1, v4(128, 0, 0, 0)),
            (23, v4(203, 255, 254, 0)),
            (24, v4(203, 255, 255, 0)),
            (32, v4(203, 255, 255, 255)),
        ] {
            let privacy = Privacy {
                clients: Clients::Truncate { v4: bits, v6: 48 },
                ..Privacy::default()
            };
            let mut seen = session(v4(203, 255, 255, 255));
            privacy.apply(&mut seen);
            assert_eq!(expected, seen.client.address, "{bits}");
            assert_eq!(None, seen.client_mac);
            assert_ne!([7; 16], seen.session_id);
            assert_ne!([8; 16], seen.connection_id);
        }
        let mut v6 = [0xab; 16];
        v6[0] = 0x20;
        let mut seen = session(v6);
        Privacy {
            clients: Clients::Truncate { v4: 24, v6: 48 },
            ..Privacy::default()
        }
        .apply(&mut seen);
        assert_eq!(v6[..6], seen.client.address[..6]);
        assert_eq!([0; 10], seen.client.address[6..]);
    }

    #[test]
    fn a_hash_hangs_on_address_and_key_and_stays_on_its_side() {
        let hashed = |key: u8, address| {
            let privacy = Privacy {
                clients: Clients::Hash,
                key: [key; 32],
                ..Privacy::default()
            };
            let mut seen = session(address);
            privacy.apply(&mut seen);
            seen.client.address
        };
        let one = hashed(1, v4(10, 1, 2, 3));
        assert_eq!(one, hashed(1, v4(10, 1, 2, 3)));
        assert_ne!(one, hashed(1, v4(10, 1, 2, 4)));
        assert_ne!(one, hashed(2, v4(10, 1, 2, 3)));
        assert!(one.starts_with(&[0xfd, 0xce, 0x75, 0x70]));
        for (address, private) in [
            (v4(172, 15, 255, 255), false),
            (v4(172, 16, 0, 0), true),
            (v4(172, 31, 255, 255), true),
            (v4(172, 32, 0, 0), false),
            (v4(192, 168, 0, 1), true),
            (v4(192, 169, 0, 1), false),
            (v4(127, 0, 0, 1), true),
            (v4(8, 8, 8, 8), false),
            ([0xfe; 16], false),
            ([0xfd; 16], true),
        ] {
            let prefix: &[u8] = if private { &[0xfd] } else { &[0x20, 0x01] };
            assert!(hashed(1, address).starts_with(prefix), "{address:?}");
        }
    }

    /// RFC 4231, test case 2, shows that the hash is HMAC-SHA-256: its key padded with zeros is the same key.
    #[test]
    fn published_hmac() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let privacy = Privacy {
            key,
            ..Privacy::default()
        };
        assert_eq!(
            [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e],
            privacy.keyed(b"what do ya want ", b"for nothing?")[..8]
        );
    }

    #[test]
    fn a_network_is_left_out_on_either_side_and_to_the_bit() {
        let privacy = Privacy {
            excluded: vec![(v4(10, 9, 8, 0), 96 + 23)],
            ..Privacy::default()
        };
        let end = |address| Endpoint { address, port: 443 };
        let other = end(v4(10, 0, 0, 1));
        for (address, out) in [
            (v4(10, 9, 7, 255), false),
            (v4(10, 9, 8, 0), true),
            (v4(10, 9, 9, 255), true),
            (v4(10, 9, 10, 0), false),
        ] {
            assert_eq!(out, privacy.excludes([&end(address), &other]));
            assert_eq!(out, privacy.excludes([&other, &end(address)]));
        }
        assert!(!Privacy::default().excludes([&other, &other]));
    }

    #[test]
    fn what_is_kept_is_kept_whole() {
        let mut seen = session(v4(10, 0, 0, 1));
        Privacy::default().apply(&mut seen);
        let whole = session(v4(10, 0, 0, 1));
        assert_eq!(whole.client, seen.client);
        assert_eq!(
            (whole.session_id, whole.client_mac),
            (seen.session_id, seen.client_mac)
        );
    }
}
