//! The private servers themselves: isolation, copies, faults, and that nothing outlives its owner.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use redress_testkit::faults::TcpProxy;
use redress_testkit::{
    Durability, Installation, Postgres, PrivateServers, Programs, ServerUrl, Stop, servers, unique,
};

/// psql as the user of `url`.
async fn query(url: &str, sql: &str) -> Result<String> {
    let installation = Installation::find().context("no psql")?;
    let database = ServerUrl::parse(url)?.database;
    Postgres::new(&installation, url)?.execute(&database, sql).await
}

#[tokio::test]
async fn a_role_is_refused_by_every_database_but_its_own() {
    let servers = servers().await;
    let intake = servers.database("intake").await;
    let triage = servers.database("triage").await;
    query(intake.url(), "CREATE TABLE mine (id int)").await.unwrap();
    for other in [triage.name(), "postgres", "template1"] {
        let url = ServerUrl { database: other.into(), ..ServerUrl::parse(intake.url()).unwrap() };
        let error = query(&url.to_string(), "SELECT 1").await.unwrap_err().to_string();
        assert!(error.contains("permission denied for database"), "{other}: {error}");
    }
    let wrong = ServerUrl { password: "wrong".into(), ..ServerUrl::parse(intake.url()).unwrap() };
    let error = query(&wrong.to_string(), "SELECT 1").await.unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[tokio::test]
async fn the_same_database_can_be_asked_for_twice() {
    let postgres = servers().await.postgres();
    let name = unique("twice");
    let first = postgres.database(&name).await.unwrap();
    query(&first, "CREATE TABLE kept (id int)").await.unwrap();
    assert_eq!(postgres.database(&name).await.unwrap(), first);
    query(&first, "SELECT * FROM kept").await.unwrap();
}

#[tokio::test]
async fn copies_of_a_template_are_prepared_once_and_apart() {
    static PREPARED: AtomicU32 = AtomicU32::new(0);
    let prepare = async |url: String| {
        PREPARED.fetch_add(1, Ordering::Relaxed);
        query(&url, "CREATE TABLE counter AS SELECT 1 AS n").await.map(drop)
    };
    let servers = servers().await;
    let (one, two) =
        tokio::join!(servers.database_from("copied", prepare), servers.database_from("copied", prepare));
    query(one.url(), "UPDATE counter SET n = 2").await.unwrap();
    assert_eq!(query(two.url(), "SELECT n FROM counter").await.unwrap(), "1");
    assert_eq!(PREPARED.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_is_stored_survives_a_stop_of_postgres_and_no_stop_of_redis() {
    let servers = PrivateServers::start(&Programs::find().unwrap(), Durability::On).await.unwrap();
    let url = servers.postgres.server().database("kept").await.unwrap();
    query(&url, "CREATE TABLE kept AS SELECT 7 AS n").await.unwrap();
    for how in [Stop::Orderly, Stop::Abrupt] {
        servers.postgres.halt(how).await;
        query(&url, "SELECT 1").await.unwrap_err();
        servers.postgres.resume().await.unwrap();
        assert_eq!(query(&url, "SELECT n FROM kept").await.unwrap(), "7");
    }
    let redis = servers.redis.url().to_string();
    assert_eq!(redis_command(&redis, "SET key value").unwrap(), "+OK");
    servers.redis.flush().await.unwrap();
    assert_eq!(redis_command(&redis, "GET key").unwrap(), "$-1");
    let run_id = redis_run_id(&redis).unwrap();
    assert_eq!(redis_command(&redis, "SET key value").unwrap(), "+OK");
    servers.redis.restart().await.unwrap();
    assert_eq!(redis_command(&redis, "GET key").unwrap(), "$-1");
    assert_ne!(redis_run_id(&redis).unwrap(), run_id);
}

/// The first line of Redis's answer.
fn redis_command(url: &str, command: &str) -> Result<String> {
    Ok(redis_answer(url, command)?.remove(0))
}

/// Which start of Redis it is.
fn redis_run_id(url: &str) -> Result<String> {
    let line = redis_answer(url, "INFO server")?.into_iter().find(|line| line.starts_with("run_id:"));
    line.context("INFO has a run id")
}

fn redis_answer(url: &str, command: &str) -> Result<Vec<String>> {
    let url = ServerUrl::parse(url)?;
    let mut stream = std::net::TcpStream::connect((url.host.as_str(), url.port))?;
    write!(stream, "AUTH {}\r\n{command}\r\nQUIT\r\n", url.password)?;
    Ok(BufReader::new(stream).lines().skip(1).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn a_proxy_passes_cuts_and_restores() {
    let database = servers().await.database("proxied").await;
    let proxy = TcpProxy::start(database.url()).await.unwrap();
    let url = proxy.url(database.url()).unwrap();
    assert_eq!(query(&url, "SELECT 1").await.unwrap(), "1");
    let open = query(&url, "SELECT 'open' FROM pg_sleep(60)");
    let cut = async {
        // Cut while the statement runs, as the server itself sees it.
        let running =
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND usename = 'proxied'";
        while servers().await.postgres().execute("postgres", running).await.unwrap() == "0" {}
        proxy.cut();
    };
    let (lost, ()) = tokio::join!(open, cut);
    assert!(lost.unwrap_err().to_string().contains("closed the connection"));
    query(&url, "SELECT 1").await.unwrap_err();
    proxy.restore();
    assert_eq!(query(&url, "SELECT 2").await.unwrap(), "2");
}

#[tokio::test]
async fn a_stalled_proxy_holds_what_comes_until_it_is_restored() {
    let database = servers().await.database("stalled").await;
    let proxy = TcpProxy::start(database.url()).await.unwrap();
    let url = proxy.url(database.url()).unwrap();
    proxy.stall();
    let mut held = Box::pin(query(&url, "SELECT 3"));
    let direct = query(database.url(), "SELECT 4");
    tokio::select! {
        biased;
        answer = &mut held => panic!("{answer:?} came through a stalled proxy"),
        direct = direct => assert_eq!(direct.unwrap(), "4"),
    }
    proxy.restore();
    assert_eq!(held.await.unwrap(), "3");
}

const CHILD: &str = "REDRESS_TESTKIT_CHILD";

/// The other process of the next test: starts servers, says where, and waits to be killed.
#[tokio::test]
async fn child_that_owns_servers() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let servers = PrivateServers::start(&Programs::find().unwrap(), Durability::Off).await.unwrap();
    let (postgres, redis) = (servers.postgres.server().superuser_url(), servers.redis.url());
    let data = servers.postgres.server().execute("postgres", "SHOW data_directory").await.unwrap();
    writeln!(std::io::stdout(), "\nchild {data} {} {}", postgres.port, redis.port).unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_killed_process_leaves_no_server_and_no_file_behind() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_owns_servers", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("child ")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let home = Path::new(words[1]).ancestors().nth(2).unwrap();
    let lock = File::open(home.join("lock")).unwrap();
    lock.try_lock().unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    // Held until the last guard is done.
    lock.lock().unwrap();
    assert!(!home.exists());
    for port in &words[2..4] {
        std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap_err();
    }
}
