//! The course of a lending: opens the way in, tells the person and the command what they need, and
//! waits for the end.

use super::advertisement::Advertisements;
use super::beside::Networks;
use super::environment::{self, Line, Reached};
use super::listen::Listener;
use super::transfers::Transfers;
use super::ways::Ways;
use super::{AT_ONCE, AT_THE_FORGE, Lending, Places, Plan, WayIn, inside, random_name};
use crate::api::http::Trouble;
use crate::child::{in_background, not_started};
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::git::url;
use crate::git::words::typed;
use crate::hardening::{code, interrupts};
use crate::private_file::{self, Folder};
use crate::terminal;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long transfers that are under way may go on after the end.
const GRACE: Duration = Duration::from_secs(30);

/// The name of the file of git's configuration beside the socket.
const FILE: &str = "gitconfig";

/// An event that can end a lending.
enum End {
    Signal(i32),
    Command(io::Result<ExitStatus>),
}

/// The events that nobody has taken yet. A channel of the standard library would make the program
/// 10 KB longer.
#[derive(Default)]
struct Ends {
    waiting: Mutex<Vec<End>>,
    came: Condvar,
}

impl Ends {
    fn add(&self, end: End) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        self.came.notify_one();
    }

    /// Takes the next event. Waits for it until this time, or for as long as it takes.
    fn next(&self, deadline: Option<Instant>) -> Option<End> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if !waiting.is_empty() {
                return Some(waiting.remove(0));
            }
            waiting = if let Some(deadline) = deadline {
                let left = deadline.checked_duration_since(Instant::now())?;
                let came = self.came.wait_timeout(waiting, left);
                came.unwrap_or_else(PoisonError::into_inner).0
            } else {
                self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }
}

/// Lends until a signal comes, the time is over, or the command has ended. Returns the exit status.
///
/// # Errors
/// Where the lending cannot begin.
pub(crate) fn run(plan: Plan) -> Result<u8, Error> {
    code::in_small_parts();
    code::let_go();
    let Plan { policy, username, lasting, way_in, inside_path, command, setups } = plan;
    let held = interrupts::hold();
    let ways = ways(&policy.hosts())?;
    let key = random_name().ok_or(Error::Refused("the system has no random numbers"))?;
    let listener = match &way_in {
        WayIn::Socket(folder) => Listener::socket(folder)?,
        WayIn::Port(port) => Listener::port(*port)?,
        WayIn::Inside(process) => inside::listener(*process, inside::PORT)?,
    };
    let mut names: Vec<(Context, Username)> = Vec::new();
    for host in policy.hosts() {
        let configured = setups.configuration(Some(&url::of(&host))).username;
        let configured = configured.map(|(_, name)| name);
        names.extend(username.iter().cloned().chain(configured).map(|name| (host.clone(), name)));
    }
    let mounted = match &listener {
        Listener::Socket(_, path) => {
            let name = path.file_name().unwrap_or_default();
            inside_path.map(|folder| folder.join(name)).or(Some(path.clone()))
        }
        _ => None,
    };
    let reached = match (&mounted, listener.number()) {
        (Some(path), _) => Reached::Socket(path),
        (None, Some(port)) => Reached::Port(port),
        (None, None) => return Err(Error::Refused("the port is not known")),
    };
    let base = environment::base(&reached);
    let lines = environment::lines(&policy, &names, &reached, &key);
    let file = match &listener {
        Listener::Socket(_, path) => Some(write_file(path, &lines)?),
        _ => None,
    };
    announce(&policy, &names, !command.is_empty(), &setups);
    // Threads use them until the process ends.
    let lending: &'static Lending = Box::leak(Box::new(Lending {
        policy,
        username,
        setups,
        ways,
        key,
        base,
        advertisements: Advertisements::default(),
        objects: super::lfs::Objects::default(),
        connections: Places::new(AT_ONCE),
        at_the_forge: Places::new(AT_THE_FORGE),
        transfers: Transfers::default(),
        networks: Networks::default(),
        has_ended: AtomicBool::new(false),
    }));
    let ends: &'static Ends = Box::leak(Box::default());
    let listener: &'static Listener = Box::leak(Box::new(listener));
    in_background(Box::new(move || listener.take_all(lending))).map_err(Error::Stream)?;
    in_background(Box::new(move || {
        loop {
            ends.add(End::Signal(interrupts::wait()));
        }
    }))
    .map_err(Error::Stream)?;
    let mut pid = None;
    if let Some((program, rest)) = command.split_first() {
        let mut child = Command::new(program);
        child.args(rest).envs(environment::variables(&lines));
        held.let_end(&mut child);
        match start(child, ends) {
            Ok(started) => pid = Some(started),
            Err(error) => {
                drop_way_in(listener, file.as_deref());
                return Ok(not_started("lend", &error));
            }
        }
    } else {
        print(&lines, file.as_deref());
    }
    let deadline = lasting.map(|lasting| Instant::now() + lasting);
    code::let_go();
    let status = wait(lending, ends, deadline, pid);
    drop_way_in(listener, file.as_deref());
    if lending.transfers.are_under_way() {
        let message = "transfers are under way: they get 30 seconds, or end with a Ctrl-C";
        terminal::say("lend", message);
    }
    in_background(Box::new(move || {
        while ends.next(None).is_some() {
            lending.transfers.cut();
        }
    }))
    .map_err(Error::Stream)?;
    lending.end(GRACE);
    Ok(status)
}

/// Waits for the end of the lending. Returns the exit status.
fn wait(
    lending: &'static Lending,
    ends: &Ends,
    mut deadline: Option<Instant>,
    pid: Option<rustix::process::Pid>,
) -> u8 {
    loop {
        match ends.next(deadline) {
            Some(End::Signal(signal)) => match pid {
                // The terminal sends a Ctrl-C to the command as well.
                Some(_) if signal == libc::SIGINT => {}
                Some(pid) => {
                    let signal = rustix::process::Signal::from_named_raw(signal);
                    let _ = signal.map(|signal| rustix::process::kill_process(pid, signal));
                }
                None => return 0,
            },
            Some(End::Command(status)) => return status.map_or(125, code),
            None => {
                terminal::say("lend", "the time is over, and nothing is lent any more");
                if pid.is_none() {
                    return 0;
                }
                // The command goes on, and what it still asks for is refused.
                let _ = in_background(Box::new(move || lending.end(GRACE)));
                deadline = None;
            }
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(125);
    u8::try_from(code).unwrap_or(125)
}

fn start(mut command: Command, ends: &'static Ends) -> io::Result<rustix::process::Pid> {
    let mut child = command.spawn()?;
    let pid = rustix::process::Pid::from_child(&child);
    in_background(Box::new(move || ends.add(End::Command(child.wait()))))?;
    Ok(pid)
}

/// Asks git once how it connects to these hosts, so that what is wrong is said before the lending
/// begins.
fn ways(hosts: &[Context]) -> Result<Ways, Error> {
    let ways = Ways::default();
    for host in hosts {
        ways.to(host, &url::of(host)).map_err(|trouble| match trouble {
            Trouble::NoCurl => Error::Refused("the way to the forge is curl, which is not there"),
            Trouble::Unfit => Error::Refused(
                "http is unencrypted and is lent only where it is this machine's own",
            ),
            _ => Error::Refused("git's settings for the forge are of no use to curl"),
        })?;
    }
    Ok(ways)
}

/// Says what is lent. Warns of variables and settings that lead the command past the lending.
fn announce(
    policy: &super::policy::Policy,
    names: &[(Context, Username)],
    has_command: bool,
    setups: &crate::setup::Setups,
) {
    for place in &policy.reads {
        let all =
            if place.is_scoped() { "" } else { ", which is all that the token may read there" };
        terminal::say("lend", &format!("reading of {place}{all}"));
    }
    if let Some(branches) = &policy.branches {
        for place in &policy.pushes {
            terminal::say(
                "lend",
                &format!("reading of {place}, and pushing of branches {branches}"),
            );
        }
    }
    if policy.public {
        for host in policy.hosts() {
            let name = host.authority();
            terminal::say("lend", &format!("reading of what is public at {name}, without a token"));
        }
    }
    if !has_command {
        return;
    }
    let givers = environment::givers();
    if !givers.is_empty() {
        let all = givers.join(", ");
        terminal::say("lend", &format!("the command finds a token or key of its own in {all}"));
        let unset = givers.iter().map(|name| format!("-u {name}")).collect::<Vec<_>>().join(" ");
        terminal::hint(&format!("to keep them from it: env {unset} git credential-pat lend …"));
    }
    for name in environment::rivals(policy, names, setups.entries()) {
        terminal::say(
            "lend",
            &format!("git is configured with {name}, which wins over what lend says"),
        );
        terminal::hint(&format!(
            "for the command alone, take your configuration away: GIT_CONFIG_GLOBAL=/dev/null, or \
             type: git config --global --unset-all {}",
            typed(&name)
        ));
    }
}

/// Writes the lines beside the socket, for programs that clear the environment.
fn write_file(socket: &Path, lines: &[Line]) -> Result<std::path::PathBuf, Error> {
    let cannot = Error::Refused("the file beside the socket cannot be written");
    let folder = socket.parent().ok_or(cannot)?;
    let mut file =
        Folder::ours(folder.to_owned()).and_then(|folder| folder.file(FILE)).ok_or(cannot)?;
    let text = environment::file(lines);
    private_file::rewrite(&mut file, text.as_bytes()).map_err(|_| cannot)?;
    Ok(folder.join(FILE))
}

/// Prints the lines of configuration that git in the sandbox needs.
fn print(lines: &[Line], file: Option<&Path>) {
    let _ = terminal::write_raw(environment::file(lines).as_bytes());
    if let Some(file) = file {
        let path = typed(file.as_os_str().as_encoded_bytes());
        terminal::hint(&format!(
            "these lines are git's configuration inside; they lie in {path}, which can be mounted \
             there: GIT_CONFIG_GLOBAL, or git config --global include.path {path}"
        ));
    } else {
        terminal::hint(
            "these lines are git's configuration inside: add them to ~/.gitconfig there",
        );
    }
}

fn drop_way_in(listener: &Listener, file: Option<&Path>) {
    if let Listener::Socket(_, path) = listener {
        let _ = std::fs::remove_file(path);
    }
    if let Some(file) = file {
        let _ = std::fs::remove_file(file);
    }
}
