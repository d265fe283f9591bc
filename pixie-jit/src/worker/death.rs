//! Reads from a dead worker's stderr what LLVM died of.

use std::process::ExitStatus;
use std::time::Duration;

use crate::error::Error;

/// How the task of a request to prepare begins.
pub const READING: &str = "reading";

/// What a worker says first whose memory is limited.
pub const LIMITED: &str = "memory is limited to ";

/// The error for a worker that ended instead of answering, or did not answer within `limit`.
pub fn error(task: String, stderr: &str, status: Option<ExitStatus>, limit: Option<Duration>) -> Error {
    let out_of_memory = stderr.contains("out of memory") || stderr.contains("memory allocation of");
    let killed = limit.is_none() && status.is_some_and(killed);
    let hint = if killed || out_of_memory {
        "the system, or a limit, left it too little memory; build with fewer --jobs, or split the input"
    } else if limit.is_some() {
        "the input may be too large for one function; split it, or compile with a lower -O"
    } else if task.starts_with(READING) {
        "the file is damaged, or made by another version of LLVM; `opt -passes=verify` should accept it"
    } else {
        "LLVM does not accept this code for this target; simplify the function, or leave the platform or level out"
    };
    // A crash does not say which of the two it was.
    let within = crashed_within(stderr, status).filter(|_| limit.is_none() && !killed && !out_of_memory);
    let hint = match within {
        Some(size) => {
            format!("a limit left it {size} of memory, which may be too little; if that is not it, {hint}")
        }
        None => hint.to_owned(),
    };
    let message = if let Some(limit) = limit {
        format!("no answer within {} s", limit.as_secs_f64())
    } else if killed {
        "the compile worker was killed".to_owned()
    } else {
        reason(stderr).unwrap_or_else(|| match status {
            Some(status) => format!("the compile worker ended with {status}"),
            None => "the compile worker ended".to_owned(),
        })
    };
    Error::Fatal { task, function: function(stderr), message, hint }
}

/// Whether another process ended it: the system when memory is short, or somebody.
#[cfg(unix)]
fn killed(status: ExitStatus) -> bool {
    const SIGKILL: i32 = 9;
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(SIGKILL)
}

/// Nothing tells on other systems.
#[cfg(not(unix))]
const fn killed(_: ExitStatus) -> bool {
    false
}

/// The limit on its memory, if the worker ended without a word: what cannot be had is not always noticed where it was asked for, least of
/// all by a stack that grows.
fn crashed_within(stderr: &str, status: Option<ExitStatus>) -> Option<&str> {
    let size = stderr.lines().find_map(|line| line.strip_prefix(LIMITED))?;
    (reason(stderr).is_none() && status?.code().is_none()).then_some(size)
}

/// `LLVM ERROR: text`, or the text of a failed assertion or panic.
fn reason(stderr: &str) -> Option<String> {
    let said = stderr.lines().find_map(|line| line.strip_prefix("LLVM ERROR: "));
    let said = said
        .or_else(|| stderr.lines().find(|line| line.contains("panicked at") || line.contains("Assertion")));
    said.map(|text| text.trim().to_owned())
}

/// `2. Running pass '…' on function '@name'`, the innermost.
fn function(stderr: &str) -> Option<String> {
    let (_, rest) = stderr.rsplit_once("on function '@")?;
    rest.split('\'').next().map(|name| name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llvms_words_and_function_are_found() {
        let stderr = "LLVM ERROR: Cannot select: intrinsic %llvm.x86.avx2.x\nPLEASE submit a bug report\nStack dump:\n\
            0.\tProgram arguments: pixie\n1.\tRunning pass 'Function Pass Manager' on module 'm'.\n\
            2.\tRunning pass 'X86 DAG->DAG Instruction Selection' on function '@f'\n #0 0x0 main\n";
        let message = error("compiling for linux-64, x86-64".to_owned(), stderr, None, None).to_string();
        assert!(message.starts_with(
            "LLVM failed compiling for linux-64, x86-64, function `f`: Cannot select: intrinsic %llvm.x86.avx2.x\nhint: "
        ), "{message}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_no_code_for_a_target() {
        let message = error("reading `a.bc` for win-64".to_owned(), "", None, None).to_string();
        assert!(message.contains("\nhint: the file is damaged, "), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_kill_is_not_blamed_on_the_code() {
        let killed = std::os::unix::process::ExitStatusExt::from_raw(9);
        let message = error("compiling for linux-64, x86-64".to_owned(), "", Some(killed), None).to_string();
        assert!(
            message.contains(
                ": the compile worker was killed\nhint: the system, or a limit, left it too little"
            ),
            "{message}"
        );
        let spent = "LLVM ERROR: out of memory\n";
        let message = error("t".to_owned(), spent, None, None).to_string();
        assert!(message.contains("\nhint: the system, or a limit, left it too little"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_crash_under_a_limit_may_be_the_limits() {
        let crashed: ExitStatus = std::os::unix::process::ExitStatusExt::from_raw(11);
        let said = |stderr: &str| error("t".to_owned(), stderr, Some(crashed), None).to_string();
        let message = said("memory is limited to 400 MiB\nStack dump:\n");
        assert!(
            message.contains("SIGSEGV") && message.contains("\nhint: a limit left it 400 MiB of"),
            "{message}"
        );
        assert!(said("").contains("\nhint: LLVM does not accept"));
        let message = said("memory is limited to 400 MiB\nLLVM ERROR: Cannot select: x\n");
        assert!(message.contains("Cannot select: x\nhint: LLVM does not accept"), "{message}");
    }

    #[test]
    fn silence_is_reported_as_such() {
        let message = error("t".to_owned(), "", None, None).to_string();
        assert!(message.starts_with("LLVM failed t: the compile worker ended\n"), "{message}");
    }
}
