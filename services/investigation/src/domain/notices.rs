//! What investigation asks intake to tell people.

use std::collections::BTreeMap;

use redress_domain::handbook::{Language, NoticeKey, Role};
use redress_proto::types::v1 as types;

use super::{Draft, Setting, case::Case, tell, words};

/// The values of a notice's placeholders.
#[derive(Debug, Default)]
pub(crate) struct Values {
    parameters: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
}

impl Values {
    /// With a value that is no personal data.
    pub(crate) fn with(mut self, name: &str, value: String) -> Self {
        self.parameters.insert(name.to_owned(), value);
        self
    }

    /// With a stored text.
    pub(crate) fn with_text(mut self, name: &str, text_ref: &str) -> Self {
        self.texts.insert(name.to_owned(), text_ref.to_owned());
        self
    }
}

/// Asks for a notice to the customer, under a key that is unique in this service.
pub(crate) fn to_customer(
    decision: &mut Draft,
    key: &str,
    notice: NoticeKey,
    values: Values,
    setting: &Setting<'_>,
) {
    let audience = types::Audience { customer: true, ..types::Audience::default() };
    ask(decision, key, notice, audience, values, setting);
}

/// Asks for a notice to the staff of a department.
pub(crate) fn to_department(
    decision: &mut Draft,
    key: &str,
    notice: NoticeKey,
    department: &str,
    values: Values,
    setting: &Setting<'_>,
) {
    let roles = [Role::DepartmentStaff, Role::DepartmentManager];
    let audience = types::Audience {
        roles: roles.map(|role| types::Role::from(role).into()).to_vec(),
        department: department.to_owned(),
        ..types::Audience::default()
    };
    ask(decision, key, notice, audience, values, setting);
}

fn ask(
    decision: &mut Draft,
    key: &str,
    notice: NoticeKey,
    audience: types::Audience,
    values: Values,
    setting: &Setting<'_>,
) {
    let event = types::NoticeRequested {
        notice_key: key.to_owned(),
        notice: notice.as_str().to_owned(),
        audience: Some(audience),
        parameters: values.parameters,
        text_parameters: values.texts,
        rule: Some(words::rule(&setting.book.notice(notice).rule_ref())),
        ..types::NoticeRequested::default()
    };
    tell(decision, &event);
}

/// The language in which the customer is written to.
pub(crate) fn customer_language(case: &Case, setting: &Setting<'_>) -> Language {
    setting.book.language_of(&case.known.language)
}

/// What is wanted for these items, in the words of the handbook, and `further` words after them.
pub fn materials(item_ids: &[String], further: &str, language: Language, setting: &Setting<'_>) -> String {
    let items = item_ids.iter().filter_map(|id| setting.book.checklist_item(id));
    let mut wanted: Vec<&str> = items.map(|item| item.instruction.get(language)).collect();
    if !further.is_empty() {
        wanted.push(further);
    }
    wanted.join(if language == Language::ZhCn { "；" } else { "; " })
}
