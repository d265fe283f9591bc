//! Progress on a terminal, silence elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::plan::Plan;

/// A bar that counts objects.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub fn new(plan: &Plan) -> Progress {
        if plan.quiet || !std::io::stderr().is_terminal() {
            return Progress { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(plan.targets().count() as u64);
        let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar }
    }

    /// Names the phase.
    pub fn phase(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// One object is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Prints a line above the bar.
    pub fn note(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
