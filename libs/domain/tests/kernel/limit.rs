//! Limits as text.

use redress_domain::{Limit, LimitError, Unit};

#[test]
fn every_unit_reads_and_writes_itself() {
    for (text, amount, unit) in [
        ("90m", 90, Unit::Minutes),
        ("2h", 2, Unit::Hours),
        ("7d", 7, Unit::Days),
        ("3wd", 3, Unit::WorkingDays),
        ("8wh", 8, Unit::WorkingHours),
        ("0d", 0, Unit::Days),
        ("1000000m", Limit::AMOUNT_MAX, Unit::Minutes),
    ] {
        let limit: Limit = text.parse().unwrap();
        assert_eq!((limit.amount(), limit.unit()), (amount, unit));
        assert_eq!(limit.to_string(), text);
        assert_eq!(serde_json::to_string(&limit).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Limit>(&format!("\"{text}\"")).unwrap(), limit);
    }
    assert!(Limit::zero().is_zero());
    assert!("0wd".parse::<Limit>().unwrap().is_zero());
    assert_eq!(format!("[{:>6}]", Limit::zero()), "[    0m]");
}

#[test]
fn what_is_no_limit_is_refused_with_what_was_expected() {
    for text in [
        "", "7", "d", "7 d", " 7d", "7d ", "+7d", "-7d", "7D", "7days", "1h30m", "1.5h", "007d", "7w", "７d",
        "7dd",
    ] {
        let error = text.parse::<Limit>().unwrap_err();
        assert_eq!(error, LimitError::Syntax { text: text.into() });
        assert!(error.to_string().contains("expected"), "{error}");
    }
    for text in ["1000001d", "4294967296h", "99999999999999999999wd"] {
        assert_eq!(text.parse::<Limit>().unwrap_err(), LimitError::TooLarge { text: text.into() });
    }
    assert!(Limit::new(Limit::AMOUNT_MAX + 1, Unit::Hours).is_err());
}
