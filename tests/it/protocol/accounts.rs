//! Which account's token answers, and what the answer says.

use super::{Row, check};
use crate::support::home::Home;

#[test]
fn the_account_that_was_meant_answers_and_no_other() {
    check(CHOICES);
}

const ALICE: &str = "protocol=https host=HOST username=alice password=t1";
const BOB: &str = "protocol=https host=HOST username=bob password=t2";
const CHOICES: &[Row] = &[
    (
        "the username that is named, of several",
        &[
            ("store", ALICE, ""),
            ("store", BOB, ""),
            ("get", "protocol=https host=HOST username=alice", "username=alice password=t1"),
            ("get", "protocol=https host=HOST username=bob", "username=bob password=t2"),
            ("get", "protocol=https host=HOST username=carol", ""),
        ],
    ),
    (
        "a username is compared byte for byte",
        &[
            ("store", ALICE, ""),
            ("get", "protocol=https host=HOST username=Alice", ""),
            ("get", "protocol=https host=HOST username=alic", ""),
            ("get", "protocol=https host=HOST username=alice%20", ""),
        ],
    ),
    (
        "a username may be any text",
        &[
            ("store", "protocol=https host=HOST username=ä=@%\t; password=t1", ""),
            ("get", "protocol=https host=HOST", "username=ä=@%\t; password=t1"),
            ("get", "protocol=https host=HOST username=ä=@%\t;", "username=ä=@%\t; password=t1"),
        ],
    ),
    (
        "without a name, an account without a name comes before others",
        &[
            ("store", ALICE, ""),
            ("store", "protocol=https host=HOST username= password=t0", ""),
            ("get", "protocol=https host=HOST", "username= password=t0"),
        ],
    ),
    (
        "an account without a name is none for somebody who has one",
        &[
            ("store", "protocol=https host=HOST username= password=t0", ""),
            ("get", "protocol=https host=HOST username=alice", ""),
            ("get", "protocol=https host=HOST username=", "username= password=t0"),
        ],
    ),
    (
        "an empty token is none: the one that is there answers",
        &[
            ("store", ALICE, ""),
            ("store", "protocol=https host=HOST username=alice password=", ""),
            ("store", "protocol=https host=HOST username=bob password=", ""),
            ("store", "protocol=https host=HOST username= password=", ""),
            ("get", "protocol=https host=HOST", "username=alice password=t1"),
            ("get", "protocol=https host=HOST username=bob", ""),
        ],
    ),
    (
        "git's sign that single sign-on needs neither answers until there is an account",
        &[
            ("store", "protocol=https host=HOST username= password=", ""),
            ("get", "protocol=https host=HOST", "username= password="),
            ("store", ALICE, ""),
            ("get", "protocol=https host=HOST", "username=alice password=t1"),
        ],
    ),
    (
        "an empty name asks for an account without one",
        &[("store", ALICE, ""), ("get", "protocol=https host=HOST username=", "")],
    ),
    (
        "a named user is found at the host behind somebody else's scope",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("store", BOB, ""),
            (
                "get",
                "protocol=https host=HOST path=team/r username=bob",
                "username=bob password=t2",
            ),
            ("get", "protocol=https host=HOST path=team/r", "username=alice password=t1"),
        ],
    ),
    (
        "a rejected account is chosen and gives no answer, never the one behind it",
        &[
            ("store", BOB, ""),
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("erase", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("get", "protocol=https host=HOST path=team/r", ""),
            ("get", "protocol=https host=HOST", "username=bob password=t2"),
        ],
    ),
];

#[test]
fn of_several_accounts_none_is_picked_and_a_hint_says_how_to() {
    for rejected in [false, true] {
        let place = Home::bare();
        place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
        place.answers("store", "protocol=https host=HOST username=bob password=t2", "");
        if rejected {
            place.answers("erase", "protocol=https host=HOST username=bob password=t2", "");
        }
        let ran = place.operation("get", place.lines("protocol=https host=HOST"));
        let told = place.fill(
            "git-credential-pat: get: several accounts could answer at https://HOST: alice, bob\n\
             hint: choose one, such as: git credential-pat use https://HOST alice\n",
        );
        assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
        assert_eq!(ran.stderr(), told);
    }
}

#[test]
fn an_answer_says_what_is_known_of_the_token_and_only_what_was_asked_for() {
    check(ANSWERS);
}

const ANSWERS: &[Row] = &[
    (
        "expiry and refresh token",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=9999999999 oauth_refresh_token=r1",
                "",
            ),
            (
                "get",
                "protocol=https host=HOST",
                "username=alice password=t1 password_expiry_utc=9999999999 \
                     oauth_refresh_token=r1",
            ),
        ],
    ),
    (
        "another authtype goes only to who understands it",
        &[
            (
                "store",
                "capability[]=authtype protocol=https host=HOST authtype=Bearer credential=t1",
                "",
            ),
            ("get", "protocol=https host=HOST", ""),
            ("get", "capability[]=state protocol=https host=HOST", ""),
            (
                "get",
                "capability[]=authtype protocol=https host=HOST",
                "capability[]=authtype authtype=Bearer credential=t1",
            ),
            ("get", "capability[]=authtype capability[]= protocol=https host=HOST", ""),
        ],
    ),
    (
        "an authtype with a username answers that username",
        &[
            (
                "store",
                "capability[]=authtype protocol=https host=HOST username=alice \
                     authtype=Bearer credential=t1",
                "",
            ),
            ("get", "capability[]=authtype protocol=https host=HOST username=bob", ""),
            (
                "get",
                "capability[]=authtype protocol=https host=HOST username=alice",
                "capability[]=authtype authtype=Bearer username=alice credential=t1",
            ),
        ],
    ),
    (
        "an expiry of 0 or that is no number means never",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 password_expiry_utc=0",
                "",
            ),
            (
                "store",
                "protocol=https host=HOST username=bob password=t2 password_expiry_utc=soon",
                "",
            ),
            ("get", "protocol=https host=HOST username=alice", "username=alice password=t1"),
            ("get", "protocol=https host=HOST username=bob", "username=bob password=t2"),
        ],
    ),
    (
        "an expiry that is greater than any number means never",
        &[
            (
                "store",
                "protocol=https host=HOST username=alice password=t1 \
                     password_expiry_utc=99999999999999999999",
                "",
            ),
            ("get", "protocol=https host=HOST", "username=alice password=t1"),
        ],
    ),
    ("a miss is silent", &[("get", "protocol=https host=HOST", "")]),
    (
        "what is asked beside changes nothing",
        &[
            ("store", "protocol=https host=HOST username=alice password=t1", ""),
            (
                "get",
                "capability[]=newer protocol=https host=HOST wwwauth[]=Basic continue=1 \
                     quit=1 url=https://evil.example added_later=1 password=x",
                "username=alice password=t1",
            ),
        ],
    ),
];
