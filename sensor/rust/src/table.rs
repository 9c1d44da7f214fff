//! Plain columns to one Arrow IPC stream: how rows that were made elsewhere (certificate facts) become a table.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Field, Schema};

/// One column; `None` is NULL.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `bool`
    Bool(Vec<Option<bool>>),
    /// `int64`
    Int64(Vec<Option<i64>>),
    /// `string`, UTF-8
    String(Vec<Option<String>>),
    /// `binary`
    Binary(Vec<Option<Vec<u8>>>),
    /// `fixed_N`: binary values of exactly so many bytes
    Fixed(i32, Vec<Option<Vec<u8>>>),
    /// `timestamp_ms`: milliseconds since 1970, UTC
    TimestampMs(Vec<Option<i64>>),
    /// `list_string`: never NULL, for ClickHouse has no nullable array
    ListString(Vec<Vec<String>>),
}

impl Column {
    fn array(self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Bool(values) => Arc::new(BooleanArray::from(values)),
            Self::Int64(values) => Arc::new(Int64Array::from(values)),
            Self::String(values) => Arc::new(StringArray::from(values)),
            Self::Binary(values) => Arc::new(BinaryArray::from_iter(values)),
            Self::TimestampMs(values) => {
                Arc::new(TimestampMillisecondArray::from(values).with_timezone("UTC"))
            }
            Self::Fixed(width, values) => {
                let mut builder = FixedSizeBinaryBuilder::with_capacity(values.len(), width);
                for value in values {
                    match value {
                        Some(bytes) => builder.append_value(bytes)?,
                        None => builder.append_null(),
                    }
                }
                Arc::new(builder.finish())
            }
            Self::ListString(values) => {
                let mut builder = ListBuilder::new(StringBuilder::new())
                    .with_field(Field::new_list_field(arrow_schema::DataType::Utf8, false));
                for list in values {
                    for text in list {
                        builder.values().append_value(text);
                    }
                    builder.append(true);
                }
                Arc::new(builder.finish())
            }
        })
    }
}

/// One Arrow IPC stream that holds one batch of these columns.
///
/// # Errors
/// A `fixed_N` value has another length, or columns differ in length.
pub fn encode(columns: Vec<(String, Column)>) -> Result<Vec<u8>, ArrowError> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let nullable = !matches!(column, Column::ListString(_));
        let array = column.array()?;
        fields.push(Field::new(name, array.data_type().clone(), nullable));
        arrays.push(array);
    }
    write_stream(&RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        arrays,
    )?)
}

/// One complete Arrow IPC stream of this batch.
///
/// # Errors
/// As `arrow_ipc` gives them; none is known for batches made here.
pub fn write_stream(batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    // Room for the values, and for what tells of them.
    let room = batch.get_array_memory_size() + (batch.num_columns() + 1) * 512;
    let mut writer = StreamWriter::try_new(Vec::with_capacity(room), &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    writer.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_ipc::reader::StreamReader;

    #[test]
    fn a_table_survives_the_trip() {
        let bytes = encode(vec![
            ("a".into(), Column::Int64(vec![Some(1), None])),
            (
                "b".into(),
                Column::ListString(vec![vec!["x".into()], vec![]]),
            ),
            ("c".into(), Column::Fixed(2, vec![None, Some(vec![1, 2])])),
        ])
        .unwrap();
        let mut reader = StreamReader::try_new(bytes.as_slice(), None).unwrap();
        let batch = reader.next().unwrap().unwrap();
        assert_eq!((2, 3), (batch.num_rows(), batch.num_columns()));
        assert_eq!(1, batch.column(0).null_count());
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_wrong_width_is_an_error() {
        let column = Column::Fixed(2, vec![Some(vec![1])]);
        assert!(encode(vec![("c".into(), column)]).is_err());
    }

    #[test]
    fn columns_of_different_length_are_an_error() {
        let columns = vec![
            ("a".into(), Column::Bool(vec![])),
            ("b".into(), Column::Bool(vec![None])),
        ];
        assert!(encode(columns).is_err());
    }
}
