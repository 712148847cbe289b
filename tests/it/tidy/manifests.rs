//! Rules about manifests and owners.

use std::path::Path;

use super::{assert_tidy, own_files, read};

#[test]
fn every_crate_inherits_the_lints() {
    let manifests = own_files("toml").into_iter().filter(|file| file.ends_with("Cargo.toml"));
    let findings: Vec<String> = manifests
        .filter(|file| file != Path::new("Cargo.toml"))
        .filter(|file| !read(file).replace(' ', "").contains("[lints]\nworkspace=true"))
        .map(|file| file.display().to_string())
        .collect();
    assert_tidy("Write `[lints]` and below it `workspace = true` into these manifests:", &findings);
}

#[test]
fn every_dependency_comes_from_crates_io() {
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let lock = read(Path::new("Cargo.lock"));
    let findings: Vec<String> = lock
        .lines()
        .filter(|line| line.starts_with("source = ") && *line != registry)
        .map(str::to_owned)
        .collect();
    let what_to_do = "Cargo.lock names other sources than crates.io, which not everyone can reach. Build without \
                      registry settings of your own, and take published versions:";
    assert_tidy(what_to_do, &findings);
}

#[test]
fn every_service_has_its_owner() {
    let owners = read(Path::new("CODEOWNERS"));
    let folders = own_files("toml").into_iter().filter(|file| file.starts_with("services"));
    let mut findings = Vec::new();
    for folder in folders.filter(|file| file.ends_with("Cargo.toml") && file.iter().count() == 3) {
        let service = folder.iter().nth(1).unwrap().to_string_lossy().into_owned();
        for path in [format!("/services/{service}/"), format!("/proto/redress/{service}/")] {
            if !owners.lines().any(|line| line.split_whitespace().next() == Some(&path)) {
                findings.push(path);
            }
        }
    }
    assert_tidy("Name the team of these folders in CODEOWNERS:", &findings);
}
