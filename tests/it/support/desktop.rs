//! A desktop session of its own for every test: a private bus and, on it, a real password manager,
//! apart from the user's own. Its processes end with the test.

mod oo7;

use crate::support::program::{missing, program};
use crate::support::sandbox::{Ran, Sandbox};
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The password of every keyring and database here, which `xdotool` types.
pub const PASSWORD: &str = "test";

/// How long a part may take to start: much longer than any ever took.
const START: Duration = Duration::from_secs(30);

/// The program behind GNOME Keyring's window.
const PROMPTER: &str = "/usr/libexec/gcr-prompter";

const SERVICE: &str = "org.freedesktop.secrets";

/// Runs dbus-broker with all that it wants of a system.
const BROKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/broker.py");

/// Mounts a disk at a folder and becomes a program that sees it there.
const SMALL_DISK: &str = "mount -t tmpfs -o size=64k,mode=700 none \"$1\" && shift && exec \"$@\"";

/// The group of the `KeePassXC` database that the Secret Service shows.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile>
  <Meta>
    <CustomData>
      <Item>
        <Key>FDO_SECRETS_EXPOSED_GROUP</Key>
        <Value>{00112233-4455-6677-8899-aabbccddeeff}</Value>
      </Item>
    </CustomData>
  </Meta>
  <Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
"#;

/// `KeePassXC` 2.7 saves in a thread, and crashes where an item is deleted meanwhile. So it saves
/// when it ends.
const KEEPASSXC_CONFIG: &str = "[General]
SingleInstance=false
ConfigVersion=2
UpdateCheckMessageShown=true
AutoSaveAfterEveryChange=false
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ConfirmAccessItem=false
ConfirmDeleteItem=false
ShowNotification=false
";

const KWALLET_CONFIG: &str = "[Wallet]
Enabled=true
First Use=false
Default Wallet=kdewallet
Use One Wallet=true
Prompt on Open=false
Leave Open=true
[org.freedesktop.secrets]
apiEnabled=true
";

/// A session. Its bus is in the sandbox's environment.
pub struct Desktop {
    // The processes are dropped first: else they would write into the home that is being removed.
    processes: Vec<Process>,
    pub sandbox: Sandbox,
    address: String,
}

/// A running part, with all processes that it starts. It ends when this is dropped.
pub struct Process {
    name: &'static str,
    pub child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Prints the output of the parts where a test fails.
impl Drop for Desktop {
    #[expect(clippy::print_stderr, reason = "a failing test's own output")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for process in &mut self.processes {
            let log = self.sandbox.path(&format!("{}.log", process.name));
            let said = fs::read_to_string(log).unwrap_or_default();
            let ended = process.child.try_wait();
            eprintln!("{}: ended: {ended:?}, it said: {said}", process.name);
        }
    }
}

impl Process {
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Desktop {
    /// Starts a bus with nobody on it.
    pub fn empty() -> Self {
        Self::with(None)
    }

    /// Starts a bus with an unlocked GNOME Keyring.
    pub fn gnome_keyring() -> Self {
        let mut desktop = Self::empty();
        desktop.start_gnome_keyring();
        desktop
    }

    /// Starts the same on dbus-broker, the bus of Fedora and Arch Linux.
    pub fn gnome_keyring_on_dbus_broker() -> Self {
        let mut desktop = Self::with_bus(Self::dbus_broker, None);
        desktop.start_gnome_keyring();
        desktop
    }

    /// Starts a bus with an unlocked GNOME Keyring whose files lie on a disk of 64 KiB of its own.
    /// Only root can make one; other users get a folder, see [`Self::fill_disk`].
    pub fn gnome_keyring_on_small_disk() -> Self {
        let mut desktop = Self::empty();
        fs::create_dir_all(desktop.sandbox.path("data/keyrings")).unwrap();
        let mut command = desktop.sandbox.command("unshare");
        command.args(["--mount", "sh", "-c", SMALL_DISK, "sh"]);
        command.arg(desktop.sandbox.path("data/keyrings")).arg("gnome-keyring-daemon");
        if !rustix::process::getuid().is_root() {
            command = desktop.sandbox.command("gnome-keyring-daemon");
        }
        desktop.start_gnome_keyring_as(command);
        desktop
    }

    /// Keeps GNOME Keyring from writing its files, from now on.
    pub fn fill_disk(&self) {
        let folder = self.sandbox.path("data/keyrings");
        if !rustix::process::getuid().is_root() {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).unwrap();
            return;
        }
        // Write through the daemon's own view: nobody else sees its disk.
        let root = format!("/proc/{}/root", self.process("gnome-keyring").child.id());
        let seen = folder.join("filler");
        let filler = Path::new(&root).join(seen.strip_prefix("/").unwrap());
        let mut filler = File::create(filler).unwrap();
        while filler.write_all(&[0; 512]).is_ok() {}
    }

    /// Starts a bus and a display with an unlocked GNOME Keyring that can ask for its password.
    pub fn gnome_keyring_with_display() -> Self {
        if !Path::new(PROMPTER).exists() {
            missing(PROMPTER, "apt install gcr");
        }
        let mut desktop = Self::with(Some(display()));
        desktop.start_gnome_keyring();
        desktop
    }

    /// Starts a bus with a GNOME Keyring that has no keyring yet, as on a machine where nobody has
    /// logged in to a desktop.
    pub fn gnome_keyring_without_collection() -> Self {
        let mut desktop = Self::empty();
        let command = desktop.sandbox.command("gnome-keyring-daemon");
        desktop.start_gnome_keyring_daemon(command, &["--start"], "");
        desktop.until("gnome-keyring is on the bus", |d| d.has_owner(SERVICE));
        desktop
    }

    /// Starts a bus with `KeePassXC` and an open database.
    pub fn keepassxc() -> Self {
        let mut desktop = Self::empty();
        desktop.start_keepassxc(KEEPASSXC_CONFIG, &["--pw-stdin"]);
        // While the database is locked, a search would wait for its window.
        desktop.until("KeePassXC has opened the database", |d| d.is_unlocked() == Some(true));
        desktop
    }

    /// Starts a bus and a display with `KeePassXC` that asks before a program gets an item, as it
    /// does by default.
    pub fn asking_keepassxc() -> Self {
        let mut desktop = Self::with(Some(display()));
        let config = KEEPASSXC_CONFIG.replace("ConfirmAccessItem=false", "ConfirmAccessItem=true");
        desktop.start_keepassxc(&config, &["--pw-stdin"]);
        desktop.until("KeePassXC has opened the database", |d| d.is_unlocked() == Some(true));
        desktop
    }

    /// Starts a bus with `KeePassXC` and a database that nobody has opened.
    pub fn locked_keepassxc() -> Self {
        let mut desktop = Self::empty();
        desktop.start_keepassxc(KEEPASSXC_CONFIG, &[]);
        desktop.until("KeePassXC shows the database", |d| d.is_unlocked() == Some(false));
        desktop
    }

    /// Starts a bus and a display with `KWallet`. Its collection is locked until it is asked to
    /// unlock, which then needs no window.
    pub fn kwallet() -> Self {
        let mut desktop = Self::with(Some(display()));
        desktop.start_kwallet();
        desktop
    }

    fn with(display: Option<(Process, String)>) -> Self {
        Self::with_bus(Self::dbus_daemon, display)
    }

    fn with_bus(bus: fn(&Self) -> Process, display: Option<(Process, String)>) -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("GSETTINGS_BACKEND", "memory");
        sandbox.set("NO_AT_BRIDGE", "1");
        sandbox.set("QT_QPA_PLATFORM", if display.is_some() { "xcb" } else { "offscreen" });
        let address = format!("unix:path={}", sandbox.path("run/bus").display());
        let mut processes = Vec::new();
        if let Some((process, display)) = display {
            // The bus gets the display, too: it starts gnome-keyring's prompter.
            sandbox.set("DISPLAY", &display);
            processes.push(process);
        }
        let mut desktop = Self { processes, sandbox, address };
        desktop.configure_bus();
        desktop.processes.push(bus(&desktop));
        let address = desktop.address.clone();
        desktop.sandbox.set("DBUS_SESSION_BUS_ADDRESS", &address);
        desktop
    }

    /// Returns the bus's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends a signal to a part.
    pub fn signal(&self, name: &str, signal: Signal) {
        self.process(name).signal(signal);
    }

    /// Returns a part's process, for a test that signals it from another thread.
    pub fn pid(&self, name: &str) -> Pid {
        Pid::from_child(&self.process(name).child)
    }

    /// Ends a part at once, and waits until it is gone.
    pub fn kill(&mut self, name: &str) {
        self.processes.retain(|p| p.name != name);
    }

    /// Returns whether a part still runs.
    pub fn runs(&mut self, name: &str) -> bool {
        let process = self.processes.iter_mut().find(|p| p.name == name).unwrap();
        process.child.try_wait().unwrap().is_none()
    }

    fn process(&self, name: &str) -> &Process {
        self.processes.iter().find(|p| p.name == name).unwrap()
    }

    fn configure_bus(&self) {
        // The system's services are left out: only those that a test starts are there. The prompter
        // is gnome-keyring's, and the bus starts it.
        let services = self.sandbox.path("services");
        fs::create_dir(&services).unwrap();
        let prompter =
            format!("[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec={PROMPTER}\n");
        fs::write(services.join("prompter.service"), prompter).unwrap();
        let config = format!(
            "<busconfig><type>session</type><listen>{}</listen><servicedir>{}</servicedir>\
             <policy context='default'><allow send_destination='*' eavesdrop='true'/>\
             <allow eavesdrop='true'/><allow own='*'/></policy></busconfig>",
            self.address,
            services.display()
        );
        fs::write(self.sandbox.path("bus.conf"), config).unwrap();
    }

    fn dbus_daemon(&self) -> Process {
        let mut command = self.sandbox.command("dbus-daemon");
        command.arg(format!("--config-file={}", self.sandbox.path("bus.conf").display()));
        command.args(["--nofork", "--nopidfile", "--print-address"]);
        let mut bus = start(command, "dbus-daemon", "dbus-daemon");
        first_line(&mut bus);
        bus
    }

    fn dbus_broker(&self) -> Process {
        let mut command = self.sandbox.command("unshare");
        command.args(["--user", "--map-root-user", "--mount", "python3", BROKER]);
        command.args([self.sandbox.path("run/bus"), self.sandbox.path("bus.conf")]);
        let mut bus = start(command, "dbus-broker", "dbus-broker");
        first_line(&mut bus);
        bus
    }

    /// Starts another GNOME Keyring after one has ended.
    pub fn start_gnome_keyring(&mut self) {
        self.start_gnome_keyring_as(self.sandbox.command("gnome-keyring-daemon"));
    }

    /// Starts a locked GNOME Keyring that takes the name over when the present one ends.
    pub fn start_gnome_keyring_in_waiting(&mut self) {
        let mut command = self.sandbox.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        // In the control directory of the present one it would find that one, and end.
        let control = self.sandbox.path("run/another-keyring");
        command.arg(format!("--control-directory={}", control.display()));
        self.processes.push(start(command, "gnome-keyring", "gnome-keyring"));
        self.until("another gnome-keyring waits for the name", |d| {
            let name = format!("string:{SERVICE}");
            let member = "org.freedesktop.DBus.ListQueuedOwners";
            let owners = d.call("org.freedesktop.DBus", "/", member, &[&name]);
            owners.is_some_and(|owners| owners.matches("string").count() == 2)
        });
    }

    fn start_gnome_keyring_as(&mut self, command: Command) {
        // The input has no newline, which would be part of the password.
        self.start_gnome_keyring_daemon(command, &["--unlock"], PASSWORD);
        self.until("gnome-keyring has a default collection", Self::has_default_collection);
    }

    fn start_gnome_keyring_daemon(&mut self, mut command: Command, options: &[&str], input: &str) {
        command.args(["--foreground", "--components=secrets"]).args(options);
        command.arg(format!("--control-directory={}", self.sandbox.path("run/keyring").display()));
        let mut daemon = start(command, "gnome-keyring", "gnome-keyring");
        daemon.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        self.processes.push(daemon);
    }

    fn start_keepassxc(&mut self, config: &str, options: &[&str]) {
        let path = |name: &str| self.sandbox.path(name).to_str().unwrap().to_owned();
        let (xml, database) = (path("database.xml"), path("database.kdbx"));
        fs::write(&xml, DATABASE).unwrap();
        let typed = format!("{PASSWORD}\n{PASSWORD}\n");
        let cli = ["import", "-p", &xml, &database];
        let imported = self.tool("keepassxc-cli", "keepassxc", &cli, typed.as_bytes());
        assert!(imported.status.success(), "{imported}");
        fs::write(path("keepassxc.ini"), config).unwrap();
        let mut command = self.sandbox.command("keepassxc");
        command.args(["--config", &path("keepassxc.ini"), "--localconfig", &path("local.ini")]);
        command.args(options).arg(&database);
        let mut daemon = start(command, "keepassxc", "keepassxc");
        daemon.child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        self.processes.push(daemon);
    }

    fn start_kwallet(&mut self) {
        fs::write(self.sandbox.path("config/kwalletrc"), KWALLET_CONFIG).unwrap();
        fs::create_dir(self.sandbox.path("data/kwalletd")).unwrap();
        fs::write(self.sandbox.path("data/kwalletd/kdewallet.salt"), [7; 56]).unwrap();
        // A wallet that is made by pamOpen shows in the Secret Service only after a restart.
        self.start_kwalletd();
        self.kill("kwalletd5");
        self.until("the old KWallet is gone", |d| !d.has_owner(SERVICE));
        self.start_kwalletd();
        self.until("KWallet has a default collection", Self::has_default_collection);
    }

    fn start_kwalletd(&mut self) {
        let daemon = start(self.sandbox.command("kwalletd5"), "kwalletd5", "libkf5wallet-bin");
        self.processes.push(daemon);
        self.until("KWallet is on the bus", |d| {
            d.has_owner(SERVICE) && d.has_owner("org.kde.kwalletd5")
        });
        self.open_kwallet();
    }

    /// Opens the wallet with its key, as a login would.
    pub fn open_kwallet(&self) {
        let (to, path) = ("org.kde.kwalletd5", "/modules/kwalletd5");
        let key = format!("array:byte:{}", ["7"; 56].join(","));
        let open = ["string:kdewallet", &key, "int32:0"];
        self.call(to, path, "org.kde.KWallet.pamOpen", &open);
        self.until("the wallet is open", |d| {
            let answer = d.call(to, path, "org.kde.KWallet.isOpen", &["string:kdewallet"]);
            answer.is_some_and(|answer| answer.contains("true"))
        });
    }

    /// Locks the default collection.
    pub fn lock(&self) {
        let collection = "array:objpath:/org/freedesktop/secrets/aliases/default";
        // gnome-keyring may not find the collection for a caller that it does not know yet.
        self.until("the collection is locked", |d| {
            let locked = d.service_call("Lock", &[collection]);
            locked.expect("Lock is answered").contains("/org/freedesktop/secrets/")
        });
    }

    /// Unlocks a GNOME Keyring with its password, as a login does.
    pub fn unlock_gnome_keyring(&self) {
        const UNLOCK: u32 = 1;
        let mut control = UnixStream::connect(self.sandbox.path("run/keyring/control")).unwrap();
        let length = u32::try_from(PASSWORD.len()).unwrap();
        let words = [12 + length, UNLOCK, length].map(u32::to_be_bytes).concat();
        // The first byte carries nothing: with it, the system tells the daemon who we are.
        control.write_all(&[&[0][..], &words, PASSWORD.as_bytes()].concat()).unwrap();
        let mut result = [0; 8];
        control.read_exact(&mut result).unwrap();
        assert_eq!(result, [0, 0, 0, 8, 0, 0, 0, 0], "GNOME Keyring does not unlock");
        self.until("the collection is unlocked", |d| d.is_unlocked() == Some(true));
    }

    /// Waits for a window that xdotool finds by these words, then gives xdotool these commands.
    pub fn answer_window(&self, [by, what]: [&str; 2], commands: &[&str]) {
        let xdotool = |args: &[&str]| self.tool("xdotool", "xdotool", args, b"");
        self.until("a window asks", |_| {
            !xdotool(&["search", "--onlyvisible", by, what]).stdout().trim().is_empty()
        });
        // The window is there before it takes keys, and nothing tells when it does.
        sleep(Duration::from_millis(700));
        for command in commands {
            let ran = xdotool(&command.split(' ').collect::<Vec<_>>());
            assert!(ran.status.success(), "{ran}");
        }
    }

    /// Runs a program of this package in the session.
    pub fn tool(&self, name: &str, package: &str, args: &[&str], stdin: &[u8]) -> Ran {
        self.sandbox.run(program(name, package), args, stdin)
    }

    /// Calls the root of the Secret Service. Returns the reply.
    pub fn service_call(&self, member: &str, arguments: &[&str]) -> Option<String> {
        let member = format!("org.freedesktop.Secret.Service.{member}");
        self.call(SERVICE, "/org/freedesktop/secrets", &member, arguments)
    }

    fn has_default_collection(&self) -> bool {
        let answer = self.service_call("ReadAlias", &["string:default"]);
        answer.is_some_and(|answer| answer.contains("/org/freedesktop/secrets/"))
    }

    /// Returns whether `KeePassXC`'s database is unlocked, if that is known. gnome-keyring may end
    /// where a caller's first call is this one.
    fn is_unlocked(&self) -> Option<bool> {
        let path = "/org/freedesktop/secrets/aliases/default";
        let property = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let answer = self.call(SERVICE, path, "org.freedesktop.DBus.Properties.Get", &property);
        answer.map(|answer| answer.contains("false"))
    }

    /// Returns whether all accounts are locked.
    pub fn is_locked(&self) -> bool {
        let attributes = "dict:string:string:xdg:schema,io.github.git_credential_pat.Token";
        let deadline = Instant::now() + START;
        loop {
            if let Some(answer) = self.service_call("SearchItems", &[attributes]) {
                let (open, locked) = answer.split_once(']').expect("two lists");
                return !open.contains("/org/") && locked.contains("/org/");
            }
            assert!(Instant::now() < deadline, "no search is answered");
        }
    }

    /// Returns whether somebody has this name on the bus.
    pub fn has_owner(&self, name: &str) -> bool {
        let bus = "org.freedesktop.DBus";
        let member = "org.freedesktop.DBus.NameHasOwner";
        let answer = self.call(bus, "/", member, &[&format!("string:{name}")]);
        answer.is_some_and(|answer| answer.contains("true"))
    }

    /// Calls any program on the bus. Returns the reply, unless it was an error.
    pub fn call(&self, to: &str, path: &str, member: &str, arguments: &[&str]) -> Option<String> {
        let mut command = self.sandbox.command("dbus-send");
        command.arg(format!("--bus={}", self.address)).arg(format!("--dest={to}"));
        command.args(["--print-reply", "--reply-timeout=5000", path, member]).args(arguments);
        let output = command.output().unwrap_or_else(|e| did_not_start("dbus-bin", &command, &e));
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + START;
        while !condition(self) {
            assert!(Instant::now() < deadline, "not in {START:?}: {what}");
            sleep(Duration::from_millis(20));
        }
    }
}

/// Starts a part. Where it is missing, the test fails with the name of its package.
pub fn start(mut command: Command, name: &'static str, package: &str) -> Process {
    let log = std::env::temp_dir();
    let log = command.get_current_dir().unwrap_or(&log).join(format!("{name}.log"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(log).unwrap());
    command.process_group(0);
    let child = command.spawn().unwrap_or_else(|e| did_not_start(package, &command, &e));
    Process { name, child }
}

#[track_caller]
fn did_not_start(package: &str, command: &Command, error: &io::Error) -> ! {
    let name = command.get_program().to_string_lossy();
    program(&name, package);
    panic!("{command:?}: {error}")
}

fn first_line(process: &mut Process) -> String {
    let mut line = String::new();
    let stdout = process.child.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "{} ended at once", process.name);
    line.trim().to_owned()
}

/// Starts a display with a number that was free.
fn display() -> (Process, String) {
    let mut command = Command::new("Xvfb");
    command.args([
        "-noreset",
        "-displayfd",
        "1",
        "-screen",
        "0",
        "1024x768x24",
        "-nolisten",
        "tcp",
    ]);
    command.current_dir(std::env::temp_dir());
    let mut server = start(command, "Xvfb", "xvfb");
    let number = first_line(&mut server);
    (server, format!(":{number}"))
}
