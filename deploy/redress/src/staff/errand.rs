//! One case on its way: what is to be done next, and by whom.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Outcome, Plan, Way,
    desk::{As, Desk},
};
use crate::contract::CallError;

/// When somebody looks at the case again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// After so much business time.
    After(TimeDelta),
    /// Never: it is done, or stuck.
    Done,
}

/// Where the work on a case stands. Not the case's own state: that is asked of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Register,
    Acknowledge,
    Confirm,
    Collect,
    Examine,
    Conclude,
    Propose,
    Approve,
    Offer,
    Answer,
    Execute,
    Close,
    Survey,
    FollowUp,
    End,
}

/// One case on its way.
#[derive(Debug)]
pub struct Errand {
    pub(super) plan: Plan,
    pub(super) stage: Stage,
    pub(super) case_id: String,
    case_number: String,
    /// How often the customer has objected.
    pub(super) objections: u32,
    reopened: bool,
    /// Attempts at the present stage that came to nothing.
    pub(super) attempts: u32,
    calls: u64,
    stuck: Option<String>,
}

/// What a stage of the work answers.
pub(super) type Step = Result<Next, CallError>;

/// Attempts at a stage before the case counts as stuck.
const ATTEMPTS_MAX: u32 = 240;

pub(super) fn after(minutes: i64) -> Next {
    Next::After(TimeDelta::minutes(minutes))
}

impl Errand {
    /// The work on a complaint that has not come in yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            plan: plan.clone(),
            stage: Stage::Register,
            case_id: String::new(),
            case_number: String::new(),
            objections: 0,
            reopened: false,
            attempts: 0,
            calls: 0,
            stuck: None,
        }
    }

    /// The work on a complaint that has come in another way, such as by an import.
    #[must_use]
    pub fn registered(plan: &Plan, case_id: &str, case_number: &str) -> Self {
        Self {
            stage: Stage::Acknowledge,
            case_id: case_id.to_owned(),
            case_number: case_number.to_owned(),
            ..Self::new(plan)
        }
    }

    /// Does the next thing. A service that is not there, or was quicker, is tried again soon; another refusal ends the work.
    pub async fn step(&mut self, desk: &Desk<'_>) -> Next {
        let before = self.stage;
        let step = match self.stage {
            Stage::Register => self.register(desk).await,
            Stage::Acknowledge => self.acknowledge(desk).await,
            Stage::Confirm => self.confirm(desk).await,
            Stage::Collect => self.collect(desk).await,
            Stage::Examine => self.examine(desk).await,
            Stage::Conclude => self.conclude(desk).await,
            Stage::Propose => self.propose(desk).await,
            Stage::Approve => self.approve(desk).await,
            Stage::Offer => self.offer(desk).await,
            Stage::Answer => self.answer(desk).await,
            Stage::Execute => self.execute(desk).await,
            Stage::Close => self.close(desk).await,
            Stage::Survey => self.survey(desk).await,
            Stage::FollowUp => self.follow_up(desk).await,
            Stage::End => Ok(Next::Done),
        };
        self.attempts = if self.stage == before { self.attempts + 1 } else { 0 };
        let problem = match step {
            Ok(next) if self.attempts < ATTEMPTS_MAX => return next,
            Ok(_) => format!("nothing moves at {before:?}"),
            Err(CallError::Refused(refusal))
                if (refusal.is_unavailable() || refusal.code == "ABORTED")
                    && self.attempts < ATTEMPTS_MAX =>
            {
                return after(5);
            }
            Err(error) => format!("{before:?}: {error}"),
        };
        self.stuck = Some(problem);
        self.stage = Stage::End;
        Next::Done
    }

    /// Whether it came to a stop before its end.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    /// Its end in a line.
    #[must_use]
    pub fn tale(&self) -> String {
        let number = if self.case_number.is_empty() { "(not registered)" } else { &self.case_number };
        match &self.stuck {
            Some(problem) => format!("{number}: stuck: {problem}"),
            None => format!("{number}: done ({:?})", self.plan.way),
        }
    }

    /// How it went.
    #[must_use]
    pub fn outcome(self, index: usize) -> Outcome {
        Outcome { index, case_id: self.case_id, case_number: self.case_number, stuck: self.stuck }
    }

    /// A request id that no other call of this work has, and that a repetition of the whole run has again.
    pub(super) fn request_id(&mut self) -> Uuid {
        self.calls += 1;
        let name = format!("{}:{}:{}:{}", self.plan.received, self.plan.text, self.case_id, self.calls);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
    }

    /// Calls a method on this case.
    pub(super) async fn act<'c>(
        &mut self,
        desk: &Desk<'_>,
        caller: impl Into<As<'c>>,
        method: &str,
        mut body: Value,
    ) -> Result<Value, CallError> {
        body["case_id"] = json!(self.case_id);
        body["request_id"] = json!(self.request_id());
        desk.call(caller, method, body).await
    }

    /// Asks something about this case.
    pub(super) async fn look(&self, desk: &Desk<'_>, caller: &str, method: &str) -> Result<Value, CallError> {
        desk.call(caller, method, json!({ "case_id": self.case_id })).await
    }

    async fn register(&mut self, desk: &Desk<'_>) -> Step {
        let request_id = self.request_id();
        let body = self.plan.registration(request_id);
        let answer = desk.call("integration", "IntakeService/RegisterComplaint", body).await?;
        self.case_id = answer["case"]["case_id"].as_str().unwrap_or_default().to_owned();
        self.case_number = answer["case"]["case_number"].as_str().unwrap_or_default().to_owned();
        self.stage = Stage::Acknowledge;
        Ok(after(if self.plan.way == Way::Late { 200 } else { 12 }))
    }

    async fn acknowledge(&mut self, desk: &Desk<'_>) -> Step {
        match self.plan.way {
            Way::Refused => {
                let ground = self.plan.ground.clone().unwrap_or_else(|| "not_our_service".to_owned());
                self.act(desk, "cs-supervisor", "IntakeService/RefuseCase", json!({ "ground": ground }))
                    .await?;
                self.stage = Stage::Close;
                return Ok(after(30));
            }
            Way::Media => {
                let body = json!({ "signal": "SIGNAL_KIND_MEDIA", "reason": "客户称将联系媒体" });
                self.act(desk, "risk", "TriageService/RaiseSignal", body).await?;
            }
            _ => {}
        }
        match self.act(desk, "cs-agent", "IntakeService/AcknowledgeCase", json!({})).await {
            // Somebody who left no contact cannot be answered; that does not end the matter.
            Err(CallError::Refused(refusal)) if refusal.reason == "NO_CONTACT" => {}
            other => drop(other?),
        }
        if self.plan.way == Way::Open {
            self.stage = Stage::End;
            return Ok(Next::Done);
        }
        self.stage = Stage::Confirm;
        Ok(after(if self.plan.way == Way::Late { 600 } else { 35 }))
    }

    async fn confirm(&mut self, desk: &Desk<'_>) -> Step {
        let triage = self.look(desk, "cs-supervisor", "TriageService/GetTriage").await?["triage"].take();
        let dispatch = &triage["dispatch"];
        let department = dispatch["department"].as_str().unwrap_or_default().to_owned();
        let leader = |role: &str, name: &str| json!({ "subject": name, "role": role });
        let (caller, body) = match dispatch["mode"].as_str().unwrap_or_default() {
            "DISPATCH_MODE_TASK_FORCE" => {
                let leaders = [
                    leader("ROLE_CS_SUPERVISOR", "cs-supervisor"),
                    leader("ROLE_OPERATIONS_MANAGER", "operations-manager"),
                ];
                (As::from("cs-supervisor"), json!({ "task_force": leaders }))
            }
            "DISPATCH_MODE_CONTACT_PERSON" => {
                let manager = As { role: "department-manager", department: &department, case_id: "" };
                (manager, json!({ "contact": format!("{department}.contact") }))
            }
            "DISPATCH_MODE_FRONT_LINE" => (As::from("cs-agent"), json!({})),
            _ => return Ok(after(10)),
        };
        if triage["state"] == "TRIAGE_STATE_DISPATCHED" {
            self.act(desk, caller, "TriageService/ConfirmDispatch", body).await?;
        }
        if dispatch["mode"] == "DISPATCH_MODE_FRONT_LINE" {
            let text = json!({ "text": self.say("我们已联系相关网点核查，正在调取记录", "we are checking with the branch and collecting the records") });
            self.act(desk, "cs-agent", "TriageService/ReportProgress", text).await?;
        }
        if self.plan.way == Way::Withdrawn {
            let text = self.plan.reply.clone().unwrap_or_default();
            self.act(desk, "cs-agent", "IntakeService/WithdrawCase", json!({ "text": text })).await?;
            self.stage = Stage::Close;
            return Ok(after(60));
        }
        self.stage = Stage::Collect;
        Ok(after(20))
    }

    async fn close(&mut self, desk: &Desk<'_>) -> Step {
        if !matches!(self.plan.way, Way::Refused | Way::Withdrawn) {
            self.act(desk, "cs-agent", "InvestigationService/VerifyArchive", json!({})).await?;
        }
        match self.act(desk, "cs-agent", "IntakeService/CloseCase", json!({})).await {
            // What is still missing may be on its way: a receipt, a payment.
            Err(CallError::Refused(refusal))
                if refusal.reason.ends_with("GATE_NOT_MET") && self.attempts < 20 =>
            {
                Ok(after(180))
            }
            other => {
                drop(other?);
                self.stage = Stage::Survey;
                Ok(after(60 * 26))
            }
        }
    }

    async fn survey(&mut self, desk: &Desk<'_>) -> Step {
        let survey = match self.look(desk, "cs-supervisor", "SurveyService/GetSurvey").await {
            // Not every end is followed by a survey.
            Err(CallError::Refused(refusal)) if refusal.code == "NOT_FOUND" => Value::Null,
            other => other?["survey"].take(),
        };
        match survey["state"].as_str().unwrap_or_default() {
            "SURVEY_STATE_SCHEDULED" => return Ok(after(60 * 12)),
            "SURVEY_STATE_SENT" if !self.plan.scores.is_empty() => {}
            _ => {
                self.stage = Stage::End;
                return Ok(Next::Done);
            }
        }
        let questions = survey["questions"].as_array().cloned().unwrap_or_default();
        let answers: Vec<Value> = questions
            .iter()
            .zip(&self.plan.scores)
            .map(|(question, score)| json!({ "question_id": question["question_id"], "score": score }))
            .collect();
        let case_id = self.case_id.clone();
        let customer = As { role: "customer", department: "", case_id: &case_id };
        let answer =
            self.act(desk, customer, "SurveyService/SubmitResponse", json!({ "answers": answers })).await?;
        self.stage = if answer["survey"]["low"] == true { Stage::FollowUp } else { Stage::End };
        Ok(if self.stage == Stage::End { Next::Done } else { after(60 * 5) })
    }

    async fn follow_up(&mut self, desk: &Desk<'_>) -> Step {
        let text = self.say(
            "看到您的评分不高，很抱歉没让您满意。您方便时我们给您回电，听听哪里没做好。",
            "We saw your scores and are sorry. May we call you and hear what we could have done better?",
        );
        self.act(desk, "cs-supervisor", "IntakeService/SendMessage", json!({ "text": text })).await?;
        if self.plan.way == Way::Reopened && !self.reopened {
            self.reopened = true;
            self.plan.scores.clear();
            let body = json!({ "reason": "REOPENING_REASON_DISSATISFIED", "text": "客户对处理结果不满意，要求重新核查" });
            self.act(desk, "cs-supervisor", "IntakeService/ReopenCase", body).await?;
            self.stage = Stage::Confirm;
            return Ok(after(90));
        }
        self.stage = Stage::End;
        Ok(Next::Done)
    }

    /// A text in the customer's language.
    pub(super) fn say(&self, chinese: &str, english: &str) -> String {
        if self.plan.language.starts_with("zh") { chinese.to_owned() } else { english.to_owned() }
    }
}
