//! A column of rows being filled: plain buffers that become an Arrow array without a copy.

use std::sync::Arc;

use arrow_array::types::{TimestampNanosecondType, UInt16Type, UInt64Type};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray,
    PrimitiveArray, StringArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field};

use super::Value;

/// Bytes of an id or an address.
const ID: i32 = 16;
/// Bytes of most texts.
const SHORT: usize = 16;
/// Bytes of a fingerprint as text, the longest of those that are made of a hash.
const HASHED: usize = 36;
/// Bytes of a hash.
const HASH: i32 = 32;

/// Texts, or other bytes, one behind the other.
#[derive(Debug)]
pub(super) struct Bytes {
    ends: Vec<i32>,
    bytes: Vec<u8>,
}

impl Bytes {
    /// Empty, with room for so many texts of this length.
    fn new(texts: usize, length: usize) -> Self {
        Self {
            ends: starts(texts),
            bytes: Vec::with_capacity(texts * length),
        }
    }

    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(offset(self.bytes.len()));
    }

    fn offsets(&mut self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(std::mem::take(&mut self.ends).into())
    }
}

/// The offset of the first of so many values, with room for those of the others.
fn starts(values: usize) -> Vec<i32> {
    let mut ends = Vec::with_capacity(values + 1);
    ends.push(0);
    ends
}

/// A batch of more than 2 GiB in one column is refused when the array is made.
fn offset(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// A column; lists have a flag for each row beside them where they may be unknown.
pub(super) enum Column {
    Fixed(Vec<u8>),
    Time(Vec<i64>),
    Text(Bytes, NullBufferBuilder),
    U64(Vec<u64>, NullBufferBuilder),
    U16(Vec<u16>, NullBufferBuilder),
    Bool(BooleanBufferBuilder, NullBufferBuilder),
    Texts(Vec<i32>, Bytes, Option<BooleanBufferBuilder>),
    Hashes(Vec<i32>, Vec<u8>, BooleanBufferBuilder),
    Names(Vec<i32>, Bytes, BooleanBufferBuilder),
}

impl Column {
    /// An empty column for values of this kind, with room for so many rows.
    pub(super) fn new(value: &Value<'_>, rows: usize) -> Self {
        let nulls = || NullBufferBuilder::new(rows);
        let flags = || BooleanBufferBuilder::new(rows);
        match value {
            Value::Id(_) | Value::Address(_) => Self::Fixed(Vec::with_capacity(rows * 16)),
            Value::Time(_) => Self::Time(Vec::with_capacity(rows)),
            Value::Text(_) => Self::Text(Bytes::new(rows, SHORT), nulls()),
            Value::Ascii(_) => Self::Text(Bytes::new(rows, HASHED), nulls()),
            Value::U64(_) => Self::U64(Vec::with_capacity(rows), nulls()),
            Value::U16(_) => Self::U16(Vec::with_capacity(rows), nulls()),
            Value::Bool(_) => Self::Bool(flags(), nulls()),
            Value::Texts(_) => Self::Texts(starts(rows), Bytes::new(rows, SHORT), Some(flags())),
            Value::KnownTexts(_) => Self::Texts(starts(rows), Bytes::new(0, 0), None),
            Value::Hashes(_) => Self::Hashes(starts(rows), Vec::new(), flags()),
            Value::Names(_) => Self::Names(starts(rows), Bytes::new(0, 0), flags()),
        }
    }

    /// Append one value, of the kind that the column was made for.
    ///
    /// # Errors
    /// It is of another kind.
    pub(super) fn push(&mut self, value: &Value<'_>) -> Result<(), ArrowError> {
        match (self, value) {
            (Self::Fixed(bytes), Value::Id(id)) => bytes.extend_from_slice(*id),
            (Self::Fixed(bytes), Value::Address(end)) => bytes.extend_from_slice(&end.address),
            (Self::Time(times), Value::Time(ns)) => {
                times.push(i64::try_from(*ns).unwrap_or(i64::MAX));
            }
            (Self::Text(texts, nulls), Value::Text(text)) => {
                texts.push(text.unwrap_or_default().as_bytes());
                nulls.append(text.is_some());
            }
            (Self::Text(texts, nulls), Value::Ascii(text)) => {
                texts.push(text.unwrap_or_default());
                nulls.append(text.is_some());
            }
            (Self::U64(numbers, nulls), Value::U64(number)) => {
                numbers.push(number.unwrap_or_default());
                nulls.append(number.is_some());
            }
            (Self::U16(numbers, nulls), Value::U16(number)) => {
                numbers.push(number.unwrap_or_default());
                nulls.append(number.is_some());
            }
            (Self::Bool(flags, nulls), Value::Bool(flag)) => {
                flags.append(flag.unwrap_or_default());
                nulls.append(flag.is_some());
            }
            (Self::Texts(ends, texts, Some(known)), Value::Texts(list)) => {
                push_texts(ends, texts, list.unwrap_or_default());
                known.append(list.is_some());
            }
            (Self::Texts(ends, texts, None), Value::KnownTexts(list)) => {
                push_texts(ends, texts, list);
            }
            (Self::Hashes(ends, bytes, known), Value::Hashes(list)) => {
                for hash in list.unwrap_or_default() {
                    bytes.extend_from_slice(hash);
                }
                ends.push(offset(bytes.len() / 32));
                known.append(list.is_some());
            }
            (Self::Names(ends, names, known), Value::Names(list)) => {
                for name in list.unwrap_or_default() {
                    names.push(name);
                }
                ends.push(offset(names.ends.len() - 1));
                known.append(list.is_some());
            }
            _ => return Err(ArrowError::SchemaError("a column changed its kind".into())),
        }
        Ok(())
    }

    /// The column, and the flags beside it.
    ///
    /// # Errors
    /// It holds more than Arrow's 32-bit offsets can tell.
    pub(super) fn finish(self) -> Result<(ArrayRef, Option<ArrayRef>), ArrowError> {
        Ok(match self {
            Self::Fixed(bytes) => (fixed(ID, bytes)?, None),
            Self::Time(times) => {
                let times = PrimitiveArray::<TimestampNanosecondType>::new(times.into(), None);
                (Arc::new(times.with_timezone("UTC")), None)
            }
            Self::Text(mut texts, mut nulls) => {
                let (offsets, bytes) = (texts.offsets(), Buffer::from_vec(texts.bytes));
                let array = StringArray::try_new(offsets, bytes, nulls.finish())?;
                (Arc::new(array), None)
            }
            Self::U64(numbers, nulls) => (primitive::<UInt64Type>(numbers.into(), nulls)?, None),
            Self::U16(numbers, nulls) => (primitive::<UInt16Type>(numbers.into(), nulls)?, None),
            Self::Bool(mut flags, mut nulls) => {
                let array = BooleanArray::new(flags.finish(), nulls.finish());
                (Arc::new(array), None)
            }
            Self::Texts(ends, mut texts, known) => {
                let (offsets, bytes) = (texts.offsets(), Buffer::from_vec(texts.bytes));
                let items = Arc::new(StringArray::try_new(offsets, bytes, None)?);
                (list(ends, items)?, known.map(flags))
            }
            Self::Hashes(ends, bytes, known) => {
                (list(ends, fixed(HASH, bytes)?)?, Some(flags(known)))
            }
            Self::Names(ends, mut names, known) => {
                let (offsets, bytes) = (names.offsets(), Buffer::from_vec(names.bytes));
                let items = Arc::new(BinaryArray::try_new(offsets, bytes, None)?);
                (list(ends, items)?, Some(flags(known)))
            }
        })
    }
}

fn push_texts(ends: &mut Vec<i32>, texts: &mut Bytes, list: &[String]) {
    for text in list {
        texts.push(text.as_bytes());
    }
    ends.push(offset(texts.ends.len() - 1));
}

fn fixed(width: i32, bytes: Vec<u8>) -> Result<ArrayRef, ArrowError> {
    let array = FixedSizeBinaryArray::try_new(width, Buffer::from_vec(bytes), None)?;
    Ok(Arc::new(array))
}

fn primitive<T: ArrowPrimitiveType>(
    numbers: ScalarBuffer<T::Native>,
    mut nulls: NullBufferBuilder,
) -> Result<ArrayRef, ArrowError> {
    let array = PrimitiveArray::<T>::try_new(numbers, nulls.finish())?;
    Ok(Arc::new(array))
}

fn flags(mut flags: BooleanBufferBuilder) -> ArrayRef {
    Arc::new(BooleanArray::new(flags.finish(), None))
}

fn list(ends: Vec<i32>, items: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), false));
    let array = ListArray::try_new(field, OffsetBuffer::new(ends.into()), items, None)?;
    Ok(Arc::new(array))
}

/// Whether a column of this kind can be NULL at all.
pub(super) fn may_be_null(kind: &DataType) -> bool {
    !matches!(kind, DataType::FixedSizeBinary(_) | DataType::List(_))
}
