//! The three kinds of pcapng blocks that hold a packet.

use super::number::Order;

// Their block types.
const OBSOLETE: u32 = 2;
const SIMPLE: u32 = 3;
const ENHANCED: u32 = 6;

/// Type and length before the body of any block.
pub(super) const HEADER_BYTES: usize = 8;
/// The length again, behind the body.
pub(super) const TRAILER_BYTES: usize = 4;

/// Where the data starts, from the start of the block.
const DATA_AT: usize = 28;
const SIMPLE_DATA_AT: usize = 12;

/// What a packet block says of its packet.
pub(super) struct Fields {
    /// The number of the interface in its section.
    pub(super) interface: u32,
    /// The time stamp; `None` in a simple packet, which has none.
    pub(super) ticks: Option<u64>,
    /// How many bytes were captured.
    pub(super) captured: u32,
    /// How many there were on the wire.
    pub(super) original: u32,
    /// Where in the block the data starts.
    pub(super) data_at: usize,
    /// How many bytes of data the block has room for.
    pub(super) room: usize,
}

/// The least length of a packet block; `None` for blocks of other types.
#[inline]
pub(super) fn least_bytes(kind: u32) -> Option<usize> {
    match kind {
        ENHANCED | OBSOLETE => Some(DATA_AT + TRAILER_BYTES),
        SIMPLE => Some(SIMPLE_DATA_AT + TRAILER_BYTES),
        _ => None,
    }
}

impl Fields {
    /// Reads the fields of a packet block that is `length` bytes long, at least [`least_bytes`], and of which
    /// `bytes` are there. `snap_length` is that of the section's first interface, 0 if there is no limit.
    ///
    /// - `Some`: the fields.
    /// - `None`: they are not all there.
    #[inline]
    pub(super) fn read(
        order: Order,
        kind: u32,
        length: usize,
        snap_length: u32,
        bytes: &[u8],
    ) -> Option<Self> {
        let body = bytes.get(HEADER_BYTES..)?;
        if kind == SIMPLE {
            let original = order.u32(body)?;
            let limit = if snap_length == 0 {
                u32::MAX
            } else {
                snap_length
            };
            let room = length.checked_sub(SIMPLE_DATA_AT + TRAILER_BYTES)?;
            // The captured length is not told: it is what all limits leave, and padding counts as room.
            let most = u32::try_from(room).unwrap_or(u32::MAX);
            return Some(Self {
                interface: 0,
                ticks: None,
                captured: original.min(limit).min(most),
                original,
                data_at: SIMPLE_DATA_AT,
                room,
            });
        }
        let [interface, high, low, captured, original] = order.u32s(body)?;
        Some(Self {
            interface: match kind {
                // The other half of the field counts lost packets.
                OBSOLETE => order.u16(body)?.into(),
                _ => interface,
            },
            ticks: Some(u64::from(high) << 32 | u64::from(low)),
            captured,
            original,
            data_at: DATA_AT,
            room: length.checked_sub(DATA_AT + TRAILER_BYTES)?,
        })
    }
}
