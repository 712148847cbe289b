//! Where a case stands, as its customer is told: without what is internal.

use redress_proto::{intake::v1::CaseStep, types::v1::LocalizedText};

/// The step that a customer is shown. Proposals and approvals are internal; so is why findings are what they are.
pub fn shown(step: CaseStep) -> CaseStep {
    match step {
        CaseStep::Proposed | CaseStep::Approved | CaseStep::Unfounded | CaseStep::Malicious => {
            CaseStep::Concluded
        }
        CaseStep::Retained | CaseStep::Purged | CaseStep::Surveyed => CaseStep::Closed,
        other => other,
    }
}

/// A step in words, with what comes next.
pub fn told(step: CaseStep, answer_awaited: bool) -> LocalizedText {
    let (zh_cn, en) = match shown(step) {
        CaseStep::Triaged | CaseStep::Dispatched => (
            "您的投诉已安排专人负责，即将开始调查。",
            "Your complaint has been given to those responsible; the investigation starts next.",
        ),
        CaseStep::Investigating if answer_awaited => (
            "我们正在调查，需要您补充材料；收到后调查继续进行。",
            "We are investigating and need material from you; we go on as soon as we have it.",
        ),
        CaseStep::Investigating => (
            "我们正在调查您反映的问题，查明后会告知您结果。",
            "We are investigating what you told us, and will tell you the outcome.",
        ),
        CaseStep::Concluded => (
            "调查已完成，接下来我们会把结果告知您。",
            "The investigation is complete; next we will tell you its outcome.",
        ),
        CaseStep::Offered => (
            "解决方案已发给您，请告诉我们您是否接受。",
            "We have sent you our solution; please tell us whether you accept it.",
        ),
        CaseStep::Objected => (
            "已收到您对方案的异议，我们正在重新评估。",
            "We have your objection to the solution and are evaluating it again.",
        ),
        CaseStep::FinalPosition => (
            "我们已告知您最终处理意见；如不同意，您可按告知的途径向主管部门申诉。",
            "We have told you our final position and the way to the authorities if you disagree.",
        ),
        CaseStep::Accepted | CaseStep::Executing => (
            "您已答复解决方案，我们正在按承诺办理。",
            "We have your answer to the solution and are carrying it out as promised.",
        ),
        CaseStep::Obstructed => (
            "办理中遇到问题，原因和新的时间已告知您，我们在继续跟进。",
            "Carrying the solution out met an obstacle; we told you the new time and keep at it.",
        ),
        CaseStep::Executed => (
            "解决方案已办理完毕，接下来我们会办结此案。",
            "The solution has been carried out; next we close the case.",
        ),
        CaseStep::Closed => ("您的投诉已办结。", "Your complaint is closed."),
        CaseStep::Refused => (
            "您反映的问题未能作为投诉受理，原因已告知您。",
            "What you told us could not be taken as a complaint; we told you why.",
        ),
        CaseStep::Withdrawn => {
            ("您的投诉已按您的要求撤回。", "Your complaint has been withdrawn as you asked.")
        }
        CaseStep::Reopened => (
            "您的投诉已重新受理，我们会再次核查。",
            "Your complaint is open again, and we look into it anew.",
        ),
        // Received and acknowledged; what is left is not shown.
        _ => {
            ("已收到您的投诉，将启动调查。", "We have received your complaint and will start to investigate.")
        }
    };
    LocalizedText { zh_cn: zh_cn.to_owned(), en: en.to_owned() }
}
