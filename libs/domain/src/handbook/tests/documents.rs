//! The document for handbook authors tells all that there is.

use std::collections::BTreeSet;

use super::*;

const DOCUMENT: &str = include_str!("../../../../../deploy/handbooks/README.md");

/// Everything that the document shows as code.
fn code() -> BTreeSet<&'static str> {
    let mut code = BTreeSet::new();
    for (index, part) in DOCUMENT.split('`').enumerate() {
        if index % 2 == 1 {
            code.insert(part);
            code.extend(part.split(|c: char| !(c.is_alphanumeric() || "_-.".contains(c))));
            code.extend(part.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c))));
        }
    }
    code
}

#[test]
fn it_names_every_key() {
    let code = code();
    let missing: Vec<&str> = Handbook::keys().into_iter().filter(|key| !code.contains(key)).collect();
    assert!(missing.is_empty(), "not in deploy/handbooks/README.md: {missing:?}");
}

#[test]
fn it_names_every_fact() {
    let code = code();
    let facts = fact_table().into_iter().map(|fact| format!("{}.{}", fact.group, fact.name));
    let missing: Vec<String> = facts.filter(|fact| !code.contains(fact.as_str())).collect();
    assert!(missing.is_empty(), "not in deploy/handbooks/README.md: {missing:?}");
}

#[test]
fn it_names_every_word() {
    let code = code();
    let lists: [&[&str]; 15] = [
        Priority::WORDS,
        Role::WORDS,
        Language::WORDS,
        Channel::WORDS,
        ChannelKind::WORDS,
        Field::WORDS,
        Signal::WORDS,
        Deliverable::WORDS,
        RemedyKind::WORDS,
        AmountBasis::WORDS,
        Executor::WORDS,
        Exposure::WORDS,
        ClosingBasis::WORDS,
        GateCondition::WORDS,
        Validity::WORDS,
    ];
    let words =
        lists.into_iter().flatten().chain(<crate::DeadlineBasis as Word>::WORDS).chain(DispatchMode::WORDS);
    let missing: Vec<&&str> = words.filter(|word| !code.contains(**word)).collect();
    assert!(missing.is_empty(), "not in deploy/handbooks/README.md: {missing:?}");
}

#[test]
fn it_names_every_placeholder() {
    let code = code();
    let known = NoticeKey::ALL.iter().flat_map(|key| key.placeholders());
    let known = known.chain(notices::SENDER_PLACEHOLDERS);
    let missing: BTreeSet<&&str> = known.filter(|placeholder| !code.contains(**placeholder)).collect();
    assert!(missing.is_empty(), "not in deploy/handbooks/README.md: {missing:?}");
}

#[test]
fn its_table_of_facts_is_the_real_one() {
    for fact in fact_table().into_iter().filter(|fact| fact.group != "signals") {
        let row = format!("| `{}.{}` | {} | {} |", fact.group, fact.name, fact.fact_type, fact.meaning);
        assert!(DOCUMENT.contains(&row), "deploy/handbooks/README.md lacks the row\n{row}");
    }
}
