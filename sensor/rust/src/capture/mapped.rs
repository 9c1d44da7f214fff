//! A regular file that is mapped into memory, a view of it at a time, so that nothing is copied.
//!
//! What is not copied must be fetched from far, one header after the other: only where the processor is told before does
//! this outrun reading. And a file that is shortened while it is looked at kills the process (SIGBUS). So it is an option.
#![allow(
    unsafe_code,
    reason = "there is no safe mapping, for others may write to the file, and no safe hint to fetch memory"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::{Mmap, MmapOptions};

use super::ahead::is_plain;
use super::block::BLOCK_BYTES;
use super::number::to_u64;

/// How much is mapped at a time, in bytes: all of it is made present at once, which is quicker than by faults.
pub(super) const VIEW_BYTES: u64 = 64 * BLOCK_BYTES as u64;

/// Views begin at multiples of this: the largest page that systems have.
const PAGE_BYTES: u64 = 64 * 1024;

/// A mapped file, taken in blocks.
pub(super) struct Mapped {
    file: File,
    view: Arc<Mmap>,
    /// Where in the file the view begins.
    view_at: u64,
    /// Where in the file the last block ended.
    taken: u64,
}

impl Mapped {
    /// Of a regular file that is not compressed; another input, or one that cannot be mapped, is given back.
    pub(super) fn of(file: File) -> Result<Self, File> {
        // An empty file cannot be mapped, nor can those of the system that claim to be empty.
        let is_empty = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        if is_empty || !is_plain(&file) {
            return Err(file);
        }
        match view(&file, 0, VIEW_BYTES) {
            Ok(view) => Ok(Self {
                view: Arc::new(view),
                file,
                view_at: 0,
                taken: 0,
            }),
            Err(_) => Err(file),
        }
    }

    /// The bytes from this place to the end of the next block, or of that which brings `need` of them; fewer where the file
    /// ends, as it is now.
    pub(super) fn next(&mut self, at: u64, need: usize) -> io::Result<Part> {
        let block = to_u64(BLOCK_BYTES);
        let wanted = at
            .saturating_add(to_u64(need))
            .max(self.taken.saturating_add(1))
            .div_ceil(block)
            .saturating_mul(block);
        if wanted > self.end() {
            let start = at / PAGE_BYTES * PAGE_BYTES;
            self.view = Arc::new(view(&self.file, start, VIEW_BYTES.max(wanted - start))?);
            self.view_at = start;
        }
        self.taken = wanted.min(self.end());
        let place = |at: u64| usize::try_from(at - self.view_at).unwrap_or(usize::MAX);
        Ok(Part {
            view: Arc::clone(&self.view),
            start: place(at),
            end: place(self.taken),
        })
    }

    fn end(&self) -> u64 {
        self.view_at.saturating_add(to_u64(self.view.len()))
    }

    pub(super) fn bytes_taken(&self) -> u64 {
        self.taken
    }
}

/// So many bytes from this place of a file, or fewer if it ends before.
fn view(file: &File, start: u64, most: u64) -> io::Result<Mmap> {
    let count = file.metadata()?.len().saturating_sub(start).min(most);
    let mut options = MmapOptions::new();
    options
        .offset(start)
        .len(usize::try_from(count).unwrap_or(usize::MAX))
        .populate();
    // SAFETY: whoever chooses this reader vouches that nobody changes the file meanwhile, as its manual asks.
    unsafe { options.map(file) }
}

/// A part of a mapped file.
#[derive(Clone)]
pub(super) struct Part {
    view: Arc<Mmap>,
    start: usize,
    end: usize,
}

impl Part {
    /// Have the processor fetch what will be looked at soon: so many bytes were just passed over, up to this place.
    #[inline]
    pub(super) fn passed(&self, count: usize, at: usize) {
        /// Records longer than this are mostly followed by others of their length, of which the headers are looked at.
        const LONG: usize = 1024;
        const HEADERS: usize = 2 * LINE;
        const LINE: usize = 64;
        let (ahead, count) = if count > LONG {
            (3 * count, HEADERS)
        } else {
            (3 * LONG, count)
        };
        let from = self.start + at + ahead;
        for line in self
            .view
            .get(from..from + count)
            .unwrap_or_default()
            .chunks(LINE)
        {
            fetch(line);
        }
    }
}

impl Deref for Part {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.view.get(self.start..self.end).unwrap_or_default()
    }
}

/// Have the processor fetch the memory in which a slice begins.
#[inline]
fn fetch(line: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it is a hint, which reads nothing and fails nowhere.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
}
