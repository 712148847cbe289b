//! Calls to outside systems that were decided on: messages, receipts, orders, seals.

use redress_chassis::{Attempt, Failure, Result, Unit, reactor::unexpected, unit};
use redress_connectors::{PortError, Receipt};
use redress_domain::Timestamp;
use redress_storage::intent::IntentRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Intake,
    app::{close_case, messaging, order_lookup, record_delivery::settle, sealing, token},
    domain::{
        case::Case,
        contact::address,
        ending::UNSEAL,
        follow::attach_order,
        message::{ASK_RECEIPT, Message, NO_CONTACT, Proof, SEND, State},
        order::Order,
        register::ENRICH_ORDER,
    },
    store::{customer, text},
};

/// Channel of the staff messenger.
const STAFF_CHANNEL: &str = "staff";
/// After so many questions a receipt that never comes is no longer asked for: about two weeks. What a channel or a person
/// brings later still counts.
const RECEIPT_QUESTIONS_MAX: i32 = 360;

/// How a call ended, for the aggregate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Outcome {
    /// Nothing to be told.
    Nothing,
    /// The channel took the message.
    Taken { at: Timestamp, receipt_follows: bool },
    /// Nobody knows whether it did.
    Unclear,
    /// It arrived.
    Delivered { at: Timestamp },
    /// The channel says that it never tells of delivery.
    NeverTells,
    /// It will not arrive.
    Failed { failure: String },
    /// The order system answered.
    Order { order: Order },
}

fn conclude_with(outcome: &Outcome) -> Attempt {
    Attempt::Conclude(serde_json::to_value(outcome).unwrap_or_default())
}

/// Makes the call of an intent, outside any transaction, possibly more than once.
pub async fn perform(app: &Intake, row: &IntentRow) -> Attempt {
    let made = match row.kind.as_str() {
        SEND => send(app, row).await,
        ASK_RECEIPT => ask_receipt(app, row).await,
        ENRICH_ORDER => enrich_order(app, row).await,
        UNSEAL => unseal(app, row).await,
        close_case::RECOVER_CLOSING => {
            close_case::recover(app, row).await.map(|()| conclude_with(&Outcome::Nothing))
        }
        other => Err(unexpected("intent", other)),
    };
    made.unwrap_or_else(|failure| Attempt::back_off(row.attempts, failure.to_string()))
}

/// Tells the aggregate how a call ended, or stands.
pub async fn conclude(unit: &mut Unit, row: &IntentRow, outcome: &Value) -> Result<()> {
    let outcome: Outcome =
        serde_json::from_value(outcome.clone()).map_err(|error| Failure::Internal(error.into()))?;
    match row.kind.as_str() {
        close_case::RECOVER_CLOSING => close_case::recovered(unit, row).await,
        SEND | ASK_RECEIPT => conclude_message(unit, row, outcome).await,
        ENRICH_ORDER => conclude_order(unit, row, outcome).await,
        _ => Ok(()),
    }
}

async fn send(app: &Intake, row: &IntentRow) -> Result<Attempt> {
    let message = unit::read::<Message>(&app.engine, message_id(row)?).await?;
    let state = &message.state;
    if !matches!(state.state, State::Queued | State::Unknown) {
        return Ok(conclude_with(&Outcome::Nothing));
    }
    let failed = |failure: &str| Ok(conclude_with(&Outcome::Failed { failure: failure.to_owned() }));
    let words = text::read(app.pool(), state.text_ref).await?.and_then(|text| text.words);
    let Some(mut body) = words else { return failed("TEXT_ERASED") };
    let (channel, to) = if state.audience.customer {
        let (Some(channel), Some(case_id)) = (state.channel, message.case_id()) else {
            return failed(NO_CONTACT);
        };
        let row = customer::read(app.pool(), case_id).await?;
        let Some(to) = address(channel, &row.customer, &row.conversation) else { return failed(NO_CONTACT) };
        if body.contains(messaging::TOKEN_PLACEHOLDER) {
            let token = token::mint(app, case_id, &row.person_ref, state.token_from)?;
            body = body.replace(messaging::TOKEN_PLACEHOLDER, &token);
        }
        (channel.as_str(), to.to_owned())
    } else {
        (STAFF_CHANNEL, state.audience.staff_address())
    };
    let outgoing = redress_connectors::Message {
        key: message.id().to_string(),
        channel: channel.to_owned(),
        to,
        subject: (!state.notice.is_empty()).then(|| state.notice.clone()),
        body,
        language: state.language.clone(),
        case_id: message.case_id(),
    };
    Ok(match app.outbound.send(&outgoing).await {
        Ok(sent) => conclude_with(&Outcome::Taken { at: sent.at, receipt_follows: sent.receipt_follows }),
        // Handed over again under the same key: the channel sends it once.
        Err(PortError::Timeout) => Attempt::back_off_with(
            row.attempts,
            "the channel did not answer",
            serde_json::to_value(Outcome::Unclear).unwrap_or_default(),
        ),
        Err(PortError::Unavailable { reason }) => Attempt::back_off(row.attempts, reason),
        Err(PortError::Rejected { code, .. }) => conclude_with(&Outcome::Failed { failure: code }),
    })
}

async fn ask_receipt(app: &Intake, row: &IntentRow) -> Result<Attempt> {
    let message = unit::read::<Message>(&app.engine, message_id(row)?).await?;
    if message.state.is_settled() || row.attempts >= RECEIPT_QUESTIONS_MAX {
        return Ok(conclude_with(&Outcome::Nothing));
    }
    Ok(match app.outbound.ask(&message.id().to_string()).await {
        Ok(Receipt::Delivered { at }) => conclude_with(&Outcome::Delivered { at }),
        Ok(Receipt::Failed { reason, .. }) => conclude_with(&Outcome::Failed { failure: reason }),
        Ok(Receipt::NotOffered) => conclude_with(&Outcome::NeverTells),
        Ok(Receipt::Absent) => conclude_with(&Outcome::Failed { failure: "ABSENT".into() }),
        Ok(Receipt::Pending | Receipt::Unknown) => again(row.attempts, "no receipt yet"),
        Err(error) => again(row.attempts, &error.to_string()),
    })
}

/// Receipts are asked for often at first, since the first response hangs on them, and later every hour.
fn again(attempts: i32, error: &str) -> Attempt {
    let minutes = match attempts {
        ..=4 => 1,
        5..=20 => 5,
        21..=30 => 15,
        _ => 60,
    };
    Attempt::Again { after: chrono::Duration::minutes(minutes), error: error.to_owned(), note: None }
}

async fn enrich_order(app: &Intake, row: &IntentRow) -> Result<Attempt> {
    let case = unit::read::<Case>(&app.engine, row.aggregate_id).await?;
    let waybill_no = waybill_no(row);
    if case.state.waybill_no != waybill_no || !matches!(case.state.order, Order::Pending { .. }) {
        return Ok(conclude_with(&Outcome::Nothing));
    }
    let policy = app.engine.policies().get(&case.row().handbook_hash, &case.row().calendar_hash).await?;
    let found = order_lookup::look_up(app, &policy.handbook, waybill_no, app.engine.now()).await;
    Ok(match found.order {
        Order::Pending { .. } => Attempt::back_off(row.attempts, "the order system does not answer"),
        order => conclude_with(&Outcome::Order { order }),
    })
}

async fn unseal(app: &Intake, row: &IntentRow) -> Result<Attempt> {
    let text = |name: &str| row.payload[name].as_str().unwrap_or_default().to_owned();
    let reopened = row.payload["reopened"].as_bool().unwrap_or_default();
    sealing::unseal(app, row.aggregate_id, &text("service"), &text("seal_id"), reopened, &row.traceparent)
        .await?;
    Ok(conclude_with(&Outcome::Nothing))
}

async fn conclude_message(unit: &mut Unit, row: &IntentRow, outcome: Outcome) -> Result<()> {
    let id = message_id(row)?;
    let message = unit.load::<Message>(id).await?;
    let state = &message.state;
    let attempts = row.attempts + 1;
    let decision = match outcome {
        Outcome::Taken { at, receipt_follows } => state.taken(id, at, receipt_follows),
        Outcome::Unclear => state.unclear(id),
        // What somebody recorded by hand meanwhile stands; a receipt that contradicts it changes nothing.
        _ if state.is_settled() => None,
        Outcome::Delivered { at } => state.delivered(id, at, Proof::Receipt)?,
        Outcome::NeverTells => {
            let at = state.sent_at.unwrap_or(unit.now());
            state.delivered(id, at, Proof::ChannelWithoutReceipt)?
        }
        Outcome::Failed { failure } => state.failed(id, &failure, attempts)?,
        Outcome::Nothing | Outcome::Order { .. } => None,
    };
    settle(unit, message, decision).await?;
    Ok(())
}

async fn conclude_order(unit: &mut Unit, row: &IntentRow, outcome: Outcome) -> Result<()> {
    let Outcome::Order { order } = outcome else { return Ok(()) };
    let case = unit.load::<Case>(row.aggregate_id).await?;
    let policy = unit.policy(&case).await?;
    let now = unit.now();
    let attached =
        attach_order(&case.state, waybill_no(row), order, &policy.handbook, now, || unit.new_id())?;
    if let Some((decision, reports)) = attached {
        let case = unit.save(case, decision).await?;
        messaging::send_reports(unit, &case, &policy, &reports).await?;
    }
    Ok(())
}

fn message_id(row: &IntentRow) -> Result<Uuid> {
    row.payload["message_id"]
        .as_str()
        .and_then(|id| Uuid::parse_str(id).ok())
        .ok_or_else(|| Failure::Internal(anyhow::anyhow!("intent `{}` names no message", row.key)))
}

fn waybill_no(row: &IntentRow) -> &str {
    row.payload["waybill_no"].as_str().unwrap_or_default()
}
