//! Secrets that are mounted for us: files of root's that others can read as well, as orchestrators
//! of containers and systemd make them. They are accepted where nobody else could have put them
//! there.
//!
//! Each case has a file system in memory of its own, in a mount namespace. Only root can make files
//! of other users, so the tests with such files need root.

use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const ANSWER: &str = "username=token\npassword=ghp_TESTONLY1\n";

/// The user who asks, who is not root.
const USER: &str = "4242";

/// A third user.
const STRANGER: &str = "4243";

/// Makes a mount in memory, runs `$1` in it, makes it read-only if `$2` says so, and asks for the
/// token in the file `$3` as the user `$4`, from the mount.
const SCRIPT: &str = "set -eu
    mkdir -p \"$HOME/m\"
    mount -t tmpfs -o mode=755 none \"$HOME/m\"
    cd \"$HOME/m\"
    umask 022
    eval \"$1\"
    [ \"$2\" = rw ] || mount -o remount,ro \"$HOME/m\"
    as=
    [ \"$4\" = root ] || as=\"setpriv --reuid=$4 --regid=$4 --clear-groups\"
    printf 'protocol=https\\nhost=h.example\\n\\n' |
        $as \"$HOME/helper\" --for https://h.example --file \"$3\" get";

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Asks for the token in a file that `making` has made in a mount. The file's path begins there.
fn ask_as(user: &str, making: &str, mount: &str, file: &str) -> Ran {
    let sandbox = Sandbox::new();
    // The helper lies where anybody can run it.
    fs::copy(BINARY, sandbox.path("helper")).unwrap();
    fs::set_permissions(sandbox.home(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = sandbox.command("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let file = if file.starts_with('/') {
        file.to_owned()
    } else {
        format!("{}/m/{file}", sandbox.home().display())
    };
    let making = making.replace("STRANGER", STRANGER).replace("USER", USER);
    command.args(["--mount", "sh", "-c", SCRIPT, "sh", &making, mount, &file, user]);
    run(command, b"")
}

fn ask(making: &str, mount: &str, file: &str) -> Ran {
    ask_as(USER, making, mount, file)
}

/// A volume of secrets as a kubelet writes it.
const VOLUME: &str = "mkdir -m 1777 s; mkdir -m 755 s/..2027_01_31
    echo ghp_TESTONLY1 >s/..2027_01_31/token
    ln -s ..2027_01_31 s/..data; ln -s ..data/token s/token";

#[test]
fn what_root_has_mounted_is_taken() {
    if !is_root() {
        return;
    }
    for (making, file) in [
        // Kubernetes: through its links, and with the group that it may give to the files.
        (VOLUME.to_owned(), "s/token"),
        (format!("{VOLUME}; chmod 440 s/..data/token; chgrp USER s/..data/token"), "s/token"),
        (format!("{VOLUME}; chmod 2770 s; chmod +t s; chgrp USER s"), "s/token"),
        // podman, Docker's swarm.
        ("mkdir s; echo ghp_TESTONLY1 >s/token; chmod 444 s/token".to_owned(), "s/token"),
        // systemd, whose access list looks like a group's rights.
        ("echo ghp_TESTONLY1 >token; chgrp USER token; chmod 440 token".to_owned(), "token"),
        // Roundabout paths to the file.
        (format!("{VOLUME}; mkdir d; ln -s ../s d/l"), "d/../d/l/./token"),
        (format!("{VOLUME}; ln -s \"$HOME/m/s\" l"), "l/token"),
        // A folder of our own on the way.
        (format!("{VOLUME}; mkdir d; chown USER d; ln -s ../s/token d/t"), "d/t"),
        // A file of our own, which the usual rule accepts.
        ("echo ghp_TESTONLY1 >token; chown USER token; chmod 400 token".to_owned(), "token"),
    ] {
        for mount in ["rw", "ro"] {
            let ran = ask(&making, mount, file);
            assert_eq!(ran.stdout(), ANSWER, "{making} ({mount})\n{ran}");
            assert!(ran.stderr.is_empty(), "{making} ({mount})\n{ran}");
        }
    }
}

#[test]
fn what_somebody_else_could_have_put_there_is_refused_with_the_part_to_blame() {
    if !is_root() {
        return;
    }
    let file = "echo ghp_TESTONLY1 >token; chmod 444 token";
    for (making, path, rule, blamed) in [
        (format!("{file}; chmod 446 token"), "token", "others than root can write", "m/token"),
        (format!("{file}; chmod 464 token"), "token", "others than root can write", "m/token"),
        (format!("mkdir -m 777 o; cd o; {file}"), "o/token", "others can put another", "m/o"),
        (format!("mkdir -m 775 o; cd o; {file}"), "o/token", "others can put another", "m/o"),
        (
            format!("mkdir -p o/i; chmod 777 o; cd o/i; {file}"),
            "o/i/token",
            "can put another",
            "m/o",
        ),
        (
            format!("{file}; mkdir -m 1777 o; ln -s ../token o/t; chown -h STRANGER o/t"),
            "o/t",
            "others can put another",
            "m/o",
        ),
        (
            format!("{file}; mkdir o; ln -s ../token o/t; chown STRANGER o"),
            "o/t",
            "another user's",
            "m/o",
        ),
        (format!("{file}; ln -s token t; chown -h STRANGER t"), "t", "another user's", "m/t"),
    ] {
        let ran = ask(&making, "rw", path);
        ran.fails(1, rule);
        assert!(ran.stderr().contains(&format!("{blamed}\n")), "{making}\n{ran}");
        assert!(ran.stderr().contains("--command 'cat FILE'"), "{making}\n{ran}");
        assert!(!ran.stderr().contains("TESTONLY"), "{making}\n{ran}");
    }
}

#[test]
fn elsewhere_the_rule_for_files_stays() {
    // The rights of our own file can be mended on a mount that we can write.
    let own = "echo ghp_TESTONLY1 >token; chmod 444 token";
    ask_as("root", own, "rw", "token").fails(1, "chmod 600 (or 400) it");
    assert_eq!(ask_as("root", own, "ro", "token").stdout(), ANSWER);
    let link = format!("{own}; chmod 400 token; ln -s token t");
    ask_as("root", &link, "rw", "t").fails(1, "what --file names is a link");
    if !is_root() {
        return;
    }
    ask(&format!("{own}; chown USER token"), "rw", "token").fails(1, "chmod 600 (or 400) it");
    // The file is somebody else's, in memory or not.
    let others = "others have access to the file, which is another user's";
    ask(&format!("{own}; chown STRANGER token"), "rw", "token").fails(1, others);
    ask(&format!("{own}; chown STRANGER token"), "ro", "token").fails(1, others);
    let ran = ask("true", "rw", "/etc/passwd");
    ran.fails(1, others);
    assert!(ran.stderr().contains("--command 'cat FILE'"), "{ran}");
    ask(&format!("{own}; chmod 400 token"), "rw", "token").fails(1, "cannot be read");
    ask("ln -s nowhere t", "rw", "t").fails(1, "what --file names is a link");
    ask("mkfifo -m 644 p", "rw", "p").fails(1, "no regular file");
    ask("ln -s /dev/zero t", "rw", "t").fails(1, "what --file names is a link");
}

#[test]
fn on_a_mount_that_nobody_can_write_it_does_not_matter_who_might() {
    if !is_root() {
        return;
    }
    for making in [
        "mkdir -m 777 o; cd o; echo ghp_TESTONLY1 >token; chmod 444 token",
        "mkdir o; echo ghp_TESTONLY1 >o/token; chmod 444 o/token; chown STRANGER o",
    ] {
        let ran = ask(making, "ro", "o/token");
        assert_eq!(ran.stdout(), ANSWER, "{making}\n{ran}");
        assert!(!ask(making, "rw", "o/token").status.success(), "{making}");
    }
}
