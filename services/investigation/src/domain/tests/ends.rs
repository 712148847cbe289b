use std::collections::BTreeMap;

use redress_domain::handbook::ClosingBasis;
use redress_proto::investigation::v1 as pb;

use super::*;
use crate::domain::{archive, extension, reporting, request, sealing, waiting};

const STAGES: [Stage; 7] = [
    Stage::Known,
    Stage::Open,
    Stage::Paused,
    Stage::Concluded,
    Stage::Archived,
    Stage::Sealed,
    Stage::Cancelled,
];

#[test]
fn every_command_is_refused_outside_its_stages() {
    type Command = fn(&Case, &Setting<'_>) -> Result<(), Rejection>;
    let table: [(&str, &[Stage], Command); 10] = [
        ("ask", &[Stage::Open, Stage::Paused], |case, setting| {
            request::ask(case, &["driver_log".to_owned()], &BTreeMap::new(), setting).map(drop)
        }),
        ("upload", &[Stage::Open, Stage::Paused, Stage::Concluded], |case, setting| {
            receive(case, file(""), Uuid::nil(), "", &agent(), setting).map(drop)
        }),
        ("waive", &[Stage::Open, Stage::Paused], |case, setting| {
            waive(case, "driver_log", "", &agent(), setting).map(drop)
        }),
        ("pause", &[Stage::Open], |case, setting| waiting::pause(case, &[], "", setting).map(drop)),
        ("resume", &[Stage::Paused], |case, setting| waiting::resume(case, setting).map(drop)),
        ("progress", &[Stage::Open, Stage::Paused], |case, setting| {
            reporting::progress(case, "", &agent(), setting).map(drop)
        }),
        ("preliminary", &[Stage::Open, Stage::Paused], |case, setting| {
            reporting::preliminary(case, "", &agent(), setting).map(drop)
        }),
        ("extension", &[Stage::Open], |case, setting| {
            let application =
                extension::Application { id: Uuid::nil(), limit: None, text_ref: String::new() };
            extension::apply(case, application, &agent(), setting).map(drop)
        }),
        ("conclude", &[Stage::Open, Stage::Paused], |case, setting| {
            let ready = Case { checklist: vec![], ..case.clone() };
            conclude(&ready, conclusion(Validity::Founded), &agent(), setting).map(drop)
        }),
        ("archive", &[Stage::Concluded, Stage::Archived, Stage::Cancelled], |case, setting| {
            let checked =
                case.evidence.iter().map(|piece| (piece.file.sha256.clone(), piece.file.size)).collect();
            archive::verified(case, &checked, &agent(), setting).map(drop)
        }),
    ];
    for (name, allowed, command) in table {
        for stage in STAGES {
            let refusal = command(&in_stage(stage), &at(after(3))).err().map(|refused| refused.reason);
            let expected = match stage {
                stage if allowed.contains(&stage) => None,
                Stage::Known => Some("CASE_NOT_FOUND"),
                Stage::Sealed => Some("CASE_SEALED"),
                _ => Some("STATE_NOT_ALLOWED"),
            };
            assert_eq!(refusal, expected, "{name} in {}", stage.as_str());
        }
    }
}

#[test]
fn a_conclusion_lists_every_required_item_that_is_missing() {
    let case = open_case(DAMAGE, Priority::Important);
    let refused = conclude(&case, conclusion(Validity::Founded), &agent(), &at(after(1))).unwrap_err();
    let missing: Vec<_> =
        refused.unmet.iter().map(|unmet| (unmet.kind.as_str(), unmet.subject.as_str())).collect();
    assert_eq!(refused.reason, "EVIDENCE_INCOMPLETE");
    assert_eq!(
        missing,
        [("ITEM", "warehouse_scans"), ("ITEM", "warehouse_cctv"), ("ITEM", "handover_sheets")]
    );
    assert!(
        conclude(&waive_all(&case, after(1)), conclusion(Validity::Founded), &agent(), &at(after(1))).is_ok()
    );
}

#[test]
fn a_conclusion_names_what_the_handbook_knows() {
    let case = with_evidence(&open_case(DELAY, Priority::General), after(1));
    let good = conclusion(Validity::Founded);
    let table = [
        (Conclusion { cause: "bad_luck".into(), ..good.clone() }, "CAUSE_UNKNOWN"),
        (Conclusion { party: "somebody".into(), ..good.clone() }, "PARTY_UNKNOWN"),
        (Conclusion { corrected_sub_type: "no_such".into(), ..good.clone() }, "SUB_TYPE_UNKNOWN"),
        (Conclusion { evidence_ids: vec![Uuid::nil()], ..good.clone() }, "EVIDENCE_NOT_FOUND"),
    ];
    for (conclusion, refusal) in table {
        assert_eq!(reason(conclude(&case, conclusion, &agent(), &at(after(2)))), refusal);
    }
    let done = conclude(
        &case,
        Conclusion { corrected_sub_type: "false_sign_off".into(), ..good },
        &agent(),
        &at(after(2)),
    );
    let event: pb::InvestigationConcluded = payload(&done.unwrap());
    assert_eq!(event.responsible_unit, "transport", "the department that the party is");
    assert_eq!(event.corrected_sub_type, "false_sign_off");
}

#[test]
fn nobody_investigates_their_own_unit() {
    let mut case = with_evidence(&open_case(DAMAGE, Priority::Important), after(1));
    case.department = "warehouse".into();
    let own = |case: &Case, department: &str, party: &str, unit: &str| {
        let conclusion =
            Conclusion { party: party.into(), unit: unit.into(), ..conclusion(Validity::Unfounded) };
        let by = person("zhao", "department-manager", department);
        conclude(case, conclusion, &by, &at(after(2))).err().map(|refused| refused.reason)
    };
    assert_eq!(own(&case, "transport", "transport", ""), Some("OWN_UNIT"));
    assert_eq!(own(&case, "hub-3", "transport", "hub-3"), Some("OWN_UNIT"));
    assert_eq!(own(&case, "quality", "transport", ""), None);
    assert_eq!(own(&case, "warehouse", "shipper", ""), None, "it only handles the case");
    case.own_matter = true;
    assert_eq!(own(&case, "warehouse", "shipper", ""), Some("OWN_UNIT"), "the matter arose there");
    assert_eq!(own(&case, "", "transport", ""), None);
}

#[test]
fn the_customer_is_told_findings_that_nothing_follows_from() {
    for (validity, told) in [
        (Validity::Founded, false),
        (Validity::PartlyFounded, false),
        (Validity::Unfounded, true),
        (Validity::Malicious, true),
    ] {
        let case = with_evidence(&open_case(DELAY, Priority::General), after(1));
        let done = conclude(&case, conclusion(validity), &agent(), &at(after(2))).unwrap();
        assert_eq!(names(&done).contains(&"NoticeRequested"), told, "{validity}");
        assert!(done.next.open_deadlines.is_empty(), "nothing is asked for any more");
    }
}

fn archived(validity: Validity) -> Case {
    let case = concluded(validity);
    let checked = BTreeMap::from([("ab".repeat(32), 10)]);
    archive::verified(&case, &checked, &agent(), &at(after(3))).unwrap().next
}

#[test]
fn the_archive_has_every_kept_file_and_is_kept_for_years() {
    let case = concluded(Validity::Founded);
    let other = BTreeMap::from([("cd".repeat(32), 10)]);
    assert_eq!(reason(archive::verified(&case, &other, &agent(), &at(after(3)))), "CONCURRENT_CHANGE");
    let archive = archived(Validity::Founded).archive.unwrap();
    assert_eq!((archive.files, archive.bytes), (1, 10));
    assert_eq!(archive.keep_until, Utc.with_ymd_and_hms(2028, 3, 2, 4, 0, 0).unwrap());
    let mut regulator = case;
    regulator.known.signals.insert(Signal::Regulator);
    let checked = BTreeMap::from([("ab".repeat(32), 10)]);
    let longer =
        archive::verified(&regulator, &checked, &agent(), &at(after(3))).unwrap().next.archive.unwrap();
    assert_eq!(longer.keep_until, Utc.with_ymd_and_hms(2029, 3, 2, 4, 0, 0).unwrap());
    // The closing of the case may make it longer, never shorter.
    let sealed = Case { stage: Stage::Sealed, ..archived(Validity::Founded) };
    let keep = |until| turns::closed(&sealed, Some(until), "told").unwrap().next.archive.unwrap().keep_until;
    assert_eq!(keep(after(30_000)), after(30_000));
    assert_eq!(keep(after(1)), archive.keep_until);
}

fn asked(basis: ClosingBasis) -> sealing::Request {
    sealing::Request { id: Uuid::from_u128(77), basis, case_revision: 3, revision: 8 }
}

#[test]
fn a_seal_asks_for_this_services_part_of_the_gate() {
    use ClosingBasis::{
        Accepted, FinalPosition, Malicious, NoFurtherDemand, Refused, Silent, Unfounded, Withdrawn,
    };
    let (open, founded, unfounded) =
        (in_stage(Stage::Open), archived(Validity::Founded), archived(Validity::Unfounded));
    let bare = concluded(Validity::Unfounded);
    let table: [(&Case, ClosingBasis, &[&str]); 13] = [
        (&open, Accepted, &["ARCHIVE"]),
        (&open, NoFurtherDemand, &["ARCHIVE"]),
        (&open, FinalPosition, &["ARCHIVE"]),
        (&open, Unfounded, &["FINDINGS", "ARCHIVE"]),
        (&bare, Unfounded, &["ARCHIVE"]),
        (&founded, Unfounded, &["FINDINGS"]),
        (&unfounded, Unfounded, &[]),
        (&unfounded, Malicious, &["FINDINGS"]),
        (&founded, Accepted, &[]),
        (&founded, FinalPosition, &[]),
        (&open, Refused, &[]),
        (&open, Withdrawn, &[]),
        (&founded, Withdrawn, &[]),
    ];
    for (case, basis, missing) in table {
        let result = sealing::seal(case, &asked(basis), &at(after(4)));
        if missing.is_empty() {
            assert_eq!(result.unwrap().unwrap().next.stage, Stage::Sealed, "{basis}");
            continue;
        }
        let refused = result.unwrap_err();
        let kinds: Vec<_> = refused.unmet.iter().map(|unmet| unmet.kind.as_str()).collect();
        assert_eq!((refused.reason, kinds.as_slice()), ("SEAL_GATE_NOT_MET", missing), "{basis}");
    }
    assert_eq!(reason(sealing::seal(&founded, &asked(Silent), &at(after(4)))), "HANDBOOK_SILENT");
}

#[test]
fn a_seal_is_given_once_and_broken_by_its_id() {
    let sealed = sealing::seal(&archived(Validity::Founded), &asked(ClosingBasis::Accepted), &at(after(4)))
        .unwrap()
        .unwrap();
    let event: pb::InvestigationSealed = payload(&sealed);
    assert_eq!(event.seal.unwrap().revision, 9);
    let case = sealed.next;
    assert!(sealing::seal(&case, &asked(ClosingBasis::Accepted), &at(after(5))).unwrap().is_none());
    assert_eq!(
        reason(sealing::seal(&case, &asked(ClosingBasis::Withdrawn), &at(after(5)))),
        "SEALED_OTHERWISE"
    );
    assert!(sealing::unseal(&case, Uuid::from_u128(78), false).is_none());
    let broken = sealing::unseal(&case, Uuid::from_u128(77), false).unwrap();
    assert_eq!(broken.next.stage, Stage::Archived);
    assert!(sealing::unseal(&broken.next, Uuid::from_u128(77), false).is_none());
}

#[test]
fn a_case_that_ends_early_cancels_and_a_reopening_begins_another_round() {
    let case = open_case(DAMAGE, Priority::Important);
    let ended = turns::ended(&case, ClosingBasis::Withdrawn, "told", &at(after(1))).unwrap();
    assert_eq!(names(&ended), ["InvestigationCancelled"]);
    let cancelled = |name: &str| {
        ended
            .deadlines
            .iter()
            .any(|change| matches!(change, DeadlineChange::Cancel { name: known } if known == name))
    };
    assert!(cancelled("investigation") && cancelled("evidence_request:warehouse_cctv"));
    assert!(turns::ended(&ended.next, ClosingBasis::Withdrawn, "told", &at(after(1))).is_none());
    let again = triaged_event(DAMAGE, Priority::Important);
    assert!(triage::triaged(&ended.next, &again, after(2), &at(after(2))).unwrap().is_none(), "it has ended");

    let reopened = wire::CaseTriaged {
        trigger: wire::TriageTrigger::Reopened.into(),
        ..triaged_event(DAMAGE, Priority::Urgent)
    };
    let second = triage::triaged(&ended.next, &reopened, after(50), &at(after(50))).unwrap().unwrap();
    assert_eq!(names(&second), ["InvestigationOpened", "EvidenceRequested", "NoticeRequested"]);
    assert_eq!((second.next.round, second.next.stage, due(&second.next)), (2, Stage::Open, Some(after(74))));

    // After a closing: the event breaks the seal even before intake's call does.
    let sealed = sealing::seal(&archived(Validity::Founded), &asked(ClosingBasis::Accepted), &at(after(4)))
        .unwrap()
        .unwrap();
    assert!(turns::reopened(&sealed.next, &[Uuid::nil().to_string()]).is_none());
    let unsealed = turns::reopened(&sealed.next, &[Uuid::from_u128(77).to_string()]).unwrap().next;
    let second = triage::triaged(&unsealed, &reopened, after(50), &at(after(50))).unwrap().unwrap().next;
    assert_eq!((second.round, second.findings, second.archive), (2, None, None));
    assert_eq!(second.evidence.len(), unsealed.evidence.len(), "what was received stays");
}

#[test]
fn a_case_that_was_refused_before_its_triage_is_never_opened() {
    let known = registered(DELAY, start());
    let refused = sealing::seal(&known, &asked(ClosingBasis::Refused), &at(after(1))).unwrap().unwrap();
    assert_eq!(names(&refused), ["InvestigationCancelled", "InvestigationSealed"]);
    assert!(
        turns::ended(&refused.next, ClosingBasis::Refused, "told", &at(after(1))).is_none(),
        "the event comes later"
    );
    let event = triaged_event(DELAY, Priority::General);
    assert!(triage::triaged(&refused.next, &event, after(1), &at(after(1))).unwrap().is_none());
}
