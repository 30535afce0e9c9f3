//! `state[]`: the mark that a get hands out, so that the store which follows has nothing to do, and
//! that fits no other store.

use crate::support::KEYCHAIN;
use crate::support::home::Home;

const STORED: &str = "protocol=https host=HOST username=alice password=t1 \
                      password_expiry_utc=9999999999";

/// Makes a home with an account. Returns the state that a get of it hands out, too.
fn handed_out() -> (Home, String) {
    let place = Home::bare();
    place.answers("store", STORED, "");
    let state = state_of(&place, "protocol=https host=HOST");
    (place, state)
}

fn state_of(place: &Home, request: &str) -> String {
    let ran = place.operation("get", place.lines(&format!("capability[]=state {request}")));
    let answer = ran.stdout();
    assert!(answer.starts_with("capability[]=state\n"), "{ran}");
    answer.lines().find_map(|line| line.strip_prefix("state[]=")).unwrap().to_owned()
}

/// Returns whether a store that brings this state looks at the keychain, which has lost the account
/// meanwhile.
fn is_looked_at(place: &Home, request: &str) -> bool {
    let url = place.fill("https://HOST");
    place.sandbox.helper(&["logout", &url, "--keychain", KEYCHAIN], "");
    place.answers("store", request, "");
    !place.keys.accounts().is_empty()
}

#[test]
fn a_store_that_follows_our_own_get_does_not_touch_the_keychain() {
    let (place, state) = handed_out();
    let again = format!("capability[]=state {STORED} state[]={state}");
    assert!(!is_looked_at(&place, &again));
    let among_others = format!("capability[]=state {STORED} state[]=other:1 state[]={state}");
    assert!(!is_looked_at(&place, &among_others));
}

#[test]
fn a_state_fits_only_the_very_answer_that_it_came_with() {
    let other = "protocol=https host=HOST username=alice password=t1";
    for different in [
        other,
        "protocol=https host=HOST username=alice password=t2 password_expiry_utc=9999999999",
        "protocol=https host=HOST username=bob password=t1 password_expiry_utc=9999999999",
        "protocol=https host=HOST path=team username=alice password=t1 \
         password_expiry_utc=9999999999",
        "protocol=https host=HOST:8443 username=alice password=t1 password_expiry_utc=9999999999",
        "protocol=https host=HOST username=alice password=t1 password_expiry_utc=9999999998",
        "protocol=https host=HOST username=alice password=t1 password_expiry_utc=9999999999 \
         oauth_refresh_token=r1",
        "protocol=https host=HOST username=alice authtype=Bearer credential=t1 \
         password_expiry_utc=9999999999",
    ] {
        let (place, state) = handed_out();
        let request = format!("capability[]=state {different} state[]={state}");
        assert!(is_looked_at(&place, &request), "{different}");
    }
}

#[test]
fn a_state_of_another_helper_or_a_made_up_one_counts_for_nothing() {
    for state in ["other:seen=1", "git-credential-pat:1:", "git-credential-pat:1:00", "1"] {
        let (place, _) = handed_out();
        let request = format!("capability[]=state {STORED} state[]={state}");
        assert!(is_looked_at(&place, &request), "{state}");
    }
    let (place, state) = handed_out();
    let reset = format!("capability[]=state {STORED} state[]={state} state[]=");
    assert!(is_looked_at(&place, &reset), "an empty one takes back what was before it");
}

#[test]
fn a_state_is_handed_out_only_where_it_is_understood() {
    let place = Home::bare();
    place.answers("store", STORED, "");
    let answer = "username=alice password=t1 password_expiry_utc=9999999999";
    place.answers("get", "protocol=https host=HOST", answer);
    place.answers("get", "capability[]=authtype protocol=https host=HOST", answer);
}

#[test]
fn a_state_does_not_tell_the_token_nor_anything_of_it() {
    let (place, state) = handed_out();
    assert!(state.starts_with("git-credential-pat:"), "{state}");
    assert!(!state.contains("t1") || state.len() > 60, "{state}");
    place.answers("store", "protocol=https host=HOST:1 username=alice password=t1", "");
    let elsewhere = state_of(&place, "protocol=https host=HOST:1");
    assert_ne!(state, elsewhere, "the same token at two places must not be told");
}
