//! Every case script in `tests/scripts` holds.

use std::sync::{Arc, Mutex};

use redress::play::run_script;

use crate::harness::{all_scripts, environment, scripts};

/// Scripts played at once; each has services, databases and an outside world of its own.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_script_holds() {
    let all = all_scripts();
    assert!(!all.is_empty(), "there are no scripts in {}", scripts().display());
    let waiting = Arc::new(Mutex::new(all.clone()));
    let failures = Arc::new(Mutex::new(Vec::new()));
    let players = (0..AT_ONCE).map(|_| {
        let (waiting, failures) = (waiting.clone(), failures.clone());
        tokio::spawn(async move {
            let mut environment = environment().await;
            loop {
                let next = waiting.lock().expect("no player panics").pop();
                let Some(path) = next else { break };
                if let Err(failure) = run_script(&path, &mut environment).await {
                    failures.lock().expect("no player panics").push(failure.to_string());
                }
            }
        })
    });
    for player in players.collect::<Vec<_>>() {
        player.await.expect("a player ends");
    }
    let failures = failures.lock().expect("all players ended");
    assert!(
        failures.is_empty(),
        "{} of {} scripts failed:\n\n{}",
        failures.len(),
        all.len(),
        failures.join("\n\n")
    );
}
