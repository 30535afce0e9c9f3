//! Which accounts are kept, and in which context.

use super::{Row, check};
use crate::support::home::Home;

const GET: &str = "protocol=https host=HOST";

#[test]
fn only_a_whole_credential_that_may_be_kept_is_kept() {
    const NEVER: [&str; 16] = [
        "protocol=https host=HOST password=t1",
        "protocol=https host=HOST username=alice",
        "host=HOST username=alice password=t1",
        "protocol=https username=alice password=t1",
        "protocol= host=HOST username=alice password=t1",
        "protocol=https host= username=alice password=t1",
        "protocol=https host=HOST username=alice password=t1 ephemeral=1",
        "protocol=https host=HOST username=alice password=t1 ephemeral=true",
        "protocol=https host=HOST authtype=Bearer credential=t1 ephemeral=1",
        "protocol=https host=HOST username=alice password=t1 password_expiry_utc=1",
        "protocol=https host=HOST username=alice password=",
        "protocol=https host=HOST authtype=Bearer credential=",
        "protocol=https host=HOST authtype=Bearer",
        "protocol=https host=HOST credential=t1",
        "protocol=https host=HOST path=team/../x username=alice password=t1",
        "protocol=https host=HOST path=a//b username=alice password=t1",
    ];
    for request in NEVER {
        let place = Home::bare();
        place.answers("store", request, "");
        assert_eq!(place.keys.accounts(), [""; 0], "{request}");
    }
}

#[test]
fn what_is_stored_is_what_was_given() {
    check(STORED);
}

const STORED: &[Row] = &[
    (
        "an empty username and an empty password are kept",
        &[
            ("store", "protocol=https host=HOST username= password=", ""),
            ("get", GET, "username= password="),
        ],
    ),
    (
        "an empty token takes nobody's place",
        &[
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            ("store", "protocol=https host=HOST username=alice password=", ""),
            ("store", "protocol=https host=HOST username= password=", ""),
            ("get", GET, "username=alice password=t1"),
        ],
    ),
    (
        "a false ephemeral is none",
        &[
            ("store", "protocol=https host=HOST username=alice password=t1 ephemeral=0", ""),
            ("get", GET, "username=alice password=t1"),
        ],
    ),
    (
        "an authtype with its credential counts before a password",
        &[
            (
                "store",
                "capability[]=authtype protocol=https host=HOST authtype=Bearer \
                     credential=t1 username=alice password=t2",
                "",
            ),
            (
                "get",
                "capability[]=authtype protocol=https host=HOST",
                "capability[]=authtype authtype=Bearer username=alice credential=t1",
            ),
        ],
    ),
    (
        "a token may hold any text",
        &[
            ("store", "protocol=https host=HOST username=a password==t=\u{FC}\t\u{7f}%00=", ""),
            ("get", GET, "username=a password==t=\u{FC}\t\u{7f}%00="),
        ],
    ),
    (
        "a new token takes the old one's place and inherits nothing of its life",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=9999999999 oauth_refresh_token=r1",
                "",
            ),
            ("store", "protocol=https host=HOST username=alice password=t2", ""),
            ("get", GET, "username=alice password=t2"),
        ],
    ),
    (
        "nor does it where the old one was rejected",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                 password_expiry_utc=9999999999 oauth_refresh_token=r1",
                "",
            ),
            ("erase", "protocol=https host=HOST username=alice password=t1", ""),
            ("store", "protocol=https host=HOST username=alice password=t2", ""),
            ("get", GET, "username=alice password=t2"),
        ],
    ),
    (
        "what an older git does not send back is not lost",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=9999999999 oauth_refresh_token=r1",
                "",
            ),
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            (
                "get",
                GET,
                "username=alice password=t1 password_expiry_utc=9999999999 \
                     oauth_refresh_token=r1",
            ),
        ],
    ),
    (
        "a later end of the same token is kept",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=9999999998",
                "",
            ),
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=9999999999",
                "",
            ),
            ("get", GET, "username=alice password=t1 password_expiry_utc=9999999999"),
        ],
    ),
    (
        "and goes where the token is, not to a copy under a narrower path",
        &[
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            (
                "store",
                "protocol=https host=HOST path=team/r username=alice password=t1 \
                 password_expiry_utc=9999999999",
                "",
            ),
            ("get", GET, "username=alice password=t1 password_expiry_utc=9999999999"),
            ("store", "protocol=https host=HOST username=alice password=t2", ""),
            ("get", "protocol=https host=HOST path=team/r", "username=alice password=t2"),
        ],
    ),
    (
        "a password takes the place of an authtype of the same account",
        &[
            (
                "store",
                "capability[]=authtype protocol=https host=HOST username=alice \
                     authtype=Bearer credential=t1",
                "",
            ),
            ("store", "protocol=https host=HOST username=alice password=t2", ""),
            ("get", "capability[]=authtype protocol=https host=HOST", "username=alice password=t2"),
        ],
    ),
    (
        "a new token for a rejected account goes where the old one was",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("erase", "protocol=https host=HOST path=team/r username=alice password=t1", ""),
            ("store", "protocol=https host=HOST path=team/r username=alice password=t2", ""),
            ("get", "protocol=https host=HOST path=team/other", "username=alice password=t2"),
            ("get", GET, ""),
        ],
    ),
    (
        "a rejected account of somebody else is left alone",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("erase", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("store", "protocol=https host=HOST path=team/r username=bob password=t2", ""),
            ("get", "protocol=https host=HOST path=team/r", "username=bob password=t2"),
            ("get", "protocol=https host=HOST path=team/x", ""),
        ],
    ),
    (
        "a token for the host and one for a scope do not touch each other",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("store", "protocol=https host=HOST username=alice password=t2", ""),
            ("get", "protocol=https host=HOST path=team", "username=alice password=t1"),
            ("store", "protocol=https host=HOST path=team username=alice password=t3", ""),
            ("get", GET, "username=alice password=t2"),
            ("get", "protocol=https host=HOST path=team", "username=alice password=t3"),
        ],
    ),
    (
        "a rejected token that works again serves again",
        &[
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            ("erase", "protocol=https host=HOST username=alice password=t1", ""),
            ("get", GET, ""),
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            ("get", GET, "username=alice password=t1"),
        ],
    ),
];

#[test]
fn a_store_after_a_success_writes_nothing_and_makes_no_copy() {
    let place = Home::bare();
    let stored = "protocol=https host=HOST username=alice password=t1 \
                  password_expiry_utc=9999999999 oauth_refresh_token=r1";
    place.answers("store", stored, "");
    place.answers("store", "protocol=https host=HOST path=team username=bob password=t2", "");
    let accounts = place.keys.accounts();
    place.keys.mark_unwritten();
    for again in [
        stored,
        "protocol=https host=HOST username=alice password=t1",
        "protocol=https host=HOST username=alice password=t1 password_expiry_utc=9999999999",
        "protocol=https host=HOST:443 username=alice password=t1",
        "protocol=https host=HOST path=a/b.git username=alice password=t1",
        "protocol=https host=HOST path=a/b.git/info/lfs username=alice password=t1",
        "protocol=https host=HOST path=team/r.git username=alice password=t1",
        "protocol=https host=HOST path=team/r.git username=bob password=t2",
        "protocol=https host=HOST path=team username=bob password=t2",
    ] {
        place.answers("store", again, "");
        assert!(place.keys.are_unwritten(), "{again}");
        assert_eq!(place.keys.accounts(), accounts, "{again}");
    }
    place.answers("store", "protocol=https host=HOST username=alice password=t9", "");
    assert!(!place.keys.are_unwritten(), "the mark is not seen to go");
}

#[test]
fn a_token_that_is_too_long_for_the_keychain_is_an_error_that_does_not_show_it() {
    let place = Home::bare();
    let token = "ghp_TESTONLY".repeat(20_000);
    let request =
        place.lines("protocol=https host=HOST username=alice") + "password=" + &token + "\n";
    let ran = place.operation("store", request);
    ran.fails(1, "git-credential-pat: store: the token is too long for this keychain");
    assert!(!ran.stderr().contains("ghp_"), "{}", ran.stderr());
    assert_eq!(place.keys.accounts(), [""; 0]);
}
