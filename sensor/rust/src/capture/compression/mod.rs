//! The bytes of a capture, whatever they are packed in. The packing is told by content, never by name.
//!
//! Memory is bounded whatever the input claims: the decoders stream, and the largest window they accept is
//! [`zstd::MAX_WINDOW_BYTES`]. What was unpacked before the input ends or contradicts itself is handed out first.

mod gzip;
mod lz4;
mod stored;
mod zstd;

use std::fs::File;
use std::io;
use std::mem;

use super::ahead::Ahead;
use super::mapped::Mapped;

use gzip::Gzip;
use lz4::Lz4;
pub(super) use stored::Stored;
use zstd::Zstd;

/// How the first bytes of each packing look; for telling a file that is cut before anything can be said.
pub(super) const MAGICS: [&[u8]; 4] =
    [&[0x1F, 0x8B], &zstd::MAGIC, &lz4::MAGIC, &lz4::LEGACY_MAGIC];

/// Why the bytes of a capture end before their end.
#[derive(Debug)]
pub(super) enum Fault {
    /// The operating system refused to read on.
    Read(io::Error),
    /// The compressed data ends too early. Holds the name of the packing.
    Cut(&'static str),
    /// The compressed data contradicts itself. Holds a sentence that names the packing.
    Bad(String),
}

/// The uncompressed bytes of an input.
pub(super) enum Source {
    /// Nothing was read yet, so the packing is not known.
    Unread(Stored),
    /// Not packed.
    Plain(Stored),
    /// A file that is not packed, in blocks.
    Ahead(Ahead),
    /// Such a file, mapped.
    Mapped(Mapped),
    /// RFC 1952, one member or many.
    Gzip(Box<Gzip>),
    /// RFC 8878, one frame or many.
    Zstd(Box<Zstd>),
    /// LZ4 frames, one or many; also the legacy ones.
    Lz4(Box<Lz4>),
}

impl Source {
    /// Of a file.
    pub(super) fn of(file: File) -> Self {
        match Ahead::of(file) {
            Ok(ahead) => Self::Ahead(ahead),
            Err(file) => Self::Unread(Stored::new(Box::new(file))),
        }
    }

    /// The next uncompressed bytes, as many as are at hand, into the start of `out` (which is not empty).
    ///
    /// - `Ok(0)`: the end, and all was well.
    /// - `Ok(n)`: `n` bytes.
    /// - `Err`: nothing more can be had, and why. All that could be unpacked was handed out before.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        if let Self::Unread(stored) = self {
            let stored = mem::take(stored);
            *self = Self::open(stored)?;
        }
        match self {
            Self::Unread(_) | Self::Ahead(_) | Self::Mapped(_) => Ok(0),
            Self::Plain(stored) => stored.read_some(out).map_err(Fault::Read),
            Self::Gzip(gzip) => gzip.read(out),
            Self::Zstd(zstd) => zstd.read(out),
            Self::Lz4(lz4) => lz4.read(out),
        }
    }

    /// Looks at the first bytes and chooses.
    fn open(mut stored: Stored) -> Result<Self, Fault> {
        while let Some(length) = skippable(stored.peek(8).map_err(Fault::Read)?) {
            // Both zstd and LZ4 may begin with frames of user data; the first other one decides.
            stored.skip(8).map_err(Fault::Read)?;
            stored.skip(u64::from(length)).map_err(Fault::Read)?;
        }
        let start = stored.peek(4).map_err(Fault::Read)?;
        Ok(if start.starts_with(&[0x1F, 0x8B]) {
            Self::Gzip(Box::new(Gzip::new(stored)))
        } else if start == lz4::MAGIC || start == lz4::LEGACY_MAGIC {
            Self::Lz4(Box::new(Lz4::new(stored)))
        } else if start == zstd::MAGIC || stored.taken() > 0 {
            Self::Zstd(Box::new(Zstd::new(stored)))
        } else {
            Self::Plain(stored)
        })
    }

    /// How many bytes were read from the input so far.
    pub(super) fn stored_bytes_read(&self) -> u64 {
        match self {
            Self::Ahead(ahead) => ahead.bytes_taken(),
            Self::Mapped(mapped) => mapped.bytes_taken(),
            _ => self.stored().map_or(0, Stored::bytes_read),
        }
    }

    /// How many compressed bytes the decoder has used so far. `None` if the input is not compressed.
    pub(super) fn compressed_offset(&self) -> Option<u64> {
        match self {
            Self::Unread(_) | Self::Plain(_) => None,
            _ => self.stored().map(Stored::taken),
        }
    }

    fn stored(&self) -> Option<&Stored> {
        Some(match self {
            Self::Unread(stored) | Self::Plain(stored) => stored,
            Self::Ahead(_) | Self::Mapped(_) => return None,
            Self::Gzip(gzip) => gzip.stored(),
            Self::Zstd(zstd) => zstd.stored(),
            Self::Lz4(lz4) => lz4.stored(),
        })
    }
}

/// Whether an input that starts so is compressed, or may be: user data of either packing comes first.
pub(super) fn is_packed(start: &[u8]) -> bool {
    MAGICS.iter().any(|magic| start.starts_with(magic)) || skippable(start).is_some()
}

/// The length of the user data in a skippable frame (RFC 8878 3.1.2; LZ4 has taken it over), if one starts here.
fn skippable(start: &[u8]) -> Option<u32> {
    let (magic, rest) = start.split_first_chunk::<4>()?;
    let length = rest.first_chunk::<4>()?;
    (0x184D_2A50..=0x184D_2A5F)
        .contains(&u32::from_le_bytes(*magic))
        .then_some(u32::from_le_bytes(*length))
}
