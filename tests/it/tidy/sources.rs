//! Rules about source files.

use std::path::Path;

use super::{assert_tidy, files, own_files, read, root};

const LONGEST_FILE: usize = 600;

/// Words that may stand in no source file, and what to do instead. Written in two halves: this is a source file.
const BANNED: &[(&str, &str, &str)] = &[
    ("tod", "o!(", "do it, or leave it out"),
    ("unimplement", "ed!(", "do it, or leave it out"),
    ("#[igno", "re", "repair the test or delete it: nobody runs an ignored one"),
    ("TO", "DO", "do it, or open an issue and leave the comment out"),
    ("FIX", "ME", "repair it, or open an issue and leave the comment out"),
];

#[test]
fn no_file_is_too_long_to_read() {
    let mut findings = Vec::new();
    for file in own_files("rs") {
        let length = read(&file).lines().count();
        if length > LONGEST_FILE {
            findings.push(format!("{}: {length} lines", file.display()));
        }
    }
    assert_tidy(&format!("Split these files by subject, below {LONGEST_FILE} lines:"), &findings);
}

#[test]
fn nothing_is_left_undone() {
    let mut findings = Vec::new();
    for file in ["rs", "proto", "sql", "lua", "sh", "toml"].into_iter().flat_map(own_files) {
        for (number, line) in (1..).zip(read(&file).lines()) {
            for (head, tail, instead) in BANNED {
                if contains_word(line, &format!("{head}{tail}")) {
                    findings.push(format!("{}:{number}: {head}{tail}: {instead}", file.display()));
                }
            }
        }
    }
    assert_tidy("The repository promises what it holds:", &findings);
}

#[test]
fn no_test_sleeps() {
    let mut findings = Vec::new();
    // These rules speak of what they forbid.
    for file in own_files("rs").into_iter().filter(|file| !file.starts_with("tests/it/tidy")) {
        let is_test_file = file.iter().any(|part| part == "tests" || part == "tests.rs");
        let mut in_test = is_test_file;
        for (number, line) in (1..).zip(read(&file).lines()) {
            // In a source file the tests stand at the end.
            in_test |= line.trim_start().starts_with("#[cfg(test)]");
            if in_test && contains_word(line, "sleep(") {
                findings.push(format!("{}:{number}: {}", file.display(), line.trim()));
            }
        }
    }
    let what_to_do = "A sleep is too short on a slow machine and too long on every other. Wait for the thing itself \
                      (an answer, a row, a lock, the end of a process), or advance the virtual clock:";
    assert_tidy(what_to_do, &findings);
}

#[test]
fn no_file_knows_where_it_lies() {
    let here = root().to_str().unwrap();
    let mut findings = Vec::new();
    for file in files() {
        let bytes = std::fs::read(root().join(&file)).unwrap();
        for (number, line) in (1..).zip(String::from_utf8_lossy(&bytes).lines()) {
            if names_path(line, here) {
                findings.push(format!("{}:{number}", file.display()));
            }
        }
    }
    let what_to_do = "These lines name the directory of this checkout, which no other machine has. \
                      Use a path relative to the root:";
    assert_tidy(what_to_do, &findings);
}

/// Whether the line has this path, and not a longer one of which it is a part.
fn names_path(line: &str, path: &str) -> bool {
    // One directory below `/` is too short to tell.
    let telling = Path::new(path).components().count() > 2;
    telling
        && line.match_indices(path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + path.len()..].chars().next();
            let continues =
                |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
            !continues(before) && !continues(after)
        })
}

/// Whether the line has the word, and not as the end of a longer name: `pg_sleep(` is no `sleep(`.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn words_and_paths_are_told_apart() {
    assert!(contains_word("tokio::time::sleep(second)", "sleep("));
    assert!(!contains_word("SELECT pg_sleep(60)", "sleep("));
    assert!(names_path("see /home/ann/redress/README.md", "/home/ann/redress"));
    assert!(!names_path("see /home/ann/redress-old/README.md", "/home/ann/redress"));
    assert!(!names_path("see /src/lib.rs", "/src"));
}
