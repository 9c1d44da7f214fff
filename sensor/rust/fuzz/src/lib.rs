//! What must hold for any bytes at all, one module a fuzz target.
//!
//! The targets in `fuzz_targets/` feed these with what the fuzzer makes; `tests/fuzz_found.rs` of the core feeds them
//! with the inputs that are kept. Not to panic is the least: each check holds the core against a model, against its own
//! answer to the same bytes in other pieces, or against another reader.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used
)]

pub mod capture;
pub mod choices;
pub mod frame;
pub mod handshake;
pub mod opening;
pub mod record;
pub mod road;
pub mod rows;
pub mod stream;

/// A check of one input, which panics where what must hold does not.
pub type Check = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Check); 8] = [
    ("capture", capture::check),
    ("frame", frame::check),
    ("stream", stream::check),
    ("record", record::check),
    ("handshake", handshake::check),
    ("opening", opening::check),
    ("rows", rows::check),
    ("road", road::check),
];
