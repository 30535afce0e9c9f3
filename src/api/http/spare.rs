//! The curls that are started before there is a request for them. curl takes longer to start than a
//! near forge takes to answer; one that already waits for its options has that behind it.
//!
//! Its standard error is the pipe of the body, whether or not there will be a body: one more
//! descriptor would have to be inherited, and any program that another thread starts at that moment
//! would inherit it too. So curl can print no message.

use super::program;
use crate::child::in_background;
use crate::hardening::children;
use rustix::pipe::fcntl_setpipe_size;
use std::io::{self, PipeWriter, pipe};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many bytes wait in a pipe between curl and this program. The more they are, the less often
/// the two have to wait for each other.
const ROOM: usize = 256 * 1024;

/// A curl that has got no options yet.
pub(super) struct Started {
    pub(super) curl: Child,
    pub(super) answer: ChildStdout,
    pub(super) body: PipeWriter,
}

impl Started {
    /// Starts one.
    ///
    /// # Errors
    /// Where that is not possible.
    pub(super) fn new(curl: &Path) -> io::Result<Self> {
        let mut program = program(curl);
        let (reader, body) = pipe()?;
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(reader);
        children::set_apart(&mut program);
        let mut curl = program.spawn()?;
        let answer = curl.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        // Where the user has no room for this, the pipes stay as they are.
        let _ = fcntl_setpipe_size(&answer, ROOM);
        let _ = fcntl_setpipe_size(&body, ROOM);
        Ok(Self { curl, answer, body })
    }
}

/// How many wait: git sends two requests, and the second soon after the first.
const READY: usize = 2;

/// A thread that keeps some curls ready. The system ends a curl together with the thread that has
/// started it, so a thread of a request could not start one for the next request.
///
/// A channel of the standard library would make the program 10 KB longer.
#[derive(Default)]
pub(crate) struct Spare {
    ready: Mutex<Vec<Started>>,
    taken: Condvar,
}

impl Spare {
    /// Starts the thread, which goes on until the process ends.
    ///
    /// # Errors
    /// Where there can be no more threads.
    pub(super) fn new(curl: PathBuf) -> io::Result<&'static Self> {
        let spare: &Self = Box::leak(Box::default());
        in_background(Box::new(move || spare.fill(&curl)))?;
        Ok(spare)
    }

    /// Starts one whenever there is room for it, as long as curl can be started.
    fn fill(&self, curl: &Path) {
        loop {
            let ready = self.taken.wait_while(self.ready(), |ready| ready.len() >= READY);
            drop(ready);
            let Ok(started) = Started::new(curl) else { return };
            self.ready().push(started);
        }
    }

    /// Returns one that is ready, if there is one.
    pub(super) fn take(&self) -> Option<Started> {
        let started = self.ready().pop();
        self.taken.notify_one();
        started
    }

    fn ready(&self) -> MutexGuard<'_, Vec<Started>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
