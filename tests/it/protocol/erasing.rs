//! Which accounts a refusal takes away, and which it leaves.

use super::{Row, check};
use crate::support::home::Home;

const ALICE: &str = "protocol=https host=HOST username=alice password=t1";
const BOB: &str = "protocol=https host=HOST username=bob password=t2";
const GET_ALICE: &str = "protocol=https host=HOST username=alice";
const GET_BOB: &str = "protocol=https host=HOST username=bob";
const IS_ALICE: &str = "username=alice password=t1";
const IS_BOB: &str = "username=bob password=t2";

#[test]
fn exactly_the_refused_token_is_served_no_more() {
    check(REFUSED);
}

const REFUSED: &[Row] = &[
    (
        "the named user's",
        &[
            ("store", ALICE, ""),
            ("store", BOB, ""),
            ("erase", ALICE, ""),
            ("get", GET_ALICE, ""),
            ("get", GET_BOB, IS_BOB),
        ],
    ),
    (
        "not another user's equal one",
        &[
            ("store", ALICE, ""),
            ("store", "protocol=https host=HOST username=bob password=t1", ""),
            ("erase", ALICE, ""),
            ("get", GET_ALICE, ""),
            ("get", GET_BOB, "username=bob password=t1"),
        ],
    ),
    (
        "everybody's who has it, if nobody is named",
        &[
            ("store", ALICE, ""),
            ("store", "protocol=https host=HOST username=bob password=t1", ""),
            ("store", "protocol=https host=HOST username=carol password=t3", ""),
            ("erase", "protocol=https host=HOST password=t1", ""),
            ("get", GET_ALICE, ""),
            ("get", GET_BOB, ""),
            ("get", "protocol=https host=HOST username=carol", "username=carol password=t3"),
        ],
    ),
    (
        "not the one that has replaced it",
        &[
            ("store", "protocol=https host=HOST username=alice password=t0", ""),
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST username=alice password=t0", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "the one that has replaced another, and the other does not come back",
        &[
            ("store", "protocol=https host=HOST username=alice password=t0", ""),
            ("store", ALICE, ""),
            ("erase", ALICE, ""),
            ("get", GET_ALICE, ""),
        ],
    ),
    (
        "not one that only begins like it, and no empty one for all",
        &[
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST username=alice password=t", ""),
            ("erase", "protocol=https host=HOST username=alice password=t11", ""),
            ("erase", "protocol=https host=HOST username=alice password=T1", ""),
            ("erase", "protocol=https host=HOST username=alice password=", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "not at another place",
        &[
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST:8443 username=alice password=t1", ""),
            ("erase", "protocol=http host=HOST username=alice password=t1", ""),
            ("erase", "protocol=https host=www.HOST username=alice password=t1", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "only at the most specific scope that has an account",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST path=team/r username=alice password=t1", ""),
            ("get", "protocol=https host=HOST path=team/r", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "at the host, where no scope has an account",
        &[
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST path=team/r username=alice password=t1", ""),
            ("get", GET_ALICE, ""),
        ],
    ),
    (
        "never a scoped one for a request without a path",
        &[
            ("store", "protocol=https host=HOST path=team username=alice password=t1", ""),
            ("erase", ALICE, ""),
            ("get", "protocol=https host=HOST path=team", IS_ALICE),
        ],
    ),
    (
        "one with an authtype by its credential",
        &[
            (
                "store",
                "capability[]=authtype protocol=https host=HOST authtype=Bearer credential=t1",
                "",
            ),
            (
                "erase",
                "capability[]=authtype protocol=https host=HOST authtype=Bearer credential=t2",
                "",
            ),
            (
                "get",
                "capability[]=authtype protocol=https host=HOST",
                "capability[]=authtype authtype=Bearer credential=t1",
            ),
            (
                "erase",
                "capability[]=authtype protocol=https host=HOST authtype=Bearer credential=t1",
                "",
            ),
            ("get", "capability[]=authtype protocol=https host=HOST", ""),
        ],
    ),
];

#[test]
fn without_a_token_exactly_what_is_named_is_put_away() {
    check(PUT_AWAY);
}

const PUT_AWAY: &[Row] = &[
    (
        "one user",
        &[
            ("store", ALICE, ""),
            ("store", BOB, ""),
            ("erase", GET_ALICE, ""),
            ("get", GET_ALICE, ""),
            ("get", "protocol=https host=HOST", IS_BOB),
        ],
    ),
    (
        "all users of the host, and no scoped one",
        &[
            ("store", ALICE, ""),
            ("store", BOB, ""),
            ("store", "protocol=https host=HOST path=team username=alice password=t3", ""),
            ("erase", "protocol=https host=HOST", ""),
            ("get", GET_ALICE, ""),
            ("get", GET_BOB, ""),
            ("get", "protocol=https host=HOST path=team", "username=alice password=t3"),
        ],
    ),
    (
        "a scope, and neither what is above it nor below",
        &[
            ("store", ALICE, ""),
            ("store", "protocol=https host=HOST path=team username=alice password=t3", ""),
            ("store", "protocol=https host=HOST path=team/r username=alice password=t4", ""),
            ("erase", "protocol=https host=HOST path=team", ""),
            ("get", GET_ALICE, IS_ALICE),
            ("get", "protocol=https host=HOST path=team", IS_ALICE),
            ("get", "protocol=https host=HOST path=team/r", "username=alice password=t4"),
        ],
    ),
    (
        "nothing for a path that can be no scope",
        &[
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST path=a/../b", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "nothing without a host and a protocol",
        &[
            ("store", ALICE, ""),
            ("erase", "", ""),
            ("erase", "protocol=https", ""),
            ("erase", "host=HOST", ""),
            ("erase", "username=alice", ""),
            ("erase", "username=alice password=t1", ""),
            ("erase", "protocol= host=", ""),
            ("erase", "protocol=https host=", ""),
            ("get", GET_ALICE, IS_ALICE),
        ],
    ),
    (
        "the account without a name by an empty one",
        &[
            ("store", "protocol=https host=HOST username= password=t0", ""),
            ("store", ALICE, ""),
            ("erase", "protocol=https host=HOST username=", ""),
            ("get", "protocol=https host=HOST", IS_ALICE),
        ],
    ),
];

#[test]
fn a_refused_token_and_what_is_named_are_kept_for_their_owner() {
    let place = Home::bare();
    place.answers("store", ALICE, "");
    place.answers("erase", ALICE, "");
    place.answers("erase", GET_ALICE, "");
    assert_eq!(place.keys.accounts().len(), 1);
    let url = place.fill("https://HOST");
    let command = |words: &[&str]| {
        let words = [words, &[&url, "--keychain", crate::support::KEYCHAIN]].concat();
        place.sandbox.helper(&words, "")
    };
    assert!(command(&["login", "--restore"]).status.success());
    place.answers("get", GET_ALICE, IS_ALICE);
    assert!(command(&["logout"]).status.success());
    assert_eq!(place.keys.accounts(), [""; 0], "a person deletes");
}
