//! Any sessions, and any columns, as rows: JSON that another reader reads, and Arrow that `arrow_ipc` reads, with what
//! was put in.
//!
//! Input: choices, field by field.

use std::sync::Arc;

use _rust::frame::Endpoint;
use _rust::rows::{arrow, json, schema, Captures, Source};
use _rust::session::Session;
use _rust::table::{encode, Column};
use _rust::tls::hello::text;
use _rust::tls::registry::Version;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};
use arrow_ipc::reader::StreamReader;
use serde_json::Value;

use super::choices::Choices;

fn words(choices: &mut Choices<'_>) -> String {
    let n = usize::from(choices.u8() & 0x1f);
    let bytes = choices.bytes(n);
    if bytes.first().is_some_and(|first| first & 1 == 0) {
        return text(bytes);
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn end(choices: &mut Choices<'_>) -> Endpoint {
    Endpoint {
        address: choices.fixed(),
        port: choices.u16(),
    }
}

fn session(c: &mut Choices<'_>) -> Session {
    Session {
        session_id: c.fixed(),
        connection_id: c.fixed(),
        time_ns: c.u64(),
        frame: c.u64(),
        interface: c.maybe(words).map(Arc::from),
        client: end(c),
        client_mac: c.maybe(Choices::fixed),
        server: end(c),
        server_mac: c.maybe(Choices::fixed),
        carrier: c.maybe(|_| "unknown"),
        plaintext_before: c.maybe(Choices::u64),
        version: c.maybe(|c| Version(c.u16())),
        version_offered: c.maybe(|c| Version(c.u16())),
        cipher_suite: c.maybe(Choices::u16),
        named_group: c.maybe(Choices::u16),
        dh_bits: c.maybe(Choices::u16),
        signature_scheme: c.maybe(Choices::u16),
        server_name: c.maybe(words),
        alpn: c.maybe(words),
        alpn_offered: c.maybe(|c| Arc::from(c.list(words))),
        ech_offered: c.maybe(Choices::bool),
        resumed: c.maybe(Choices::bool),
        server_chain: c.maybe(|c| c.list(Choices::fixed)),
        client_chain: c.maybe(|c| c.list(Choices::fixed)),
        client_certificate_requested: c.maybe(Choices::bool),
        accepted_issuers: c.maybe(|c| c.list(|c| words(c).into_bytes())),
        ocsp_stapled: c.maybe(Choices::bool),
        sct_count: c.maybe(Choices::u16),
        alerts: c.list(words),
        established: c.bool(),
        confirmed: c.bool(),
        bytes_lost: c.u64(),
        ..Session::default()
    }
}

/// The one batch of a stream.
fn batch(bytes: &[u8]) -> RecordBatch {
    let mut reader = StreamReader::try_new(bytes, None).expect("a stream");
    let batch = reader.next().expect("a batch").expect("that can be read");
    assert!(reader.next().is_none());
    batch
}

fn texts(list: Option<&Value>) -> Option<Vec<String>> {
    let list = list?.as_array()?.iter();
    Some(list.map(|one| one.as_str().unwrap().to_owned()).collect())
}

/// Every line of JSON holds the columns of the schema, in order, and what the session holds.
pub fn check_json(sessions: &[Session], source: &Source) -> Vec<String> {
    let written = json(sessions, source);
    assert!(written.is_ascii());
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(sessions.len(), lines.len());
    for (session, line) in sessions.iter().zip(&lines) {
        let object: Value = serde_json::from_str(line).expect("JSON");
        let get = |name: &str| object.get(name);
        let number = |name: &str| get(name).and_then(Value::as_u64);
        assert_eq!(Some(session.frame), number("frame"));
        assert_eq!(session.plaintext_before, number("plaintext_before"));
        assert_eq!(
            session.server_name.as_deref(),
            get("server_name").and_then(Value::as_str)
        );
        let offered = session.alpn_offered.as_deref();
        assert_eq!(offered, texts(get("alpn_offered")).as_deref());
        assert_eq!(Some(&session.alerts), texts(get("alerts")).as_ref());
        let hashes = |chain: &Option<Vec<[u8; 32]>>| {
            let hex = |hash: &[u8; 32]| hash.map(|byte| format!("{byte:02x}")).concat();
            chain.as_ref().map(|chain| chain.iter().map(hex).collect())
        };
        assert_eq!(hashes(&session.server_chain), texts(get("server_chain")));
        let fraction = format!(".{:09}Z", session.time_ns % 1_000_000_000);
        assert!(get("time").is_some_and(|time| time.as_str().unwrap().ends_with(&fraction)));
    }
    lines.into_iter().map(str::to_owned).collect()
}

/// The Arrow stream holds the columns of the schema, in order, and what the sessions hold.
pub fn check_arrow(sessions: &[Session], source: &Source) {
    let batch = batch(&arrow(sessions, source).expect("no error is known"));
    assert_eq!(sessions.len(), batch.num_rows());
    let columns = schema().expect("no error is known");
    assert_eq!(columns.len(), batch.num_columns());
    for (place, (name, _, nullable)) in columns.iter().enumerate() {
        assert_eq!(name, batch.schema().field(place).name());
        assert!(*nullable || batch.column(place).null_count() == 0, "{name}");
    }
    let column = |name: &str| batch.column_by_name(name).expect("a column");
    let (names, offered) = (column("server_name"), column("alpn_offered"));
    let (names, offered) = (names.as_string::<i32>(), offered.as_list::<i32>());
    for (row, session) in sessions.iter().enumerate() {
        let name = names.is_valid(row).then(|| names.value(row));
        assert_eq!(session.server_name.as_deref(), name);
        let list = offered.value(row);
        let list: Vec<&str> = list.as_string::<i32>().iter().flatten().collect();
        assert_eq!(*session.alpn_offered.clone().unwrap_or_default(), list);
        let known = column("alpn_offered_known").as_boolean().value(row);
        assert_eq!(session.alpn_offered.is_some(), known);
    }
}

fn column(c: &mut Choices<'_>) -> Column {
    match c.u8() % 7 {
        0 => Column::Bool(c.list(|c| c.maybe(Choices::bool))),
        1 => Column::Int64(c.list(|c| c.maybe(|c| c.u64().cast_signed()))),
        2 => Column::String(c.list(|c| c.maybe(words))),
        3 => Column::Binary(c.list(|c| c.maybe(|c| words(c).into_bytes()))),
        4 => {
            let width = c.u8() & 7;
            let value = |c: &mut Choices<'_>| {
                let length = usize::from(c.u8() & 7);
                c.bytes(length).to_vec()
            };
            let values = c.list(|c| c.maybe(value));
            Column::Fixed(i32::from(width) + 1, values)
        }
        5 => Column::TimestampMs(c.list(|c| c.maybe(|c| c.u64().cast_signed()))),
        _ => Column::ListString(c.list(|c| c.list(words))),
    }
}

fn length(column: &Column) -> usize {
    match column {
        Column::Bool(values) => values.len(),
        Column::Int64(values) | Column::TimestampMs(values) => values.len(),
        Column::String(values) => values.len(),
        Column::Binary(values) | Column::Fixed(_, values) => values.len(),
        Column::ListString(values) => values.len(),
    }
}

fn fits(column: &Column) -> bool {
    match column {
        Column::Fixed(width, values) => values
            .iter()
            .flatten()
            .all(|value| i32::try_from(value.len()) == Ok(*width)),
        _ => true,
    }
}

fn check_columns(c: &mut Choices<'_>) {
    let columns: Vec<(String, Column)> = (0..=c.u8() & 3)
        .map(|place| (place.to_string(), column(c)))
        .collect();
    let rows = length(&columns[0].1);
    let right = columns
        .iter()
        .all(|(_, column)| fits(column) && length(column) == rows);
    let count = columns.len();
    match encode(columns) {
        Ok(bytes) => {
            let batch = batch(&bytes);
            assert!(right);
            assert_eq!((rows, count), (batch.num_rows(), batch.num_columns()));
        }
        Err(_) => assert!(!right),
    }
}

/// Check one input.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let columns = choices.bool();
    let source = Source {
        sensor: words(&mut choices),
        captures: choices
            .maybe(words)
            .map_or_else(Captures::default, Captures::one),
    };
    if columns {
        check_columns(&mut choices);
        return;
    }
    let count = 1 + choices.u8() % 4;
    let sessions: Vec<Session> = (0..count).map(|_| session(&mut choices)).collect();
    check_json(&sessions, &source);
    check_arrow(&sessions, &source);
}
