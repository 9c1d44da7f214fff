//! Rooms of handshakes that are over, for those that begin: each would take ten rooms from the allocator otherwise.

use super::Tls;
use crate::tls::reassembly::USUAL;

/// Of each kind: handshakes begin and end in turns, so that few are enough.
const MOST: usize = 64;
/// A room that grew larger than this, in bytes, is given back.
const LARGEST: usize = 8_192;

/// What is there.
#[derive(Debug, Default)]
pub struct Spare {
    // Boxed as connections hold them: moving the box is cheap, moving what is in it is not.
    #[allow(clippy::vec_box)]
    handshakes: Vec<Box<Tls>>,
    buffers: Vec<Vec<u8>>,
}

impl Spare {
    /// An empty one.
    pub(super) fn handshake(&mut self) -> Box<Tls> {
        self.handshakes.pop().unwrap_or_default()
    }

    /// One that is over.
    pub(super) fn keep_handshake(&mut self, mut tls: Box<Tls>) {
        if self.handshakes.len() < MOST {
            tls.clear();
            if tls.memory() <= LARGEST {
                self.handshakes.push(tls);
            }
        }
    }

    /// An empty buffer for a message.
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    /// One that is not needed any more.
    pub(crate) fn keep_buffer(&mut self, mut buffer: Vec<u8>) {
        if (1..=USUAL).contains(&buffer.capacity()) && self.buffers.len() < MOST {
            buffer.clear();
            self.buffers.push(buffer);
        }
    }
}
