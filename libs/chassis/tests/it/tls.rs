//! Services show each other certificates; others come over TLS with a token alone.

use std::{collections::BTreeMap, sync::Arc};

use redress_chassis::{Peers, tls::Tls};
use redress_proto::eventlog::v1::{GetHeadsRequest, event_log_service_client::EventLogServiceClient};
use redress_testkit::certificates::Authority;
use tonic::{Code, Request, Status, transport::Endpoint};
use tonic_types::StatusExt as _;

use crate::toy::{First, World};

/// What a service has on its disk.
fn tls(authority: &Authority, of: &Authority, service: &str) -> Tls {
    let own = of.certify(service).expect("certified");
    Tls::from_pem(&own.certificate, &own.key, authority.certificate())
}

/// Asks intake as the service `triage`.
async fn ask(world: &World, tls: Option<&Tls>, address: &str) -> Result<(), Status> {
    let addresses = BTreeMap::from([("intake".to_owned(), address.to_owned())]);
    let peers = Peers::new("triage", &addresses, world.issuer.clone(), tls).expect("channels");
    let channel = peers.get("intake").expect("named").channel();
    EventLogServiceClient::new(channel).get_heads(GetHeadsRequest {}).await.map(drop)
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

#[tokio::test]
async fn a_service_is_heard_with_its_own_certificate_only() {
    let (ours, others) = (Authority::new().expect("made"), Authority::new().expect("made"));
    let mut world = World::new().await;
    world.tls = Some(tls(&ours, &ours, "intake"));
    let address = world.addresses["intake"].replace("http://", "https://");
    let _first = world.toy::<First>().await;

    ask(&world, Some(&tls(&ours, &ours, "triage")), &address).await.expect("its own certificate");

    let borrowed = ask(&world, Some(&tls(&ours, &ours, "survey")), &address).await.expect_err("another's");
    assert_eq!((borrowed.code(), reason(&borrowed).as_str()), (Code::Unauthenticated, "INVALID_TOKEN"));

    let foreign = ask(&world, Some(&tls(&ours, &others, "triage")), &address).await;
    let mistrusting = ask(&world, Some(&tls(&others, &others, "triage")), &address).await;
    let clear = ask(&world, None, &world.addresses["intake"]).await;
    for (case, answer) in [("foreign", foreign), ("mistrusting", mistrusting), ("clear", clear)] {
        let status = answer.expect_err(case);
        // The connection ends before anybody looks at the call; how the transport words that depends on when.
        let broken = matches!(status.code(), Code::Unavailable | Code::Unknown);
        assert!(broken && reason(&status).is_empty(), "{case}: {status:?}");
    }
}

#[tokio::test]
async fn people_and_systems_need_a_token_alone() {
    let ours = Authority::new().expect("made");
    let mut world = World::new().await;
    world.tls = Some(tls(&ours, &ours, "intake"));
    let address = world.addresses["intake"].replace("http://", "https://");
    let _first = world.toy::<First>().await;
    let trust = tonic::transport::ClientTlsConfig::new()
        .ca_certificate(tonic::transport::Certificate::from_pem(ours.certificate()));
    let endpoint = Endpoint::from_shared(address).expect("a URL").tls_config(trust).expect("certificates");
    let mut client = EventLogServiceClient::new(endpoint.connect().await.expect("connects"));
    let asking = |role: &str, issuer: &Arc<redress_chassis::Issuer>| {
        let mut caller = World::caller(role);
        if role == "service" {
            "triage".clone_into(&mut caller.subject);
        }
        let hour = chrono::Duration::hours(1);
        let now = redress_domain::Clock::now(&redress_domain::SystemClock);
        let token = issuer.issue(&caller, now, hour).expect("signed");
        let mut request = Request::new(GetHeadsRequest {});
        let bearer = format!("Bearer {token}").parse().expect("ASCII");
        request.metadata_mut().insert("authorization", bearer);
        request
    };
    client.get_heads(asking("supervision", &world.issuer)).await.expect("a token is enough");
    let stolen =
        client.get_heads(asking("service", &world.issuer)).await.expect_err("a service's alone is not");
    assert_eq!((stolen.code(), reason(&stolen).as_str()), (Code::Unauthenticated, "INVALID_TOKEN"));
}
