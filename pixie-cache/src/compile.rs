//! Running the `pixie` command, whose standard output is the module that it makes.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often the caller is asked whether to go on.
const TICK: Duration = Duration::from_millis(20);
/// After how long people are told what takes so long.
const SILENCE: Duration = Duration::from_secs(1);

/// Who waits for a compilation.
pub trait Watch: Sync {
    /// Does what may take seconds: without the interpreter's lock, where there is one.
    fn apart(&self, work: &mut (dyn FnMut() + Send)) {
        work();
    }

    /// Called some fifty times a second; an error stops the compilation.
    fn tick(&self) -> Result<()>;

    /// Tells people something, where there are people.
    fn say(&self, text: &str);
}

/// What the command is to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its arguments.
    pub words: Vec<OsString>,
    /// What is told if it takes long.
    pub what: String,
}

/// Runs the command `tool` to its end.
pub fn run(tool: &Path, request: &Request, watch: &dyn Watch) -> Result<Vec<u8>> {
    let start = |source| Error::Start { path: tool.to_owned(), source };
    let mut command = Command::new(tool);
    command.args(&request.words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().map_err(start)?);
    let (send, receive) = mpsc::channel();
    let (Some(mut output), Some(mut errors)) = (running.0.stdout.take(), running.0.stderr.take()) else {
        return Err(start(std::io::Error::other("no pipe")));
    };
    let messages = thread::spawn(move || {
        let mut text = Vec::new();
        // What was said before a pipe broke is still worth showing.
        let _ = errors.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.read_to_end(&mut bytes);
        // Nobody listens any more where the caller has stopped.
        let _ = send.send(read.map(|_| bytes));
    });
    let began = Instant::now();
    let mut told = false;
    let bytes = loop {
        match receive.recv_timeout(TICK) {
            Ok(bytes) => break bytes.map_err(start)?,
            Err(RecvTimeoutError::Disconnected) => break Vec::new(),
            Err(RecvTimeoutError::Timeout) => watch.tick()?,
        }
        if !told && began.elapsed() > SILENCE {
            watch.say(&request.what);
            told = true;
        }
    };
    let status = running.0.wait().map_err(start)?;
    if status.success() {
        return Ok(bytes);
    }
    let said = messages.join().unwrap_or_default();
    Err(Error::Compile(match message(&said) {
        "" => format!("`{}` ended with {status} and said nothing", tool.display()),
        said => said.to_owned(),
    }))
}

/// The error among what the command has said: behind warnings, before the usage.
fn message(said: &str) -> &str {
    let said = said.trim();
    let error = match said.strip_prefix("error: ") {
        Some(error) => error,
        None => said.split_once("\nerror: ").map_or(said, |(_, error)| error),
    };
    error.split("\n\nUsage: ").next().unwrap_or_default().trim()
}

/// A command that ends with its caller's wish to wait for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // It may have ended just now.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_found_among_warnings() {
        assert_eq!(message("warning: w\nerror: e\nhint: h\n"), "e\nhint: h");
        assert_eq!(message("error: e\n"), "e");
        assert_eq!(message("error: unexpected argument\n\nUsage: pixie …"), "unexpected argument");
        assert_eq!(message(" died "), "died");
    }

    #[cfg(unix)]
    mod by_a_shell {
        use std::sync::atomic::{AtomicI32, Ordering};

        use super::super::*;

        struct Patience(AtomicI32);

        impl Watch for Patience {
            fn tick(&self) -> Result<()> {
                match self.0.fetch_sub(1, Ordering::Relaxed) {
                    0 => Err(Error::Stopped),
                    _ => Ok(()),
                }
            }

            fn say(&self, _: &str) {}
        }

        fn shell(script: &str, patience: i32) -> Result<Vec<u8>> {
            let words = ["-c", script].map(OsString::from).to_vec();
            run(Path::new("/bin/sh"), &Request { words, what: "w".into() }, &Patience(patience.into()))
        }

        #[test]
        fn output_is_what_comes_back_and_failure_is_what_was_said() {
            assert_eq!(shell("head -c 300000 /dev/zero", 1000).unwrap().len(), 300_000);
            let failed = shell("echo no >&2; echo 'error: why' >&2; exit 3", 1000).unwrap_err().to_string();
            assert_eq!(failed, "why");
            let killed = shell("kill -9 $$", 1000).unwrap_err().to_string();
            assert!(killed.contains("signal: 9"), "{killed}");
        }

        #[test]
        fn a_caller_who_stops_ends_the_command() {
            let began = Instant::now();
            assert!(matches!(shell("exec sleep 60", 2), Err(Error::Stopped)));
            assert!(began.elapsed() < Duration::from_secs(30));
        }
    }
}
