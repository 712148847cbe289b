//! Evidence and its custody: taken in, handed out, waived, locked away (M4.1, M4.2, M2.2, X13).

use std::collections::BTreeSet;

use redress_domain::{Rejection, RejectionKind, Timestamp, handbook::Handbook};
use redress_proto::{investigation::v1 as pb, time_to_wire};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Draft, Setting,
    case::{Case, ItemState, Person, Stage, Waiver},
    checklist, clock,
    known::Consent,
    request, tell, words,
};

/// A piece of evidence: a file and its custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id.
    pub id: Uuid,
    /// The file.
    pub file: File,
    /// What it shows, as reference; empty when there is none.
    pub description_ref: String,
    /// It is locked away, because consent was withdrawn.
    pub locked: bool,
    /// When it was received.
    pub received_at: Timestamp,
    /// Who handed it in.
    pub uploader: Person,
    /// Whose hands it went through, oldest first.
    pub custody: Vec<Custody>,
}

/// A file as it is announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Item of the checklist; empty where it belongs to none.
    pub item_id: String,
    /// Who it comes from.
    pub source: Source,
    /// SHA-256, 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// Size in bytes.
    pub size: u64,
    /// Media type.
    pub media_type: String,
    /// Whether the customer agrees that it is kept.
    pub consent: Consent,
    /// Customer's piece of evidence that it answers; empty when it answers none.
    pub lead_id: String,
    /// When it was made, where that is known.
    pub captured_at: Option<Timestamp>,
}

/// Who a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A department.
    Internal,
    /// The customer.
    Customer,
    /// Somebody else.
    External,
}

impl Source {
    /// To the wire.
    pub fn to_wire(self) -> pb::EvidenceSource {
        match self {
            Self::Internal => pb::EvidenceSource::Internal,
            Self::Customer => pb::EvidenceSource::Customer,
            Self::External => pb::EvidenceSource::External,
        }
    }
}

/// One entry of a file's custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custody {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What was done.
    pub action: Action,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Received and stored.
    Received,
    /// Handed out.
    Downloaded,
    /// Checked against its hash, and in order.
    Verified,
    /// Locked away.
    Locked,
}

/// Whether a file may be taken in at all: asked before its bytes are, and again when it is stored.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `ITEM_UNKNOWN`, `UPLOAD_TOO_LARGE`, `MEDIA_TYPE_NOT_ALLOWED`, `CONSENT_MISSING`,
/// `LIMIT_EXCEEDED` (files of a case), `INVALID_FIELDS` (time in the future, unknown lead).
pub fn admit(case: &Case, file: &File, setting: &Setting<'_>) -> Result<(), Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused, Stage::Concluded])?;
    let limits = &setting.book.investigation.evidence;
    let mut from_customer = file.source == Source::Customer || !file.lead_id.is_empty();
    if !file.item_id.is_empty() {
        from_customer |= case.item(&file.item_id, "metadata.item_id")?.is_from_customer();
    }
    let size_max = u64::try_from(limits.file_bytes_max).unwrap_or_default();
    if file.size > size_max {
        return Err(too_large(size_max));
    }
    if !media_types(&file.item_id, setting.book).contains(&file.media_type) {
        let description = format!("the handbook does not take `{}` here", file.media_type);
        return Err(Rejection::invalid("MEDIA_TYPE_NOT_ALLOWED", "metadata.media_type", description)
            .with("media_type", file.media_type.clone()));
    }
    if file.captured_at.is_some_and(|at| at > setting.now) {
        return Err(Rejection::invalid("INVALID_FIELDS", "metadata.capture_time", "lies in the future"));
    }
    consent(case, file, from_customer)?;
    if case.evidence.len() >= usize::try_from(limits.files_max).unwrap_or(usize::MAX) {
        let message = format!("a case takes at most {} files", limits.files_max);
        return Err(Rejection::new(RejectionKind::Exhausted, "LIMIT_EXCEEDED", message)
            .with("files_max", limits.files_max.to_string()));
    }
    Ok(())
}

/// What comes from the customer is kept only with the customer's consent (M2.2).
fn consent(case: &Case, file: &File, from_customer: bool) -> Result<(), Rejection> {
    let lead = match file.lead_id.as_str() {
        "" => Consent::Unknown,
        lead_id => case.known.leads.get(lead_id).copied().ok_or_else(|| {
            Rejection::invalid(
                "INVALID_FIELDS",
                "metadata.lead_id",
                "is no piece of evidence that the customer named",
            )
        })?,
    };
    let barred = |consent: Consent| matches!(consent, Consent::Refused | Consent::Withdrawn);
    if barred(file.consent) || barred(lead) || (from_customer && file.consent != Consent::Given) {
        let message = "the customer's consent to keep this file is needed and not there";
        return Err(Rejection::precondition("CONSENT_MISSING", message));
    }
    Ok(())
}

/// The refusal of a file above `size_max` bytes.
pub fn too_large(size_max: u64) -> Rejection {
    Rejection::new(
        RejectionKind::Exhausted,
        "UPLOAD_TOO_LARGE",
        format!("the file is larger than {size_max} bytes"),
    )
    .with("size_max", size_max.to_string())
}

fn media_types<'b>(item_id: &str, book: &'b Handbook) -> &'b [String] {
    match book.checklist_item(item_id) {
        Some(item) => book.media_types(item),
        None => &book.investigation.evidence.media_types,
    }
}

/// Takes in a file whose bytes are stored.
///
/// # Errors
/// As [`admit`].
pub fn receive(
    case: &Case,
    file: File,
    id: Uuid,
    description_ref: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    admit(case, &file, setting)?;
    let mut file = file;
    if file.consent == Consent::Unknown {
        file.consent = Consent::NotNeeded;
    }
    let mut decision = Draft::new(case.clone());
    let event = pb::EvidenceReceived {
        evidence_id: id.to_string(),
        item_id: file.item_id.clone(),
        source: file.source.to_wire().into(),
        sha256: file.sha256.clone(),
        size_bytes: i64::try_from(file.size).unwrap_or(i64::MAX),
        media_type: file.media_type.clone(),
        consent: file.consent.to_wire().into(),
        lead_id: file.lead_id.clone(),
        description_ref: description_ref.to_owned(),
        capture_time: words::time(file.captured_at),
    };
    tell(&mut decision, &event);
    let item_id = file.item_id.clone();
    let mut met = None;
    if let Some(item) = decision.next.checklist.iter_mut().find(|item| item.id == item_id) {
        item.state = ItemState::Received;
        item.evidence_ids.push(id);
        met = Some(request::deadline_of(item));
    }
    decision.next.evidence.push(Evidence {
        id,
        file,
        description_ref: description_ref.to_owned(),
        locked: false,
        received_at: setting.now,
        uploader: by.clone(),
        custody: vec![Custody { at: setting.now, by: by.clone(), action: Action::Received }],
    });
    if let Some(name) = met {
        clock::meet(&mut decision, &name, setting.now);
    }
    if decision.next.stage.is_going_on() {
        checklist::verify_core(&mut decision, setting.now);
    }
    Ok(decision)
}

/// Does without an item.
///
/// # Errors
/// `STATE_NOT_ALLOWED`, `CASE_SEALED`, `ITEM_UNKNOWN`, `ITEM_SETTLED`, `ITEM_NOT_WAIVABLE`.
pub fn waive(
    case: &Case,
    item_id: &str,
    text_ref: &str,
    by: &Person,
    setting: &Setting<'_>,
) -> Result<Draft, Rejection> {
    case.expect_stage(&[Stage::Open, Stage::Paused])?;
    let item = case.item(item_id, "item_id")?;
    if item.is_settled() {
        return Err(request::settled(item_id));
    }
    if setting.book.checklist_item(item_id).is_some_and(|rule| rule.never_waived) {
        let message = format!("the handbook does not allow doing without item `{item_id}`");
        return Err(Rejection::precondition("ITEM_NOT_WAIVABLE", message).with("item_id", item_id));
    }
    let name = request::deadline_of(item);
    let mut decision = Draft::new(case.clone());
    if let Some(item) = decision.next.checklist.iter_mut().find(|item| item.id == item_id) {
        item.state = ItemState::Waived;
    }
    decision.next.waivers.push(Waiver {
        item_id: item_id.to_owned(),
        text_ref: text_ref.to_owned(),
        by: by.clone(),
        at: setting.now,
    });
    tell(&mut decision, &pb::EvidenceWaived { item_id: item_id.to_owned(), text_ref: text_ref.to_owned() });
    clock::cancel(&mut decision, &name);
    checklist::verify_core(&mut decision, setting.now);
    Ok(decision)
}

/// Records that a file is handed out. Possible in every state, also of a closed case: custody is no change of it.
///
/// # Errors
/// `EVIDENCE_NOT_FOUND`, `EVIDENCE_LOCKED`.
pub fn hand_out(case: &Case, id: Uuid, by: &Person, setting: &Setting<'_>) -> Result<Draft, Rejection> {
    if case.piece(id)?.locked {
        return Err(Rejection::precondition(
            "EVIDENCE_LOCKED",
            "the customer has withdrawn the consent; the file is locked away",
        )
        .with("evidence_id", id.to_string()));
    }
    let mut decision = Draft::new(case.clone());
    entry(&mut decision, |evidence| evidence.id == id, Action::Downloaded, by, setting);
    tell(&mut decision, &pb::EvidenceDownloaded { evidence_id: id.to_string() });
    Ok(decision)
}

/// Adds an entry to the custody of files.
pub(crate) fn entry(
    decision: &mut Draft,
    which: impl Fn(&Evidence) -> bool,
    action: Action,
    by: &Person,
    setting: &Setting<'_>,
) {
    for evidence in decision.next.evidence.iter_mut().filter(|evidence| which(evidence)) {
        evidence.custody.push(Custody { at: setting.now, by: by.clone(), action });
    }
}

/// Locks away what the customer does not want kept any more. Its hash and use stay on record (X13).
pub(crate) fn lock_withdrawn(decision: &mut Draft, by: &Person, setting: &Setting<'_>) {
    let withdrawn: BTreeSet<String> = decision
        .next
        .known
        .leads
        .iter()
        .filter(|(_, consent)| matches!(consent, Consent::Withdrawn | Consent::Refused))
        .map(|(lead_id, _)| lead_id.clone())
        .collect();
    let mut locked = Vec::new();
    for evidence in &mut decision.next.evidence {
        if evidence.locked || !withdrawn.contains(&evidence.file.lead_id) {
            continue;
        }
        evidence.locked = true;
        evidence.file.consent = Consent::Withdrawn;
        evidence.custody.push(Custody { at: setting.now, by: by.clone(), action: Action::Locked });
        locked.push(pb::EvidenceLocked {
            evidence_id: evidence.id.to_string(),
            sha256: evidence.file.sha256.clone(),
        });
    }
    for event in &locked {
        tell(decision, event);
    }
}

/// A piece of evidence for the wire, without its words.
pub fn to_wire(
    evidence: &Evidence,
    actor: impl Fn(&Person) -> redress_proto::types::v1::Actor,
) -> pb::Evidence {
    let file = &evidence.file;
    pb::Evidence {
        evidence_id: evidence.id.to_string(),
        item_id: file.item_id.clone(),
        source: file.source.to_wire().into(),
        sha256: file.sha256.clone(),
        size_bytes: i64::try_from(file.size).unwrap_or(i64::MAX),
        media_type: file.media_type.clone(),
        description: String::new(),
        description_ref: evidence.description_ref.clone(),
        consent: file.consent.to_wire().into(),
        locked: evidence.locked,
        lead_id: file.lead_id.clone(),
        capture_time: words::time(file.captured_at),
        receive_time: Some(time_to_wire(evidence.received_at)),
        uploader: Some(actor(&evidence.uploader)),
        custody: evidence
            .custody
            .iter()
            .map(|entry| pb::CustodyEntry {
                time: Some(time_to_wire(entry.at)),
                actor: Some(actor(&entry.by)),
                action: match entry.action {
                    Action::Received => pb::CustodyAction::Received,
                    Action::Downloaded => pb::CustodyAction::Downloaded,
                    Action::Verified => pb::CustodyAction::Verified,
                    Action::Locked => pb::CustodyAction::Locked,
                }
                .into(),
            })
            .collect(),
    }
}
