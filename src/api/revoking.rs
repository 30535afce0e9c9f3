//! A forge's answers to the wish that a token be revoked, as far as they mean the same for all.
//!
//! Such a question is asked once. It may have arrived where its answer is lost, so who asks must
//! look afterwards whether the token still lives.

use super::http::{Answer, Trouble};
use super::state::{Reason, Standing, State};
use super::{Asking, Question};

/// A forge's answer to the wish that a token be revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Revocation {
    /// The forge has accepted it, and may take a while. It wants to be asked about the token after
    /// this number of seconds, where it says so.
    Accepted(Option<u64>),
    /// The forge does not take the token: it is dead already.
    Dead(Standing),
    /// The forge has no way by which a token of this kind is revoked.
    NoWay,
    /// The token was not revoked, for this reason.
    NotDone(Standing),
    /// There is no answer, or none that can be understood. It may have happened all the same.
    Unknown(Standing),
}

impl Asking<'_> {
    /// Asks once that the token be revoked. No redirect is followed.
    ///
    /// # Errors
    /// The answers that mean the same for every forge: a redirect, too many questions, a failing
    /// server, a page for people, or none.
    pub(super) fn revoke(&self, question: &Question<'_>) -> Result<Answer, Revocation> {
        let answer = self.send(question).map_err(|trouble| match trouble {
            Trouble::NoCurl | Trouble::Unfit => Revocation::NotDone(self.unanswered(trouble)),
            trouble => Revocation::Unknown(self.unanswered(trouble)),
        })?;
        match answer.status {
            300..400 => Err(Revocation::NotDone(self.redirected(&answer))),
            429 => Err(Revocation::NotDone(self.limited(&answer))),
            500.. => Err(Revocation::Unknown(self.failing(&answer))),
            _ if answer.is_page() && answer.status != 404 => {
                Err(Revocation::Unknown(Standing::of(State::Unknown, Reason::Html)))
            }
            _ => Ok(answer),
        }
    }

    /// Returns what an answer means, by its status, where the forge has no more to say.
    pub(super) fn revocation(&self, answer: &Answer) -> Revocation {
        match answer.status {
            200 | 202 | 204 => Revocation::Accepted(answer.retry_after()),
            401 => Revocation::Dead(self.refused(answer).standing),
            403 => Revocation::NotDone(self.denied(answer).standing),
            404 | 405 => Revocation::NoWay,
            _ => {
                let standing = Standing::of(State::Denied, Reason::Other);
                Revocation::NotDone(standing.saying(self.words(answer)))
            }
        }
    }
}
