//! The fuzz targets: built with libFuzzer's instrumentation by a plain cargo, run from the kept corpus.

use std::fs;

use anyhow::{Result, bail};

use crate::shell::{self, cargo, command, root};

/// The targets, each a file in `fuzz/fuzz_targets`.
pub const TARGETS: &[&str] = &["reader", "manifest", "signature", "link_object"];

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Coverage instrumentation as libFuzzer reads it; naming the triple keeps it out of build scripts.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// Runs one target, or all, for so many seconds each. New inputs go to `target/fuzz`, never to the kept corpus.
pub fn run(seconds: u32, target: Option<&str>) -> Result<()> {
    if let Some(name) = target
        && !TARGETS.contains(&name)
    {
        bail!("unknown fuzz target `{name}`\nhint: expected one of {}", TARGETS.join(", "));
    }
    shell::run(
        cargo()
            .args([
                "build",
                "--release",
                "--manifest-path",
                "fuzz/Cargo.toml",
                "--target-dir",
                "target/fuzz/build",
                "--target",
                TRIPLE,
            ])
            .env("RUSTFLAGS", FLAGS),
    )?;
    for name in TARGETS.iter().filter(|name| target.is_none_or(|chosen| chosen == **name)) {
        let fresh = root().join("target/fuzz/corpus").join(name);
        let artifacts = root().join("target/fuzz/artifacts");
        fs::create_dir_all(&fresh)?;
        fs::create_dir_all(&artifacts)?;
        eprintln!("fuzzing {name} for {seconds} s");
        shell::run(
            command(root().join("target/fuzz/build").join(TRIPLE).join("release").join(name))
                .arg(format!("-max_total_time={seconds}"))
                .arg(format!("-artifact_prefix={}/{name}-", artifacts.display()))
                .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"])
                .arg(fresh)
                .arg(root().join("fuzz/corpus").join(name)),
        )?;
    }
    Ok(())
}
