//! The archive: every kept file is there, unaltered, and is kept for as long as the handbook says (M7.1).

use std::collections::BTreeMap;

use chrono::Months;
use redress_domain::{CalendarError, Rejection, RejectionKind, Ruling, Timestamp};
use redress_proto::{investigation::v1 as pb, time_to_wire};
use sha2::{Digest as _, Sha256};

use super::{
    Draft, Setting, calendar_cannot_tell,
    case::{Archive, Case, Person, Stage},
    evidence::{self, Action, Evidence},
    number, rule_fails, tell,
};

/// In which stages the archive can be verified.
pub const STAGES: &[Stage] = &[Stage::Concluded, Stage::Archived, Stage::Cancelled];

/// The files that are to be there: those that are not locked away.
pub fn kept(case: &Case) -> impl Iterator<Item = &Evidence> {
    case.evidence.iter().filter(|evidence| !evidence.locked)
}

/// Records that every kept file was found in order. `checked` has the size of each by its hash.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`; `CONCURRENT_CHANGE` where a file came in while the others were checked.
pub fn verified(
    case: &Case,
    checked: &BTreeMap<String, u64>,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(STAGES)?;
    if kept(case).any(|evidence| checked.get(&evidence.file.sha256) != Some(&evidence.file.size)) {
        return Err(Rejection::new(
            RejectionKind::Stale,
            "CONCURRENT_CHANGE",
            "evidence came in while the archive was checked; try again",
        ));
    }
    let (years, rule) =
        setting.book.retention_years(&case.facts(setting)).map_err(|error| rule_fails(&error))?;
    let earlier = case.archive.as_ref().map(|archive| archive.keep_until);
    let keep_until =
        earlier.into_iter().chain([years_from(setting.now, years, setting)?]).max().unwrap_or(setting.now);
    let mut decision = Draft::new(case.clone());
    let archive = Archive {
        verified_at: setting.now,
        files: u32::try_from(checked.len()).unwrap_or(u32::MAX),
        bytes: checked.values().sum(),
        keep_until,
        rule: rule.clone(),
    };
    let event = pb::ArchiveVerified {
        files: number(checked.len()),
        bytes: i64::try_from(archive.bytes).unwrap_or(i64::MAX),
        files_hash: files_hash(checked.keys()),
        keep_until_time: Some(time_to_wire(keep_until)),
    };
    tell(&mut decision, &event);
    let facts = case.facts(setting).to_json();
    decision.rulings.push(Ruling::new("retention", rule, format!("{years} years"), facts));
    decision.next.archive = Some(archive);
    if case.stage == Stage::Concluded {
        decision.next.stage = Stage::Archived;
    }
    evidence::entry(&mut decision, |evidence| !evidence.locked, Action::Verified, by, setting);
    Ok(decision)
}

/// SHA-256 over the sorted hashes of the files.
fn files_hash<'a>(sorted: impl Iterator<Item = &'a String>) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for hash in sorted {
        hasher.update(hex::decode(hash).unwrap_or_default());
    }
    hasher.finalize().to_vec()
}

/// The same local time so many years later; 28 February where that day does not exist.
fn years_from(at: Timestamp, years: u32, setting: &Setting<'_>) -> Result<Timestamp, Rejection> {
    let later = setting.calendar.local(at).checked_add_months(Months::new(years.saturating_mul(12)));
    later
        .ok_or(CalendarError::OutOfRange)
        .and_then(|local| setting.calendar.instant(local))
        .map_err(|error| calendar_cannot_tell(&error))
}
