//! The ways to the hosts: how git is configured to connect to each. git is asked once for each.

use crate::api::http::flow::Way;
use crate::api::http::spare::Spare;
use crate::api::http::{Client, Trouble};
use crate::context::Context;
use crate::git::url;
use ::url::Url;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long git may take to say how it connects to a host.
const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// How many ways are kept. A forge has the objects of git-lfs at one or two other hosts.
const MOST: usize = 64;

/// The ways that are known.
#[derive(Default)]
pub(super) struct Ways {
    known: Mutex<Vec<(Context, String, Arc<Way>)>>,
    spare: Mutex<Option<&'static Spare>>,
}

impl Ways {
    /// Returns the way to the host of a URL: a lent host, or one to which it leads.
    ///
    /// # Errors
    /// [`Trouble::Unfit`] where no token may be sent to the URL, [`Trouble::NoCurl`] where there is
    /// no curl.
    pub(super) fn to(&self, lent: &Context, url: &str) -> Result<Arc<Way>, Trouble> {
        let origin = Url::parse(url).map_err(|_| Trouble::Unfit)?.origin().ascii_serialization();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |(host, to, _): &&(Context, String, _)| host == lent && *to == origin;
        if let Some((_, _, way)) = known().iter().find(is_it) {
            return Ok(Arc::clone(way));
        }
        let client = Client::new(&url::of(lent))?;
        let way = client.way(url, Instant::now() + ASKED_WITHIN)?;
        let way = Arc::new(way.with(self.spare(&client)?));
        let mut known = known();
        if known.len() < MOST {
            known.push((lent.clone(), origin, Arc::clone(&way)));
        }
        Ok(way)
    }

    /// Returns the thread that starts curls for all ways.
    fn spare(&self, client: &Client) -> Result<&'static Spare, Trouble> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spare) = *spare {
            return Ok(spare);
        }
        let new = client.spare()?;
        *spare = Some(new);
        Ok(new)
    }
}
