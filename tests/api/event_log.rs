//! `Subscription.events`: order and completeness across cuts, and what listening costs.

use super::support::app::Person;
use super::support::socket::{Heard, Sequencing, Socket, listen, listeners};
use super::support::{TestApp, apps, factory, learning, servers};
use futures_util::future::join_all;
use lyceum::auth::permission::Permission;
use lyceum::cache::Shared;
use lyceum::config::{DatabaseConfig, HttpConfig};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::SocketAddr;

const EVENTS: &str = "subscription($id: ID!, $types: [String!], $after: String) { events(organizationId: $id, types: $types, after: $after) { \
    id type at cursor subjectId organization { slug } node { __typename id } } }";

/// A happening that no rule knows.
const UNHEARD_OF: &str = "test.happened";

/// Lets something happen, in a transaction of its own.
async fn happen(app: &TestApp, subject: &str) {
    factory::sql(
        app,
        &format!(
            "insert into outbox_events (org_id, id, kind, subject) values ('{}', gen_random_uuid(), '{UNHEARD_OF}', '{subject}')",
            app.org.0
        ),
    )
    .await;
}

/// Listens on a node from now on.
async fn listener(node: &TestApp, address: SocketAddr, who: &Person, variables: Value) -> Socket {
    Socket::listening(node, address, who.token(), EVENTS, variables).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_doubled_or_out_of_order_across_cuts_and_nodes_while_many_write() {
    const WRITERS: usize = 6;
    const EACH: usize = 30;
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let other = app.beside(Shared::in_process()).await;
    let nodes = [listen(app.routes()).await, listen(other.routes()).await];
    let _sequencing = Sequencing::begin(&app).await;
    let mut heard: Vec<String> = Vec::new();
    let mut socket = listener(&app, nodes[0], &owner, json!({ "id": app.org_id() })).await;
    let writing = join_all((0..WRITERS).map(|writer| {
        let app = &app;
        async move {
            for n in 0..EACH {
                happen(app, &format!("{writer} {n:03}")).await;
            }
        }
    }));
    let hearing = async {
        let mut cursor = Value::Null;
        for cut in 1.. {
            // Each time a little longer, each time on another node; the second time nothing at all is heard.
            for _ in 0..if cut == 2 { 0 } else { cut * 3 } {
                let event = socket.next("1", "/events").await;
                assert_eq!(event["type"], UNHEARD_OF);
                heard.push(event["subjectId"].as_str().unwrap().to_owned());
                cursor = event["cursor"].clone();
                if heard.len() == WRITERS * EACH {
                    return cursor;
                }
            }
            socket = Socket::of(nodes[cut % 2], owner.token()).await;
            socket
                .subscribe("1", EVENTS, json!({ "id": app.org_id(), "after": cursor }))
                .await;
        }
        unreachable!("it ends when everything is heard")
    };
    let (_, last) = tokio::join!(writing, hearing);
    let all: BTreeSet<_> = heard.iter().collect();
    assert_eq!(all.len(), WRITERS * EACH, "nothing twice");
    for writer in 0..WRITERS {
        let theirs: Vec<_> = heard
            .iter()
            .filter(|subject| subject.starts_with(&format!("{writer} ")))
            .collect();
        assert!(theirs.is_sorted(), "{theirs:?}");
    }
    drop(socket);
    listeners(&app, 0).await;
    let mut again = listener(
        &app,
        nodes[0],
        &owner,
        json!({ "id": app.org_id(), "after": last }),
    )
    .await;
    happen(&app, "the end").await;
    assert_eq!(
        again.next("1", "/events/subjectId").await,
        "the end",
        "and nothing before it"
    );
}

#[tokio::test]
async fn types_narrow_what_is_told_and_the_place_in_the_log_goes_on_behind_the_rest() {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let owner = app.owner().await;
    let types = json!({ "id": app.org_id(), "types": ["course.created", "module."] });
    let mut socket = listener(&app, address, &owner, types.clone()).await;
    factory::draft_course(&app, &owner, 1).await;
    assert_eq!(socket.next("1", "/events/type").await, "course.created");
    let module = socket.next("1", "/events").await;
    assert_eq!(module["type"], "module.created");
    let mut behind = types;
    behind["after"] = module["cursor"].clone();
    let mut socket = listener(&app, address, &owner, behind).await;
    factory::draft_course(&app, &owner, 0).await;
    assert_eq!(socket.next("1", "/events/type").await, "course.created");
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_log_and_as_long_as_the_log_is_kept() {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let owner = app.owner().await;
    let mut socket = listener(&app, address, &owner, json!({ "id": app.org_id() })).await;
    happen(&app, "the first").await;
    let cursor = socket.next("1", "/events/cursor").await;
    happen(&app, "the second").await;
    happen(&app, "the third").await;
    for _ in 0..2 {
        socket.next("1", "/events/cursor").await;
    }
    let elsewhere = app.elsewhere().await;
    let foreigner = elsewhere.owner().await;
    let mut abroad = Socket::of(address, foreigner.token()).await;
    abroad
        .subscribe("1", EVENTS, json!({ "id": elsewhere.org_id(), "after": cursor }))
        .await;
    assert_eq!(abroad.refused("1").await, "BAD_USER_INPUT");
    // The day comes on which the log is cut; its newest event stays, so that numbers go on.
    let admin = servers::admin().await;
    let org = app.org.0.to_string();
    let aged = "update outbox_events set at = now() - interval '31 days' where org_id::text = $1";
    admin.execute(aged, &[&org]).await.unwrap();
    lyceum::jobs::retention::run_once(&app.app).await.unwrap();
    assert_eq!(factory::count(&app, "outbox_events").await, 1);
    socket
        .subscribe("2", EVENTS, json!({ "id": app.org_id(), "after": cursor }))
        .await;
    assert_eq!(socket.refused("2").await, "BAD_USER_INPUT");
    happen(&app, "the fourth").await;
    assert_eq!(socket.next("1", "/events/subjectId").await, "the fourth");
}

#[tokio::test]
async fn who_listens_holds_no_connection_while_nothing_happens() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let database = DatabaseConfig {
        pool_size: 2,
        door_pool_size: 1,
        ..servers::database_config()
    };
    let node = app
        .another_node(&database, HttpConfig::default(), Shared::in_process())
        .await;
    let address = listen(node.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = Socket::of(address, owner.token()).await;
        for id in ["1", "2", "3"] {
            socket.subscribe(id, EVENTS, json!({ "id": app.org_id() })).await;
        }
        sockets.push(socket);
    }
    listeners(&node, 30).await;
    // Two connections would not do for thirty listeners that held them.
    let mut reader = Socket::of(address, owner.token()).await;
    for _ in 0..5 {
        reader
            .subscribe(
                "r",
                "query($id: ID!) { organization(id: $id) { members { totalCount } } }",
                json!({ "id": app.org_id() }),
            )
            .await;
        assert_eq!(reader.next("r", "/organization/members/totalCount").await, 1);
        assert_eq!(reader.message().await["type"], "complete");
    }
    happen(&app, "for all of them").await;
    for socket in &mut sockets {
        for _ in 0..3 {
            let message = socket.message().await;
            assert_eq!(
                message["payload"]["data"]["events"]["subjectId"], "for all of them",
                "{message:#}"
            );
            assert!(message["payload"]["extensions"]["cost"]["requested"].as_u64() > Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_too_slowly_is_cut_off_and_goes_on_where_they_were() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let config = HttpConfig {
        stream_patience_ms: 300,
        ..HttpConfig::default()
    };
    let node = app
        .another_node(&servers::database_config(), config, Shared::in_process())
        .await;
    let address = listen(node.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let mut socket = listener(&node, address, &owner, json!({ "id": app.org_id() })).await;
    factory::sql(
        &app,
        &format!(
            "insert into outbox_events (org_id, id, kind, subject) select '{}', gen_random_uuid(), '{UNHEARD_OF}', n || repeat(' ', 60000) \
             from generate_series(1, 400) n",
            app.org.0
        ),
    )
    .await;
    // What a network holds is full by then.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let (mut heard, mut cursor) = (0, Value::Null);
    let ended = loop {
        match socket.hear().await {
            Heard::Message(message) => {
                cursor = message["payload"]["data"]["events"]["cursor"].clone();
                heard += 1;
            }
            ended => break ended,
        }
    };
    assert!(matches!(ended, Heard::Closed(1013, _) | Heard::Gone), "{ended:?}");
    assert!(0 < heard && heard < 400, "{heard} events were on their way");
    let mut socket = Socket::of(address, owner.token()).await;
    socket
        .subscribe("1", EVENTS, json!({ "id": app.org_id(), "after": cursor }))
        .await;
    for _ in heard..400 {
        socket.next("1", "/events/cursor").await;
    }
    socket.settle().await;
}

#[tokio::test]
async fn a_session_for_a_browser_listens_with_its_documents_from_its_pages_within_its_budget() {
    const PAGE: &str = "https://portal.example";
    const OPEN: &str = "mutation($input: EmbedSessionCreateInput!) { embedSessionCreate(input: $input) { token userErrors { code } } }";
    const MINE: &str = "subscription($id: ID!) { events(organizationId: $id) { type subjectId } }";
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let courses = [
        factory::published_course(&app, &owner, 1).await,
        factory::published_course(&app, &owner, 1).await,
    ];
    let origin = format!(
        "insert into organization_origins values ('{}', '{PAGE}')",
        app.org.0
    );
    factory::sql(&app, &origin).await;
    let backend = app.bearer(&apps::token(&app, owner.member, &[Permission::LearnerSessionsCreate]).await);
    // It costs 3 points to subscribe and 3 for each event.
    let input = json!({ "organizationId": app.org_id(), "memberId": learner.member.to_string(), "courseId": courses[0].id,
        "origins": [PAGE], "operations": [format!("{:x}", Sha256::digest(MINE))], "budget": 7 });
    let token = backend
        .run_with(OPEN, json!({ "input": input }))
        .await
        .text("/embedSessionCreate/token")
        .to_owned();
    let open = async |page: &'static str| {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("sec-websocket-protocol", "graphql-transport-ws"),
            ("authorization", authorization.as_str()),
            ("origin", page),
        ];
        let headers = &headers[..if page.is_empty() { 2 } else { 3 }];
        let mut socket = Socket::open_with(address, headers).await.unwrap();
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.message().await["type"], "connection_ack");
        socket
    };
    let id = json!({ "id": app.org_id() });
    let mut nowhere = open("").await;
    nowhere.subscribe("1", MINE, id.clone()).await;
    assert_eq!(nowhere.refused("1").await, "ORIGIN_NOT_ALLOWED");
    let mut socket = open(PAGE).await;
    socket.subscribe("1", EVENTS, id.clone()).await;
    assert_eq!(socket.refused("1").await, "OPERATION_NOT_ALLOWED");
    socket.subscribe("1", MINE, id).await;
    listeners(&app, 1).await;
    // Of the other course nothing is told, though it is the same learner's.
    learning::enroll(&learner, &courses[1].id).await;
    let enrollment = learning::enroll(&learner, &courses[0].id).await;
    assert_eq!(socket.next("1", "/events/subjectId").await, json!(enrollment));
    learning::read(&learner, &enrollment, &courses[0].texts).await;
    assert_eq!(socket.refused("1").await, "BUDGET_SPENT");
}
