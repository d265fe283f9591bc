//! A pool of worker processes: requests in, replies in the same order out; a worker that dies is replaced.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Reply, Request, death, frame};
use crate::error::{Error, Result};

/// How much of a worker's stderr is kept: LLVM's reason and stack dump come to a few kilobytes.
const STDERR_LIMIT: u64 = 1 << 20;

/// Starts workers as they are needed.
pub struct Pool<F> {
    command: F,
    jobs: usize,
    timeout: Option<Duration>,
    idle: Mutex<Vec<Worker>>,
}

impl<F: Fn() -> Command + Sync> Pool<F> {
    /// A pool of at most `jobs` workers, each started by `command`, which must run [`super::serve`].
    pub const fn new(command: F, jobs: usize) -> Pool<F> {
        Pool { command, jobs, timeout: None, idle: Mutex::new(Vec::new()) }
    }

    /// Ends a worker that takes longer than this over one request.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Pool<F> {
        self.timeout = Some(timeout);
        self
    }

    /// Answers to all requests, in their order.
    pub fn run(&self, requests: Vec<Request>) -> Vec<Result<Reply>> {
        self.run_with(requests, |_| ())
    }

    /// Like `run`; calls `progress` with the index of each request when it is answered, from several threads.
    pub fn run_with(&self, requests: Vec<Request>, progress: impl Fn(usize) + Sync) -> Vec<Result<Reply>> {
        let mut replies: Vec<Option<Result<Reply>>> = requests.iter().map(|_| None).collect();
        let jobs = self.jobs.clamp(1, requests.len().max(1));
        let queue = Mutex::new(requests.into_iter().enumerate().collect::<VecDeque<_>>());
        let (send, receive) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..jobs {
                let (send, queue, progress) = (send.clone(), &queue, &progress);
                scope.spawn(move || {
                    let mut worker = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some((index, request)) = next else { break };
                        let reply = self.ask(&mut worker, request);
                        progress(index);
                        if send.send((index, reply)).is_err() {
                            break;
                        }
                    }
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(worker);
                });
            }
            drop(send);
            for (index, reply) in receive {
                if let Some(place) = replies.get_mut(index) {
                    *place = Some(reply);
                }
            }
        });
        let lost = || Err(Error::Worker { message: "a request was lost".to_owned() });
        replies.into_iter().map(|reply| reply.unwrap_or_else(lost)).collect()
    }

    /// One question to a worker, which is started if there is none, and gone if it fails.
    fn ask(&self, slot: &mut Option<Worker>, request: Request) -> Result<Reply> {
        let broken = |error: io::Error| Error::Worker { message: error.to_string() };
        let mut worker = match slot.take() {
            Some(worker) => worker,
            None => Worker::start((self.command)()).map_err(broken)?,
        };
        let task = request.task();
        match worker.ask(request, self.timeout) {
            Ok(reply) => {
                *slot = Some(worker);
                reply
            }
            Err(failure) => {
                let (stderr, status) = worker.end();
                let limit = self.timeout.filter(|_| matches!(failure, Failure::Timeout));
                Err(death::error(task, &stderr, status, limit))
            }
        }
    }
}

enum Failure {
    Died,
    Timeout,
}

/// A running worker. Dropping it closes its stdin, kills it if need be, and waits for it.
struct Worker {
    child: Child,
    to: Option<ChildStdin>,
    replies: mpsc::Receiver<Result<Reply>>,
    stderr: Option<JoinHandle<String>>,
}

impl Worker {
    fn start(mut command: Command) -> io::Result<Worker> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(
                |error| {
                    io::Error::other(format!("cannot start `{}`: {error}", command.get_program().display()))
                },
            )?;
        let piped = || io::Error::other("no pipe");
        let to = child.stdin.take();
        let from = child.stdout.take().ok_or_else(piped)?;
        let mut errors = child.stderr.take().ok_or_else(piped)?;
        let (send, replies) = mpsc::channel();
        // Replies are read on a thread of their own so that waiting for one can have a limit.
        thread::spawn(move || read_replies(from, &send));
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            // A worker whose stderr cannot be read has said nothing; the rest is drained so that it never blocks.
            let _ = errors.by_ref().take(STDERR_LIMIT).read_to_end(&mut text);
            let _ = io::copy(&mut errors, &mut io::sink());
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Worker { child, to, replies, stderr: Some(stderr) })
    }

    fn ask(&mut self, request: Request, timeout: Option<Duration>) -> Result<Result<Reply>, Failure> {
        let to = self.to.as_mut().ok_or(Failure::Died)?;
        frame::write(to, &request).map_err(|_| Failure::Died)?;
        match timeout {
            None => self.replies.recv().map_err(|_| Failure::Died),
            Some(limit) => self.replies.recv_timeout(limit).map_err(|error| match error {
                RecvTimeoutError::Timeout => Failure::Timeout,
                RecvTimeoutError::Disconnected => Failure::Died,
            }),
        }
    }

    /// What a failed worker said, and how it ended.
    fn end(mut self) -> (String, Option<std::process::ExitStatus>) {
        let status = self.stop();
        let stderr = self.stderr.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        (stderr, status)
    }

    fn stop(&mut self) -> Option<std::process::ExitStatus> {
        self.to = None;
        // The reply pipe closes when a worker aborts, a moment before its status is there; one that hangs is killed.
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                Ok(status) => return status,
                Err(_) => break,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // How it ended is our own doing, and tells nothing.
        None
    }
}

impl Drop for Worker {
    /// A worker that has answered holds nothing that it would have to put away.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_replies(mut from: ChildStdout, send: &mpsc::Sender<Result<Reply>>) {
    while let Ok(Some(reply)) = frame::read(&mut from) {
        if send.send(reply).is_err() {
            break;
        }
    }
}
