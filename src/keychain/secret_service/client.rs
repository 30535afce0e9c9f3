//! Keeps a connection to the bus, with what belongs to it, and the deadlines.
//!
//! A connection that has failed is dropped here, together with its session; the next call
//! makes another. Time counts only inside calls and goes on counting over a new connection,
//! so that an operation that is begun again does not get its time again.

use super::address::Address;
use super::bus::Bus;
use super::message::{Call, Message};
use super::remote::Remote;
use super::session::{KeyPair, Session};
use crate::error::Error;
use std::time::{Duration, Instant};

/// How long the service has for its first answer, and for all where nobody is patient.
const SHORT: Duration = Duration::from_secs(5);

/// How long it has in all once it has answered, where the caller is patient.
const LONG: Duration = Duration::from_secs(30);

/// What a call came to on the other side.
pub(super) type Replied = Result<Message, Remote>;

/// A client of the bus at one of several addresses.
pub(super) struct Client {
    addresses: Vec<Address>,
    patience: Patience,
    connection: Option<Connection>,
}

/// A connection and what ends with it.
pub(super) struct Connection {
    bus: Bus,
    /// Whether a search has been answered on it.
    pub(super) searched: bool,
    /// Our half of a session's key, drawn while the service was searching.
    pub(super) pair: Option<KeyPair>,
    /// The session that was opened on it.
    pub(super) session: Option<Session>,
}

impl Client {
    /// Connects at the first call.
    pub(super) fn new(addresses: Vec<Address>, patient: bool) -> Self {
        let patience = Patience { patient, answered: false, spent: Duration::ZERO };
        Self { addresses, patience, connection: None }
    }

    /// The connection, made if there is none.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Error> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let started = Instant::now();
            let bus = Bus::connect(&self.addresses, started + self.patience.left());
            self.patience.spent += started.elapsed();
            Connection { bus: bus?, searched: false, pair: None, session: None }
        };
        Ok(self.connection.insert(connection))
    }

    /// Makes one call, see [`Self::exchange`].
    pub(super) fn call(&mut self, call: Call<'_>) -> Result<Replied, Error> {
        self.call_and_meanwhile(call, || {})
    }

    /// Makes one call and does something while the service works on it.
    pub(super) fn call_and_meanwhile(
        &mut self,
        call: Call<'_>,
        work: impl FnOnce(),
    ) -> Result<Replied, Error> {
        let mut replies = self.exchange_and_meanwhile(vec![call], work)?;
        replies.pop().ok_or(Error::Keychain("it gave no reply"))
    }

    /// Makes calls in one write within the deadline; the replies come back in their order.
    pub(super) fn exchange(&mut self, calls: Vec<Call<'_>>) -> Result<Vec<Replied>, Error> {
        self.exchange_and_meanwhile(calls, || {})
    }

    fn exchange_and_meanwhile(
        &mut self,
        calls: Vec<Call<'_>>,
        work: impl FnOnce(),
    ) -> Result<Vec<Replied>, Error> {
        self.connection()?;
        let started = Instant::now();
        let deadline = started + self.patience.left();
        let result = self.with_bus(|bus| bus.exchange(calls, work, deadline));
        self.patience.spent += started.elapsed();
        let ended = |reply: &Replied| reply.as_ref().is_err_and(|remote| remote.tells_of_an_end());
        if result.as_ref().is_ok_and(|replies| replies.iter().any(ended)) {
            // What comes in its place has no session of ours and must see a search first.
            self.connection = None;
        }
        result
    }

    /// Does something with the bus that has a deadline of its own.
    pub(super) fn with_bus<T>(
        &mut self,
        act: impl FnOnce(&mut Bus) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = act(&mut self.connection()?.bus);
        if result.is_err() {
            self.connection = None;
        }
        result
    }

    /// Notes that the service has answered a search.
    pub(super) fn note_search(&mut self) -> Result<(), Error> {
        self.patience.answered = true;
        self.connection()?.searched = true;
        Ok(())
    }

    /// Counts time that was waited elsewhere on the service's account.
    pub(super) fn note_wait(&mut self, time: Duration) {
        self.patience.spent += time;
    }

    /// Takes the session away; the connection stays.
    pub(super) fn take_session(&mut self) -> Option<Session> {
        self.connection.as_mut()?.session.take()
    }

    /// Keeps the session for the next secret, unless its connection is gone meanwhile.
    pub(super) fn keep_session(&mut self, session: Session) {
        if let Some(connection) = &mut self.connection {
            connection.session = Some(session);
        }
    }
}

/// How long the service may still take. A person who is asked for a token between two calls
/// takes as long as they like.
struct Patience {
    patient: bool,
    answered: bool,
    spent: Duration,
}

impl Patience {
    fn left(&self) -> Duration {
        let limit = if self.patient && self.answered { LONG } else { SHORT };
        limit.saturating_sub(self.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::Patience;
    use std::time::Duration;

    #[test]
    fn only_the_patient_wait_longer_and_only_for_who_has_answered() {
        for (patient, answered, spent, left) in [
            (false, false, 0, 5),
            (false, true, 2, 3),
            (true, false, 2, 3),
            (true, true, 2, 28),
            (true, true, 31, 0),
            (false, true, 6, 0),
        ] {
            let patience = Patience { patient, answered, spent: Duration::from_secs(spent) };
            assert_eq!(patience.left(), Duration::from_secs(left));
        }
    }
}
