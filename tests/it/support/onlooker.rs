//! Another program on the machine that keeps looking at what the system shows of every process: its
//! arguments, which anybody may read, and its environment.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(2);

/// See the [module](self).
pub struct Onlooker {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The names of the programs in which the secret was seen.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    pub arguments: BTreeSet<String>,
    pub environments: BTreeSet<String>,
    /// How often the onlooker has looked at all processes.
    pub rounds: usize,
}

impl Onlooker {
    /// Looks for this secret from now on.
    pub fn new(secret: &str) -> Self {
        let (seen, stop) =
            (Arc::new(Mutex::new(Seen::default())), Arc::new(AtomicBool::new(false)));
        let (list, end, secret) = (Arc::clone(&seen), Arc::clone(&stop), secret.to_owned());
        let thread = spawn(move || {
            while !end.load(Ordering::Relaxed) {
                look(&secret, &list);
                sleep(PAUSE);
            }
        });
        Self { seen, stop, thread: Some(thread) }
    }

    /// Stops looking. Returns what was seen.
    pub fn stop(mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn look(secret: &str, seen: &Mutex<Seen>) {
    for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let folder = entry.path();
        if entry.file_name().to_string_lossy().parse::<u32>().is_err() {
            continue;
        }
        // Of a process that has ended meanwhile nothing is read.
        let [arguments, environment] =
            ["cmdline", "environ"].map(|file| fs::read(folder.join(file)).unwrap_or_default());
        let name = || String::from_utf8_lossy(&arguments).replace('\0', " ");
        if holds(&arguments, secret) {
            seen.lock().unwrap().arguments.insert(name());
        }
        // A web server hands a client's headers to its programs, which belong to the host. Of a
        // program that is just ending, only a part of the environment may be there.
        let mut variables = environment.split(|byte| *byte == 0);
        if variables.any(|variable| holds(variable, secret) && !variable.starts_with(b"HTTP_")) {
            seen.lock().unwrap().environments.insert(name());
        }
    }
    seen.lock().unwrap().rounds += 1;
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
