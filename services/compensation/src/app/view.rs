//! A resolution as callers see it.

use redress_chassis::{Loaded, Policy, Result, Unit};
use redress_domain::handbook::{Handbook, Language, RemedyKind, Text};
use redress_proto::{compensation::v1 as pb, time_to_wire, types::v1 as types};

use crate::domain::state::Resolution;

/// As just saved.
pub(crate) async fn saved(unit: &Unit, loaded: &Loaded<Resolution>) -> Result<pb::Resolution> {
    Ok(view(loaded, &unit.policy(loaded).await?))
}

/// With the names of its handbook, and without the words of its texts.
pub(crate) fn view(loaded: &Loaded<Resolution>, policy: &Policy) -> pb::Resolution {
    let row = loaded.row();
    let mut view = loaded.state.wire(row.id, &row.region);
    view.etag = loaded.etag();
    view.policy = Some(types::Policy {
        handbook_id: policy.handbook.id.clone(),
        handbook_version: policy.handbook.version.clone(),
        handbook_hash: policy.handbook_hash.clone(),
        calendar_id: policy.handbook.calendar.clone(),
        calendar_hash: policy.calendar_hash.clone(),
    });
    view.create_time = Some(time_to_wire(row.created_at));
    view.update_time = Some(time_to_wire(row.updated_at));
    for (shown, remedy) in view.remedies.iter_mut().zip(loaded.state.remedies()) {
        shown.text = Some(name(&policy.handbook, remedy.kind));
    }
    view
}

fn name(book: &Handbook, kind: RemedyKind) -> types::LocalizedText {
    localized(&book.remedy_kind(kind).0.name)
}

/// A text of the handbook in the contract's languages.
pub(crate) fn localized(text: &Text) -> types::LocalizedText {
    types::LocalizedText { zh_cn: text.get(Language::ZhCn).to_owned(), en: text.get(Language::En).to_owned() }
}
