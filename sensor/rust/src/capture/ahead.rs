//! A regular file read in blocks that several threads may fetch at the same time, taken in their order.
//!
//! The copy out of the page cache is most of what an uninteresting packet costs, so it must not wait for its turn.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::block::BLOCK_BYTES;
use super::compression::is_packed;
use super::number::to_u64;

/// Room before the bytes of a block, for the packet that began in the block before: few are longer.
const HEADROOM_BYTES: usize = 64 * 1024;

/// Blocks that are fetched before they are wanted, at most: what is fetched long before has left the caches.
const MOST_AHEAD: u64 = 4;

/// Whether it is a regular file that is not compressed.
pub(super) fn is_plain(file: &File) -> bool {
    let mut start = [0; 8];
    file.metadata().is_ok_and(|metadata| metadata.is_file())
        && file
            .read_at(&mut start, 0)
            .is_ok_and(|got| !is_packed(start.get(..got).unwrap_or_default()))
}

/// Bytes of a file, behind some room.
pub(super) struct Fetched {
    pub(super) buffer: Vec<u8>,
    /// Where they begin in the buffer.
    pub(super) start: usize,
    /// Where they end; the file ends with the first block that is not full.
    pub(super) end: usize,
    /// Why there are no more.
    pub(super) error: Option<io::Error>,
}

impl Fetched {
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn is_last(&self) -> bool {
        self.error.is_some() || self.end - self.start < BLOCK_BYTES
    }
}

#[derive(Default)]
struct State {
    /// Number of the next block that nobody fetches yet.
    unclaimed: u64,
    /// Number of the next block to be taken.
    wanted: u64,
    /// Fetched, not yet taken.
    fetched: BTreeMap<u64, Fetched>,
    spare: Vec<Vec<u8>>,
    /// The last block was fetched: there is nothing behind it.
    ended: bool,
    /// The last block was taken.
    over: bool,
    bytes_taken: u64,
}

impl State {
    fn has_room(&self) -> bool {
        !self.ended && self.unclaimed < self.wanted + MOST_AHEAD
    }
}

struct Shared {
    file: File,
    state: Mutex<State>,
    arrived: Condvar,
}

/// A file and its blocks on their way; copies share them.
#[derive(Clone)]
pub struct Ahead(Arc<Shared>);

impl Ahead {
    /// Of a regular file that is not compressed; another input is given back.
    pub(super) fn of(file: File) -> Result<Self, File> {
        if is_plain(&file) {
            Ok(Self(Arc::new(Shared {
                file,
                state: Mutex::default(),
                arrived: Condvar::new(),
            })))
        } else {
            Err(file)
        }
    }

    /// The next block is there.
    #[must_use]
    pub fn has_next(&self) -> bool {
        let state = self.state();
        state.over || state.fetched.contains_key(&state.wanted)
    }

    /// There is something to fetch, and room for it.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.state().has_room()
    }

    /// Fetch one block before it is wanted; `false` if there is none to fetch now.
    #[allow(clippy::must_use_candidate, reason = "fetching is the point")]
    pub fn fetch_one(&self) -> bool {
        let mut state = self.state();
        if !state.has_room() {
            return false;
        }
        let number = state.unclaimed;
        state.unclaimed += 1;
        let spare = state.spare.pop();
        drop(state);
        let block = self.fetch(number, spare);
        let mut state = self.state();
        state.ended |= block.is_last();
        state.fetched.insert(number, block);
        drop(state);
        self.0.arrived.notify_all();
        true
    }

    /// The next block in order; `None` behind the last one.
    pub(super) fn next(&self) -> Option<Fetched> {
        let mut state = self.state();
        if state.over {
            return None;
        }
        let number = state.wanted;
        let block = if state.unclaimed == number {
            state.unclaimed += 1;
            let spare = state.spare.pop();
            drop(state);
            self.fetch(number, spare)
        } else {
            // It is there, or another thread is at it.
            loop {
                if let Some(block) = state.fetched.remove(&number) {
                    drop(state);
                    break block;
                }
                let waited = self.0.arrived.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
        };
        let mut state = self.state();
        state.wanted += 1;
        state.over = block.is_last();
        state.bytes_taken += to_u64(block.bytes().len());
        Some(block)
    }

    pub(super) fn bytes_taken(&self) -> u64 {
        self.state().bytes_taken
    }

    /// A buffer for blocks to come.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        if buffer.len() == HEADROOM_BYTES + BLOCK_BYTES {
            self.state().spare.push(buffer);
        }
    }

    fn fetch(&self, number: u64, spare: Option<Vec<u8>>) -> Fetched {
        let mut buffer = spare.unwrap_or_else(|| vec![0; HEADROOM_BYTES + BLOCK_BYTES]);
        let offset = number.saturating_mul(to_u64(BLOCK_BYTES));
        let start = HEADROOM_BYTES;
        let (mut end, mut error) = (start, None);
        while end < buffer.len() {
            let at = offset.saturating_add(to_u64(end - start));
            match self.0.file.read_at(&mut buffer[end..], at) {
                Ok(0) => break,
                Ok(got) => end += got,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => {
                    error = Some(fault);
                    break;
                }
            }
        }
        Fetched {
            buffer,
            start,
            end,
            error,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
