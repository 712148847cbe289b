//! What a complaint is about (M3.1, X2, X3): from what was registered; where that says nothing, from its text.

use redress_domain::{
    RuleRef, Ruling,
    handbook::{Handbook, Language, Subtype},
};
use serde_json::json;

use super::{
    case::{Classification, Classifier, Reason, Suggestion},
    known::Known,
};

/// Matches kept for one sub-type: enough to see why, however long the text is.
const MATCHES_MAX: usize = 3;
/// Further sub-types kept, as many as the contract lets a caller state.
const FURTHER_MAX: usize = 16;

/// What the words of a text point to, the strongest first. `None` where they point to nothing.
pub fn read_text(book: &Handbook, language: &str, text: &str, text_ref: &str) -> Option<Suggestion> {
    let found = book.suggest_types(Language::of_tag(language), text);
    let first = found.first()?;
    let further = found.iter().skip(1).take(FURTHER_MAX).map(|found| found.subtype.id.to_string()).collect();
    let reasons = found
        .iter()
        .take(FURTHER_MAX + 1)
        .flat_map(|found| {
            found.matches.iter().take(MATCHES_MAX).map(|place| Reason {
                sub_type: found.subtype.id.to_string(),
                rule: found.subtype.rule_ref(),
                text_ref: text_ref.to_owned(),
                from: place.from,
                until: place.until,
            })
        })
        .collect();
    Some(Suggestion {
        category: first.subtype.category,
        primary: first.subtype.id.to_string(),
        further,
        reasons,
    })
}

/// Classifies a complaint by what was registered, else by its text, else as not classified.
pub fn classify(book: &Handbook, known: &Known, suggestion: Option<&Suggestion>) -> (Classification, Ruling) {
    let stated = book.subtype(&known.sub_type).or_else(|| {
        let problem = book.problem_type(known.problem_type?);
        book.subtype(problem.subtype.as_deref()?)
    });
    let read =
        suggestion.and_then(|suggestion| book.subtype(&suggestion.primary).map(|found| (found, suggestion)));
    let (primary, by, further) = match (stated, read) {
        (Some(stated), _) => (stated, Classifier::Registration, Vec::new()),
        (None, Some((found, suggestion))) => (found, Classifier::Text, suggestion.further.clone()),
        (None, None) => (book.unclassified(), Classifier::Registration, Vec::new()),
    };
    let further = known.further_sub_types.iter().cloned().chain(further);
    let classification = classification(book, primary, further, by);
    let ruling = ruling(&classification, primary.rule_ref(), known);
    (classification, ruling)
}

/// A classification whose further sub-types the handbook knows, each once and none of them the primary one.
pub fn classification(
    book: &Handbook,
    primary: &Subtype,
    further: impl IntoIterator<Item = String>,
    by: Classifier,
) -> Classification {
    let mut kept: Vec<String> = Vec::new();
    for sub_type in further {
        if sub_type != primary.id.as_str() && !kept.contains(&sub_type) && book.subtype(&sub_type).is_some() {
            kept.push(sub_type);
        }
    }
    kept.truncate(FURTHER_MAX);
    Classification { category: primary.category, primary: primary.id.to_string(), further: kept, by }
}

/// The record of a classification.
pub fn ruling(classification: &Classification, rule: RuleRef, known: &Known) -> Ruling {
    let facts = json!({
        "by": classification.by,
        "problem_type": known.problem_type,
        "sub_type": known.sub_type,
        "further": classification.further,
        "narrative_ref": known.narrative_ref,
    });
    Ruling::new("sub_type", rule, classification.primary.clone(), facts)
}

/// Whether a suggestion says more than the classification: another sub-type among its types.
pub fn says_more(suggestion: &Suggestion, classification: &Classification) -> bool {
    let known =
        |sub_type: &String| *sub_type == classification.primary || classification.further.contains(sub_type);
    !known(&suggestion.primary) || !suggestion.further.iter().all(known)
}

/// Whether the case was classified as suggested.
pub fn is_adopted(suggestion: &Suggestion, classification: &Classification) -> bool {
    suggestion.primary == classification.primary && classification.by != Classifier::Registration
}
