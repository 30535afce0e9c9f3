//! The answers that are made here and not by the forge. Each refusal has the form that the client
//! shows to the person or the agent who reads its output.
//!
//! git prints the text of a failed `info/refs`, an `ERR` packet in a fetch, and the report of a
//! push. It drops the body of any other failure and shows a bare number.

use super::push::packet;
use super::refusal::Refusal;
use super::route::Wanted;
use serde_json::json;
use std::fmt::Write as _;

/// The beginning of each line that is read in the sandbox.
const NAME: &str = "git-credential-pat lend";

/// An answer that is made here.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) media_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Returns the refusal of a request of this kind, or of one that was not understood where there
    /// is no kind. [`Self::report`] makes the refusal of a push.
    pub(super) fn refusal(wanted: Option<&Wanted>, refusal: &Refusal) -> Self {
        let words = words(refusal);
        match wanted {
            Some(Wanted::Fetch) => Self {
                status: 200,
                media_type: "application/x-git-upload-pack-result",
                body: packet(format!("ERR {}", on_one_line(&words)).as_bytes()),
            },
            Some(Wanted::LfsBatch | Wanted::LfsLocks | Wanted::LfsObject(_)) => Self {
                status: 403,
                media_type: "application/vnd.git-lfs+json",
                body: message(&on_one_line(&words)).into_bytes(),
            },
            _ => Self { status: 403, media_type: "text/plain", body: (words + "\n").into_bytes() },
        }
    }

    /// Returns git's own report of a push that was refused.
    pub(super) fn report(body: Vec<u8>) -> Self {
        Self { status: 200, media_type: "application/x-git-receive-pack-result", body }
    }

    /// Returns the answer to a batch request of git-lfs: the addresses of its objects.
    pub(super) fn of_lfs(body: Vec<u8>) -> Self {
        Self { status: 200, media_type: "application/vnd.git-lfs+json", body }
    }

    /// Returns the bytes that are sent.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut head = begin(self.status);
        let _ = write!(
            head,
            "Content-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\r\n",
            self.media_type,
            self.body.len()
        );
        [head.as_bytes(), &self.body].concat()
    }
}

/// Returns the reason in words and, each on its own line, what can be done inside and what the
/// person on the host can type.
pub(super) fn words(refusal: &Refusal) -> String {
    let mut words = format!("{NAME}: {refusal}");
    if let Some(instead) = refusal.instead() {
        let _ = write!(words, "\n{NAME}: here, {instead}");
    }
    if let Some(remedy) = refusal.remedy() {
        let _ = write!(words, "\n{NAME}: on the host, type: {remedy}");
    }
    words
}

/// Returns words as git-lfs reads them.
pub(super) fn message(words: &str) -> String {
    json!({ "message": words }).to_string()
}

fn on_one_line(words: &str) -> String {
    words.lines().collect::<Vec<_>>().join("; ")
}

/// Returns the beginning of the head of an answer with this status.
pub(super) fn begin(status: u16) -> String {
    let reason = match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        _ => "Status",
    };
    format!("HTTP/1.1 {status} {reason}\r\nConnection: close\r\n")
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::lend::refusal::Refusal;
    use crate::lend::route::Wanted;

    #[test]
    fn each_client_gets_the_reason_in_the_form_that_it_shows() {
        let text = |wanted| {
            let answer = Answer::refusal(wanted, &Refusal::NoLfs);
            (answer.status, String::from_utf8(answer.body).expect("text"))
        };
        let says = "git-credential-pat lend: the objects of git-lfs are not lent";
        let host = "git-credential-pat lend: on the host, type: git credential-pat lend --lfs, and its \
                    other options";
        assert_eq!(text(Some(&Wanted::RefsToFetch)), (403, format!("{says}\n{host}\n")));
        assert_eq!(text(None), (403, format!("{says}\n{host}\n")));
        let (status, fetch) = text(Some(&Wanted::Fetch));
        assert_eq!(
            (status, fetch),
            (200, format!("{:04x}ERR {says}; {host}", says.len() + host.len() + 10))
        );
        let (status, batch) = text(Some(&Wanted::LfsBatch));
        assert_eq!((status, batch), (403, format!("{{\"message\":\"{says}; {host}\"}}")));
    }
}
