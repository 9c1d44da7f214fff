//! One capture read to its end, in portions, by one thread or several.

use std::sync::Arc;

use crate::capture::{capture_of, Input, Joined, Opener, Options};
#[cfg(target_os = "linux")]
use crate::capture::{Live, Watched};
use crate::crew::Crew;
use crate::engine::{Engine, Output};
use crate::identities::Register;
use crate::intake::{Intake, Name, Progress, Reader, Report};
use crate::limits::{Counters, Limits};
use crate::portions::PORTION_SESSIONS;
use crate::privacy::Privacy;

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
    /// What is kept back.
    pub privacy: Privacy,
}

/// Captures being read.
pub struct Reading {
    road: Road,
    /// Of each capture, those whose first frame is in it.
    sessions: Vec<u64>,
    privacy: Privacy,
    register: Arc<Register>,
}

enum Road {
    Alone(Box<Alone>),
    Crew(Crew),
}

/// All of it by the thread that asks.
struct Alone {
    intake: Intake,
    names: Vec<Name>,
    engine: Engine,
    ended: bool,
}

impl Alone {
    fn portion(&mut self) -> Option<Output> {
        if self.ended {
            return None;
        }
        while !self.engine.portions.are_enough() {
            if !self.intake.advance(&mut self.names) {
                self.ended = self.engine.finish(PORTION_SESSIONS);
                break;
            }
            self.engine.name_interfaces(&self.names);
            self.intake.show(|packet| self.engine.packet(packet));
            self.engine.gather();
        }
        Some(self.engine.take())
    }
}

impl Road {
    fn new(intake: Intake, engine: Engine, plan: &Plan) -> Self {
        // Frames go on to come while portions are worked on.
        if plan.workers > 1 || intake.is_live() {
            return Self::Crew(Crew::new(intake, engine, plan.workers));
        }
        Self::Alone(Box::new(Alone {
            intake,
            names: Vec::new(),
            engine,
            ended: false,
        }))
    }
}

impl Reading {
    /// Read from `input`.
    #[must_use]
    pub fn new(input: Input, plan: &Plan) -> Self {
        Self::joined(vec![Box::new(|| Ok(input))], plan)
    }

    /// Read captures as one observation, in this order.
    #[must_use]
    pub fn joined(captures: Vec<Opener>, plan: &Plan) -> Self {
        let options = Options {
            sha256: plan.sha256,
        };
        Self::of(
            Reader::Captures(Box::new(Joined::new(captures, options))),
            plan,
        )
    }

    /// Watch interfaces until it is asked to stop: a portion comes at least every second, though it may be empty.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn live(live: Live, plan: &Plan) -> Self {
        Self::of(Reader::Live(Box::new(live)), plan)
    }

    fn of(reader: Reader, plan: &Plan) -> Self {
        let mut engine = Engine::new(&plan.sensor, plan.limits.clone());
        engine.leave_out(plan.privacy.clone());
        Self {
            register: engine.register(),
            road: Road::new(Intake::new(reader), engine, plan),
            sessions: Vec::new(),
            privacy: plan.privacy.clone(),
        }
    }

    /// Certificates that come again are handed out again, once.
    pub fn forget_certificates(&self) {
        self.register.forget();
    }

    /// The interfaces that are watched; none of captures.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn watched(&mut self) -> Vec<Watched> {
        match &mut self.road {
            Road::Alone(_) => Vec::new(),
            Road::Crew(crew) => crew.watched(),
        }
    }

    /// The next portion, which may be empty; `None` after the last one.
    pub fn portion(&mut self) -> Option<Output> {
        let mut output = match &mut self.road {
            Road::Alone(alone) => alone.portion(),
            Road::Crew(crew) => crew.portion(),
        }?;
        for session in &mut output.sessions {
            self.privacy.apply(session);
        }
        let starts = self.progress().starts;
        self.sessions.resize(starts.len(), 0);
        for session in &output.sessions {
            if let Some(count) = self.sessions.get_mut(capture_of(&starts, session.frame)) {
                *count += 1;
            }
        }
        Some(output)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match &self.road {
            Road::Alone(alone) => alone.intake.progress(),
            Road::Crew(crew) => crew.progress(),
        }
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        match &self.road {
            Road::Alone(alone) => alone.engine.counters(),
            Road::Crew(crew) => crew.counters(),
        }
    }

    /// Each capture that was begun, in their order; all of them at the end.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        let mut reports = match &self.road {
            Road::Alone(alone) => alone.intake.reports(),
            Road::Crew(crew) => crew.reports(),
        };
        for (report, sessions) in reports.iter_mut().zip(&self.sessions) {
            report.sessions = *sessions;
        }
        reports
    }
}
