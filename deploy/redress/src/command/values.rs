//! Values of answers as people read them.

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use clap::Args;
use redress_domain::{Currency, Money};
use serde_json::Value;

/// In which zone times are shown.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Zone {
    /// Zone in which times are shown, of the IANA list.
    #[arg(long, default_value = "Asia/Shanghai", value_name = "ZONE", value_parser = zone)]
    zone: Tz,
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| "no zone of the IANA list, such as Asia/Shanghai".to_owned())
}

impl Zone {
    pub(super) fn of(zone: Tz) -> Self {
        Self { zone }
    }

    /// A time as day and minute; seconds where there are any; empty for what is not set.
    pub(super) fn show(self, value: &Value) -> String {
        let Some(time) = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok()) else {
            return String::new();
        };
        let local = time.with_timezone(&self.zone);
        let whole_minute = time.timestamp().rem_euclid(60) == 0;
        local.format(if whole_minute { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
    }

    /// A time with its offset, in full.
    pub(super) fn exact(self, time: redress_domain::Timestamp) -> String {
        time.with_timezone(&self.zone).to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }
}

/// A text; empty for what is not set.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A value of an enum without its prefix, in small letters: `PRIORITY_URGENT` with prefix `PRIORITY` is `urgent`.
pub(super) fn word(value: &Value, prefix: &str) -> String {
    let name = value.as_str().unwrap_or_default();
    let word = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name);
    if word == "UNSPECIFIED" { String::new() } else { word.to_ascii_lowercase() }
}

/// An amount, such as `500.00 CNY`; empty for what is not set.
pub(super) fn money(value: &Value) -> String {
    let Some(code) = value["currency_code"].as_str() else { return String::new() };
    let units = value["units"].as_i64().unwrap_or_default();
    let nanos = value["nanos"].as_i64().and_then(|nanos| i32::try_from(nanos).ok()).unwrap_or_default();
    let amount = code
        .parse::<Currency>()
        .ok()
        .and_then(|currency| Money::from_units_nanos(currency, units, nanos).ok());
    amount.map_or_else(|| format!("{units} {code}"), |amount| amount.to_string())
}

/// A share in hundredths of a percent, such as `96.55 %`.
pub(super) fn share(value: &Value) -> String {
    let hundredths = value.as_i64().unwrap_or_default();
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

/// The clauses of rules, each once, such as `M3.2, M6.1`.
pub(super) fn clauses(rules: &Value) -> String {
    let mut cites: Vec<String> = Vec::new();
    for rule in rules.as_array().into_iter().flatten() {
        let cite = if text(&rule["cite"]).is_empty() { text(&rule["id"]) } else { text(&rule["cite"]) };
        if !cite.is_empty() && !cites.contains(&cite) {
            cites.push(cite);
        }
    }
    cites.join(", ")
}

/// An actor: the subject, and the role where the subject is not just its name.
pub(super) fn actor(value: &Value) -> String {
    let (subject, role) = (text(&value["subject"]), word(&value["role"], "ROLE").replace('_', "-"));
    match word(&value["kind"], "ACTOR_KIND").as_str() {
        "customer" => "customer".to_owned(),
        "deadline" => "deadline".to_owned(),
        "service" => subject,
        _ if role.is_empty() || role == subject => subject,
        _ => format!("{subject} ({role})"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_read_well() {
        let zone = Zone::of(Tz::Asia__Shanghai);
        assert_eq!(zone.show(&json!("2026-03-02T01:00:00Z")), "2026-03-02 09:00");
        assert_eq!(zone.show(&json!("2026-03-02T01:00:05Z")), "2026-03-02 09:00:05");
        assert_eq!(zone.show(&Value::Null), "");
        assert_eq!(word(&json!("PRIORITY_URGENT"), "PRIORITY"), "urgent");
        assert_eq!(word(&json!("CASE_STEP_UNSPECIFIED"), "CASE_STEP"), "");
        assert_eq!(
            money(&json!({ "currency_code": "CNY", "units": 500, "nanos": 10_000_000 })),
            "500.01 CNY"
        );
        assert_eq!(money(&json!({ "currency_code": "CNY" })), "0.00 CNY");
        assert_eq!(share(&json!(9655)), "96.55 %");
        let rules = json!([{ "id": "a", "cite": "M3.2" }, { "id": "b", "cite": "M3.2" }, { "id": "c" }]);
        assert_eq!(clauses(&rules), "M3.2, c");
        let li = json!({ "subject": "li", "role": "ROLE_CS_AGENT", "kind": "ACTOR_KIND_STAFF" });
        assert_eq!(actor(&li), "li (cs-agent)");
    }
}
