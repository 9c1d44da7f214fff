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

/// A session, and the texts that are made of it only when it becomes a row.
pub(crate) struct Row<'a> {
    session: &'a Session,
    source: &'a Source,
    community_id: Ascii<30>,
    client_mac: Option<Ascii<17>>,
    server_mac: Option<Ascii<17>>,
    encapsulation: Vec<String>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(session: &'a Session, source: &'a Source) -> Self {
        Self {
            session,
            source,
            community_id: community_id(session.client, session.server),
            client_mac: session.client_mac.map(mac_text),
            server_mac: session.server_mac.map(mac_text),
            encapsulation: session.wrapping.path().collect(),
        }
    }
}

/// The fields of a session, in the order of the table.
pub(crate) fn fields<'a>(row: &'a Row<'_>) -> [(&'static str, Value<'a>); 50] {
    let (s, source) = (row.session, row.source);
    let (capture, frame) = source.captures.of(s.frame);
    let profile = s.profile.as_deref();
    let cipher = s.cipher_suite.and_then(registry::cipher_suite);
    [
        ("session_id", Value::Id(&s.session_id)),
        ("connection_id", Value::Id(&s.connection_id)),
        ("community_id", words(row.community_id.as_str())),
        ("time", Value::Time(s.time_ns)),
        ("sensor", words(&source.sensor)),
        ("capture", maybe(capture)),
        ("frame", Value::U64(Some(frame))),
        ("interface", maybe(s.interface.as_deref())),
        ("client_address", Value::Address(&s.client)),
        ("client_port", Value::U16(Some(s.client.port))),
        (
            "client_mac",
            maybe(row.client_mac.as_ref().map(Ascii::as_str)),
        ),
        ("server_address", Value::Address(&s.server)),
        ("server_port", Value::U16(Some(s.server.port))),
        (
            "server_mac",
            maybe(row.server_mac.as_ref().map(Ascii::as_str)),
        ),
        ("encapsulation", Value::KnownTexts(&row.encapsulation)),
        ("transport", words("tcp")),
        ("protocol", words("tls")),
        ("carrier", maybe(s.carrier)),
        ("plaintext_before", Value::U64(s.plaintext_before)),
        (
            "version",
            maybe(s.version.and_then(registry::Version::name)),
        ),
        ("version_code", Value::U16(s.version.map(|v| v.0))),
        (
            "version_offered",
            maybe(s.version_offered.and_then(registry::Version::name)),
        ),
        (
            "version_offered_code",
            Value::U16(s.version_offered.map(|v| v.0)),
        ),
        ("cipher_suite", maybe(cipher)),
        ("cipher_suite_code", Value::U16(s.cipher_suite)),
        (
            "named_group",
            maybe(s.named_group.and_then(registry::group)),
        ),
        ("named_group_code", Value::U16(s.named_group)),
        (
            "signature_scheme",
            maybe(s.signature_scheme.and_then(registry::signature_scheme)),
        ),
        ("signature_scheme_code", Value::U16(s.signature_scheme)),
        ("server_name", maybe(s.server_name.as_deref())),
        ("alpn", maybe(s.alpn.as_deref())),
        ("alpn_offered", Value::Texts(s.alpn_offered.as_deref())),
        ("ech_offered", Value::Bool(s.ech_offered)),
        ("resumed", Value::Bool(s.resumed)),
        ("ja3", maybe(profile.map(|profile| profile.ja3.as_str()))),
        ("ja3s", maybe(s.ja3s.as_ref().map(Ascii::as_str))),
        ("ja4", maybe(profile.map(|profile| profile.ja4.as_str()))),
        ("server_chain", Value::Hashes(s.server_chain.as_deref())),
        ("client_chain", Value::Hashes(s.client_chain.as_deref())),
        (
            "client_certificate_requested",
            Value::Bool(s.client_certificate_requested),
        ),
        (
            "accepted_issuers",
            Value::Names(s.accepted_issuers.as_deref()),
        ),
        ("ocsp_stapled", Value::Bool(s.ocsp_stapled)),
        ("sct_count", Value::U16(s.sct_count)),
        ("alerts", Value::KnownTexts(&s.alerts)),
        ("established", Value::Bool(Some(s.established))),
        ("confirmed", Value::Bool(Some(s.confirmed))),
        ("bytes_lost", Value::U64(Some(s.bytes_lost))),
        ("conflicting", Value::Bool(Some(s.conflicting))),
        ("server_visibility", words(s.server_visibility.name())),
        ("client_visibility", words(s.client_visibility.name())),
    ]
}
