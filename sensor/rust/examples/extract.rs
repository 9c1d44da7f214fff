//! The whole road without Python, for counting instructions: `extract CAPTURE [WORKERS [mapped]]` reads a capture, writes its
//! sessions as Arrow into memory, and prints how many packets, sessions and certificates it saw.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write as _};

use _rust::capture::Input;
use _rust::reading::{Plan, Reading};
use _rust::rows::{arrow, Captures, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: extract CAPTURE [WORKERS [mapped]]")?;
    let workers = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let source = Source {
        sensor: String::new(),
        captures: Captures::one(path.clone()),
    };
    let file = File::open(&path)?;
    let plan = Plan {
        workers,
        ..Plan::default()
    };
    let input = match arguments.next().as_deref() {
        Some("mapped") => Input::Mapped(file),
        _ => Input::File(file),
    };
    let mut reading = Reading::new(input, &plan);
    while let Some(output) = reading.portion() {
        if !output.sessions.is_empty() {
            black_box(arrow(&output.sessions, &source)?);
        }
    }
    let (packets, counters) = (reading.progress().packets, reading.counters());
    let (sessions, certificates) = (counters.sessions, counters.certificates);
    writeln!(io::stdout(), "{packets} {sessions} {certificates}")?;
    Ok(())
}
