//! git approves a token in a URL although it was never sent: a host that asks nobody answers 200.
//! So anybody who controls a redirect, a submodule or a link can make git store anything.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN};
use crate::support::sandbox::Ran;
use crate::support::server::JUNK;
use std::fs;

/// Gives alice an account at the second host, which she made herself.
fn with_alice(mut desk: Home) -> Home {
    desk.server().create_repository("public/repo.git");
    logs_in(&mut desk, "alice", TOKEN);
    desk
}

fn logs_in(desk: &mut Home, name: &str, token: &str) {
    let place = desk.other_url("");
    let words = ["login", &place, "--username", name, "--with-token", "--replace"];
    let words = [&words[..], &["--keychain", desk.keychain]].concat();
    let ran = desk.sandbox.helper(&words, format!("{token}\n"));
    assert!(ran.status.success(), "{ran}");
}

/// Fetches a URL, and expects that git makes its helpers store something.
#[track_caller]
fn is_approved(desk: &Home, url: &str) -> Ran {
    desk.operations();
    let ran = desk.git(&["ls-remote", url]);
    assert_eq!(desk.operations(), ["store"], "{ran}");
    ran
}

#[track_caller]
fn alice_is_at_home(desk: &Home) {
    let place = desk.other_url("");
    assert_eq!(desk.token(&place, None).as_deref(), Some(TOKEN));
    assert_eq!(desk.token(&place, Some("alice")).as_deref(), Some(TOKEN));
    desk.git(&["ls-remote", &desk.other_url("team/repo.git")]);
}

#[test]
fn a_redirect_with_a_token_in_it_takes_nobodys_place() {
    for desk in [Home::bare().with_git_host(), Home::with_gnome_keyring().with_git_host()] {
        let desk = with_alice(desk);
        for name in ["alice", "", "zzz"] {
            let path = format!("junk-for-{name}/public/repo.git");
            let ran = is_approved(&desk, &desk.url(&path));
            assert!(!ran.stderr().contains("git-credential-pat"), "{ran}");
            alice_is_at_home(&desk);
        }
    }
}

#[test]
fn a_submodule_with_a_token_in_its_url_takes_nobodys_place() {
    let desk = with_alice(Home::bare().with_git_host());
    let folder = desk.sandbox.path("work");
    let work = folder.to_str().unwrap();
    desk.git(&["clone", &desk.other_url("public/repo.git"), work]);
    let junk = desk.other_url("public/repo.git");
    let junk = junk.replace("https://", &format!("https://alice:{JUNK}@"));
    let modules = format!("[submodule \"m\"]\n\tpath = m\n\turl = {junk}\n");
    fs::write(folder.join(".gitmodules"), modules).unwrap();
    let commit = desk.git(&["-C", work, "rev-parse", "HEAD"]).stdout();
    let link = format!("160000,{},m", commit.trim());
    desk.git(&["-C", work, "update-index", "--add", "--cacheinfo", &link]);
    desk.operations();
    desk.git(&["-C", work, "submodule", "update", "--init"]);
    assert!(desk.operations().contains(&"store".to_owned()));
    alice_is_at_home(&desk);
}

#[test]
fn a_refusal_that_is_provoked_makes_no_junk_answer() {
    let desk = with_alice(Home::bare().with_git_host());
    // The junk is stored, then sent to a URL where it is refused, twice.
    for junk in [JUNK, "ghp_TESTONLYjunk2"] {
        let with_junk = |url: String| url.replace("https://", &format!("https://alice:{junk}@"));
        is_approved(&desk, &with_junk(desk.other_url("public/repo.git")));
        desk.git_is_refused(&["ls-remote", &with_junk(desk.other_url("team/repo.git"))]);
        alice_is_at_home(&desk);
    }
    // Then the host refuses alice's own token, because it has changed its mind.
    desk.server().set_token("alice", OTHER_TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.other_url("team/repo.git")]);
    assert_eq!(desk.token(&desk.other_url(""), None), None, "nobody's in her place");
}

#[test]
fn a_new_token_at_gits_question_answers_and_the_old_one_comes_back() {
    let mut desk = with_alice(Home::bare().with_git_host());
    is_approved(&desk, &desk.url("junk-for-alice/public/repo.git"));
    desk.server().set_token("alice", OTHER_TOKEN);
    let private = desk.other_url("team/repo.git");
    desk.git_is_refused(&["ls-remote", &private]);
    desk.types_for_git("alice", OTHER_TOKEN);
    desk.git(&["ls-remote", &private]);
    desk.types_nothing_for_git();
    desk.git(&["ls-remote", &private]);
    // The refused token comes back when a person asks for it.
    desk.server().set_token("alice", TOKEN);
    let place = desk.other_url("");
    let restore = ["login", "--restore", &place, "--keychain", desk.keychain];
    assert!(desk.sandbox.helper(&restore, "").status.success());
    alice_is_at_home(&desk);
}

#[test]
fn in_the_path_of_a_repository_refused_junk_hides_nobody() {
    let desk = with_alice(Home::bare().with_git_host());
    desk.configure("credential.useHttpPath", "true");
    let with_junk = |url: String| url.replace("https://", &format!("https://alice:{JUNK}@"));
    is_approved(&desk, &with_junk(desk.other_url("public/repo.git")));
    let narrower = desk.token(&desk.other_url("public/repo.git"), Some("alice"));
    assert_eq!(narrower.as_deref(), Some(JUNK), "a place of its own, which nobody else has");
    let refused = format!("{}username=alice\npassword={JUNK}\n", {
        crate::support::home::attributes(&desk.other_url("public/repo.git"))
    });
    assert!(desk.run_git(&["credential", "reject"], &refused).status.success());
    assert_eq!(desk.token(&desk.other_url("public/repo.git"), None).as_deref(), Some(TOKEN));
    alice_is_at_home(&desk);
}

#[test]
fn where_all_accounts_are_gits_another_name_is_told_and_none_is_picked() {
    let desk = Home::bare().with_git_host();
    desk.server().create_repository("public/repo.git");
    desk.approve(&desk.other_url(""), "alice", TOKEN);
    is_approved(&desk, &desk.url("junk-for-zzz/public/repo.git"));
    let ran = desk.git_is_refused(&["ls-remote", &desk.other_url("team/repo.git")]);
    let host = desk.server().other();
    let told = format!("several accounts could answer at https://{host}: alice, zzz\n");
    assert!(ran.stderr().contains(&told), "{ran}");
}
