//! One direction of a TLS connection: its records, up to the change of keys.

mod version_2;

use super::alert::Alert;
use super::facts::{receive, ChainEnd, Context, Facts};
use super::reassembly::{Cut, Message, Messages};
use super::registry::Version;
use super::{content, handshake, is_record_header, RECORD_HEADER};
use crate::bytes;
use crate::connection::Moment;

pub use version_2::{
    CLIENT_HELLO as VERSION_2_CLIENT_HELLO, SERVER_HELLO as VERSION_2_SERVER_HELLO,
    VERSION as VERSION_2, X509 as VERSION_2_X509,
};

/// Length of an encrypted alert of TLS 1.3: level, description, inner type and tag (RFC 8446 5.2).
const ENCRYPTED_ALERT: usize = 19;

/// Stands for the content type of a record whose rest is stepped over.
const SKIPPED: u8 = 0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between records; so many bytes of the next header are there.
    Header(usize),
    /// In a record.
    Body { kind: u8, left: usize },
    /// Between records of SSL 2; so many bytes of the next header are there.
    Version2Header(usize),
    /// In one.
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
    /// The record began inside a message, or is a repeated hello: all of it is read as it stands, however it is cut.
    goes_on: bool,
    after_plaintext: bool,
    /// A hello in the format of SSL 2 was read: the next record may be one of SSL 2, too.
    version_2_may_follow: bool,
    now: Moment,
    /// Bytes that `facts` take: counted when they change, for they lie far apart.
    facts_bytes: usize,
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
            goes_on: false,
            after_plaintext: false,
            version_2_may_follow: false,
            now: Moment::default(),
            facts_bytes: 0,
            facts: Vec::new(),
        }
    }
}

impl Half {
    /// A direction that begins with a hello in the format of SSL 2.
    #[must_use]
    pub fn with_version_2() -> Self {
        let mut half = Self::default();
        half.begins_with_version_2();
        half
    }

    /// The direction begins with a hello in the format of SSL 2.
    pub fn begins_with_version_2(&mut self) {
        self.state = State::Version2Header(0);
    }

    /// Forget everything, but not the room it took.
    pub fn clear(&mut self) {
        let (mut facts, mut small) = (
            std::mem::take(&mut self.facts),
            std::mem::take(&mut self.small),
        );
        facts.clear();
        small.clear();
        *self = Self {
            small,
            facts,
            ..Self::default()
        };
        self.count_facts();
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
        self.messages.buffered() + self.small.capacity() + self.facts_bytes
    }

    fn count_facts(&mut self) {
        let of_each: usize = self.facts.iter().map(Facts::memory).sum();
        self.facts_bytes = self.facts.capacity() * size_of::<Facts>() + of_each;
    }

    /// One handshake has two ClientHellos if a HelloRetryRequest stands between: the server says so, or, where it is
    /// not seen, the same random does.
    pub fn merge_retries(&mut self, server: Option<&Half>) {
        let retried = |ordinal: usize| {
            let facts = server.and_then(|half| half.facts.get(ordinal))?;
            // The request may be among bytes that are missing.
            (facts.retried || facts.lost_bytes == 0).then_some(facts.retried)
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
            self.facts.reserve_exact(1);
            self.facts.push(Facts::default());
        }
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }

    /// Take in the next bytes of the stream, which came at this moment.
    pub fn feed(&mut self, mut bytes: &[u8], now: Moment, context: &mut Context<'_>) {
        self.now = now;
        while !bytes.is_empty() && self.state != State::Done {
            bytes = match self.state {
                State::Header(0) if self.version_2_may_follow => {
                    self.version_2_may_follow = false;
                    let is_tls = bytes.first().is_some_and(|kind| {
                        (content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT).contains(kind)
                    });
                    if !is_tls {
                        self.state = State::Version2Header(0);
                    }
                    bytes
                }
                State::Header(have) => self.read_header(have, bytes, context),
                State::Body { kind, left } => self.read_body(kind, left, bytes, context),
                State::Version2Header(have) => self.read_version_2_header(have, bytes, context),
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
        let (header, rest) = bytes::header(&mut self.header, have, bytes);
        let header = match header {
            Ok(header) => header,
            Err(have) => {
                self.state = State::Header(have);
                return rest;
            }
        };
        let [kind, _, _, high, low] = header;
        let left = usize::from(u16::from_be_bytes([high, low]));
        if !is_record_header(header) {
            context.counters.records_malformed += 1;
            self.facts.iter_mut().for_each(Facts::reject_tentative);
            self.state = State::Done;
            return rest;
        }
        // Facts lie far from here: they are not touched without need.
        if self.after_plaintext {
            self.facts
                .iter_mut()
                .for_each(|facts| facts.settle_tentative(context));
            self.count_facts();
        }
        self.goes_on = !self.messages.is_between();
        self.note_record(kind, left);
        if left > 0 && self.state != State::Done {
            self.state = State::Body { kind, left };
        }
        rest
    }

    /// What the header alone says; nothing more is wanted, or the body, if there is one, comes next.
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
        if !self.keys_changed || self.goes_on {
            self.push(body, context);
            return;
        }
        // After the change of keys, all but a hello repeated for a HelloRetryRequest is encrypted.
        let first = self.small.first().or(body.first());
        if first.is_some_and(|&kind| self.may_be_repeated(kind)) {
            self.small.extend_from_slice(body);
            match self.retried_hello(left) {
                None => return,
                Some(true) => {
                    let small = std::mem::take(&mut self.small);
                    self.goes_on = true;
                    return self.push(&small, context);
                }
                Some(false) => {}
            }
        }
        let facts = self.current();
        facts.protected = true;
        facts.protected_data = true;
        self.state = State::Done;
    }

    fn push(&mut self, body: &[u8], context: &mut Context<'_>) {
        let Self {
            messages, facts, ..
        } = self;
        messages.borrow_buffer(body, context.spare);
        let (most, after_plaintext) = (context.limits.max_handshake_bytes, self.after_plaintext);
        let outcome = messages.push(body, self.now, most, |message| {
            receive(facts, &message, after_plaintext, context);
        });
        messages.return_buffer(context.spare);
        self.count_facts();
        if outcome.is_err() {
            // Encrypted, and the change of keys was lost; or never TLS at all.
            context.counters.records_malformed += 1;
            let facts = self.current();
            facts.protected |= facts.lost_bytes > 0;
            self.facts.iter_mut().for_each(Facts::reject_tentative);
            self.state = State::Done;
        }
    }

    /// A hello of this kind may come again: a HelloRetryRequest stands between, or it is one.
    fn may_be_repeated(&self, kind: u8) -> bool {
        let Some(facts) = self.facts.last() else {
            return false;
        };
        match kind {
            handshake::CLIENT_HELLO => facts
                .client_hello
                .as_ref()
                .is_some_and(|hello| hello.offered.is_some_and(Version::is_13)),
            handshake::SERVER_HELLO => facts.server_hello.as_ref().is_some_and(|hello| hello.retry),
            _ => false,
        }
    }

    /// Whether the record of which `small` is there, and `left` bytes are not, is a hello in the clear that may come
    /// now; `None` if more bytes will tell. The message must fill its record, as all do: one encrypted record in
    /// 256 begins with the same byte.
    fn retried_hello(&self, left: usize) -> Option<bool> {
        const LONGEST_HELLO: usize = 1 << 16;
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
                self.current().note_alert(alert);
                self.small.clear();
            }
        }
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
        self.cut_version_2(ChainEnd::Lost);
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
        self.count_facts();
    }

    /// Nothing more comes, or nothing more is wanted.
    pub fn end(&mut self, cut: Cut, context: &mut Context<'_>) {
        self.cut_version_2(match cut {
            Cut::Lost => ChainEnd::Lost,
            _ => ChainEnd::Truncated,
        });
        let mut facts = std::mem::take(&mut self.facts);
        self.messages
            .end(cut, |message| receive(&mut facts, &message, false, context));
        self.facts = facts;
        self.facts
            .iter_mut()
            .for_each(|facts| facts.settle_tentative(context));
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
