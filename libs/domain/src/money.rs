//! Money: whole minor units of a currency, checked arithmetic, rounding named at the call. No floats anywhere.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount in minor units, such as fen or centavos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units, as many of them as [`Currency::minor_digits`] says make a whole one. May be negative.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// What to do with a fraction of a minor unit. Negative amounts mirror positive ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Dropped: towards zero.
    Down,
    /// To the nearest; a half goes away from zero.
    HalfUp,
    /// Away from zero, however small it is.
    Up,
}

/// Nano units in a whole one, as `google.type.Money` counts.
const NANOS_PER_UNIT: i128 = 1_000_000_000;

impl Money {
    /// `minor` minor units of `currency`.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// From `google.type.Money`: whole units and 10⁻⁹ units, which must have the same sign.
    ///
    /// # Errors
    /// [`MoneyError::Nanos`] for nanos out of ±999,999,999 or of the other sign; [`MoneyError::FinerThanMinorUnit`];
    /// [`MoneyError::Overflow`].
    pub fn from_units_nanos(currency: Currency, units: i64, nanos: i32) -> Result<Self, MoneyError> {
        let disagree = (units > 0 && nanos < 0) || (units < 0 && nanos > 0);
        if disagree || i128::from(nanos).abs() >= NANOS_PER_UNIT {
            return Err(MoneyError::Nanos { units, nanos });
        }
        let nanos_per_minor = NANOS_PER_UNIT / i128::from(currency.minor_per_unit());
        let total = i128::from(units) * NANOS_PER_UNIT + i128::from(nanos);
        if total % nanos_per_minor != 0 {
            return Err(MoneyError::FinerThanMinorUnit { currency });
        }
        Self::from_wide(total / nanos_per_minor, currency)
    }

    /// To `google.type.Money`: whole units and 10⁻⁹ units.
    #[must_use]
    pub fn to_units_nanos(self) -> (i64, i32) {
        let per_unit = self.currency.minor_per_unit();
        let nanos = i128::from(self.minor % per_unit) * (NANOS_PER_UNIT / i128::from(per_unit));
        (self.minor / per_unit, i32::try_from(nanos).expect("a remainder of one unit is below 10⁹ nanos"))
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        let currency = self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency })
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        let currency = self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency })
    }

    /// `count` times the amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_mul(self, count: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(count).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }

    /// The sum of all, in `currency`; zero for none.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// A share of the amount: 10,000 basis points are the whole, 500 are 5 %. More than the whole is allowed.
    ///
    /// # Errors
    /// [`MoneyError::NegativeBasisPoints`], [`MoneyError::Overflow`].
    pub fn basis_points(self, basis_points: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        const WHOLE: i128 = 10_000;
        if basis_points < 0 {
            return Err(MoneyError::NegativeBasisPoints { basis_points });
        }
        let product = i128::from(self.minor) * i128::from(basis_points);
        let rest = product % WHOLE;
        let away_from_zero = match rounding {
            Rounding::Down => false,
            Rounding::HalfUp => rest.abs() * 2 >= WHOLE,
            Rounding::Up => rest != 0,
        };
        let rounded = product / WHOLE + if away_from_zero { product.signum() } else { 0 };
        Self::from_wide(rounded, self.currency)
    }

    /// Compares two amounts. There is no `<` on money, since it could only answer `false` across currencies.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    fn same_currency(self, other: Self) -> Result<Currency, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        Ok(self.currency)
    }

    fn from_wide(minor: i128, currency: Currency) -> Result<Self, MoneyError> {
        Ok(Self { minor: i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, currency })
    }
}

/// Such as `500.00 CNY`, `-0.05 EUR` or `500 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_unit = self.currency.minor_per_unit().unsigned_abs();
        let digits = usize::from(self.currency.minor_digits());
        let sign = if self.is_negative() { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        let mut text = format!("{sign}{}", minor / per_unit);
        if digits > 0 {
            text.push_str(&format!(".{:0digits$}", minor % per_unit));
        }
        formatter.pad(&format!("{text} {}", self.currency))
    }
}

/// Reads what [`Display`](fmt::Display) writes; the decimals may be left out, but not given in part.
impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Syntax { text: text.into() };
        let (amount, currency) = text.split_once(' ').ok_or_else(wrong)?;
        let currency: Currency = currency.parse()?;
        let (negative, amount) = match amount.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, amount),
        };
        let (whole, decimals) = match amount.split_once('.') {
            Some((whole, decimals)) if decimals.len() == usize::from(currency.minor_digits()) => {
                (whole, decimals)
            }
            Some(_) => return Err(wrong()),
            None => (amount, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) || amount.ends_with('.') {
            return Err(wrong());
        }
        let whole: i128 = whole.parse().map_err(|_| MoneyError::Overflow)?;
        let decimals: i128 = if decimals.is_empty() { 0 } else { decimals.parse().map_err(|_| wrong())? };
        let minor = whole
            .checked_mul(i128::from(currency.minor_per_unit()))
            .and_then(|minor| minor.checked_add(decimals))
            .ok_or(MoneyError::Overflow)?;
        Self::from_wide(if negative { -minor } else { minor }, currency)
    }
}

/// A currency of ISO 4217, by its three letters. Written, stored and sent as these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Currencies without a minor unit in use.
const WITHOUT_MINOR: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies of a thousand minor units.
const OF_THOUSAND: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies of a hundred minor units. Fund codes, metals and test codes are in none of the lists.
const OF_HUNDRED: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP \
    BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP \
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG \
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD \
    XCG YER ZAR ZMW ZWG";

impl Currency {
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// Brazilian real.
    pub const BRL: Self = Self(*b"BRL");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// Its three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters get in")
    }

    /// Decimal digits of the minor unit: 2 for CNY, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(self) -> u8 {
        if listed(WITHOUT_MINOR, self.code()) {
            0
        } else if listed(OF_THOUSAND, self.code()) {
            3
        } else {
            2
        }
    }

    /// Minor units in a whole one.
    fn minor_per_unit(self) -> i64 {
        10_i64.pow(u32::from(self.minor_digits()))
    }
}

fn listed(list: &str, code: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == code)
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        let unknown = || MoneyError::UnknownCurrency { code: code.into() };
        let letters: [u8; 3] = code.as_bytes().try_into().map_err(|_| unknown())?;
        if ![OF_HUNDRED, WITHOUT_MINOR, OF_THOUSAND].iter().any(|list| listed(list, code)) {
            return Err(unknown());
        }
        Ok(Self(letters))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().into()
    }
}

/// Why money could not be read or reckoned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of two currencies met.
    #[error("cannot reckon {left} with {right}")]
    CurrencyMismatch {
        /// The one.
        left: Currency,
        /// The other.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is out of range")]
    Overflow,
    /// Not a currency of ISO 4217 in which money is paid.
    #[error("`{code}` is no currency; expected a code of ISO 4217 in capitals, such as `CNY`")]
    UnknownCurrency {
        /// What was given.
        code: String,
    },
    /// Nanos out of range, or of another sign than units.
    #[error(
        "{units} units and {nanos} nanos are no amount; expected nanos within ±999999999, of the same sign"
    )]
    Nanos {
        /// Whole units given.
        units: i64,
        /// Nanos given.
        nanos: i32,
    },
    /// A fraction of a minor unit, which nobody can pay.
    #[error("the amount is finer than the minor unit of {currency}, which has {} decimals", currency.minor_digits())]
    FinerThanMinorUnit {
        /// The currency.
        currency: Currency,
    },
    /// A negative share.
    #[error("{basis_points} basis points are no share; expected 0 or more")]
    NegativeBasisPoints {
        /// What was given.
        basis_points: i64,
    },
    /// Not an amount and a currency.
    #[error(
        "`{text}` is no amount; expected such as `500.00 CNY`, with all decimals of the currency or none"
    )]
    Syntax {
        /// What was given.
        text: String,
    },
}
