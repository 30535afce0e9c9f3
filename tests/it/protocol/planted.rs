//! Keys that any program of the user can put into the keychain, and damaged ones: they give no
//! wrong answer, and no other account suffers.

use crate::support::home::Home;

/// Contents of the key of `alice` at `HOST` that are not those of that account.
const FALSE: &[(&str, &[u8])] = &[
    ("another host's", b"ghp_TESTONLYx\ncontext=https://other.example\nusername=alice\n"),
    ("another port's", b"ghp_TESTONLYx\ncontext=https://HOST:8443\nusername=alice\n"),
    ("a scope's", b"ghp_TESTONLYx\ncontext=https://HOST/team\nusername=alice\n"),
    ("unencrypted http's", b"ghp_TESTONLYx\ncontext=http://HOST\nusername=alice\n"),
    ("not the canonical place", b"ghp_TESTONLYx\ncontext=https://HOST:443\nusername=alice\n"),
    ("no place", b"ghp_TESTONLYx\nusername=alice\n"),
    ("a mere token", b"ghp_TESTONLYx"),
    ("a mere line", b"ghp_TESTONLYx\n"),
    ("a blank", b" "),
    ("a line end", b"\n"),
    ("cut off", b"ghp_TESTONLYx\ncontext=https://HOST\nusername=alice\nstored_at=1"),
    ("a line without a value", b"ghp_TESTONLYx\ncontext=https://HOST\nusername=alice\nx\n"),
    ("a time that is none", b"ghp_TESTONLYx\ncontext=https://HOST\nusername=alice\nstored_at=x\n"),
    ("a token that is two lines for git", b"a\rb\ncontext=https://HOST\nusername=alice\n"),
    ("a NUL in it", b"a\0b\ncontext=https://HOST\nusername=alice\n"),
    (
        "a line end in another value",
        b"t\ncontext=https://HOST\nusername=alice\noauth_refresh_token=a\rb\n",
    ),
    (
        "two places",
        b"ghp_TESTONLYx\ncontext=https://x.example\ncontext=https://HOST\nusername=alice\n",
    ),
    ("two names", b"ghp_TESTONLYx\ncontext=https://HOST\nusername=bob\nusername=alice\n"),
    ("no text", b"\xFF\xFE\ncontext=\xFF\n"),
];

/// Descriptions of keys that are not ours, however they begin.
const FOREIGN: &[&[u8]] = &[
    b"git-credential-pat:HOST",
    b"git-credential-pat:\tHOST",
    b"git-credential-pat:https://HOST",
    b"git-credential-pat:https://HOST:443\talice",
    b"git-credential-pat:https://HOST/\talice",
    b"git-credential-pat:HTTPS://HOST\talice",
    b"git-credential-pat:https://alice@HOST\talice",
    b"git-credential-pat:https://HOST\tal%ice",
    b"git-credential-pat:https://HOST\tal%2",
    b"git-credential-pat:https://HOST;x\talice",
    b"git-credential-pat:https://HOST\xFF\talice",
    b"git-credential-pat:https://HOST\t\xFF",
    b"Git-credential-pat:https://HOST\talice",
    b" git-credential-pat:https://HOST\talice",
];

#[test]
fn a_key_that_was_tampered_with_gives_no_answer_and_does_not_show_what_it_holds() {
    let place = Home::bare();
    for (what, content) in FALSE {
        plant(&place, b"git-credential-pat:https://HOST\talice", content);
        for request in ["protocol=https host=HOST", "protocol=https host=HOST username=alice"] {
            let ran = place.operation("get", place.lines(request));
            assert!(ran.stdout.is_empty(), "{what}\n{ran}");
            assert!(ran.status.code() == Some(1), "{what}\n{ran}");
            let told = "git-credential-pat: get: the account's item in the keychain is damaged";
            assert!(ran.stderr().starts_with(told), "{what}\n{ran}");
            assert!(!ran.stderr().contains("TESTONLY"), "{what}\n{ran}");
        }
    }
}

#[test]
fn somebody_elses_token_under_ones_name_is_not_given_to_who_asks_by_name() {
    let place = Home::bare();
    for username in ["username=bob\n", "", "username=\n", "username=Alice\n"] {
        let content = format!("ghp_TESTONLYx\ncontext=https://HOST\n{username}");
        plant(&place, b"git-credential-pat:https://HOST\talice", content.as_bytes());
        let ran = place.operation("get", place.lines("protocol=https host=HOST username=alice"));
        ran.fails(1, "get: the account's item in the keychain is damaged");
    }
}

#[test]
fn a_new_token_mends_an_account_that_was_tampered_with() {
    for (what, content) in FALSE {
        let place = Home::bare();
        plant(&place, b"git-credential-pat:https://HOST\talice", content);
        let request = place.lines("protocol=https host=HOST username=alice password=t1");
        let ran = place.operation("store", request);
        if ran.status.success() {
            place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
        } else {
            ran.fails(1, "the account's item in the keychain is damaged\nhint: ");
            assert!(!ran.stderr().contains("TESTONLY"), "{what}\n{ran}");
            let url = place.fill("https://HOST");
            let words = ["logout", &url, "--username", "alice", "--keychain", "kernel"];
            place.sandbox.helper(&words, "");
            assert_eq!(place.keys.accounts(), [""; 0], "{what}: it cannot be deleted either");
        }
    }
}

#[test]
fn a_damaged_account_does_not_hide_its_neighbours() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=bob password=t2", "");
    place.answers("store", "protocol=https host=HOST path=team username=bob password=t3", "");
    for (_, content) in FALSE {
        plant(&place, b"git-credential-pat:https://HOST\talice", content);
        place.answers("get", "protocol=https host=HOST username=bob", "username=bob password=t2");
        place.answers("get", "protocol=https host=HOST path=team", "username=bob password=t3");
    }
}

#[test]
fn keys_that_are_not_ours_are_passed_over() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=carol password=t1", "");
    for description in FOREIGN {
        plant(&place, description, b"ghp_TESTONLYx\ncontext=https://HOST\nusername=alice\n");
    }
    let long = [b"git-credential-pat:https://HOST\t".as_slice(), &[b'x'; 3900]].concat();
    plant(&place, &long, b"x");
    place.answers("get", "protocol=https host=HOST username=alice", "");
    place.answers("get", "protocol=https host=HOST username=carol", "username=carol password=t1");
}

/// Puts a key into the user's keyring, with this home's host in its description and content.
fn plant(place: &Home, description: &[u8], content: &[u8]) {
    let with_host = |bytes: &[u8]| {
        let at = bytes.windows(4).position(|window| window == b"HOST");
        let Some(at) = at else { return bytes.to_vec() };
        [&bytes[..at], place.fill("HOST").as_bytes(), &bytes[at + 4..]].concat()
    };
    place.keys.plant(&with_host(description), &with_host(content));
}
