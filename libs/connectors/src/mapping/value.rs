//! Reads single foreign values: times in their zone, money in its unit, words.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use redress_domain::{Currency, Money, Timestamp};
use serde_json::Value;

/// How times are written.
#[derive(Debug, Clone)]
pub(super) enum TimeForm {
    /// With its offset, as RFC 3339 has it.
    Rfc3339,
    UnixSeconds,
    UnixMilliseconds,
    /// A format that has the offset in it.
    WithOffset(String),
    /// A format without offset, read in a zone.
    Local {
        format: String,
        zone: Tz,
    },
    /// A day, read as a time of that day in a zone.
    Day {
        format: String,
        at: NaiveTime,
        zone: Tz,
    },
}

/// In what an amount is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MoneyUnit {
    /// Whole minor units: cents, fen.
    #[default]
    #[serde(alias = "cents")]
    Minor,
    /// Units with decimals: `12.50`.
    Units,
}

impl TimeForm {
    /// From the mapping's words; what is wrong with them otherwise.
    pub(super) fn new(format: Option<&str>, zone: Option<&str>, at: Option<&str>) -> Result<Self, String> {
        let zone = zone
            .map(|name| name.parse::<Tz>().map_err(|_| format!("zone: `{name}` is not an IANA time zone")))
            .transpose()?;
        let Some(format) = format else { return Ok(Self::Rfc3339) };
        match format {
            "unix_s" => return Ok(Self::UnixSeconds),
            "unix_ms" => return Ok(Self::UnixMilliseconds),
            _ => {}
        }
        if StrftimeItems::new(format).any(|item| item == Item::Error) {
            return Err(format!("format: `{format}` is not a strftime format"));
        }
        if ["%z", "%:z", "%#z", "%+"].iter().any(|offset| format.contains(offset)) {
            return Ok(Self::WithOffset(format.to_owned()));
        }
        let zone =
            zone.ok_or_else(|| format!("zone: format `{format}` has no offset, so it needs a `zone`"))?;
        let format = format.to_owned();
        match at {
            None => Ok(Self::Local { format, zone }),
            Some(at) => {
                let at = at.parse().map_err(|_| format!("at: `{at}` is not a time such as `23:59:59`"))?;
                Ok(Self::Day { format, at, zone })
            }
        }
    }

    pub(super) fn read(&self, text: &str) -> Result<Timestamp, String> {
        let wrong = |expected: &str| format!("`{}` is not a time; expected {expected}", shorten(text));
        let number = || text.parse::<i64>().map_err(|_| wrong("a number"));
        match self {
            Self::Rfc3339 => DateTime::parse_from_rfc3339(text)
                .map(|time| time.with_timezone(&Utc))
                .map_err(|_| wrong("RFC 3339, such as `2026-03-02T09:00:00+08:00`")),
            Self::UnixSeconds => DateTime::from_timestamp(number()?, 0).ok_or_else(|| wrong("a near number")),
            Self::UnixMilliseconds => {
                DateTime::from_timestamp_millis(number()?).ok_or_else(|| wrong("a near number"))
            }
            Self::WithOffset(format) => DateTime::parse_from_str(text, format)
                .map(|time| time.with_timezone(&Utc))
                .map_err(|_| wrong(&format!("`{format}`"))),
            Self::Local { format, zone } => {
                let local =
                    NaiveDateTime::parse_from_str(text, format).map_err(|_| wrong(&format!("`{format}`")))?;
                in_zone(local, *zone)
            }
            Self::Day { format, at, zone } => {
                let day =
                    NaiveDate::parse_from_str(text, format).map_err(|_| wrong(&format!("`{format}`")))?;
                in_zone(day.and_time(*at), *zone)
            }
        }
    }
}

/// Where clocks were put back, the earlier of the two; where they were put forward, none.
fn in_zone(local: NaiveDateTime, zone: Tz) -> Result<Timestamp, String> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(time.with_timezone(&Utc)),
        LocalResult::None => {
            Err(format!("`{local}` does not exist in {zone}, where clocks were put forward"))
        }
    }
}

/// Reads an amount without ever passing through a float.
pub(super) fn read_money(text: &str, unit: MoneyUnit, currency: Currency) -> Result<Money, String> {
    let wrong = || format!("`{}` is not an amount in {currency}", shorten(text));
    match unit {
        MoneyUnit::Minor => Ok(Money { minor: text.parse().map_err(|_| wrong())?, currency }),
        MoneyUnit::Units => {
            let negative = text.starts_with('-');
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
            if decimals.is_empty()
                || decimals.len() > 9
                || !decimals.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err(wrong());
            }
            let units: i64 = whole.parse().map_err(|_| wrong())?;
            let nanos: i32 = format!("{decimals:0<9}").parse().map_err(|_| wrong())?;
            Money::from_units_nanos(currency, units, if negative { -nanos } else { nanos })
                .map_err(|_| wrong())
        }
    }
}

/// A single value as text; lists and objects have none.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// For messages: the first characters.
pub(super) fn shorten(text: &str) -> String {
    const LENGTH: usize = 40;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_read_in_their_zone() {
        let form = TimeForm::new(Some("%Y-%m-%dT%H:%M:%S"), Some("America/Sao_Paulo"), None).unwrap();
        assert_eq!(form.read("2017-07-09T21:57:05").unwrap().to_rfc3339(), "2017-07-10T00:57:05+00:00");
        // Summer time ended at midnight: 23:30 came twice, and the earlier one counts.
        assert_eq!(form.read("2017-02-18T23:30:00").unwrap().to_rfc3339(), "2017-02-19T01:30:00+00:00");
        // It began at midnight: 00:30 never was.
        assert!(form.read("2017-10-15T00:30:00").unwrap_err().contains("does not exist"));
        assert!(form.read("yesterday").is_err());

        let day = TimeForm::new(Some("%Y-%m-%d"), Some("Asia/Shanghai"), Some("23:59:59")).unwrap();
        assert_eq!(day.read("2026-03-02").unwrap().to_rfc3339(), "2026-03-02T15:59:59+00:00");
        let unix = TimeForm::new(Some("unix_ms"), None, None).unwrap();
        assert_eq!(unix.read("1500").unwrap().timestamp_millis(), 1500);
    }

    #[test]
    fn a_form_that_cannot_be_is_refused() {
        assert!(TimeForm::new(Some("%Y-%m-%d %H:%M"), None, None).unwrap_err().starts_with("zone"));
        assert!(TimeForm::new(Some("%Q"), Some("UTC"), None).unwrap_err().starts_with("format"));
        assert!(TimeForm::new(None, Some("Brasil"), None).unwrap_err().starts_with("zone"));
        assert!(TimeForm::new(Some("%Y-%m-%d"), Some("UTC"), Some("late")).unwrap_err().starts_with("at"));
    }

    #[test]
    fn amounts_are_exact() {
        let read = |text, unit| read_money(text, unit, Currency::CNY).map(|money| money.minor);
        assert_eq!(read("1250", MoneyUnit::Minor), Ok(1250));
        assert_eq!(read("12.5", MoneyUnit::Units), Ok(1250));
        assert_eq!(read("12", MoneyUnit::Units), Ok(1200));
        assert_eq!(read("-0.05", MoneyUnit::Units), Ok(-5));
        for wrong in ["12.505", "12.", "x", "1e3", "--1", "1.-5"] {
            assert!(read(wrong, MoneyUnit::Units).is_err(), "`{wrong}`");
        }
        assert!(read("12.5", MoneyUnit::Minor).is_err());
    }
}
