//! gzip (RFC 1952): members one after the other, each with a header, deflated data, a CRC and a length.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Fault, Stored};

const NAME: &str = "gzip";
const MAGIC: [u8; 2] = [0x1F, 0x8B];
const DEFLATE: u8 = 8;

// Bits of FLG, RFC 1952 2.3.1.
const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Where in a member the decoder stands.
enum Place {
    Header,
    Body,
    Trailer,
    End,
}

/// A reader of gzip data.
pub(in crate::capture) struct Gzip {
    stored: Stored,
    inflate: Decompress,
    crc: Crc,
    place: Place,
    members: u64,
}

impl Gzip {
    pub(super) fn new(stored: Stored) -> Self {
        Self {
            stored,
            inflate: Decompress::new(false),
            crc: Crc::new(),
            place: Place::Header,
            members: 0,
        }
    }

    pub(super) fn stored(&self) -> &Stored {
        &self.stored
    }

    /// As [`super::Source::read`].
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            match self.place {
                Place::Header => self.place = self.header()?,
                Place::Body => {
                    let got = self.body(out)?;
                    if got > 0 {
                        return Ok(got);
                    }
                }
                Place::Trailer => self.place = self.trailer()?,
                Place::End => return Ok(0),
            }
        }
    }

    /// Reads the header of a member, or finds that there is none left.
    fn header(&mut self) -> Result<Place, Fault> {
        let start = self.stored.peek(2).map_err(Fault::Read)?;
        if self.members > 0 && start != MAGIC {
            return self.after_last_member();
        }
        let [_, _, method, flags, ..] = self.array::<10>()?;
        if method != DEFLATE {
            return Err(bad(&format!("compression method {method} is not known")));
        }
        if flags & RESERVED != 0 {
            return Err(bad(&format!("reserved flags are set (0x{flags:02x})")));
        }
        if flags & FEXTRA != 0 {
            let length = u16::from_le_bytes(self.array()?);
            if !self.stored.skip(length.into()).map_err(Fault::Read)? {
                return Err(Fault::Cut(NAME));
            }
        }
        for text in [FNAME, FCOMMENT] {
            if flags & text != 0 {
                while self.array::<1>()? != [0] {}
            }
        }
        if flags & FHCRC != 0 {
            self.array::<2>()?;
        }
        self.members += 1;
        self.inflate.reset(false);
        self.crc.reset();
        Ok(Place::Body)
    }

    /// Zero bytes may fill up the medium (tape blocks); anything else there is damage.
    fn after_last_member(&mut self) -> Result<Place, Fault> {
        loop {
            let here = self.stored.available().map_err(Fault::Read)?;
            if here.is_empty() {
                return Ok(Place::End);
            }
            let zeros = here.iter().take_while(|&&byte| byte == 0).count();
            let other = zeros < here.len();
            self.stored.consume(zeros);
            if other {
                return Err(bad(&"something else follows the last gzip member"));
            }
        }
    }

    /// Inflates into `out`; 0 once the member's data has ended.
    fn body(&mut self, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            let input = self.stored.available().map_err(Fault::Read)?;
            let at_end = input.is_empty();
            let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
            let result = self.inflate.decompress(input, out, FlushDecompress::None);
            let used = self.inflate.total_in() - in_before;
            let made = self.inflate.total_out() - out_before;
            // Both counts are of slices in memory, so they fit.
            let used = usize::try_from(used).unwrap_or(usize::MAX);
            let made = usize::try_from(made).unwrap_or(out.len()).min(out.len());
            self.stored.consume(used);
            self.crc.update(&out[..made]);
            if matches!(result, Ok(Status::StreamEnd)) {
                self.place = Place::Trailer;
                return Ok(made);
            }
            if made > 0 {
                // After an error the decoder stays in it: the next call tells.
                return Ok(made);
            }
            match result {
                // Not in the decoder's words, which depend on how the input was cut.
                Err(_) => return Err(bad(&"the deflated data contradicts itself")),
                Ok(_) if at_end => return Err(Fault::Cut(NAME)),
                Ok(_) if used == 0 => return Err(bad(&"the data makes no progress")),
                Ok(_) => {}
            }
        }
    }

    /// Compares the checksum and the length with what was unpacked.
    fn trailer(&mut self) -> Result<Place, Fault> {
        let crc = u32::from_le_bytes(self.array()?);
        let length = u32::from_le_bytes(self.array()?);
        if crc != self.crc.sum() {
            return Err(bad(&"the checksum does not fit the data"));
        }
        if length != self.crc.amount() {
            return Err(bad(&"the length does not fit the data"));
        }
        Ok(Place::Header)
    }

    /// Uses the next `N` bytes.
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let here = self.stored.peek(N).map_err(Fault::Read)?;
        let array = *here.first_chunk::<N>().ok_or(Fault::Cut(NAME))?;
        self.stored.consume(N);
        Ok(array)
    }
}

fn bad(what: &dyn std::fmt::Display) -> Fault {
    Fault::Bad(format!("{NAME}: {what}"))
}
