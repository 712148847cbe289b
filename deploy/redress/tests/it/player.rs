//! Case scripts that pass, and what is told of those that do not.

use redress::play::{ScriptFailure, StepProblem, run_script};

use crate::suite::{environment, script};

#[tokio::test(flavor = "multi_thread")]
async fn a_script_with_every_form_of_step_passes() {
    let mut environment = environment().await;
    let report = run_script(&script("every_form.toml"), &mut environment).await;
    let report = report.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(report.steps > 10 && report.calls < report.steps);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_expectation_tells_step_line_and_difference() {
    let mut environment = environment().await;
    let failure =
        run_script(&script("wrong_priority.toml"), &mut environment).await.expect_err("does not hold");
    let ScriptFailure::Step { place, problem } = &*failure else { panic!("{failure}") };
    assert_eq!((place.step, place.line), (2, 13));
    let StepProblem::Unexpected { mismatches, .. } = &**problem else { panic!("{failure}") };
    assert_eq!(mismatches[0].path, "triage.priority");
    let text = failure.to_string();
    for part in
        ["wrong_priority.toml:13: step 2", "expected \"PRIORITY_URGENT\"", "but it is \"PRIORITY_GENERAL\""]
    {
        assert!(text.contains(part), "missing: {part}\n{text}");
    }
}
