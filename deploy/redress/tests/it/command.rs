//! The command line as people call it: results, exit codes.

use std::process::{Command, Output};

use crate::suite::script;

pub(crate) fn redress(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redress"));
    let nowhere = std::env::temp_dir().join("redress-has-no-state");
    command.args(arguments).env("REDRESS_STATE", nowhere).env_remove("REDRESS_TOKEN").output().expect("runs")
}

pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_due_time_is_computed_and_explained() {
    let arguments =
        ["calendar", "due", "--calendar", "cn", "--from", "2026-02-13T10:00:00+08:00", "--limit", "3wd"];
    let output = redress(&arguments);
    assert_eq!((output.status.code(), told(&output).trim()), (Some(0), "2026-02-25T10:00:00+08:00"));
    let explained = redress(&[&arguments[..], &["--explain"]].concat());
    assert!(told(&explained).contains("make-up working day (春节)"), "{}", told(&explained));
}

#[test]
fn a_year_without_notice_is_an_error_that_says_so() {
    let output = redress(&["calendar", "due", "--from", "2026-12-30T10:00:00+08:00", "--limit", "8wd"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("has no notice for 2027"), "{}", told(&output));
}

#[test]
fn wrong_arguments_and_missing_services_have_their_own_codes() {
    for wrong in
        [&["calendar", "due", "--limit", "3xx"][..], &["ledger", "--token", "t", "--address", "intak=x"]]
    {
        assert_eq!(redress(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let nobody = redress(&["ledger", "--token", "t", "--address", "intake=http://127.0.0.1:9"]);
    assert_eq!(nobody.status.code(), Some(69), "{}", told(&nobody));
    assert_eq!(redress(&["token", "--role", "cs-agent"]).status.code(), Some(69));
}

#[test]
fn a_handbook_with_a_fault_is_told_with_its_place() {
    let directory = std::env::temp_dir().join(redress_testkit::unique("redress-handbook"));
    std::fs::create_dir(&directory).expect("a directory");
    let file = directory.join("bad.toml");
    std::fs::write(&file, "id = \"x\"\nversion = 7\n").expect("a file");
    let output = redress(&["handbook", "check", file.to_str().expect("a name")]);
    std::fs::remove_dir_all(&directory).expect("is removed");
    assert_eq!(output.status.code(), Some(1));
    assert!(told(&output).contains("bad.toml:2:11:"), "{}", told(&output));
    assert_eq!(redress(&["handbook", "show", "courier-manual"]).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn play_ends_with_1_when_a_script_does_not_hold() {
    // The servers of this process would not be known to the command; it takes those of the test run, or its own.
    let file = script("wrong_priority.toml");
    let output =
        tokio::task::spawn_blocking(move || redress(&["--json", "play", file.to_str().expect("a name")]))
            .await;
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("is JSON");
    assert_eq!((&report["failed"], &report["scripts"][0]["step"]), (&1.into(), &2.into()));
}
