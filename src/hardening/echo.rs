//! A terminal that hides what is typed shows it again, whatever ends this process, and while the
//! process is stopped.
//!
//! Ctrl-C is read like any other key, so that it can be answered. Everything else that ends or
//! stops a process comes as a signal: the handler restores the terminal, and then lets the signal
//! act. When the process goes on, the echo is turned off once more: a shell has turned it on
//! meanwhile. A read that was under way ends with [`io::ErrorKind::Interrupted`], so that the
//! reader can ask again.
//!
//! A process in the background touches nothing: the terminal is then another's. A signal that was
//! ignored stays ignored.
#![allow(unsafe_code, reason = "signals and what may be done in their handlers have no wrapper")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The signals that end a process by default, and that come from outside or from a fault that is
/// noticed.
const ENDING: [libc::c_int; 8] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGALRM,
    libc::SIGABRT,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// The signals that stop a process, as far as they can be noticed.
const STOPPING: [libc::c_int; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// The terminal whose echo is off now, or null.
static OFF: AtomicPtr<Off> = AtomicPtr::new(null_mut());

/// Whether the process was stopped and has gone on since this was last asked.
static WENT_ON: AtomicBool = AtomicBool::new(false);

struct Off {
    terminal: RawFd,
    shown: libc::termios,
    hidden: libc::termios,
}

/// A terminal whose echo is off, until it is [turned on](Self::turn_on).
pub(crate) struct EchoOff {
    off: &'static Off,
    /// The signals that are handled, each with its action before.
    before: Vec<(libc::c_int, libc::sigaction)>,
}

/// Turns the echo off. Line editing is off, too: the system edits no line longer than 4,096 bytes.
/// The terminal must stay open until the echo is on again.
///
/// # Errors
/// Where the terminal fails.
pub(crate) fn turn_off(terminal: &File) -> io::Result<EchoOff> {
    let terminal = terminal.as_raw_fd();
    let shown = mode(terminal)?;
    let mut hidden = shown;
    hidden.c_lflag &= !(libc::ECHO | libc::ICANON);
    hidden.c_cc[libc::VMIN] = 1;
    hidden.c_cc[libc::VTIME] = 0;
    hidden.c_cc[libc::VINTR] = libc::_POSIX_VDISABLE;
    // A handler may look at it at any time, so it is leaked. It is small, and people are asked
    // rarely.
    let off: &'static Off = Box::leak(Box::new(Off { terminal, shown, hidden }));
    OFF.store(std::ptr::from_ref(off).cast_mut(), Ordering::SeqCst);
    let ending = ENDING.into_iter().map(|signal| (signal, ends as Handler));
    let stopping = STOPPING.into_iter().map(|signal| (signal, stops as Handler));
    let all = ending.chain(stopping).chain([(libc::SIGCONT, goes_on as Handler)]);
    let before = all.filter_map(|(signal, handler)| Some((signal, handled(signal, handler)?)));
    let echo = EchoOff { off, before: before.collect() };
    match set_mode(terminal, libc::TCSANOW, &hidden) {
        Ok(()) => Ok(echo),
        Err(error) => {
            let _ = echo.turn_on();
            Err(error)
        }
    }
}

impl EchoOff {
    /// Restores the terminal. Keys that were typed meanwhile and not read are dropped.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(crate) fn turn_on(&self) -> io::Result<()> {
        let result = set_mode(self.off.terminal, libc::TCSAFLUSH, &self.off.shown);
        for (signal, before) in &self.before {
            act(*signal, before);
        }
        OFF.store(null_mut(), Ordering::SeqCst);
        result
    }
}

/// Returns whether the process was stopped and has gone on since this was last asked.
pub(crate) fn went_on() -> bool {
    WENT_ON.swap(false, Ordering::SeqCst)
}

// --- Handlers: they allocate no memory and take no lock -----------------------------------

/// `void (*)(int)`
type Handler = extern "C" fn(libc::c_int);

extern "C" fn ends(signal: libc::c_int) {
    show();
    act(signal, &action(libc::SIG_DFL));
    raise(signal);
    // The signal waits until this handler has returned.
}

extern "C" fn stops(signal: libc::c_int) {
    let error = error_number();
    show();
    act(signal, &action(libc::SIG_DFL));
    raise(signal);
    mask(libc::SIG_UNBLOCK, signal);
    // Between these two lines the process was stopped, and went on.
    mask(libc::SIG_BLOCK, signal);
    act(signal, &action(stops as Handler as libc::sighandler_t));
    hide_again();
    set_error_number(error);
}

extern "C" fn goes_on(_: libc::c_int) {
    let error = error_number();
    hide_again();
    set_error_number(error);
}

/// Restores the terminal at once: to wait for its output could take for ever after a Ctrl-S.
fn show() {
    if let Some(off) = in_foreground() {
        let _ = set_mode(off.terminal, libc::TCSANOW, &off.shown);
        // Else a shell would read, and show, the part of the answer that was typed.
        // SAFETY: the call takes numbers.
        unsafe { libc::tcflush(off.terminal, libc::TCIFLUSH) };
    }
}

fn hide_again() {
    if let Some(off) = in_foreground() {
        let _ = set_mode(off.terminal, libc::TCSANOW, &off.hidden);
    }
    WENT_ON.store(true, Ordering::SeqCst);
}

/// Returns the terminal whose echo is off, where this process may change it.
fn in_foreground() -> Option<&'static Off> {
    let off = OFF.load(Ordering::SeqCst);
    // SAFETY: it is null or was leaked, so that it is there as long as the process.
    let off = unsafe { off.as_ref() }?;
    // SAFETY: the call takes a number and gives one.
    let foreground = unsafe { libc::tcgetpgrp(off.terminal) };
    // SAFETY: the call takes nothing and cannot fail.
    let ours = unsafe { libc::getpgrp() };
    (foreground == ours).then_some(off)
}

fn mode(terminal: RawFd) -> io::Result<libc::termios> {
    let mut mode = MaybeUninit::uninit();
    // SAFETY: the call writes a whole mode there, or fails.
    check(unsafe { libc::tcgetattr(terminal, mode.as_mut_ptr()) })?;
    // SAFETY: the call did not fail.
    Ok(unsafe { mode.assume_init() })
}

fn set_mode(terminal: RawFd, when: libc::c_int, mode: &libc::termios) -> io::Result<()> {
    loop {
        // SAFETY: the mode is initialised, and the call keeps no pointer to it.
        match check(unsafe { libc::tcsetattr(terminal, when, mode) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Sets a signal's handler, unless the signal is ignored. Returns the action before.
fn handled(signal: libc::c_int, handler: Handler) -> Option<libc::sigaction> {
    let mut before = action(libc::SIG_DFL);
    // SAFETY: the call writes a whole action to `before`, and keeps no pointer to it.
    check(unsafe { libc::sigaction(signal, null(), &raw mut before) }).ok()?;
    if before.sa_sigaction == libc::SIG_IGN {
        return None;
    }
    act(signal, &action(handler as libc::sighandler_t));
    Some(before)
}

/// Returns an action during which none of the handled signals interrupts another's.
fn action(handler: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: all of its fields are numbers, for which 0 is a value.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    // SAFETY: the set is there, and the call writes nothing else.
    unsafe { libc::sigemptyset(&raw mut action.sa_mask) };
    for signal in ENDING.into_iter().chain(STOPPING).chain([libc::SIGCONT]) {
        // SAFETY: the set is initialised, and the call keeps no pointer to it.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, signal) };
    }
    action
}

fn act(signal: libc::c_int, action: &libc::sigaction) {
    // SAFETY: the action is initialised, and its handler is a function of this program, which
    // calls only what may be called in one.
    unsafe { libc::sigaction(signal, action, null_mut()) };
}

fn raise(signal: libc::c_int) {
    // SAFETY: the call takes a number.
    unsafe { libc::raise(signal) };
}

/// Blocks this signal in this thread, or unblocks it.
fn mask(how: libc::c_int, signal: libc::c_int) {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the call initialises the whole set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was initialised above, and the call keeps no pointer to it.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    // SAFETY: the set is initialised, and the call keeps no pointer to it.
    unsafe { libc::pthread_sigmask(how, set.as_ptr(), null_mut()) };
}

/// Returns the number of the last error, which the interrupted code may be about to read.
fn error_number() -> libc::c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or_default()
}

fn set_error_number(number: libc::c_int) {
    #[cfg(any(target_os = "illumos", target_os = "solaris"))]
    use libc::___errno as place;
    #[cfg(any(target_os = "netbsd", target_os = "openbsd"))]
    use libc::__errno as place;
    #[cfg(any(target_os = "linux", target_os = "dragonfly"))]
    use libc::__errno_location as place;
    #[cfg(any(target_os = "macos", target_os = "freebsd"))]
    use libc::__error as place;
    // SAFETY: the call gives the address of this thread's own number.
    unsafe { *place() = number };
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
