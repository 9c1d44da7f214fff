//! Bytes of one direction that came before those that are next: in pieces, in their order.

use std::collections::VecDeque;

use super::overlap::differ;
use super::{before, length};
use crate::limits::Limits;

/// What keeping one piece costs beside its bytes.
const PIECE_COST: usize = 64;
/// Pieces of one direction; small ones that touch are one.
const MAX_PIECES: usize = 4_096;
/// A piece is lengthened at its front up to this many bytes: moving more would cost a hostile sender nothing and us much.
const MAX_PREPENDED: usize = 4_096;

#[derive(Debug)]
struct Piece {
    sequence: u32,
    bytes: Vec<u8>,
}

impl Piece {
    fn end(&self) -> u32 {
        self.sequence.wrapping_add(length(&self.bytes))
    }
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Early {
    pieces: VecDeque<Piece>,
    bytes: usize,
    since_ns: u64,
}

impl Early {
    /// Nothing yet; since this packet time earlier bytes are missing.
    pub(super) fn new(since_ns: u64) -> Self {
        Self {
            pieces: VecDeque::new(),
            bytes: 0,
            since_ns,
        }
    }

    /// Nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes kept, bookkeeping included.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Since when, in packet time, earlier bytes are missing.
    pub(super) fn since_ns(&self) -> u64 {
        self.since_ns
    }

    /// Where the first kept bytes begin.
    pub(super) fn first(&self) -> Option<u32> {
        self.pieces.front().map(|piece| piece.sequence)
    }

    /// Whether more is kept than a direction may.
    pub(super) fn is_over(&self, limits: &Limits) -> bool {
        self.bytes > limits.max_pending_bytes || self.pieces.len() > MAX_PIECES
    }

    /// These bytes say something else than bytes that are kept for the same place.
    pub(super) fn differs(&self, sequence: u32, payload: &[u8]) -> bool {
        let other = |piece: &Piece| differ((sequence, payload), (piece.sequence, &piece.bytes));
        self.pieces.iter().any(other)
    }

    /// Keep early bytes; where they overlap with kept ones, those that came first stand.
    pub(super) fn hold(&mut self, mut sequence: u32, mut payload: &[u8]) {
        while !payload.is_empty() {
            let at = self
                .pieces
                .partition_point(|piece| !before(sequence, piece.sequence));
            if let Some(previous) = at.checked_sub(1).and_then(|i| self.pieces.get(i)) {
                let covered = previous.end().wrapping_sub(sequence);
                if before(sequence, previous.end()) {
                    let Some(rest) = usize::try_from(covered).ok().and_then(|n| payload.get(n..))
                    else {
                        return;
                    };
                    sequence = previous.end();
                    payload = rest;
                }
            }
            if payload.is_empty() {
                return;
            }
            let room = self.pieces.get(at).map_or(u32::MAX, |following| {
                following.sequence.wrapping_sub(sequence)
            });
            let fits = usize::try_from(room)
                .unwrap_or(usize::MAX)
                .min(payload.len());
            let (part, rest) = payload.split_at(fits);
            if !part.is_empty() {
                self.insert(at, sequence, part);
            }
            sequence = sequence.wrapping_add(length(part));
            payload = rest;
        }
    }

    /// Put a piece at its place, or at the end of the one it continues, or before the one that continues it.
    fn insert(&mut self, at: usize, sequence: u32, part: &[u8]) {
        self.bytes += part.len();
        if let Some(previous) = at.checked_sub(1).and_then(|i| self.pieces.get_mut(i)) {
            if previous.end() == sequence {
                previous.bytes.extend_from_slice(part);
                self.bridge(at);
                return;
            }
        }
        let end = sequence.wrapping_add(length(part));
        if let Some(following) = self.pieces.get_mut(at) {
            if following.sequence == end && following.bytes.len() < MAX_PREPENDED {
                following.bytes.splice(..0, part.iter().copied());
                following.sequence = sequence;
                return;
            }
        }
        self.bytes += PIECE_COST;
        let bytes = part.to_vec();
        self.pieces.insert(at, Piece { sequence, bytes });
    }

    /// Make one piece of this one and the one before it, if they touch and it is small.
    fn bridge(&mut self, at: usize) {
        let touches = match (self.pieces.get(at - 1), self.pieces.get(at)) {
            (Some(previous), Some(following)) => {
                previous.end() == following.sequence && following.bytes.len() < MAX_PREPENDED
            }
            _ => false,
        };
        if touches {
            if let Some(following) = self.pieces.remove(at) {
                self.bytes -= PIECE_COST;
                self.pieces[at - 1].bytes.extend(following.bytes);
            }
        }
    }

    /// The bytes that are next, if they are kept: those from `next` on.
    pub(super) fn pop(&mut self, next: u32) -> Option<Vec<u8>> {
        while self
            .pieces
            .front()
            .is_some_and(|first| !before(next, first.sequence))
        {
            let mut piece = self.pieces.pop_front()?;
            self.bytes -= piece.bytes.len() + PIECE_COST;
            if before(next, piece.end()) {
                let known = usize::try_from(next.wrapping_sub(piece.sequence)).unwrap_or(0);
                piece.bytes.drain(..known.min(piece.bytes.len()));
                return Some(piece.bytes);
            }
        }
        None
    }
}
