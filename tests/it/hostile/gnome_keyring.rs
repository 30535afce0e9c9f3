//! The table with GNOME Keyring, and items that another program can plant there.

use crate::support::desktop::Desktop;
use crate::support::home::Home;

#[test]
fn what_is_no_request_is_refused() {
    super::what_is_no_request_is_refused(Home::with_gnome_keyring());
}

#[test]
fn what_names_no_place_is_passed_over() {
    super::what_names_no_place_is_passed_over(Home::with_gnome_keyring());
}

#[test]
fn a_host_outside_the_grammar_is_no_host() {
    super::a_host_outside_the_grammar_is_no_host(Home::with_gnome_keyring());
}

#[test]
fn another_protocol_is_none_of_ours() {
    super::another_protocol_is_none_of_ours(Home::with_gnome_keyring());
}

#[test]
fn what_lies_beside_an_account_is_another_place() {
    super::what_lies_beside_an_account_is_another_place(Home::with_gnome_keyring());
}

#[test]
fn what_is_strange_and_sound_is_answered() {
    super::what_is_strange_and_sound_is_answered(Home::with_gnome_keyring());
}

#[test]
fn long_lines_are_whole_lines() {
    super::long_lines_are_whole_lines(Home::with_gnome_keyring());
}

#[test]
fn a_request_may_have_one_mebibyte_and_no_more() {
    super::a_request_may_have_one_mebibyte_and_no_more(Home::with_gnome_keyring());
}

#[test]
fn each_port_has_its_own_token_and_no_other_ports() {
    super::each_port_has_its_own_token_and_no_other_ports(Home::with_gnome_keyring());
}

/// They are planted by a program that knows how our items are made.
#[test]
fn planted_line_ends_and_nuls_and_other_places_tokens() {
    let desktop = Desktop::gnome_keyring();
    let attributes =
        ["xdg:schema", "io.github.git_credential_pat.Token", "context", "https://h.example"];
    let plant = [&["store", "--label=planted"][..], &attributes, &["username", "alice"]].concat();
    for content in [
        "a\rb\ncontext=https://h.example\nusername=alice\n",
        "t\ncontext=https://h.example\nusername=ali\rce\n",
        "t\ncontext=https://h.example\nusername=alice\noauth_refresh_token=a\rb\n",
        "t\ncontext=https://h.example\nusername=alice\nhost\n",
        "ghp_TESTONLYx\ncontext=https://other.example\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://h.example:8443\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://h.example/team\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=http://h.example\nusername=alice\n",
        "ghp_TESTONLYx\ncontext=https://x.example\ncontext=https://h.example\nusername=alice\n",
        "ghp_TESTONLYx",
    ] {
        let planted = desktop.tool("secret-tool", "libsecret-tools", &plant, content.as_bytes());
        assert!(planted.status.success(), "{planted}");
        for request in ["", "username=alice\n", "capability[]=authtype\n", "path=team/x\n"] {
            let request = format!("protocol=https\nhost=h.example\n{request}");
            let ran = desktop.sandbox.helper(&["--keychain", "secret-service", "get"], request);
            ran.fails(1, "get: the account's item in the keychain is damaged");
            assert!(!ran.stderr().contains("TESTONLY"), "{content:?}: {ran}");
        }
    }
}
