//! One direction of a TLS connection: what its plaintext records and messages said.

use super::alert::Alert;
use super::hello::{ClientHello, ServerHello};
use super::message::{self, KeyExchange};
use super::reassembly::{Cut, Message, Messages};
use super::registry::Version;
use super::{content, handshake, is_record_header, RECORD_HEADER};
use crate::identities::{Identities, Sha};
use crate::limits::{Counters, Limits};

/// More alerts than an honest handshake has.
const MAX_ALERTS: usize = 16;
/// Length of an encrypted alert of TLS 1.3: level, description, inner type and tag (RFC 8446 5.2).
const ENCRYPTED_ALERT: usize = 19;

/// Stands for the content type of a record whose rest is stepped over.
const SKIPPED: u8 = 0;

/// What a half needs from around it.
pub struct Context<'a> {
    /// Caps.
    pub limits: &'a Limits,
    /// Counters.
    pub counters: &'a mut Counters,
    /// Names for certificates.
    pub identities: &'a mut Identities,
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
    /// ClientHello, the first of two after a HelloRetryRequest.
    pub client_hello: Option<Box<ClientHello>>,
    /// Its random: the second hello after a HelloRetryRequest has the same one (RFC 8446 4.1.2).
    pub random: Option<[u8; 32]>,
    /// ServerHello, the one after a HelloRetryRequest if there were two.
    pub server_hello: Option<Box<ServerHello>>,
    /// The server asked for another ClientHello (HelloRetryRequest).
    pub retried: bool,
    /// Certificates and how the message ended; `None` if no Certificate message was seen.
    pub chain: Option<(Vec<Sha>, ChainEnd)>,
    /// Names in the CertificateRequest; the inner is `None` when they cannot be read.
    pub certificate_request: Option<Option<Vec<Vec<u8>>>>,
    /// A Certificate message of a direction in which TLS began after other bytes: it counts when the record behind it
    /// begins as records do. In protocols that cut TLS into packets of their own, it does not.
    tentative: Option<(Vec<u8>, Option<Cut>)>,
    /// A CertificateStatus was sent.
    pub certificate_status: bool,
    /// From the ServerKeyExchange.
    pub key_exchange: KeyExchange,
    /// ServerHelloDone, or anything that only comes after it.
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between records; so many bytes of the next header are there.
    Header(usize),
    /// In a record.
    Body { kind: u8, left: usize },
    /// In an SSL 2 record that holds a ClientHello: its two length bytes are still to be read.
    Version2Header(usize),
    /// In the body of one.
    Version2Body { left: usize },
    /// Bytes were lost: wait for something that looks like the start of a record.
    Resync,
    /// Nothing more is wanted.
    Done,
}

/// One direction.
#[derive(Debug)]
pub struct Half {
    state: State,
    header: [u8; RECORD_HEADER],
    small: Vec<u8>,
    messages: Messages,
    keys_changed: bool,
    after_plaintext: bool,
    /// One entry a handshake; more than one only where a connection has several in the clear.
    pub facts: Vec<Facts>,
}

impl Default for Half {
    fn default() -> Self {
        Self {
            state: State::Header(0),
            header: [0; RECORD_HEADER],
            small: Vec::new(),
            messages: Messages::default(),
            keys_changed: false,
            after_plaintext: false,
            facts: Vec::new(),
        }
    }
}

impl Half {
    /// A direction that begins with an SSL 2 ClientHello.
    #[must_use]
    pub fn with_version_2_hello() -> Self {
        Self {
            state: State::Version2Header(0),
            ..Self::default()
        }
    }

    /// The next byte begins a record.
    #[must_use]
    pub fn is_between_records(&self) -> bool {
        self.state == State::Header(0)
    }

    /// TLS began after other bytes.
    pub fn begins_after_plaintext(&mut self) {
        self.after_plaintext = true;
    }

    /// Nothing more is wanted of this direction.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Bytes held on the heap, near enough.
    #[must_use]
    pub fn memory(&self) -> usize {
        /// Texts of a hello: fingerprints, names, protocols.
        const HELLO: usize = size_of::<ClientHello>() + 256;
        let of = |facts: &Facts| {
            let hellos = usize::from(facts.client_hello.is_some())
                + usize::from(facts.server_hello.is_some());
            let waiting = facts.tentative.as_ref().map_or(0, |(body, _)| body.len());
            let chain = facts
                .chain
                .as_ref()
                .map_or(0, |(names, _)| names.len() * size_of::<Sha>());
            let names = facts.certificate_request.iter().flatten().flatten();
            let issuers: usize = names
                .map(|name| name.capacity() + size_of::<Vec<u8>>())
                .sum();
            size_of::<Facts>() + hellos * HELLO + waiting + chain + issuers
        };
        let facts: usize = self.facts.iter().map(of).sum();
        self.messages.buffered() + self.small.capacity() + facts
    }

    /// One handshake has two ClientHellos if a HelloRetryRequest stands between: the server says so, or, where it is
    /// not seen, the same random does.
    pub fn merge_retries(&mut self, server: Option<&Half>) {
        let retried = |ordinal: usize| {
            let facts = server.and_then(|half| half.facts.get(ordinal));
            facts.map(|facts| facts.retried)
        };
        let mut ordinal = 0;
        while ordinal + 1 < self.facts.len() {
            let [first, second] = [&self.facts[ordinal], &self.facts[ordinal + 1]];
            let same = first.random.is_some() && first.random == second.random;
            if retried(ordinal).unwrap_or(same) {
                let second = self.facts.remove(ordinal + 1);
                self.facts[ordinal].merge_retry(second);
            }
            ordinal += 1;
        }
    }

    fn current(&mut self) -> &mut Facts {
        if self.facts.is_empty() {
            self.facts.push(Facts::default());
        }
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }

    /// Take in the next bytes of the stream.
    pub fn feed(&mut self, mut bytes: &[u8], context: &mut Context<'_>) {
        while !bytes.is_empty() && self.state != State::Done {
            bytes = match self.state {
                State::Header(have) => self.read_header(have, bytes, context),
                State::Body { kind, left } => self.read_body(kind, left, bytes, context),
                State::Version2Header(have) => self.read_version_2_header(have, bytes),
                State::Version2Body { left } => self.read_version_2_body(left, bytes, context),
                State::Resync => {
                    if looks_like_record(bytes) {
                        self.state = State::Header(0);
                        bytes
                    } else {
                        &[]
                    }
                }
                State::Done => &[],
            };
        }
    }

    fn read_header<'a>(
        &mut self,
        have: usize,
        bytes: &'a [u8],
        context: &mut Context<'_>,
    ) -> &'a [u8] {
        let wanted = (RECORD_HEADER - have).min(bytes.len());
        let (part, rest) = bytes.split_at(wanted);
        if let Some(slot) = self.header.get_mut(have..have + wanted) {
            slot.copy_from_slice(part);
        }
        let have = have + wanted;
        self.state = State::Header(have);
        if have < RECORD_HEADER {
            return rest;
        }
        let [kind, _, _, high, low] = self.header;
        let left = usize::from(u16::from_be_bytes([high, low]));
        if !is_record_header(self.header) {
            context.counters.records_malformed += 1;
            self.reject_tentative();
            self.state = State::Done;
            return rest;
        }
        self.settle_tentative(context);
        self.note_record(kind, left);
        if left > 0 && self.state != State::Done {
            self.state = State::Body { kind, left };
        } else if self.state != State::Done {
            self.state = State::Header(0);
        }
        rest
    }

    /// What came before was TLS: certificates that waited for this count.
    fn settle_tentative(&mut self, context: &mut Context<'_>) {
        for facts in &mut self.facts {
            if let Some((body, cut)) = facts.tentative.take() {
                facts.chain = Some(chain(&body, cut, context));
            }
        }
    }

    fn reject_tentative(&mut self) {
        for facts in &mut self.facts {
            if facts.tentative.take().is_some() {
                facts.chain = Some((Vec::new(), ChainEnd::Unsupported));
            }
        }
    }

    /// What the header alone says.
    fn note_record(&mut self, kind: u8, length: usize) {
        self.state = State::Header(0);
        let protected = match kind {
            content::APPLICATION_DATA => true,
            content::HANDSHAKE => self.keys_changed,
            // An alert in the clear is two bytes; two may share a record.
            content::ALERT => length > if self.keys_changed { 2 } else { 4 },
            _ => false,
        };
        if kind == content::HANDSHAKE && protected {
            // A second hello after a HelloRetryRequest is in the clear, though the dummy change_cipher_spec of the
            // compatibility mode (RFC 8446 D.4) came before: its body will tell.
            return;
        }
        if protected {
            let facts = self.current();
            facts.protected = true;
            facts.protected_data |= kind != content::ALERT && length > ENCRYPTED_ALERT;
            self.state = State::Done;
        }
    }

    fn read_body<'a>(
        &mut self,
        kind: u8,
        left: usize,
        bytes: &'a [u8],
        context: &mut Context<'_>,
    ) -> &'a [u8] {
        let (body, rest) = bytes.split_at(left.min(bytes.len()));
        let left = left - body.len();
        self.state = if left == 0 {
            State::Header(0)
        } else {
            State::Body { kind, left }
        };
        match kind {
            content::HANDSHAKE => self.read_handshake(body, left, context),
            content::ALERT => self.read_alert(body),
            content::CHANGE_CIPHER_SPEC => self.keys_changed = true,
            _ => {}
        }
        rest
    }

    fn read_handshake(&mut self, body: &[u8], left: usize, context: &mut Context<'_>) {
        if !self.keys_changed || !self.messages.is_between() {
            self.push(body, context);
            return;
        }
        // After the change of keys, all but a hello repeated for a HelloRetryRequest is encrypted.
        self.small.extend_from_slice(body);
        match self.retried_hello(left) {
            None => {}
            Some(true) => {
                let small = std::mem::take(&mut self.small);
                self.push(&small, context);
            }
            Some(false) => {
                let facts = self.current();
                facts.protected = true;
                facts.protected_data = true;
                self.state = State::Done;
            }
        }
    }

    fn push(&mut self, body: &[u8], context: &mut Context<'_>) {
        let mut facts = std::mem::take(&mut self.facts);
        let after_plaintext = self.after_plaintext;
        let outcome = self
            .messages
            .push(body, context.limits.max_handshake_bytes, |message| {
                receive(&mut facts, &message, after_plaintext, context);
            });
        self.facts = facts;
        if outcome.is_err() {
            // Encrypted, and the change of keys was lost; or never TLS at all.
            context.counters.records_malformed += 1;
            let facts = self.current();
            facts.protected |= facts.lost_bytes > 0;
            self.reject_tentative();
            self.state = State::Done;
        }
    }

    /// Whether the record of which `small` is there, and `left` bytes are not, is a hello in the clear that may come
    /// now; `None` if more bytes will tell. The message must fill its record, as all do: one encrypted record in
    /// 256 begins with the same byte.
    fn retried_hello(&self, left: usize) -> Option<bool> {
        const LONGEST_HELLO: usize = 1 << 16;
        let facts = self.facts.last()?;
        let first = self.small.first()?;
        let expected = match *first {
            handshake::CLIENT_HELLO => facts
                .client_hello
                .as_ref()
                .is_some_and(|hello| hello.offered.is_13()),
            handshake::SERVER_HELLO => facts.server_hello.as_ref().is_some_and(|hello| hello.retry),
            _ => false,
        };
        if !expected {
            return Some(false);
        }
        let Some(&[_, a, b, c, major, minor]) = self.small.first_chunk::<6>() else {
            return (left == 0).then_some(false);
        };
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
        let record = self.small.len() + left;
        Some((major, minor) == (3, 3) && length + 4 >= record && length < LONGEST_HELLO)
    }

    fn read_alert(&mut self, body: &[u8]) {
        for &byte in body {
            self.small.push(byte);
            if let [level, description] = *self.small.as_slice() {
                let alert = Alert { level, description };
                let facts = self.current();
                if facts.alerts.len() < MAX_ALERTS {
                    facts.alerts.push(alert);
                }
                self.small.clear();
            }
        }
    }

    fn read_version_2_header<'a>(&mut self, have: usize, bytes: &'a [u8]) -> &'a [u8] {
        let Some((&byte, rest)) = bytes.split_first() else {
            return &[];
        };
        if let Some(slot) = self.header.get_mut(have) {
            *slot = byte;
        }
        self.state = if have == 0 {
            State::Version2Header(1)
        } else {
            let [high, low, ..] = self.header;
            State::Version2Body {
                left: usize::from(u16::from_be_bytes([high & 0x7f, low])),
            }
        };
        rest
    }

    fn read_version_2_body<'a>(
        &mut self,
        left: usize,
        bytes: &'a [u8],
        context: &mut Context<'_>,
    ) -> &'a [u8] {
        let (body, rest) = bytes.split_at(left.min(bytes.len()));
        self.small.extend_from_slice(body);
        let left = left - body.len();
        if left > 0 {
            self.state = State::Version2Body { left };
            return rest;
        }
        let small = std::mem::take(&mut self.small);
        match ClientHello::read_version_2(&small) {
            Some(hello) => self.current().client_hello = Some(Box::new(hello)),
            None => context.counters.messages_malformed += 1,
        }
        self.state = State::Header(0);
        rest
    }

    /// So many bytes were missing before the first one that was read.
    pub fn lost(&mut self, missing: u64) {
        if self.facts.is_empty() {
            self.facts.push(Facts::default());
        }
        self.facts[0].lost_bytes += missing;
    }

    /// This many bytes of the stream are missing.
    pub fn gap(&mut self, missing: u32, context: &mut Context<'_>) {
        if self.state == State::Done {
            return;
        }
        self.current().lost_bytes += u64::from(missing);
        context.counters.bytes_lost += u64::from(missing);
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        let mut facts = std::mem::take(&mut self.facts);
        let after_plaintext = self.after_plaintext;
        let receive_cut =
            |message: Message<'_>| receive(&mut facts, &message, after_plaintext, context);
        self.state = match self.state {
            State::Body { mut kind, left } if missing <= left => {
                if kind == content::HANDSHAKE && !self.messages.gap(missing, receive_cut) {
                    // No message can be found in the rest of this record.
                    kind = SKIPPED;
                }
                match left - missing {
                    0 => State::Header(0),
                    left => State::Body { kind, left },
                }
            }
            _ => {
                self.messages.end(Cut::Lost, receive_cut);
                self.small.clear();
                State::Resync
            }
        };
        self.facts = facts;
    }

    /// Nothing more comes, or nothing more is wanted.
    pub fn end(&mut self, cut: Cut, context: &mut Context<'_>) {
        let mut facts = std::mem::take(&mut self.facts);
        self.messages
            .end(cut, |message| receive(&mut facts, &message, false, context));
        self.facts = facts;
        self.settle_tentative(context);
        self.state = State::Done;
    }
}

/// Whether these bytes can be the start of a record of a handshake that is under way.
#[must_use]
pub fn looks_like_record(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<RECORD_HEADER>() else {
        return false;
    };
    if !is_record_header(*header) {
        return false;
    }
    let length = u16::from_be_bytes([header[3], header[4]]);
    let first = bytes.get(RECORD_HEADER).copied();
    match header[0] {
        content::CHANGE_CIPHER_SPEC => length == 1 && first.is_none_or(|byte| byte == 1),
        content::ALERT => (2..=256).contains(&length),
        content::HANDSHAKE => length >= 4,
        content::APPLICATION_DATA => usize::from(length) >= ENCRYPTED_ALERT,
        _ => false,
    }
}

/// A message of this direction: into the facts of the handshake it belongs to.
fn receive(
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
        all.push(Facts::default());
    }
    let Some(facts) = all.last_mut() else {
        return;
    };
    if message.cut == Some(Cut::TooLong) {
        context.counters.handshake_too_long += 1;
    }
    match message.kind {
        handshake::CLIENT_HELLO => receive_client_hello(facts, message, context),
        handshake::SERVER_HELLO => receive_server_hello(facts, message, context),
        handshake::CERTIFICATE if tentative => {
            facts.tentative = Some((message.body.to_vec(), message.cut));
        }
        handshake::CERTIFICATE => facts.chain = Some(chain(message.body, message.cut, context)),
        handshake::COMPRESSED_CERTIFICATE => {
            facts.chain = Some((Vec::new(), ChainEnd::Unsupported));
        }
        handshake::CERTIFICATE_REQUEST => {
            let version = facts.server_hello.as_ref().map(|hello| hello.version);
            let names = message::accepted_issuers(message.body, version);
            facts.certificate_request = Some(names.filter(|_| message.cut.is_none()));
        }
        handshake::CERTIFICATE_STATUS => facts.certificate_status = true,
        handshake::SERVER_KEY_EXCHANGE => {
            facts.server_key_exchange = true;
            if let (Some(hello), None) = (&facts.server_hello, message.cut) {
                facts.key_exchange =
                    message::key_exchange(message.body, hello.cipher, hello.version);
            }
        }
        handshake::SERVER_HELLO_DONE => facts.hello_done = true,
        handshake::CLIENT_KEY_EXCHANGE => facts.client_key_exchange = true,
        _ => {}
    }
}

fn receive_client_hello(facts: &mut Facts, message: &Message<'_>, context: &mut Context<'_>) {
    let hello = ClientHello::read(message.body);
    if hello.malformed && message.cut.is_none() {
        context.counters.messages_malformed += 1;
    }
    facts.random = message.body.get(2..34).and_then(|r| r.try_into().ok());
    facts.client_hello = Some(Box::new(hello));
}

fn receive_server_hello(facts: &mut Facts, message: &Message<'_>, context: &mut Context<'_>) {
    let hello = ServerHello::read(message.body);
    if hello.as_ref().is_none_or(|hello| hello.malformed) && message.cut.is_none() {
        context.counters.messages_malformed += 1;
    }
    if let Some(hello) = hello {
        facts.retried |= hello.retry;
        facts.server_hello = Some(Box::new(hello));
    }
}

fn chain(body: &[u8], cut: Option<Cut>, context: &mut Context<'_>) -> (Vec<Sha>, ChainEnd) {
    let Context {
        limits,
        counters,
        identities,
    } = context;
    let chain = message::certificates(body, limits.max_chain_length);
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
    let names = chain
        .certificates
        .iter()
        .map(|der| identities.identify(der, limits, counters))
        .collect();
    (names, end)
}

impl Facts {
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
    fn merge_retry(&mut self, second: Self) {
        *self = Self {
            client_hello: self.client_hello.take(),
            random: self.random,
            lost_bytes: self.lost_bytes + second.lost_bytes,
            ..second
        };
    }

    /// Version of the ServerHello.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.server_hello.as_ref().map(|hello| hello.version)
    }
}
