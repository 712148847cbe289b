//! Proposing a resolution, and asking the rung that has to approve it (M5, M6.1, X10).

use redress_domain::{
    DeadlineChange, Decision, Money, Rejection, RejectionKind, Rounding, RuleRef, Ruling,
    handbook::{DeadlineKind, Executor, Facts, Handbook, NoticeKey, Role},
};
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};
use serde_json::json;

use super::{
    Setting,
    bands::{self, Draft, Planned, Solution},
    log, not_countable,
    notice::Asking,
    rule_fails,
    standing::rule,
    state::{
        Approval, ApprovalState, Exposure, Person, Proposal, Remedy, RemedyState, Resolution, State, Totals,
    },
    terms,
    waybill::Stake,
    words,
};

/// What is proposed. Texts are stored already.
#[derive(Clone, Debug, Default)]
pub struct Proposing {
    /// Solution of the handbook that is followed; empty for the one that fits.
    pub solution: String,
    /// Upgrades of the handbook that are added.
    pub upgrades: Vec<String>,
    /// Remedies; none for those of the solution and the upgrades.
    pub drafts: Vec<Draft>,
    /// Whether a measure against the same problem is stated.
    pub has_prevention: bool,
    /// That measure, as text reference.
    pub prevention_ref: String,
    /// Why, as text reference.
    pub reason_ref: String,
}

/// What a solution needs: who decides, and how much the case may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Rung.
    pub rung: String,
    /// Its place.
    pub rank: usize,
    /// Rule that asks for it.
    pub rule: RuleRef,
    /// What is at stake altogether.
    pub exposure: Exposure,
    /// The most that it may be.
    pub cap_minor: i64,
    /// Rule that caps it.
    pub cap_rule: RuleRef,
    /// The facts that were seen.
    pub facts: Facts,
}

const CALLABLE: &[State] = &[State::Open, State::Proposed, State::Approved, State::Objected];

/// Proposes. Within the proposer's own authority it is approved at once; else its rung is asked.
///
/// # Errors
/// The reasons of `ProposeResolution`.
pub fn propose(
    resolution: &Resolution,
    command: &Proposing,
    person: &Person,
    others: Stake,
    setting: &Setting<'_>,
) -> Result<Decision<Resolution>, Rejection> {
    let book = setting.book;
    expect_due(resolution, book)?;
    resolution.expect_state(CALLABLE)?;
    let (prevention_required, prevention_rule) = book.prevention();
    if prevention_required && !command.has_prevention {
        return Err(Rejection::invalid(
            "PREVENTION_MEASURE_MISSING",
            "prevention_measure",
            "a resolution without a measure against the same problem is incomplete",
        ));
    }
    let facts = resolution.facts(setting.now);
    let solutions = bands::solutions(book, resolution, setting.now)?;
    let (solution, planned) = choose(&solutions, command, setting, &facts)?;
    let mut decision = Decision::new(resolution.clone());
    let round = resolution.offers_made.saturating_add(1);
    let remedies = planned_remedies(&planned, round, setting);
    let totals = Totals::of(resolution.currency, &remedies)?;
    check_concession(resolution, &totals, setting)?;
    let need = need(resolution, &remedies, others, setting)?;
    if need.exposure.waybill_total_minor > need.cap_minor {
        return Err(cap_exceeded(
            "CAP_EXCEEDED",
            resolution,
            need.cap_minor,
            need.exposure.waybill_total_minor,
        ));
    }

    supersede_pending(&mut decision);
    let proposal = Proposal {
        id: (setting.new_id)(),
        round,
        solution: solution.base.id.as_str().to_owned(),
        upgrades: upgrades_of(&planned),
        remedies,
        waybill_total_minor: need.exposure.waybill_total_minor,
        waybill_paid_minor: need.exposure.waybill_paid_minor,
        case_total_minor: need.exposure.case_total_minor,
        cap_minor: need.cap_minor,
        prevention_ref: command.prevention_ref.clone(),
        reason_ref: command.reason_ref.clone(),
        rung: need.rung.clone(),
        rung_rules: vec![need.rule.clone()],
        approved_rank: None,
        proposer: person.actor.clone(),
    };
    let rung_is_own = is_own_authority(person, &need, setting);
    let event = pb::ResolutionProposed {
        proposal_id: proposal.id.to_string(),
        round,
        solution: proposal.solution.clone(),
        remedies: proposal.remedies.iter().map(super::state::Remedy::wire).collect(),
        totals: Some(totals.wire()),
        exposure: Some(need.exposure.wire(resolution.currency)),
        prevention_measure_ref: proposal.prevention_ref.clone(),
        rung: need.rung.clone(),
        rung_rules: vec![rule(&need.rule)],
        own_authority: rung_is_own,
        reason_ref: proposal.reason_ref.clone(),
        upgrades: proposal.upgrades.clone(),
    };
    decision.next.proposal = Some(proposal);
    decision.next.offer = None;
    log(&mut decision, &event);
    decision.rulings.push(Ruling::new(
        "solution",
        solution.base.rule_ref(),
        solution.base.id.as_str(),
        need.facts.to_json(),
    ));
    decision.rulings.push(Ruling::new("prevention_measure", prevention_rule, "stated", json!({})));
    rule_on_need(&mut decision, &need);
    if resolution.state == State::Objected {
        decision.deadlines.push(terms::meet(DeadlineKind::ObjectionReevaluation.as_str(), "", setting.now));
    }
    if rung_is_own {
        approved(&mut decision, need.rank)?;
        decision.deadlines.push(terms::end(DeadlineKind::Approval.as_str(), ""));
    } else {
        ask(&mut decision, &need, setting)?;
    }
    Ok(decision)
}

/// Refuses while there are no findings, and where they say that nothing is due.
///
/// # Errors
/// `CASE_SEALED`, `FINDINGS_MISSING`, `NOTHING_DUE`.
pub fn expect_due(resolution: &Resolution, book: &Handbook) -> Result<(), Rejection> {
    resolution.expect_unsealed()?;
    if resolution.state == State::Cancelled {
        return Err(Rejection::state("STATE_NOT_ALLOWED", resolution.state.name(), &["OPEN"]));
    }
    if !resolution.context.facts.investigation.concluded {
        return Err(Rejection::precondition("FINDINGS_MISSING", "the investigation is not concluded"));
    }
    if let Some(rule) = resolution.context.nothing_due(book) {
        return Err(
            Rejection::precondition("NOTHING_DUE", "the findings entitle to nothing").with("rule", rule.id)
        );
    }
    Ok(())
}

/// The solution that is followed, and its remedies with their amounts.
fn choose<'s, 'b>(
    solutions: &'s [Solution<'b>],
    command: &Proposing,
    setting: &Setting<'_>,
    facts: &Facts,
) -> Result<(&'s Solution<'b>, Vec<Planned>), Rejection> {
    let book = setting.book;
    let named = match (command.solution.as_str(), command.upgrades.first()) {
        ("", None) => None,
        ("", Some(upgrade)) => {
            book.remedy(upgrade).and_then(|rule| rule.upgrades.as_ref()).map(|of| of.as_str())
        }
        (solution, _) => Some(solution),
    };
    if let Some(named) = named {
        let solution =
            solutions.iter().find(|solution| solution.base.id.as_str() == named).ok_or_else(|| {
                if book.remedy(named).is_some_and(|rule| rule.upgrades.is_none()) {
                    Rejection::precondition("REMEDY_NOT_ALLOWED", format!("`{named}` is not for this case"))
                        .with("kind", named)
                } else {
                    solution_unknown("solution", named)
                }
            })?;
        let drafts = solution.complete(&command.drafts, &command.upgrades, book)?;
        return Ok((solution, bands::plan(book, facts, solution, &drafts)?));
    }
    if let Some(upgrade) = command.upgrades.first() {
        return Err(solution_unknown("upgrades", upgrade));
    }
    if command.drafts.is_empty() {
        return Err(Rejection::invalid(
            "INVALID_FIELDS",
            "remedies",
            "name a solution, or at least one remedy",
        ));
    }
    let mut first_refusal = None;
    for solution in solutions {
        match bands::plan(book, facts, solution, &command.drafts) {
            Ok(planned) => return Ok((solution, planned)),
            // A solution that has these remedies tells more than one that has not.
            Err(refusal) if refusal.reason != "REMEDY_NOT_ALLOWED" => {
                first_refusal.get_or_insert(refusal);
            }
            Err(_) => {}
        }
    }
    Err(first_refusal.unwrap_or_else(|| {
        let kinds = command.drafts.iter().map(|draft| draft.kind.as_str()).collect::<Vec<_>>().join(",");
        Rejection::precondition(
            "REMEDY_NOT_ALLOWED",
            format!("no solution of the handbook for this case gives `{kinds}`"),
        )
        .with("kind", kinds)
    }))
}

/// The refusal for a name that the handbook does not give to a solution.
pub(crate) fn solution_unknown(field: &str, name: &str) -> Rejection {
    Rejection::invalid("SOLUTION_UNKNOWN", field, format!("the handbook has no solution `{name}`"))
        .with("solution", name)
}

/// The upgrades behind planned remedies, each once.
fn upgrades_of(planned: &[Planned]) -> Vec<String> {
    let mut upgrades: Vec<String> = Vec::new();
    for planned in planned.iter().filter(|planned| planned.upgrade) {
        if !upgrades.contains(&planned.solution) {
            upgrades.push(planned.solution.clone());
        }
    }
    upgrades
}

/// Planned remedies as they stand in a proposal.
pub fn planned_remedies(planned: &[Planned], round: i32, setting: &Setting<'_>) -> Vec<Remedy> {
    planned.iter().map(|planned| remedy(planned, round, setting)).collect()
}

fn remedy(planned: &Planned, round: i32, setting: &Setting<'_>) -> Remedy {
    Remedy {
        id: (setting.new_id)(),
        round,
        kind: planned.kind,
        upgrade: planned.upgrade,
        amount: planned.amount,
        basis_points: planned.basis_points,
        quantity: planned.quantity,
        executor: planned.executor,
        role: planned.role,
        state: RemedyState::Planned,
        rule: planned.rule.clone(),
        promise: None,
        payments: Vec::new(),
        tasks: Vec::new(),
        obstacle: None,
        by_fallback: false,
        backfilled: false,
        executed_at: None,
        proof_reference: String::new(),
    }
}

/// What remedies would need: the rung for the whole exposure of case and waybill, and the cap (M6.1, X10, X11).
///
/// # Errors
/// Those of the handbook's rules, `LIMIT_EXCEEDED`.
pub fn need(
    resolution: &Resolution,
    remedies: &[Remedy],
    others: Stake,
    setting: &Setting<'_>,
) -> Result<Need, Rejection> {
    let book = setting.book;
    let case = Totals::of(resolution.currency, resolution.earlier.iter().chain(remedies))?;
    let currency = resolution.currency;
    let waybill = case
        .total
        .checked_add(Money::new(others.total_minor, currency))
        .map_err(|error| not_countable(&error))?;
    let mut facts = resolution.facts(setting.now);
    let money = remedies.iter().filter(|remedy| remedy.executor == Executor::Payments);
    facts.resolution.cash_minor = Money::sum(currency, money.filter_map(|remedy| remedy.amount))
        .map_err(|error| not_countable(&error))?
        .minor;
    facts.resolution.exposure_minor = waybill.minor;
    facts.resolution.kinds = remedies.iter().map(|remedy| remedy.kind).collect();
    let (rung, rule) = book.rung_for(waybill.minor, &facts).map_err(|error| rule_fails(&error))?;
    let (cap_minor, cap_rule) = book.exposure_cap(&facts).map_err(|error| rule_fails(&error))?;
    let id = rung.id.as_str();
    Ok(Need {
        rung: id.to_owned(),
        rank: book.rung_rank(id).unwrap_or(usize::MAX),
        rule,
        exposure: Exposure {
            case_total_minor: case.total.minor,
            waybill_total_minor: waybill.minor,
            waybill_paid_minor: resolution.paid_minor().saturating_add(others.paid_minor),
        },
        cap_minor,
        cap_rule,
        facts,
    })
}

/// A proposer's own rung needs no approval; a meeting is nobody's own.
fn is_own_authority(person: &Person, need: &Need, setting: &Setting<'_>) -> bool {
    let meeting = setting.book.rung(&need.rung).is_none_or(|rung| rung.meeting);
    let authority = person.roles.iter().filter_map(|role| setting.book.authority(*role)).max();
    !meeting && authority.is_some_and(|rank| rank >= need.rank)
}

fn rule_on_need(decision: &mut Decision<Resolution>, need: &Need) {
    let exposure = json!({
        "resolution.exposure_minor": need.exposure.waybill_total_minor,
        "resolution.case_total_minor": need.exposure.case_total_minor,
        "case.priority": need.facts.case.priority,
        "signals.media": need.facts.signals.contains(&redress_domain::handbook::Signal::Media),
    });
    decision.rulings.push(Ruling::new("approval_rung", need.rule.clone(), need.rung.clone(), exposure));
    decision.rulings.push(Ruling::new(
        "exposure_cap",
        need.cap_rule.clone(),
        need.cap_minor.to_string(),
        json!({ "resolution.exposure_minor": need.exposure.waybill_total_minor }),
    ));
}

/// All rounds together concede at most so much more than the first offer.
fn check_concession(
    resolution: &Resolution,
    totals: &Totals,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let (objection, _) = setting.book.objection();
    let (Some(share), Some(first)) =
        (objection.concession_basis_points_max, resolution.first_offer_minor.filter(|minor| *minor > 0))
    else {
        return Ok(());
    };
    let first = Money::new(first, resolution.currency);
    let more = first.basis_points(i64::from(share), Rounding::Down).map_err(|error| not_countable(&error))?;
    let cap = first.checked_add(more).map_err(|error| not_countable(&error))?;
    if totals.total.minor <= cap.minor {
        return Ok(());
    }
    Err(cap_exceeded("CONCESSION_EXCEEDED", resolution, cap.minor, totals.total.minor))
}

fn cap_exceeded(
    reason: &'static str,
    resolution: &Resolution,
    cap_minor: i64,
    total_minor: i64,
) -> Rejection {
    let (cap, total) =
        (Money::new(cap_minor, resolution.currency), Money::new(total_minor, resolution.currency));
    Rejection::new(RejectionKind::Precondition, reason, format!("`{total}` is more than the cap of `{cap}`"))
        .with("cap", cap.to_string())
        .with("total", total.to_string())
}

/// The present proposal has all the approval that it needs.
///
/// # Errors
/// `LIMIT_EXCEEDED`.
pub(crate) fn approved(decision: &mut Decision<Resolution>, rank: usize) -> Result<(), Rejection> {
    let totals = decision.next.totals()?;
    decision.next.state = State::Approved;
    let Some(proposal) = decision.next.proposal.as_mut() else { return Ok(()) };
    proposal.approved_rank = Some(rank);
    let event = pb::ResolutionApproved {
        proposal_id: proposal.id.to_string(),
        round: proposal.round,
        rung: proposal.rung.clone(),
        totals: Some(totals.wire()),
    };
    log(decision, &event);
    Ok(())
}

/// Asks the rung that the present proposal needs.
fn ask(decision: &mut Decision<Resolution>, need: &Need, setting: &Setting<'_>) -> Result<(), Rejection> {
    let next = &decision.next;
    let totals = next.totals()?;
    let Some(proposal) = next.proposal.as_ref() else { return Ok(()) };
    let Some(rung) = setting.book.rung(&need.rung) else {
        return Err(super::handbook_silent("resolution.rungs", &need.rung));
    };
    let roles: Vec<Role> = std::iter::once(rung.role).chain(rung.also.iter().copied()).collect();
    let (deadline, due_at) = terms::draft(setting, &next.context, DeadlineKind::Approval, "", setting.now)?;
    let approval = Approval {
        id: (setting.new_id)(),
        proposal_id: proposal.id,
        round: proposal.round,
        rung: need.rung.clone(),
        roles: roles.clone(),
        meeting: rung.meeting,
        state: ApprovalState::Pending,
        totals,
        exposure: need.exposure,
        priority: next.context.facts.case.priority,
        media_risk: next.context.media_risk,
        rules: vec![need.rule.clone()],
        proposer: proposal.proposer.clone(),
        requested_at: setting.now,
        due_at,
        decider: None,
        decided_at: None,
        reason_ref: String::new(),
        minutes_reference: String::new(),
    };
    let event = pb::ApprovalRequested {
        approval_id: approval.id.to_string(),
        proposal_id: proposal.id.to_string(),
        rung: need.rung.clone(),
        roles: roles.iter().map(|role| types::Role::from(*role).into()).collect(),
        meeting: rung.meeting,
        exposure: Some(need.exposure.wire(next.currency)),
        due_time: Some(time_to_wire(due_at)),
        rules: vec![rule(&need.rule)],
    };
    let language = setting.book.language;
    let waybill_total = Money::new(need.exposure.waybill_total_minor, next.currency);
    let notice = Asking::staff(
        format!("{}/approval/{}", setting.case_id, approval.id),
        NoticeKey::ApprovalRequest,
        &roles,
    )
    .say("amount", words::money(setting.book, waybill_total, language))
    .say("rung", rung.name.get(language))
    .say("due", words::time(setting, due_at, language))
    .because(&need.rule)
    .event(setting.book.notice(NoticeKey::ApprovalRequest));
    let next = &mut decision.next;
    next.state = State::Proposed;
    next.approvals.push(approval);
    decision.deadlines.push(DeadlineChange::Open(deadline));
    log(decision, &event);
    log(decision, &notice);
    Ok(())
}

/// The approval that waits is no longer asked for.
pub(crate) fn supersede_pending(decision: &mut Decision<Resolution>) {
    let Some(approval) =
        decision.next.approvals.iter_mut().find(|approval| approval.state == ApprovalState::Pending)
    else {
        return;
    };
    approval.state = ApprovalState::Superseded;
    let event = approval.decided();
    log(decision, &event);
}

/// Asks a higher rung where what others told makes one necessary, as long as nothing has been offered.
///
/// # Errors
/// Those of the handbook's rules.
pub(crate) fn ask_again_if_rung_rose(
    decision: &mut Decision<Resolution>,
    others: Stake,
    setting: &Setting<'_>,
) -> Result<(), Rejection> {
    let next = &decision.next;
    let Some(proposal) =
        next.proposal.as_ref().filter(|_| matches!(next.state, State::Proposed | State::Approved))
    else {
        return Ok(());
    };
    let need = need(next, &proposal.remedies, others, setting)?;
    let covered = match next.pending_approval() {
        Some(approval) => setting.book.rung_rank(&approval.rung),
        None => proposal.approved_rank,
    };
    if covered.is_some_and(|rank| rank >= need.rank) {
        return Ok(());
    }
    supersede_pending(decision);
    if let Some(proposal) = decision.next.proposal.as_mut() {
        proposal.approved_rank = None;
        proposal.rung.clone_from(&need.rung);
        proposal.rung_rules = vec![need.rule.clone()];
        proposal.waybill_total_minor = need.exposure.waybill_total_minor;
        proposal.waybill_paid_minor = need.exposure.waybill_paid_minor;
    }
    rule_on_need(decision, &need);
    ask(decision, &need, setting)
}
