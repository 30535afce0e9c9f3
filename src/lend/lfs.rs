//! git-lfs: the addresses of its objects, and the objects themselves.
//!
//! The forge answers a batch request with an address for each object, often at another host and
//! signed, or with a header that is as good as a token for an hour. None of that goes inside: each
//! address is kept here under a random name, and the client gets the name. So a client can reach
//! only the objects that it was allowed to ask for. It can upload only where pushing is lent, and
//! only objects for which the forge has given an address.

use super::forward::{self, Target, Upload};
use super::policy::Policy;
use super::push::is_id;
use super::refusal::Refusal;
use super::request::{Head, Method};
use super::stream::Stream;
use super::{Lending, account, random_name, words};
use crate::api::http::flow::{AnswerHead, Flow, Login, Sent, Way};
use crate::child::in_background;
use crate::context::Context;
use crate::setup::Answering;
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use url_of_object::Address;

/// The longest batch request and the longest answer to one, in bytes.
const MOST_ASKED: usize = 4 * 1024 * 1024;
const MOST_ANSWERED: usize = 8 * 1024 * 1024;

/// How many addresses are kept, and for how long.
const MOST_KEPT: usize = 20_000;
const KEPT_FOR: Duration = Duration::from_secs(3600);

const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// The addresses of objects, the oldest first, with the names that the client gets for them.
#[derive(Default)]
pub(super) struct Objects(Mutex<VecDeque<(String, Object)>>);

/// The address of an object, and what it may be used for.
#[derive(Clone)]
pub(super) struct Object {
    repository: Context,
    method: Method,
    href: String,
    headers: Vec<(String, String)>,
    until: Instant,
}

impl Objects {
    /// Keeps an address. Returns its name.
    fn keep(&self, object: Object) -> Option<String> {
        let name = random_name()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_KEPT {
            let now = Instant::now();
            all.retain(|(_, object)| object.until > now);
        }
        if all.len() >= MOST_KEPT {
            all.pop_front();
        }
        all.push_back((name.clone(), object));
        Some(name)
    }

    /// Returns the address of this name, if it is for this repository and method and still holds.
    fn get(&self, name: &str, repository: &Context, method: Method) -> Option<Object> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |object: &&Object| {
            object.repository == *repository
                && object.method == method
                && object.until > Instant::now()
        };
        let found = all.iter().find(|(there, _)| there == name).map(|(_, object)| object);
        found.filter(is_it).cloned()
    }
}

/// A batch request as it is sent on: only the fields that are known, and no way to transfer but the
/// basic one.
#[derive(Debug)]
pub struct Batch {
    /// Whether objects are to be uploaded.
    pub is_upload: bool,
    /// The body that is sent to the forge.
    pub body: Vec<u8>,
}

impl Batch {
    /// Reads a batch request.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let asked: Value = serde_json::from_slice(bytes).ok()?;
        let is_upload = match asked.get("operation")?.as_str()? {
            "upload" => true,
            "download" => false,
            _ => return None,
        };
        let mut objects = Vec::new();
        for object in asked.get("objects")?.as_array()? {
            let (oid, size) = id_and_size(object)?;
            objects.push(fields(vec![("oid", oid.into()), ("size", size.into())]));
        }
        let name = asked.get("ref").and_then(|of| of.get("name")).and_then(Value::as_str);
        let body = fields(vec![
            ("operation", if is_upload { "upload" } else { "download" }.into()),
            ("transfers", Value::Array(vec!["basic".into()])),
            ("objects", Value::Array(objects)),
            ("ref", name.map_or(Value::Null, |name| fields(vec![("name", name.into())]))),
        ]);
        let body = body.to_string().into_bytes();
        Some(Self { is_upload, body })
    }
}

/// Returns the name of an object, which is its SHA-256, and its length in bytes.
fn id_and_size(object: &Value) -> Option<(&str, u64)> {
    let (oid, size) = (object.get("oid")?.as_str()?, object.get("size")?.as_u64()?);
    (oid.len() == 64 && is_id(oid.as_bytes())).then_some((oid, size))
}

/// Returns the forge's answer with other addresses. `kept` gives the new one for a method, an
/// address and its headers, and `said` the forge's words as they may go inside.
#[must_use]
pub fn rewritten(
    answer: &[u8],
    said: impl Fn(&str) -> String,
    mut kept: impl FnMut(Method, &str, Vec<(String, String)>) -> Option<String>,
) -> Option<Vec<u8>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    if answer.get("transfer").is_some_and(|transfer| transfer != "basic") {
        return None;
    }
    let mut objects = Vec::new();
    for object in answer.get("objects")?.as_array()? {
        let (oid, size) = id_and_size(object)?;
        let mut actions = Vec::new();
        for (name, method) in
            [("download", Method::Get), ("upload", Method::Put), ("verify", Method::Post)]
        {
            let there = object.get("actions").and_then(|actions| actions.get(name));
            let Some(action) = there else { continue };
            let href = action.get("href")?.as_str()?;
            let headers = action.get("header").and_then(Value::as_object);
            let headers = headers
                .into_iter()
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            let href = kept(method, href, headers.collect())?;
            actions.push((name, fields(vec![("href", href.into())])));
        }
        let error = object.get("error").map_or(Value::Null, |error| {
            let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
            let code = error.get("code").and_then(Value::as_u64).unwrap_or(500);
            fields(vec![("code", code.into()), ("message", said(message).into())])
        });
        let actions = if actions.is_empty() { Value::Null } else { fields(actions) };
        objects.push(fields(vec![
            ("oid", oid.into()),
            ("size", size.into()),
            ("authenticated", true.into()),
            ("actions", actions),
            ("error", error),
        ]));
    }
    let answer = fields(vec![
        ("transfer", "basic".into()),
        ("objects", Value::Array(objects)),
        ("hash_algo", "sha256".into()),
    ]);
    Some(answer.to_string().into_bytes())
}

/// Returns an object of these fields, without those that are null.
fn fields(fields: Vec<(&'static str, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        if !value.is_null() {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

/// Reads a batch request and checks what it asks for.
///
/// # Errors
/// Where the request is not understood, or its operation is not lent.
pub(super) fn read_batch(
    policy: &Policy,
    repository: &Context,
    body: &mut dyn Read,
) -> Result<Batch, Refusal> {
    let bytes = read_all(body, MOST_ASKED).ok_or(Refusal::NotUnderstood)?;
    let batch = Batch::parse(&bytes).ok_or(Refusal::NotUnderstood)?;
    if batch.is_upload {
        policy.push(repository)?;
    }
    Ok(batch)
}

/// Asks the forge for addresses. Returns the answer for the client.
///
/// # Errors
/// Where the forge gives no answer that can be passed on.
pub(super) fn ask(
    lending: &Lending,
    head: &Head,
    repository: &Context,
    account: Option<&Answering>,
    batch: Batch,
) -> Result<Vec<u8>, Refusal> {
    let host = repository.host_level();
    let way = lending.way(&host)?;
    let mut headers = vec![("Accept", MEDIA_TYPE), ("Content-Type", MEDIA_TYPE)];
    headers.extend(head.header("User-Agent").map(|agent| ("User-Agent", agent)));
    let flow = Flow {
        method: "POST",
        url: &format!("{host}/{}", head.path),
        headers: &headers,
        login: account.map(|account| account::login(lending, account)),
        body: Sent::Length(batch.body.len() as u64),
    };
    let answer = whole(&way, &flow, batch.body, &host)?;
    let base = head.path.strip_suffix("/info/lfs/objects/batch").unwrap_or_default();
    let until = Instant::now() + KEPT_FOR;
    let kept = |method, href: &str, headers| {
        Address::parse(href, &host)?;
        let (repository, href) = (repository.clone(), href.to_owned());
        let name = lending.objects.keep(Object { repository, method, href, headers, until })?;
        Some(format!("{}{}/{base}/lfs-object/{name}", lending.base, head.host))
    };
    let said = |text: &str| words::said(text.as_bytes(), &flow).unwrap_or_default();
    rewritten(&answer, said, kept).ok_or_else(|| Refusal::Answered(host.clone(), 200))
}

/// Reads to the end. Returns nothing where that fails or there are more bytes than these.
fn read_all(reader: &mut dyn Read, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Some(bytes),
            Ok(count) if bytes.len() + count <= most => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return None,
        }
    }
}

/// Sends a short request, and reads the whole answer.
fn whole(way: &Way, flow: &Flow<'_>, body: Vec<u8>, host: &Context) -> Result<Vec<u8>, Refusal> {
    let mut flowing = way.begin(flow).map_err(|_| Refusal::Failed)?;
    if let Some(mut pipe) = flowing.body.take() {
        let _ = in_background(Box::new(move || drop(pipe.write_all(&body))));
    }
    let bytes = read_all(&mut flowing.answer, MOST_ANSWERED);
    let mut bytes = bytes.ok_or_else(|| Refusal::Answered(host.clone(), 200))?;
    let status = flowing.ended();
    let unreached = || Refusal::Unreached(host.clone(), crate::api::http::flow::why(status));
    let head = AnswerHead::parse(&bytes).filter(|_| status == Some(0)).ok_or_else(unreached)?;
    match head.status {
        200 => Ok(bytes.split_off(head.length)),
        401 => Err(Refusal::TokenRefused(host.clone())),
        status => Err(Refusal::Answered(host.clone(), status)),
    }
}

/// Sends an object to its address, or gets it from there.
///
/// # Errors
/// Where no address has this name, or there is no answer that can be passed on.
pub(super) fn transfer(
    lending: &Lending,
    stream: &Stream,
    head: &Head,
    (repository, name): (&Context, &str),
    account: Option<&Answering>,
    upload: Upload<'_, '_>,
) -> Result<(), Refusal> {
    let object = lending.objects.get(name, repository, head.method);
    let object = object.ok_or(Refusal::NotUnderstood)?;
    let host = repository.host_level();
    let address = Address::parse(&object.href, &host).ok_or(Refusal::Failed)?;
    let way = lending.ways.to(&host, &object.href).map_err(|_| Refusal::Failed)?;
    let has_login = object.headers.iter().any(|(name, _)| is(name, "authorization"));
    let login: Option<Login<'_>> = account
        .filter(|_| address.is_the_hosts && !has_login)
        .map(|account| account::login(lending, account));
    let named = object.headers.iter().filter(|(name, _)| is_passed_on(name));
    let mut headers: Vec<(&str, &str)> =
        named.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, value) in &head.headers {
        let is_ours = ["Content-Type", "User-Agent", "Accept"].contains(name);
        if is_ours && !headers.iter().any(|(there, _)| is(there, name)) {
            headers.push((name, value));
        }
    }
    let answer_head = |answer: &AnswerHead| match answer.status {
        200..=299 | 404 | 409 | 410 | 413 | 422 | 429 | 500..=599 => {
            Ok(forward::head_of(answer, None))
        }
        401 => Err(Refusal::TokenRefused(host.clone())),
        // The forge leads to another address of the object, which gets a random name as well.
        301 | 302 | 303 | 307 | 308 if head.method == Method::Get => {
            let href = answer.header("location").unwrap_or_default().to_owned();
            let name = Address::parse(&href, &host).and_then(|_| {
                let (repository, headers) = (repository.clone(), Vec::new());
                let (method, until) = (Method::Get, object.until);
                lending.objects.keep(Object { repository, method, href, headers, until })
            });
            let name = name.ok_or_else(|| Refusal::Redirected(host.clone()))?;
            let base = head.path.rsplit_once('/').map_or("", |(base, _)| base);
            Ok(forward::head_of(answer, Some(&format!("/{}/{base}/{name}", head.host))))
        }
        status => Err(Refusal::Answered(host.clone(), status)),
    };
    let target = Target {
        way: &way,
        flow: Flow {
            method: head.method.as_str(),
            url: &object.href,
            headers: &headers,
            login,
            body: upload.sent(),
        },
        place: repository,
        answer_head: &answer_head,
        copy: None,
        // Another host's words may have its signed address.
        has_words: address.is_the_hosts,
    };
    forward::flow_through(stream, &target, upload)
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// Returns whether a header that the forge asks for is well formed and none that curl writes.
fn is_passed_on(name: &str) -> bool {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let curls = ["host", "content-length", "transfer-encoding", "connection", "expect", "cookie"];
    is_name && !name.is_empty() && !curls.iter().any(|other| is(name, other))
}

mod url_of_object {
    //! The addresses at which an object may lie.

    use crate::context::Context;
    use url::Url;

    /// An address that may be used.
    pub(super) struct Address {
        /// Whether the address is at the forge's own host.
        pub(super) is_the_hosts: bool,
    }

    impl Address {
        /// Reads an address: one at the forge's host by its own protocol, else any by https.
        pub(super) fn parse(href: &str, host: &Context) -> Option<Self> {
            let url = Url::parse(href).ok()?;
            let is_plain = href.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
            if !is_plain || !url.username().is_empty() || url.password().is_some() {
                return None;
            }
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let name = format!("{}{port}", url.host_str()?);
            let there = Context::of_host(url.scheme().as_bytes(), name.as_bytes())?;
            let is_the_hosts = there == *host;
            (is_the_hosts || url.scheme() == "https").then_some(Self { is_the_hosts })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Batch, Method, Object, Objects, rewritten};
    use crate::context::Context;
    use serde_json::{Value, json};
    use std::time::{Duration, Instant};

    fn host() -> Context {
        Context::of_host(b"https", b"h.example").expect("a host")
    }

    #[test]
    fn of_a_batch_request_only_what_is_known_goes_on() {
        let oid = "a".repeat(64);
        let asked = json!({
            "operation": "upload", "transfers": ["tus", "basic"], "ref": { "name": "refs/heads/x" },
            "objects": [{ "oid": oid, "size": 5, "more": 1 }], "hash_algo": "sha256", "more": 1,
        });
        let batch = Batch::parse(asked.to_string().as_bytes()).expect("a batch");
        let sent: Value = serde_json::from_slice(&batch.body).expect("JSON");
        let expected = json!({
            "operation": "upload", "transfers": ["basic"], "ref": { "name": "refs/heads/x" },
            "objects": [{ "oid": oid, "size": 5 }],
        });
        assert_eq!((batch.is_upload, sent), (true, expected));
        for bad in [
            json!({ "operation": "delete", "objects": [] }),
            json!({ "operation": "upload" }),
            json!({ "operation": "upload", "objects": [{ "oid": "../x", "size": 1 }] }),
            json!({ "operation": "upload", "objects": [{ "oid": oid, "size": -1 }] }),
            json!([]),
        ] {
            assert!(Batch::parse(bad.to_string().as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_address_and_no_header_of_the_forge_goes_inside() {
        let (first, second) = ("a".repeat(64), "b".repeat(64));
        let answer = json!({ "objects": [{
            "oid": first, "size": 5,
            "actions": { "upload": {
                "href": "https://store.example/x?sig=TESTONLY",
                "header": { "Authorization": "Bearer TESTONLY" },
                "expires_in": 60,
            } },
        }, { "oid": second, "size": 6, "error": { "code": 404, "message": "TESTONLY" } }] });
        let mut kept = Vec::new();
        let keep = |method, href: &str, headers| {
            kept.push((method, href.to_owned(), headers));
            Some("http://lend/x".to_owned())
        };
        let said = |words: &str| words.replace("TESTONLY", "gone");
        let text = rewritten(answer.to_string().as_bytes(), said, keep);
        let text = String::from_utf8(text.expect("an answer")).expect("text");
        assert!(!text.contains("TESTONLY") && !text.contains("store.example"), "{text}");
        assert!(text.contains("http://lend/x") && text.contains("gone"), "{text}");
        let headers = vec![("Authorization".to_owned(), "Bearer TESTONLY".to_owned())];
        let href = "https://store.example/x?sig=TESTONLY".to_owned();
        assert_eq!(kept, [(Method::Put, href, headers)]);
        for bad in [
            "{\"transfer\":\"tus\",\"objects\":[]}",
            "{\"objects\":[{\"oid\":\"TESTONLY\",\"size\":1}]}",
        ] {
            assert!(rewritten(bad.as_bytes(), str::to_owned, |_, _, _| None).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_name_is_good_for_one_method_at_one_repository_for_a_while() {
        let objects = Objects::default();
        let at = |path: &[u8]| host().scoped(path).expect("a path");
        let object = |until| Object {
            repository: at(b"a"),
            method: Method::Get,
            href: String::new(),
            headers: Vec::new(),
            until,
        };
        let name = objects.keep(object(Instant::now() + Duration::from_secs(60))).expect("a name");
        assert!(objects.get(&name, &at(b"a"), Method::Get).is_some());
        assert!(objects.get(&name, &at(b"a"), Method::Put).is_none());
        assert!(objects.get(&name, &at(b"b"), Method::Get).is_none());
        let past = objects.keep(object(Instant::now())).expect("a name");
        assert!(objects.get(&past, &at(b"a"), Method::Get).is_none());
    }

    #[test]
    fn an_object_lies_at_the_forge_or_is_reached_by_https() {
        let is_the_hosts = |href: &str| Address::parse(href, &host()).map(|a| a.is_the_hosts);
        assert_eq!(is_the_hosts("https://h.example/x"), Some(true));
        assert_eq!(is_the_hosts("https://h.example:8443/x"), Some(false));
        for bad in [
            "http://h.example/x",
            "http://127.0.0.1/x",
            "file:///etc/passwd",
            "/x",
            "https://a:b@h.example/",
            "https://h.example\\@evil.example/",
        ] {
            assert_eq!(is_the_hosts(bad), None, "{bad}");
        }
    }
}
