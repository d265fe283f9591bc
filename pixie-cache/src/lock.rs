//! One process at a time compiles a module: the others wait for what it makes.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use crate::compile::Watch;
use crate::error::Result;

/// How often a waiting process looks.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to compile, given up when dropped or when the process ends, however it ends.
pub struct Lock {
    file: File,
    path: PathBuf,
    held: bool,
}

/// What waiting ended in.
pub enum Waited<T> {
    /// This process is to compile, alone where it has a lock.
    Mine(Option<Lock>),
    /// Another one has.
    Done(T),
}

impl Lock {
    /// Waits for the lock at `path`; `done` is asked meanwhile, and once more when the lock is there. Where the system has no locks for
    /// this folder, it is got at once: compiling twice does no harm.
    pub fn wait<T>(path: PathBuf, watch: &dyn Watch, done: impl Fn() -> Option<T>) -> Result<Waited<T>> {
        let Ok(file) = OpenOptions::new().write(true).create(true).truncate(false).open(&path) else {
            return Ok(Waited::Mine(None));
        };
        let mut lock = Lock { file, path, held: false };
        let mut told = false;
        loop {
            match lock.file.try_lock() {
                Ok(()) => lock.held = true,
                Err(TryLockError::Error(_)) => return Ok(Waited::Mine(None)),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(done) = done() {
                return Ok(Waited::Done(done));
            }
            if lock.held {
                return Ok(Waited::Mine(Some(lock)));
            }
            if !told {
                watch.say("another process compiles it already; waiting for that");
                told = true;
            }
            watch.tick()?;
            std::thread::sleep(PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is released: whoever waits on the same file finds what was made, and newcomers make a new one.
        if self.held {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
