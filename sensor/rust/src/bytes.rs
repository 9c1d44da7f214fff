//! Reading big-endian fields from a slice, each read checked.

/// A position in a slice. Every read gives `None`, and moves nothing, when too few bytes are left.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Start at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What has not been read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes.
    pub fn u24(&mut self) -> Option<u32> {
        self.array()
            .map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A vector with a length of one byte before it.
    pub fn vector8(&mut self) -> Option<Reader<'a>> {
        self.vector(|reader| reader.u8().map(usize::from))
    }

    /// A vector with a length of two bytes before it.
    pub fn vector16(&mut self) -> Option<Reader<'a>> {
        self.vector(|reader| reader.u16().map(usize::from))
    }

    /// A vector with a length of three bytes before it.
    pub fn vector24(&mut self) -> Option<Reader<'a>> {
        self.vector(|reader| reader.u24().and_then(|n| usize::try_from(n).ok()))
    }

    fn vector(&mut self, length: impl Fn(&mut Reader<'a>) -> Option<usize>) -> Option<Reader<'a>> {
        let mut ahead = *self;
        let n = length(&mut ahead)?;
        let body = ahead.take(n)?;
        *self = ahead;
        Some(Reader(body))
    }
}

/// The header of which `have` bytes are kept and the others come next, and the bytes behind; before it is whole, how many
/// bytes of it are kept then.
#[inline]
pub fn header<'a, const N: usize>(
    kept: &mut [u8; N],
    have: usize,
    bytes: &'a [u8],
) -> (Result<[u8; N], usize>, &'a [u8]) {
    // Nearly always it comes in one piece.
    if let Some((whole, rest)) = bytes.split_first_chunk::<N>().filter(|_| have == 0) {
        return (Ok(*whole), rest);
    }
    let (part, rest) = bytes.split_at((N - have).min(bytes.len()));
    let there = have + part.len();
    if let Some(slot) = kept.get_mut(have..there) {
        slot.copy_from_slice(part);
    }
    (if there < N { Err(there) } else { Ok(*kept) }, rest)
}

/// ASCII text of a fixed length, without an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ascii<const N: usize>([u8; N]);

impl<const N: usize> Default for Ascii<N> {
    fn default() -> Self {
        Self([b'0'; N])
    }
}

impl<const N: usize> std::fmt::Debug for Ascii<N> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl<const N: usize> Ascii<N> {
    /// The first `N` bytes of a text; one that is shorter is filled with zeros.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut made = Self::default();
        for (slot, byte) in made.0.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        made
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Bytes beyond ASCII cannot come in but through `bytes_mut`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to be written to.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn a_read_past_the_end_moves_nothing() {
        let mut reader = Reader::new(&[0, 3, 1, 2]);
        assert!(reader.vector16().is_none());
        assert_eq!(Some(3), reader.u16());
        assert!(reader.u24().is_none());
        assert_eq!(&[1, 2], reader.rest());
    }
}
