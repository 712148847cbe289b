//! Real input: the orders of the Olist data set with their dirt, and its bad reviews as complaints, in Portuguese, on a clock
//! that follows their dates. Where the data set is not at hand nothing is tested, and that is said.
//!
//! Everybody is registered; a sample of every category is taken to its end, a third of it through a side way, while outside
//! systems delay, drop, repeat and answer that they do not know. Then everything is counted, and imported once more.
//!
//! `REDRESS_SEED=7 cargo xtask test -- -p redress-tests olist::` plays another sample in another weather.

mod audit;
mod clerk;
mod rules;
mod sample;
mod source;

use std::io::Write as _;
use std::time::Instant;

use redress::suite::{ClockChoice, Databases, PortChoice, Suite, SuiteOptions};
use redress_connectors::{ConnectorSettings, Manners, Order};
use redress_domain::Timestamp;

use self::audit::Books;

/// How many cases of a category are taken to their end, where there are so many.
const SAMPLE: usize = 20;
/// Business time after the last complaint, so that everything that was begun comes to its end.
const AFTERMATH: chrono::TimeDelta = chrono::TimeDelta::days(45);
const SEED: u64 = 20_161_004;

/// A line about the progress, also where the output of tests is kept back: this takes minutes.
fn tell(text: &str) {
    writeln!(std::io::stderr().lock(), "olist: {text}").ok();
}

fn seed() -> u64 {
    std::env::var("REDRESS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

// One thread: everything waits for the databases, and a wait is cheapest where nobody has to be woken.
#[tokio::test]
async fn real_orders_and_complaints_come_to_their_ends() {
    let Some(lines) = source::lines() else {
        tell("passed over: ../shared/data/olist_orders.jsonl.gz is not there");
        return;
    };
    let (begun, seed) = (Instant::now(), seed());
    tell(&format!("seed {seed}"));
    let orders = source::judge::<Order>(source::ORDERS, &lines);
    assert_eq!(orders.judged(), lines.len(), "every line has a verdict");
    tell(&format!("orders: {}", orders.summary()));
    let mut complaints = source::judge_complaints(&lines);
    tell(&format!("reviews: {}", complaints.summary()));
    let reviews = source::count_reviews(&lines);
    assert_eq!((complaints.judged(), complaints.accepted.len()), reviews, "every bad review is a complaint");
    complaints
        .accepted
        .sort_by(|one, other| (one.received_at, &one.source_id).cmp(&(other.received_at, &other.source_id)));
    let complaints = complaints.accepted;
    let (first, last) = match (complaints.first(), complaints.last()) {
        (Some(first), Some(last)) => (first.received_at, last.received_at),
        _ => panic!("there are no complaints in the data"),
    };

    let policy = rules::policy();
    let book = policy.handbook.handbook().expect("the adapted handbook is sound");
    let mut sample = sample::draw(&book, &complaints, SAMPLE, seed);
    let mut complaints = complaints;
    if std::env::var("ONLY").is_ok() {
        let mut place = 0;
        complaints.retain(|_| {
            place += 1;
            sample.contains(place - 1)
        });
        sample = sample::draw(&book, &complaints, SAMPLE, seed);
    }
    for line in sample.report() {
        tell(&line);
    }

    let servers = redress_testkit::servers().await;
    let outside = redress_testkit::Home::temporary().expect("there is room for temporary files");
    let suite = start(servers, outside.path(), first, policy, seed).await;
    let store = &suite.enterprise().orders;
    let (total, known) = (orders.accepted.len(), orders.accepted);
    let put = store.put(known.clone()).await.expect("the orders are taken in");
    assert_eq!((put.added, put.replaced, put.unchanged), (total, 0, 0));

    let run = clerk::work(&suite, &complaints, &sample, last + AFTERMATH, begun, seed).await;
    tell(&format!("{} at rest after {} s", suite.now().date_naive(), begun.elapsed().as_secs()));
    for line in run.report() {
        tell(&line);
    }
    let stuck: Vec<&String> = run.stuck.iter().collect();
    assert!(stuck.is_empty(), "seed {seed}: cases that came to a stop before their end: {stuck:#?}");

    let books = Books::read(&suite).await;
    books.check(&suite, &complaints, &sample, &run).await;

    // Once more: nothing changes.
    let put = suite.enterprise().orders.put(known).await.expect("the orders are taken in");
    assert_eq!((put.added, put.replaced, put.unchanged), (0, 0, total));
    clerk::import_again(&suite, &complaints, &run).await;
    suite.rest().await.expect("comes to rest");
    books.assert_same(&Books::read(&suite).await);
    let parked = suite.parked().await.expect("the services tell");
    assert!(parked.is_empty(), "seed {seed}: events were set aside: {parked:#?}");
    tell(&format!("done after {} s", begun.elapsed().as_secs()));
    suite.stop().await.expect("stops clean");
}

async fn start(
    servers: &redress_testkit::Servers,
    outside: &std::path::Path,
    first: Timestamp,
    policy: redress::suite::PolicyChoice,
    seed: u64,
) -> Suite {
    let options = SuiteOptions {
        clock: ClockChoice::Virtual(first - chrono::TimeDelta::hours(1)),
        redis_url: servers.redis_url().to_owned(),
        connectors: ConnectorSettings {
            directory: outside.join("outside"),
            seed,
            manners: Manners::Lifelike,
            // Nobody answers a thousand unhandled complaints here, and nobody waits for the staff's receipts.
            channels_without_receipts: vec!["staff".to_owned()],
        },
        ports: PortChoice::Free,
        keys: None,
        policies: vec![policy],
        id_seed: Some(seed),
        otlp_endpoint: String::new(),
    };
    Suite::start(&Databases::on(servers.postgres()), options).await.expect("the suite starts")
}
