//! Case numbers that people read out to each other: `C261121-000427`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// The number of a case as customers and staff say it. Ordered by date, then by sequence.
///
/// `C`, the local date of registration as `yymmdd` (2000 to 2099), a dash, the day's sequence of at least five
/// digits, and a check digit over all digits before it. The check digit (Damm's quasigroup) finds every single wrong
/// digit and every swap of two neighbours, so a slip of the tongue never opens somebody else's case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseNumber {
    date: NaiveDate,
    sequence: u32,
}

impl CaseNumber {
    /// The highest sequence of a day. Up to 99,999 the number keeps its usual length, above it grows.
    pub const SEQUENCE_MAX: u32 = 9_999_999;

    /// The number of the `sequence`-th case (from 1) of the local `date`.
    ///
    /// # Errors
    /// [`CaseNumberError::OutOfRange`] for a year outside 2000–2099 or a sequence outside 1–[`Self::SEQUENCE_MAX`].
    pub fn new(date: NaiveDate, sequence: u32) -> Result<Self, CaseNumberError> {
        if !(2000..=2099).contains(&date.year()) || !(1..=Self::SEQUENCE_MAX).contains(&sequence) {
            return Err(CaseNumberError::OutOfRange);
        }
        Ok(Self { date, sequence })
    }

    /// Reads a number as typed: blanks around it, a small `c` and a missing dash are forgiven, digits are not.
    ///
    /// # Errors
    /// [`CaseNumberError::Syntax`], [`CaseNumberError::CheckDigit`], and [`CaseNumberError::OutOfRange`] for a date
    /// that does not exist or a sequence of zero.
    pub fn parse(text: &str) -> Result<Self, CaseNumberError> {
        let text = text.trim();
        let body = text.strip_prefix(['C', 'c']).ok_or(CaseNumberError::Syntax)?;
        let (date, rest) = body.split_at_checked(6).ok_or(CaseNumberError::Syntax)?;
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let digits: Vec<u8> = date.bytes().chain(rest.bytes()).map(|byte| byte.wrapping_sub(b'0')).collect();
        if digits.iter().any(|digit| *digit > 9) || !(6..=8).contains(&rest.len()) {
            return Err(CaseNumberError::Syntax);
        }
        if check_digit(digits.iter().copied()) != 0 {
            return Err(CaseNumberError::CheckDigit);
        }
        let number =
            |digits: &[u8]| digits.iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
        let [y1, y2, m1, m2, d1, d2, sequence @ .., _check] = digits.as_slice() else {
            return Err(CaseNumberError::Syntax);
        };
        if sequence.len() > 5 && sequence.first() == Some(&0) {
            return Err(CaseNumberError::Syntax);
        }
        let year = 2000 + i32::from(y1 * 10 + y2);
        let date = NaiveDate::from_ymd_opt(year, u32::from(m1 * 10 + m2), u32::from(d1 * 10 + d2))
            .ok_or(CaseNumberError::OutOfRange)?;
        Self::new(date, number(sequence))
    }

    /// The local date of registration.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.date
    }

    /// Which case of that day, from 1.
    #[must_use]
    pub const fn sequence(self) -> u32 {
        self.sequence
    }
}

/// Damm's totally anti-symmetric quasigroup of order ten.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// The digit that belongs behind `digits`; zero when they already end in theirs.
fn check_digit(digits: impl IntoIterator<Item = u8>) -> u8 {
    digits.into_iter().fold(0, |interim, digit| DAMM[usize::from(interim)][usize::from(digit)])
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date.format("%y%m%d").to_string();
        let sequence = format!("{:05}", self.sequence);
        let check = check_digit(date.bytes().chain(sequence.bytes()).map(|byte| byte - b'0'));
        formatter.pad(&format!("C{date}-{sequence}{check}"))
    }
}

impl FromStr for CaseNumber {
    type Err = CaseNumberError;

    fn from_str(text: &str) -> Result<Self, CaseNumberError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CaseNumber {
    type Error = CaseNumberError;

    fn try_from(text: String) -> Result<Self, CaseNumberError> {
        Self::parse(&text)
    }
}

impl From<CaseNumber> for String {
    fn from(number: CaseNumber) -> Self {
        number.to_string()
    }
}

/// Why a text is no case number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseNumberError {
    /// Not of the form.
    #[error("not a case number; expected such as `C261121-000425`")]
    Syntax,
    /// The check digit does not fit.
    #[error("the case number contains a wrong or swapped digit")]
    CheckDigit,
    /// A date or sequence that no case has.
    #[error("the case number's date or sequence is out of range")]
    OutOfRange,
}
