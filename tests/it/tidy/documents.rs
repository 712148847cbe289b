//! Rules about documents.

use std::path::Path;

use super::{assert_tidy, own_files, read, root};

/// The targets of `[text](target)` outside code, with their line numbers.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Every second piece between backticks is code.
        for prose in line.split('`').step_by(2) {
            for piece in prose.split("](").skip(1) {
                let target = piece.split([')', ' ']).next().unwrap_or_default();
                links.push((number, target.to_owned()));
            }
        }
    }
    links
}

/// Whether the target is a place in this repository and not an address or a heading of the same page.
fn is_relative(target: &str) -> bool {
    !target.contains("://")
        && !target.starts_with("mailto:")
        && !target.starts_with('#')
        && !target.is_empty()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut findings = Vec::new();
    for file in own_files("md") {
        let directory = file.parent().unwrap_or(Path::new(""));
        for (number, target) in links(&read(&file)).into_iter().filter(|(_, target)| is_relative(target)) {
            let path = target.split('#').next().unwrap_or_default();
            if !root().join(directory).join(path).exists() {
                findings.push(format!("{}:{number}: {target}", file.display()));
            }
        }
    }
    assert_tidy("These links lead nowhere; they are relative to the file they stand in:", &findings);
}

#[test]
fn links_are_found_in_prose_only() {
    let text = "[a](one.md) and [`b`](two.md#part)\n```\n[c](three.md)\n```\n`[d](four.md)` [e](https://example.org)";
    let found: Vec<String> = links(text).into_iter().map(|(_, target)| target).collect();
    assert_eq!(found, ["one.md", "two.md#part", "https://example.org"]);
    assert!(!is_relative("https://example.org") && !is_relative("#part") && is_relative("two.md#part"));
}
