//! Each of the five services is ended with `kill -9` in the middle of cases, also between a commit and its
//! acknowledgement, and started again; every case ends with one message, one payment and one survey.

use redress::contract::Method;
use redress_connectors::{Order, PaymentState};
use redress_domain::Money;
use serde_json::{Value, json};

use crate::processes::{Processes, SERVICES, done, until};

const CASES: usize = 3;

fn id(step: &str, case: usize) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::from_u128(0x5ed), format!("{step}/{case}").as_bytes()).to_string()
}

fn waybill(case: usize) -> String {
    format!("SF200000000000{case}")
}

fn phone(case: usize) -> String {
    format!("1390000000{case}")
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

struct Case {
    id: String,
}

async fn activate(processes: &Processes) {
    let root = root();
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a file of the repository");
    let body = json!({
        "request_id": id("activate", 0),
        "handbook_file": "courier-manual/2026.1.toml",
        "handbook_toml": read("deploy/handbooks/courier-manual/2026.1.toml"),
        "calendar_file": "cn.toml",
        "calendar_toml": read("deploy/calendars/cn.toml"),
        "regions": ["CN"],
    });
    let method = "redress.intake.v1.IntakeService/ActivateHandbook";
    done(&processes.client("intake", "admin"), method, &body).await;
}

fn registration(case: usize) -> Value {
    json!({
        "request_id": id("register", case),
        "channel": "CHANNEL_SMS",
        "region": "CN",
        "language": "zh-CN",
        "waybill_no": waybill(case),
        "customer": {
            "name": "王芳", "phone": phone(case), "sender_address": "上海市长宁区1号",
            "recipient_address": "北京市海淀区2号", "payee_account": format!("622200000000000{case}"),
        },
        "problem_type": "PROBLEM_TYPE_DELAY",
        "desired_solution": "DESIRED_SOLUTION_COMPENSATION",
        "narrative": "包裹晚到了三天。",
    })
}

/// Uploads every item of the checklist that is required.
async fn evidence(processes: &Processes, number: usize, case: &Case) {
    let agent = processes.client("investigation", "cs-agent");
    let found = done(
        &agent,
        "redress.investigation.v1.InvestigationService/GetInvestigation",
        &json!({ "case_id": case.id }),
    )
    .await;
    let items = found["investigation"]["checklist"].as_array().cloned().unwrap_or_default();
    assert!(!items.is_empty(), "there is a checklist: {found}");
    let method =
        Method::find("redress.investigation.v1.InvestigationService/UploadEvidence").expect("a method");
    for item in items.iter().filter(|item| item["required"] == true) {
        let name = item["item_id"].as_str().expect("an id");
        let department = item["department"].as_str().unwrap_or_default();
        let media = item["media_types"][0].as_str().unwrap_or("application/pdf");
        let bytes = format!("evidence {name} of case {number}");
        let metadata = json!({ "metadata": {
            "request_id": id(name, number), "case_id": case.id, "item_id": name, "size_bytes": bytes.len(),
            "sha256": sha256(bytes.as_bytes()), "media_type": media,
            "source": "EVIDENCE_SOURCE_INTERNAL", "consent": "CONSENT_NOT_NEEDED",
        }});
        let chunk = json!({ "chunk": base64(bytes.as_bytes()) });
        let staff = processes.client_of("investigation", "department-staff", department);
        until(&format!("{name} is uploaded"), async || {
            staff.call(&method, &[metadata.clone(), chunk.clone()]).await.ok()
        })
        .await;
    }
}

fn sha256(bytes: &[u8]) -> String {
    redress_chassis::policies::content_hash(std::str::from_utf8(bytes).expect("text"))
}

fn base64(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

/// Has `service` die right after the commit of `method`, calls it, and does it again after a restart.
async fn survive(
    processes: &mut Processes,
    service: &'static str,
    role: &str,
    method: &str,
    body: &Value,
) -> Value {
    processes.kill(service);
    processes.run(service, method).await;
    let client = processes.client(service, role);
    let mut refusals = 0;
    let died = until(&format!("{service} dies in {method}"), async || {
        refusals += 1;
        match client.json(method, body.clone()).await {
            Ok(answer) => panic!("{method} answered before it died: {answer}"),
            Err(error) => {
                let refusal = error.refusal().expect("the body fits").to_string();
                (!refusal.contains("FAILED_PRECONDITION") && !refusal.contains("NOT_FOUND"))
                    .then_some(refusal)
            }
        }
    })
    .await;
    assert!(!died.is_empty());
    processes.died(service).await;
    processes.run(service, "").await;
    done(&processes.client(service, role), method, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_cases_they_finish_them_once() {
    let mut processes = Processes::start().await;
    let outside = processes.outside();
    let cny = |minor| Money::new(minor, "CNY".parse().expect("a currency"));
    let orders = (0..CASES)
        .map(|case| {
            let mut order = Order::new(waybill(case));
            order.freight = Some(cny(3_000));
            order.goods_value = Some(cny(20_000));
            order.goods_category = Some("clothing".into());
            order.line = Some("SHA-PEK".into());
            order
        })
        .collect();
    outside.orders.put(orders).await.expect("orders");
    activate(&processes).await;

    // Intake dies between the commit of a registration and its answer; the repeat gets the same case.
    let register = "redress.intake.v1.IntakeService/RegisterComplaint";
    let mut cases = Vec::new();
    for number in 0..CASES {
        let body = registration(number);
        let answer = if number == 0 {
            survive(&mut processes, "intake", "integration", register, &body).await
        } else {
            done(&processes.client("intake", "integration"), register, &body).await
        };
        cases.push(Case { id: answer["case"]["case_id"].as_str().expect("an id").to_owned() });
    }
    for (number, case) in cases.iter().enumerate() {
        let body = json!({ "case_id": case.id, "request_id": id("acknowledge", number) });
        let method = "redress.intake.v1.IntakeService/AcknowledgeCase";
        done(&processes.client("intake", "cs-agent"), method, &body).await;
    }
    processes.kill("triage");
    processes.run("triage", "").await;
    let progress = "redress.triage.v1.TriageService/ReportProgress";
    for (number, case) in cases.iter().enumerate() {
        let body = json!({
            "case_id": case.id, "request_id": id("progress", number), "text": "已联系承运线路，正在核查。",
        });
        if number == 0 {
            survive(&mut processes, "triage", "cs-agent", progress, &body).await;
        } else {
            done(&processes.client("triage", "cs-agent"), progress, &body).await;
        }
    }
    processes.kill("investigation");
    processes.run("investigation", "").await;
    let conclude = "redress.investigation.v1.InvestigationService/ConcludeInvestigation";
    for (number, case) in cases.iter().enumerate() {
        evidence(&processes, number, case).await;
        let body = json!({
            "case_id": case.id, "request_id": id("conclude", number), "validity": "VALIDITY_FOUNDED",
            "cause": "line_delay", "responsible_party": "transport", "findings": "中转积压，晚到三天。",
        });
        if number == 0 {
            survive(&mut processes, "investigation", "cs-agent", conclude, &body).await;
        } else {
            done(&processes.client("investigation", "cs-agent"), conclude, &body).await;
        }
    }
    for (number, case) in cases.iter().enumerate() {
        settle(&mut processes, number, case).await;
    }
    for service in SERVICES {
        processes.kill(service);
        processes.run(service, "").await;
    }
    for (number, case) in cases.iter().enumerate() {
        close(&mut processes, number, case).await;
    }

    // Nothing was lost, and nothing happened twice.
    for number in 0..CASES {
        // The survey service has asked for its message; intake hands it over a moment later.
        let messages = until(&format!("case {number} has its survey"), async || {
            let messages = outside.outbound.messages_to(&phone(number)).await.expect("reads");
            messages.iter().any(|record| record.message.body.contains("两个问题")).then_some(messages)
        })
        .await;
        let with = |part: &str| messages.iter().filter(|record| record.message.body.contains(part)).count();
        assert_eq!(with("已收到投诉"), 1, "one acknowledgement of case {number}: {messages:#?}");
        assert_eq!(with("两个问题"), 1, "one survey of case {number}");
    }
    let paid = outside
        .payments
        .payments()
        .await
        .expect("reads")
        .into_iter()
        .filter(|payment| matches!(payment.state, PaymentState::Paid { .. }))
        .count();
    assert_eq!(paid, CASES, "one payment a case");
}

/// Proposes, offers, accepts and pays; the first case's acceptance meets a crash.
async fn settle(processes: &mut Processes, number: usize, case: &Case) {
    let agent = processes.client("compensation", "cs-agent");
    let prefix = "redress.compensation.v1.CompensationService";
    let suggested =
        done(&agent, &format!("{prefix}/SuggestResolution"), &json!({ "case_id": case.id })).await;
    let solution = suggested["solutions"]
        .as_array()
        .and_then(|all| {
            all.iter().find(|one| {
                one["totals"]["freight"]["units"].is_string() || one["totals"]["freight"]["units"].is_number()
            })
        })
        .unwrap_or_else(|| panic!("a solution with money: {suggested}"))["solution"]
        .clone();
    let body = json!({
        "case_id": case.id, "request_id": id("propose", number), "solution": solution,
        "prevention_measure": "增开一班中转车", "reason": "延误属实",
    });
    done(&agent, &format!("{prefix}/ProposeResolution"), &body).await;
    let body = json!({ "case_id": case.id, "request_id": id("offer", number) });
    done(&agent, &format!("{prefix}/OfferResolution"), &body).await;
    let body = json!({
        "case_id": case.id, "request_id": id("respond", number), "response": "RESPONSE_KIND_ACCEPTED",
    });
    let respond = format!("{prefix}/RecordResponse");
    if number == 0 {
        survive(processes, "compensation", "cs-agent", &respond, &body).await;
    } else {
        done(&agent, &respond, &body).await;
    }
    processes.kill("compensation");
    processes.run("compensation", "").await;
}

/// Waits for the money, verifies the archive, closes, and waits for the survey.
async fn close(processes: &mut Processes, number: usize, case: &Case) {
    let compensation = processes.client("compensation", "cs-agent");
    until(&format!("case {number} is executed"), async || {
        let method = "redress.compensation.v1.CompensationService/GetResolution";
        let found = compensation.json(method, json!({ "case_id": case.id })).await.ok()?;
        (found["resolution"]["state"] == "RESOLUTION_STATE_EXECUTED").then_some(())
    })
    .await;
    let body = json!({ "case_id": case.id, "request_id": id("archive", number) });
    let verify = "redress.investigation.v1.InvestigationService/VerifyArchive";
    done(&processes.client("investigation", "cs-agent"), verify, &body).await;
    let body = json!({ "case_id": case.id, "request_id": id("close", number) });
    let close = "redress.intake.v1.IntakeService/CloseCase";
    done(&processes.client("intake", "cs-agent"), close, &body).await;
    let survey = processes.client("survey", "cs-agent");
    until(&format!("the survey of case {number} is sent"), async || {
        let method = "redress.survey.v1.SurveyService/GetSurvey";
        let found = survey.json(method, json!({ "case_id": case.id })).await.ok()?;
        (found["survey"]["state"] == "SURVEY_STATE_SENT").then_some(())
    })
    .await;
    if number == 0 {
        let body = json!({
            "case_id": case.id, "request_id": id("answer", number),
            "answers": [{ "question_id": "efficiency", "score": 5 }, { "question_id": "solution_reasonable", "score": 5 }],
        });
        survive(processes, "survey", "cs-agent", "redress.survey.v1.SurveyService/SubmitResponse", &body)
            .await;
    }
}
