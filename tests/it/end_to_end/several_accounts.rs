//! Several accounts at one host: git's own configuration chooses, and where it does not,
//! nobody's token is taken at random.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN};
use crate::support::program::gits;

/// Makes a desk where Bob has an account as well, and a repository that only he may see.
fn with_bob() -> Home {
    let desk = Home::bare().with_git_host();
    desk.server().set_token("bob", OTHER_TOKEN);
    desk.server().create_repository("only-bob/repo.git");
    desk.server().create_repository("only-alice/repo.git");
    desk
}

#[track_caller]
fn last_user_at(desk: &Home, path: &str) -> String {
    let path = format!("/{path}/info/refs");
    let answered = |r: &&crate::support::server::Request| r.path == path && r.status == 200;
    let requests = desk.server().requests(|all| all.iter().any(|r| answered(&r)));
    requests.iter().rfind(answered).unwrap().user.clone()
}

#[test]
fn the_username_of_the_configuration_or_of_the_url_chooses() {
    let desk = with_bob();
    let host = desk.url("");
    desk.approve(&host, "alice", TOKEN);
    desk.approve(&host, "bob", OTHER_TOKEN);
    let name = format!("credential.{host}.username");
    desk.configure(&name, "bob");
    desk.git(&["ls-remote", &desk.url("only-bob/repo.git")]);
    desk.configure(&name, "alice");
    desk.git(&["ls-remote", &desk.url("only-alice/repo.git")]);
    let with_name = desk.url("only-bob/repo.git").replace("https://", "https://bob@");
    desk.git(&["ls-remote", &with_name]);
}

#[test]
fn an_organisations_username_chooses_without_use_http_path() {
    for git in gits() {
        let desk = with_bob().with_git(&git);
        desk.approve(&desk.url(""), "alice", TOKEN);
        desk.approve(&desk.url(""), "bob", OTHER_TOKEN);
        // The last section that matches counts, so the general one goes first.
        desk.configure(&format!("credential.{}.username", desk.url("")), "alice");
        desk.configure(&format!("credential.{}.username", desk.url("only-bob")), "bob");
        desk.git(&["ls-remote", &desk.url("only-bob/repo.git")]);
        desk.git(&["ls-remote", &desk.url("only-alice/repo.git")]);
    }
}

#[test]
fn of_two_accounts_none_is_taken_at_random_and_a_hint_says_how_to_choose() {
    let desk = with_bob();
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.approve(&desk.url(""), "bob", OTHER_TOKEN);
    desk.operations();
    let ran = desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.operations(), ["get"]);
    let host = desk.server().host();
    let told = format!(
        "git-credential-pat: get: several accounts could answer at https://{host}: alice, bob\n\
         hint: choose one, such as: git credential-pat use https://{host} alice\n"
    );
    assert!(ran.stderr().starts_with(&told), "{ran}");
    for token in [TOKEN, OTHER_TOKEN] {
        assert!(!ran.stderr().contains(token), "{ran}");
    }
}

#[test]
fn the_hint_does_what_it_says() {
    let desk = with_bob();
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.approve(&desk.url(""), "bob", OTHER_TOKEN);
    let ran = desk.git_is_refused(&["ls-remote", &desk.url("only-bob/repo.git")]);
    let stderr = ran.stderr();
    let command = stderr.split("git credential-pat ").nth(1).unwrap().lines().next().unwrap();
    let ran = desk.types(&command.replace(" alice", " bob --keychain kernel"), "");
    assert!(ran.status.success(), "{ran}");
    desk.git(&["ls-remote", &desk.url("only-bob/repo.git")]);
}

#[test]
fn a_username_that_has_no_account_gets_nobody_elses_token() {
    let desk = with_bob();
    desk.approve(&desk.url(""), "alice", TOKEN);
    let url = desk.url("team/repo.git").replace("https://", "https://bob@");
    desk.git_is_refused(&["ls-remote", &url]);
    assert_eq!(desk.token(&desk.url(""), Some("alice")).as_deref(), Some(TOKEN));
}

#[test]
fn a_scoped_token_serves_its_organisation_and_the_hosts_token_the_rest() {
    let mut desk = with_bob();
    desk.configure("credential.useHttpPath", "true");
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.approve(&desk.url("only-bob"), "bob", OTHER_TOKEN);
    desk.mark_unwritten();
    for path in ["only-bob/repo.git", "only-alice/repo.git", "team/repo.git"] {
        desk.git(&["ls-remote", &desk.url(path)]);
    }
    assert_eq!(last_user_at(&desk, "team/repo.git"), "alice");
    assert!(desk.is_unwritten(), "a store after a success has written");
    assert_eq!(desk.keys.accounts().len(), 2, "no copy under a narrower path");
}

#[test]
fn a_scoped_token_is_not_served_where_git_sends_no_path() {
    let desk = with_bob();
    desk.configure("credential.useHttpPath", "true");
    desk.approve(&desk.url("only-bob"), "bob", OTHER_TOKEN);
    desk.configure("credential.useHttpPath", "false");
    desk.git_is_refused(&["ls-remote", &desk.url("only-bob/repo.git")]);
}

#[test]
fn a_token_for_the_host_never_loses_a_scoped_account_nor_the_reverse() {
    let desk = with_bob();
    desk.configure("credential.useHttpPath", "true");
    let (host, team) = (desk.url(""), desk.url("team"));
    desk.approve(&team, "alice", OTHER_TOKEN);
    desk.approve(&host, "alice", TOKEN);
    assert_eq!(desk.token(&team, Some("alice")).as_deref(), Some(OTHER_TOKEN));
    desk.approve(&team, "alice", "ghp_TESTONLYcccc");
    assert_eq!(desk.token(&host, Some("alice")).as_deref(), Some(TOKEN));
    assert_eq!(desk.token(&team, Some("alice")).as_deref(), Some("ghp_TESTONLYcccc"));
}

#[test]
fn an_account_for_any_username_serves_clone_urls_that_carry_one() {
    let desk = Home::bare().with_git_host();
    desk.server().set_token("my-organisation", TOKEN);
    let arguments = ["login", "--keychain", "kernel", "--with-token", "--any-username"];
    let host = desk.url("");
    let ran = desk.sandbox.helper(&[&arguments[..], &[&host]].concat(), format!("{TOKEN}\n"));
    assert!(ran.status.success(), "{ran}");
    let accounts = desk.accounts();
    for user in ["alice", "my-organisation"] {
        let url = desk.url("team/repo.git").replace("https://", &format!("https://{user}@"));
        desk.git(&["ls-remote", &url]);
    }
    assert_eq!(desk.accounts(), accounts, "a store after a success has made a copy");
}
