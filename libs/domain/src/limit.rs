//! Limits as handbooks write them: `90m`, `2h`, `7d`, `3wd`, `8wh`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a limit is counted in. Units do not convert into each other: a working day is not eight working hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// `m`: minutes on the wall clock.
    Minutes,
    /// `h`: hours on the wall clock.
    Hours,
    /// `d`: calendar days, ending at the same local time.
    Days,
    /// `wd`: working days of the calendar, ending at the same local time.
    WorkingDays,
    /// `wh`: hours inside the calendar's working hours.
    WorkingHours,
}

impl Unit {
    /// The suffix that stands for it.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
            Self::WorkingDays => "wd",
            Self::WorkingHours => "wh",
        }
    }
}

/// How long something may take: a whole number of one unit. Written, stored and sent as text such as `3wd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Limit {
    amount: u32,
    unit: Unit,
}

impl Limit {
    /// The largest amount of any unit.
    pub const AMOUNT_MAX: u32 = 1_000_000;

    /// A limit of `amount` times `unit`.
    ///
    /// # Errors
    /// [`LimitError::TooLarge`] above [`Limit::AMOUNT_MAX`].
    pub fn new(amount: u32, unit: Unit) -> Result<Self, LimitError> {
        if amount > Self::AMOUNT_MAX {
            return Err(LimitError::TooLarge { text: format!("{amount}{}", unit.suffix()) });
        }
        Ok(Self { amount, unit })
    }

    /// No time at all: due when it starts.
    #[must_use]
    pub const fn zero() -> Self {
        Self { amount: 0, unit: Unit::Minutes }
    }

    /// Whether it is no time at all, in whatever unit.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.amount == 0
    }

    /// How many of the unit.
    #[must_use]
    pub const fn amount(self) -> u32 {
        self.amount
    }

    /// What it is counted in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}{}", self.amount, self.unit.suffix()))
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, suffix) = text.split_at(digits);
        let unit = match suffix {
            "m" => Unit::Minutes,
            "h" => Unit::Hours,
            "d" => Unit::Days,
            "wd" => Unit::WorkingDays,
            "wh" => Unit::WorkingHours,
            _ => return Err(LimitError::Syntax { text: text.into() }),
        };
        if amount.is_empty() || (amount.len() > 1 && amount.starts_with('0')) {
            return Err(LimitError::Syntax { text: text.into() });
        }
        let amount = amount.parse().map_err(|_| LimitError::TooLarge { text: text.into() })?;
        Self::new(amount, unit)
    }
}

impl TryFrom<String> for Limit {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

/// Why a text is no limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Not a number followed by a unit.
    #[error(
        "`{text}` is no limit; expected a whole number and a unit: m (minutes), h (hours), d (calendar days), wd (working days) or wh (working hours), such as `90m` or `3wd`"
    )]
    Syntax {
        /// What was given.
        text: String,
    },
    /// Above [`Limit::AMOUNT_MAX`].
    #[error("the limit `{text}` is too large; expected at most {max} of its unit", max = Limit::AMOUNT_MAX)]
    TooLarge {
        /// What was given.
        text: String,
    },
}
