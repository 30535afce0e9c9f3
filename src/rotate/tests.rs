//! Rotations at a forge that counts its requests, and in a keychain that fails when it is told to.

use super::{
    Asked, NO_ROOM, Old, Outside, Resumed, SETTLED_AFTER, Stage, Verified, begin, resume, verify,
};
use crate::api::renewal::{Issued, Outcome};
use crate::api::state::{Reason, Standing, State};
use crate::api::{Facts, Told};
use crate::check::api_layer::ApiLayer;
use crate::context::Context;
use crate::credential::{Account, Aside, Credential, Token, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::lock::{self, Lock};
use crate::keychain::memory::MemoryKeychain;
use crate::keychain::{Found, Keychain, Kind};
use crate::secret::Secret;
use crate::time::DAY;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const NOW: u64 = 1_800_000_000;
const OLD: &[u8] = b"glpat-TESTONLYold";
const NEW: &[u8] = b"glpat-TESTONLYnew";

/// What the forge makes of the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Rotate,
    /// It rotates, and no answer comes back.
    RotateUnheard,
    /// Neither does it rotate, nor does an answer come back.
    Nothing,
    Refuse,
}

/// A forge with one token, and a clock.
struct Fake {
    does: Does,
    living: RefCell<Vec<&'static [u8]>>,
    /// The answer to every question, where it is not the truth.
    says: RefCell<Option<Standing>>,
    requests: Cell<usize>,
    now: Cell<u64>,
    has_lock: bool,
    has_refuge: bool,
    refuge: Rc<RefCell<MemoryKeychain>>,
    revoked: RefCell<Vec<Vec<u8>>>,
}

impl Fake {
    fn new(does: Does) -> Self {
        Self {
            does,
            living: RefCell::new(vec![OLD]),
            says: RefCell::default(),
            requests: Cell::default(),
            now: Cell::new(NOW),
            has_lock: true,
            has_refuge: false,
            refuge: Rc::default(),
            revoked: RefCell::default(),
        }
    }

    fn lives(&self, token: &Secret) -> bool {
        self.living.borrow().contains(&token.expose())
    }
}

impl Outside for Fake {
    fn ask(&self, credential: &Credential) -> ApiLayer {
        if let Some(standing) = &*self.says.borrow() {
            return ApiLayer::of(standing.clone());
        }
        let state = if self.lives(&credential.token) { State::Good } else { State::Refused };
        ApiLayer::of(Standing::of(state, None))
    }

    fn renew(&self, credential: &Credential) -> Outcome {
        self.requests.set(self.requests.get() + 1);
        let unheard = Standing::of(State::Unreachable, Reason::Network);
        match self.does {
            Does::Refuse => Outcome::DidNotHappen(Standing::of(State::Denied, Reason::Policy)),
            Does::Nothing => Outcome::Unclear(unheard),
            _ if !self.lives(&credential.token) => panic!("a second request, or a dead token"),
            Does::Rotate => {
                *self.living.borrow_mut() = vec![NEW];
                let facts = Facts { expiry: Told::At(NOW + 90 * DAY), ..Facts::default() };
                Outcome::Issued(Issued { token: Secret::new(NEW), facts })
            }
            Does::RotateUnheard => {
                *self.living.borrow_mut() = vec![NEW];
                Outcome::Unclear(unheard)
            }
        }
    }

    fn revoke(&self, old: &Credential) -> Option<Standing> {
        self.revoked.borrow_mut().push(old.token.expose().to_vec());
        let standing = self.says.borrow().clone();
        Some(standing.unwrap_or_else(|| Standing::of(State::Refused, None)))
    }

    fn lock(&self, _: &mut dyn Keychain, _: &Context) -> Option<Lock> {
        let file = tempfile::tempfile().expect("a file");
        self.has_lock.then(|| lock::of_file(file, Duration::ZERO).expect("locks").expect("nobody"))
    }

    fn refuge(&self) -> Option<Box<dyn Keychain>> {
        self.has_refuge.then(|| Box::new(Shared(Rc::clone(&self.refuge))) as Box<dyn Keychain>)
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn wait(&self, _: Duration) {}
}

/// A keychain that several have.
struct Shared(Rc<RefCell<MemoryKeychain>>);

impl Keychain for Shared {
    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn find(&mut self, at: &[Context], name: Option<&Username>) -> Result<Vec<Found>, Error> {
        self.0.borrow_mut().find(at, name)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        self.0.borrow_mut().list()
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        self.0.borrow_mut().usernames(found)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        self.0.borrow_mut().read(found)
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        self.0.borrow_mut().write(at, credential)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        self.0.borrow_mut().delete(found)
    }
}

fn account() -> Account {
    let context = Context::from_canonical("https://h.example").expect("canonical");
    Account { context, username: Username::new(b"alice") }
}

fn old() -> Credential {
    let Account { context, username } = account();
    let old = Credential::new(context, Some(username), Secret::new(OLD), NOW - DAY);
    let aside = Token { secret: Secret::new(b"ghp_TESTONLYaside"), ..old.answering() };
    let aside = Aside { token: aside, since: NOW - DAY };
    Credential { aside: Some(Box::new(aside)), expiry: Some(NOW + DAY), ..old }
}

fn keychain() -> MemoryKeychain {
    let mut keychain = MemoryKeychain::default();
    helper::put(&mut keychain, &old()).expect("a write");
    keychain
}

fn there(keychain: &mut MemoryKeychain) -> Credential {
    helper::kept_at(keychain, &account()).expect("an answer").expect("an account")
}

fn asked(keychain: &mut MemoryKeychain, outside: &Fake) -> Asked {
    begin(keychain, &account(), &old(), outside).expect("a beginning").ask(outside)
}

/// Begins a rotation that goes no further. Returns the account with its note.
fn noted(keychain: &mut MemoryKeychain, outside: &Fake) -> Credential {
    drop(begin(keychain, &account(), &old(), outside).expect("a beginning"));
    there(keychain)
}

fn issued() -> Issued {
    Issued { token: Secret::new(NEW), facts: Facts::default() }
}

/// Keeps the new token, with which the old one has ended, in an account with a note.
fn keep_new(
    keychain: &mut MemoryKeychain,
    noted: &Credential,
    outside: &Fake,
) -> Result<(Box<Credential>, bool), super::Unkept> {
    let new = super::answered(noted, issued(), Old::Ends, NOW);
    super::keeping::keep(keychain, noted, new, outside)
}

#[test]
fn a_rotation_ends_with_the_new_token_alone() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    let Asked::Here(new) = asked(&mut keychain, &outside) else { panic!("not here") };
    let between = there(&mut keychain);
    assert!(between == *new && Stage::of(&between) == Some(Stage::Unverified));
    assert_eq!(between.token.expose(), NEW);
    assert_eq!(between.expiry, Some(NOW + 90 * DAY));
    let previous = between.previous.expect("the old one beside it");
    assert_eq!((previous.secret.expose(), previous.rejected_at), (OLD, Some(NOW)));
    let verified = verify(&mut keychain, &new, false, &outside);
    assert!(matches!(verified, Ok(Verified::Ended(_))));
    let ended = there(&mut keychain);
    assert_eq!((ended.token.expose(), Stage::of(&ended)), (NEW, None));
    assert!(ended.aside.is_none(), "what is set aside is not needed any more");
    assert_eq!(outside.requests.get(), 1);
    assert!(outside.revoked.borrow().is_empty(), "the forge has done it");
}

#[test]
fn the_note_is_there_before_the_request() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    let noted = noted(&mut keychain, &outside);
    assert_eq!((noted.token.expose(), Stage::of(&noted)), (OLD, Some(Stage::Begun(NOW))));
}

#[test]
fn nothing_begins_where_it_could_not_end_well() {
    let outside = Fake::new(Does::Rotate);
    let begins = |keychain: &mut MemoryKeychain, seen: &[u8]| {
        let seen = Credential { token: Secret::new(seen), ..old() };
        let result = begin(keychain, &account(), &seen, &outside);
        result.map(|begun| begun.ask(&outside)).map(drop)
    };
    let full = || {
        let mut keychain = keychain();
        keychain.fail_on("write", Error::TooLong);
        keychain
    };
    let locked = || {
        let mut keychain = keychain();
        keychain.lock();
        keychain.fail_on("unlock", Error::Locked);
        keychain
    };
    let with = |credential: Credential| {
        let mut keychain = MemoryKeychain::default();
        helper::put(&mut keychain, &credential).expect("a write");
        keychain
    };
    for (mut keychain, seen, error) in [
        (full(), OLD, NO_ROOM),
        (locked(), OLD, Error::Locked),
        (keychain(), NEW, Error::Replaced),
        (MemoryKeychain::default(), OLD, Error::NoAccount),
        (with(Credential { expiry: Some(NOW), ..old() }), OLD, Error::Expired),
        (with(Credential { rejected_at: Some(NOW), ..old() }), OLD, Error::Rejected),
        (with(Credential { rotating_at: Some(NOW), ..old() }), OLD, Error::Rotating),
    ] {
        assert_eq!(begins(&mut keychain, seen), Err(error));
    }
    assert_eq!(outside.requests.get(), 0, "nobody was asked");
}

#[test]
fn an_answer_that_says_no_leaves_everything_as_it_was() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Refuse));
    assert!(matches!(asked(&mut keychain, &outside), Asked::DidNotHappen(_, None)));
    assert!(there(&mut keychain) == old());
}

#[test]
fn what_was_lost_is_told_from_what_did_not_happen_after_a_while() {
    for (does, lost) in [(Does::RotateUnheard, true), (Does::Nothing, false)] {
        let (mut keychain, outside) = (keychain(), Fake::new(does));
        assert!(matches!(asked(&mut keychain, &outside), Asked::Unclear(_)));
        let noted = there(&mut keychain);
        for (after, left) in [(0, 90), (1, 89), (89, 1)] {
            outside.now.set(NOW + after);
            let resumed = resume(&mut keychain, &account(), false, &outside).expect("an answer");
            assert!(matches!(resumed, Resumed::NotYet(seconds) if seconds == left));
            assert!(there(&mut keychain) == noted);
        }
        outside.now.set(NOW + SETTLED_AFTER);
        *outside.says.borrow_mut() = Some(Standing::of(State::Unreachable, Reason::Network));
        let resumed = resume(&mut keychain, &account(), false, &outside).expect("an answer");
        assert!(matches!(resumed, Resumed::Unclear(_)), "the forge is not reached");
        assert!(there(&mut keychain) == noted);
        *outside.says.borrow_mut() = None;
        let resumed = resume(&mut keychain, &account(), false, &outside).expect("an answer");
        let now = there(&mut keychain);
        assert_eq!(Stage::of(&now), None);
        if lost {
            assert!(matches!(resumed, Resumed::Lost));
            assert_eq!(now.rejected_at, Some(NOW + SETTLED_AFTER));
        } else {
            assert!(matches!(resumed, Resumed::DidNotHappen));
            assert!(now == old());
        }
        assert_eq!(outside.requests.get(), 1, "no second request is ever sent");
        let again = resume(&mut keychain, &account(), false, &outside).expect("an answer");
        assert!(matches!(again, Resumed::Nothing));
    }
}

#[test]
fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
    assert_eq!(Stage::Begun(NOW + 10 * DAY).unsettled_for(NOW), SETTLED_AFTER);
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Nothing));
    assert!(matches!(asked(&mut keychain, &outside), Asked::Unclear(_)));
    outside.now.set(NOW - DAY);
    let resumed = resume(&mut keychain, &account(), true, &outside).expect("an answer");
    assert!(matches!(resumed, Resumed::DidNotHappen));
}

#[test]
fn a_new_token_that_was_not_verified_is_verified_by_the_next() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    assert!(matches!(asked(&mut keychain, &outside), Asked::Here(_)));
    let resumed = resume(&mut keychain, &account(), false, &outside).expect("an answer");
    assert!(matches!(resumed, Resumed::Here(_, Verified::Ended(_))));
    assert_eq!(Stage::of(&there(&mut keychain)), None);
}

#[test]
fn a_new_token_that_is_not_taken_leaves_both_and_the_note() {
    for (state, is_refused) in [(State::Refused, true), (State::Unreachable, false)] {
        let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
        let Asked::Here(new) = asked(&mut keychain, &outside) else { panic!("not here") };
        *outside.says.borrow_mut() = Some(Standing::of(state, None));
        let verified = verify(&mut keychain, &new, false, &outside).expect("an answer");
        assert_eq!(matches!(verified, Verified::Refused(_)), is_refused);
        assert_eq!(matches!(verified, Verified::Unknown(_)), !is_refused);
        assert!(there(&mut keychain) == *new);
    }
}

#[test]
fn an_old_token_that_lives_on_is_revoked_once_the_new_one_is_good() {
    for (keeps_old, revoked) in [(false, vec![OLD.to_vec()]), (true, Vec::new())] {
        let (mut keychain, outside) = (keychain(), Fake::new(Does::Nothing));
        *outside.living.borrow_mut() = vec![OLD, NEW];
        let begun = begin(&mut keychain, &account(), &old(), &outside).expect("a beginning");
        let Asked::Here(new) = begun.answered(issued(), Old::LivesOn, &outside) else {
            panic!("not here")
        };
        assert!(outside.revoked.borrow().is_empty(), "not before the new one is good");
        let verified = verify(&mut keychain, &new, keeps_old, &outside);
        assert!(matches!(verified, Ok(Verified::Ended(_))));
        assert_eq!(*outside.revoked.borrow(), revoked);
        assert!(there(&mut keychain).previous.is_none());
    }
}

#[test]
fn a_write_that_fails_for_a_moment_is_tried_again() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    let noted = noted(&mut keychain, &outside);
    for _ in 0..3 {
        keychain.fail_on("write", Error::Keychain("full"));
    }
    let kept = keep_new(&mut keychain, &noted, &outside);
    assert!(kept.is_ok_and(|(_, is_aside)| !is_aside));
    assert_eq!(there(&mut keychain).token.expose(), NEW);
}

#[test]
fn a_token_that_another_process_stored_meanwhile_is_not_displaced() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    let noted = noted(&mut keychain, &outside);
    let others =
        Credential { token: Secret::new(b"glpat-TESTONLYother"), rotating_at: None, ..old() };
    helper::put(&mut keychain, &others).expect("a write");
    let kept = keep_new(&mut keychain, &noted, &outside);
    assert!(kept.is_ok_and(|(_, is_aside)| is_aside));
    let there = there(&mut keychain);
    assert!(there.token == others.token, "a person chose it");
    assert_eq!(there.aside.map(|aside| aside.token.secret.expose().to_vec()), Some(NEW.to_vec()));
}

#[test]
fn without_the_lock_nothing_begins() {
    let outside = Fake { has_lock: false, ..Fake::new(Does::Rotate) };
    let mut keychain = keychain();
    let begun = begin(&mut keychain, &account(), &old(), &outside);
    assert_eq!(begun.err(), Some(Error::Busy));
    assert!(there(&mut keychain) == old());
}

#[test]
fn what_its_keychain_does_not_take_waits_in_the_refuge_and_comes_home() {
    let outside = Fake { has_refuge: true, ..Fake::new(Does::Rotate) };
    let mut keychain = keychain();
    let noted = noted(&mut keychain, &outside);
    *outside.living.borrow_mut() = vec![NEW];
    for _ in 0..12 {
        keychain.fail_on("write", Error::Keychain("full"));
    }
    let kept = keep_new(&mut keychain, &noted, &outside);
    assert!(matches!(kept, Err(super::Unkept::InRefuge(_))));
    assert!(there(&mut keychain) == noted, "the note stays");
    assert_eq!(outside.refuge.borrow().contents().len(), 1);
    let mut keychain = MemoryKeychain::default();
    helper::put(&mut keychain, &noted).expect("a write");
    let resumed = resume(&mut keychain, &account(), false, &outside).expect("an answer");
    assert!(matches!(resumed, Resumed::Here(_, Verified::Ended(_))), "without waiting");
    assert_eq!(there(&mut keychain).token.expose(), NEW);
    assert!(outside.refuge.borrow().contents().is_empty());
}

#[test]
fn what_nobody_takes_is_handed_back_to_be_shown() {
    let (mut keychain, outside) = (keychain(), Fake::new(Does::Rotate));
    let noted = noted(&mut keychain, &outside);
    for _ in 0..12 {
        keychain.fail_on("write", Error::Keychain("full"));
    }
    let kept = keep_new(&mut keychain, &noted, &outside);
    assert!(matches!(kept, Err(super::Unkept::Nowhere(new, _)) if new.token.expose() == NEW));
}
