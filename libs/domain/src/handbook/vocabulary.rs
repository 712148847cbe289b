//! The closed lists of words that handbooks, facts, events and the contract share.

use super::words::vocabulary;
pub use super::words::{UnknownWord, Word};

vocabulary! {
    /// How urgent a complaint is; a greater one outranks (M3.2).
    Priority("priority") {
        /// 一般.
        General = "general",
        /// 重要.
        Important = "important",
        /// 紧急.
        Urgent = "urgent",
    }

    /// A role that a caller can have. A handbook gives each its title.
    Role("role") {
        /// Customer-service agent 客服专员.
        CsAgent = "cs-agent",
        /// Customer-service supervisor 客服主管.
        CsSupervisor = "cs-supervisor",
        /// Operations manager 运营经理.
        OperationsManager = "operations-manager",
        /// Staff of a department that investigates.
        DepartmentStaff = "department-staff",
        /// Department manager 部门经理.
        DepartmentManager = "department-manager",
        /// The general manager's office meeting 总经理办公会.
        GmOffice = "gm-office",
        /// Risk management 风险管理部门.
        Risk = "risk",
        /// Public relations 公关部门.
        PublicRelations = "public-relations",
        /// Finance.
        Finance = "finance",
        /// Supervision 监察: reads everything, changes nothing.
        Supervision = "supervision",
        /// A system of the enterprise.
        Integration = "integration",
        /// Another service of the suite.
        Service = "service",
        /// The customer, with a token for one case.
        Customer = "customer",
        /// Runs the suite.
        Admin = "admin",
    }

    /// A language that customer texts and word lists can be in.
    Language("language") {
        /// Chinese, simplified.
        ZhCn = "zh-CN",
        /// English.
        En = "en",
        /// Portuguese.
        Pt = "pt",
    }

    /// A way by which complaints come in and answers go out (M2.1).
    Channel("channel") {
        /// The 400 telephone line.
        Hotline = "hotline",
        /// Chat on the web site.
        OnlineChatWeb = "online_chat_web",
        /// Chat in the mobile app.
        OnlineChatApp = "online_chat_app",
        /// Chat in the mini-program 小程序.
        OnlineChatMiniProgram = "online_chat_mini_program",
        /// WeCom 企业微信 dedicated service.
        Wecom = "wecom",
        /// DingTalk 钉钉 dedicated service.
        Dingtalk = "dingtalk",
        /// The complaint mailbox.
        Email = "email",
        /// The SMS platform.
        Sms = "sms",
        /// Private messages on Weibo.
        Weibo = "weibo",
        /// Private messages on Douyin.
        Douyin = "douyin",
        /// The suggestion box of a branch 意见箱.
        SuggestionBox = "suggestion_box",
        /// Staff on site.
        OnSiteStaff = "on_site_staff",
    }

    /// How a channel behaves (M2.1).
    ChannelKind("channel kind") {
        /// The customer waits at the other end.
        Instant = "instant",
        /// The customer reads later.
        Async = "async",
        /// Paper or word of mouth.
        Offline = "offline",
    }

    /// Something that registration records; a missing one is shown as missing (M2.2).
    Field("field") {
        /// Customer's name.
        CustomerName = "customer.name",
        /// A way to reach the customer: phone, e-mail or account.
        CustomerContact = "customer.phone",
        /// Sender's address.
        SenderAddress = "customer.sender_address",
        /// Recipient's address.
        RecipientAddress = "customer.recipient_address",
        /// Waybill number 运单号.
        WaybillNo = "waybill_no",
        /// When the order was placed.
        OrderedTime = "stated_order.ordered_time",
        /// Carrier line 承运线路.
        Line = "stated_order.line",
        /// Service type, such as express or economy.
        ServiceType = "stated_order.service_type",
        /// What is complained about.
        ProblemType = "problem_type",
        /// What is wanted.
        DesiredSolution = "desired_solution",
        /// Photos, videos or screenshots that the customer offers.
        EvidenceLeads = "evidence_leads",
        /// The customer's consent to keep them.
        EvidenceConsent = "evidence_leads.consent",
    }

    /// The problem as the customer names it (M2.2).
    ProblemType("problem type") {
        /// Late, or not there yet.
        Delay = "delay",
        /// Damaged.
        Damage = "damage",
        /// Lost, in whole or in part.
        Loss = "loss",
        /// Bad attitude of staff.
        Attitude = "attitude",
        /// Something else.
        Other = "other",
    }

    /// What the customer asks for (M2.2, M5.2).
    DesiredSolution("desired solution") {
        /// Money.
        Compensation = "compensation",
        /// The goods once more.
        Resend = "resend",
        /// An apology.
        Apology = "apology",
        /// The delayed goods as soon as possible.
        FastDelivery = "fast_delivery",
        /// Something else.
        Other = "other",
    }

    /// What a complaint is about (M3.1). The handbook defines the sub-types.
    Category("category") {
        /// Service quality 服务质量.
        ServiceQuality = "service_quality",
        /// Cargo damage and loss 货损货差.
        CargoDamageLoss = "cargo_damage_loss",
        /// Fee dispute 费用争议.
        FeeDispute = "fee_dispute",
        /// System fault 系统故障.
        SystemFault = "system_fault",
    }

    /// Something about a case that raises its weight or changes its course; found in texts or raised by staff.
    Signal("signal") {
        /// Media have reported, or are likely to (M2.3b, M3.2, M6.1, M8.1).
        Media = "media",
        /// A regulator is involved (M3.2, M8.2).
        Regulator = "regulator",
        /// The customer says that they will go to the regulator (M3.2).
        RegulatorThreat = "regulator_threat",
        /// The customer doubts our evidence (M4.2).
        DoubtsEvidence = "doubts_evidence",
        /// Many parcels of one batch are affected (M2.3b).
        Group = "group",
    }

    /// A deadline that the suite keeps. A handbook rules each of them.
    DeadlineKind("deadline kind") {
        /// Registration to acknowledgement delivered (M2.3a).
        FirstResponse = "first_response",
        /// Registration to the customer told of the outcome, by law (X1).
        StatutoryAnswer = "statutory_answer",
        /// A regulator's appeal to its answer, where the appeal names no date (X4).
        RegulatorAnswer = "regulator_answer",
        /// Dispatch to task force formed (M3.3).
        TaskForce = "task_force",
        /// Dispatch to contact person named (M3.3).
        ContactPerson = "contact_person",
        /// Dispatch to progress told (M3.3).
        Progress = "progress",
        /// Triage to the investigation's deliverable (M4.3).
        Investigation = "investigation",
        /// Evidence asked of a department to evidence received (M4.1).
        EvidenceRequest = "evidence_request",
        /// Material asked of the customer to material received (M4.2).
        CustomerMaterial = "customer_material",
        /// Extension applied for to extension decided (M4.3).
        ExtensionDecision = "extension_decision",
        /// Approval asked for to approval decided (M6.1).
        Approval = "approval",
        /// Objection to adjusted offer (M5.3b).
        ObjectionReevaluation = "objection_reevaluation",
        /// Offer to the customer's answer.
        OfferResponse = "offer_response",
        /// Promise: acceptance to money arrived (M5.3a).
        PaymentPromise = "payment_promise",
        /// Promise: acceptance to goods, coupon or service provided (M5.3a).
        FulfilmentPromise = "fulfilment_promise",
        /// Promise: acceptance to apology made (M5.3a).
        ApologyPromise = "apology_promise",
        /// Promise: handed to finance to money arrived (M6.2).
        PaymentArrival = "payment_arrival",
        /// Promise: obstacle told to remedy carried out (M6.3).
        ObstacleDelay = "obstacle_delay",
        /// Closing to survey sent (M7.2).
        SurveySend = "survey_send",
        /// Survey sent to survey expired.
        SurveyExpiry = "survey_expiry",
        /// Low score to customer called back.
        FollowUp = "follow_up",
        /// End of the month to review published (M7.3).
        ReviewPublication = "review_publication",
        /// Plan to improvement completed (M7.3).
        Improvement = "improvement",
    }

    /// A message that the suite sends. A handbook words each of them.
    NoticeKey("notice") {
        /// To the customer: complaint received, investigation starts (M2.3a).
        Acknowledgement = "acknowledgement",
        /// To the customer: what is missing (M2.2).
        MissingDetails = "missing_details",
        /// To the customer: how far it is (M3.3, M4.3).
        Progress = "progress",
        /// To the customer: material is asked for (M4.2).
        MaterialRequest = "material_request",
        /// To the customer, before the extension is granted (M4.3).
        ExtensionNotice = "extension_notice",
        /// To the customer: what was found, where nothing is offered.
        Findings = "findings",
        /// To the customer: exactly what is done and by when (M5.3a).
        Offer = "offer",
        /// To the customer: the objection is recorded and evaluated (M5.3b).
        ObjectionReceived = "objection_received",
        /// To the customer: the written Notice of Complaint Handling 投诉处理告知书 (M5.3c).
        HandlingNotice = "handling_notice",
        /// To the customer: the payment is handed to finance (M6.2).
        PaymentAccepted = "payment_accepted",
        /// To the customer: a remedy is carried out.
        RemedyExecuted = "remedy_executed",
        /// To the customer: what is the matter, and the new time (M6.3).
        Obstacle = "obstacle",
        /// To the customer, before a promise breaks (X7).
        PromiseInDanger = "promise_in_danger",
        /// To the customer: the last word, and the way to the regulator (M7.1).
        FinalPosition = "final_position",
        /// To the customer: not taken as a complaint, and why.
        Refusal = "refusal",
        /// To the customer: the withdrawal is recorded.
        WithdrawalConfirmed = "withdrawal_confirmed",
        /// To the customer: the case is closed (M7.1).
        Closed = "closed",
        /// To the customer: the case is open again.
        Reopened = "reopened",
        /// To the customer: the satisfaction survey (M7.2).
        SurveyInvitation = "survey_invitation",
        /// To the customer: a low score is followed up.
        FollowUp = "follow_up",
        /// To staff: a deadline is in danger or missed.
        Escalation = "escalation",
        /// To staff: a risk was noticed at registration (M2.3b).
        RiskReport = "risk_report",
        /// To staff: a solution waits for approval (M6.1).
        ApprovalRequest = "approval_request",
        /// To staff: a department is asked for evidence (M4.1).
        EvidenceRequest = "evidence_request",
    }

    /// How a case is given to those who handle it (M3.3).
    DispatchMode("dispatch mode") {
        /// Two leads form a task force.
        TaskForce = "task_force",
        /// The responsible department names a contact person.
        ContactPerson = "contact_person",
        /// The front-line agent follows it.
        FrontLine = "front_line",
    }

    /// What complaints must share to be the same incident (M3.2).
    IncidentKey("incident key") {
        /// Batch of goods.
        Batch = "batch",
        /// Carrier line.
        Line = "line",
    }

    /// What an investigation must have delivered when its limit ends (M4.3).
    Deliverable("deliverable") {
        /// The investigation is concluded.
        Conclusion = "conclusion",
        /// A preliminary report is filed.
        PreliminaryReport = "preliminary_report",
        /// All core evidence is verified.
        CoreEvidence = "core_evidence",
        /// The customer has been told the progress.
        Progress = "progress",
    }

    /// Whether a complaint is right.
    Validity("validity") {
        /// It is.
        Founded = "founded",
        /// In part.
        PartlyFounded = "partly_founded",
        /// It is not.
        Unfounded = "unfounded",
        /// It is not, and was made in bad faith.
        Malicious = "malicious",
    }

    /// What is given to make a complaint good (M5.2).
    RemedyKind("remedy kind") {
        /// Part of the freight paid back.
        FreightReduction = "freight_reduction",
        /// All of the freight paid back.
        FreightWaiver = "freight_waiver",
        /// Cash.
        Cash = "cash",
        /// A coupon.
        Coupon = "coupon",
        /// The goods sent again.
        Resend = "resend",
        /// The parcel delivered before others.
        PriorityDelivery = "priority_delivery",
        /// An apology in person.
        Apology = "apology",
        /// A penalty inside the company.
        InternalPenalty = "internal_penalty",
        /// A VIP experience card.
        VipCard = "vip_card",
    }

    /// What the share of a remedy's amount is taken of.
    AmountBasis("amount basis") {
        /// The freight of the order.
        Freight = "freight",
        /// The value of the goods.
        GoodsValue = "goods_value",
        /// The insured value where insured, else the value of the goods.
        DeclaredValue = "declared_value",
        /// The money of the solution that this one upgrades.
        BaseSolution = "base_solution",
    }

    /// Who carries a remedy out.
    Executor("executor") {
        /// The payments system.
        Payments = "payments",
        /// The fulfilment system.
        Fulfilment = "fulfilment",
        /// A person, who confirms it.
        Staff = "staff",
    }

    /// How a remedy counts towards the total exposure (X10).
    Exposure("exposure") {
        /// With its amount.
        Amount = "amount",
        /// With the value of the goods.
        GoodsValue = "goods_value",
        /// Not at all.
        None = "none",
    }

    /// How a case ends (M7.1).
    ClosingBasis("closing basis") {
        /// The customer explicitly accepted the resolution.
        Accepted = "accepted",
        /// The customer explicitly stated no further demand.
        NoFurtherDemand = "no_further_demand",
        /// No agreement after the last round.
        FinalPosition = "final_position",
        /// Investigated and not right.
        Unfounded = "unfounded",
        /// Investigated and made in bad faith.
        Malicious = "malicious",
        /// Not taken as a complaint.
        Refused = "refused",
        /// Taken back by the customer.
        Withdrawn = "withdrawn",
        /// The customer stopped answering.
        Silent = "silent",
    }

    /// One thing that must hold before a case may be closed (M7.1, X12).
    GateCondition("gate condition") {
        /// The customer accepts or states no further demand, in their own words.
        Acceptance = "acceptance",
        /// Every remedy is carried out: money arrived, goods signed for.
        Execution = "execution",
        /// The evidence is archived and verified.
        Archive = "archive",
        /// The outcome (final position, refusal, findings) has reached the customer.
        Told = "told",
        /// The investigation has concluded with findings.
        Findings = "findings",
        /// The customer's withdrawal is recorded.
        Withdrawal = "withdrawal",
        /// No remedy is on its way or of unknown outcome.
        NothingOpen = "nothing_open",
    }
}

impl Language {
    /// The language that a BCP 47 tag such as `pt-BR` asks for, if there is one.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|language| {
            language.as_str().split('-').next().is_some_and(|known| known.eq_ignore_ascii_case(primary))
        })
    }
}
