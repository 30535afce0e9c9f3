//! A process watched from outside, call by call, from its first instruction to the moment before
//! its end: the secrets in its memory then, and where it wrote a secret meanwhile.
//!
//! A shell waits for a first line on standard input before it becomes the program, so that the
//! program is never unwatched. Its memory is opened while that is still allowed. So this works
//! without being root, although the helper hides its memory.

use super::keyring::Keyring;
use super::residue::{Needles, Piece};
use nix::libc::{self, user_regs_struct};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::thread;

/// The observations.
#[derive(Default)]
pub struct Seen {
    /// The exit status, or 128 and the signal's number.
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The pieces of secrets in memory at the end.
    pub residue: Vec<Residue>,
    /// The whole copies of the secret at its first write to standard output, besides the bytes that
    /// were written. None if it was not written there.
    pub copies_at_answer: Option<Vec<String>>,
    /// For each secret, the most whole copies at once, at any system call, besides bytes that were
    /// just leaving.
    pub most_copies: Vec<usize>,
    /// Where pieces of secrets were written: `stdout`, `stderr`, `socket`, `keyring` or a path.
    pub written_to: Vec<String>,
    /// The files that were opened for writing.
    pub opened: Vec<String>,
    /// The protections that were missing when the secret could be read in memory, or at the end.
    pub unprotected: Vec<&'static str>,
    /// The number of system calls.
    pub calls: usize,
    /// The number of calls that read or changed something in the kernel's keyring.
    pub keyring_calls: usize,
    /// The number of calls that changed something in the kernel's keyring or on a disk.
    pub changing_calls: usize,
}

/// The moment to end a process by force: at which of these calls, before the kernel carries it out
/// or after.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub of: Calls,
    pub at: usize,
    pub after: bool,
}

/// A class of system calls that are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// Calls that read or change something in the kernel's keyring.
    ToKeyring,
    /// Calls that change something there or on a disk: between two of them everything stays as it
    /// is.
    Changing,
}

/// A piece, and where it was.
#[derive(Debug)]
pub struct Residue {
    pub place: String,
    pub piece: Piece,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "status {}, {} calls", self.status, self.calls)?;
        writeln!(f, "stdout: {}", self.stdout.escape_ascii())?;
        writeln!(f, "stderr: {}", self.stderr.escape_ascii())?;
        writeln!(f, "copies beside the answer: {:?}", self.copies_at_answer)?;
        writeln!(f, "copies at once: {:?}", self.most_copies)?;
        writeln!(f, "written to: {:?}, opened: {:?}", self.written_to, self.opened)?;
        writeln!(f, "not protected against: {:?}", self.unprotected)?;
        for Residue { place, piece } in &self.residue {
            writeln!(f, "left behind: {} bytes, {}, in {place}", piece.length, piece.encoding)?;
        }
        Ok(())
    }
}

/// Runs a program with this input to its end.
pub fn watch(command: &Command, stdin: &[u8], needles: &Needles) -> Seen {
    watch_and_kill(command, stdin, needles, None)
}

/// Runs a program like [`watch`], but may end it early.
pub fn watch_and_kill(
    command: &Command,
    stdin: &[u8],
    needles: &Needles,
    to_be_killed: Option<Kill>,
) -> Seen {
    let mut gate = Command::new("sh");
    Keyring::of_this_test().enter(&mut gate);
    gate.args(["-c", "read -r _; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = command.get_current_dir() {
        gate.current_dir(folder);
    }
    #[expect(clippy::zombie_processes, reason = "the watcher waits, by ptrace's own means")]
    let mut child = gate.spawn().unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACEEXIT
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options).expect("seizing a child");
    let mut input = child.stdin.take().unwrap();
    let bytes = [b"\n", stdin].concat();
    let writer = thread::spawn(move || drop(input.write_all(&bytes)));
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let mut seen = Watcher { to_be_killed, ..Watcher::new(pid, needles) }.run();
    writer.join().unwrap();
    seen.stdout = stdout.join().unwrap();
    seen.stderr = stderr.join().unwrap();
    seen
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// The program's memory, opened while that was allowed.
pub struct Memory {
    maps: File,
    bytes: File,
}

impl Memory {
    pub fn open(pid: Pid) -> Self {
        let open = |name| File::open(format!("/proc/{pid}/{name}")).unwrap();
        Self { maps: open("maps"), bytes: open("mem") }
    }

    fn read(&self, at: u64, length: u64) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        self.bytes.read_exact_at(&mut bytes, at).map_or(Vec::new(), |()| bytes)
    }

    /// Returns every mapping with such rights: its name, its address, its bytes.
    pub fn mappings(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<(String, u64, Vec<u8>)> {
        self.maps.rewind().unwrap();
        let mut table = String::new();
        self.maps.read_to_string(&mut table).unwrap();
        let mappings = table.lines().filter_map(|line| {
            let mut fields = line.split_whitespace();
            let (start, end) = fields.next()?.split_once('-')?;
            let [start, end] = [start, end].map(|n| u64::from_str_radix(n, 16).unwrap());
            let is_wanted = wanted(fields.next()?);
            let name = fields.nth(3).unwrap_or("anonymous").to_owned();
            is_wanted.then_some((name, start, end - start))
        });
        mappings.map(|(name, start, length)| (name, start, self.read(start, length))).collect()
    }
}

struct Watcher<'a> {
    pid: Pid,
    needles: &'a Needles,
    memory: Option<Memory>,
    /// The files behind the descriptors, beside the standard streams.
    files: HashMap<u64, String>,
    entered: Option<user_regs_struct>,
    hidden: bool,
    no_core: bool,
    to_be_killed: Option<Kill>,
    seen: Seen,
}

impl<'a> Watcher<'a> {
    fn new(pid: Pid, needles: &'a Needles) -> Self {
        let names = ["stdin", "stdout", "stderr"].map(str::to_owned);
        Self {
            pid,
            needles,
            memory: None,
            files: (0..).zip(names).collect(),
            entered: None,
            hidden: false,
            no_core: false,
            to_be_killed: None,
            seen: Seen::default(),
        }
    }

    fn run(mut self) -> Seen {
        loop {
            let mut pass_on: Option<Signal> = None;
            match waitpid(self.pid, Some(WaitPidFlag::__WALL)).unwrap() {
                WaitStatus::Exited(_, status) => {
                    self.seen.status = status;
                    return self.seen;
                }
                WaitStatus::Signaled(_, signal, _) => {
                    self.seen.status = 128 + signal as i32;
                    return self.seen;
                }
                WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_EXEC) => {
                    self.memory = Some(Memory::open(self.pid));
                }
                WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_EXIT) => self.look_at_the_end(),
                WaitStatus::PtraceSyscall(_) => self.look_at_call(),
                WaitStatus::Stopped(_, signal) => pass_on = Some(signal),
                _ => {}
            }
            match ptrace::syscall(self.pid, pass_on) {
                // The process was killed meanwhile, and its end will be reported.
                Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
                Err(error) => panic!("going on: {error}"),
            }
        }
    }

    fn look_at_the_end(&mut self) {
        let Some(memory) = &mut self.memory else { return };
        let mappings = memory.mappings(|rights| rights.starts_with('r'));
        assert!(mappings.iter().any(|(name, ..)| name == "[stack]"), "no stack was read");
        for (name, start, bytes) in mappings {
            for piece in self.needles.find(&bytes) {
                let place = format!("{name} {:#x}", start + piece.at as u64);
                self.seen.residue.push(Residue { place, piece });
            }
        }
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.pid)).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        if core.split_whitespace().skip(4).take(2).any(|limit| limit != "0") {
            self.seen.unprotected.push("a core dump, at the end");
        }
    }

    fn look_at_call(&mut self) {
        if self.memory.is_none() {
            return;
        }
        let info = ptrace::syscall_info(self.pid).unwrap();
        let call = ptrace::getregs(self.pid).unwrap();
        if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY {
            self.seen.calls += 1;
            self.entered = Some(call);
            self.count_copies(&call);
            self.seen.keyring_calls += usize::from(is_to_keyring(&call));
            self.seen.changing_calls += usize::from(is_changing(&call));
            self.look_at_entry(&call);
            self.kill_where_told(&call, false);
        } else if let Some(entered) = self.entered.take() {
            self.look_at_return(&entered, call.rax.cast_signed());
            self.kill_where_told(&entered, true);
        }
    }

    fn kill_where_told(&self, call: &user_regs_struct, after: bool) {
        let is_told = |kill: Kill| {
            let (is_such, count) = match kill.of {
                Calls::ToKeyring => (is_to_keyring(call), self.seen.keyring_calls),
                Calls::Changing => (is_changing(call), self.seen.changing_calls),
            };
            is_such && kill.at == count && kill.after == after
        };
        if self.to_be_killed.is_some_and(is_told) {
            kill(self.pid, Signal::SIGKILL).unwrap();
        }
    }

    /// Counts the copies of each secret, but skips rows of calls that only ask and set up.
    fn count_copies(&mut self, call: &user_regs_struct) {
        if self.needles.count() == 0 {
            return;
        }
        let leaving = match call.orig_rax.cast_signed() {
            libc::SYS_write | libc::SYS_sendto => call.rsi..call.rsi + call.rdx,
            libc::SYS_add_key => call.rdx..call.rdx + call.r10,
            libc::SYS_poll | libc::SYS_ppoll | libc::SYS_keyctl | libc::SYS_exit_group => 0..0,
            _ => return,
        };
        let mappings = self.memory.as_mut().unwrap().mappings(|rights| rights.starts_with("rw"));
        let mut copies = vec![0; self.needles.count()];
        for (_, start, bytes) in mappings {
            for (secret, at) in self.needles.whole(&bytes) {
                copies[secret] += usize::from(!leaving.contains(&(start + at as u64)));
            }
        }
        self.seen.most_copies.resize(copies.len(), 0);
        for (most, now) in self.seen.most_copies.iter_mut().zip(copies) {
            *most = now.max(*most);
        }
    }

    fn look_at_entry(&mut self, call: &user_regs_struct) {
        let number = call.orig_rax.cast_signed();
        let (place, bytes) = match number {
            libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_sendto => {
                (self.name(call.rdi), self.read(call.rsi, call.rdx))
            }
            libc::SYS_writev => (self.name(call.rdi), self.gather(call.rsi, call.rdx)),
            libc::SYS_sendmsg => {
                let header = self.words(call.rsi, 4);
                (self.name(call.rdi), self.gather(header[2], header[3]))
            }
            libc::SYS_add_key => ("keyring".to_owned(), self.read(call.rdx, call.r10)),
            libc::SYS_keyctl if call.rdi == u64::from(libc::KEYCTL_UPDATE) => {
                ("keyring".to_owned(), self.read(call.rdx, call.r10))
            }
            _ => return self.look_at_protection(call),
        };
        if !self.needles.are_in(&bytes) {
            return;
        }
        if place == "stdout" && self.seen.copies_at_answer.is_none() {
            let copies = self.copies_beside(call.rsi, call.rdx);
            self.seen.copies_at_answer = Some(copies);
            self.expect_protection();
        }
        if !self.seen.written_to.contains(&place) {
            self.seen.written_to.push(place);
        }
    }

    fn look_at_protection(&mut self, call: &user_regs_struct) {
        let nothing = call.rsi == 0;
        match call.orig_rax.cast_signed() {
            libc::SYS_prctl if call.rdi == libc::PR_SET_DUMPABLE as u64 => self.hidden = nothing,
            libc::SYS_prlimit64 if call.rsi == u64::from(libc::RLIMIT_CORE) && call.rdx != 0 => {
                self.no_core = self.words(call.rdx, 2) == [0, 0];
            }
            libc::SYS_setrlimit if call.rdi == u64::from(libc::RLIMIT_CORE) => {
                self.no_core = self.words(call.rsi, 2) == [0, 0];
            }
            _ => {}
        }
    }

    fn look_at_return(&mut self, call: &user_regs_struct, result: i64) {
        let Ok(result) = u64::try_from(result) else { return };
        let path_at = |at| String::from_utf8_lossy(&self.text(at)).into_owned();
        match call.orig_rax.cast_signed() {
            libc::SYS_fcntl if matches!(call.rsi, 0 | 1030) => {
                let name = self.name(call.rdi);
                self.files.insert(result, name);
            }
            libc::SYS_openat => {
                let path = path_at(call.rsi);
                self.note_opened(result, path, call.rdx);
            }
            libc::SYS_open => {
                let path = path_at(call.rdi);
                self.note_opened(result, path, call.rsi);
            }
            libc::SYS_creat => {
                let path = path_at(call.rdi);
                self.note_opened(result, path, libc::O_WRONLY as u64);
            }
            libc::SYS_socket => {
                self.files.insert(result, "socket".to_owned());
            }
            libc::SYS_read | libc::SYS_recvfrom => self.look_at_arrival(call.rsi, result),
            libc::SYS_keyctl if call.rdi == u64::from(libc::KEYCTL_READ) => {
                self.look_at_arrival(call.rdx, result);
            }
            _ => {}
        }
    }

    fn note_opened(&mut self, number: u64, path: String, flags: u64) {
        let for_writing = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT) as u64;
        if flags & for_writing != 0 {
            self.seen.opened.push(path.clone());
        }
        self.files.insert(number, path);
    }

    fn look_at_arrival(&mut self, at: u64, length: u64) {
        if self.needles.are_in(&self.read(at, length)) {
            self.expect_protection();
        }
    }

    fn expect_protection(&mut self) {
        if !self.hidden {
            self.seen.unprotected.push("reading by other processes");
        }
        if !self.no_core {
            self.seen.unprotected.push("a core dump");
        }
    }

    fn copies_beside(&mut self, at: u64, length: u64) -> Vec<String> {
        let needles = self.needles;
        let mappings = self.memory.as_mut().unwrap().mappings(|rights| rights.starts_with('r'));
        let copies = mappings.iter().flat_map(|(name, start, bytes)| {
            needles.whole(bytes).into_iter().map(move |(_, at)| (name, start + at as u64))
        });
        copies
            .filter(|(_, address)| !(at..at + length).contains(address))
            .map(|(name, address)| format!("{name} {address:#x}"))
            .collect()
    }

    fn name(&self, number: u64) -> String {
        self.files.get(&number).cloned().unwrap_or_else(|| format!("file {number}"))
    }

    fn read(&self, at: u64, length: u64) -> Vec<u8> {
        self.memory.as_ref().unwrap().read(at, length)
    }

    fn words(&self, at: u64, count: u64) -> Vec<u64> {
        let bytes = self.read(at, count * 8);
        bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word)).collect()
    }

    fn gather(&self, vectors: u64, count: u64) -> Vec<u8> {
        let vectors = self.words(vectors, count * 2);
        vectors.chunks(2).flat_map(|vector| self.read(vector[0], vector[1])).collect()
    }

    /// Reads the text up to the NUL.
    fn text(&self, at: u64) -> Vec<u8> {
        (at..).map_while(|at| self.read(at, 1).first().copied().filter(|&b| b != 0)).collect()
    }
}

fn is_changing(call: &user_regs_struct) -> bool {
    let creates = (libc::O_CREAT | libc::O_TRUNC) as u64;
    match call.orig_rax.cast_signed() {
        libc::SYS_openat => call.rdx & creates != 0,
        libc::SYS_open => call.rsi & creates != 0,
        // Writes to the standard streams do not count.
        libc::SYS_write => call.rdi > 2,
        libc::SYS_keyctl => is_to_keyring(call) && call.rdi != u64::from(libc::KEYCTL_READ),
        libc::SYS_add_key
        | libc::SYS_mkdir
        | libc::SYS_mkdirat
        | libc::SYS_rename
        | libc::SYS_renameat
        | libc::SYS_renameat2
        | libc::SYS_unlink
        | libc::SYS_unlinkat
        | libc::SYS_rmdir
        | libc::SYS_fsync
        | libc::SYS_fdatasync
        | libc::SYS_ftruncate
        | libc::SYS_fchmod
        | libc::SYS_flock => true,
        _ => false,
    }
}

/// Returns whether a call goes to the keyring and counts. A description is asked of every key of
/// the user, even of other tests' keys, so it does not count.
fn is_to_keyring(call: &user_regs_struct) -> bool {
    match call.orig_rax.cast_signed() {
        libc::SYS_add_key => true,
        libc::SYS_keyctl => call.rdi != u64::from(libc::KEYCTL_DESCRIBE),
        _ => false,
    }
}
