//! What the forge says to people, of which git and git-lfs show in the sandbox what may be seen there.

use super::answer;
use super::push::packet;
use super::request;
use crate::api::http::flow::{AnswerHead, Flow};
use crate::said;
use crate::secret::Secret;
use serde_json::Value;

/// Returns what a server has said. It may repeat in it what it was sent, so nothing of it is passed
/// on as it is.
pub(super) fn said(text: &[u8], flow: &Flow<'_>) -> Option<String> {
    let is_ours = |(name, _): &&(&str, &str)| !request::is_passed_on(name);
    let added = flow.headers.iter().filter(is_ours).map(|(_, value)| Secret::new(value.as_bytes()));
    let sent: Vec<Secret> =
        flow.login.map(|login| login.token().clone()).into_iter().chain(added).collect();
    said::by_server(text, &sent)
}

/// Returns the beginning of a body in which a server says no in git's own words, up to these words.
pub(super) fn of_error(body: &[u8], flow: &Flow<'_>) -> Option<Vec<u8>> {
    /// It ends the name of the service, which stands before all else in some bodies.
    const FLUSH: &[u8] = b"\n0000";
    let start = match body.get(4) {
        Some(b'#') => body.windows(FLUSH.len()).position(|part| part == FLUSH)? + FLUSH.len(),
        _ => 0,
    };
    let words = body.get(start + 4..)?.strip_prefix(b"ERR ")?;
    let error = format!("ERR {}", said(words, flow).unwrap_or_default());
    Some([&body[..start], &packet(error.as_bytes())].concat())
}

/// Returns the words of an answer that says no, which git and git-lfs show.
pub(super) fn of_refusal(head: &AnswerHead, body: &[u8], flow: &Flow<'_>) -> String {
    let said = |text: &[u8]| said(text, flow);
    let kind = head.header("content-type").unwrap_or_default();
    if kind.starts_with("text/plain") {
        let lines = body.split(|&byte| byte == b'\n').filter_map(said);
        return lines.fold(String::new(), |words, line| words + &line + "\n");
    }
    let json = serde_json::from_slice::<Value>(body).ok().filter(|_| kind.contains("json"));
    let message = json.and_then(|json| said(json.get("message")?.as_str()?.as_bytes()));
    message.map_or_else(String::new, |words| answer::message(&words))
}
