//! Learning paths, who follows them, and the rows of their mutations.

use super::app::Person;
use super::client::{Client, Reply};
use super::world::Row;
use super::{TestApp, factory};
use lyceum::kernel::ids::MemberKey;
use serde_json::{Value, json};

const FOLLOWED: &str = "query($id: ID!) { node(id: $id) { ... on PathEnrollment { state completedAt withdrawnAt source member { id } path { id title } \
    progress { coursesCompleted coursesRequired } nextCourse { id } } } }";

/// Published courses of a quiz each.
pub async fn courses(app: &TestApp, author: &Person, count: usize) -> Vec<factory::Course> {
    let mut courses = Vec::new();
    for _ in 0..count {
        courses.push(factory::published_course(app, author, 0).await);
    }
    courses
}

/// An enrolment in a path, as somebody sees it.
pub async fn followed(who: &Client, enrollment: &str) -> Value {
    let reply = who.run_with(FOLLOWED, json!({ "id": enrollment })).await;
    reply.data("/node").clone()
}

/// The codes of a refusal and the field that it names.
pub fn refused(reply: &Reply, mutation: &str) -> (String, Value) {
    let field = reply.data(&format!("/{mutation}/userErrors/0/field")).clone();
    (reply.codes(), field)
}

/// Sends one of the mutations on paths or on who follows them.
pub async fn send(who: &Client, mutation: &str, input: &Value) -> Reply {
    let answer = if ["pathEnroll", "pathWithdraw"].contains(&mutation) {
        "pathEnrollment { id state source withdrawnAt nextCourse { id } }"
    } else {
        "path { id title state version electivesNeeded courseCount courses { isRequired course { id } } }"
    };
    who.mutate(mutation, input, answer).await
}

/// Courses of a path, all of them required.
pub fn required(courses: &[&factory::Course]) -> Value {
    let course = |course: &&factory::Course| json!({ "courseId": course.id });
    courses.iter().map(course).collect()
}

/// Tries to create a path of these courses.
pub async fn create(app: &TestApp, author: &Client, courses: Value, more: Value) -> Reply {
    let mut input = json!({ "organizationId": app.org_id(), "title": "A path", "courses": courses });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    send(author, "pathCreate", &input).await
}

/// A new path that is a draft; its identifier.
pub async fn draft(app: &TestApp, author: &Client, courses: Value, more: Value) -> String {
    let reply = create(app, author, courses, more).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/pathCreate/path/id").to_owned()
}

/// A new path that is published; its identifier.
pub async fn published(app: &TestApp, author: &Client, courses: Value, more: Value) -> String {
    let path = draft(app, author, courses, more).await;
    let reply = send(author, "pathPublish", &json!({ "id": path })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    path
}

/// Follows a path; the identifier of the enrolment in it.
pub async fn follow(who: &Client, path: &str) -> String {
    let reply = send(who, "pathEnroll", &json!({ "pathId": path })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/pathEnroll/pathEnrollment/id").to_owned()
}

/// A path to publish, one to follow, and who does and who will.
pub struct Paths {
    author: Client,
    org: String,
    course: factory::Course,
    draft: String,
    published: String,
    follower: (Client, String),
    newcomer: Client,
}

impl Paths {
    /// Makes them.
    pub async fn new(app: &TestApp, author: &Person) -> Self {
        let course = factory::published_course(app, author, 0).await;
        let draft = draft(app, author, required(&[&course]), json!({})).await;
        let published = published(app, author, required(&[&course]), json!({})).await;
        let (follower, newcomer) = (app.learner().await, app.learner().await);
        let enrollment = follow(&follower, &published).await;
        Self {
            author: author.client.clone(),
            org: app.org_id(),
            course,
            draft,
            published,
            follower: (follower.client, enrollment),
            newcomer: newcomer.client,
        }
    }

    /// The rows, in an order in which everything can be done.
    pub fn rows(&self) -> Vec<Row> {
        let (follower, enrollment) = &self.follower;
        let authors =
            |mutation, input, learner| Row::new(mutation, input, &self.author, learner, "NOT_FOUND");
        let new = json!({ "organizationId": self.org, "title": "New", "courses": required(&[&self.course]) });
        let (draft, published) = (json!({ "id": self.draft }), json!({ "id": self.published }));
        let edit = json!({ "id": self.published, "title": "Other" });
        let enroll = json!({ "pathId": self.published });
        let leave = json!({ "pathEnrollmentId": enrollment });
        vec![
            authors("pathCreate", new, "FORBIDDEN"),
            authors("pathUpdate", edit, "FORBIDDEN"),
            authors("pathPublish", draft, "NOT_FOUND"),
            Row::new("pathEnroll", enroll, &self.newcomer, "", "NOT_FOUND"),
            Row::new("pathWithdraw", leave, follower, "NOT_FOUND", "NOT_FOUND"),
            authors("pathArchive", published, "FORBIDDEN"),
        ]
    }
}

/// Two paths of an academy with a word in everything that people write, one of them published; the owner has completed it, the learner
/// follows it, the manager has left it.
pub fn of_academy(word: &str, owner: MemberKey) -> String {
    let owner = owner.id.0;
    format!(
        "insert into learning_paths (org_id, id, external_id, title, description, state, published_at) \
         select m.org_id, gen_random_uuid(), '{word}-paths-external-' || s.state, '{word}-paths-title-' || s.state, \
         '{word}-paths-description of {word}-courses-title', s.state, case s.state when 'published' then now() end \
         from memberships m cross join (values ('draft'), ('published')) as s (state) where m.id = '{owner}'; \
         insert into path_courses (org_id, path_id, course_id, is_required, position) \
         select l.org_id, l.id, c.id, true, row_number() over (partition by l.id order by c.id) \
         from learning_paths l join courses c on c.org_id = l.org_id; \
         insert into path_enrollments (org_id, id, path_id, member_id, source, withdrawn_at) \
         select l.org_id, gen_random_uuid(), l.id, m.id, 'self', case r.slug when 'manager' then now() end \
         from learning_paths l join memberships m on m.org_id = l.org_id join roles r on r.org_id = m.org_id and r.id = m.role_id \
         and r.slug in ('owner', 'learner', 'manager') where l.state = 'published';"
    )
}
