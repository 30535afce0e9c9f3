//! What everybody can read, beside what is lent.

use super::{home, lend, ways_in};
use crate::support::home::Home;
use crate::support::sandbox::Ran;
use crate::support::server::Request;

/// The requests whose path holds this.
fn requests(home: &Home, part: &str) -> Vec<Request> {
    // A request that must arrive is the last one in the log.
    let last = format!("/team/repo.git/info/refs-{part}");
    let ran = home.run_git(&["ls-remote", &home.url(&last[1..])], "");
    assert!(!ran.status.success(), "{ran}");
    let all = home.server().requests(|all| all.iter().any(|r| r.path.starts_with(&last)));
    all.into_iter().filter(|r| r.path.contains(part) && !r.path.starts_with(&last)).collect()
}

#[track_caller]
fn is_refused(ran: &Ran, place: &str) {
    let reason = format!("remote: git-credential-pat lend: {place} is not among what is lent here");
    assert!(!ran.status.success() && ran.stderr().contains(&reason), "{reason}: {ran}");
}

#[test]
fn what_is_public_is_read_without_any_login_and_what_is_not_is_refused() {
    let home = home();
    home.server().create_repository("public/lib.git");
    home.server().create_repository("private/other.git");
    for way_in in ways_in(&home) {
        let options = format!("--read {} --public {way_in}", home.url("team"));
        let folder = home.sandbox.path(&way_in.replace(['/', ' '], "-"));
        let clone =
            ["git", "clone", "--quiet", &home.url("public/lib.git"), folder.to_str().unwrap()];
        let ran = lend(&home, &options, &clone);
        assert!(ran.status.success(), "{ran}");
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("private/other.git")]);
        is_refused(&ran, &home.url("private/other"));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url("team/repo.git")]);
        assert!(ran.status.success(), "what is lent is read with the token: {ran}");
    }
    let public = requests(&home, "public");
    assert!(public.len() >= 4 && public.iter().all(|r| r.status == 200), "{public:?}");
    let private = requests(&home, "private");
    assert!(private.len() == 2 && private.iter().all(|r| r.status == 401), "{private:?}");
    let all = public.iter().chain(&private);
    assert!(
        all.clone().all(|r| !r.authorized && r.user.is_empty()),
        "{:?}",
        all.collect::<Vec<_>>()
    );
}

#[test]
fn without_the_option_what_is_public_is_refused_and_the_host_hears_nothing() {
    let home = home();
    home.server().create_repository("public/lib.git");
    let options = format!("--read {} --port 0", home.url("team"));
    let url = home.url("public/lib.git");
    is_refused(&lend(&home, &options, &["git", "ls-remote", &url]), &home.url("public/lib"));
    assert_eq!(requests(&home, "public"), []);
}

#[test]
fn nobody_pushes_to_what_is_public_and_no_other_host_is_reached() {
    let home = home();
    home.server().create_repository("public/lib.git");
    let folder = home.sandbox.path("checkout");
    let (folder, url) = (folder.to_str().unwrap(), home.url("public/lib.git"));
    home.git(&["clone", "--quiet", &url, folder]);
    let before = requests(&home, "public").len();
    let options = format!("--push {} --branches a/* --public --port 0", home.url("team/repo.git"));
    let push = ["git", "-C", folder, "push", "origin", "HEAD:refs/heads/a/x"];
    is_refused(&lend(&home, &options, &push), &home.url("public/lib"));
    assert_eq!(requests(&home, "public").len(), before);
    // What is lent at one host opens no other one: git goes there by itself, without a login.
    let ran = lend(&home, &options, &["git", "ls-remote", &home.other_url("team/repo.git")]);
    assert!(!ran.status.success() && ran.stderr().contains("could not read Username"), "{ran}");
}

#[test]
fn a_public_submodule_of_a_repository_that_is_lent_comes_with_it() {
    let home = home();
    home.server().create_repository("public/lib.git");
    home.server().create_repository("team/part.git");
    let folder = home.sandbox.path("checkout");
    let folder = folder.to_str().unwrap();
    home.git(&["clone", "--quiet", &home.url("team/repo.git"), folder]);
    for (url, path) in [(home.url("public/lib.git"), "lib"), ("../part.git".to_owned(), "part")] {
        home.git(&["-C", folder, "submodule", "--quiet", "add", &url, path]);
    }
    home.git(&["-C", folder, "commit", "--quiet", "-m", "Add parts"]);
    home.git(&["-C", folder, "push", "--quiet", "origin", "HEAD:main"]);
    let whole = home.sandbox.path("whole");
    let whole = whole.to_str().unwrap();
    let clone =
        ["git", "clone", "--quiet", "--recurse-submodules", &home.url("team/repo.git"), whole];
    let ran = lend(&home, &format!("--read {} --port 0", home.url("team")), &clone);
    assert!(!ran.status.success() && ran.stderr().contains("is not among what is lent"), "{ran}");
    std::fs::remove_dir_all(whole).unwrap();
    let ran = lend(&home, &format!("--read {} --public --port 0", home.url("team")), &clone);
    assert!(ran.status.success(), "{ran}");
    let status = home.git(&["-C", whole, "submodule", "status", "--recursive"]);
    assert!(status.stdout().lines().all(|line| line.starts_with(' ')), "{status}");
    // The work tree stays usable on the host.
    let url = home.git(&["-C", whole, "config", "remote.origin.url"]);
    assert_eq!(url.stdout().trim(), home.url("team/repo.git"));
}
