//! A window that moves over the uncompressed capture. It is read in blocks into one buffer that is used again
//! and again, or stands in a mapped file; packets are handed out as ranges of it, without a copy.

use std::ops::{Deref, Range};

use sha2::{Digest, Sha256};

use super::compression::{Fault, Source};
use super::mapped::Part;
use super::number::to_u64;

/// How much is read at once, in bytes. Reads of 128 to 512 KiB are the fastest: several of them fit a cache, and several
/// threads need not agree on too much.
pub(super) const BLOCK_BYTES: usize = 256 * 1024;

/// Bytes that a window stands in: read into a buffer, or mapped.
#[derive(Default)]
pub(super) struct Bytes {
    buffer: Vec<u8>,
    mapped: Option<Part>,
}

impl Deref for Bytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.mapped {
            Some(part) => part,
            None => &self.buffer,
        }
    }
}

#[cfg(target_os = "linux")]
impl Bytes {
    /// The buffer, for packets that come from no file.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.mapped = None;
        &mut self.buffer
    }
}

/// The window over a capture.
pub(super) struct BlockReader {
    source: Source,
    /// Empty until the first byte is wanted.
    bytes: Bytes,
    /// The window is `bytes[start..end]`.
    start: usize,
    end: usize,
    /// Where in the capture the window begins.
    offset: u64,
    /// Nothing more can be read.
    ended: bool,
    /// Why the capture ended too early.
    fault: Option<Fault>,
    hasher: Option<Sha256>,
}

impl BlockReader {
    /// A window at the start of the capture; nothing is read yet.
    pub(super) fn new(source: Source, sha256: bool) -> Self {
        Self {
            source,
            bytes: Bytes::default(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            fault: None,
            hasher: sha256.then(Sha256::new),
        }
    }

    /// Where the source stands.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes that are there, starting with the next one that was not taken.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Gives away the bytes that were taken, at the places that `take` told, and goes on in another buffer.
    pub(super) fn hand_out(&mut self, into: &mut Bytes) {
        into.mapped.clone_from(&self.bytes.mapped);
        if into.mapped.is_some() {
            return;
        }
        let buffer = &mut into.buffer;
        let rest = self.end - self.start;
        if buffer.len() < rest {
            buffer.resize(rest, 0);
        }
        buffer[..rest].copy_from_slice(&self.bytes[self.start..self.end]);
        std::mem::swap(&mut self.bytes, into);
        (self.start, self.end) = (0, rest);
    }

    /// What the bytes that were taken stand in, at the places that `take` told. Valid until the next call that reads.
    #[inline]
    pub(super) fn taken(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the capture the window starts.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where in the capture the next byte that is read will stand.
    pub(super) fn end_offset(&self) -> u64 {
        self.offset.saturating_add(to_u64(self.end - self.start))
    }

    /// Makes the window hold `need` bytes, if the capture has them.
    ///
    /// - `true`: it holds as many.
    /// - `false`: it holds all that is left, which is less. [`Self::has_fault`] tells whether more was to come.
    #[inline]
    pub(super) fn ensure(&mut self, need: usize) -> bool {
        self.end - self.start >= need || self.fill(need)
    }

    /// Takes `count` bytes of the window and tells where they stand in the buffer.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Range<usize> {
        let start = self.start;
        self.start = self.end.min(start + count);
        if let Some(part) = &self.bytes.mapped {
            part.passed(count, self.start);
        }
        self.offset += to_u64(self.start - start);
        start..self.start
    }

    /// Passes over `count` bytes without keeping them; true if there were as many.
    pub(super) fn skip(&mut self, count: u64) -> bool {
        let mut left = count;
        loop {
            let here = self.end - self.start;
            match usize::try_from(left) {
                Ok(left) if left <= here => {
                    self.take(left);
                    return true;
                }
                _ => {}
            }
            self.take(here);
            left -= to_u64(here);
            if !self.fill(1) {
                return false;
            }
        }
    }

    /// Whether the capture ended because of an error, not because it was at its end.
    pub(super) fn has_fault(&self) -> bool {
        self.fault.is_some()
    }

    /// The error that ended the capture.
    pub(super) fn take_fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    /// Ends the hash over the uncompressed capture: what was not read yet is read through. `None` if none was wanted.
    pub(super) fn finish_hash(&mut self) -> Option<[u8; 32]> {
        if self.hasher.is_some() {
            self.skip(u64::MAX);
        }
        self.hasher.take().map(|hasher| hasher.finalize().into())
    }

    /// Reads until the window holds `need` bytes.
    #[cold]
    fn fill(&mut self, need: usize) -> bool {
        if self.ended {
            return self.end - self.start >= need;
        }
        match self.source {
            Source::Ahead(_) => {
                while self.end - self.start < need && !self.ended {
                    self.take_over();
                }
            }
            Source::Mapped(_) => self.move_on(need),
            _ => self.refill(need),
        }
        self.end - self.start >= need
    }

    /// Moves the window to the front of the buffer and reads behind it.
    fn refill(&mut self, need: usize) {
        let buffer = &mut self.bytes.buffer;
        let size = buffer.len().max(need).max(BLOCK_BYTES);
        if buffer.is_empty() {
            // Zero pages straight from the system: a small capture touches few of them.
            *buffer = vec![0; size];
        } else if buffer.len() < size {
            buffer.resize(size, 0);
        }
        buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < need && !self.ended {
            self.read();
        }
    }

    /// Reads once behind the window.
    fn read(&mut self) {
        let buffer = &mut self.bytes.buffer;
        match self.source.read(&mut buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(got) => {
                let stop = self.end + got;
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(&buffer[self.end..stop]);
                }
                self.end = stop;
            }
            Err(fault) => {
                self.ended = true;
                self.fault = Some(fault);
            }
        }
    }

    /// Goes on in the next block of a file that is fetched ahead, with what is left of the window before it.
    fn take_over(&mut self) {
        let Source::Ahead(ahead) = &mut self.source else {
            return;
        };
        let Some(mut block) = ahead.next() else {
            self.ended = true;
            return;
        };
        let news = block.bytes();
        if let Some(hasher) = &mut self.hasher {
            hasher.update(news);
        }
        let buffer = &mut self.bytes.buffer;
        let window = buffer.get(self.start..self.end).unwrap_or_default();
        if let Some(start) = block.start.checked_sub(window.len()) {
            block.buffer[start..block.start].copy_from_slice(window);
            (self.start, self.end) = (start, block.end);
            ahead.give_back(std::mem::replace(buffer, block.buffer));
        } else {
            // A packet of many blocks.
            buffer.truncate(self.end);
            buffer.extend_from_slice(news);
            self.end = buffer.len();
            ahead.give_back(block.buffer);
        }
        if let Some(error) = block.error {
            self.ended = true;
            self.fault = Some(Fault::Read(error));
        }
    }

    /// Moves the window on in a mapped file.
    fn move_on(&mut self, need: usize) {
        let Source::Mapped(mapped) = &mut self.source else {
            return;
        };
        let have = self.end - self.start;
        match mapped.next(self.offset, need) {
            Ok(part) => {
                let news = part.get(have..).unwrap_or_default();
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(news);
                }
                self.ended = news.is_empty();
                if !self.ended {
                    (self.start, self.end) = (0, part.len());
                    self.bytes.mapped = Some(part);
                }
            }
            Err(error) => {
                self.ended = true;
                self.fault = Some(Fault::Read(error));
            }
        }
    }
}
