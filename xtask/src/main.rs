//! `cargo xtask …`: set-up, demo, tests, benchmarks. What CI runs is what people run.

mod bench;
mod cross;
mod demo;
mod dist;
mod fuzz;
mod matrix;
mod notices;
mod profile;
mod pythons;
mod setup;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup          install what building and testing need (Debian packages, a virtual environment in .venv)
  demo           build everything, build a module of twelve kernels, import it, compare it with NumPy
  test           formatting, lints, tests in Rust and Python, test vectors, fuzzing from the corpus, the demo
  bench [NAME]   the figures beside their peers, measured in one run: call import threads kernels jit fuse ufunc xxhash build wheel
                 load
  cross [--tests] [PLATFORM]…
                 the command and the runtime for linux-aarch64, win-64 and osx-arm64, left in target/cross/PLATFORM
                 with `run`, which runs its programs here; --tests runs the tests of the crates by it
  dist [--quick] [runtime|toolchain] [PLATFORM]…
                 the distributions, left in target/dist: wheels of pixie-runtime for linux-64, linux-aarch64, win-64 and
                 osx-arm64 with its source, wheels of pixie-toolchain for linux-64 and linux-aarch64
  matrix [write] executes every platform's code at every ISA level that can be executed here and prints a table;
                 needs `cross`; write puts the table into ARCHITECTURE.md
  pythons        the runtime's tests on other versions of CPython; needs `dist`
  tidy           the borders between the crates, licences, sources
  fuzz SECONDS [TARGET]
                 run the fuzz targets for so long each
  notices [write]
                 check, or write, the list of third-party licences";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn dispatch(words: &[&str]) -> Result<()> {
    match words {
        ["setup"] => setup::run(),
        ["demo"] => demo::run(),
        ["test"] => test::run(),
        ["pythons"] => pythons::test(),
        ["matrix"] => matrix::run(false),
        ["matrix", "write"] => matrix::run(true),
        ["bench", names @ ..] => bench::run(names),
        ["cross", words @ ..] => cross::run(words),
        ["dist", words @ ..] => dist::run(words),
        ["tidy"] => tidy::run(),
        ["fuzz", seconds, target @ ..] if target.len() <= 1 => {
            fuzz::run(seconds.parse()?, target.first().copied())
        }
        ["notices"] => notices::check(),
        ["notices", "write"] => notices::write(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command\n\n{USAGE}"),
    }
}
