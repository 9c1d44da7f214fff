//! The bytes as they stand in the input, buffered for the decoders, with a count of what was read and used.

use std::io::{self, Read};

use crate::capture::number::to_u64;

/// How much is read at once for a decoder, in bytes.
const STORED_BUFFER_BYTES: usize = 128 * 1024;

/// A buffered input. Reads that were interrupted are tried again; an error is told each time it is met.
pub(in crate::capture) struct Stored {
    input: Box<dyn Read + Send>,
    /// Empty until the first byte is wanted.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes handed to the decoder.
    taken: u64,
    /// More bytes were wanted than the input has.
    ran_dry: bool,
    /// An error that a library wrapped in its own.
    error: Option<io::Error>,
}

impl Default for Stored {
    /// An input without bytes.
    fn default() -> Self {
        Self::new(Box::new(io::empty()))
    }
}

impl Stored {
    /// An input of which nothing was read yet.
    pub(in crate::capture) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            taken: 0,
            ran_dry: false,
            error: None,
        }
    }

    /// The next `want` bytes (at most the buffer's size) without using them; fewer only at the end of the input.
    pub(super) fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        if self.end - self.start < want {
            if self.buffer.is_empty() {
                self.buffer = vec![0; STORED_BUFFER_BYTES];
            }
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < want.min(self.buffer.len()) {
                let got = read_retrying(&mut self.input, &mut self.buffer[self.end..])?;
                if got == 0 {
                    self.ran_dry = true;
                    break;
                }
                self.end += got;
            }
        }
        let stop = self.end.min(self.start + want);
        Ok(&self.buffer[self.start..stop])
    }

    /// What is buffered, after reading once if nothing is; empty only at the end of the input.
    pub(super) fn available(&mut self) -> io::Result<&[u8]> {
        self.peek(1)?;
        Ok(&self.buffer[self.start..self.end])
    }

    /// Uses `count` bytes of what [`Self::peek`] or [`Self::available`] showed.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.taken = self.taken.saturating_add(to_u64(count));
    }

    /// Uses `count` bytes unseen; true if there were as many.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<bool> {
        let mut left = count;
        while left > 0 {
            let here = self.available()?.len();
            if here == 0 {
                return Ok(false);
            }
            let step = usize::try_from(left).map_or(here, |left| left.min(here));
            self.consume(step);
            left -= to_u64(step);
        }
        Ok(true)
    }

    /// Reads what is at hand into `out`, past the buffer once that is empty; 0 only at the end of the input.
    pub(super) fn read_some(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let buffered = &self.buffer[self.start..self.end];
        if buffered.is_empty() {
            self.buffer = Vec::new();
            (self.start, self.end) = (0, 0);
            let got = read_retrying(&mut self.input, out)?;
            self.taken = self.taken.saturating_add(to_u64(got));
            return Ok(got);
        }
        let count = buffered.len().min(out.len());
        out[..count].copy_from_slice(&buffered[..count]);
        self.consume(count);
        Ok(count)
    }

    /// Whether more bytes were wanted than the input has.
    pub(super) fn ran_dry(&self) -> bool {
        self.ran_dry
    }

    /// The error of the input, if a library met one through [`Read`].
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Bytes used by the decoder.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// Bytes read from the input.
    pub(super) fn bytes_read(&self) -> u64 {
        self.taken.saturating_add(to_u64(self.end - self.start))
    }
}

/// For decoders that want a reader. The true error is kept for [`Stored::take_error`].
impl Read for Stored {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match self.available() {
            Ok(here) => {
                let count = here.len().min(out.len());
                out[..count].copy_from_slice(&here[..count]);
                count
            }
            Err(error) => {
                let kind = error.kind();
                self.error = Some(error);
                return Err(kind.into());
            }
        };
        self.consume(count);
        Ok(count)
    }
}

/// One read, tried again as long as it is interrupted.
fn read_retrying(input: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A reader that claims more than it was given room for is broken; believing it would be worse.
            result => return result.map(|got| got.min(out.len())),
        }
    }
}
