//! Times: the one clock, a time as people say it, and a time as programs write it.
//!
//! A time is a number of seconds since 1970 UTC, as git counts `password_expiry_utc`.

use std::time::{SystemTime, UNIX_EPOCH};

/// An hour in seconds.
pub(crate) const HOUR: u64 = 60 * 60;

/// A day in seconds.
pub(crate) const DAY: u64 = 24 * HOUR;

/// Returns the time now, or 1970 where the machine's clock is before that.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Returns a time as people say it, seen from `now`: `in 6 days` or `2 hours ago`.
pub(crate) fn relative(time: u64, now: u64) -> String {
    if time == now {
        return "just now".to_owned();
    }
    let distance = time.abs_diff(now);
    // Round to the nearest: a token that lasts 90 days ends in 90 days, not in 89 and a bit.
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

/// Returns how much time is left until a later one: `7 h`.
pub(crate) fn left(time: u64, now: u64) -> String {
    let left = time.saturating_sub(now);
    let rounded = |unit: u64| (left + unit / 2) / unit;
    match left {
        0..3570 => format!("{} min", rounded(60)),
        3570..171_000 => format!("{} h", rounded(HOUR)),
        _ => format!("{} d", rounded(DAY)),
    }
}

/// Writes a time as `2027-01-31T00:00:00Z`. A time after the year 9999 is written as that year's
/// last second.
pub(crate) fn rfc3339(time: u64) -> String {
    const END_OF_9999: u64 = 253_402_300_799;
    let time = time.min(END_OF_9999);
    let (year, month, day) = date(time / DAY);
    let (hour, minute, second) = (time % DAY / HOUR, time % HOUR / 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Writes the day of a time as `2027-01-31`.
pub(crate) fn day(time: u64) -> String {
    rfc3339(time).split('T').next().unwrap_or_default().to_owned()
}

/// Reads `2027-01-31T00:00:00Z`, or `2027-01-31`, which is the first second of that day. A fraction
/// of a second is dropped, and `+00:00` is read as `Z`; other zones are not read.
pub(crate) fn from_rfc3339(text: &str) -> Option<u64> {
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00"))?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(day, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let days = days(year, month, day)?;
    let is_a_time = hour < 24 && minute < 60 && second <= 60 && is_digits(fraction);
    // A leap second counts as the second before it.
    is_a_time.then_some(days * DAY + hour * HOUR + minute * 60 + second.min(59))
}

/// Returns the numbers between separators, where each has the given number of digits.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && is_digits(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Days from the first of March of the year 0, where four centuries begin, to 1970. A year that
/// begins in March has its leap day at its end.
const TO_1970: u64 = 719_468;

/// Days in four centuries, after which the calendar repeats itself.
const CYCLE: u64 = 146_097;

/// Returns year, month and day of a day that is counted from 1970. The system's own function ends
/// in 2038 where it has 32 bits.
fn date(days: u64) -> (u64, u64, u64) {
    let (cycle, day) = ((days + TO_1970) / CYCLE, (days + TO_1970) % CYCLE);
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day = day - days_before(year);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - days_before_month(month) + 1;
    let (month, in_next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (cycle * 400 + year + in_next_year, month, day_of_month)
}

/// Returns this date as a day counted from 1970, or none where it is in no calendar, or earlier.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (from_march, year_in_march) =
        if month > 2 { (month - 3, year) } else { ((month + 9) % 12, year.checked_sub(1)?) };
    let in_year = days_before_month(from_march) + day.checked_sub(1)?;
    let since = year_in_march / 400 * CYCLE + days_before(year_in_march % 400) + in_year;
    let days = since.checked_sub(TO_1970)?;
    (date(days) == (year, month, day)).then_some(days)
}

/// Returns the days in so many years of a cycle.
fn days_before(years: u64) -> u64 {
    years * 365 + years / 4 - years / 100
}

/// Returns the days in so many months from March on.
fn days_before_month(months: u64) -> u64 {
    (153 * months + 2) / 5
}

#[cfg(test)]
mod tests {
    #[cfg(target_pointer_width = "64")]
    use super::CYCLE;
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
        assert_eq!(relative(NOW, NOW), "just now");
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
    }

    #[test]
    fn what_is_no_time_of_a_calendar_is_not_read() {
        for text in [
            "",
            "2027-02-30",
            "2027-02-29",
            "2100-02-29",
            "2027-00-01",
            "2027-13-01",
            "2027-01-00",
            "1969-12-31",
            "0000-01-01",
            "2027-1-1",
            "12027-01-01",
            "+027-01-01",
            "2027-01-01T00:00:00",
            "2027-01-01T24:00:00Z",
            "2027-01-01T00:60:00Z",
            "2027-01-01T00:00:61Z",
            "2027-01-01T00:00:00.Z",
            "2027-01-01T00:00:00+01:00",
            "2027-01-01T00:00:00Z ",
            "31.01.2027",
            "２027-01-01",
        ] {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
        for text in ["2027-01-01T00:00:00.999Z", "2027-01-01T00:00:00+00:00"] {
            assert_eq!(from_rfc3339(text), Some(NOW), "{text}");
        }
        assert_eq!(from_rfc3339("2026-12-31T23:59:60Z"), Some(NOW - 1));
    }

    #[test]
    fn dates_go_on_after_2038_where_the_system_has_32_bits() {
        assert_eq!(from_rfc3339("2039-01-31"), Some(2_180_044_800));
        assert_eq!(rfc3339(2_180_044_800), "2039-01-31T00:00:00Z");
    }

    /// Compares each day until the calendar repeats itself with another implementation, which 32
    /// bits do not have.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn each_day_of_four_centuries_is_what_humantime_makes_of_it() {
        for day in 0..CYCLE {
            let time = day * DAY + day % DAY;
            let text = rfc3339(time);
            let known = std::time::UNIX_EPOCH + std::time::Duration::from_secs(time);
            assert_eq!(humantime::parse_rfc3339(&text), Ok(known), "{text}");
            assert_eq!(from_rfc3339(&text), Some(time), "{text}");
        }
    }
}
