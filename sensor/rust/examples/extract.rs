//! The whole road without Python, for counting instructions: `extract CAPTURE` reads a capture, writes its sessions as
//! Arrow into memory, and prints how many packets, sessions and certificates it saw.

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write as _};

use _rust::limits::Limits;
use _rust::reading::Reading;
use _rust::rows::{arrow, Captures, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: extract CAPTURE")?;
    let source = Source {
        sensor: String::new(),
        captures: Captures::one(path.clone()),
    };
    let file = File::open(&path)?;
    let mut reading = Reading::new(Box::new(file), &source.sensor, Limits::default(), false);
    while let Some(output) = reading.portion() {
        if !output.sessions.is_empty() {
            black_box(arrow(&output.sessions, &source)?);
        }
    }
    let (packets, counters) = (reading.packets(), reading.counters());
    let (sessions, certificates) = (counters.sessions, counters.certificates);
    writeln!(io::stdout(), "{packets} {sessions} {certificates}")?;
    Ok(())
}
