//! Rules about files that are read without the code around them: SQL, Lua, error reasons.

use super::{assert_tidy, own_files, read};

#[test]
fn every_statement_and_script_begins_with_a_comment() {
    let mut findings = Vec::new();
    for file in ["sql", "lua"].into_iter().flat_map(own_files) {
        let text = read(&file);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if first.trim_start_matches('-').trim().is_empty() || !first.starts_with("--") {
            findings.push(file.display().to_string());
        }
    }
    let what_to_do = "Begin these files with a `--` comment: what it does, its parameters, the locks it takes; \
                      for a migration, what it adds and why:";
    assert_tidy(what_to_do, &findings);
}

#[test]
fn every_error_reason_is_explained() {
    let mut findings = Vec::new();
    let mut reasons = 0;
    for file in own_files("proto") {
        let mut in_enum = false;
        let mut previous = String::new();
        for (number, line) in (1..).zip(read(&file).lines().map(str::trim)) {
            if line.starts_with("enum ") {
                in_enum = line.contains("ErrorReason");
            } else if line.starts_with('}') {
                in_enum = false;
            } else if in_enum
                && line.contains("ERROR_REASON_")
                && line.contains('=')
                && !line.starts_with("//")
            {
                reasons += 1;
                if !previous.starts_with("//") {
                    findings.push(format!("{}:{number}: {line}", file.display()));
                }
            }
            line.clone_into(&mut previous);
        }
    }
    assert!(reasons > 0, "the contract has error reasons: has their enum another name than …ErrorReason?");
    let what_to_do = "Write a comment above these error reasons: the status code, when it happens, and what the \
                      caller can do:";
    assert_tidy(what_to_do, &findings);
}
