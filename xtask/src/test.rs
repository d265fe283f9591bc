//! The test run: what CI runs, and what anybody runs before a commit.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell::{self, cargo, command, pixie, python};
use crate::{cross, demo, dist, fuzz, matrix, notices, pythons, setup, tidy};

type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("packages and environment", || {
        setup::packages()?;
        setup::environment()
    }),
    ("formatting", || shell::run(cargo().args(["fmt", "--all", "--check"]))),
    ("lints", || {
        shell::run(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("tidy", tidy::run),
    ("licences", notices::check),
    ("command and runtime", setup::build),
    ("kernels", demo::build_kernels),
    ("tests in Rust", || {
        shell::run(
            cargo().args(["test", "--workspace", "--all-features", "--quiet"]).env("PIXIE_COMMAND", pixie()),
        )
    }),
    ("tests of the runtime", || pytest("python/tests")),
    ("cross builds", || cross::run(&[])),
    ("distributions", || {
        dist::run(&["--quick", "runtime", "linux-64", "linux-aarch64"])?;
        dist::run(&["--quick", "toolchain", "linux-64"])
    }),
    ("other versions of CPython", pythons::test),
    ("tests end to end", || pytest("tests/python")),
    ("matrix", || matrix::run(false)),
    ("independent reader", independent_reader),
    ("fuzzing", || fuzz::run(15, None)),
    ("demo", demo::run),
];

fn pytest(folder: &str) -> Result<()> {
    shell::run(command(python()).args(["-m", "pytest", "-q", folder]).env("PIXIE_COMMAND", pixie()))
}

/// The reader in Python, over every vector and over freshly built modules.
fn independent_reader() -> Result<()> {
    let built = demo::folder().join("kernels.pixie");
    shell::run(command(python()).arg("spec/reader/check_vectors.py").arg(built))
}

/// Runs every step, and goes on after one that failed, so that one run tells all.
pub fn run() -> Result<()> {
    let mut results: Vec<(&str, Duration, bool)> = Vec::new();
    for (name, step) in STEPS {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = step();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        results.push((name, start.elapsed(), result.is_ok()));
    }
    println!();
    for (name, time, passed) in &results {
        let word = if *passed { "ok" } else { "FAILED" };
        println!("{name:<26} {:>6.1} s  {word}", time.as_secs_f64());
    }
    let failed = results.iter().filter(|(_, _, passed)| !passed).count();
    println!("steps: {} passed, {failed} failed", results.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} steps failed", results.len());
    }
    Ok(())
}
