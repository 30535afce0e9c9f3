//! A client that keeps a connection to the bus, with its session, and the deadlines.
//!
//! A connection that has failed is dropped here, together with its session; the next call makes
//! another. Time counts only inside calls. It goes on counting over a new connection, so that an
//! operation that begins again does not get its time again.

use super::address::Address;
use super::bus::Bus;
use super::message::{Call, Message};
use super::remote::Remote;
use super::session::{KeyPair, Session};
use crate::error::Error;
use std::time::{Duration, Instant};

/// How long the service has for its first answer, and for all answers to an impatient caller.
const SHORT: Duration = Duration::from_secs(5);

/// How long the service has in all, once it has answered, for a patient caller.
const LONG: Duration = Duration::from_secs(30);

/// The reply to a call, or the error of the other side.
pub(super) type Replied = Result<Message, Remote>;

/// A client of the bus at one of several addresses.
pub(super) struct Client {
    addresses: Vec<Address>,
    patience: Patience,
    connection: Option<Connection>,
}

/// A connection and the state that ends with it.
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
    /// Makes a client, which connects at the first call.
    pub(super) fn new(addresses: Vec<Address>, patient: bool) -> Self {
        let patience = Patience { patient, answered: false, spent: Duration::ZERO };
        Self { addresses, patience, connection: None }
    }

    /// Returns the connection, and makes one if there is none.
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

    /// Makes one call and runs `meanwhile` while the service works on it.
    pub(super) fn call_and_meanwhile(
        &mut self,
        call: Call<'_>,
        work: impl FnOnce(),
    ) -> Result<Replied, Error> {
        let mut replies = self.exchange_and_meanwhile(vec![call], work)?;
        replies.pop().ok_or(Error::Keychain("it gave no reply"))
    }

    /// Makes calls in one write within the deadline, and returns the replies in the calls' order.
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
            // The service that comes in its place has no session of ours and must see a search
            // first.
            self.connection = None;
        }
        result
    }

    /// Runs something on the bus that has a deadline of its own.
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

    /// Counts time that was spent waiting elsewhere as the service's.
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

/// How much time the service has left. The time of a person who is asked for a token between two
/// calls does not count.
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
