//! Writes messages: renders the handbook's notices, stores the words apart, and queues them for their channel.

use std::collections::BTreeMap;

use redress_chassis::{Failure, Loaded, Place, Policy, Result, Unit};
use redress_domain::{
    Clock, Rejection, RejectionKind, SystemClock, Timestamp,
    handbook::{Channel, DeadlineKind, Handbook, Language, NoticeKey, ProblemType},
};
use redress_proto::intake::v1::TextPurpose;
use uuid::Uuid;

use crate::{
    domain::{
        case::Case,
        clocks,
        contact::address,
        facts::subtype,
        message::{Audience, Author, Message},
        risk::Report,
    },
    store::{
        customer::{self, CustomerRow},
        text::{self, TextRow},
    },
};

/// Placeholder that is filled in when a message is handed over, so that no token is stored. A notice's own text or the value
/// of another placeholder, such as a link, may contain it.
pub const TOKEN_PLACEHOLDER: &str = "{customer_token}";

/// What a message says.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Notice of the handbook, if one is sent.
    pub notice: Option<NoticeKey>,
    /// Values of its placeholders.
    pub parameters: BTreeMap<String, String>,
    /// Own words: before the notice's text, or all there is.
    pub own: String,
}

/// A message to the customer of a case.
#[derive(Clone, Debug)]
pub struct ToCustomer {
    /// Its id.
    pub message_id: Uuid,
    /// What it says.
    pub words: Words,
    /// Channels that may carry it, best first.
    pub channels: Vec<Channel>,
    /// Service that asked for it, and its key.
    pub asked_by: (String, String),
}

/// A message to staff.
#[derive(Clone, Debug)]
pub struct ToStaff {
    /// Its id.
    pub message_id: Uuid,
    /// To whom.
    pub audience: Audience,
    /// Notice of the handbook.
    pub notice: NoticeKey,
    /// Values of its placeholders.
    pub parameters: BTreeMap<String, String>,
    /// Service that asked for it, and its key.
    pub asked_by: (String, String),
}

/// The channels through which an answer goes, best first: the original one, where it carries answers (M2.3a).
pub fn answer_channels(case: &Case, book: &Handbook) -> Vec<Channel> {
    book.reply_channels(case.channel)
}

/// The same, and where none of them reaches the customer, the ways that reach anybody.
pub fn any_channels(case: &Case, book: &Handbook) -> Vec<Channel> {
    let mut channels = answer_channels(case, book);
    channels.extend([Channel::Sms, Channel::Email]);
    channels
}

/// The first channel that reaches the customer.
pub fn reachable(channels: &[Channel], row: &CustomerRow) -> Option<Channel> {
    channels.iter().copied().find(|channel| address(*channel, &row.customer, &row.conversation).is_some())
}

/// The first channel that reaches the customer.
///
/// # Errors
/// `NO_CONTACT`.
pub fn expect_reachable(channels: &[Channel], row: &CustomerRow) -> Result<Channel> {
    reachable(channels, row).ok_or_else(|| {
        let tried = channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(",");
        Rejection::precondition(
            "NO_CONTACT",
            format!("nothing is known that reaches the customer through `{tried}`"),
        )
        .with("channel", tried)
        .into()
    })
}

/// Writes a message to the customer and queues it. Where no channel reaches the customer, it is recorded as failed.
pub async fn tell_customer(
    unit: &mut Unit,
    case: &Loaded<Case>,
    policy: &Policy,
    message: ToCustomer,
) -> Result<Loaded<Message>> {
    let book = &policy.handbook;
    let row = customer::read(unit.transaction().connection(), case.id()).await?;
    let language = book.language_of(&case.state.language);
    let words = render(case, &row, policy, language, &message.words)?;
    let text_ref = unit.new_id();
    store_words(unit, case.row().case_id, case.region(), text_ref, language, words).await?;
    let channel = reachable(&message.channels, &row);
    let shown = channel.or_else(|| message.channels.first().copied());
    let mut next = Message::outbound(Audience::customer(), shown, text_ref, language.as_str(), unit.now());
    next.notice = message.words.notice.map(|notice| notice.as_str().to_owned()).unwrap_or_default();
    (next.asked_by, next.notice_key) = message.asked_by;
    next.author = author(unit);
    next.token_from = SystemClock.now();
    let id = message.message_id;
    let decision = if channel.is_some() { next.queue(id) } else { next.without_contact(id) };
    unit.create(place(case, id), decision).await
}

/// Writes a message to staff and queues it. It names no customer.
pub async fn tell_staff(
    unit: &mut Unit,
    case: Option<&Loaded<Case>>,
    place: Place,
    policy: &Policy,
    message: ToStaff,
) -> Result<Loaded<Message>> {
    let book = &policy.handbook;
    let language = book.language;
    let mut parameters = BTreeMap::from([
        ("case_number".to_owned(), case.map_or_else(|| "—".to_owned(), |case| case.state.number.to_string())),
        ("customer_name".to_owned(), book.wording.unknown_customer.get(language).to_owned()),
        ("waybill_no".to_owned(), waybill(case.map(|case| &case.state), book, language)),
    ]);
    parameters.extend(message.parameters);
    let words = book
        .notice(message.notice)
        .render(language, &parameters)
        .map_err(|error| unusable(message.notice, error.to_string()))?;
    let text_ref = unit.new_id();
    store_words(unit, place.case_id, &place.region, text_ref, language, words).await?;
    let mut next = Message::outbound(message.audience, None, text_ref, language.as_str(), unit.now());
    message.notice.as_str().clone_into(&mut next.notice);
    (next.asked_by, next.notice_key) = message.asked_by;
    next.author = author(unit);
    unit.create(place, next.queue(message.message_id)).await
}

/// Sends the risk reports that a decision asks for (M2.3b).
pub async fn send_reports(
    unit: &mut Unit,
    case: &Loaded<Case>,
    policy: &Policy,
    reports: &[Report<'_>],
) -> Result<()> {
    for report in reports {
        let risk = report.rule.name.get(policy.handbook.language).to_owned();
        let message = ToStaff {
            message_id: report.message_id,
            audience: report.audience(),
            notice: NoticeKey::RiskReport,
            parameters: BTreeMap::from([("risks".to_owned(), risk)]),
            asked_by: Default::default(),
        };
        tell_staff(unit, Some(case), place(case, report.message_id), policy, message).await?;
    }
    Ok(())
}

/// Where a message of a case belongs.
pub fn place(case: &Loaded<Case>, message_id: Uuid) -> Place {
    let row = case.row();
    Place {
        id: message_id,
        case_id: row.case_id,
        region: row.region.clone(),
        handbook_hash: row.handbook_hash.clone(),
        calendar_hash: row.calendar_hash.clone(),
    }
}

/// A time as customers and staff read it.
pub fn say_time(at: Timestamp, policy: &Policy, language: Language) -> String {
    policy.handbook.wording.date_time(policy.calendar.local(at), language)
}

fn author(unit: &Unit) -> Author {
    let actor = unit.actor();
    Author { subject: actor.subject.clone(), role: actor.role.clone() }
}

fn render(
    case: &Loaded<Case>,
    row: &CustomerRow,
    policy: &Policy,
    language: Language,
    words: &Words,
) -> Result<String> {
    let Some(notice) = words.notice else { return Ok(words.own.clone()) };
    if !notice.is_for_customer() {
        return Err(unusable(notice, "it is written for staff".to_owned()));
    }
    let mut parameters = sender_parameters(&case.state, row, policy, language, notice)?;
    parameters.extend(words.parameters.clone());
    let book = &policy.handbook;
    let text = book
        .notice(notice)
        .render(language, &parameters)
        .map_err(|error| unusable(notice, error.to_string()))?;
    Ok(if words.own.is_empty() { text } else { format!("{}\n{text}", words.own) })
}

/// Placeholders that intake itself knows the values of.
fn sender_parameters(
    case: &Case,
    row: &CustomerRow,
    policy: &Policy,
    language: Language,
    notice: NoticeKey,
) -> Result<BTreeMap<String, String>> {
    let book = &policy.handbook;
    let name = match row.customer.name.as_str() {
        "" => book.wording.unknown_customer.get(language),
        name => name,
    };
    let mut parameters = BTreeMap::from([
        ("case_number".to_owned(), case.number.to_string()),
        ("customer_name".to_owned(), name.to_owned()),
        ("waybill_no".to_owned(), waybill(Some(case), book, language)),
        ("customer_token".to_owned(), TOKEN_PLACEHOLDER.to_owned()),
    ]);
    match notice {
        NoticeKey::Acknowledgement => {
            parameters.insert("problem".to_owned(), problem(case, book, language));
            let clock = clocks::draft(
                DeadlineKind::StatutoryAnswer,
                case.priority,
                case.received_at,
                book,
                &policy.calendar,
            )?;
            if let Some(due) = clocks::due_of(&clock, &policy.calendar)? {
                parameters.insert("reply_by".to_owned(), say_time(due, policy, language));
            }
        }
        NoticeKey::MissingDetails => {
            let missing =
                book.registration.fields.iter().filter(|field| {
                    case.missing_fields.iter().any(|missing| missing == field.id.value.as_str())
                });
            let names: Vec<&str> = missing.map(|field| field.name.get(language)).collect();
            let separator = if language == Language::ZhCn { "、" } else { ", " };
            parameters.insert("missing".to_owned(), names.join(separator));
        }
        _ => {}
    }
    Ok(parameters)
}

fn problem(case: &Case, book: &Handbook, language: Language) -> String {
    match case.problem_type {
        Some(problem) if problem != ProblemType::Other => book.problem_type(problem).name.get(language),
        _ => subtype(case, book).name.get(language),
    }
    .to_owned()
}

fn waybill(case: Option<&Case>, book: &Handbook, language: Language) -> String {
    match case.map(|case| case.waybill_no.as_str()) {
        None | Some("") => book.wording.unknown_waybill.get(language).to_owned(),
        Some(waybill_no) => waybill_no.to_owned(),
    }
}

async fn store_words(
    unit: &Unit,
    case_id: Option<Uuid>,
    region: &str,
    text_ref: Uuid,
    language: Language,
    words: String,
) -> Result<()> {
    let row = TextRow {
        text_ref,
        case_id,
        region: region.to_owned(),
        purpose: TextPurpose::Message,
        language: language.as_str().to_owned(),
        author: unit.actor().subject.clone(),
        words: Some(words),
        created_at: unit.now(),
    };
    Ok(text::store(unit.transaction(), &row).await?)
}

fn unusable(notice: NoticeKey, why: String) -> Failure {
    Rejection::new(
        RejectionKind::Invalid,
        "NOTICE_UNUSABLE",
        format!("notice `{notice}` cannot be sent: {why}"),
    )
    .with("notice", notice.as_str())
    .violation("notice", why, "NOTICE_UNUSABLE")
    .into()
}
