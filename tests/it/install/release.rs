//! The installer outside of a checkout. It installs a release only if it comes over TLS and fits
//! its checksums.

use super::script::{fake, path_of};
use super::{SCRIPT, files, git_keeps_a_token, helpers};
use crate::support::release_server::{PROGRAM, Release};
use crate::support::sandbox::{Ran, Sandbox, run};
use std::fs;

/// The programs that the installer needs, without any that downloads.
const TOOLS: [&str; 21] = [
    "sh",
    "sed",
    "dirname",
    "mktemp",
    "rm",
    "uname",
    "id",
    "cat",
    "git",
    "tr",
    "cut",
    "head",
    "tail",
    "grep",
    "sha256sum",
    "tar",
    "gzip",
    "mkdir",
    "cp",
    "chmod",
    "mv",
];

/// Makes a release, and a home on a machine that has one program to download with.
fn machine_with(downloader: &str) -> (Release, Sandbox) {
    let release = Release::serve();
    let mut sandbox = Sandbox::new();
    path_of(&mut sandbox, &[&TOOLS[..], &["ln", downloader]].concat());
    release.introduce_to(&mut sandbox);
    (release, sandbox)
}

/// Pipes the release's installer into a shell, as people do.
fn pipe(release: &Release, sandbox: &Sandbox) -> Ran {
    sandbox.run("sh", &["-s", "--", "--prefix", "p"], &release.installer("install.sh"))
}

#[track_caller]
fn is_refused(release: &Release, sandbox: &Sandbox, message: &str) {
    let before = files(sandbox.home());
    let ran = pipe(release, sandbox);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains(&format!("install.sh: {message}")), "no {message:?}\n{ran}");
    assert_eq!(files(sandbox.home()), before, "{ran}");
    assert!(!sandbox.path("p").exists() && helpers(sandbox).is_empty(), "{ran}");
    assert_eq!(release.asked_without_tls(), "", "{ran}");
}

#[test]
fn a_release_is_installed_from_a_pipe() {
    for downloader in ["curl", "wget"] {
        let (release, mut sandbox) = machine_with(downloader);
        for way in ["release", "moved"] {
            sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", &release.url(way));
            let ran = pipe(&release, &sandbox);
            assert!(ran.status.success(), "{ran}");
            assert!(!ran.stderr().contains("install.sh: "), "{ran}");
            let program = fs::read_to_string(sandbox.path("p/bin/git-credential-pat")).unwrap();
            assert_eq!(program, PROGRAM);
            let manual = fs::read(sandbox.path("p/share/man/man1/git-credential-pat.1")).unwrap();
            assert!(manual.len() > 10_000);
            git_keeps_a_token(&sandbox);
            let path = sandbox.path("p/bin/git-credential-pat");
            assert!(helpers(&sandbox)[0].starts_with(path.to_str().unwrap()), "{ran}");
            assert_eq!(files(&sandbox.path("tmp")), [""; 0]);
            fs::remove_dir_all(sandbox.path("p")).unwrap();
        }
    }
}

#[test]
fn an_archive_that_was_tampered_with_is_refused() {
    for downloader in ["curl", "wget"] {
        let (release, sandbox) = machine_with(downloader);
        release.pack("#!/bin/sh\n: >\"$HOME/taken-over\"\n");
        is_refused(&release, &sandbox, "git-credential-pat-");
        assert!(!sandbox.path("taken-over").exists());
    }
}

#[test]
fn checksums_that_were_tampered_with_are_refused() {
    let (release, mut sandbox) = machine_with("curl");
    let installer = release.installer("install.sh");
    // A person who can write to the server would do this: archive and checksums fit together.
    fs::write(release.archive(), "another archive").unwrap();
    release.sign();
    fs::write(release.folder().join("install.sh"), installer).unwrap();
    is_refused(&release, &sandbox, "SHA256SUMS is not that of this script's release");
    // The same is refused from another address.
    sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", &release.url("moved"));
    is_refused(&release, &sandbox, "SHA256SUMS is not that of this script's release");
}

#[test]
fn a_release_without_tls_is_refused() {
    for downloader in ["curl", "wget"] {
        let (release, mut sandbox) = machine_with(downloader);
        for url in [&release.plain_url(), "ftp://localhost/", "file:///tmp", "//localhost"] {
            sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", url);
            is_refused(&release, &sandbox, "a release is taken from an https address only");
        }
        sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", &release.url("plain"));
        is_refused(&release, &sandbox, "the download failed: https://localhost");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_is_refused() {
    for downloader in ["curl", "wget"] {
        let (release, mut sandbox) = machine_with(downloader);
        sandbox.unset("CURL_CA_BUNDLE");
        sandbox.unset("WGETRC");
        is_refused(&release, &sandbox, "the download failed: https://localhost");
    }
}

#[test]
fn a_download_that_was_cut_off_is_refused() {
    for downloader in ["curl", "wget"] {
        let (release, mut sandbox) = machine_with(downloader);
        // wget would try twenty times.
        let wgetrc = sandbox.path("wgetrc");
        let settings = fs::read_to_string(&wgetrc).unwrap();
        fs::write(&wgetrc, format!("{settings}tries = 1\n")).unwrap();
        sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", &release.url("short"));
        is_refused(&release, &sandbox, "the download failed: https://localhost");
    }
}

#[test]
fn a_machine_or_a_file_that_the_release_does_not_have_is_named() {
    for downloader in ["curl", "wget"] {
        let (release, sandbox) = machine_with(downloader);
        fs::remove_file(release.archive()).unwrap();
        is_refused(&release, &sandbox, "the download failed: https://localhost");
        fs::write(release.folder().join("git-credential-pat-1.0.0-linux-m68k.tar.gz"), "").unwrap();
        release.sign();
        is_refused(&release, &sandbox, "this release has nothing for linux-");
    }
}

#[test]
fn a_program_that_does_not_run_here_is_not_installed() {
    let (release, sandbox) = machine_with("curl");
    release.pack("no program\0");
    release.sign();
    let ran = pipe(&release, &sandbox);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("this is not git-credential-pat, or it does not run"), "{ran}");
    assert_eq!(files(&sandbox.path("p")), [""; 0], "{ran}");
    assert!(helpers(&sandbox).is_empty(), "{ran}");
}

#[test]
fn without_anything_that_downloads_the_hint_names_what_to_install() {
    let release = Release::serve();
    let mut sandbox = Sandbox::new();
    path_of(&mut sandbox, &TOOLS);
    let few = sandbox.path("few");
    fs::remove_file(few.join("id")).unwrap();
    fake(&few, "id", "echo 1000");
    fake(&few, "dnf", "exit 99");
    let ran = pipe(&release, &sandbox);
    assert!(
        ran.stderr().contains("missing: curl\nhint: install with: sudo dnf install curl\n"),
        "{ran}"
    );
}

#[test]
fn a_script_from_a_pipe_does_not_build_the_checkout_that_the_shell_stands_in() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("sh");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let ran = run(command, &fs::read(SCRIPT).unwrap());
    ran.fails(1, "install.sh: this is no checkout, and this script belongs to no release");
}

#[test]
fn a_dry_run_says_what_would_be_downloaded_and_asks_nobody() {
    let (release, mut sandbox) = machine_with("curl");
    sandbox.set("GIT_CREDENTIAL_PAT_RELEASE", "https://localhost:1/nobody");
    let ran = sandbox.run("sh", &["-s", "--", "--dry-run"], &release.installer("install.sh"));
    assert!(
        ran.status.success() && ran.stdout().contains("from https://localhost:1/nobody"),
        "{ran}"
    );
    assert!(!sandbox.path(".local").exists());
}

#[test]
fn a_machine_is_called_as_its_archive_is() {
    let (release, sandbox) = machine_with("curl");
    let few = sandbox.path("few");
    for (machine, archive) in [
        ("armv7l", "linux-armv7"),
        // A processor of 64 bits whose programs are of 32.
        ("armv8l", "linux-armv7"),
        ("aarch64", "linux-aarch64"),
        ("x86_64", "linux-x86_64"),
    ] {
        fs::remove_file(few.join("uname")).unwrap();
        fake(&few, "uname", &format!("[ \"$1\" = -m ] && echo {machine} || echo Linux"));
        let ran = sandbox.run("sh", &["-s", "--", "--dry-run"], &release.installer("install.sh"));
        let text = format!("Downloading git-credential-pat for {archive} from ");
        assert!(ran.stdout().contains(&text), "no {text:?}\n{ran}");
    }
}
