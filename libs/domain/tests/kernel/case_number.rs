//! Case numbers and their check digit.

use chrono::NaiveDate;
use proptest::prelude::*;
use redress_domain::{CaseNumber, CaseNumberError};

fn number(year: i32, month: u32, day: u32, sequence: u32) -> CaseNumber {
    let date = NaiveDate::from_ymd_opt(year, month, day).expect("a date");
    CaseNumber::new(date, sequence).expect("in range")
}

#[test]
fn a_number_reads_back_what_it_was_made_of() {
    let made = number(2026, 11, 21, 42);
    let text = made.to_string();
    assert_eq!(text.len(), 14);
    assert!(text.starts_with("C261121-00042"), "{text}");
    assert_eq!(CaseNumber::parse(&text), Ok(made));
    assert_eq!((made.date().to_string().as_str(), made.sequence()), ("2026-11-21", 42));
    assert_eq!(serde_json::from_str::<CaseNumber>(&format!("\"{text}\"")).unwrap(), made);
    assert_eq!(serde_json::to_string(&made).unwrap(), format!("\"{text}\""));
}

#[test]
fn how_it_was_typed_is_forgiven() {
    let made = number(2026, 11, 21, 42);
    let text = made.to_string();
    for typed in [format!("  {text}\n"), text.to_lowercase(), text.replace('-', "")] {
        assert_eq!(CaseNumber::parse(&typed), Ok(made), "{typed}");
    }
}

#[test]
fn a_busy_day_makes_longer_numbers() {
    for (sequence, length) in [(1, 14), (99_999, 14), (100_000, 15), (CaseNumber::SEQUENCE_MAX, 16)] {
        let made = number(2026, 11, 11, sequence);
        assert_eq!(made.to_string().len(), length);
        assert_eq!(CaseNumber::parse(&made.to_string()), Ok(made));
    }
    assert!(number(2026, 11, 11, 99_999) < number(2026, 11, 11, 100_000));
    assert!(number(2026, 11, 11, 100_000) < number(2026, 11, 12, 1));
}

#[test]
fn what_no_case_can_have_is_refused() {
    let date = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    for (date, sequence) in
        [(date(1999), 1), (date(2100), 1), (date(2026), 0), (date(2026), CaseNumber::SEQUENCE_MAX + 1)]
    {
        assert_eq!(CaseNumber::new(date, sequence), Err(CaseNumberError::OutOfRange));
    }
    for text in [
        "",
        "C",
        "261121-000427",
        "D261121-000427",
        "C261121-00042",
        "C26112-0000427",
        "C261121--000427",
        "C261121-00042x",
        "C261121-0004２7",
        "C２61121-000427",
        "C261121 000427",
        "C261121-000000000",
        "CC61121-000427",
    ] {
        assert_eq!(CaseNumber::parse(text), Err(CaseNumberError::Syntax), "{text}");
    }
}

#[test]
fn one_case_has_one_number() {
    // A sequence padded beyond five digits carries a valid check digit, but is not how that case is written.
    let text = number(2026, 11, 21, 42).to_string();
    let (date, tail) = text.split_once('-').unwrap();
    let last = tail.len() - 1;
    let longer = (0..10).map(|check| format!("{date}-0{}{check}", &tail[..last]));
    assert!(longer.clone().any(|text| CaseNumber::parse(&text) == Err(CaseNumberError::Syntax)));
    assert!(longer.into_iter().all(|text| CaseNumber::parse(&text).is_err()));
}

proptest! {
    #[test]
    fn every_wrong_digit_and_every_swap_of_neighbours_is_found(
        days in 0_u64..36_525,
        sequence in prop_oneof![1_u32..=99_999, 1_u32..=CaseNumber::SEQUENCE_MAX],
    ) {
        let date = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Days::new(days);
        let made = CaseNumber::new(date, sequence).unwrap();
        let text = made.to_string();
        prop_assert_eq!(CaseNumber::parse(&text), Ok(made));

        let digits: Vec<usize> = (0..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_digit()).collect();
        for at in &digits {
            for wrong in b'0'..=b'9' {
                let mut bytes = text.clone().into_bytes();
                if bytes[*at] != wrong {
                    bytes[*at] = wrong;
                    let refused = CaseNumber::parse(std::str::from_utf8(&bytes).unwrap());
                    prop_assert_eq!(refused, Err(CaseNumberError::CheckDigit));
                }
            }
        }
        for pair in digits.windows(2) {
            let mut bytes = text.clone().into_bytes();
            if bytes[pair[0]] != bytes[pair[1]] {
                bytes.swap(pair[0], pair[1]);
                let refused = CaseNumber::parse(std::str::from_utf8(&bytes).unwrap());
                prop_assert_eq!(refused, Err(CaseNumberError::CheckDigit));
            }
        }
    }
}
