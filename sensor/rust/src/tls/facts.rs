//! What one direction of a TLS connection said in one handshake, message by message.

use super::alert::Alert;
use super::handshake;
use super::hello::{ClientHello, ServerHello};
use super::message::{self, KeyExchange};
use super::profiles::Profiles;
use super::reassembly::{Cut, Message};
use super::registry::Version;
use crate::connection::{Moment, Spare};
use crate::identities::{Identities, Sha};
use crate::limits::{Counters, Limits};

/// More alerts than an honest handshake has.
const MAX_ALERTS: usize = 16;

/// What reading needs from around it.
pub struct Context<'a> {
    /// Caps.
    pub limits: &'a Limits,
    /// Counters.
    pub counters: &'a mut Counters,
    /// Names for certificates.
    pub identities: &'a mut Identities,
    /// Fingerprints.
    pub profiles: &'a mut Profiles,
    /// Rooms that are empty.
    pub spare: &'a mut Spare,
}

/// How a Certificate message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainEnd {
    /// Read to its end.
    Complete,
    /// The observation ended before it.
    Truncated,
    /// Bytes are missing from the capture.
    Lost,
    /// Longer than our caps.
    Evicted,
    /// Not a list of X.509 certificates, or compressed.
    Unsupported,
}

/// What one direction said in one handshake.
#[derive(Debug, Default)]
pub struct Facts {
    /// When the first byte of its first message came.
    pub since: Option<Moment>,
    /// ClientHello, the first of two after a HelloRetryRequest.
    pub client_hello: Option<ClientHello>,
    /// Its random: the second hello after a HelloRetryRequest has the same one (RFC 8446 4.1.2).
    pub random: Option<[u8; 32]>,
    /// ServerHello, the one after a HelloRetryRequest if there were two.
    pub server_hello: Option<ServerHello>,
    /// The server asked for another ClientHello (HelloRetryRequest).
    pub retried: bool,
    /// Certificates and how the message ended; `None` if no Certificate message was seen.
    pub chain: Option<(Vec<Sha>, ChainEnd)>,
    /// Names in the CertificateRequest; the inner is `None` when they cannot be read.
    pub certificate_request: Option<Option<Vec<Vec<u8>>>>,
    /// A Certificate message of a direction in which TLS began after other bytes: it counts when the record behind it
    /// begins as records do. In protocols that cut TLS into packets of their own, it does not.
    tentative: Option<Box<(Vec<u8>, Option<Cut>)>>,
    /// A CertificateStatus was sent.
    pub certificate_status: bool,
    /// From the ServerKeyExchange.
    pub key_exchange: KeyExchange,
    /// A ServerHelloDone was sent.
    pub hello_done: bool,
    /// A ServerKeyExchange was sent: only servers do.
    pub server_key_exchange: bool,
    /// A ClientKeyExchange was sent: only clients do.
    pub client_key_exchange: bool,
    /// Alerts in the clear.
    pub alerts: Vec<Alert>,
    /// Records after the change of keys, or application data: the handshake got so far.
    pub protected: bool,
    /// Among these, one that is more than an encrypted alert.
    pub protected_data: bool,
    /// Bytes are missing before the handshake ended.
    pub lost_bytes: u64,
}

impl Facts {
    fn begins_another(&self, kind: u8) -> bool {
        match kind {
            handshake::CLIENT_HELLO => self.client_hello.is_some(),
            handshake::SERVER_HELLO => self.server_hello.as_ref().is_some_and(|hello| !hello.retry),
            _ => false,
        }
    }

    /// Only servers say so.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.server_hello.is_some()
            || self.hello_done
            || self.server_key_exchange
            || self.certificate_request.is_some()
            || self.certificate_status
    }

    /// Only clients say so.
    #[must_use]
    pub fn is_client(&self) -> bool {
        self.client_hello.is_some() || self.client_key_exchange
    }

    /// Whether anything of a handshake was seen at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_server() && !self.is_client() && self.chain.is_none()
    }

    /// Take what the second hello of a HelloRetryRequest pair brought; the first hello stands.
    pub(super) fn merge_retry(&mut self, second: Self) {
        *self = Self {
            since: self.since,
            client_hello: self.client_hello.take(),
            random: self.random,
            lost_bytes: self.lost_bytes + second.lost_bytes,
            ..second
        };
    }

    /// Version of the ServerHello.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.server_hello.as_ref().and_then(|hello| hello.version)
    }

    /// Bytes held on the heap, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        /// Texts of a hello: fingerprints, names, protocols.
        const HELLO: usize = 256;
        let hellos =
            usize::from(self.client_hello.is_some()) + usize::from(self.server_hello.is_some());
        let waiting = self.tentative.as_ref().map_or(0, |kept| kept.0.len());
        let chain = self
            .chain
            .as_ref()
            .map_or(0, |(names, _)| names.len() * size_of::<Sha>());
        let names = self.certificate_request.iter().flatten().flatten();
        let issuers: usize = names
            .map(|name| name.capacity() + size_of::<Vec<u8>>())
            .sum();
        hellos * HELLO + waiting + chain + issuers
    }

    /// What came before was TLS: certificates that waited for this count.
    pub(super) fn settle_tentative(&mut self, context: &mut Context<'_>) {
        if let Some(kept) = self.tentative.take() {
            let (body, cut) = *kept;
            self.chain = Some(chain(&body, cut, context));
        }
    }

    /// It was not: certificates that waited were none.
    pub(super) fn reject_tentative(&mut self) {
        if self.tentative.take().is_some() {
            self.chain = Some((Vec::new(), ChainEnd::Unsupported));
        }
    }

    /// Note the one certificate that a hello of SSL 2 holds.
    pub(super) fn note_certificate(
        &mut self,
        is_x509: bool,
        der: &[u8],
        context: &mut Context<'_>,
    ) {
        self.chain = Some(if is_x509 {
            let name = context.identities.identify(der, context.limits);
            (vec![name], ChainEnd::Complete)
        } else {
            (Vec::new(), ChainEnd::Unsupported)
        });
    }

    /// Note an alert in the clear.
    pub(super) fn note_alert(&mut self, alert: Alert) {
        if self.alerts.len() < MAX_ALERTS {
            self.alerts.push(alert);
        }
    }
}

/// A message of this direction: into the facts of the handshake it belongs to.
pub(super) fn receive(
    all: &mut Vec<Facts>,
    message: &Message<'_>,
    tentative: bool,
    context: &mut Context<'_>,
) {
    let another = all
        .last()
        .is_none_or(|facts| facts.begins_another(message.kind));
    if another {
        if all.len() >= context.limits.max_sessions_per_connection {
            context.counters.sessions_too_many += 1;
            return;
        }
        // Most connections have one handshake, and a list would make room for four.
        all.reserve_exact(1);
        all.push(Facts::default());
    }
    let Some(facts) = all.last_mut() else {
        return;
    };
    facts.since.get_or_insert(message.since);
    if message.cut == Some(Cut::TooLong) {
        context.counters.handshake_too_long += 1;
    }
    match message.kind {
        handshake::CLIENT_HELLO => receive_client_hello(facts, message, context),
        handshake::SERVER_HELLO => receive_server_hello(facts, message, context),
        // A direction sends one Certificate message a handshake: what was read whole stands, whatever comes behind it.
        handshake::CERTIFICATE | handshake::COMPRESSED_CERTIFICATE
            if matches!(facts.chain, Some((_, ChainEnd::Complete))) => {}
        handshake::CERTIFICATE if tentative => {
            facts.tentative = Some(Box::new((message.body.to_vec(), message.cut)));
        }
        handshake::CERTIFICATE => facts.chain = Some(chain(message.body, message.cut, context)),
        handshake::COMPRESSED_CERTIFICATE => {
            facts.chain = Some((Vec::new(), ChainEnd::Unsupported));
        }
        handshake::CERTIFICATE_REQUEST => {
            let version = facts.version();
            let names = message::accepted_issuers(message.body, version);
            facts.certificate_request = Some(names.filter(|_| message.cut.is_none()));
        }
        handshake::CERTIFICATE_STATUS => facts.certificate_status = true,
        handshake::SERVER_KEY_EXCHANGE => {
            facts.server_key_exchange = true;
            let version = facts.version();
            let cipher = facts.server_hello.as_ref().and_then(|hello| hello.cipher);
            if let (Some(cipher), Some(version), None) = (cipher, version, message.cut) {
                facts.key_exchange = message::key_exchange(message.body, cipher, version);
            }
        }
        handshake::SERVER_HELLO_DONE => facts.hello_done = true,
        handshake::CLIENT_KEY_EXCHANGE => facts.client_key_exchange = true,
        _ => {}
    }
}

fn receive_client_hello(facts: &mut Facts, message: &Message<'_>, context: &mut Context<'_>) {
    let hello = ClientHello::read(message.body, message.cut.is_none(), context.profiles);
    if hello.malformed && message.cut.is_none() {
        context.counters.messages_malformed += 1;
    }
    facts.random = message.body.get(2..34).and_then(|r| r.try_into().ok());
    facts.client_hello = Some(hello);
}

fn receive_server_hello(facts: &mut Facts, message: &Message<'_>, context: &mut Context<'_>) {
    let hello = ServerHello::read(message.body, message.cut.is_none(), context.profiles);
    if hello.as_ref().is_none_or(|hello| hello.malformed) && message.cut.is_none() {
        context.counters.messages_malformed += 1;
    }
    if let Some(hello) = hello {
        facts.retried |= hello.retry;
        facts.server_hello = Some(hello);
    }
}

fn chain(body: &[u8], cut: Option<Cut>, context: &mut Context<'_>) -> (Vec<Sha>, ChainEnd) {
    let Context {
        limits,
        counters,
        identities,
        ..
    } = context;
    let mut names = Vec::new();
    let chain = message::certificates(body, limits.max_chain_length, |der| {
        names.push(identities.identify(der, limits));
    });
    if chain.too_long {
        counters.chain_too_long += 1;
    }
    let end = match cut {
        _ if chain.too_long => ChainEnd::Evicted,
        None if chain.complete => ChainEnd::Complete,
        None => {
            counters.messages_malformed += 1;
            ChainEnd::Unsupported
        }
        Some(Cut::Ended) => ChainEnd::Truncated,
        Some(Cut::Lost) => ChainEnd::Lost,
        Some(Cut::TooLong) => ChainEnd::Evicted,
    };
    (names, end)
}
