//! Which rules are in force where.

use redress_proto::intake::v1::{
    ActivateHandbookRequest, GetCaseRequest, GetHandbookRequest, HandbookActivated,
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::served::{Served, deploy, reason};

fn activation(handbook_toml: String, dry_run: bool) -> ActivateHandbookRequest {
    ActivateHandbookRequest {
        handbook_file: "draft.toml".into(),
        handbook_toml,
        calendar_file: "cn.toml".into(),
        calendar_toml: deploy("calendars/cn.toml"),
        regions: vec!["CN".into()],
        dry_run,
        ..ActivateHandbookRequest::default()
    }
}

#[tokio::test]
async fn a_bad_handbook_is_refused_with_every_fault_and_the_active_one_stays() {
    let served = Served::new().await;
    let mut client = served.client("admin");
    let text = deploy("handbooks/courier-manual/2026.1.toml");
    let broken = text
        .replacen("warn_audience = \"cs-agent\"", "warn_audience = \"cs-agnet\"", 1)
        .replacen("signals.media", "signals.medai", 1)
        .replacen("above_minor = 200000", "above_minor = 500000", 1);
    let status = client.activate_handbook(activation(broken, false)).await.expect_err("faulty");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "HANDBOOK_INVALID"));
    let violations = status.get_details_bad_request().expect("violations").field_violations;
    assert!(violations.len() >= 3, "{violations:?}");
    let gap = "gap: amounts above 200000 up to 500000 have no rung";
    assert!(violations.iter().any(|violation| violation.description.starts_with(gap)), "{violations:?}");
    for violation in &violations {
        let place: Vec<&str> = violation.field.split(':').collect();
        assert_eq!(place[0], "draft.toml");
        assert!(place[1].parse::<u32>().is_ok() && place[2].parse::<u32>().is_ok(), "{}", violation.field);
        assert!(violation.description.contains("expected"), "{}", violation.description);
    }
    // The same version with another text.
    let changed = text.replacen("id = \"courier-manual\"", "id = \"courier-manual\"  # changed", 1);
    let status = client.activate_handbook(activation(changed.clone(), false)).await.expect_err("taken");
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "HANDBOOK_VERSION_TAKEN"));
    let active = client
        .get_handbook(GetHandbookRequest { region: "CN".into(), ..GetHandbookRequest::default() })
        .await
        .expect("active")
        .into_inner();
    assert_eq!(active.handbook_toml, text);
    assert_eq!(active.regions, ["CN"]);

    let (running, _) = served.registered("SF0").await;
    let next = changed.replacen("version = \"2026.1\"", "version = \"2026.2\"", 1);
    let checked = client.activate_handbook(activation(next.clone(), true)).await.expect("good").into_inner();
    assert_eq!(served.logged::<HandbookActivated>().await.len(), 1, "a dry run activates nothing");
    let activated = client.activate_handbook(activation(next, false)).await.expect("good").into_inner();
    assert_eq!(activated, checked);
    assert_eq!(activated.replaced[0].policy.clone().expect("one").handbook_version, "2026.1");
    // The clock stands still, and yet the later activation is in force.
    let (case, _) = served.registered("SF1").await;
    assert_eq!(case.policy.expect("a policy").handbook_version, "2026.2");
    // A running case keeps the rules that it was registered under (M9).
    let request = GetCaseRequest { case_id: running.case_id, ..GetCaseRequest::default() };
    let running = served.client("cs-agent").get_case(request).await.expect("found").into_inner().case;
    assert_eq!(running.and_then(|case| case.policy).expect("a policy").handbook_version, "2026.1");
    let unknown = GetHandbookRequest { region: "BR".into(), ..GetHandbookRequest::default() };
    assert_eq!(reason(&client.get_handbook(unknown).await.expect_err("none")), "HANDBOOK_NOT_FOUND");
}
