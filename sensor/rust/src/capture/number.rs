//! Numbers as a capture writes them, and lengths between the wire and memory.

/// A byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The most significant byte comes first.
    Big,
    /// The least significant byte comes first.
    Little,
}

impl Order {
    /// The first two bytes as a number; `None` if there are fewer.
    #[inline]
    pub(super) fn u16(self, bytes: &[u8]) -> Option<u16> {
        let bytes = *bytes.first_chunk()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(bytes),
            Self::Little => u16::from_le_bytes(bytes),
        })
    }

    /// The first four bytes as a number; `None` if there are fewer.
    #[inline]
    pub(super) fn u32(self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(bytes),
            Self::Little => u32::from_le_bytes(bytes),
        })
    }

    /// The first `N` numbers of four bytes each; `None` if there are fewer.
    #[inline]
    pub(super) fn u32s<const N: usize>(self, bytes: &[u8]) -> Option<[u32; N]> {
        let bytes = bytes.get(..4 * N)?;
        let mut numbers = [0; N];
        for (number, four) in numbers.iter_mut().zip(bytes.chunks_exact(4)) {
            *number = self.u32(four)?;
        }
        Some(numbers)
    }
}

/// A length in memory as a count of bytes. No memory is larger.
#[inline]
pub(super) fn to_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A length on the wire as a length in memory. Where memory is smaller, no buffer will ever be as long.
#[inline]
pub(super) fn to_usize(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
