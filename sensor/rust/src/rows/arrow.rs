//! Sessions as one Arrow IPC stream.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use super::column::{may_be_null, Column};
use super::{Row, Source, FIELDS};
use crate::session::Session;
use crate::table::write_stream;

/// Columns that always have a value, of kinds that could be NULL.
const NEVER_NULL: [&str; 14] = [
    "community_id",
    "sensor",
    "frame",
    "client_port",
    "server_port",
    "transport",
    "protocol",
    "established",
    "confirmed",
    "bytes_lost",
    "conflicting",
    "server_visibility",
    "client_visibility",
    "time",
];

/// Rows of which each column takes its field in turn: few enough to stay near.
const TOGETHER: usize = 64;

fn is_nullable(name: &str, kind: &DataType) -> bool {
    may_be_null(kind) && !NEVER_NULL.contains(&name)
}

fn batch(sessions: &[Session], source: &Source) -> Result<RecordBatch, ArrowError> {
    let sample = Session::default();
    let sample = Row::new(&sample, source);
    let mut columns: Vec<Column> = FIELDS
        .iter()
        .map(|(_, tell)| Column::new(&tell(&sample), sessions.len()))
        .collect();
    for sessions in sessions.chunks(TOGETHER) {
        let rows = sessions.iter().map(|session| Row::new(session, source));
        let rows: Vec<Row<'_>> = rows.collect();
        for (column, (_, tell)) in columns.iter_mut().zip(&FIELDS) {
            for row in &rows {
                column.push(&tell(row))?;
            }
        }
    }
    let mut names = Vec::new();
    let mut arrays = Vec::new();
    for ((name, _), column) in FIELDS.iter().zip(columns) {
        let (array, known) = column.finish()?;
        let nullable = is_nullable(name, array.data_type());
        names.push(Field::new(*name, array.data_type().clone(), nullable));
        arrays.push(array);
        if let Some(known) = known {
            names.push(Field::new(
                format!("{name}_known"),
                DataType::Boolean,
                false,
            ));
            arrays.push(known);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(names)), arrays)
}

/// One complete Arrow IPC stream with these sessions.
///
/// # Errors
/// None is known; `arrow` could refuse a batch of more than 2 GiB of text.
pub fn arrow(sessions: &[Session], source: &Source) -> Result<Vec<u8>, ArrowError> {
    write_stream(&batch(sessions, source)?)
}

/// Name, type in words and whether it may be NULL, of every column in order.
///
/// # Errors
/// None is known.
pub fn schema() -> Result<Vec<(String, String, bool)>, ArrowError> {
    let batch = batch(&[], &Source::default())?;
    let words = |kind: &DataType| match kind {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => "timestamp_ns".to_owned(),
        DataType::FixedSizeBinary(n) => format!("fixed_{n}"),
        DataType::List(item) => match item.data_type() {
            DataType::FixedSizeBinary(n) => format!("list_fixed_{n}"),
            DataType::Binary => "list_binary".to_owned(),
            _ => "list_string".to_owned(),
        },
        DataType::Utf8 => "string".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        other => other.to_string().to_lowercase(),
    };
    Ok(batch
        .schema()
        .fields()
        .iter()
        .map(|field| {
            (
                field.name().clone(),
                words(field.data_type()),
                field.is_nullable(),
            )
        })
        .collect())
}
