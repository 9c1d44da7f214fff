//! One capture read to its end, in portions, by one thread or several.

use std::fs::File;
use std::io::Read;

use crate::capture::{CaptureReader, Options};
use crate::crew::Crew;
use crate::dispatch::{Block, Dispatcher};
use crate::engine::{Engine, Output, Shard};
use crate::intake::{Fault, Intake, Progress};
use crate::limits::{Counters, Limits};
use crate::portions::{Portions, PORTION_SESSIONS};

/// What a capture is read from.
pub enum Input {
    /// A file, whose blocks several threads can fetch at the same time.
    File(File),
    /// Anything else that gives bytes.
    Stream(Box<dyn Read + Send>),
}

/// How it is read.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Goes into the ids of sessions.
    pub sensor: String,
    /// Caps.
    pub limits: Limits,
    /// Make the SHA-256 of the uncompressed capture.
    pub sha256: bool,
    /// Threads; none or one: the caller's own. The answer does not depend on it.
    pub workers: usize,
}

/// A capture being read.
pub struct Reading(Road);

enum Road {
    Alone(Box<Alone>),
    Crew(Crew),
}

/// All of it by the thread that asks.
struct Alone {
    intake: Intake,
    block: Block,
    engine: Engine,
    ended: bool,
}

impl Alone {
    fn portion(&mut self) -> Option<Output> {
        if self.ended {
            return None;
        }
        while !self.engine.portions.are_enough() {
            let dispatcher = &mut self.engine.dispatcher;
            if !self.intake.read(&mut self.block, dispatcher) {
                self.ended = self.engine.finish(PORTION_SESSIONS);
                break;
            }
            self.engine.block(&self.block);
        }
        Some(self.engine.take())
    }
}

impl Reading {
    /// Read from `input`.
    #[must_use]
    pub fn new(input: Input, plan: &Plan) -> Self {
        let options = Options {
            sha256: plan.sha256,
        };
        let intake = Intake::new(match input {
            Input::File(file) => CaptureReader::of_file(file, options),
            Input::Stream(stream) => CaptureReader::new(stream, options),
        });
        let limits = &plan.limits;
        if plan.workers <= 1 {
            return Self(Road::Alone(Box::new(Alone {
                intake,
                block: Block::default(),
                engine: Engine::new(&plan.sensor, limits.clone()),
                ended: false,
            })));
        }
        let shards = Shard::all(&plan.sensor, limits);
        let dispatcher = Dispatcher::new(shards.len(), limits.clone());
        let portions = Portions::default();
        let crew = Crew::new(intake, dispatcher, shards, portions, plan.workers);
        Self(Road::Crew(crew))
    }

    /// The next portion, which may be empty; `None` after the last one.
    pub fn portion(&mut self) -> Option<Output> {
        match &mut self.0 {
            Road::Alone(alone) => alone.portion(),
            Road::Crew(crew) => crew.portion(),
        }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.0 {
            Road::Alone(alone) => alone.intake.progress(),
            Road::Crew(crew) => crew.progress(),
        }
    }

    /// SHA-256 of the uncompressed bytes; after the end, if asked for.
    #[must_use]
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.ask(|intake| intake.reader().sha256())
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        match &self.0 {
            Road::Alone(alone) => alone.engine.counters(),
            Road::Crew(crew) => crew.counters(),
        }
    }

    /// What is wrong with the capture so far.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        self.ask(Intake::faults)
    }

    fn ask<T>(&self, question: impl FnOnce(&Intake) -> T) -> T {
        match &self.0 {
            Road::Alone(alone) => question(&alone.intake),
            Road::Crew(crew) => crew.ask(question),
        }
    }
}
