//! Sessions as rows: one list of columns, written as Arrow or as JSON.

mod arrow;
mod column;
mod json;
mod source;

pub use arrow::{arrow, schema};
pub use json::json;
pub use source::{Captures, Source};

use crate::bytes::Ascii;
use crate::frame::Endpoint;
use crate::identities::Sha;
use crate::session::{community_id, mac_text, Session};
use crate::tls::registry;

/// One field. `None` is NULL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    /// 16 bytes: an id.
    Id(&'a [u8; 16]),
    /// An IPv6 address, IPv4 mapped.
    Address(&'a Endpoint),
    /// Nanoseconds since 1970.
    Time(u64),
    Text(Option<&'a str>),
    /// Text that is known to be ASCII.
    Ascii(Option<&'a [u8]>),
    U64(Option<u64>),
    U16(Option<u16>),
    Bool(Option<bool>),
    /// Lists: in Arrow an unknown one is empty, and a `_known` column beside it says so.
    Texts(Option<&'a [String]>),
    Hashes(Option<&'a [Sha]>),
    Names(Option<&'a [Vec<u8>]>),
    /// A list that is always known.
    KnownTexts(&'a [String]),
}

fn words(text: &str) -> Value<'_> {
    Value::Text(Some(text))
}

fn maybe(text: Option<&str>) -> Value<'_> {
    Value::Text(text)
}

fn ascii<const N: usize>(text: Option<&Ascii<N>>) -> Value<'_> {
    Value::Ascii(text.map(Ascii::bytes))
}

/// A session, and the texts that are made of it only when it becomes a row.
pub(crate) struct Row<'a> {
    session: &'a Session,
    source: &'a Source,
    capture: Option<&'a str>,
    /// Number of the first frame in its capture.
    frame: u64,
    community_id: Ascii<30>,
    client_mac: Option<Ascii<17>>,
    server_mac: Option<Ascii<17>>,
    encapsulation: Vec<String>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(session: &'a Session, source: &'a Source) -> Self {
        let (capture, frame) = source.captures.of(session.frame);
        Self {
            session,
            source,
            capture,
            frame,
            community_id: community_id(session.client, session.server),
            client_mac: session.client_mac.map(mac_text),
            server_mac: session.server_mac.map(mac_text),
            encapsulation: session
                .wrapping
                .iter()
                .flat_map(|wrapping| wrapping.path())
                .collect(),
        }
    }
}

/// Reads one field of a row.
type Tell = for<'a> fn(&'a Row<'a>) -> Value<'a>;

/// The fields of a session, in the order of the table.
#[rustfmt::skip]
pub(crate) static FIELDS: [(&str, Tell); 51] = [
    ("session_id", |row| Value::Id(&row.session.session_id)),
    ("connection_id", |row| Value::Id(&row.session.connection_id)),
    ("community_id", |row| ascii(Some(&row.community_id))),
    ("time", |row| Value::Time(row.session.time_ns)),
    ("sensor", |row| words(&row.source.sensor)),
    ("capture", |row| maybe(row.capture)),
    ("frame", |row| Value::U64(Some(row.frame))),
    ("interface", |row| maybe(row.session.interface.as_deref())),
    ("client_address", |row| Value::Address(&row.session.client)),
    ("client_port", |row| Value::U16(Some(row.session.client.port))),
    ("client_mac", |row| ascii(row.client_mac.as_ref())),
    ("server_address", |row| Value::Address(&row.session.server)),
    ("server_port", |row| Value::U16(Some(row.session.server.port))),
    ("server_mac", |row| ascii(row.server_mac.as_ref())),
    ("encapsulation", |row| Value::KnownTexts(&row.encapsulation)),
    ("transport", |_| words("tcp")),
    ("protocol", |_| words("tls")),
    ("carrier", |row| maybe(row.session.carrier)),
    ("plaintext_before", |row| Value::U64(row.session.plaintext_before)),
    ("version", |row| maybe(row.session.version.and_then(registry::Version::name))),
    ("version_code", |row| Value::U16(row.session.version.map(|v| v.0))),
    ("version_offered", |row| maybe(row.session.version_offered.and_then(registry::Version::name))),
    ("version_offered_code", |row| Value::U16(row.session.version_offered.map(|v| v.0))),
    ("cipher_suite", |row| maybe(row.session.cipher_suite.and_then(registry::cipher_suite))),
    ("cipher_suite_code", |row| Value::U16(row.session.cipher_suite)),
    ("named_group", |row| maybe(row.session.named_group.and_then(registry::group))),
    ("named_group_code", |row| Value::U16(row.session.named_group)),
    ("dh_bits", |row| Value::U16(row.session.dh_bits)),
    ("signature_scheme", |row| maybe(row.session.signature_scheme.and_then(registry::signature_scheme))),
    ("signature_scheme_code", |row| Value::U16(row.session.signature_scheme)),
    ("server_name", |row| maybe(row.session.server_name.as_deref())),
    ("alpn", |row| maybe(row.session.alpn.as_deref())),
    ("alpn_offered", |row| Value::Texts(row.session.alpn_offered.as_deref())),
    ("ech_offered", |row| Value::Bool(row.session.ech_offered)),
    ("resumed", |row| Value::Bool(row.session.resumed)),
    ("ja3", |row| ascii(row.session.profile.as_ref().map(|made| &made.ja3))),
    ("ja3s", |row| ascii(row.session.ja3s.as_ref())),
    ("ja4", |row| ascii(row.session.profile.as_ref().map(|made| &made.ja4))),
    ("server_chain", |row| Value::Hashes(row.session.server_chain.as_deref())),
    ("client_chain", |row| Value::Hashes(row.session.client_chain.as_deref())),
    ("client_certificate_requested", |row| Value::Bool(row.session.client_certificate_requested)),
    ("accepted_issuers", |row| Value::Names(row.session.accepted_issuers.as_deref())),
    ("ocsp_stapled", |row| Value::Bool(row.session.ocsp_stapled)),
    ("sct_count", |row| Value::U16(row.session.sct_count)),
    ("alerts", |row| Value::KnownTexts(&row.session.alerts)),
    ("established", |row| Value::Bool(Some(row.session.established))),
    ("confirmed", |row| Value::Bool(Some(row.session.confirmed))),
    ("bytes_lost", |row| Value::U64(Some(row.session.bytes_lost))),
    ("conflicting", |row| Value::Bool(Some(row.session.conflicting))),
    ("server_visibility", |row| words(row.session.server_visibility.name())),
    ("client_visibility", |row| words(row.session.client_visibility.name())),
];
