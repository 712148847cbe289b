//! Lengths of time as people write them: `90s`, `1h1m`, `2d`.

use chrono::TimeDelta;

/// Reads a length of time: whole numbers with `d h m s ms`, each unit once and from the largest to the smallest. A day is
/// 24 hours.
///
/// # Errors
/// What was expected, in words.
pub fn parse(text: &str) -> Result<TimeDelta, String> {
    let refuse = || format!("`{text}` is no length of time; expected something like 59m59s, 1h1m or 2d");
    let mut rest = text.trim();
    let mut last_unit = i64::MAX;
    let mut total = TimeDelta::zero();
    if rest.is_empty() {
        return Err(refuse());
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(refuse)?;
        let (amount, after) = rest.split_at(digits);
        let letters = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let milliseconds = match unit.trim() {
            "d" => 86_400_000,
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(refuse()),
        };
        if milliseconds >= last_unit {
            return Err(refuse());
        }
        last_unit = milliseconds;
        let amount: i64 = amount.parse().map_err(|_| refuse())?;
        let part =
            amount.checked_mul(milliseconds).and_then(TimeDelta::try_milliseconds).ok_or_else(refuse)?;
        total = total.checked_add(&part).ok_or_else(refuse)?;
        rest = after;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        let cases = [
            ("59m59s", 3_599_000),
            ("1h1m", 3_660_000),
            ("2d", 172_800_000),
            ("7d 1s", 604_801_000),
            ("0s", 0),
            ("250ms", 250),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(parse(text).map(|length| length.num_milliseconds()), Ok(milliseconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in ["", "1", "h", "1x", "1m1h", "1h1h", "-1h", "1.5h", "3wd", "99999999999999999999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
