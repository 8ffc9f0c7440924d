//! Domains: they are an organisation's when DNS says so, and one organisation's at a time.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::links::{domain, domain_name, publish};
use super::support::{TestApp, dns, factory};
use futures_util::future::join_all;
use lyceum::config::DnsConfig;
use lyceum::dns::NameServers;
use lyceum::kernel::ids::OrganizationDomainKey;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const FIELDS: &str =
    "domain { id domain state recordName recordValue verifiedAt } userErrors { code field message }";

async fn add(app: &TestApp, who: &Client, name: &str) -> Reply {
    let document = format!(
        "mutation($org: ID!, $domain: String!) {{ domainAdd(input: {{organizationId: $org, domain: $domain}}) {{ {FIELDS} }} }}"
    );
    who.run_with(&document, json!({ "org": app.org_id(), "domain": name }))
        .await
}

async fn verify(who: &Client, id: &str) -> Reply {
    let document = format!("mutation($id: ID!) {{ domainVerify(input: {{domainId: $id}}) {{ {FIELDS} }} }}");
    who.run_with(&document, json!({ "id": id })).await
}

async fn remove(who: &Client, id: &str) -> Reply {
    let document =
        "mutation($id: ID!) { domainRemove(input: {domainId: $id}) { domainId userErrors { code } } }";
    who.run_with(document, json!({ "id": id })).await
}

async fn listed(app: &TestApp, who: &Client) -> Value {
    let document =
        "query($org: ID!) { organization(id: $org) { domains { totalCount nodes { domain state } } } }";
    let reply = who.run_with(document, json!({ "org": app.org_id() })).await;
    reply.data("/organization/domains").clone()
}

/// A real name server, where its package is installed.
struct Server {
    process: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Server {
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let has_package = folder.join("playground/node_modules/dns2").exists();
        if !has_package || Command::new("node").arg("--version").output().await.is_err() {
            eprintln!("note: no other name server was asked; that needs node and `npm ci` in playground");
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder.join("tests/audits/dns_server.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        Some(Self {
            input: process.stdin.take().unwrap(),
            process,
            lines,
            port,
        })
    }

    async fn set(&mut self, name: &str, texts: Value) {
        let line = json!({ "name": name, "texts": texts });
        self.input
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        self.lines.next_line().await.unwrap();
    }
}

#[tokio::test]
async fn a_domain_is_verified_when_a_name_server_says_so_and_not_before() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    let config = DnsConfig {
        dns_servers: vec![format!("127.0.0.1:{}", server.port).parse().unwrap()],
    };
    let app = TestApp::new().await;
    let app = app.asking(NameServers::new(&config).unwrap()).await;
    let owner = app.owner().await;
    let name = domain_name(&app);
    let added = add(&app, &owner, &name.to_uppercase()).await;
    let added = added.data("/domainAdd/domain").clone();
    assert_eq!(added["domain"], name);
    assert_eq!(
        (&added["state"], &added["verifiedAt"]),
        (&json!("PENDING"), &Value::Null)
    );
    assert_eq!(added["recordName"], format!("_lyceum-challenge.{name}"));
    let (id, record) = (
        added["id"].as_str().unwrap(),
        added["recordName"].as_str().unwrap(),
    );
    let value = added["recordValue"].as_str().unwrap();
    let (first, second) = value.split_at(20);

    let many: Vec<_> = (0..8).map(|at| vec![format!("text {at}")]).collect();
    for (texts, said) in [
        (None, "no text record is there"),
        (Some(json!([])), "no text record is there"),
        (Some(json!([["v=spf1 -all"]])), "found “v=spf1 -all”"),
        (Some(json!([[first], [second]])), "found “lyceum"),
        (Some(json!([[value.to_uppercase()]])), "found “LYCEUM"),
        (Some(json!([[format!("{value}x")]])), "found “lyceum"),
        (Some(json!(many)), "and 3 more"),
    ] {
        if let Some(texts) = texts {
            server.set(record, texts).await;
        }
        let reply = verify(&owner, id).await;
        assert_eq!(reply.codes(), "NOT_VERIFIED", "{said}: {:#}", reply.body);
        let message = reply.text("/domainVerify/userErrors/0/message");
        assert!(message.contains(said) && message.contains(value), "{message}");
        assert!(message.len() < 1_500, "{message}");
    }
    server.set(record, Value::Null).await;
    assert_eq!(verify(&owner, id).await.codes(), "DNS_UNAVAILABLE");
    assert_eq!(
        factory::count(&app, "organization_domains where verified_at is not null").await,
        0
    );

    server
        .set(record, json!([["v=spf1 -all"], [first, second], ["other"]]))
        .await;
    let verified = verify(&owner, id).await;
    assert_eq!(
        verified.data("/domainVerify/domain/state"),
        "VERIFIED",
        "{:#}",
        verified.body
    );
    server.process.kill().await.unwrap();
    assert_eq!(
        verify(&owner, id).await.codes(),
        "DNS_UNAVAILABLE",
        "nobody is there"
    );
    let list = json!({ "totalCount": 1, "nodes": [{ "domain": name, "state": "VERIFIED" }] });
    assert_eq!(listed(&app, &owner).await, list);
    for action in ["domain.added", "domain.verified"] {
        let entries = factory::audit(&app, action).await;
        assert_eq!(entries, [(id.to_owned(), json!({ "domain": name }))]);
    }
    assert_eq!(remove(&owner, id).await.codes(), "");
    assert_eq!(listed(&app, &owner).await["totalCount"], 0);
    assert_eq!(verify(&owner, id).await.codes(), "NOT_FOUND");
}

#[tokio::test]
async fn what_no_organisation_can_own_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let long = "a".repeat(300);
    for name in [
        "",
        "org",
        "co.uk",
        "localhost",
        "192.0.2.1",
        "[::1]",
        "a b.example",
        "ada@a.example",
        &long,
    ] {
        assert_eq!(add(&app, &owner, name).await.codes(), "INVALID", "{name}");
    }
    assert_eq!(factory::count(&app, "organization_domains").await, 0);
    let international = format!("bücher{}", domain_name(&app));
    let kept = add(&app, &owner, &international).await;
    assert!(kept.text("/domainAdd/domain/domain").starts_with("xn--"));
    let ascii = kept.text("/domainAdd/domain/domain");
    assert_eq!(add(&app, &owner, ascii).await.codes(), "TAKEN");
    let many = format!(
        "insert into organization_domains (org_id, id, domain) select '{}', gen_random_uuid(), 'n' || n || '.example' \
         from generate_series(1, 49) n",
        app.org.0
    );
    factory::sql(&app, &many).await;
    assert_eq!(
        add(&app, &owner, &domain_name(&app)).await.codes(),
        "LIMIT_REACHED"
    );
    assert_eq!(factory::count(&app, "organization_domains").await, 50);
}

#[tokio::test]
async fn only_who_may_change_the_organisation_knows_of_its_domains() {
    let app = TestApp::new().await;
    let key = domain(&app, &domain_name(&app), false).await;
    let id = key.to_string();
    let admin = app.member("admin").await;
    assert_eq!(listed(&app, &admin).await["totalCount"], 1);
    for (who, code) in [
        (app.member("author").await.client, "FORBIDDEN"),
        (app.learner().await.client, "FORBIDDEN"),
        (app.elsewhere().await.owner().await.client, "NOT_FOUND"),
        (app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(add(&app, &who, &domain_name(&app)).await.codes(), code);
        assert_eq!(verify(&who, &id).await.codes(), code);
        assert_eq!(remove(&who, &id).await.codes(), code);
        let node = who
            .run_with("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id }))
            .await;
        assert_eq!(node.data("/node"), &Value::Null);
    }
    assert_eq!(
        factory::count(&app, "organization_domains where verified_at is null").await,
        1
    );
}

/// Two organisations that say that the same domain is theirs.
struct Rivals {
    name: String,
    apps: [TestApp; 2],
    owners: [Person; 2],
    keys: [OrganizationDomainKey; 2],
}

impl Rivals {
    async fn new() -> Self {
        let first = TestApp::new().await;
        let second = first.elsewhere().await;
        let name = domain_name(&first);
        Self {
            owners: [first.owner().await, second.owner().await],
            keys: [
                domain(&first, &name, false).await,
                domain(&second, &name, false).await,
            ],
            apps: [first, second],
            name,
        }
    }

    async fn verify(&self, which: usize) -> Reply {
        verify(&self.owners[which], &self.keys[which].to_string()).await
    }

    async fn holders(&self) -> [i64; 2] {
        let verified = "organization_domains where verified_at is not null";
        [
            factory::count(&self.apps[0], verified).await,
            factory::count(&self.apps[1], verified).await,
        ]
    }

    /// Lets the name server say both.
    fn publish_both(&self) {
        let value = |key: &OrganizationDomainKey| format!("lyceum-domain-verification={}", key.id.0.simple());
        dns::set(
            &format!("_lyceum-challenge.{}", self.name),
            &self.keys.each_ref().map(value),
        );
    }
}

#[tokio::test]
async fn a_domain_goes_over_to_who_shows_it_when_the_former_record_is_gone() {
    let rivals = Rivals::new().await;
    publish(&rivals.name, rivals.keys[0]);
    assert_eq!(rivals.verify(0).await.codes(), "");
    assert_eq!(rivals.verify(0).await.codes(), "", "again");
    assert_eq!(
        rivals.verify(1).await.codes(),
        "NOT_VERIFIED",
        "and nothing is said of the other"
    );
    rivals.publish_both();
    assert_eq!(rivals.verify(1).await.codes(), "TAKEN");
    assert_eq!(rivals.holders().await, [1, 0]);
    publish(&rivals.name, rivals.keys[1]);
    assert_eq!(rivals.verify(1).await.codes(), "");
    assert_eq!(rivals.holders().await, [0, 1]);
    let lost = factory::audit(&rivals.apps[0], "domain.lost").await;
    assert_eq!(
        lost,
        [(rivals.keys[0].to_string(), json!({ "domain": rivals.name }))]
    );
    assert_eq!(rivals.verify(0).await.codes(), "NOT_VERIFIED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_verify_a_domain_at_once_one_has_it() {
    let rivals = Rivals::new().await;
    rivals.publish_both();
    let replies = join_all((0..16).map(|at| rivals.verify(at % 2))).await;
    let holders = rivals.holders().await;
    assert_eq!(holders.iter().sum::<i64>(), 1, "{holders:?}");
    for (at, reply) in replies.iter().enumerate() {
        let expected = if holders[at % 2] == 1 { "" } else { "TAKEN" };
        assert_eq!(reply.codes(), expected, "{:#}", reply.body);
    }
}
