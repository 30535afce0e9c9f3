//! Reads the end of a token, in the words of people.

use crate::error::Error;
use crate::time::from_rfc3339;
use humantime::parse_duration;

/// The word for a token without an end, or with one that nobody knows.
pub(super) const NEVER: &str = "never";

/// Reads `2027-01-31`, `2027-01-31T12:00:00Z`, `90d` or `never`. Returns the end in seconds since
/// 1970 UTC, in which `now` is, too. At a date the token ends at 00:00 UTC: GitLab means that, and
/// where a forge means a later hour, git asks for a new token a little too early instead of
/// sending the host a dead one.
///
/// # Errors
/// [`Error::Usage`] where the text is anything else, or the end is past.
pub(in crate::cli) fn parse(text: &str, now: u64) -> Result<Option<u64>, Error> {
    if text == NEVER {
        return Ok(None);
    }
    let duration = || parse_duration(text).ok().and_then(|d| now.checked_add(d.as_secs()));
    match from_rfc3339(text).or_else(duration) {
        Some(end) if end > now => Ok(Some(end)),
        Some(_) => Err(Error::Usage("a token that has expired already is of no use")),
        None => {
            Err(Error::Usage("a token expires at a date such as 2027-01-31, or in 90d, or never"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::time::DAY;

    const NOW: u64 = 1_798_761_600; // 2027-01-01T00:00:00Z

    #[test]
    fn a_date_a_time_a_span_or_never() {
        for (text, end) in [
            ("2027-01-31", Some(NOW + 30 * DAY)),
            ("2027-01-01T00:00:01Z", Some(NOW + 1)),
            ("90d", Some(NOW + 90 * DAY)),
            ("2 weeks", Some(NOW + 14 * DAY)),
            ("never", None),
        ] {
            assert_eq!(parse(text, NOW), Ok(end), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "soon",
            "90",
            "31.01.2027",
            "2027-02-30",
            "2027-01-01",
            "2026-12-31",
            "0d",
            "-1d",
            "1969-12-31",
            "99999999999999999999d",
            "18446744073709551615s",
        ] {
            assert!(parse(text, NOW).is_err(), "{text}");
        }
    }
}
