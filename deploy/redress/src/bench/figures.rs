//! Rates, medians, percentiles and ratios in whole thousandths, so that no figure is a floating-point number.

use std::{fmt, time::Duration};

use serde_json::{Number, Value, json};

/// A number in thousandths of its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Thousandths(u64);

/// Runs of one measurement: their median, the lowest and the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    /// The run in the middle; of an even number of runs, the lower of the two.
    pub(super) median: Thousandths,
    /// The lowest.
    pub(super) low: Thousandths,
    /// The highest.
    pub(super) high: Thousandths,
}

impl Thousandths {
    /// A whole number.
    pub(super) fn whole(number: u64) -> Self {
        Self(number.saturating_mul(1_000))
    }

    /// How often a second.
    pub(super) fn per_second(count: u64, time: Duration) -> Self {
        Self::divided(u128::from(count) * 1_000_000_000_000, time.as_nanos())
    }

    /// A time in milliseconds.
    pub(super) fn milliseconds(time: Duration) -> Self {
        Self(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    }

    /// How many times `other` this is.
    pub(super) fn over(self, other: Self) -> Self {
        Self::divided(u128::from(self.0) * 1_000, u128::from(other.0))
    }

    /// A share as a percentage: 0.25 becomes 25.
    pub(super) fn per_cent(self) -> Self {
        Self(self.0.saturating_mul(100))
    }

    fn divided(thousandths: u128, by: u128) -> Self {
        Self(u64::try_from(thousandths / by.max(1)).unwrap_or(u64::MAX))
    }

    /// As a JSON number.
    pub(super) fn to_json(self) -> Value {
        let text = format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000);
        text.parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
    }
}

/// With about three significant digits: `12,345`, `12.3`, `1.23`.
impl fmt::Display for Thousandths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(thousandths) = *self;
        if thousandths >= 100_000 {
            return formatter.write_str(&grouped((thousandths + 500) / 1_000));
        }
        if thousandths >= 10_000 {
            let tenths = (thousandths + 50) / 100;
            return write!(formatter, "{}.{}", tenths / 10, tenths % 10);
        }
        let hundredths = (thousandths + 5) / 10;
        write!(formatter, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Spread {
    /// The spread of runs; none of no runs.
    pub(super) fn of(runs: &[Thousandths]) -> Option<Self> {
        let mut sorted = runs.to_vec();
        sorted.sort_unstable();
        let median = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
        Some(Self { median, low: *sorted.first()?, high: *sorted.last()? })
    }

    /// As JSON.
    pub(super) fn to_json(self) -> Value {
        json!({ "median": self.median.to_json(), "min": self.low.to_json(), "max": self.high.to_json() })
    }
}

/// `median [lowest-highest]`.
impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} [{}-{}]", self.median, self.low, self.high)
    }
}

/// The value that so many per cent do not exceed (nearest rank); zero of no values.
pub(super) fn percentile(values: &[Duration], per_cent: usize) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * per_cent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_with_three_digits() {
        for (thousandths, shown) in
            [(0, "0.00"), (994, "0.99"), (9_999, "10.00"), (12_345, "12.3"), (1_234_567_800, "1,234,568")]
        {
            assert_eq!(Thousandths(thousandths).to_string(), shown);
        }
        assert_eq!(Thousandths(1_234).to_json(), json!(1.234));
    }

    #[test]
    fn rates_and_ratios_are_exact() {
        let rate = Thousandths::per_second(500, Duration::from_millis(2_000));
        assert_eq!(rate, Thousandths::whole(250));
        assert_eq!(rate.over(Thousandths::whole(1_000)), Thousandths(250));
        assert_eq!(rate.over(Thousandths::default()), Thousandths(250_000_000), "nothing is divided by zero");
        assert_eq!(Thousandths::milliseconds(Duration::from_micros(1_500)), Thousandths(1_500));
    }

    #[test]
    fn the_middle_run_is_the_median() {
        let runs = [3, 1, 2].map(Thousandths::whole);
        let spread = Spread::of(&runs).expect("three runs");
        assert_eq!(spread.to_string(), "2.00 [1.00-3.00]");
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 50), Duration::from_millis(100));
        assert_eq!(percentile(&values, 99), Duration::from_millis(198));
        assert_eq!(percentile(&values[..1], 99), Duration::from_millis(200));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
