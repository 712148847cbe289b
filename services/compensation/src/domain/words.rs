//! Words for customers that are put together here: what is offered, and what stands in its way. Everything that a
//! handbook can word, it words.

use redress_domain::{
    Money, Timestamp,
    handbook::{Handbook, Language, RemedyKind},
};

use super::{
    Setting,
    context::Context,
    state::{ObstacleKind, Promise, Remedy, RemedyState, Resolution},
};

/// The words of an obstacle, where staff gave no own ones.
pub fn obstacle(obstacle: ObstacleKind, language: Language) -> &'static str {
    let words = match obstacle {
        ObstacleKind::FinanceDown => [
            "财务系统暂时故障",
            "our finance system being temporarily down",
            "falha temporária do nosso sistema financeiro",
        ],
        ObstacleKind::PaymentRefused => [
            "付款未能通过财务系统",
            "the payment not passing through our finance system",
            "pagamento recusado pelo nosso sistema financeiro",
        ],
        ObstacleKind::FulfilmentDown => [
            "履约系统暂时故障",
            "our fulfilment system being temporarily down",
            "falha temporária do nosso sistema de entregas",
        ],
        ObstacleKind::GoodsUnavailable => [
            "补发商品暂时缺货",
            "the goods being temporarily out of stock",
            "falta temporária da mercadoria em estoque",
        ],
        ObstacleKind::NotDeliverable => [
            "安排未能送达，正在重新安排",
            "a delivery that failed and is being arranged again",
            "uma entrega que falhou e está sendo refeita",
        ],
        ObstacleKind::Other => ["执行中遇到障碍", "an obstacle on our side", "um obstáculo do nosso lado"],
    };
    pick(words, language)
}

/// Why a final position is taken.
pub fn no_agreement(language: Language) -> &'static str {
    pick(
        [
            "经多轮协商未能达成一致",
            "no agreement was reached after all rounds of evaluation",
            "não houve acordo após todas as rodadas de avaliação",
        ],
        language,
    )
}

/// What is said where there is nothing to say.
pub const NOTHING: &str = "—";

fn pick(words: [&'static str; 3], language: Language) -> &'static str {
    let [chinese, english, portuguese] = words;
    match language {
        Language::ZhCn => chinese,
        Language::En => english,
        Language::Pt => portuguese,
    }
}

/// The customer's language.
pub fn language(book: &Handbook, context: &Context) -> Language {
    book.language_of(&context.facts.case.language)
}

/// A local time in words.
pub fn time(setting: &Setting<'_>, at: Timestamp, language: Language) -> String {
    setting.book.wording.date_time(setting.calendar.local(at), language)
}

/// An amount in words.
pub fn money(book: &Handbook, amount: Money, language: Language) -> String {
    book.wording.money(amount, language)
}

/// What a kind of remedy is called.
pub fn kind(book: &Handbook, kind: RemedyKind, language: Language) -> String {
    book.remedy_kind(kind).0.name.get(language).to_owned()
}

/// A remedy as the offer says it: exactly what, and by when (M5.3a). None for what the customer is not told.
fn offered(
    setting: &Setting<'_>,
    remedy: &Remedy,
    promise: Option<&Promise>,
    language: Language,
) -> Option<String> {
    let (rule, _) = setting.book.remedy_kind(remedy.kind);
    let mut text = rule.offer.as_ref()?.get(language).to_owned();
    if let Some(amount) = remedy.amount {
        text = text.replace("{amount}", &money(setting.book, amount, language));
    }
    if let Some(promise) = promise {
        let within = promise.limit.parse().map(|limit| setting.book.wording.limit(limit, language));
        text = text.replace("{within}", within.as_deref().unwrap_or(&promise.limit));
        text = text.replace("{due}", &time(setting, promise.due_at, language));
    }
    Some(text)
}

/// The whole solution as the customer is told it.
pub fn solution(setting: &Setting<'_>, resolution: &Resolution, language: Language) -> String {
    let remedies = resolution.remedies().iter().filter(|remedy| remedy.state != RemedyState::Cancelled);
    let parts: Vec<String> =
        remedies.filter_map(|remedy| offered(setting, remedy, remedy.promise.as_ref(), language)).collect();
    if parts.is_empty() {
        return NOTHING.to_owned();
    }
    parts.join(if language == Language::ZhCn { "；" } else { "; " })
}

/// A remedy that is carried out, as the customer is told it.
pub fn done(book: &Handbook, remedy: &Remedy, language: Language) -> String {
    let name = kind(book, remedy.kind, language);
    match remedy.amount.filter(|_| remedy.kind != RemedyKind::Resend) {
        Some(amount) => format!("{name} {}", money(book, amount, language)),
        None => name,
    }
}
