//! Sessions as one Arrow IPC stream.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, ListBuilder, StringBuilder,
    TimestampNanosecondBuilder, UInt16Builder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use super::{fields, Source, Value};
use crate::session::Session;
use crate::table::write_stream;

/// A column being filled; `known` is the flag column of a list that may be unknown.
enum Builder {
    Fixed(FixedSizeBinaryBuilder),
    Time(TimestampNanosecondBuilder),
    Text(StringBuilder),
    U64(UInt64Builder),
    U16(UInt16Builder),
    Bool(BooleanBuilder),
    Texts(ListBuilder<StringBuilder>, Option<BooleanBuilder>),
    Hashes(ListBuilder<FixedSizeBinaryBuilder>, BooleanBuilder),
    Names(ListBuilder<BinaryBuilder>, BooleanBuilder),
}

const ID: i32 = 16;
const HASH: i32 = 32;

/// Columns that always have a value, of kinds that could be NULL.
const NEVER_NULL: [&str; 13] = [
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
    "server_visibility",
    "client_visibility",
    "time",
];

fn list_field(kind: DataType) -> Field {
    Field::new_list_field(kind, false)
}

impl Builder {
    fn new(value: &Value<'_>) -> Self {
        match value {
            Value::Id(_) | Value::Address(_) => Self::Fixed(FixedSizeBinaryBuilder::new(ID)),
            Value::Time(_) => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
            Value::Text(_) => Self::Text(StringBuilder::new()),
            Value::U64(_) => Self::U64(UInt64Builder::new()),
            Value::U16(_) => Self::U16(UInt16Builder::new()),
            Value::Bool(_) => Self::Bool(BooleanBuilder::new()),
            Value::Texts(_) => Self::Texts(texts(), Some(BooleanBuilder::new())),
            Value::KnownTexts(_) => Self::Texts(texts(), None),
            Value::Hashes(_) => Self::Hashes(
                ListBuilder::new(FixedSizeBinaryBuilder::new(HASH))
                    .with_field(list_field(DataType::FixedSizeBinary(HASH))),
                BooleanBuilder::new(),
            ),
            Value::Names(_) => Self::Names(
                ListBuilder::new(BinaryBuilder::new()).with_field(list_field(DataType::Binary)),
                BooleanBuilder::new(),
            ),
        }
    }

    fn append(&mut self, value: &Value<'_>) -> Result<(), ArrowError> {
        match (self, value) {
            (Self::Fixed(builder), Value::Id(id)) => builder.append_value(id)?,
            (Self::Fixed(builder), Value::Address(end)) => builder.append_value(end.address)?,
            (Self::Time(builder), Value::Time(ns)) => {
                builder.append_value(i64::try_from(*ns).unwrap_or(i64::MAX));
            }
            (Self::Text(builder), Value::Text(text)) => builder.append_option(text.as_deref()),
            (Self::U64(builder), Value::U64(number)) => builder.append_option(*number),
            (Self::U16(builder), Value::U16(number)) => builder.append_option(*number),
            (Self::Bool(builder), Value::Bool(flag)) => builder.append_option(*flag),
            (Self::Texts(builder, known), value) => {
                let list = match value {
                    Value::Texts(list) => *list,
                    Value::KnownTexts(list) => Some(*list),
                    _ => None,
                };
                for text in list.unwrap_or_default() {
                    builder.values().append_value(text);
                }
                builder.append(true);
                if let Some(known) = known {
                    known.append_value(list.is_some());
                }
            }
            (Self::Hashes(builder, known), Value::Hashes(list)) => {
                for hash in list.unwrap_or_default() {
                    builder.values().append_value(hash)?;
                }
                builder.append(true);
                known.append_value(list.is_some());
            }
            (Self::Names(builder, known), Value::Names(list)) => {
                for name in list.unwrap_or_default() {
                    builder.values().append_value(name);
                }
                builder.append(true);
                known.append_value(list.is_some());
            }
            _ => {
                return Err(ArrowError::SchemaError(
                    "a column changed its kind".to_owned(),
                ))
            }
        }
        Ok(())
    }

    /// The column, and the flag column beside it.
    fn finish(self) -> (ArrayRef, Option<ArrayRef>) {
        let flag = |mut known: BooleanBuilder| -> ArrayRef { Arc::new(known.finish()) };
        match self {
            Self::Fixed(mut builder) => (Arc::new(builder.finish()), None),
            Self::Time(mut builder) => (Arc::new(builder.finish()), None),
            Self::Text(mut builder) => (Arc::new(builder.finish()), None),
            Self::U64(mut builder) => (Arc::new(builder.finish()), None),
            Self::U16(mut builder) => (Arc::new(builder.finish()), None),
            Self::Bool(mut builder) => (Arc::new(builder.finish()), None),
            Self::Texts(mut builder, known) => (Arc::new(builder.finish()), known.map(flag)),
            Self::Hashes(mut builder, known) => (Arc::new(builder.finish()), Some(flag(known))),
            Self::Names(mut builder, known) => (Arc::new(builder.finish()), Some(flag(known))),
        }
    }
}

fn texts() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new()).with_field(list_field(DataType::Utf8))
}

fn is_nullable(name: &str, kind: &DataType) -> bool {
    !matches!(kind, DataType::FixedSizeBinary(_) | DataType::List(_)) && !NEVER_NULL.contains(&name)
}

fn batch(sessions: &[Session], source: &Source) -> Result<RecordBatch, ArrowError> {
    let sample = Session::default();
    let mut builders: Vec<(&str, Builder)> = fields(&sample, source)
        .iter()
        .map(|(name, value)| (*name, Builder::new(value)))
        .collect();
    for session in sessions {
        for ((_, builder), (_, value)) in builders.iter_mut().zip(fields(session, source)) {
            builder.append(&value)?;
        }
    }
    let mut names = Vec::new();
    let mut arrays = Vec::new();
    for (name, builder) in builders {
        let (array, known) = builder.finish();
        let nullable = is_nullable(name, array.data_type());
        names.push(Field::new(name, array.data_type().clone(), nullable));
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
