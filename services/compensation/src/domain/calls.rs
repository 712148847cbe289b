//! The calls to outside systems: their kinds, keys and parameters, and what they can come to.

use redress_domain::{
    Decision, IntentDraft, Money, Timestamp,
    handbook::{RemedyKind, Role},
};
use redress_proto::compensation::v1 as pb;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Setting,
    state::{Account, Payment, PaymentState, Remedy, Resolution, Task, TaskState},
};

/// Kinds of the calls to outside systems.
pub mod call {
    /// Set money aside.
    pub const RESERVE: &str = "reserve";
    /// Pay what is set aside, and ask until it is known.
    pub const PAY: &str = "pay";
    /// Give it back, and bar the key.
    pub const RELEASE: &str = "release";
    /// Ask once more about a payment that was said to be dead.
    pub const VERIFY: &str = "verify";
    /// Order a task, and ask until it is done.
    pub const FULFIL: &str = "fulfil";
}

/// A call to the payments system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentCall {
    /// Remedy.
    pub remedy_id: Uuid,
    /// Key in the payments system.
    pub key: String,
    /// From where.
    pub account: Account,
    /// How much.
    pub amount: Money,
    /// To whom: a reference.
    pub payee_ref: String,
}

/// A call to the fulfilment system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskCall {
    /// Remedy.
    pub remedy_id: Uuid,
    /// Key in the fulfilment system.
    pub key: String,
    /// What is given.
    pub kind: RemedyKind,
    /// Waybill; empty when not known.
    pub waybill_no: String,
    /// For whom: a reference.
    pub recipient_ref: String,
    /// Worth.
    pub value: Option<Money>,
    /// Pieces; 0 for all.
    pub quantity: i32,
    /// Role that acts in person.
    pub role: Option<Role>,
}

/// What a call about a payment came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum PaymentOutcome {
    /// Money is set aside.
    Reserved,
    /// It is on its way.
    HandedOver,
    /// Nobody can say at the moment.
    Unknown,
    /// The money has arrived.
    Paid {
        /// When.
        at: Timestamp,
    },
    /// Given back, or barred.
    Released,
    /// Refused for good.
    Refused {
        /// The payments system's code.
        reason: String,
    },
    /// The system did not take the call, as often as the handbook tries.
    Down,
    /// The call was not made any more, because the payment is to be stopped.
    Stopped,
}

/// What a call about a task came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum TaskOutcome {
    /// Taken over.
    Accepted,
    /// Nobody can say at the moment.
    Unknown,
    /// Done: goods are signed for, where goods move.
    Done {
        /// When.
        at: Timestamp,
    },
    /// It will not be done.
    Failed {
        /// The fulfilment system's code.
        reason: String,
    },
    /// The system did not take the call, as often as the handbook tries.
    Down,
}

/// The key of a payment: the same for ever.
pub(crate) fn payment_key(setting: &Setting<'_>, remedy: &Remedy, way: &str) -> String {
    format!("{}/{}/{}/{way}", setting.case_id, remedy.round, remedy.id)
}

/// The key of a task. Another number is another task, ordered only when the one before is known not to be done.
pub(crate) fn task_key(setting: &Setting<'_>, remedy: &Remedy, number: usize) -> String {
    format!("{}/{}/{}/fulfil/{number}", setting.case_id, remedy.round, remedy.id)
}

/// Adds a payment and asks to reserve it.
pub(crate) fn add_payment(
    decision: &mut Decision<Resolution>,
    remedy_id: Uuid,
    key: String,
    account: Account,
    amount: Money,
    setting: &Setting<'_>,
) {
    let payment = Payment {
        key,
        account,
        state: PaymentState::Pending,
        amount,
        created_at: setting.now,
        paid_at: None,
        attempts: 0,
        maybe_taken: false,
        ordered: false,
        handed_over: false,
        stopping: false,
    };
    push_call(decision, call::RESERVE, remedy_id, &payment);
    if let Some(remedy) = decision.next.remedy_mut(remedy_id) {
        remedy.payments.push(payment);
    }
}

/// Stores the intent of a call about a payment.
pub(crate) fn push_call(decision: &mut Decision<Resolution>, kind: &str, remedy_id: Uuid, payment: &Payment) {
    let payee_ref = decision.next.settlement.as_ref().map(|settlement| settlement.payee_ref.clone());
    let payload = PaymentCall {
        remedy_id,
        key: payment.key.clone(),
        account: payment.account,
        amount: payment.amount,
        payee_ref: payee_ref.unwrap_or_default(),
    };
    decision.intents.push(IntentDraft {
        kind: kind.to_owned(),
        key: format!("{}#{kind}", payment.key),
        payload: json!(payload),
        not_before: None,
    });
}

/// Adds a task and asks to order it.
pub(crate) fn add_task(decision: &mut Decision<Resolution>, remedy: &Remedy, key: String) {
    let task = Task { key, state: TaskState::Open, downs: 0 };
    push_order(decision, remedy, &task);
    if let Some(remedy) = decision.next.remedy_mut(remedy.id) {
        remedy.tasks.push(task);
    }
}

/// Stores the intent to order a task, or to go on with it.
pub(crate) fn push_order(decision: &mut Decision<Resolution>, remedy: &Remedy, task: &Task) {
    let context = &decision.next.context;
    let recipient = [("person", &context.person_ref), ("waybill", &context.waybill_no)];
    let recipient = recipient.into_iter().find(|(_, reference)| !reference.is_empty());
    let payload = TaskCall {
        remedy_id: remedy.id,
        key: task.key.clone(),
        kind: remedy.kind,
        waybill_no: context.waybill_no.clone(),
        recipient_ref: recipient.map_or_else(String::new, |(kind, reference)| format!("{kind}:{reference}")),
        value: remedy.amount,
        quantity: remedy.quantity,
        role: remedy.role,
    };
    decision.intents.push(IntentDraft {
        kind: call::FULFIL.to_owned(),
        key: format!("{}#{}", task.key, task.downs),
        payload: json!(payload),
        not_before: None,
    });
}

/// Stops a payment: nothing more is ordered under its key, and what is set aside is given back.
pub(crate) fn stop(decision: &mut Decision<Resolution>, remedy_id: Uuid, key: &str) {
    let remedy = decision.next.remedy_mut(remedy_id);
    let Some(payment) =
        remedy.and_then(|remedy| remedy.payments.iter_mut().find(|payment| payment.key == key))
    else {
        return;
    };
    if payment.stopping || payment.state.is_final() {
        return;
    }
    payment.stopping = true;
    let payment = payment.clone();
    push_call(decision, call::RELEASE, remedy_id, &payment);
}

impl Account {
    /// As on the wire.
    pub fn wire(self) -> pb::PaymentAccount {
        match self {
            Self::Finance => pb::PaymentAccount::Finance,
            Self::Fallback => pb::PaymentAccount::Fallback,
        }
    }
}
