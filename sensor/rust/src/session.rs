//! One observed handshake, as it is reported.

use std::sync::Arc;

use data_encoding::BASE64;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::bytes::Ascii;
use crate::frame::{Endpoint, Wrapping};
use crate::identities::Sha;
use crate::tls::facts::{ChainEnd, Facts};
use crate::tls::fingerprint::Md5Hex;
use crate::tls::profiles::ClientProfile;
use crate::tls::registry::Version;
use crate::visibility::{View, Visibility};

/// The columns of the sessions table; `sensor/_rust.pyi` and `docs/session.schema.json` tell what each means.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Session {
    pub session_id: [u8; 16],
    pub connection_id: [u8; 16],
    pub time_ns: u64,
    pub frame: u64,
    pub interface: Option<Arc<str>>,
    pub client: Endpoint,
    pub client_mac: Option<[u8; 6]>,
    pub server: Endpoint,
    pub server_mac: Option<[u8; 6]>,
    pub wrapping: Option<Box<Wrapping>>,
    pub carrier: Option<&'static str>,
    pub plaintext_before: Option<u64>,
    pub version: Option<Version>,
    pub version_offered: Option<Version>,
    pub cipher_suite: Option<u16>,
    pub named_group: Option<u16>,
    pub dh_bits: Option<u16>,
    pub signature_scheme: Option<u16>,
    pub server_name: Option<String>,
    pub alpn: Option<String>,
    pub alpn_offered: Option<Arc<[String]>>,
    pub ech_offered: Option<bool>,
    pub resumed: Option<bool>,
    pub profile: Option<Arc<ClientProfile>>,
    pub ja3s: Option<Md5Hex>,
    pub server_chain: Option<Vec<Sha>>,
    pub client_chain: Option<Vec<Sha>>,
    pub client_certificate_requested: Option<bool>,
    pub accepted_issuers: Option<Vec<Vec<u8>>>,
    pub ocsp_stapled: Option<bool>,
    pub sct_count: Option<u16>,
    pub alerts: Vec<String>,
    pub established: bool,
    pub confirmed: bool,
    pub bytes_lost: u64,
    pub conflicting: bool,
    pub server_visibility: Visibility,
    pub client_visibility: Visibility,
}

/// Where and when a session was seen; the rest comes from what its sides said.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Place {
    pub connection_id: [u8; 16],
    pub ordinal: usize,
    pub time_ns: u64,
    pub frame: u64,
    pub interface: Option<Arc<str>>,
    pub client: Endpoint,
    pub client_mac: Option<[u8; 6]>,
    pub server: Endpoint,
    pub server_mac: Option<[u8; 6]>,
    pub wrapping: Option<Box<Wrapping>>,
    pub carrier: Option<&'static str>,
    pub plaintext_before: Option<u64>,
    pub confirmed: bool,
    pub conflicting: bool,
}

impl Session {
    /// Put together what both sides said; what they hold is moved, not copied.
    #[must_use]
    pub fn new(place: Place, seen: Seen, client: &mut Facts, server: &mut Facts) -> Self {
        let offered = client.client_hello.take().unwrap_or_default();
        let chosen = server.server_hello.take().unwrap_or_default();
        Self {
            session_id: session_id(place.connection_id, place.ordinal),
            connection_id: place.connection_id,
            time_ns: place.time_ns,
            frame: place.frame,
            interface: place.interface,
            client: place.client,
            client_mac: place.client_mac,
            server: place.server,
            server_mac: place.server_mac,
            wrapping: place.wrapping,
            carrier: place.carrier,
            plaintext_before: place.plaintext_before,
            version: chosen.version,
            version_offered: offered.offered,
            cipher_suite: chosen.cipher,
            named_group: chosen.group.or(server.key_exchange.group),
            dh_bits: server.key_exchange.prime_bits,
            signature_scheme: server.key_exchange.scheme,
            server_name: offered.server_name,
            alpn: chosen.alpn,
            alpn_offered: offered.alpn,
            ech_offered: offered.ech,
            resumed: seen.resumed,
            profile: offered.profile,
            ja3s: chosen.ja3s,
            server_chain: seen_chain(server.chain.take()),
            client_chain: seen_chain(client.chain.take()),
            client_certificate_requested: seen.requested,
            accepted_issuers: server.certificate_request.take().flatten(),
            ocsp_stapled: seen.ocsp_stapled,
            sct_count: chosen.sct_count,
            alerts: seen.alerts,
            established: seen.established,
            confirmed: place.confirmed,
            bytes_lost: client.lost_bytes + server.lost_bytes,
            conflicting: place.conflicting,
            server_visibility: seen.server_visibility,
            client_visibility: seen.client_visibility,
        }
    }
}

/// What follows from both sides together.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Seen {
    pub resumed: Option<bool>,
    pub requested: Option<bool>,
    pub ocsp_stapled: Option<bool>,
    pub alerts: Vec<String>,
    pub established: bool,
    pub server_visibility: Visibility,
    pub client_visibility: Visibility,
}

impl Seen {
    /// Judge what was said.
    #[must_use]
    pub fn new(view: &View<'_>) -> Self {
        let server = view.server;
        Self {
            resumed: view.resumed(),
            requested: view.requested(),
            ocsp_stapled: if server.certificate_status {
                Some(true)
            } else {
                (server.hello_done && server.lost_bytes == 0).then_some(false)
            },
            alerts: alerts(view),
            established: view.established(),
            server_visibility: view.server_visibility(),
            client_visibility: view.client_visibility(),
        }
    }
}

/// A message that cannot be read says nothing; one that was cut lists the complete certificates before the cut.
fn seen_chain(chain: Option<(Vec<Sha>, ChainEnd)>) -> Option<Vec<Sha>> {
    match chain {
        Some((names, ChainEnd::Complete)) => Some(names),
        Some((names, _)) if !names.is_empty() => Some(names),
        _ => None,
    }
}

fn alerts(view: &View<'_>) -> Vec<String> {
    let of = |side: &'static str, facts: &Facts| {
        facts
            .alerts
            .iter()
            .map(move |alert| format!("{side} {}", alert.text()))
            .collect::<Vec<_>>()
    };
    let mut all = of("client", view.client);
    all.extend(of("server", view.server));
    all
}

fn half_hash(hasher: Sha256) -> [u8; 16] {
    let hash: Sha = hasher.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}

/// The same for the same packets, whatever the engine or the number of cores. `first`: time and number of the first
/// packet; the number counts where there is no time.
#[must_use]
pub fn connection_id(sensor: &str, first: (u64, u64), low: Endpoint, high: Endpoint) -> [u8; 16] {
    let (first_ns, first_frame) = first;
    let mut hasher = Sha256::new_with_prefix(b"certspan connection\0");
    hasher.update(sensor.as_bytes());
    hasher.update([0]);
    hasher.update(first_ns.to_be_bytes());
    // Packets without a time would give all connections between the same ports one id.
    if first_ns == 0 {
        hasher.update(first_frame.to_be_bytes());
    }
    for endpoint in [low, high] {
        hasher.update(endpoint.address);
        hasher.update(endpoint.port.to_be_bytes());
    }
    half_hash(hasher)
}

fn session_id(connection_id: [u8; 16], ordinal: usize) -> [u8; 16] {
    let mut hasher = Sha256::new_with_prefix(b"certspan session\0");
    hasher.update(connection_id);
    hasher.update(u64::try_from(ordinal).unwrap_or(u64::MAX).to_be_bytes());
    half_hash(hasher)
}

/// Community ID v1 with seed 0, of TCP.
#[must_use]
pub fn community_id(a: Endpoint, b: Endpoint) -> Ascii<30> {
    const TCP: u8 = 6;
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let mut hasher = Sha1::new_with_prefix([0, 0]);
    hasher.update(short(&low.address));
    hasher.update(short(&high.address));
    hasher.update([TCP, 0]);
    hasher.update(low.port.to_be_bytes());
    hasher.update(high.port.to_be_bytes());
    let mut id = Ascii::new("1:");
    BASE64.encode_mut(&hasher.finalize(), &mut id.bytes_mut()[2..]);
    id
}

/// An IPv4 address is four bytes in it.
fn short(address: &[u8; 16]) -> &[u8] {
    match address {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4 @ ..] => v4,
        v6 => v6,
    }
}

/// `aa:bb:cc:dd:ee:ff`
#[must_use]
pub fn mac_text(mac: [u8; 6]) -> Ascii<17> {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    let mut text = Ascii::new("::::::::::::::::::");
    for (slot, byte) in text.bytes_mut().chunks_mut(3).zip(mac) {
        slot[0] = digit(byte >> 4);
        slot[1] = digit(byte & 0xf);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(v4: [u8; 4], port: u16) -> Endpoint {
        let mut address = [0; 16];
        address[10] = 0xff;
        address[11] = 0xff;
        address[12..].copy_from_slice(&v4);
        Endpoint { address, port }
    }

    /// Values of the Community ID specification's baseline (tcp.pcap, seed 0).
    #[test]
    fn published_community_id() {
        let a = endpoint([128, 232, 110, 120], 34855);
        let b = endpoint([66, 35, 250, 204], 80);
        assert_eq!(
            "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            community_id(a, b).as_str()
        );
        assert_eq!(community_id(a, b), community_id(b, a));
    }

    #[test]
    fn ids_differ_by_sensor_time_flow_and_ordinal() {
        let (a, b) = (endpoint([10, 0, 0, 1], 1), endpoint([10, 0, 0, 2], 2));
        let ids = [
            session_id(connection_id("", (1, 1), a, b), 0),
            session_id(connection_id("", (1, 1), a, b), 1),
            session_id(connection_id("", (2, 1), a, b), 0),
            session_id(connection_id("x", (1, 1), a, b), 0),
            session_id(connection_id("", (1, 1), b, a), 0),
            session_id(connection_id("", (0, 1), a, b), 0),
            session_id(connection_id("", (0, 2), a, b), 0),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len());
    }
}
