//! `git credential-pat lend`: access to repositories for a sandbox, which never gets the token.

#[cfg(target_os = "linux")]
use super::place::{Place, usable};
use crate::error::Error;
use crate::terminal;
use humantime::parse_duration;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The exit status where the lending itself failed, not the command.
const FAILED: u8 = 125;

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("way in").required(true).args(["socket", "inside", "port", "listen_inside"]))]
#[command(group = clap::ArgGroup::new("lent").required(true).multiple(true).args(["read", "push", "listen_inside"]))]
pub(super) struct Arguments {
    /// A host, or an organisation or repository on it, that may be read; several may be named
    #[arg(long, value_name = "PLACE", num_args = 1..)]
    read: Vec<String>,
    /// A repository, exactly, that may be read and pushed to; several may be named
    #[arg(long, value_name = "REPOSITORY", num_args = 1.., requires = "branches")]
    push: Vec<String>,
    /// The branches that may be pushed: one, or all below a name, like 'agent/*'
    #[arg(long, value_name = "PATTERN", requires = "push")]
    branches: Option<String>,
    /// Also pass on requests that read other repositories on these hosts, without a token
    #[arg(long)]
    public: bool,
    /// Lend git-lfs's objects too: to read where reading is lent, to add where pushing is lent
    #[arg(long)]
    lfs: bool,
    /// The name of the account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// End the lending after a time such as 30m or 8h
    #[arg(long, value_name = "8h", value_parser = parse_time)]
    lasting: Option<Duration>,
    /// Listen at a socket in this folder, which can be mounted into the sandbox; it is made if it
    /// is missing and must be this user's alone
    #[arg(long, value_name = "FOLDER")]
    socket: Option<PathBuf>,
    /// The path of --socket's folder in the sandbox, if it differs from the path here
    #[arg(long, value_name = "FOLDER", requires = "socket")]
    inside_path: Option<PathBuf>,
    /// Listen in the network of the sandbox in which this process runs
    #[arg(long, value_name = "PID", conflicts_with = "command")]
    inside: Option<u32>,
    /// Listen at this port of the loopback address; 0 takes a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The option with which this program starts itself for --inside
    #[arg(long, value_names = ["PID", "PORT"], num_args = 2, hide = true, exclusive = true)]
    listen_inside: Vec<u32>,
    #[command(flatten)]
    keychain: super::KeychainArguments,
    /// The command to run with access, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

fn parse_time(text: &str) -> Result<Duration, &'static str> {
    let time = parse_duration(text).ok().filter(|time| time.as_secs() > 0);
    time.ok_or("no such time: it is like 30m or 8h")
}

/// Lends access. Returns the exit status of the command.
pub(super) fn run(arguments: Arguments) -> u8 {
    match lend(arguments) {
        Ok(status) => status,
        Err(error) => {
            terminal::say("lend", &error.to_string());
            if let Some(hint) = error.hint() {
                terminal::hint(hint);
            }
            FAILED
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn lend(_arguments: Arguments) -> Result<u8, Error> {
    Err(Error::Refused("lending is there on Linux only, so far"))
}

#[cfg(target_os = "linux")]
fn lend(arguments: Arguments) -> Result<u8, Error> {
    use crate::context::Context;
    use crate::credential::Username;
    use crate::lend::branches::Branches;
    use crate::lend::policy::Policy;
    use crate::lend::{Plan, WayIn, bring_listener};
    if let [process, port] = arguments.listen_inside[..] {
        let port = u16::try_from(port).map_err(|_| Error::Usage("there is no such port"))?;
        return bring_listener(process, port).map(|()| 0);
    }
    let places = |texts: &[String]| {
        let places = texts.iter().map(|text| Place::parse(text).map(|place| place.context));
        places.collect::<Result<Vec<_>, Error>>()
    };
    let (reads, pushes) = (places(&arguments.read)?, places(&arguments.push)?);
    if pushes.iter().any(|place| !place.is_scoped()) {
        return Err(Error::Usage("--push takes the URL of one repository"));
    }
    let branches = arguments.branches.as_deref().map(|text| {
        Branches::parse(text).ok_or(Error::Usage(
            "--branches takes the name of a branch, or one that ends in /* for all below it",
        ))
    });
    let policy = Policy {
        reads,
        pushes,
        branches: branches.transpose()?,
        public: arguments.public,
        lfs: arguments.lfs,
    };
    // The path of a request has a host's name, not its protocol: it could not tell the two apart.
    let hosts = policy.hosts();
    let is_first = |(number, host): (usize, &Context)| {
        !hosts[..number].iter().any(|other| other.authority() == host.authority())
    };
    if !hosts.iter().enumerate().all(is_first) {
        return Err(Error::Usage("http and https of one host cannot be lent together"));
    }
    let username = arguments.username.map(|name| usable(Username::new(name.as_bytes())));
    let way_in = match (arguments.socket, arguments.inside, arguments.port) {
        (Some(folder), _, _) => WayIn::Socket(folder),
        (_, Some(process), _) => WayIn::Inside(process),
        (_, _, port) => WayIn::Port(port.unwrap_or_default()),
    };
    crate::lend::run(Plan {
        policy,
        username: username.transpose()?,
        lasting: arguments.lasting,
        way_in,
        inside_path: arguments.inside_path,
        command: arguments.command,
        setups: arguments.keychain.setups()?,
    })
}
