//! LZ4 frames, one after the other, skippable ones among them; also the legacy frames of old tools.

use std::io::Read;

use lz4_flex::frame::FrameDecoder;

use super::{skippable, Fault, Stored};

const NAME: &str = "lz4";
pub(super) const MAGIC: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
pub(super) const LEGACY_MAGIC: [u8; 4] = [0x02, 0x21, 0x4C, 0x18];

/// Where in the input the decoder stands.
#[derive(Clone, Copy)]
enum Place {
    BetweenFrames,
    InFrame,
    /// A frame without an end mark: the end of the input ends it.
    InLegacyFrame,
    End,
}

/// A reader of LZ4 data.
pub(in crate::capture) struct Lz4 {
    decoder: FrameDecoder<Stored>,
    place: Place,
}

impl Lz4 {
    pub(super) fn new(stored: Stored) -> Self {
        Self {
            decoder: FrameDecoder::new(stored),
            place: Place::BetweenFrames,
        }
    }

    pub(super) fn stored(&self) -> &Stored {
        self.decoder.get_ref()
    }

    /// As [`super::Source::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            match self.place {
                Place::BetweenFrames => self.place = self.next_frame()?,
                Place::InFrame | Place::InLegacyFrame => {
                    let got = self.some(out)?;
                    if got > 0 {
                        return Ok(got);
                    }
                }
                Place::End => return Ok(0),
            }
        }
    }

    /// Looks what kind of frame comes next, or finds that there is none left.
    fn next_frame(&mut self) -> Result<Place, Fault> {
        let stored = self.decoder.get_mut();
        let start = stored.peek(8).map_err(Fault::Read)?;
        if let Some(length) = skippable(start) {
            stored.consume(8);
            let whole = stored.skip(length.into()).map_err(Fault::Read)?;
            return whole
                .then_some(Place::BetweenFrames)
                .ok_or(Fault::Cut(NAME));
        }
        match start.first_chunk::<4>() {
            Some(&MAGIC) => Ok(Place::InFrame),
            Some(&LEGACY_MAGIC) => Ok(Place::InLegacyFrame),
            Some(_) => Err(bad(&"something else follows the last frame")),
            None if start.is_empty() => Ok(Place::End),
            None => Err(Fault::Cut(NAME)),
        }
    }

    /// Decodes into `out`; 0 once the frame has ended.
    fn some(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        let at_end = self.decoder.get_mut().available().map_err(Fault::Read)?;
        let at_end = at_end.is_empty();
        match self.decoder.read(out) {
            // The library takes the end of the input for the end of the frame; only the legacy kind ends so.
            Ok(0) if self.stored().ran_dry() => match self.place {
                Place::InLegacyFrame if at_end => {
                    self.place = Place::End;
                    Ok(0)
                }
                _ => Err(Fault::Cut(NAME)),
            },
            Ok(0) => {
                self.place = Place::BetweenFrames;
                Ok(0)
            }
            Ok(got) => Ok(got),
            Err(error) => Err(match self.decoder.get_mut().take_error() {
                Some(error) => Fault::Read(error),
                None if self.stored().ran_dry() => Fault::Cut(NAME),
                None => bad(&error),
            }),
        }
    }
}

fn bad(what: &dyn std::fmt::Display) -> Fault {
    Fault::Bad(format!("{NAME}: {what}"))
}
