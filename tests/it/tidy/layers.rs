//! Dependencies point one way: services → libs → libs/domain; and what is called pure is pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{assert_tidy, own_files, read, root};

/// What each library may depend on, itself aside. `testkit` is for everyone's tests and not listed.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("libs/domain", &[]),
    ("libs/testkit", &[]),
    ("libs/proto", &["libs/domain"]),
    ("libs/storage", &["libs/domain", "libs/proto"]),
    ("libs/connectors", &["libs/domain", "libs/proto"]),
    ("libs/deadlines", &["libs/domain", "libs/proto", "libs/storage"]),
    ("libs/chassis", &["libs/domain", "libs/proto", "libs/storage", "libs/deadlines", "libs/connectors"]),
];

/// Crates that do I/O, or that make a function wait.
const IMPURE_CRATES: &[&str] = &[
    "async-trait",
    "futures",
    "hyper",
    "redis",
    "reqwest",
    "sea-orm",
    "sqlx",
    "sqlx-core",
    "tokio",
    "tonic",
    "tower",
];

/// What gives away in a source file of a service's domain that it is not pure.
const IMPURE_WORDS: &[&str] = &[
    "async fn",
    "async move",
    ".await",
    "async_trait",
    "futures::",
    "tokio::",
    "tonic::",
    "sea_orm::",
    "sqlx::",
    "redis::",
    "redress_storage",
    "redress_deadlines",
    "redress_connectors",
    "redress_chassis",
    "crate::app",
    "crate::grpc",
    "crate::store",
    "std::fs",
    "std::net",
    "SystemTime",
    "SystemClock",
    "RandomIds",
];

/// What `cargo metadata` says of this machine's build.
fn metadata() -> Value {
    let version = output("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let cargo = std::env::var("CARGO").unwrap();
    serde_json::from_str(&output(&cargo, &["metadata", "--format-version=1", "--filter-platform", host]))
        .unwrap()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A package of the workspace by its directory, with the directories of those it depends on.
struct Member {
    directory: String,
    normal: BTreeSet<String>,
    dev: BTreeSet<String>,
}

fn members(metadata: &Value) -> Vec<Member> {
    let relative =
        |path: &str| Path::new(path).strip_prefix(root()).ok().map(|path| path.display().to_string());
    let packages = metadata["packages"].as_array().unwrap();
    let mut members = Vec::new();
    for package in packages.iter().filter(|package| package["source"].is_null()) {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let mut member = Member {
            directory: relative(manifest.parent().unwrap().to_str().unwrap()).unwrap(),
            normal: BTreeSet::new(),
            dev: BTreeSet::new(),
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(directory) = dependency["path"].as_str().and_then(relative) else { continue };
            let kind = if dependency["kind"] == "dev" { &mut member.dev } else { &mut member.normal };
            kind.insert(directory);
        }
        members.push(member);
    }
    assert!(members.len() > LIBRARIES.len(), "cargo metadata shows the workspace");
    members
}

/// Why `directory` may not depend on `other`, if it may not.
fn objection(directory: &str, other: &str, dev: bool) -> Option<&'static str> {
    let everything = directory == "deploy/redress" || directory == "tests";
    match other {
        "libs/testkit" if dev || directory.starts_with("deploy/") || everything => None,
        "libs/testkit" => Some("testkit is for tests and for deploy/: make it a dev-dependency"),
        _ if everything => None,
        _ if other.starts_with("services/") => Some(
            "only deploy/redress and tests see services: ask by RPC, or keep what you need from its events",
        ),
        _ if directory.starts_with("services/") && other.starts_with("libs/") => None,
        _ if directory.starts_with("libs/") => {
            let allowed = LIBRARIES.iter().find(|(library, _)| *library == directory);
            match allowed {
                Some((_, allowed)) if allowed.contains(&other) => None,
                Some(_) => Some("libraries point one way: move what you need to the lower one"),
                None => Some("a new library: say in tests/it/tidy/layers.rs what it may depend on"),
            }
        }
        _ => Some("nothing depends on this: move what is shared to a library"),
    }
}

#[test]
fn dependencies_point_one_way() {
    let mut findings = Vec::new();
    for member in members(&metadata()) {
        for (others, dev) in [(&member.normal, false), (&member.dev, true)] {
            for other in others {
                if let Some(objection) = objection(&member.directory, other, dev) {
                    findings.push(format!("{}/Cargo.toml: {other}: {objection}", member.directory));
                }
            }
        }
    }
    assert_tidy("Remove these dependencies (ARCHITECTURE.md says which way they point):", &findings);
}

#[test]
fn the_domain_library_is_pure() {
    let metadata = metadata();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeMap<&str, &str> =
        packages.iter().map(|p| (p["id"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    let domain = names.iter().find(|(_, name)| **name == "redress-domain").unwrap().0;

    // Every package that is built into it, with the one that brings it.
    let mut brought_by = BTreeMap::from([(*domain, *domain)]);
    let mut open = vec![*domain];
    while let Some(package) = open.pop() {
        for dependency in nodes[package]["deps"].as_array().unwrap() {
            let normal =
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
            let id = dependency["pkg"].as_str().unwrap();
            if normal && !brought_by.contains_key(id) {
                brought_by.insert(id, package);
                open.push(id);
            }
        }
    }
    let findings: Vec<String> = brought_by
        .iter()
        .filter(|(id, _)| IMPURE_CRATES.contains(&names[*id]))
        .map(|(id, by)| format!("{}, brought by {}", names[id], names[by]))
        .collect();
    assert_tidy("libs/domain decides and performs nothing: do without these crates there:", &findings);
}

#[test]
fn the_domain_of_a_service_is_pure() {
    let is_domain = |file: &Path| {
        let parts: Vec<_> = file.iter().map(|part| part.to_string_lossy()).collect();
        matches!(parts.as_slice(), [services, _, src, domain, ..]
            if services == "services" && src == "src" && (domain == "domain" || domain == "domain.rs"))
    };
    let mut findings = Vec::new();
    for file in own_files("rs").into_iter().filter(|file| is_domain(file)) {
        for (number, line) in (1..).zip(read(&file).lines()) {
            let code = line.split("//").next().unwrap_or_default();
            for word in IMPURE_WORDS.iter().filter(|word| code.contains(**word)) {
                findings.push(format!("{}:{number}: {word}", file.display()));
            }
        }
    }
    let what_to_do = "src/domain is a function from state, command, handbook and time to a decision. \
                      Move what waits, reads or writes to src/app or src/store, and hand in what it needs:";
    assert_tidy(what_to_do, &findings);
}
