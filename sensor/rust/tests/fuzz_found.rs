//! Inputs that fuzzing found, in `tests/fuzz_found/<target>/`: what they broke once stays mended.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/src/lib.rs"]
mod checks;

use std::fs;
use std::path::Path;

#[test]
fn every_input_that_was_found_passes_its_check() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz_found");
    for (target, check) in checks::TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(root.join(target)).unwrap() {
            let path = entry.unwrap().path();
            let input = fs::read(&path).unwrap();
            let passed = std::panic::catch_unwind(|| check(&input));
            assert!(passed.is_ok(), "{}", path.display());
            inputs += 1;
        }
        assert!(inputs > 0, "{target} has no inputs");
    }
}
