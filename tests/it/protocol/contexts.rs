//! Which context answers which request.

use super::{Row, check};

const STORE: &str = "protocol=https host=HOST username=alice password=t1";
const ANSWER: &str = "username=alice password=t1";

#[test]
fn a_token_answers_for_its_own_endpoint_and_for_no_neighbour() {
    check(ENDPOINTS);
}

const ENDPOINTS: &[Row] = &[
    ("the same place", &[("store", STORE, ""), ("get", "protocol=https host=HOST", ANSWER)]),
    (
        "ASCII case of a host means nothing",
        &[
            ("store", "protocol=https host=WWW.HOST username=alice password=t1", ""),
            ("get", "protocol=https host=www.HOST", ANSWER),
        ],
    ),
    (
        "the default port is no port",
        &[
            ("store", "protocol=https host=HOST:443 username=alice password=t1", ""),
            ("get", "protocol=https host=HOST", ANSWER),
            ("get", "protocol=https host=HOST:443", ANSWER),
        ],
    ),
    (
        "another port is another place, in both directions",
        &[
            ("store", STORE, ""),
            ("get", "protocol=https host=HOST:8443", ""),
            ("store", "protocol=https host=HOST:8443 username=alice password=t2", ""),
            ("get", "protocol=https host=HOST", ANSWER),
            ("get", "protocol=https host=HOST:8443", "username=alice password=t2"),
            ("get", "protocol=https host=HOST:844", ""),
            ("get", "protocol=https host=HOST:84430", ""),
        ],
    ),
    (
        "port 80 is the default of http only",
        &[
            ("store", "protocol=http host=LOOP:80 username=alice password=t1", ""),
            ("get", "protocol=http host=LOOP", ANSWER),
            ("get", "protocol=http host=LOOP:443", ""),
            ("get", "protocol=https host=LOOP:80", ""),
            ("get", "protocol=https host=LOOP", ""),
        ],
    ),
    (
        "https does not answer http, even on this machine",
        &[
            ("store", "protocol=https host=LOOP username=alice password=t1", ""),
            ("get", "protocol=http host=LOOP", ""),
            ("get", "protocol=http host=LOOP:443", ""),
        ],
    ),
    (
        "neither a subdomain nor a parent nor a similar name",
        &[
            ("store", STORE, ""),
            ("get", "protocol=https host=www.HOST", ""),
            ("get", "protocol=https host=HOST.evil.example", ""),
            ("get", "protocol=https host=xHOST", ""),
        ],
    ),
    (
        "IPv6 neighbours do not mix, with port or without",
        &[
            ("store", "protocol=https host=SIX:8443 username=alice password=t1", ""),
            ("get", "protocol=https host=SIX:8443", ANSWER),
            ("get", "protocol=https host=SIX", ""),
            ("get", "protocol=https host=SIX:844", ""),
            ("get", "protocol=https host=SIX8443", ""),
        ],
    ),
    (
        "an IPv6 address is compared as it is written, but for case",
        &[
            ("store", "protocol=https host=SIXUPPER username=alice password=t1", ""),
            ("get", "protocol=https host=SIX", ANSWER),
            ("get", "protocol=https host=SIXLONG", ""),
        ],
    ),
    (
        "other protocols are not ours",
        &[
            ("store", "protocol=smtp host=HOST username=alice password=t1", ""),
            ("get", "protocol=smtp host=HOST", ""),
            ("store", "protocol=HTTPS host=HOST username=alice password=t1", ""),
            ("get", "protocol=HTTPS host=HOST", ""),
            ("get", "protocol=https host=HOST", ""),
        ],
    ),
    (
        "http to this machine is kept and answered",
        &[
            ("store", "protocol=http host=LOOP:8080 username=alice password=t1", ""),
            ("get", "protocol=http host=LOOP:8080", ANSWER),
        ],
    ),
    (
        "http to another machine is neither kept nor answered",
        &[
            ("store", "protocol=http host=HOST username=alice password=t1", ""),
            ("--allow-http get", "protocol=http host=HOST", ""),
            ("--allow-http store", "protocol=http host=HOST username=alice password=t1", ""),
            ("--allow-http get", "protocol=http host=HOST", ANSWER),
            ("get", "protocol=http host=HOST", ""),
        ],
    ),
    (
        "a name that only looks like this machine is another one",
        &[
            ("store", "protocol=http host=localhost.HOST username=alice password=t1", ""),
            ("--allow-http get", "protocol=http host=localhost.HOST", ""),
            ("store", "protocol=http host=LOOP.HOST username=alice password=t1", ""),
            ("--allow-http get", "protocol=http host=LOOP.HOST", ""),
        ],
    ),
];

#[test]
fn a_scope_answers_below_itself_and_nowhere_else() {
    check(SCOPES);
}

const SCOPED: &str = "protocol=https host=HOST path=team username=alice password=t1";
const SCOPES: &[Row] = &[
    (
        "a scope is a prefix on whole segments",
        &[
            ("store", SCOPED, ""),
            ("get", "protocol=https host=HOST path=team", ANSWER),
            ("get", "protocol=https host=HOST path=team/repo.git", ANSWER),
            ("get", "protocol=https host=HOST path=team/repo.git/info/lfs", ANSWER),
            ("get", "protocol=https host=HOST path=team2/repo.git", ""),
            ("get", "protocol=https host=HOST path=tea", ""),
            ("get", "protocol=https host=HOST path=x/team", ""),
        ],
    ),
    (
        "a request without a path is for the host alone",
        &[
            ("store", SCOPED, ""),
            ("get", "protocol=https host=HOST", ""),
            ("get", "protocol=https host=HOST path=", ""),
        ],
    ),
    (
        "the most specific scope answers, then its parents, then the host",
        &[
            ("store", SCOPED, ""),
            ("store", "protocol=https host=HOST path=team/repo username=bob password=t2", ""),
            ("store", "protocol=https host=HOST username=carol password=t3", ""),
            ("get", "protocol=https host=HOST path=team/repo.git", "username=bob password=t2"),
            ("get", "protocol=https host=HOST path=team/other", ANSWER),
            ("get", "protocol=https host=HOST path=else", "username=carol password=t3"),
            ("get", "protocol=https host=HOST", "username=carol password=t3"),
        ],
    ),
    (
        "the last segment of a scope is the same with .git and without",
        &[
            ("store", "protocol=https host=HOST path=t/r.git username=alice password=t1", ""),
            ("get", "protocol=https host=HOST path=t/r", ANSWER),
            ("get", "protocol=https host=HOST path=t/r.git", ANSWER),
            ("get", "protocol=https host=HOST path=t/r.git/info/lfs", ANSWER),
            ("get", "protocol=https host=HOST path=t/r.git.git", ""),
            ("get", "protocol=https host=HOST path=t/r.gitx", ""),
        ],
    ),
    (
        "a path is compared byte for byte",
        &[
            ("store", SCOPED, ""),
            ("get", "protocol=https host=HOST path=Team/repo", ""),
            ("get", "protocol=https host=HOST path=te%61m/repo", ""),
            ("get", "protocol=https host=HOST path=team%2frepo", ""),
        ],
    ),
    (
        "a path with dots or empty segments meets no scope, only the host",
        &[
            ("store", SCOPED, ""),
            ("get", "protocol=https host=HOST path=team/../other", ""),
            ("get", "protocol=https host=HOST path=team/./repo", ""),
            ("get", "protocol=https host=HOST path=team//repo", ""),
            ("get", "protocol=https host=HOST path=/team/repo", ""),
            ("get", "protocol=https host=HOST path=team/", ""),
            ("store", "protocol=https host=HOST username=bob password=t2", ""),
            ("get", "protocol=https host=HOST path=team/../x", "username=bob password=t2"),
        ],
    ),
    (
        "more than 32 segments meet no scope",
        &[
            ("store", "protocol=https host=HOST path=1 username=alice password=t1", ""),
            (
                "get",
                "protocol=https host=HOST path=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/\
                     17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32",
                ANSWER,
            ),
            (
                "get",
                "protocol=https host=HOST path=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/\
                     17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33",
                "",
            ),
        ],
    ),
    (
        "what a scope is called may be any text",
        &[
            ("store", "protocol=https host=HOST path=~ü%/ü username=alice password=t1", ""),
            ("get", "protocol=https host=HOST path=~ü%/ü/r", ANSWER),
            ("get", "protocol=https host=HOST path=~u%/ü/r", ""),
            ("get", "protocol=https host=HOST path=~ü%25/ü/r", ""),
        ],
    ),
    (
        "a scope at one port is none at another",
        &[("store", SCOPED, ""), ("get", "protocol=https host=HOST:8443 path=team", "")],
    ),
];
