//! Times: the one clock, how a time is said to a person and how it is written for a program.
//!
//! A time is a number of seconds since 1970 UTC, as git counts `password_expiry_utc`.

use humantime::{format_rfc3339_seconds, parse_rfc3339};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An hour in seconds.
pub(crate) const HOUR: u64 = 60 * 60;

/// A day in seconds.
pub(crate) const DAY: u64 = 24 * HOUR;

/// The time now; 1970 where the machine's clock is before that.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A time as people say it, seen from `now`: `in 6 days` or `2 hours ago`.
pub(crate) fn relative(time: u64, now: u64) -> String {
    let distance = time.abs_diff(now);
    // To the nearest: what was said to last 90 days ends in 90 days, not in 89 and a bit.
    let rounded = |unit: u64| (distance + unit / 2) / unit;
    let (count, unit) = match distance {
        0..60 => (distance, "second"),
        60..3570 => (rounded(60), "minute"),
        3570..171_000 => (rounded(HOUR), "hour"),
        _ => (rounded(DAY), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if time > now {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

/// How much time is left until a later one: `7 h`.
pub(crate) fn left(time: u64, now: u64) -> String {
    let left = time.saturating_sub(now);
    let rounded = |unit: u64| (left + unit / 2) / unit;
    match left {
        0..3570 => format!("{} min", rounded(60)),
        3570..171_000 => format!("{} h", rounded(HOUR)),
        _ => format!("{} d", rounded(DAY)),
    }
}

/// A time as `2027-01-31T00:00:00Z`. One that no calendar has is written as the last that it
/// has.
pub(crate) fn rfc3339(time: u64) -> String {
    const END_OF_9999: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs(time.min(END_OF_9999));
    format_rfc3339_seconds(time).to_string()
}

/// Reads `2027-01-31T00:00:00Z`, or `2027-01-31`, which is the first second of that day.
pub(crate) fn from_rfc3339(text: &str) -> Option<u64> {
    let time = parse_rfc3339(text).or_else(|_| parse_rfc3339(&format!("{text}T00:00:00Z")));
    Some(time.ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, from_rfc3339, left, relative, rfc3339};

    const NOW: u64 = 1_798_761_600; // 2027-01-01T00:00:00Z

    #[test]
    fn what_is_left_is_said_in_few_letters() {
        for (seconds, text) in [
            (0, "0 min"),
            (90, "2 min"),
            (12 * HOUR - 2, "12 h"),
            (7 * HOUR + 60, "7 h"),
            (3 * DAY, "3 d"),
        ] {
            assert_eq!(left(NOW + seconds, NOW), text);
        }
        assert_eq!(left(NOW - 1, NOW), "0 min");
    }

    #[test]
    fn a_time_is_said_in_the_unit_that_fits() {
        for (seconds, text) in [
            (1, "in 1 second"),
            (59, "in 59 seconds"),
            (60, "in 1 minute"),
            (3600, "in 1 hour"),
            (59 * 60 + 29, "in 59 minutes"),
            (59 * 60 + 30, "in 1 hour"),
            (2 * DAY - HOUR, "in 47 hours"),
            (2 * DAY - 1, "in 2 days"),
            (7 * DAY - 1, "in 7 days"),
            (90 * DAY - 2, "in 90 days"),
        ] {
            assert_eq!(relative(NOW + seconds, NOW), text);
            let ago = text.trim_start_matches("in ").to_owned() + " ago";
            assert_eq!(relative(NOW - seconds, NOW), ago);
        }
        assert_eq!(relative(NOW, NOW), "0 seconds ago");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (NOW, "2027-01-01T00:00:00Z"),
            (NOW + DAY - 1, "2027-01-01T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(time), text);
            assert_eq!(from_rfc3339(text), Some(time));
        }
        assert_eq!(rfc3339(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(from_rfc3339("2027-01-01"), Some(NOW));
        for text in ["", "2027-02-30", "1969-12-31", "2027-01-01T00:00:00+01:00", "31.01.2027"] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }
}
