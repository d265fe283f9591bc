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
    held: Option<(File, PathBuf)>,
}

/// What waiting ended in.
pub enum Waited<T> {
    /// This process is to compile.
    Mine(Lock),
    /// Another one has.
    Done(T),
}

impl Lock {
    /// Waits for the lock at `path`; `done` is asked meanwhile, and once more when the lock is there. Where the system has no locks for
    /// this folder, it is got at once: compiling twice does no harm.
    pub fn wait<T>(path: PathBuf, watch: &dyn Watch, done: impl Fn() -> Option<T>) -> Result<Waited<T>> {
        let unlocked = || Ok(Waited::Mine(Lock { held: None }));
        let Ok(file) = OpenOptions::new().write(true).create(true).truncate(false).open(&path) else {
            return unlocked();
        };
        let mut told = false;
        loop {
            let tried = file.try_lock();
            if let Some(done) = done() {
                // Also where the lock was got: it is the file that an earlier one removed.
                return Ok(Waited::Done(done));
            }
            match tried {
                Ok(()) => return Ok(Waited::Mine(Lock { held: Some((file, path)) })),
                Err(TryLockError::Error(_)) => return unlocked(),
                Err(TryLockError::WouldBlock) => {}
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
        if let Some((_, path)) = &self.held {
            // Before it is released: whoever waits on the same file finds what was made, and newcomers make a new one.
            let _ = std::fs::remove_file(path);
        }
    }
}
