//! Between wire and domain: times and money.

use redress_domain::{Currency, Money, MoneyError, Timestamp};

use crate::google::r#type::Money as WireMoney;

/// A time from the wire that is outside the years 1 to 9999, or whose nanos are outside a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOutOfRange;

impl std::fmt::Display for TimeOutOfRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .write_str("the time is out of range; expected the years 1 to 9999 and nanos within a second")
    }
}

impl std::error::Error for TimeOutOfRange {}

/// A domain time as the wire writes it.
pub fn time_to_wire(time: Timestamp) -> prost_types::Timestamp {
    // A leap second of chrono has more than a second of nanos; the wire knows none.
    let nanos = time.timestamp_subsec_nanos().min(999_999_999);
    let nanos = i32::try_from(nanos).expect("fewer than 10⁹ nanos fit");
    prost_types::Timestamp { seconds: time.timestamp(), nanos }
}

/// A time from the wire.
///
/// # Errors
/// [`TimeOutOfRange`].
pub fn time_from_wire(time: &prost_types::Timestamp) -> Result<Timestamp, TimeOutOfRange> {
    // 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, the range that protobuf defines.
    if !(-62_135_596_800..=253_402_300_799).contains(&time.seconds) {
        return Err(TimeOutOfRange);
    }
    let nanos =
        u32::try_from(time.nanos).ok().filter(|nanos| *nanos < 1_000_000_000).ok_or(TimeOutOfRange)?;
    chrono::DateTime::from_timestamp(time.seconds, nanos).ok_or(TimeOutOfRange)
}

impl From<Money> for WireMoney {
    fn from(money: Money) -> Self {
        let (units, nanos) = money.to_units_nanos();
        Self { currency_code: money.currency.code().to_owned(), units, nanos }
    }
}

impl TryFrom<&WireMoney> for Money {
    type Error = MoneyError;

    /// Refuses an unknown currency, and units and nanos that are no whole number of its minor units.
    fn try_from(money: &WireMoney) -> Result<Self, MoneyError> {
        let currency: Currency = money.currency_code.parse()?;
        Self::from_units_nanos(currency, money.units, money.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_survives_the_wire() {
        for (minor, currency) in [(50_001, Currency::CNY), (-1, Currency::BRL), (0, Currency::EUR)] {
            let money = Money::new(minor, currency);
            assert_eq!(Money::try_from(&WireMoney::from(money)), Ok(money));
        }
    }

    #[test]
    fn money_finer_than_a_minor_unit_is_refused() {
        let wire = WireMoney { currency_code: "CNY".into(), units: 500, nanos: 1 };
        assert_eq!(Money::try_from(&wire), Err(MoneyError::FinerThanMinorUnit { currency: Currency::CNY }));
    }

    #[test]
    fn an_unknown_currency_is_refused() {
        let wire = WireMoney { currency_code: "RMB".into(), units: 1, nanos: 0 };
        assert_eq!(Money::try_from(&wire), Err(MoneyError::UnknownCurrency { code: "RMB".into() }));
    }

    #[test]
    fn times_survive_the_wire() {
        for (seconds, nanos) in [(0, 0), (-1, 999_999_999), (253_402_300_799, 5)] {
            let wire = prost_types::Timestamp { seconds, nanos };
            assert_eq!(time_from_wire(&wire).map(time_to_wire), Ok(wire));
        }
    }

    #[test]
    fn times_out_of_range_are_refused() {
        for (seconds, nanos) in [(253_402_300_800, 0), (-62_135_596_801, 0), (0, -1), (0, 1_000_000_000)] {
            assert_eq!(time_from_wire(&prost_types::Timestamp { seconds, nanos }), Err(TimeOutOfRange));
        }
    }
}
