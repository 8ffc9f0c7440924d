//! Mails: they leave after the commit, at least once, and nothing secret waits with them.

use super::support::people::{accept, invite, send};
use super::support::servers::{admin_of, database_of_its_own};
use super::support::{TestApp, mail};
use lyceum::cache::Shared;
use lyceum::config::MailConfig;
use lyceum::jobs::mails::{Mailer, run_once};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A real mail server, and what it prints.
struct Server {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Server {
    /// Starts one, where its package is installed.
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let has_package = folder.join("playground/node_modules/smtp-server").exists();
        if !has_package || Command::new("node").arg("--version").output().await.is_err() {
            eprintln!("note: no mail was sent by SMTP; that needs node and `npm ci` in playground");
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder.join("tests/audits/smtp_server.mjs"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().unwrap().parse().unwrap();
        Some(Self {
            _process: process,
            lines,
            port,
        })
    }

    fn mailer(&self) -> Mailer {
        let config = MailConfig {
            smtp_url: Some(format!("smtp://academy:secret@127.0.0.1:{}", self.port)),
            mail_from: "Academy <academy@lyceum.example>".to_owned(),
            app_url: Some("https://academy.example".to_owned()),
        };
        Mailer::new(&config).unwrap().unwrap()
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

/// The mails that wait, seen past row security: recipient, attempts, and whether they were given up.
async fn waiting(database: &str) -> Vec<(String, i32, bool)> {
    let admin = admin_of(database).await;
    let rows = admin
        .query(
            "select recipient, attempts, failed_at is not null from mails order by recipient",
            &[],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

#[tokio::test]
async fn an_invitation_is_mailed_with_its_token() {
    let app = mail::app().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let letters = mail::letters(&app, &newcomer.email, 1).await;
    assert_eq!(mail::token(&letters[0]), token);
    assert!(letters[0].contains(&format!("Subject: Join {}", app.slug)));
    assert_eq!(accept(&newcomer, &mail::token(&letters[0])).await.codes(), "");
}

#[tokio::test]
async fn an_invitation_that_is_sent_again_is_mailed_with_its_new_token() {
    let app = mail::app().await;
    let owner = app.owner().await;
    let newcomer = app.elsewhere().await.learner().await;
    let first = invite(&app, &owner, &newcomer.email, "learner").await;
    mail::letters(&app, &newcomer.email, 1).await;
    let list = "query($org: ID!) { organization(id: $org) { invitations { nodes { id } } } }";
    let list = owner.run_with(list, json!({ "org": app.org_id() })).await;
    let resend =
        "mutation($id: ID!) { invitationResend(input: {invitationId: $id}) { token userErrors { code } } }";
    let id = list.data("/organization/invitations/nodes/0/id");
    let again = owner.run_with(resend, json!({ "id": id })).await;
    let second = mail::latest_token(&app, &newcomer.email, 2).await;
    assert_eq!(again.text("/invitationResend/token"), second);
    assert_ne!(first, second);
    assert_eq!(accept(&newcomer, &first).await.codes(), "NOT_FOUND");
    assert_eq!(accept(&newcomer, &second).await.codes(), "");
}

#[tokio::test]
async fn no_mail_leaves_for_an_invitation_that_was_refused_or_replaced() {
    let app = mail::app().await;
    let owner = app.owner().await;
    let address = mail::address(&app);
    let role = super::support::people::role_id(&app, &owner, "learner").await;
    let good = json!({ "email": address, "roleId": role });
    let refused = send(
        &app,
        &owner,
        json!([good, { "email": "nonsense", "roleId": role }]),
    )
    .await;
    assert_eq!(refused.codes(), "INVALID");
    invite(&app, &owner, &address, "learner").await;
    let second = invite(&app, &owner, &address, "learner").await;
    let letters = mail::letters(&app, &address, 1).await;
    assert_eq!(letters.len(), 1, "{letters:#?}");
    assert_eq!(mail::token(&letters[0]), second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_gets_every_mail_and_what_it_cannot_take_waits_or_is_given_up() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    let database = "lyceum_test_smtp";
    let app = TestApp::on(&database_of_its_own(database).await, Shared::in_process()).await;
    let owner = app.owner().await;
    for word in ["fine", "gone", "later"] {
        invite(&app, &owner, &format!("{word}@people.example"), "learner").await;
    }
    assert_eq!(
        waiting(database).await.len(),
        3,
        "nothing leaves within the request"
    );
    assert_eq!(run_once(&app.app, &server.mailer()).await.unwrap(), 1);
    let mail = server.next().await;
    assert_eq!(mail["to"], json!(["fine@people.example"]));
    assert_eq!(mail["from"], "academy@lyceum.example");
    assert!(
        mail["message"]
            .as_str()
            .unwrap()
            .contains("https://academy.example/accept-in")
    );
    let left = [
        ("gone@people.example".to_owned(), 1, true),
        ("later@people.example".to_owned(), 1, false),
    ];
    assert_eq!(waiting(database).await, left);
    assert_eq!(
        run_once(&app.app, &server.mailer()).await.unwrap(),
        0,
        "it is not due yet"
    );
    assert_eq!(waiting(database).await, left);
}

#[tokio::test]
async fn many_deliverers_at_once_deliver_each_mail_once() {
    let app = mail::app().await;
    let owner = app.owner().await;
    let role = super::support::people::role_id(&app, &owner, "learner").await;
    let addresses: Vec<_> = (0..40).map(|_| mail::address(&app)).collect();
    let rows: Vec<_> = addresses
        .iter()
        .map(|address| json!({ "email": address, "roleId": role }))
        .collect();
    assert_eq!(send(&app, &owner, json!(rows)).await.codes(), "");
    let deliveries = addresses.iter().map(|address| mail::letters(&app, address, 1));
    for letters in futures_util::future::join_all(deliveries).await {
        assert_eq!(letters.len(), 1);
    }
}
