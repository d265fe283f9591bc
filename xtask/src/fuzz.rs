//! The fuzz targets: built with libFuzzer's instrumentation by `fuzz/build.sh`, run from the kept corpus.

use std::fs;

use anyhow::{Result, bail};

use crate::shell::{self, command, root};

/// The targets, each a file in `fuzz/fuzz_targets`, with the dictionary that helps it.
const TARGETS: &[(&str, Option<&str>)] = &[
    ("reader", Some("manifest.dict")),
    ("manifest", Some("manifest.dict")),
    ("signature", Some("signature.dict")),
    ("link_elf_x86_64", None),
    ("link_elf_aarch64", None),
    ("link_macho", None),
    ("link_coff", None),
    ("image", None),
];

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Runs one target, or all, for so many seconds each. New inputs go to `fuzz/artifacts`, never to the kept corpus.
pub fn run(seconds: u32, target: Option<&str>) -> Result<()> {
    let chosen: Vec<_> =
        TARGETS.iter().filter(|(name, _)| target.is_none_or(|target| target == *name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        bail!(
            "unknown fuzz target `{}`\nhint: expected one of {}",
            target.unwrap_or_default(),
            names.join(", ")
        );
    }
    shell::run(command("sh").arg("fuzz/build.sh"))?;
    // Two at a time: each target is one thread.
    for pair in chosen.chunks(2) {
        std::thread::scope(|scope| {
            let runs: Vec<_> = pair
                .iter()
                .map(|(name, dictionary)| scope.spawn(move || run_one(name, *dictionary, seconds)))
                .collect();
            runs.into_iter()
                .try_for_each(|run| run.join().unwrap_or_else(|_| bail!("a fuzzing thread panicked")))
        })?;
    }
    Ok(())
}

fn run_one(name: &str, dictionary: Option<&str>, seconds: u32) -> Result<()> {
    let fuzz = root().join("fuzz");
    let fresh = fuzz.join("artifacts/corpus").join(name);
    fs::create_dir_all(&fresh)?;
    eprintln!("fuzzing {name} for {seconds} s");
    let mut program = command(fuzz.join("target").join(TRIPLE).join("release").join(name));
    program
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/artifacts/{name}-", fuzz.display()))
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-max_len=16384",
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
    if let Some(dictionary) = dictionary {
        program.arg(format!("-dict={}", fuzz.join("dict").join(dictionary).display()));
    }
    shell::run(program.arg(fresh).arg(fuzz.join("corpus").join(name)))
}
