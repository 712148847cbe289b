//! What must hold between the chapters of a handbook. What one rule or one list can tell is checked where it is read.

use super::deadlines::DeadlineRule;
use super::investigation::Investigation;
use super::notices::{NoticeRule, SENDER_PLACEHOLDERS, check_placeholders, says};
use super::problem::Report;
use super::registration::Registration;
use super::resolution::Resolution;
use super::survey::Survey;
use super::tables::{ForEach, Placed};
use super::vocabulary::{Channel, DeadlineKind, NoticeKey, Priority};
use crate::{DeadlineBasis, Limit, Unit};

/// The chapters that could be read; one with a fault is not there, and is left out of the checks.
pub(crate) struct Chapters<'b> {
    pub(crate) deadlines: Option<&'b ForEach<DeadlineKind, DeadlineRule>>,
    pub(crate) registration: Option<&'b Registration>,
    pub(crate) investigation: Option<&'b Investigation>,
    pub(crate) resolution: Option<&'b Resolution>,
    pub(crate) survey: Option<&'b Survey>,
    pub(crate) notices: Option<&'b ForEach<NoticeKey, NoticeRule>>,
}

impl Chapters<'_> {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        if let Some(deadlines) = self.deadlines {
            self.check_limits(deadlines, report);
            self.check_promises(deadlines, report);
        }
        if let Some(registration) = self.registration {
            self.check_channels(registration, report);
        }
        if let Some(notices) = self.notices {
            self.check_notices(notices, report);
        }
    }

    /// No limit that must stay within the statutory one is longer than it (X1).
    fn check_limits(&self, deadlines: &ForEach<DeadlineKind, DeadlineRule>, report: &mut Report<'_>) {
        for (_, rule) in deadlines.iter() {
            if let Some(never_past) = rule.never_past {
                for priority in Priority::ALL {
                    let limit = Placed { value: *rule.limit.value.get(*priority), at: rule.limit.at };
                    check_within(deadlines, limit, never_past, report);
                }
            }
        }
        if let Some(investigation) = self.investigation {
            let extension = &investigation.extension;
            check_within(deadlines, extension.at_most, extension.never_past, report);
        }
    }

    /// What an offer promises is a promise.
    fn check_promises(&self, deadlines: &ForEach<DeadlineKind, DeadlineRule>, report: &mut Report<'_>) {
        let kinds = self.resolution.into_iter().flat_map(|resolution| resolution.kinds.iter());
        for promise in kinds.filter_map(|(_, kind)| kind.promise) {
            if deadlines.get(promise.value).basis.value != DeadlineBasis::Promise {
                let wrong = format!("the deadline `{}` is no promise", promise.value);
                report.add(promise.at, wrong, "a deadline with basis = \"promise\"");
            }
        }
    }

    /// Messages only go by channels that are offered.
    fn check_channels(&self, registration: &Registration, report: &mut Report<'_>) {
        let resolution = self.resolution.into_iter();
        let used: Vec<&Placed<Channel>> = resolution
            .flat_map(|resolution| {
                resolution.handling_notice.channels.iter().chain(&resolution.execution.channels)
            })
            .chain(self.survey.into_iter().flat_map(|survey| &survey.channels))
            .collect();
        for channel in used {
            if !registration.channels.iter().any(|offered| offered.id.value == channel.value) {
                let wrong = format!("the channel `{}` is not offered", channel.value);
                report.add(channel.at, wrong, "a channel of [[registration.channels]]");
            }
        }
    }

    /// Messages use the placeholders that there are, say what they must, and nothing mechanical (M2.3a).
    fn check_notices(&self, notices: &ForEach<NoticeKey, NoticeRule>, report: &mut Report<'_>) {
        for (key, rule) in notices.iter() {
            let known: Vec<&str> = key.placeholders().iter().chain(SENDER_PLACEHOLDERS).copied().collect();
            for (language, text) in rule.text.placed() {
                check_placeholders(text, &known, report);
                for words in rule.must_say.of(language).filter(|words| !text.value.contains(words)) {
                    let wrong = format!("the {language} text of `{key}` does not say `{words}`");
                    report.add(text.at, wrong, format!("a text that contains `{words}`"));
                }
                let phrases =
                    self.registration.into_iter().flat_map(|known| known.mechanical_phrases.of(language));
                let lower = text.value.to_lowercase();
                for phrase in phrases.filter(|phrase| key.is_for_customer() && says(&lower, phrase)) {
                    report.add(text.at, format!("the mechanical phrase `{phrase}`"), "words of empathy");
                }
            }
        }
    }
}

fn check_within(
    deadlines: &ForEach<DeadlineKind, DeadlineRule>,
    limit: Placed<Limit>,
    never_past: Placed<DeadlineKind>,
    report: &mut Report<'_>,
) {
    let statute = deadlines.get(never_past.value);
    if statute.basis.value != DeadlineBasis::Statute {
        let wrong = format!("the deadline `{}` is not statutory", never_past.value);
        report.add(never_past.at, wrong, "a deadline with basis = \"statute\"");
        return;
    }
    let shortest = Priority::ALL
        .iter()
        .map(|priority| *statute.limit.value.get(*priority))
        .min_by_key(|limit| least_minutes(*limit));
    if let Some(statutory) =
        shortest.filter(|statutory| least_minutes(limit.value) > least_minutes(*statutory))
    {
        let wrong =
            format!("`{}` is longer than the statutory {statutory} of `{}`", limit.value, never_past.value);
        report.add(limit.at, wrong, format!("at most {statutory}"));
    }
}

/// The least time that a limit can take; one in working time takes longer where days off lie between.
fn least_minutes(limit: Limit) -> u64 {
    let minutes = match limit.unit() {
        Unit::Minutes => 1,
        Unit::Hours | Unit::WorkingHours => 60,
        Unit::Days | Unit::WorkingDays => 24 * 60,
    };
    u64::from(limit.amount()) * minutes
}
