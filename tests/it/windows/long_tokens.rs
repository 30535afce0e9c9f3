//! Tokens beyond the 2,560 bytes that Windows keeps in one credential.

use crate::support::home::Home;
use std::thread;

fn token(length: usize) -> String {
    ('a'..='z').cycle().take(length).collect()
}

#[test]
fn a_token_of_any_length_is_stored_read_and_erased_whole() {
    let place = Home::bare();
    for length in [1, 2_300, 2_559, 2_560, 2_561, 5_200, 16_384, 65_000] {
        let token = token(length);
        place.store("alice", &token);
        place.gets("alice", &token);
        assert!(place.keys.seen().iter().all(|seen| seen.bytes <= 2_560));
    }
    assert_eq!(place.keys.parts().len(), 26);
    place.store("alice", "TESTONLY");
    assert_eq!(place.keys.parts().len(), 0);
    place.store("alice", &token(16_384));
    assert_eq!(place.keys.parts().len(), 7);
    place.asks("erase", "username=alice\n").prints("");
    assert_eq!(place.keys.seen(), []);
}

#[test]
fn a_refused_long_token_is_kept_whole_and_comes_back() {
    let place = Home::bare();
    let token = token(7_000);
    place.store("alice", &token);
    place.asks("erase", &format!("username=alice\npassword={token}\n")).prints("");
    place.asks("get", "").prints("");
    let restored = place.sandbox.helper(&["login", "--restore", &place.url("")], "");
    assert!(restored.status.success(), "{restored}");
    place.gets("alice", &token);
}

#[test]
fn what_is_too_long_for_the_credential_manager_is_refused_and_the_old_token_stays() {
    let place = Home::bare();
    place.store("alice", "TESTONLY");
    let lines = format!("username=alice\npassword={}\n", token(200_000));
    place.asks("store", &lines).fails(1, "too long");
    place.gets("alice", "TESTONLY");
    assert_eq!(place.keys.parts().len(), 0);
}

#[test]
fn stores_and_gets_at_once_see_one_whole_token() {
    let place = Home::bare();
    let tokens: Vec<String> = ('a'..='f').map(|c| c.to_string().repeat(12_000)).collect();
    let answer = |token: &String| format!("username=alice\npassword={token}\n");
    place.store("alice", &tokens[0]);
    thread::scope(|scope| {
        for token in &tokens {
            scope.spawn(|| {
                place.store("alice", token);
                let ran = place.asks("get", "");
                let whole = tokens.iter().any(|token| ran.stdout() == answer(token));
                assert!(whole, "status {}, {} bytes", ran.status, ran.stdout.len());
            });
        }
    });
    assert_eq!(place.keys.parts().len(), 5, "of one token");
    assert_eq!(place.keys.accounts().len(), 1);
}
