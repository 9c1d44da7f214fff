//! Several threads on one capture. Blocks are fetched at the same time, addressed one after the other, and taken in by each
//! shard in their order; whoever is free takes what is most wanted. What comes out is the same for any number of threads,
//! for nothing hangs on who did what when.

use std::any::Any;
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::capture::Ahead;
#[cfg(target_os = "linux")]
use crate::capture::Watched;
use crate::deliveries::Block;
use crate::dispatch::Dispatcher;
use crate::engine::{Engine, Output, Shard};
use crate::intake::{Intake, Progress, Report};
use crate::limits::Counters;
use crate::portions::{Portions, PORTION_SESSIONS};

/// Portions that wait to be fetched before reading pauses.
const MOST_PORTIONS: usize = 4;

/// Blocks under way at a time, however many threads there are: some hundred kilobytes each.
const MOST_PENDING: usize = 12;

/// A step of the observation that every shard takes.
#[derive(Clone)]
enum Step {
    Block(Arc<Block>),
    /// No more blocks come: what is unfinished is finished, some of it in each such step.
    Finish,
}

/// A step under way.
struct Pending {
    step: Step,
    /// What each shard gave, when it is through.
    outputs: Vec<Option<Output>>,
    left: usize,
    /// Whether each shard that is through has nothing left.
    ended: bool,
}

#[derive(Default)]
struct Turn {
    /// The next step of this shard, by number.
    next: u64,
    busy: bool,
}

/// Who does what.
struct Board {
    /// The file that is read, if its blocks can be fetched before they are wanted.
    ahead: Option<Ahead>,
    /// Steps that some shard has still to take, in their order.
    pending: VecDeque<Pending>,
    /// Number of the first of them.
    first: u64,
    turns: Vec<Turn>,
    /// Threads that wait for something to do.
    idle: usize,
    /// A thread reads and addresses a block.
    intake_busy: bool,
    /// There are no more blocks.
    input_over: bool,
    spare: Vec<Block>,
    portions: Portions,
    ready: VecDeque<Output>,
    /// All was handed to `ready`.
    ended: bool,
    progress: Progress,
    /// Nobody wants the rest.
    stopped: bool,
    failure: Option<Box<dyn Any + Send>>,
}

enum Task {
    Shard(usize, Step),
    Intake(Block),
    Fetch(Ahead),
    Wait,
    Stop,
}

/// What reads and addresses, one thread at a time.
struct Front {
    intake: Intake,
    dispatcher: Dispatcher,
}

impl Front {
    fn read(&mut self, block: &mut Block) -> (bool, Progress, Option<Ahead>) {
        let more = block.read(&mut self.intake, &mut self.dispatcher);
        (more, self.intake.progress(), self.intake.ahead())
    }
}

struct Shared {
    front: Mutex<Front>,
    shards: Vec<Mutex<Shard>>,
    board: Mutex<Board>,
    /// Rings when there may be something new to do.
    work: Condvar,
    /// Rings when there is something to hand out, or nothing more will be.
    news: Condvar,
    workers: usize,
}

/// Threads that read one capture.
pub(crate) struct Crew {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    /// What this worker should do now.
    fn task(&mut self, worker: usize, shared: &Shared) -> Task {
        if self.stopped || self.ended || self.failure.is_some() {
            return Task::Stop;
        }
        // Enough that no shard waits for a block, and no more than the caches hold.
        let few = shared.workers.min(MOST_PENDING / 2);
        let many = (2 * shared.workers + 2).min(MOST_PENDING);
        let reads = !self.input_over && self.ready.len() < MOST_PORTIONS;
        let backlog = self.pending.len();
        let shards = self.turns.len();
        // What a shard needs is in the cache of the thread that worked on it last: others' shards come last.
        let [own, end] = [worker, worker + 1].map(|number| number * shards / shared.workers);
        let task = (reads && backlog < few).then(|| self.intake()).flatten();
        task.or_else(|| self.shard(own..end))
            .or_else(|| (reads && backlog < many).then(|| self.intake()).flatten())
            .or_else(|| reads.then(|| self.fetch()).flatten())
            .or_else(|| self.shard(0..shards))
            .unwrap_or(Task::Wait)
    }

    /// Read and address a block, or fetch it first.
    fn intake(&mut self) -> Option<Task> {
        match &self.ahead {
            Some(ahead) if !ahead.has_next() => self.fetch(),
            _ if self.intake_busy => None,
            _ => {
                self.intake_busy = true;
                Some(Task::Intake(self.spare.pop().unwrap_or_default()))
            }
        }
    }

    /// Fetch a block before it is wanted.
    fn fetch(&self) -> Option<Task> {
        let ahead = self.ahead.as_ref()?;
        ahead.has_room().then(|| Task::Fetch(ahead.clone()))
    }

    /// A step of one of these shards.
    fn shard(&mut self, numbers: Range<usize>) -> Option<Task> {
        for number in numbers {
            let turn = self.turns.get_mut(number)?;
            if turn.busy {
                continue;
            }
            let at = usize::try_from(turn.next - self.first).unwrap_or(usize::MAX);
            if let Some(pending) = self.pending.get(at) {
                turn.busy = true;
                return Some(Task::Shard(number, pending.step.clone()));
            }
        }
        None
    }

    fn add(&mut self, step: Step) {
        let shards = self.turns.len();
        self.pending.push_back(Pending {
            step,
            outputs: (0..shards).map(|_| None).collect(),
            left: shards,
            ended: true,
        });
    }

    /// A shard is through with a step.
    fn through(&mut self, shard: usize, output: Output, ended: bool) {
        let turn = &mut self.turns[shard];
        let at = usize::try_from(turn.next - self.first).unwrap_or(usize::MAX);
        turn.next += 1;
        turn.busy = false;
        if let Some(pending) = self.pending.get_mut(at) {
            pending.outputs[shard] = Some(output);
            pending.left -= 1;
            pending.ended &= ended;
        }
        while self.pending.front().is_some_and(|first| first.left == 0) {
            if let Some(first) = self.pending.pop_front() {
                self.first += 1;
                self.complete(first);
            }
        }
    }

    /// All shards are through with a step.
    fn complete(&mut self, done: Pending) {
        for output in done.outputs.into_iter().flatten() {
            self.portions.add(output);
        }
        match done.step {
            Step::Block(block) => {
                self.portions.add_packets(block.len());
                let is_due = block.is_due;
                self.spare.extend(Arc::into_inner(block));
                if is_due || self.portions.are_enough() {
                    self.ready.push_back(self.portions.take());
                }
            }
            Step::Finish => {
                self.ready.push_back(self.portions.take());
                if done.ended {
                    self.ended = true;
                } else {
                    self.add(Step::Finish);
                }
            }
        }
    }
}

impl Shared {
    fn work(&self, worker: usize) {
        let mut board = lock(&self.board);
        loop {
            match board.task(worker, self) {
                Task::Stop => break,
                Task::Wait => {
                    board.idle += 1;
                    let waited = self.work.wait(board);
                    board = waited.unwrap_or_else(PoisonError::into_inner);
                    board.idle -= 1;
                    continue;
                }
                Task::Fetch(ahead) => {
                    drop(board);
                    ahead.fetch_one();
                    board = lock(&self.board);
                }
                Task::Intake(mut block) => {
                    drop(board);
                    let (more, progress, ahead) = lock(&self.front).read(&mut block);
                    board = lock(&self.board);
                    board.intake_busy = false;
                    board.progress = progress;
                    board.ahead = ahead;
                    board.input_over = !more;
                    board.add(if more {
                        Step::Block(Arc::new(block))
                    } else {
                        Step::Finish
                    });
                }
                Task::Shard(number, step) => {
                    drop(board);
                    let (output, ended) = self.take_step(number, step);
                    board = lock(&self.board);
                    board.through(number, output, ended);
                }
            }
            if board.idle > 0 {
                self.work.notify_all();
            }
            if !board.ready.is_empty() {
                self.news.notify_one();
            }
        }
        drop(board);
        self.work.notify_all();
        self.news.notify_one();
    }

    /// One step of one shard: what it gave, and whether nothing is left in it.
    fn take_step(&self, number: usize, step: Step) -> (Output, bool) {
        let Some(shard) = self.shards.get(number) else {
            return (Output::default(), true);
        };
        let mut shard = lock(shard);
        let ended = match step {
            Step::Block(block) => {
                shard.take_in(&block);
                false
            }
            Step::Finish => shard.finish(PORTION_SESSIONS),
        };
        (shard.take(), ended)
    }
}

impl Crew {
    /// So many threads, at least one.
    pub(crate) fn new(intake: Intake, engine: Engine, workers: usize) -> Self {
        let Engine {
            dispatcher,
            shards,
            portions,
            ..
        } = engine;
        let workers = workers.max(1);
        let shared = Arc::new(Shared {
            board: Mutex::new(Board {
                ahead: intake.ahead(),
                pending: VecDeque::new(),
                first: 0,
                turns: shards.iter().map(|_| Turn::default()).collect(),
                idle: 0,
                intake_busy: false,
                input_over: false,
                spare: Vec::new(),
                portions,
                ready: VecDeque::new(),
                ended: false,
                progress: intake.progress(),
                stopped: false,
                failure: None,
            }),
            front: Mutex::new(Front { intake, dispatcher }),
            shards: shards.into_iter().map(Mutex::new).collect(),
            work: Condvar::new(),
            news: Condvar::new(),
            workers,
        });
        let work = |worker| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let worked = catch_unwind(AssertUnwindSafe(|| shared.work(worker)));
                if let Err(failure) = worked {
                    lock(&shared.board).failure = Some(failure);
                    shared.work.notify_all();
                    shared.news.notify_one();
                }
            })
        };
        Self {
            threads: (0..workers).map(work).collect(),
            shared,
        }
    }

    /// The next portion; `None` after the last one.
    pub(crate) fn portion(&mut self) -> Option<Output> {
        let mut board = lock(&self.shared.board);
        loop {
            if let Some(failure) = board.failure.take() {
                board.stopped = true;
                drop(board);
                resume_unwind(failure);
            }
            if let Some(output) = board.ready.pop_front() {
                drop(board);
                self.shared.work.notify_all();
                return Some(output);
            }
            if board.ended || board.stopped {
                return None;
            }
            let waited = self.shared.news.wait(board);
            board = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        lock(&self.shared.board).progress.clone()
    }

    /// What is told of each capture. It waits while a thread waits for the input.
    pub(crate) fn reports(&self) -> Vec<Report> {
        lock(&self.shared.front).intake.reports()
    }

    /// The interfaces that are watched. It waits as `reports` does.
    #[cfg(target_os = "linux")]
    pub(crate) fn watched(&self) -> Vec<Watched> {
        lock(&self.shared.front).intake.watched()
    }

    pub(crate) fn counters(&self) -> Counters {
        let mut counters = lock(&self.shared.front).dispatcher.counters();
        for shard in &self.shared.shards {
            counters.add(lock(shard).counters());
        }
        counters.certificates = lock(&self.shared.board).portions.certificates();
        counters
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        lock(&self.shared.board).stopped = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
