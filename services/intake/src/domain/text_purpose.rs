//! Which stored text may be read for what.

use redress_domain::Rejection;
use redress_proto::intake::v1::{ReadPurpose, TextPurpose};

/// Refuses a purpose that does not fit the text or the reader. Accounts are read to pay and for nothing else, nothing
/// else is read to pay, and who supervises reads to supervise.
///
/// # Errors
/// `PURPOSE_NOT_ALLOWED`.
pub fn check(text: TextPurpose, purpose: ReadPurpose, supervises: bool) -> Result<(), Rejection> {
    let fits = match purpose {
        ReadPurpose::Unspecified => false,
        ReadPurpose::Pay => text == TextPurpose::PayeeAccount,
        ReadPurpose::Classify => {
            matches!(text, TextPurpose::Narrative | TextPurpose::Message | TextPurpose::Objection)
        }
        ReadPurpose::Show => text != TextPurpose::PayeeAccount,
        ReadPurpose::Supervise => text != TextPurpose::PayeeAccount || supervises,
    };
    if fits && supervises == (purpose == ReadPurpose::Supervise) {
        return Ok(());
    }
    Err(Rejection::denied(
        "PURPOSE_NOT_ALLOWED",
        format!("a text of purpose `{}` may not be read for `{}`", text.as_str_name(), purpose.as_str_name()),
    )
    .with("text_purpose", text.as_str_name())
    .with("purpose", purpose.as_str_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_to_pay_only_and_supervision_only_supervises() {
        use ReadPurpose::{Classify, Pay, Show, Supervise};
        use TextPurpose::{Narrative, PayeeAccount, SurveyAnswer};
        for (text, purpose, supervises, allowed) in [
            (Narrative, Classify, false, true),
            (Narrative, Show, false, true),
            (Narrative, Pay, false, false),
            (Narrative, Supervise, false, false),
            (Narrative, Supervise, true, true),
            (Narrative, Show, true, false),
            (SurveyAnswer, Classify, false, false),
            (PayeeAccount, Pay, false, true),
            (PayeeAccount, Show, false, false),
            (PayeeAccount, Pay, true, false),
        ] {
            assert_eq!(
                check(text, purpose, supervises).is_ok(),
                allowed,
                "{text:?} {purpose:?} {supervises}"
            );
        }
    }
}
