//! The bytes of an input as choices. Where the input ends, all further choices are zero.

/// What is left to choose from.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Start at the first byte.
    pub fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Up to so many bytes.
    pub fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        u8::from_be_bytes(self.array())
    }

    /// Two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// Four bytes.
    pub fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }

    /// Yes or no.
    pub fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// A value, or none.
    pub fn maybe<T>(&mut self, choose: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.bool().then(|| choose(self))
    }

    /// Up to fifteen values.
    pub fn list<T>(&mut self, mut choose: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.u8() & 0x0f;
        (0..count).map(|_| choose(self)).collect()
    }

    /// So many bytes, zero where none are left.
    pub fn fixed<const N: usize>(&mut self) -> [u8; N] {
        self.array()
    }
}

/// The bytes in pieces whose lengths follow from a number: many short ones, and all cuts are possible.
pub fn pieces(mut bytes: &[u8], mut number: u32) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        // Numerical Recipes' generator.
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let choice = usize::try_from(number >> 16).unwrap_or(0);
        let wanted = match choice & 3 {
            0 => 1,
            1 => 1 + (choice >> 2) % 6,
            2 => 1 + (choice >> 2) % 64,
            _ => 1 + (choice >> 2) % 4_096,
        };
        let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
