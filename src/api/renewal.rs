//! Asks a forge for a new token in the place of an account's.
//!
//! Most forges give one to a person on a page alone. GitLab gives one to who has the old one, and
//! Gitea to who has the password. Such a request is sent exactly once: it may arrive although no
//! answer comes back, and a second one could do harm. So its [`Outcome`] tells three cases apart.

use super::http::{Answer, Trouble};
use super::state::{Reason, Standing, State};
use super::{Asking, Facts, Subject, unreadable};
use crate::forge::Kind;
use crate::secret::{Buffer, Secret};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer, Map, Value};
use std::fmt;

/// The header of a body in JSON.
pub(super) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// How a new token comes in the place of an old one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Renewal {
    /// The forge gives one to who has the old one.
    ByToken,
    /// The forge gives one to who has the account's password.
    ByPassword,
    /// A person makes one on a page.
    ByPage,
    /// Nobody who has the old one can get one, for this reason.
    None(&'static str),
}

impl Renewal {
    /// Returns how a token comes from a forge that gives one on a page alone.
    pub(super) fn by_page(subject: &Subject<'_>) -> Self {
        match subject.kind {
            _ if subject.is_oauth => Self::None("the program that fetched it fetches the next one"),
            Some(
                Kind::OauthApp
                | Kind::AppUser
                | Kind::Installation
                | Kind::Refresh
                | Kind::Workspace,
            ) => Self::None("the program that fetched it fetches the next one"),
            Some(Kind::CiJob) => Self::None("each job gets one of its own"),
            Some(Kind::Deploy) => {
                Self::None("deploy tokens are made in the settings of a project or a group")
            }
            _ => Self::ByPage,
        }
    }
}

/// The token that is wanted.
pub(crate) struct Wish<'a> {
    /// When it should end, in seconds since 1970 UTC. GitLab counts in days, see there; Gitea's
    /// tokens have no end.
    pub(crate) expiry: u64,
    /// Its name, which no other token of the person has. GitLab gives it that of the old one.
    pub(crate) name: &'a str,
    /// Its scopes, by the forge's names. GitLab gives it those of the old one.
    pub(crate) scopes: &'a [String],
    /// Who wants it, where the forge gives it for a password.
    pub(crate) person: Option<Person<'a>>,
}

/// A person who has typed a password.
#[derive(Clone, Copy)]
pub(crate) struct Person<'a> {
    /// The name to log in with.
    pub(crate) name: &'a str,
    pub(crate) password: &'a Secret,
    /// The code of the second factor, where the person has one.
    pub(crate) otp: Option<&'a Secret>,
}

/// The outcome of asking for a new token.
pub(crate) enum Outcome {
    /// The forge has given a new token.
    Issued(Issued),
    /// There is no new token, and nothing has changed: the forge says so, or was not reached.
    DidNotHappen(Standing),
    /// Nobody knows whether there is a new token.
    Unclear(Standing),
}

/// A token that a forge has just given.
pub(crate) struct Issued {
    /// The token, in the memory into which the answer was read.
    pub(crate) token: Secret,
    /// What the forge has told of it.
    pub(crate) facts: Facts,
}

/// Reads the result of the only request: the new token below this name in the answer, and the facts
/// that stand beside it.
pub(super) fn outcome(
    asking: &Asking<'_>,
    result: Result<Answer, Trouble>,
    name: &'static str,
    facts: impl FnOnce(&Value) -> Facts,
) -> Outcome {
    let answer = match result {
        Ok(answer) => answer,
        Err(trouble) if trouble.is_before_sending() => {
            return Outcome::DidNotHappen(asking.unanswered(trouble));
        }
        Err(trouble) => return Outcome::Unclear(asking.unanswered(trouble)),
    };
    match answer.status {
        200 | 201 => match read(&answer.body, name) {
            Some((token, beside)) if is_fit(&token, asking.subject.token) => {
                Outcome::Issued(Issued { token, facts: facts(&beside) })
            }
            // Its words are not shown: they may hold the new token in a form that nobody
            // recognises.
            _ => Outcome::Unclear(unreadable(&answer)),
        },
        300..400 => Outcome::Unclear(asking.redirected(&answer)),
        // With 408 something before the server says that it was too slow, and the server may be at
        // work.
        408 | 500.. => Outcome::Unclear(asking.failing(&answer)),
        400..500 => Outcome::DidNotHappen(refusal(asking, &answer)),
        _ => Outcome::Unclear(unreadable(&answer)),
    }
}

/// Returns the judgement of an answer that says no. The forge's own words say why.
pub(super) fn refusal(asking: &Asking<'_>, answer: &Answer) -> Standing {
    let standing = match answer.status {
        401 => return asking.refused(answer).standing,
        429 => return asking.limited(answer),
        404 => Standing::of(State::Absent, None),
        405 => Standing::of(State::Unknown, Reason::NoWay),
        _ => return asking.denied(answer).standing,
    };
    standing.saying(asking.words(answer))
}

/// Returns whether it can be a new token.
fn is_fit(token: &Secret, old: &Secret) -> bool {
    let bytes = token.expose();
    !bytes.is_empty() && !bytes.iter().any(u8::is_ascii_control) && token != old
}

/// Returns the token below this name, as a part of the body, and everything beside it. Returns
/// nothing where the body is no object, or where the token stands in it twice, or escaped.
fn read(body: &Buffer, name: &'static str) -> Option<(Secret, Value)> {
    let mut reader = Deserializer::from_slice(body.expose());
    let (token, beside) = Named(name).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some((body.secret(token.as_bytes()), Value::Object(beside)))
}

/// Reads an object, in which the text below this name is not copied.
struct Named(&'static str);

impl<'de> DeserializeSeed<'de> for Named {
    type Value = (&'de str, Map<String, Value>);

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Named {
    type Value = (&'de str, Map<String, Value>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a token")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// What stands beside a token and says something of it. Some servers repeat the token.
        const BESIDE: [&str; 3] = ["scopes", "expires_at", "name"];
        let (mut token, mut beside) = (None, Map::new());
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                if token.replace(map.next_value::<&'de str>()?).is_some() {
                    return Err(A::Error::custom("two tokens"));
                }
            } else if BESIDE.contains(&key.as_str()) {
                beside.insert(key, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok((token.ok_or_else(|| A::Error::custom("no token"))?, beside))
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Renewal, Wish, outcome, read};
    use crate::api::gitea::Gitea;
    use crate::api::gitlab::GitLab;
    use crate::api::http::{Answer, Client, Trouble};
    use crate::api::state::{Reason, Standing, State};
    use crate::api::{Api, Asking, Facts, Subject, github::GitHub};
    use crate::forge::Kind;
    use crate::secret::{Buffer, Secret};
    use std::cell::{Cell, RefCell};
    use std::time::{Duration, Instant};

    const OLD: &[u8] = b"glpat-TESTONLYold";

    fn subject(token: &Secret, kind: Option<Kind>) -> Subject<'_> {
        Subject { token, username: None, kind, is_oauth: false, refresh_token: None, path: "" }
    }

    /// Returns the leave to ask one question.
    fn asking<'a>(client: &'a Client, base: &'a str, subject: &'a Subject<'a>) -> Asking<'a> {
        Asking {
            client,
            base,
            subject,
            is_certain: false,
            deadline: Instant::now() + Duration::from_secs(60),
            left: Cell::new(1),
            beside: RefCell::default(),
            now: 0,
        }
    }

    /// Returns what a request comes to that has this result.
    fn of(result: Result<&str, Trouble>) -> Outcome {
        let (client, token) = (Client::without_curl(), Secret::new(OLD));
        let subject = subject(&token, None);
        let asking = asking(&client, "https://h.example/api/v4", &subject);
        let result = result.map(|text| Answer::parse(text.as_bytes()).expect("an answer"));
        outcome(&asking, result, "token", |_| Facts::default())
    }

    fn answered(status: u16, body: &str) -> Outcome {
        let text = format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n\r\n{body}");
        of(Ok(&text))
    }

    /// Returns what an outcome is, in a word.
    fn word(outcome: &Outcome) -> &'static str {
        match outcome {
            Outcome::Issued(_) => "issued",
            Outcome::DidNotHappen(_) => "not",
            Outcome::Unclear(_) => "unclear",
        }
    }

    fn standing(outcome: Outcome) -> Standing {
        match outcome {
            Outcome::DidNotHappen(standing) | Outcome::Unclear(standing) => standing,
            Outcome::Issued(_) => panic!("it was issued"),
        }
    }

    #[test]
    fn a_4xx_is_an_answer_and_nothing_else_is_one() {
        let good = r#"{"id":1,"token":"glpat-TESTONLYnew"}"#;
        for (status, body, told) in [
            (200, good, "issued"),
            (201, good, "issued"),
            (202, good, "unclear"),
            (204, "", "unclear"),
            (301, "", "unclear"),
            (303, "", "unclear"),
            (307, "", "unclear"),
            (400, good, "not"),
            (401, "", "not"),
            (403, "", "not"),
            (404, "", "not"),
            (405, "", "not"),
            (408, "", "unclear"),
            (409, "", "not"),
            (422, "", "not"),
            (429, "", "not"),
            (500, good, "unclear"),
            (502, "", "unclear"),
            (503, "", "unclear"),
        ] {
            assert_eq!(word(&answered(status, body)), told, "{status}");
        }
    }

    #[test]
    fn only_what_was_never_sent_did_not_happen_without_an_answer() {
        for (trouble, told) in [
            (Trouble::NoCurl, "not"),
            (Trouble::Unfit, "not"),
            (Trouble::NoTime, "not"),
            (Trouble::Unreachable(String::new()), "not"),
            (Trouble::Certificate(String::new()), "not"),
            (Trouble::Cut(String::new()), "unclear"),
            (Trouble::TooSlow, "unclear"),
            (Trouble::TooMuch, "unclear"),
            (Trouble::Failed, "unclear"),
        ] {
            assert_eq!(word(&of(Err(trouble.clone()))), told, "{trouble:?}");
        }
    }

    #[test]
    fn a_good_answer_without_a_fit_token_leaves_it_unclear() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"token":null}"#,
            r#"{"token":""}"#,
            r#"{"token":"glpat-TESTONLYold"}"#,
            r#"{"token":"glpat-\u0054ESTONLYnew"}"#,
            r#"{"token":"glpat-TESTONLY\/new"}"#,
            r#"{"token":"a\nb"}"#,
            "{\"token\":\"a\u{7f}b\"}",
            r#"{"token":"glpat-TESTONLYone","token":"glpat-TESTONLYtwo"}"#,
            r#"{"token":"glpat-TESTONLYnew""#,
            r#"{"token":"glpat-TESTONLYnew"}{}"#,
            r#"{"data":{"token":"glpat-TESTONLYnew"}}"#,
            "<html>glpat-TESTONLYnew</html>",
        ] {
            let outcome = answered(200, body);
            assert_eq!(word(&outcome), "unclear", "{body}");
            let said = standing(outcome).said;
            assert_eq!(said, None, "an answer is shown that may hold the token: {body}");
        }
    }

    #[test]
    fn a_new_token_is_where_it_was_read_and_nothing_beside_it_can_hide_it() {
        let body = Buffer::new(
            br#"{"id":[{"a":1e5}],"name":5,"scopes":["api"],"token":"glpat-TESTONLYnew","token2":"\n"}"#,
        );
        let (token, beside) = read(&body, "token").expect("a token");
        assert_eq!(token.expose(), b"glpat-TESTONLYnew");
        assert!(body.expose().as_ptr_range().contains(&token.expose().as_ptr()));
        assert_eq!(beside, serde_json::json!({ "name": 5, "scopes": ["api"] }));
    }

    #[test]
    fn a_refusal_says_why() {
        let lifetime = r#"{"message":"400 Bad request - lifetime of token too long"}"#;
        let scope = r#"{"error":"insufficient_scope","error_description":"needs a scope"}"#;
        for (status, body, state, reason) in [
            (400, lifetime, State::Denied, Some(Reason::Policy)),
            (401, "", State::Refused, None),
            (403, scope, State::Denied, Some(Reason::Scope)),
            (404, "", State::Absent, None),
            (405, "", State::Unknown, Some(Reason::NoWay)),
            (422, "", State::Denied, Some(Reason::Other)),
            (429, "", State::Limited, None),
            (500, "", State::Unknown, Some(Reason::Server)),
        ] {
            let standing = standing(answered(status, body));
            assert_eq!((standing.state, standing.reason), (state, reason), "{status}");
        }
    }

    #[test]
    fn how_a_new_token_comes_depends_on_the_forge_and_the_kind() {
        let token = Secret::new(OLD);
        let of = |api: &dyn Api, kind, scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
            api.renewal(&subject(&token, kind), Some(&scopes))
        };
        for (scopes, way) in [
            (&["api"][..], Renewal::ByToken),
            (&["read_repository", "self_rotate"], Renewal::ByToken),
            (&["granular"], Renewal::ByToken),
            (&["read_repository", "read_api"], Renewal::ByPage),
        ] {
            assert_eq!(of(&GitLab, Some(Kind::Personal), scopes), way, "{scopes:?}");
        }
        assert_eq!(GitLab.renewal(&subject(&token, None), None), Renewal::ByToken);
        assert_eq!(of(&Gitea, Some(Kind::Access), &[]), Renewal::ByPassword);
        assert_eq!(of(&GitHub, Some(Kind::ClassicPersonal), &[]), Renewal::ByPage);
        for kind in [Kind::Deploy, Kind::CiJob, Kind::OauthApp, Kind::Installation] {
            for api in [&GitLab as &dyn Api, &Gitea, &GitHub] {
                assert!(matches!(of(api, Some(kind), &["api"]), Renewal::None(_)), "{kind:?}");
            }
        }
        let oauth = Subject { is_oauth: true, ..subject(&token, None) };
        assert!(matches!(GitLab.renewal(&oauth, None), Renewal::None(_)));
    }

    #[test]
    fn without_a_password_gitea_is_not_asked() {
        let (client, token) = (Client::without_curl(), Secret::new(OLD));
        let subject = subject(&token, None);
        let asking = asking(&client, "https://h.example/api/v1", &subject);
        let wish = Wish { expiry: 0, name: "git", scopes: &[], person: None };
        let standing = standing(Gitea.renew(&asking, &wish));
        assert_eq!((standing.reason, asking.left.get()), (Some(Reason::NoWay), 1));
    }
}
