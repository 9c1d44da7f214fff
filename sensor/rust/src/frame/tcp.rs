//! TCP headers (RFC 9293).

use super::ip::{Datagram, TCP};
use super::{Endpoint, Skip, Wrapping};
use crate::bytes::Reader;

/// The sender has no more data.
pub const FIN: u8 = 0x01;
/// The first segment of a direction.
pub const SYN: u8 = 0x02;
/// The connection is torn down.
pub const RST: u8 = 0x04;
/// The acknowledgement number is valid.
pub const ACK: u8 = 0x10;

/// One TCP segment. Checksums are not looked at: offload and mirrors break them.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Encapsulations and MAC addresses.
    pub wrapping: Wrapping,
    /// Of the first payload byte (of the SYN, if there is one).
    pub sequence: u32,
    /// Next byte expected from the other side; meaningful with `ACK`.
    pub acknowledgement: u32,
    /// FIN, SYN, RST, ACK.
    pub flags: u8,
    /// What was captured of the payload.
    pub payload: &'a [u8],
    /// Bytes of the payload, at its end, that were not captured.
    pub missing: usize,
    /// Its packet came in fragments that contradict each other.
    pub conflicting: bool,
}

impl Segment<'_> {
    /// Whether all of these flags are set.
    #[must_use]
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
}

pub(super) fn segment<'a>(
    datagram: &Datagram<'_>,
    bytes: &'a [u8],
    wrapping: Wrapping,
) -> Result<Segment<'a>, Skip> {
    if datagram.protocol != TCP {
        return Err(Skip::NotTcp);
    }
    read(datagram, bytes, wrapping).ok_or(Skip::Malformed)
}

fn read<'a>(datagram: &Datagram<'_>, bytes: &'a [u8], wrapping: Wrapping) -> Option<Segment<'a>> {
    let mut reader = Reader::new(bytes);
    let source = Endpoint {
        address: datagram.source,
        port: reader.u16()?,
    };
    let destination = Endpoint {
        address: datagram.destination,
        port: reader.u16()?,
    };
    let sequence = reader.u32()?;
    let acknowledgement = reader.u32()?;
    let offset = usize::from(reader.u8()? >> 4) * 4;
    let flags = reader.u8()?;
    if offset < 20 {
        return None;
    }
    Some(Segment {
        source,
        destination,
        wrapping,
        sequence,
        acknowledgement,
        flags,
        payload: bytes.get(offset..)?,
        missing: datagram.missing,
        conflicting: datagram.conflicting,
    })
}
