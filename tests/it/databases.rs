//! Nobody reads another's tables: each service's role is refused by the other four databases.

use redress::play::play_and_keep;
use redress_storage::Database;
use redress_testkit::ServerUrl;

use crate::harness::{environment, scripts};

const SERVICES: [&str; 5] = ["intake", "triage", "investigation", "compensation", "survey"];

#[tokio::test(flavor = "multi_thread")]
async fn each_services_role_is_refused_by_the_other_databases() {
    let mut environment = environment().await;
    let script = scripts().join("lifecycle.toml");
    let (_, suite) = play_and_keep(&script, &mut environment).await.expect("the script holds");
    for own in SERVICES {
        let role = ServerUrl::parse(suite.database_url(own)).expect("a URL");
        assert!(Database::connect(&role.to_string(), 1).await.is_ok(), "{own} is let into its own database");
        for other in SERVICES.into_iter().filter(|other| *other != own) {
            let database = ServerUrl::parse(suite.database_url(other)).expect("a URL").database;
            let intruder = ServerUrl { database, ..role.clone() };
            assert!(
                Database::connect(&intruder.to_string(), 1).await.is_err(),
                "{own}'s role was let into {other}'s database"
            );
        }
    }
    suite.stop().await.expect("stops clean");
}
