//! Writes or checks the test vectors of spec/vectors: `vectors -- write|check`.

use std::path::Path;
use std::process::ExitCode;

#[path = "../support/blessed.rs"]
mod blessed;
mod cases;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    blessed::main(|| cases::generated(&folder))
}
