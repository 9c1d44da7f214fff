//! zstd (RFC 8878): frames one after the other, skippable ones among them.

use std::io::Read;
use std::mem;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::{skippable, Fault, Stored};

const NAME: &str = "zstd";
pub(super) const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The largest window that is accepted, in bytes: what the zstd program itself accepts unless told otherwise.
pub(in crate::capture) const MAX_WINDOW_BYTES: u64 = 128 * 1024 * 1024;

/// An empty block that is the last of its frame (RFC 8878 3.1.1.2), and four bytes in place of a checksum.
const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Where in the input the decoder stands.
enum Place {
    BetweenFrames,
    InFrame,
    /// Nothing more can be decoded, and why; what was decoded is still handed out.
    Closing(Fault),
    End,
}

/// A reader of zstd data.
pub(in crate::capture) struct Zstd {
    stored: Stored,
    decoder: FrameDecoder,
    place: Place,
}

impl Zstd {
    pub(super) fn new(stored: Stored) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self {
            stored,
            decoder,
            place: Place::BetweenFrames,
        }
    }

    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// As [`super::Source::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if let Place::InFrame | Place::Closing(_) = self.place {
                if self.decoder.can_collect() > 0 {
                    return self.decoder.read(out).map_err(|error| bad(&error));
                }
            }
            match mem::replace(&mut self.place, Place::End) {
                Place::BetweenFrames => self.place = self.next_frame()?,
                Place::InFrame => self.place = self.next_block(),
                Place::Closing(fault) => return Err(fault),
                Place::End => return Ok(0),
            }
        }
    }

    /// Reads the header of a frame, or finds that there is none left.
    fn next_frame(&mut self) -> Result<Place, Fault> {
        let start = self.stored.peek(8).map_err(Fault::Read)?;
        if start.is_empty() {
            return Ok(Place::End);
        }
        if let Some(length) = skippable(start) {
            self.stored.consume(8);
            let whole = self.stored.skip(length.into()).map_err(Fault::Read)?;
            return whole
                .then_some(Place::BetweenFrames)
                .ok_or(Fault::Cut(NAME));
        }
        if start.len() >= MAGIC.len() && !start.starts_with(&MAGIC) {
            return Err(bad(&"something else follows the last frame"));
        }
        match self.decoder.reset(&mut self.stored) {
            Ok(()) => Ok(Place::InFrame),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Decodes one block, or ends the frame.
    fn next_block(&mut self) -> Place {
        if self.decoder.is_finished() {
            let stated = self.decoder.get_checksum_from_data();
            if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                return Place::Closing(bad(&"the checksum does not fit the data"));
            }
            return Place::BetweenFrames;
        }
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let Err(error) = self.decoder.decode_blocks(&mut self.stored, one) else {
            return Place::InFrame;
        };
        let fault = self.fault(&error);
        // The decoder holds back one window until the frame has ended, so the frame is ended for it. If that
        // fails too there is nothing more to say: the fault is told all the same.
        let one = BlockDecodingStrategy::UptoBlocks(1);
        let _ = self.decoder.decode_blocks(LAST_BLOCK.as_slice(), one);
        Place::Closing(fault)
    }

    /// Why the decoder stopped: the input's error, its end, or what the decoder says.
    fn fault(&mut self, error: &dyn std::fmt::Display) -> Fault {
        match self.stored.take_error() {
            Some(error) => Fault::Read(error),
            None if self.stored.ran_dry() => Fault::Cut(NAME),
            None => bad(error),
        }
    }
}

fn bad(what: &dyn std::fmt::Display) -> Fault {
    Fault::Bad(format!("{NAME}: {what}"))
}
