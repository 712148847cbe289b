//! What all cases on one waybill come to together. It has its own revision, so that two cases on the waybill cannot
//! slip past each other: whoever proposes locks it first (X10).

use std::collections::BTreeMap;

use redress_domain::Decision;
use redress_domain::{Currency, Money};
use redress_proto::{compensation::v1 as pb, google::r#type::Money as WireMoney};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::log;

/// What a case has at stake on its waybill, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Everything approved, paid or proposed.
    pub total_minor: i64,
    /// What has been paid.
    pub paid_minor: i64,
}

impl Stake {
    /// Nothing.
    pub const NONE: Self = Self { total_minor: 0, paid_minor: 0 };
}

/// A waybill with its cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waybill {
    /// Waybill number.
    pub waybill_no: String,
    /// What each case has at stake.
    pub cases: BTreeMap<Uuid, Stake>,
}

/// The id of a waybill's exposure: the same in every process, and whether its number is written with small or large,
/// full-width or half-width letters, with blanks and dashes or without. None where there is no number.
pub fn waybill_id(region: &str, waybill_no: &str) -> Option<Uuid> {
    let number: String = waybill_no
        .chars()
        .map(half_width)
        .filter(|sign| sign.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    let name = format!("redress:waybill:{region}:{number}");
    (!number.is_empty()).then(|| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// Chinese input methods type letters and digits in full width too.
fn half_width(sign: char) -> char {
    match sign {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        other => other,
    }
}

impl Waybill {
    /// One without cases.
    pub fn new(waybill_no: &str) -> Self {
        Self { waybill_no: waybill_no.to_owned(), cases: BTreeMap::new() }
    }

    /// What all cases but this one have at stake. Beyond 2⁶³ it stays at the largest amount, which no cap allows.
    pub fn of_others(&self, case_id: Uuid) -> Stake {
        let others = self.cases.iter().filter(|(id, _)| **id != case_id);
        others.fold(Stake::NONE, |sum, (_, stake)| Stake {
            total_minor: sum.total_minor.saturating_add(stake.total_minor),
            paid_minor: sum.paid_minor.saturating_add(stake.paid_minor),
        })
    }

    /// The stake of a case became this one; `NONE` when the case left the waybill.
    pub fn set(&self, case_id: Uuid, stake: Stake, currency: Currency) -> Decision<Self> {
        let mut next = self.clone();
        if stake == Stake::NONE {
            next.cases.remove(&case_id);
        } else {
            next.cases.insert(case_id, stake);
        }
        let others = next.of_others(case_id);
        let money = |minor: i64| Some(WireMoney::from(Money::new(minor, currency)));
        let event = pb::ExposureChanged {
            waybill_no: next.waybill_no.clone(),
            exposure: Some(pb::Exposure {
                case_total: money(stake.total_minor),
                waybill_total: money(others.total_minor.saturating_add(stake.total_minor)),
                waybill_paid: money(others.paid_minor.saturating_add(stake.paid_minor)),
            }),
            case_id: case_id.to_string(),
        };
        let mut decision = Decision::new(next);
        log(&mut decision, &event);
        decision
    }
}
