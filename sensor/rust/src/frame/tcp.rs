//! TCP headers (RFC 9293).

use super::ip::{Datagram, TCP};
use super::{link, Endpoint, Skip, Wrapping};
use crate::bytes::Reader;

/// The sender has no more data.
pub const FIN: u8 = 0x01;
/// The first segment of a direction.
pub const SYN: u8 = 0x02;
/// The connection is torn down.
pub const RST: u8 = 0x04;
/// The acknowledgement number is valid.
pub const ACK: u8 = 0x10;

/// How the encapsulations of a segment can be told.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    /// They are to be read again from this frame, of this LINKTYPE_: of most segments nobody wants to know.
    Frame(u16, &'a [u8]),
    /// They were read.
    Read(&'a Wrapping),
}

/// One TCP segment. Checksums are not looked at: offload and mirrors break them.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
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
    /// What it came in.
    pub origin: Origin<'a>,
}

impl Segment<'_> {
    /// Whether all of these flags are set.
    #[must_use]
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Encapsulations and MAC addresses.
    #[must_use]
    pub fn wrapping(&self) -> Wrapping {
        match self.origin {
            Origin::Read(wrapping) => *wrapping,
            Origin::Frame(link_type, frame) => {
                let mut wrapping = Wrapping::default();
                let _ = link::network_packet(link_type, frame, &mut wrapping);
                wrapping
            }
        }
    }
}

/// A segment on its own, apart from the packets that brought it.
#[derive(Debug)]
pub struct Loose {
    /// Without its payload and its origin.
    header: Segment<'static>,
    payload: Box<[u8]>,
    wrapping: Wrapping,
}

impl Loose {
    /// A copy of this one.
    #[must_use]
    pub fn new(segment: &Segment<'_>) -> Self {
        let Segment {
            source,
            destination,
            sequence,
            acknowledgement,
            flags,
            payload,
            missing,
            conflicting,
            origin: _,
        } = *segment;
        Self {
            header: Segment {
                source,
                destination,
                sequence,
                acknowledgement,
                flags,
                payload: &[],
                missing,
                conflicting,
                origin: Origin::Frame(0, &[]),
            },
            payload: payload.into(),
            wrapping: segment.wrapping(),
        }
    }

    /// It.
    #[must_use]
    pub fn segment(&self) -> Segment<'_> {
        Segment {
            payload: &self.payload,
            origin: Origin::Read(&self.wrapping),
            ..self.header
        }
    }
}

pub(super) fn segment<'a>(
    datagram: &Datagram<'_>,
    bytes: &'a [u8],
    origin: Origin<'a>,
) -> Result<Segment<'a>, Skip> {
    if datagram.protocol != TCP {
        return Err(Skip::NotTcp);
    }
    let ends = [datagram.source, datagram.destination];
    let segment = read(ends, bytes, origin).ok_or(Skip::Malformed)?;
    Ok(Segment {
        missing: datagram.missing,
        conflicting: datagram.conflicting,
        ..segment
    })
}

/// The segment between these two addresses whose header begins here, captured whole.
#[allow(
    clippy::inline_always,
    reason = "asked of every packet, and all of its answer is taken apart at once"
)]
#[inline(always)]
pub(super) fn read<'a>(
    [source, destination]: [[u8; 16]; 2],
    bytes: &'a [u8],
    origin: Origin<'a>,
) -> Option<Segment<'a>> {
    let mut reader = Reader::new(bytes);
    let source = Endpoint {
        address: source,
        port: reader.u16()?,
    };
    let destination = Endpoint {
        address: destination,
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
        sequence,
        acknowledgement,
        flags,
        payload: bytes.get(offset..)?,
        missing: 0,
        conflicting: false,
        origin,
    })
}
