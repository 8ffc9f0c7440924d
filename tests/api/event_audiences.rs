//! Who is told what.

use super::support::app::Person;
use super::support::factory::Course;
use super::support::operators::{let_in, operator};
use super::support::socket::{Sequencing, Socket, listen};
use super::support::{TestApp, factory, learning};
use lyceum::domain::events::AUDIENCES;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const EVENTS: &str = "subscription($id: ID!) { events(organizationId: $id) { type subjectId organization { slug } node { __typename id } } }";

/// A kind of happening that has no audience.
const UNHEARD_OF: &str = "test.happened";

#[test]
fn every_kind_of_happening_has_an_audience() {
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if !path.ends_with("events/audience.rs") {
                // Elsewhere two words with a dot between them are the path of a field.
                let text = fs::read_to_string(&path).unwrap();
                found.extend(
                    ["happened(", "Happening"]
                        .iter()
                        .any(|word| text.contains(word))
                        .then_some(text),
                );
            }
        }
    }
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain"),
        &mut files,
    );
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
    // Texts of two words with a dot between them are kinds.
    let is_kind = |text: &str| {
        text.split_once('.')
            .is_some_and(|(noun, verb)| part(noun) && part(verb))
    };
    let code = files.iter().map(|file| file.split("mod tests {").next().unwrap());
    let lines = code
        .flat_map(str::lines)
        .filter(|line| !line.trim_start().starts_with("//"));
    let used: BTreeSet<&str> = lines
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|text| is_kind(text))
        .collect();
    let listed = AUDIENCES.iter().map(|(kind, _)| *kind);
    // Security events are no happenings: see the tests of security_log.rs.
    let listed: BTreeSet<&str> = listed.filter(|kind| !kind.starts_with("security.")).collect();
    assert!(used.len() > 50, "the sources are read");
    assert_eq!(
        used, listed,
        "give each kind a row in src/domain/events/audience.rs"
    );
}

/// A kind and an identifier.
type Told = (String, String);

/// An organisation whose people all listen.
struct Audience {
    app: TestApp,
    people: Vec<(&'static str, Person)>,
    sockets: Vec<Socket>,
    course: Course,
    /// What everybody joins at the end.
    closing: Course,
    _sequencing: Sequencing,
}

impl Audience {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let mut people = Vec::new();
        for (who, role) in [
            ("the owner", "owner"),
            ("the author", "author"),
            ("the learner", "learner"),
            ("another learner", "learner"),
            ("who teaches the course", "instructor"),
            ("who teaches nothing", "instructor"),
            ("who manages the learner's group", "manager"),
            ("who manages another group", "manager"),
        ] {
            people.push((who, app.member(role).await));
        }
        let course = factory::published_course(&app, &people[0].1, 1).await;
        let closing = factory::published_course(&app, &people[0].1, 0).await;
        factory::teaches(&app, people[4].1.member, &course.id).await;
        factory::group(&app, people[6].1.member, &[people[2].1.member]).await;
        factory::group(&app, people[7].1.member, &[people[1].1.member]).await;
        let address = listen(app.routes()).await;
        factory::seal(&app).await;
        let mut sockets = Vec::new();
        for (_, person) in &people {
            let org = json!({ "id": app.org_id() });
            sockets.push(Socket::listening(&app, address, person.token(), EVENTS, org).await);
        }
        Self {
            _sequencing: Sequencing::begin(&app).await,
            app,
            people,
            sockets,
            course,
            closing,
        }
    }

    /// Lets everybody join the closing course: for each, the last thing that they hear.
    async fn close(&self) -> Vec<String> {
        let mut ends = Vec::new();
        for (_, person) in &self.people {
            ends.push(learning::enroll(person, &self.closing.id).await);
        }
        ends
    }

    /// What somebody hears before they join the closing course.
    async fn heard_by(&mut self, at: usize, ends: &[String]) -> Vec<Told> {
        let mut heard = Vec::new();
        loop {
            let event = self.sockets[at].next("1", "/events").await;
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            let (kind, subject) = (text("type"), text("subjectId"));
            assert_eq!(event["organization"]["slug"], json!(self.app.slug));
            if kind != UNHEARD_OF {
                assert_eq!(
                    event["node"]["id"],
                    json!(subject),
                    "{kind} is about what its reader sees"
                );
            }
            if subject == ends[at] {
                heard.sort();
                return heard;
            }
            heard.push((kind, subject));
        }
    }
}

#[tokio::test]
async fn each_is_told_what_they_may_know_and_nobody_anything_of_another_organisation() {
    let mut audience = Audience::new().await;
    let (author, learner, other) = (
        &audience.people[1].1,
        &audience.people[2].1,
        &audience.people[3].1,
    );
    let (app, course) = (&audience.app, &audience.course);
    let elsewhere = app.elsewhere().await;
    let foreigner = elsewhere.owner().await;
    let address = listen(app.routes()).await;
    factory::seal(&elsewhere).await;
    let org = json!({ "id": elsewhere.org_id() });
    let mut abroad = Socket::listening(&elsewhere, address, foreigner.token(), EVENTS, org).await;
    let mut stranger = Socket::of(address, foreigner.token()).await;
    stranger
        .subscribe("1", EVENTS, json!({ "id": app.org_id() }))
        .await;
    assert_eq!(stranger.refused("1").await, "NOT_FOUND");
    // Who tried is told of to those who read security events, there and here.
    for reader in [&mut abroad, &mut audience.sockets[0]] {
        assert_eq!(
            reader.next("1", "/events/type").await,
            "security.cross_tenant_attempt"
        );
    }

    let theirs = learning::enroll(learner, &course.id).await;
    learning::read(learner, &theirs, &course.texts).await;
    let others = learning::enroll(other, &course.id).await;
    factory::publish(author, &course.id).await;
    let unheard_of = "insert into outbox_events (org_id, id, kind, subject) values";
    for (at, subject) in [
        (app, course.id.as_str()),
        (app, theirs.as_str()),
        (&elsewhere, "elsewhere"),
    ] {
        let row = format!(
            "{unheard_of} ('{}', gen_random_uuid(), '{UNHEARD_OF}', '{subject}')",
            at.org.0
        );
        factory::sql(at, &row).await;
    }
    assert_eq!(abroad.next("1", "/events/subjectId").await, "elsewhere");

    let told = |kind: &str, subject: &str| (kind.to_owned(), subject.to_owned());
    let learning = vec![
        told("enrollment.created", &theirs),
        told("progress.recorded", &theirs),
        told("unit.completed", &theirs),
    ];
    let anothers = vec![told("enrollment.created", &others)];
    let published = vec![told("course.published", &course.id)];
    let unheard_of = vec![told(UNHEARD_OF, &course.id), told(UNHEARD_OF, &theirs)];
    let taught = [published.clone(), learning.clone(), anothers.clone()].concat();
    let ends = audience.close().await;
    // The manager's learner joins the closing course before the manager does.
    let managed = [learning.clone(), vec![told("enrollment.created", &ends[2])]].concat();
    let all = [taught.clone(), unheard_of].concat();
    let expected = [all, published, learning, anothers, taught, vec![], managed];
    // Nobody's closing is heard by who manages somebody else's group, but that of the member who is in it.
    let last = vec![told("enrollment.created", &ends[1])];
    for (at, mut expected) in expected.into_iter().chain([last]).enumerate() {
        expected.sort();
        let who = audience.people[at].0;
        assert_eq!(audience.heard_by(at, &ends).await, expected, "{who}");
    }
}

#[tokio::test]
async fn an_operator_is_not_told_of_what_they_read_themselves_since_that_would_have_no_end() {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let (owner, supporter) = (app.owner().await, operator(&app).await);
    let_in(&app, &owner, &supporter, &["AUDIT_READ"]).await;
    factory::seal(&app).await;
    let mut sockets = Vec::new();
    for token in [owner.token(), supporter.token()] {
        sockets.push(Socket::listening(&app, address, token, EVENTS, json!({ "id": app.org_id() })).await);
    }
    // What the operator is told of is a read by the grant: the owner is told so, and then of what the owner does next.
    for _ in 0..2 {
        factory::published_course(&app, &owner, 0).await;
        for (socket, last) in sockets.iter_mut().zip(["support.read", "course.published"]) {
            let mut heard = Vec::new();
            while heard.last().is_none_or(|kind| kind != last) {
                let kind = socket.next("1", "/events/type").await;
                heard.push(kind.as_str().unwrap().to_owned());
            }
            assert!(
                last == "support.read" || !heard.iter().any(|kind| kind == "support.read"),
                "{heard:?}"
            );
        }
    }
}
