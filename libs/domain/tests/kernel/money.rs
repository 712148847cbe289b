//! Money, in tables.

use std::cmp::Ordering;

use proptest::prelude::*;
use redress_domain::{Currency, Money, MoneyError, Rounding};

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn currency(code: &str) -> Currency {
    code.parse().expect("a currency")
}

#[test]
fn shares_are_rounded_as_the_call_says() {
    // (minor, basis points, down, half up, up)
    let table = [
        (0, 500, 0, 0, 0),
        (10_000, 500, 500, 500, 500),
        (10_000, 0, 0, 0, 0),
        (10_000, 10_000, 10_000, 10_000, 10_000),
        (10_000, 15_000, 15_000, 15_000, 15_000),
        (1, 1, 0, 0, 1),
        (1, 4_999, 0, 0, 1),
        (1, 5_000, 0, 1, 1),
        (1, 5_001, 0, 1, 1),
        (3, 5_000, 1, 2, 2),
        (199, 1_000, 19, 20, 20),
        (194, 1_000, 19, 19, 20),
        (-1, 5_000, 0, -1, -1),
        (-1, 4_999, 0, 0, -1),
        (-199, 1_000, -19, -20, -20),
        (i64::MAX, 10_000, i64::MAX, i64::MAX, i64::MAX),
        (i64::MIN, 10_000, i64::MIN, i64::MIN, i64::MIN),
        (i64::MAX, 5_000, i64::MAX / 2, i64::MAX / 2 + 1, i64::MAX / 2 + 1),
    ];
    for (minor, basis_points, down, half_up, up) in table {
        for (rounding, expected) in [(Rounding::Down, down), (Rounding::HalfUp, half_up), (Rounding::Up, up)]
        {
            let share = cny(minor).basis_points(basis_points, rounding);
            assert_eq!(share, Ok(cny(expected)), "{minor} × {basis_points} bp {rounding:?}");
        }
    }
    assert_eq!(cny(i64::MAX).basis_points(10_001, Rounding::Down), Err(MoneyError::Overflow));
    assert_eq!(cny(i64::MIN).basis_points(i64::MAX, Rounding::Up), Err(MoneyError::Overflow));
    assert_eq!(
        cny(1).basis_points(-1, Rounding::Down),
        Err(MoneyError::NegativeBasisPoints { basis_points: -1 })
    );
}

#[test]
fn sums_are_checked() {
    assert_eq!(cny(50_000).checked_add(cny(1)), Ok(cny(50_001)));
    assert_eq!(cny(1).checked_sub(cny(50_000)), Ok(cny(-49_999)));
    assert_eq!(cny(i64::MAX).checked_add(cny(1)), Err(MoneyError::Overflow));
    assert_eq!(cny(i64::MIN).checked_sub(cny(1)), Err(MoneyError::Overflow));
    assert_eq!(cny(i64::MAX).checked_mul(2), Err(MoneyError::Overflow));
    assert_eq!(cny(250).checked_mul(-3), Ok(cny(-750)));

    let brl = Money::new(1, Currency::BRL);
    let mismatch = MoneyError::CurrencyMismatch { left: Currency::CNY, right: Currency::BRL };
    assert_eq!(cny(1).checked_add(brl), Err(mismatch.clone()));
    assert_eq!(cny(1).checked_sub(brl), Err(mismatch.clone()));
    assert_eq!(cny(1).compare(brl), Err(mismatch.clone()));
    assert_eq!(cny(2).compare(cny(1)), Ok(Ordering::Greater));

    assert_eq!(Money::sum(Currency::CNY, []), Ok(cny(0)));
    assert_eq!(Money::sum(Currency::CNY, [cny(1), cny(2)]), Ok(cny(3)));
    assert_eq!(Money::sum(Currency::CNY, [cny(1), brl]), Err(mismatch));
    assert_eq!(Money::sum(Currency::CNY, [cny(i64::MAX), cny(1)]), Err(MoneyError::Overflow));
    assert!(cny(0).is_zero() && !cny(0).is_negative() && cny(-1).is_negative());
}

#[test]
fn wire_amounts_are_read_exactly_or_refused() {
    let jpy = currency("JPY");
    let kwd = currency("KWD");
    for (currency, units, nanos, minor) in [
        (Currency::CNY, 500, 0, 50_000),
        (Currency::CNY, 500, 10_000_000, 50_001),
        (Currency::CNY, 0, 990_000_000, 99),
        (Currency::CNY, -1, -50_000_000, -105),
        (Currency::CNY, 0, -10_000_000, -1),
        (Currency::CNY, 92_233_720_368_547_758, 70_000_000, i64::MAX),
        (Currency::CNY, -92_233_720_368_547_758, -80_000_000, i64::MIN),
        (jpy, i64::MAX, 0, i64::MAX),
        (kwd, 1, 234_000_000, 1_234),
    ] {
        let money = Money::new(minor, currency);
        assert_eq!(Money::from_units_nanos(currency, units, nanos), Ok(money));
        assert_eq!(money.to_units_nanos(), (units, nanos));
    }

    for (units, nanos) in [(1, -1), (-1, 10_000_000), (0, 1_000_000_000), (0, -1_000_000_000), (0, i32::MIN)]
    {
        let refused = Money::from_units_nanos(Currency::CNY, units, nanos);
        assert_eq!(refused, Err(MoneyError::Nanos { units, nanos }));
    }
    for (currency, nanos) in
        [(Currency::CNY, 1), (Currency::CNY, 9_999_999), (jpy, 500_000_000), (kwd, 100_000)]
    {
        let refused = Money::from_units_nanos(currency, 0, nanos);
        assert_eq!(refused, Err(MoneyError::FinerThanMinorUnit { currency }));
    }
    for (units, nanos) in [
        (i64::MAX, 0),
        (i64::MIN, 0),
        (92_233_720_368_547_758, 80_000_000),
        (-92_233_720_368_547_758, -90_000_000),
    ] {
        assert_eq!(Money::from_units_nanos(Currency::CNY, units, nanos), Err(MoneyError::Overflow));
    }
}

#[test]
fn amounts_are_written_with_the_decimals_of_their_currency() {
    for (money, text) in [
        (cny(50_000), "500.00 CNY"),
        (cny(-5), "-0.05 CNY"),
        (cny(0), "0.00 CNY"),
        (cny(i64::MIN), "-92233720368547758.08 CNY"),
        (Money::new(500, currency("JPY")), "500 JPY"),
        (Money::new(-1_005, currency("KWD")), "-1.005 KWD"),
    ] {
        assert_eq!(money.to_string(), text);
        assert_eq!(text.parse(), Ok(money));
    }
    assert_eq!("500 CNY".parse(), Ok(cny(50_000)));
    assert_eq!(format!("[{:>12}]", cny(1)), "[    0.01 CNY]");
    for text in [
        "",
        "500",
        "500.00CNY",
        "500.0 CNY",
        "500.000 CNY",
        "500. CNY",
        ".50 CNY",
        "+5 CNY",
        "--5 CNY",
        "5,000 CNY",
        "5e2 CNY",
        "500.00  CNY",
        "500.0 JPY",
        "500. JPY",
        "0.-1 CNY",
        "- CNY",
    ] {
        assert!(text.parse::<Money>().is_err(), "{text}");
    }
    assert_eq!("92233720368547758.08 CNY".parse::<Money>(), Err(MoneyError::Overflow));
    assert_eq!(format!("{} CNY", "9".repeat(60)).parse::<Money>(), Err(MoneyError::Overflow));
}

#[test]
fn only_currencies_that_are_paid_in_are_known() {
    for (code, digits) in [("CNY", 2), ("BRL", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("BHD", 3), ("TND", 3)]
    {
        assert_eq!(currency(code).minor_digits(), digits);
        assert_eq!(currency(code).code(), code);
    }
    for code in ["", "cny", "CN", "CNYY", "XYZ", "XAU", "XXX", "人民币", "C Y", " CNY"] {
        assert_eq!(code.parse::<Currency>(), Err(MoneyError::UnknownCurrency { code: code.into() }));
    }
    let json = serde_json::to_string(&cny(5)).unwrap();
    assert_eq!(json, r#"{"minor":5,"currency":"CNY"}"#);
    assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), cny(5));
    assert!(serde_json::from_str::<Money>(r#"{"minor":5,"currency":"XYZ"}"#).is_err());
}

proptest! {
    #[test]
    fn text_and_wire_forms_lose_nothing(minor: i64, code in prop::sample::select(vec!["CNY", "JPY", "KWD"])) {
        let money = Money::new(minor, currency(code));
        prop_assert_eq!(money.to_string().parse(), Ok(money));
        let (units, nanos) = money.to_units_nanos();
        prop_assert_eq!(Money::from_units_nanos(money.currency, units, nanos), Ok(money));
    }

    #[test]
    fn rounding_stays_within_one_minor_unit_and_in_order(minor: i64, basis_points in 0_i64..=10_000) {
        let share = |rounding| cny(minor).basis_points(basis_points, rounding).map(|money| i128::from(money.minor).abs());
        let (down, half, up) = (share(Rounding::Down)?, share(Rounding::HalfUp)?, share(Rounding::Up)?);
        let exact = (i128::from(minor) * i128::from(basis_points)).abs();
        prop_assert!(down <= half && half <= up && up - down <= 1);
        prop_assert!(down * 10_000 <= exact && exact <= up * 10_000);
        prop_assert!((half * 10_000 - exact).abs() * 2 <= 10_000);
    }
}
