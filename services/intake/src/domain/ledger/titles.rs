//! What happened, in a line: each event's title in Chinese and in English.
//!
//! `{field}` stands for a field of the event, `{notice}` and `{deadline.kind}` too; fields without a value fall away
//! with the colon before them. An event without a title here, such as one that a service has just got, is shown under its
//! own name: nobody has to ask intake before logging something new.

use redress_domain::handbook::{DeadlineKind, Handbook, Language};
use redress_proto::types::v1::LocalizedText;

use super::details::Details;

/// Titles by full name of the event's message, without `redress.` and the version.
const TITLES: &[(&str, &str, &str)] = &[
    ("types.NoticeRequested", "要求发送通知：{notice}", "Notice requested: {notice}"),
    ("intake.ComplaintRegistered", "投诉已登记：{facts.channel}", "Complaint registered: {facts.channel}"),
    (
        "intake.OrderFactsAttached",
        "订单信息已补充：{order.knowledge}",
        "Order facts attached: {order.knowledge}",
    ),
    ("intake.CaseAmended", "登记内容已更新：{changed_fields}", "Registration amended: {changed_fields}"),
    ("intake.RiskReported", "风险已上报：{signals[0].kind}", "Risk reported: {signals[0].kind}"),
    ("intake.PriorityFollowed", "优先级调整为：{priority}", "Priority is now: {priority}"),
    ("intake.CaseAnswered", "处理结果已告知客户：{notice}", "Outcome reached the customer: {notice}"),
    ("intake.MessageUnknown", "渠道未应答，将以同一编号重发", "Channel did not answer, handed over again"),
    (
        "intake.CaseAcknowledged",
        "首次响应已送达客户：{channel}",
        "Acknowledgement reached the customer: {channel}",
    ),
    ("intake.MessageQueued", "消息待发送：{notice}", "Message to be sent: {notice}"),
    ("intake.MessageSent", "消息已发送：{notice}", "Message sent: {notice}"),
    ("intake.MessageDelivered", "消息已送达：{notice}", "Message delivered: {notice}"),
    ("intake.MessageFailed", "消息未能送达：{notice}", "Message failed: {notice}"),
    ("intake.MessageReceived", "收到客户消息：{channel}", "Message from the customer: {channel}"),
    ("intake.CaseRefused", "投诉不予受理：{ground}", "Complaint refused: {ground}"),
    ("intake.CaseWithdrawn", "客户撤回投诉", "Complaint withdrawn by the customer"),
    ("intake.CaseClosed", "投诉已办结：{basis}", "Case closed: {basis}"),
    ("intake.CaseReopened", "投诉重新受理：{reason}", "Case reopened: {reason}"),
    ("triage.CaseTriaged", "投诉已分级：{priority}，{category}", "Case triaged: {priority}, {category}"),
    ("triage.SignalRaised", "出现信号：{signal.kind}", "Signal raised: {signal.kind}"),
    ("triage.CaseDispatched", "已派发：{dispatch.mode}", "Case dispatched: {dispatch.mode}"),
    ("triage.DispatchConfirmed", "承办已确认：{dispatch.mode}", "Dispatch confirmed: {dispatch.mode}"),
    ("triage.DispatchOverdue", "承办逾期：{deliverable}", "Dispatch overdue: {deliverable}"),
    ("triage.ProgressReported", "处理进度已拟写", "Progress written for the customer"),
    ("triage.ProgressDelivered", "处理进度已告知客户", "Progress reached the customer"),
    ("triage.CaseReassigned", "改派：{dispatch.department}", "Case reassigned: {dispatch.department}"),
    ("triage.CaseJoinedIncident", "归入群体事件：{key}", "Case joined an incident: {key}"),
    ("triage.OfferNoted", "派发环节获知方案已发出", "Triage learnt of the offer"),
    ("triage.TriageEnded", "分级派发结束：{basis}", "Triage ended: {basis}"),
    ("investigation.CaseNoted", "已获知投诉情况", "Facts of the case noted"),
    ("investigation.InvestigationOpened", "调查开始：{category}", "Investigation opened: {category}"),
    ("investigation.InvestigationAdjusted", "调查已调整：{priority}", "Investigation adjusted: {priority}"),
    ("investigation.EvidenceRequested", "调取证据：{source}", "Evidence requested: {source}"),
    ("investigation.EvidenceReceived", "收到证据：{item_id}", "Evidence received: {item_id}"),
    ("investigation.EvidenceDownloaded", "证据被调阅", "Evidence handed out"),
    ("investigation.EvidenceLocked", "证据已封存：客户撤回同意", "Evidence locked away: consent withdrawn"),
    ("investigation.EvidenceWaived", "免除证据：{item_id}", "Evidence waived: {item_id}"),
    ("investigation.InvestigationPaused", "调查暂停，等待客户材料", "Investigation waits for the customer"),
    ("investigation.InvestigationResumed", "调查恢复", "Investigation goes on"),
    ("investigation.PreliminaryReportFiled", "初步调查报告已提交", "Preliminary report filed"),
    ("investigation.CoreEvidenceVerified", "核心证据已核实", "Core evidence verified"),
    ("investigation.ProgressReported", "调查进度已拟写", "Progress written for the customer"),
    ("investigation.ProgressDelivered", "调查进度已告知客户", "Progress reached the customer"),
    ("investigation.ExtensionRequested", "申请延期：{limit}", "Extension applied for: {limit}"),
    ("investigation.ExtensionDecided", "延期审批：{verdict}", "Extension decided: {verdict}"),
    (
        "investigation.ExtensionGranted",
        "已告知客户，延期生效：{limit}",
        "Customer told, extension granted: {limit}",
    ),
    (
        "investigation.ExtensionLapsed",
        "未能及时告知客户，延期失效",
        "Customer not told in time, extension lapsed",
    ),
    ("investigation.InvestigationConcluded", "调查结论：{validity}", "Investigation concluded: {validity}"),
    ("investigation.ArchiveVerified", "证据归档已核验", "Archive verified"),
    ("investigation.InvestigationCancelled", "调查终止：{basis}", "Investigation ended: {basis}"),
    ("investigation.InvestigationSealed", "调查已封存", "Investigation sealed"),
    ("investigation.InvestigationUnsealed", "调查解除封存", "Investigation unsealed"),
    ("compensation.ResolutionOpened", "开始制定解决方案", "Resolution begun"),
    ("compensation.ResolutionContextChanged", "方案依据已更新", "Ground of the resolution changed"),
    (
        "compensation.ResolutionProposed",
        "已提出解决方案：{totals.total}",
        "Resolution proposed: {totals.total}",
    ),
    ("compensation.ApprovalRequested", "提交审批：{rung}", "Approval requested: {rung}"),
    ("compensation.ApprovalDecided", "审批结果：{state}", "Approval decided: {state}"),
    ("compensation.ResolutionApproved", "方案已批准：{totals.total}", "Resolution approved: {totals.total}"),
    ("compensation.ResolutionOffered", "方案已向客户提出", "Resolution offered to the customer"),
    ("compensation.OfferDelivered", "方案已送达客户", "Offer reached the customer"),
    ("compensation.ResponseRecorded", "客户答复：{response}", "Customer answered: {response}"),
    ("compensation.FinalPositionTaken", "已给出最终处理意见", "Final position taken"),
    ("compensation.RemedyStarted", "开始执行：{kind}", "Remedy started: {kind}"),
    ("compensation.RemedyReserved", "款项已预留：{amount}", "Money reserved: {amount}"),
    ("compensation.RemedyUnknown", "执行结果未知，正在查询", "Outcome unknown, being asked about"),
    ("compensation.RemedyObstructed", "执行受阻：{obstacle}", "Remedy obstructed: {obstacle}"),
    ("compensation.ObstacleTold", "受阻情况已告知客户", "Obstacle told to the customer"),
    ("compensation.RemedyHandedOver", "已交办理系统", "Remedy handed over to be carried out"),
    ("compensation.RemedyReleased", "预留款项已释放", "Reserved money released"),
    ("compensation.RemedyFallbackStarted", "启用备用方案：{amount}", "Fallback started: {amount}"),
    ("compensation.RemedyBackfilled", "财务流程已补办", "Finance caught up"),
    ("compensation.RemedyExecuted", "已执行：{kind} {amount}", "Remedy carried out: {kind} {amount}"),
    ("compensation.RemedyCancelled", "补偿项已取消", "Remedy cancelled"),
    ("compensation.ResolutionExecuted", "方案全部执行完毕：{paid}", "Resolution carried out: {paid}"),
    ("compensation.HandlingNoticeIssued", "已出具投诉处理告知书", "Notice of complaint handling issued"),
    (
        "compensation.HandlingNoticeDelivered",
        "投诉处理告知书已送达",
        "Notice of complaint handling delivered",
    ),
    (
        "compensation.RecoveryOpened",
        "重复付款，开始追回：{recovery.amount}",
        "Paid twice, recovery opened: {recovery.amount}",
    ),
    (
        "compensation.ExposureChanged",
        "运单累计金额变化：{exposure.waybill_total}",
        "Exposure changed: {exposure.waybill_total}",
    ),
    ("compensation.CompensationSealed", "解决方案已封存", "Resolution sealed"),
    ("compensation.CompensationUnsealed", "解决方案解除封存", "Resolution unsealed"),
    ("survey.CaseFiguresNoted", "统计数据已更新", "Figures for the review noted"),
    ("survey.SurveyScheduled", "满意度回访已安排", "Survey scheduled"),
    ("survey.SurveySent", "满意度回访已发出", "Survey sent"),
    ("survey.SurveyDelivered", "满意度回访已送达", "Survey reached the customer"),
    (
        "survey.SurveyResponded",
        "客户已评价：{scores[0].score}、{scores[1].score}",
        "Survey answered: {scores[0].score}, {scores[1].score}",
    ),
    ("survey.SurveyExpired", "满意度回访已过期", "Survey expired"),
    ("survey.SurveyCancelled", "满意度回访已取消", "Survey cancelled"),
    ("survey.FollowUpOpened", "低分跟进开始", "Follow-up of low scores opened"),
    ("survey.FollowUpDone", "低分跟进完成", "Follow-up of low scores done"),
];

/// Titles of `DeadlineChanged` by its change.
const DEADLINE_TITLES: &[(&str, &str, &str)] = &[
    ("opened", "期限开始：{deadline.kind}", "Deadline opened: {deadline.kind}"),
    ("met", "按期完成：{deadline.kind}", "Deadline met: {deadline.kind}"),
    ("met_late", "逾期后完成：{deadline.kind}", "Deadline met late: {deadline.kind}"),
    ("warned", "期限预警：{deadline.kind}", "Deadline in danger: {deadline.kind}"),
    ("missed", "期限已过：{deadline.kind}", "Deadline missed: {deadline.kind}"),
    ("paused", "期限暂停：{deadline.kind}", "Deadline paused: {deadline.kind}"),
    ("resumed", "期限恢复：{deadline.kind}", "Deadline resumed: {deadline.kind}"),
    ("extended", "期限延长：{deadline.kind}", "Deadline extended: {deadline.kind}"),
    ("tightened", "期限提前：{deadline.kind}", "Deadline tightened: {deadline.kind}"),
    ("cancelled", "期限取消：{deadline.kind}", "Deadline cancelled: {deadline.kind}"),
    ("corrected", "期限结果更正：{deadline.kind}", "Deadline corrected: {deadline.kind}"),
    ("escalated", "逾期升级：{deadline.kind}", "Deadline escalated: {deadline.kind}"),
    ("acknowledged", "升级已确认：{deadline.kind}", "Escalation acknowledged: {deadline.kind}"),
];

/// Chinese for the words that events use; the same word is said the same everywhere.
const WORDS: &[(&str, &str)] = &[
    ("urgent", "紧急"),
    ("important", "重要"),
    ("general", "一般"),
    ("service_quality", "服务质量"),
    ("cargo_damage_loss", "货损货差"),
    ("fee_dispute", "费用争议"),
    ("system_fault", "系统故障"),
    ("hotline", "400热线"),
    ("online_chat_web", "网页在线客服"),
    ("online_chat_app", "APP在线客服"),
    ("online_chat_mini_program", "小程序在线客服"),
    ("wecom", "企业微信"),
    ("dingtalk", "钉钉"),
    ("email", "邮件"),
    ("sms", "短信"),
    ("weibo", "微博"),
    ("douyin", "抖音"),
    ("suggestion_box", "意见箱"),
    ("on_site_staff", "现场人员"),
    ("pending", "待处理"),
    ("known", "已查到"),
    ("not_found", "查无此单"),
    ("media", "媒体曝光风险"),
    ("regulator", "监管介入"),
    ("regulator_threat", "客户表示将向监管投诉"),
    ("doubts_evidence", "客户质疑证据"),
    ("group", "群体事件"),
    ("task_force", "专项小组"),
    ("contact_person", "责任部门专人"),
    ("front_line", "一线客服"),
    ("progress", "处理进度"),
    ("batch", "同批次"),
    ("line", "同线路"),
    ("internal", "内部"),
    ("customer", "客户"),
    ("external", "外部"),
    ("founded", "成立"),
    ("partly_founded", "部分成立"),
    ("unfounded", "不成立"),
    ("malicious", "恶意投诉"),
    ("approved", "同意"),
    ("rejected", "不同意"),
    ("refused", "不予受理"),
    ("superseded", "已被替换"),
    ("accepted", "接受"),
    ("no_further_demand", "无进一步要求"),
    ("objected", "有异议"),
    ("final_position", "最终处理意见"),
    ("withdrawn", "撤回"),
    ("silent", "客户未再回复"),
    ("dissatisfied", "客户不满意"),
    ("new_evidence", "新证据"),
    ("not_carried_out", "方案未落实"),
    ("customer_returned", "客户重新提出"),
    ("mistake", "误操作"),
    ("freight_reduction", "减免部分运费"),
    ("freight_waiver", "免除运费"),
    ("cash", "现金补偿"),
    ("coupon", "优惠券"),
    ("resend", "补发货物"),
    ("priority_delivery", "优先派送"),
    ("apology", "道歉"),
    ("internal_penalty", "内部处罚"),
    ("vip_card", "VIP体验卡"),
    ("acknowledgement", "受理通知"),
    ("missing_details", "补充信息通知"),
    ("material_request", "补充材料通知"),
    ("extension_notice", "延期告知"),
    ("findings", "调查结果告知"),
    ("offer", "解决方案"),
    ("objection_received", "异议受理通知"),
    ("handling_notice", "投诉处理告知书"),
    ("payment_accepted", "付款受理通知"),
    ("remedy_executed", "办理完成通知"),
    ("obstacle", "受阻告知"),
    ("promise_in_danger", "承诺可能延误告知"),
    ("refusal", "不予受理告知"),
    ("withdrawal_confirmed", "撤回确认"),
    ("closed", "办结通知"),
    ("reopened", "重新受理通知"),
    ("survey_invitation", "满意度回访"),
    ("follow_up", "低分跟进"),
    ("escalation", "逾期升级通知"),
    ("risk_report", "风险上报"),
    ("approval_request", "审批请求"),
    ("evidence_request", "证据调取"),
];

/// The title of an event of the message `kind`. Deadlines are called as the case's handbook calls them.
pub fn title(kind: &str, details: &Details, handbook: Option<&Handbook>) -> LocalizedText {
    let short = kind.strip_prefix("redress.").unwrap_or(kind).replace(".v1.", ".");
    let (table, key) = if short == "deadlines.DeadlineChanged" {
        (DEADLINE_TITLES, details.get("change"))
    } else {
        (TITLES, short.as_str())
    };
    let Some((_, zh_cn, en)) = table.iter().find(|(known, _, _)| *known == key) else {
        let name = own_name(&short);
        return LocalizedText { zh_cn: name.clone(), en: name };
    };
    let deadline = details.get("deadline.kind").parse::<DeadlineKind>().ok();
    let deadline_name = |language: Language| {
        let book = handbook.filter(|_| !details.get("deadline.kind").is_empty())?;
        deadline.map(|kind| book.deadline(kind).rule().name.get(language).to_owned())
    };
    let chinese = |field: &str| {
        let word = details.get(field);
        let known = WORDS.iter().find(|(known, _)| *known == word).map(|(_, chinese)| (*chinese).to_owned());
        known.unwrap_or_else(|| word.to_owned())
    };
    let english = |field: &str| details.get(field).replace('_', " ");
    LocalizedText {
        zh_cn: fill(zh_cn, |field| {
            named(field, deadline_name(Language::ZhCn)).unwrap_or_else(|| chinese(field))
        }),
        en: fill(en, |field| named(field, deadline_name(Language::En)).unwrap_or_else(|| english(field))),
    }
}

/// A message's name in words: `IncidentLeft` is "Incident left".
fn own_name(short: &str) -> String {
    let mut words = String::new();
    for letter in short.rsplit('.').next().unwrap_or_default().chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

fn named(field: &str, deadline: Option<String>) -> Option<String> {
    deadline.filter(|_| field == "deadline.kind")
}

/// Puts values in the places of `{field}`s.
fn fill(pattern: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (field, after) = after.split_once('}').unwrap_or((after, ""));
        filled.push_str(&value(field));
        rest = after;
    }
    filled.push_str(rest);
    let without_value = [' ', '：', ':', '，', ',', '、'];
    filled.trim_end_matches(without_value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every event of a case that this service logs has a title.
    #[test]
    fn every_event_of_intake_has_a_title() {
        let events = redress_proto::pool()
            .all_messages()
            .filter(|message| message.parent_file().name() == "redress/intake/v1/events.proto");
        let mut without: Vec<_> = events
            .map(|message| format!("intake.{}", message.name()))
            .filter(|short| !TITLES.iter().any(|(title, _, _)| title == short))
            .collect();
        // It belongs to no case.
        without.retain(|short| short != "intake.HandbookActivated");
        assert!(without.is_empty(), "events without a title: {without:?}");
        assert_eq!(own_name("triage.IncidentLeft"), "Incident left");
    }

    /// Every `{field}` of a title is a field of its event.
    #[test]
    fn titles_name_fields_that_exist() {
        let mut unknown = Vec::new();
        let deadlines =
            DEADLINE_TITLES.iter().map(|(_, zh_cn, en)| ("deadlines.DeadlineChanged", *zh_cn, *en));
        for (short, zh_cn, en) in TITLES.iter().copied().chain(deadlines) {
            let (package, name) = short.split_once('.').expect("package and name");
            let event = redress_proto::pool().get_message_by_name(&format!("redress.{package}.v1.{name}"));
            for pattern in [zh_cn, en] {
                fill(pattern, |path| {
                    let mut message = event.clone();
                    for part in path.split('.') {
                        let field_name = part.split('[').next().unwrap_or_default();
                        let field =
                            message.as_ref().and_then(|message| message.get_field_by_name(field_name));
                        if field.is_none() {
                            unknown.push(format!("{short}: {path}"));
                        }
                        message = field.and_then(|field| field.kind().as_message().cloned());
                    }
                    String::new()
                });
            }
        }
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn a_field_without_a_value_falls_away_with_its_colon() {
        assert_eq!(fill("消息已发送：{notice}", |_| String::new()), "消息已发送");
        assert_eq!(
            fill("Remedy carried out: {kind} {amount}", |field| {
                if field == "kind" { "apology".into() } else { String::new() }
            }),
            "Remedy carried out: apology"
        );
    }
}
