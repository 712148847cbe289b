//! What is played in a region, and what an outsider sees of it.

use anyhow::{Context, Result};
use redress_connectors::file::{Behaviour, Port};
use serde_json::{Value, json};

use super::player::{Complaint, Outcome, Player, list, money, text, time};

/// Whom the case of a scene concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    Urgent,
    Important,
    General,
}

/// What is played. An outcome says when deadlines fall due under their kinds; what else it says is told here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scene {
    /// A complaint comes in before anything else happens: `registered`.
    InForce,
    /// A complaint comes in, is ranked and dispatched, and perishable evidence is asked for: `priority`.
    Registered(Priority),
    /// When the deadlines of that warn.
    Warned(Priority),
    /// A dispute about a parcel that is insured for 5,000 yuan: `priority`.
    Insured,
    /// Five people complain of a batch, the fifth 40 minutes after the others: the priority of the `fourth` and the `fifth`.
    Group,
    /// The customer is asked for photos.
    Asked(Priority),
    /// Two files come in: `first`, `second`.
    Uploaded,
    /// More time is applied for and granted (`granted`), the end of the investigation (`end`), and once more (`again`).
    Extended,
    /// What is suggested for a parcel so many days late: `solution.kind.lowest`, `.suggested` and `.highest`.
    Suggested(&'static str, i64),
    /// The same, where it has arrived.
    Arrived(i64),
    /// The rung by amount, or the reason of a refusal.
    Rungs,
    /// 600 yuan are proposed, approved and offered.
    Approved(Priority),
    /// When the deadlines of that warn.
    Hurried,
    /// Goods sent again and the freight waived, offered and accepted.
    Promised,
    /// An apology, offered and accepted.
    Apologised,
    /// The customer objects as often as possible: `objections`.
    Objected,
    /// Staff report that finance is down.
    Obstructed,
    /// Finance is down: when that is an `obstacle`.
    Down,
    /// Finance is silent until 10:50:30, during the `first`, `second`, `third` or `fourth` wait for it: when the money arrives,
    /// which takes 10 minutes.
    Silent,
    /// What is missing for closing a case that has just come in: `missing`.
    Early,
    /// A case ends as unfounded, is archived (`kept_until`) and closed, and the survey (`questions`, and the scores of each) is
    /// answered with 4 and 3 (`low`).
    Surveyed,
    /// A case with a regulator is archived: `kept_until`.
    Regulated,
    /// The month's review, with an urgent complaint of yesterday morning: how many `types` are shown, the target of
    /// `urgent_closed`, and the problems, each under its id; an `improvement`.
    Reviewed,
}

/// Which suite a scene is played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suite {
    /// All is well.
    Quiet,
    /// The finance system is in trouble.
    Trouble,
}

impl Scene {
    pub(super) fn suite(self) -> Suite {
        match self {
            Self::Down | Self::Silent => Suite::Trouble,
            _ => Suite::Quiet,
        }
    }

    pub(super) async fn play(self, player: &Player<'_>) -> Result<Outcome> {
        match self {
            Self::InForce => in_force(player).await,
            Self::Registered(priority) => registered(player, of_priority(priority), "due_time").await,
            Self::Warned(priority) => registered(player, of_priority(priority), "warn_time").await,
            Self::Insured => {
                let outcome = registered(player, INSURED, "").await?;
                Ok(outcome.into_iter().filter(|(name, _)| name == "priority").collect())
            }
            Self::Group => group(player).await,
            Self::Asked(priority) => asked(player, priority).await,
            Self::Uploaded => uploaded(player).await,
            Self::Extended => extended(player).await,
            Self::Suggested(about, days_late) => {
                suggested(player, Complaint { about, days_late, wants: "RESEND", ..DELAY }).await
            }
            Self::Arrived(days_late) => {
                suggested(player, Complaint { days_late, delivered: true, ..DELAY }).await
            }
            Self::Rungs => rungs(player).await,
            Self::Approved(priority) => approved(player, priority, "due_time").await,
            Self::Hurried => hurried(player).await,
            Self::Promised => promised(player, "due_time").await,
            Self::Apologised => apologised(player, "due_time").await,
            Self::Objected => objected(player).await,
            Self::Obstructed => obstructed(player).await,
            Self::Down => down(player).await,
            Self::Silent => silent(player).await,
            Self::Early => early(player).await,
            Self::Surveyed => surveyed(player).await,
            Self::Regulated => regulated(player).await,
            Self::Reviewed => reviewed(player).await,
        }
    }
}

const DELAY: Complaint = Complaint {
    about: "delay",
    wants: "FAST_DELIVERY",
    signal: None,
    goods: None,
    worth: None,
    insured: None,
    days_late: 0,
    delivered: false,
    hours_ago: 0,
};
const DAMAGE: Complaint = Complaint { about: "damage", wants: "RESEND", ..DELAY };
const FRESH: Complaint = Complaint { goods: Some("fresh"), ..DELAY };
const INSURED: Complaint =
    Complaint { about: "insured_claim_dispute", wants: "COMPENSATION", insured: Some(5_000), ..DELAY };
const ATTITUDE: Complaint = Complaint { about: "bad_attitude", wants: "APOLOGY", ..DELAY };
/// Signed for by somebody else, where all of a great value may be paid.
const FALSE_SIGN_OFF: Complaint =
    Complaint { about: "false_sign_off", wants: "COMPENSATION", worth: Some(200_000), ..DELAY };

fn of_priority(priority: Priority) -> Complaint {
    match priority {
        Priority::Urgent => FRESH,
        Priority::Important => DAMAGE,
        Priority::General => DELAY,
    }
}

fn outcome<const N: usize>(entries: [(&str, String); N]) -> Outcome {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn said<T>(answer: Result<T, String>, well: &str) -> String {
    answer.map_or_else(|reason| reason, |_| well.to_owned())
}

async fn in_force(player: &Player<'_>) -> Result<Outcome> {
    let registered = player.try_to_register(DELAY).await?;
    Ok(outcome([("registered", said(registered, "yes"))]))
}

/// Comes in; the `moment` of every deadline that follows.
async fn registered(player: &Player<'_>, complaint: Complaint, moment: &str) -> Result<Outcome> {
    let case = player.register(complaint).await?;
    player.wait(0).await;
    let mut seen = Outcome::new();
    for service in ["intake", "triage", "investigation"] {
        see(player, &mut seen, service, &case, moment).await?;
    }
    if moment == "warn_time" {
        return Ok(seen);
    }
    seen.insert("priority".to_owned(), priority(player, &case).await?);
    Ok(seen)
}

async fn see(player: &Player<'_>, seen: &mut Outcome, service: &str, case: &str, moment: &str) -> Result<()> {
    for deadline in player.deadlines(service, case).await? {
        let at = time(&deadline[moment]);
        if !at.is_empty() {
            seen.insert(text(&deadline["kind"]), at);
        }
    }
    Ok(())
}

async fn priority(player: &Player<'_>, case: &str) -> Result<String> {
    let triage = player.look("cs-supervisor", "TriageService/GetTriage", json!({ "case_id": case })).await?;
    Ok(text(&triage["triage"]["priority"]).trim_start_matches("PRIORITY_").to_lowercase())
}

async fn group(player: &Player<'_>) -> Result<Outcome> {
    let mut fourth = String::new();
    for _ in 1..5 {
        fourth = player.register(DELAY).await?;
        player.wait(0).await;
    }
    let of_fourth = priority(player, &fourth).await?;
    player.wait(40 * 60).await;
    let fifth = player.register(DELAY).await?;
    player.wait(0).await;
    Ok(outcome([("fourth", of_fourth), ("fifth", priority(player, &fifth).await?)]))
}

async fn asked(player: &Player<'_>, priority: Priority) -> Result<Outcome> {
    let case = player.register(of_priority(priority)).await?;
    player.wait(0).await;
    let body = json!({ "text": "请补充照片" });
    player.act("cs-agent", "InvestigationService/PauseForCustomer", &case, body).await?;
    player.wait(60).await;
    let mut seen = Outcome::new();
    player.due(&mut seen, "investigation", &case, &["customer_material"]).await?;
    Ok(seen)
}

async fn uploaded(player: &Player<'_>) -> Result<Outcome> {
    let case = player.register(DELAY).await?;
    player.wait(0).await;
    let first = player.upload(&case, "gps_track", "transport").await?;
    let second = player.upload(&case, "driver_log", "transport").await?;
    Ok(outcome([("first", said(first, "taken")), ("second", said(second, "taken"))]))
}

async fn extended(player: &Player<'_>) -> Result<Outcome> {
    let case = player.register(DELAY).await?;
    player.wait(0).await;
    let granted = |answer: &Value| {
        let extensions = list(&answer["investigation"]["extensions"]);
        extensions.last().map(|extension| text(&extension["limit"])).unwrap_or_default()
    };
    let application = json!({ "reason": "交接单据仍在调取" });
    let method = "InvestigationService/RequestExtension";
    let answer = player.act("cs-agent", method, &case, application.clone()).await?;
    let mut seen = outcome([("granted", granted(&answer))]);
    player.due(&mut seen, "investigation", &case, &["extension_decision"]).await?;
    let verdict = json!({ "verdict": "EXTENSION_VERDICT_APPROVED" });
    player.act("cs-supervisor", "InvestigationService/DecideExtension", &case, verdict).await?;
    player.wait(60).await;
    let body = json!({ "case_id": case });
    let answer = player.look("cs-agent", "InvestigationService/GetInvestigation", body).await?;
    seen.insert("end".to_owned(), time(&answer["investigation"]["due_time"]));
    let again = player.attempt("cs-agent", method, &case, application).await?;
    seen.insert("again".to_owned(), again.map_or_else(|reason| reason, |answer| granted(&answer)));
    Ok(seen)
}

async fn suggested(player: &Player<'_>, complaint: Complaint) -> Result<Outcome> {
    let case = player.register(complaint).await?;
    player.wait(0).await;
    player.conclude(&case, "FOUNDED").await?;
    let body = json!({ "case_id": case });
    let answer = player.look("cs-agent", "CompensationService/SuggestResolution", body).await?;
    let mut seen = Outcome::new();
    for solution in list(&answer["solutions"]) {
        let name = |kind: &Value| {
            let kind = text(kind).trim_start_matches("REMEDY_KIND_").to_lowercase();
            format!("{}.{kind}", text(&solution["solution"]))
        };
        for band in list(&solution["bands"]) {
            let name = name(&band["kind"]);
            seen.insert(format!("{name}.lowest"), money(&band["lowest"]));
            seen.insert(format!("{name}.highest"), money(&band["highest"]));
        }
        for remedy in list(&solution["remedies"]).iter().filter(|remedy| remedy["amount"].is_object()) {
            seen.insert(format!("{}.suggested", name(&remedy["kind"])), money(&remedy["amount"]));
        }
    }
    Ok(seen)
}

async fn rungs(player: &Player<'_>) -> Result<Outcome> {
    let case = player.register(FALSE_SIGN_OFF).await?;
    player.wait(0).await;
    player.conclude(&case, "FOUNDED").await?;
    let mut seen = Outcome::new();
    for fen in [50_000, 50_001, 200_000, 200_001, 10_000_000, 10_000_001] {
        let proposed = player.propose(&case, "loss_compensation", Some(fen)).await?;
        let rung = proposed.map_or_else(|reason| reason, |resolution| text(&resolution["rung"]));
        seen.insert(format!("{}.{:02}", fen / 100, fen % 100), rung);
    }
    Ok(seen)
}

async fn approved(player: &Player<'_>, priority: Priority, moment: &str) -> Result<Outcome> {
    let about = if priority == Priority::Important { "parcel_lost" } else { FALSE_SIGN_OFF.about };
    let goods = (priority == Priority::Urgent).then_some("fresh");
    let case = player.register(Complaint { about, goods, ..FALSE_SIGN_OFF }).await?;
    player.wait(0).await;
    player.conclude(&case, "FOUNDED").await?;
    let proposed = player.propose(&case, "loss_compensation", Some(60_000)).await?;
    let proposed = proposed.map_err(|reason| anyhow::anyhow!("the proposal was refused: {reason}"))?;
    let mut seen = Outcome::new();
    see(player, &mut seen, "compensation", &case, moment).await?;
    player.offer(&case, &proposed).await?;
    see(player, &mut seen, "compensation", &case, moment).await?;
    Ok(seen)
}

async fn hurried(player: &Player<'_>) -> Result<Outcome> {
    let mut seen = approved(player, Priority::General, "warn_time").await?;
    seen.extend(promised(player, "warn_time").await?);
    seen.extend(apologised(player, "warn_time").await?);
    Ok(seen)
}

async fn promised(player: &Player<'_>, moment: &str) -> Result<Outcome> {
    let (case, _) = player.accepted(DAMAGE, "resend_and_freight_waiver", None).await?;
    let mut seen = Outcome::new();
    see(player, &mut seen, "compensation", &case, moment).await?;
    seen.retain(|kind, _| !["approval", "offer_response"].contains(&kind.as_str()));
    Ok(seen)
}

async fn apologised(player: &Player<'_>, moment: &str) -> Result<Outcome> {
    let (case, _) = player.accepted(ATTITUDE, "supervisor_apology_and_penalty", None).await?;
    let mut seen = Outcome::new();
    see(player, &mut seen, "compensation", &case, moment).await?;
    seen.retain(|kind, _| kind == "apology_promise");
    Ok(seen)
}

async fn objected(player: &Player<'_>) -> Result<Outcome> {
    let case = player.register(FALSE_SIGN_OFF).await?;
    player.wait(0).await;
    player.conclude(&case, "FOUNDED").await?;
    let mut seen = Outcome::new();
    for objections in 1..=9 {
        let proposed = player.propose(&case, "loss_compensation", Some(10_000)).await?;
        let proposed = proposed.map_err(|reason| anyhow::anyhow!("the proposal was refused: {reason}"))?;
        player.offer(&case, &proposed).await?;
        let answered = player.answer(&case, "OBJECTED").await?;
        player.due(&mut seen, "compensation", &case, &["objection_reevaluation"]).await?;
        if answered["state"] != "RESOLUTION_STATE_OBJECTED" {
            seen.insert("objections".to_owned(), objections.to_string());
            break;
        }
    }
    Ok(seen)
}

async fn obstructed(player: &Player<'_>) -> Result<Outcome> {
    let (case, accepted) = player.accepted(FALSE_SIGN_OFF, "loss_compensation", Some(10_000)).await?;
    player.wait(60).await;
    let remedy = list(&accepted["remedies"]).first().context("a remedy")?;
    let body = json!({ "remedy_id": remedy["remedy_id"], "obstacle": "OBSTACLE_FINANCE_DOWN" });
    player.act("cs-agent", "CompensationService/ReportObstacle", &case, body).await?;
    let mut seen = Outcome::new();
    player.due(&mut seen, "compensation", &case, &["obstacle_delay"]).await?;
    Ok(seen)
}

async fn down(player: &Player<'_>) -> Result<Outcome> {
    player.trouble(Port::Payments, &[Behaviour::Down; 6])?;
    let (case, _) = player.accepted(FALSE_SIGN_OFF, "loss_compensation", Some(10_000)).await?;
    player.wait(1800).await;
    let deadlines = player.deadlines("compensation", &case).await?;
    let told = deadlines.iter().find(|deadline| deadline["kind"] == "obstacle_delay");
    Ok(outcome([("obstacle", told.map(|deadline| time(&deadline["start_time"])).unwrap_or_default())]))
}

/// Begins when the troubles of [`down`] are over.
async fn silent(player: &Player<'_>) -> Result<Outcome> {
    const BEGIN: i64 = 3600;
    player.wait(BEGIN - 60).await;
    player.end_trouble()?;
    player.wait(BEGIN).await;
    player.trouble(Port::Payments, &[Behaviour::Lost; 60])?;
    let mut cases = Vec::new();
    for (waits, minute) in [("fourth", 0), ("third", 37), ("second", 47), ("first", 50)] {
        player.wait(BEGIN + minute * 60).await;
        cases.push((waits, player.accepted(FALSE_SIGN_OFF, "loss_compensation", Some(10_000)).await?.0));
    }
    player.wait(BEGIN + 50 * 60 + 30).await;
    player.end_trouble()?;
    player.wait(BEGIN + 120 * 60).await;
    let mut seen = Outcome::new();
    for (waits, case) in cases {
        let body = json!({ "case_id": case });
        let answer = player.look("cs-agent", "CompensationService/GetResolution", body).await?;
        seen.insert(waits.to_owned(), time(&answer["resolution"]["remedies"][0]["execute_time"]));
    }
    Ok(seen)
}

async fn early(player: &Player<'_>) -> Result<Outcome> {
    let case = player.register(DELAY).await?;
    player.wait(0).await;
    let body = json!({ "case_id": case, "basis": "CLOSING_BASIS_ACCEPTED" });
    let refusal = player.call("cs-agent", "IntakeService/CloseCase", body).await.err();
    let refusal = refusal.as_ref().and_then(|error| error.refusal()).context("closed too early")?;
    Ok(outcome([("missing", refusal.metadata.get("missing").map(text).unwrap_or_default())]))
}

async fn archived(player: &Player<'_>, complaint: Complaint, after: i64) -> Result<(String, Outcome)> {
    let case = player.register(complaint).await?;
    player.wait(0).await;
    player.conclude(&case, "UNFOUNDED").await?;
    // The customer has to have been told.
    player.wait(after).await;
    let answer = player.act("cs-agent", "InvestigationService/VerifyArchive", &case, json!({})).await?;
    let kept_until = time(&answer["investigation"]["archive"]["keep_until_time"]);
    player.wait(0).await;
    Ok((case, outcome([("kept_until", kept_until)])))
}

async fn closed_and_surveyed(player: &Player<'_>, case: &str, scores: &[i64]) -> Result<(Value, Value)> {
    player.act("cs-agent", "IntakeService/CloseCase", case, json!({})).await?;
    player.wait(0).await;
    let mut sent =
        player.look("cs-supervisor", "SurveyService/GetSurvey", json!({ "case_id": case })).await?;
    let answers: Vec<Value> = list(&sent["survey"]["questions"])
        .iter()
        .zip(scores)
        .map(|(question, score)| json!({ "question_id": question["question_id"], "score": score }))
        .collect();
    let body = json!({ "answers": answers });
    let mut answered = player.act("cs-agent", "SurveyService/SubmitResponse", case, body).await?;
    player.wait(0).await;
    Ok((sent["survey"].take(), answered["survey"].take()))
}

async fn surveyed(player: &Player<'_>) -> Result<Outcome> {
    let (case, mut seen) = archived(player, ATTITUDE, 60).await?;
    let (sent, answered) = closed_and_surveyed(player, &case, &[4, 3]).await?;
    let questions = list(&sent["questions"]);
    for question in questions {
        let scores = format!("{}..{}", text(&question["lowest_score"]), text(&question["highest_score"]));
        seen.insert(text(&question["question_id"]), scores);
    }
    let low: Vec<String> = list(&answered["follow_up"]["question_ids"]).iter().map(text).collect();
    seen.extend(outcome([
        ("questions", questions.len().to_string()),
        ("survey_send", time(&sent["send_due_time"])),
        ("survey_expiry", time(&sent["expire_time"])),
        ("low", low.join(" ")),
        ("follow_up", time(&answered["follow_up"]["due_time"])),
    ]));
    Ok(seen)
}

async fn regulated(player: &Player<'_>) -> Result<Outcome> {
    let complaint = Complaint { signal: Some("REGULATOR"), ..ATTITUDE };
    Ok(archived(player, complaint, 60).await?.1)
}

async fn reviewed(player: &Player<'_>) -> Result<Outcome> {
    let (case, _) = archived(player, ATTITUDE, 60).await?;
    closed_and_surveyed(player, &case, &[4, 4]).await?;
    player.register(Complaint { hours_ago: 25, ..FRESH }).await?;
    player.register(DAMAGE).await?;
    player.wait(0).await;
    let month = json!({ "region": player.region(), "month": "2026-03" });
    let mut answer = player.look("cs-supervisor", "SurveyService/GetMonthlyReview", month.clone()).await?;
    let review = answer["review"].take();
    let ids =
        |entries: &Value, id: &str| list(entries).iter().map(|entry| text(&entry[id])).collect::<Vec<_>>();
    let problems = ids(&review["problems"], "problem_id");
    let target =
        list(&review["figures"]["in_time"]).iter().find(|figure| figure["figure_id"] == "urgent_closed");
    let target = target.context("the target is shown")?;
    let count = |figure: &Value| figure.as_i64().unwrap_or_default();
    let mut seen = outcome([
        ("types", ids(&review["figures"]["types"], "sub_type").len().to_string()),
        (
            "urgent_closed",
            format!(
                "{} of {}, at least {}",
                count(&target["in_time"]),
                count(&target["total"]),
                count(&target["target_share"])
            ),
        ),
    ]);
    seen.extend(problems.iter().map(|id| (id.clone(), "problem".to_owned())));
    let mut plan = month;
    plan["problem_id"] = json!(problems.first().context("a problem")?);
    plan["measure"] = json!("process_review");
    plan["owner_role"] = json!("ROLE_CS_SUPERVISOR");
    let planned = player.call("cs-supervisor", "SurveyService/PlanImprovement", plan).await?;
    seen.insert("improvement".to_owned(), time(&planned["improvement"]["due_time"]));
    player.due(&mut seen, "survey", "", &["review_publication"]).await?;
    Ok(seen)
}
