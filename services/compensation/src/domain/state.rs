//! The state of a case's resolution.

use redress_domain::{
    Currency, Money, RuleRef, Timestamp,
    handbook::{Channel, ClosingBasis, Executor, RemedyKind, Role},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::context::Context;

/// A case's resolution: what is known, proposed, offered, answered and carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// What others have told of the case.
    pub context: Context,
    /// State; while [`Resolution::seal`] is set, the state beneath it.
    pub state: State,
    /// Currency of all its amounts.
    pub currency: Currency,
    /// Offers made so far. The present round is one more until its offer is made.
    #[serde(default)]
    pub offers_made: i32,
    /// The present proposal.
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// Remedies that had been carried out before the case was reopened.
    #[serde(default)]
    pub earlier: Vec<Remedy>,
    /// Approvals, oldest first.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// The present offer.
    #[serde(default)]
    pub offer: Option<Offer>,
    /// Objections since the case was opened, or reopened.
    #[serde(default)]
    pub objections: u32,
    /// What the first offer came to, in minor units.
    #[serde(default)]
    pub first_offer_minor: Option<i64>,
    /// The customer's answers, oldest first.
    #[serde(default)]
    pub responses: Vec<Response>,
    /// How the dispute about what is due ended.
    #[serde(default)]
    pub settlement: Option<Settlement>,
    /// Notices of complaint handling, oldest first.
    #[serde(default)]
    pub notices: Vec<HandlingNotice>,
    /// Money that was paid twice and has to come back.
    #[serde(default)]
    pub recoveries: Vec<Recovery>,
    /// When everything had been carried out.
    #[serde(default)]
    pub executed_at: Option<Timestamp>,
    /// The seal, while it is sealed.
    #[serde(default)]
    pub seal: Option<Seal>,
}

/// State of a resolution, without the seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the value of its name in ResolutionState, where it is documented")]
pub enum State {
    Open,
    Proposed,
    Approved,
    Offered,
    Objected,
    Accepted,
    FinalPosition,
    Executing,
    Obstructed,
    Executed,
    NotDue,
    Cancelled,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Id.
    pub id: Uuid,
    /// Round, from 1.
    pub round: i32,
    /// Solution of the handbook that it follows.
    pub solution: String,
    /// Upgrades that it contains.
    #[serde(default)]
    pub upgrades: Vec<String>,
    /// What is done.
    pub remedies: Vec<Remedy>,
    /// What all cases on the waybill came to with it, in minor units, and what had been paid.
    pub waybill_total_minor: i64,
    /// See above.
    pub waybill_paid_minor: i64,
    /// What the case came to with it.
    pub case_total_minor: i64,
    /// The most that the handbook lets the case and its waybill cost.
    pub cap_minor: i64,
    /// The measure against the same problem, as text reference.
    pub prevention_ref: String,
    /// Why, as text reference; empty for none.
    pub reason_ref: String,
    /// Rung that it needs.
    pub rung: String,
    /// Why it is that rung.
    pub rung_rules: Vec<RuleRef>,
    /// Place of the rung up to which it is approved, or within the proposer's authority.
    pub approved_rank: Option<usize>,
    /// Who proposed.
    pub proposer: Actor,
}

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remedy {
    /// Id.
    pub id: Uuid,
    /// Round of its proposal.
    pub round: i32,
    /// What it is.
    pub kind: RemedyKind,
    /// An upgrade over the basic solution.
    pub upgrade: bool,
    /// What it is worth to the customer; none where it has no price.
    pub amount: Option<Money>,
    /// Share that the amount was computed from.
    pub basis_points: i32,
    /// Pieces; 0 for all, or where it has none.
    pub quantity: i32,
    /// Who carries it out.
    pub executor: Executor,
    /// Role that does it in person.
    pub role: Option<Role>,
    /// State.
    pub state: RemedyState,
    /// Rule behind it.
    pub rule: RuleRef,
    /// Promise made for it.
    #[serde(default)]
    pub promise: Option<Promise>,
    /// Payments, oldest first.
    #[serde(default)]
    pub payments: Vec<Payment>,
    /// Tasks of the fulfilment system, oldest first.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// What stands, or stood, in its way.
    #[serde(default)]
    pub obstacle: Option<Obstacle>,
    /// The fallback carried it out.
    #[serde(default)]
    pub by_fallback: bool,
    /// Finance has caught up the fallback.
    #[serde(default)]
    pub backfilled: bool,
    /// When it was carried out.
    #[serde(default)]
    pub executed_at: Option<Timestamp>,
    /// Proof in the outside system.
    #[serde(default)]
    pub proof_reference: String,
}

/// State of a remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is the value of its name in the contract's RemedyState, where it is documented"
)]
pub enum RemedyState {
    Planned,
    Started,
    Reserved,
    Unknown,
    Obstructed,
    Fallback,
    Executed,
    Cancelled,
}

/// Something promised to the customer by a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// Kind of its deadline.
    pub kind: String,
    /// By when.
    pub due_at: Timestamp,
    /// The limit in the handbook's words.
    pub limit: String,
}

/// A payment under one key for its whole life (I1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Key in the payments system.
    pub key: String,
    /// From where it is paid.
    pub account: Account,
    /// State.
    pub state: PaymentState,
    /// Amount.
    pub amount: Money,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the money arrived.
    pub paid_at: Option<Timestamp>,
    /// Calls and questions so far.
    pub attempts: i32,
    /// The payments system may have taken the reservation.
    pub maybe_taken: bool,
    /// Paying was ordered: from here on only the payments system can tell that it does not pay.
    pub ordered: bool,
    /// The payments system took the order to pay; the money is on its way.
    #[serde(default)]
    pub handed_over: bool,
    /// It is to be released, and nothing more is ordered under its key.
    pub stopping: bool,
}

/// From where a payment is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// The ordinary way through finance.
    Finance,
    /// The company account that pays first when finance cannot (M6.3).
    Fallback,
}

/// State of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is the value of its name in the contract's PaymentState, where it is documented"
)]
pub enum PaymentState {
    Pending,
    Reserved,
    Unknown,
    Paid,
    Released,
    Refused,
}

/// A task of the fulfilment system under one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Key in the fulfilment system.
    pub key: String,
    /// State.
    pub state: TaskState,
    /// How often the system was down beyond the handbook's limit for it.
    pub downs: i32,
}

/// State of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// To be ordered.
    Open,
    /// Taken over by the fulfilment system.
    Accepted,
    /// Nobody can say at the moment.
    Unknown,
    /// The calls have ended without reaching the system; they begin again when the customer has been told.
    Down,
    /// Done.
    Done,
    /// It will not be done.
    Failed,
}

/// What stands in the way of a remedy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Obstacle {
    /// What it is.
    pub kind: ObstacleKind,
    /// Which telling of the customer it is, from 1.
    pub telling: i32,
    /// Key of the notice that tells the customer.
    pub notice_key: String,
    /// The new time that the notice states.
    pub new_time: Timestamp,
    /// When the customer had been told; before that, no fallback starts (I4).
    pub told_at: Option<Timestamp>,
}

/// Kinds of obstacles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is the value of its name in the contract's Obstacle, where it is documented"
)]
pub enum ObstacleKind {
    FinanceDown,
    PaymentRefused,
    GoodsUnavailable,
    NotDeliverable,
    FulfilmentDown,
    Other,
}

/// An approval of a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Id.
    pub id: Uuid,
    /// Proposal.
    pub proposal_id: Uuid,
    /// Round.
    pub round: i32,
    /// Rung.
    pub rung: String,
    /// Roles that may decide it.
    pub roles: Vec<Role>,
    /// A meeting decides it.
    pub meeting: bool,
    /// State.
    pub state: ApprovalState,
    /// What is to be approved.
    pub totals: Totals,
    /// What is at stake altogether.
    pub exposure: Exposure,
    /// Priority of the case.
    pub priority: Option<redress_domain::handbook::Priority>,
    /// There is a media exposure risk.
    pub media_risk: bool,
    /// Rules that ask for this rung.
    pub rules: Vec<RuleRef>,
    /// Who proposed.
    pub proposer: Actor,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it falls due.
    pub due_at: Timestamp,
    /// Who decided.
    pub decider: Option<Actor>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why, as text reference; empty for none.
    pub reason_ref: String,
    /// Number of the minutes, where a meeting decided.
    pub minutes_reference: String,
}

/// State of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is the value of its name in the contract's ApprovalState, where it is documented"
)]
pub enum ApprovalState {
    Pending,
    Approved,
    Rejected,
    Superseded,
}

/// What remedies come to, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each is the field of its name in the contract's Totals, where it is documented"
)]
pub struct Totals {
    pub cash: Money,
    pub freight: Money,
    pub coupons: Money,
    pub goods: Money,
    pub total: Money,
}

/// What is at stake altogether, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each is the field of its name in the contract's Exposure, where it is documented"
)]
pub struct Exposure {
    pub case_total_minor: i64,
    pub waybill_total_minor: i64,
    pub waybill_paid_minor: i64,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Id.
    pub id: Uuid,
    /// Proposal that it offers.
    pub proposal_id: Uuid,
    /// Round.
    pub round: i32,
    /// Key of the notice that carries it.
    pub notice_key: String,
    /// When it was made.
    pub offered_at: Timestamp,
    /// When it reached the customer.
    pub delivered_at: Option<Timestamp>,
    /// How often the customer was asked again.
    pub reminders: i32,
    /// A personal sentence, as text reference; empty for none.
    pub text_ref: String,
}

/// An answer of the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Offer that it answers.
    pub offer_id: Uuid,
    /// Round.
    pub round: i32,
    /// The answer.
    pub kind: ResponseKind,
    /// Point of an objection, by its name in the contract; empty for none.
    pub point: String,
    /// The words, as text reference; empty for none.
    pub text_ref: String,
    /// Channel through which it came.
    pub channel: Option<Channel>,
    /// When the customer said it.
    pub said_at: Timestamp,
    /// Who recorded it.
    pub actor: Actor,
}

/// Answers of customers. Silence is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is the value of its name in the contract's ResponseKind, where it is documented"
)]
pub enum ResponseKind {
    Accepted,
    NoFurtherDemand,
    Objected,
}

/// How the dispute about what is due ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    /// The way of ending that it allows: accepted, no further demand, or final position.
    pub basis: ClosingBasis,
    /// When.
    pub at: Timestamp,
    /// To whom money is paid: a reference, never an account.
    pub payee_ref: String,
}

/// A written Notice of Complaint Handling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandlingNotice {
    /// Id.
    pub id: Uuid,
    /// Key of the notice that carries it.
    pub notice_key: String,
    /// Channel.
    pub channel: Channel,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it reached the customer.
    pub delivered_at: Option<Timestamp>,
    /// Round that it tells of.
    pub round: i32,
}

/// Money that was paid twice and has to come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Id.
    pub id: Uuid,
    /// Remedy.
    pub remedy_id: Uuid,
    /// Payment that stands: the one that was known first.
    pub standing_key: String,
    /// Payment that has to come back.
    pub double_key: String,
    /// Amount.
    pub amount: Money,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// The seal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// Id.
    pub id: Uuid,
    /// How the case ends.
    pub basis: ClosingBasis,
    /// What was found fulfilled.
    pub gate: Vec<GateItem>,
    /// The resolution's revision as it was frozen.
    #[serde(default)]
    pub revision: i64,
    /// When.
    pub at: Timestamp,
}

/// One condition of the gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateItem {
    /// The condition's name in the handbook.
    pub condition: String,
    /// Whether it is fulfilled.
    pub fulfilled: bool,
    /// What fulfils it, or what is missing.
    pub detail: String,
    /// Rule that asks for it.
    pub rule: RuleRef,
}

/// Who did something. A reference, never a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Subject of the token.
    pub subject: String,
    /// Role in which it was done, by its name in tokens.
    pub role: String,
    /// Department.
    #[serde(default)]
    pub department: String,
}

/// The caller of a command: who, and with which roles.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// As recorded.
    pub actor: Actor,
    /// All roles of the token that the handbook knows.
    pub roles: Vec<Role>,
}
