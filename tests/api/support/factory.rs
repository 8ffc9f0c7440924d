//! What tests start with, put straight into the database where the API has no way yet.

use super::app::{PASSWORD, Person, TestApp};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use lyceum::auth::sessions::{self, NewSession};
use lyceum::db::pool::Statements;
use lyceum::db::schema::{
    course_instructors, group_members, groups, memberships, organizations, roles, users,
};
use lyceum::db::{Scope, Tx};
use lyceum::domain::app::App;
use lyceum::domain::mutate::by_system;
use lyceum::domain::organizations::found::{NewOrganization, insert};
use lyceum::jobs::sequencer;
use lyceum::kernel::ids::{CourseKey, GroupId, Key, MemberId, MemberKey, OrgId, RoleId, UserId};
use lyceum::kernel::origin::Origin;
use lyceum::kernel::secret::Secret;
use serde_json::{Value, json};
use std::sync::Arc;

async fn begin(app: &App, org: OrgId) -> Tx {
    Tx::begin(&app.db, &Scope::one(None, org), &Statements::default())
        .await
        .unwrap()
}

/// An organisation with the built-in roles.
pub async fn organization(app: &Arc<App>, slug: &str, is_open: bool) -> OrgId {
    let org = OrgId(app.clock.uuid());
    let new = NewOrganization {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        is_open,
    };
    let founded = by_system(app, org, "factory", move |write| {
        Box::pin(async move { insert(write, &new).await })
    });
    founded.await.unwrap().unwrap();
    org
}

/// Runs statements as the serving role, in an organisation's scope.
pub async fn sql(app: &TestApp, statements: &str) {
    let outcome = try_sql(app, statements).await;
    outcome.unwrap_or_else(|error| panic!("{error} in {statements}"));
}

/// The same, for what PostgreSQL may refuse.
pub async fn try_sql(app: &TestApp, statements: &str) -> Result<(), String> {
    let tx = begin(&app.app, app.org).await;
    let outcome = (&mut tx.conn()).batch_execute(statements).await;
    outcome.map_err(|error| error.to_string())?;
    tx.commit().await.map_err(|error| error.to_string())
}

/// Tries to run statements as the serving role in a person's own scope; what they did is undone.
pub async fn try_as_person(app: &TestApp, user: UserId, statements: &str) -> QueryResult<()> {
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.app.db, &scope, &Statements::default())
        .await
        .unwrap();
    let outcome = (&mut tx.conn()).batch_execute(statements).await;
    drop(tx.rollback().await);
    outcome
}

/// Opens an organisation to everybody's eyes.
pub async fn open(app: &TestApp) {
    let tx = begin(&app.app, app.org).await;
    diesel::update(organizations::table.find(app.org.0))
        .set(organizations::is_open.eq(true))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// An account with an open session: its id, address and token.
pub async fn user(app: &App) -> (UserId, String, String) {
    let id = UserId(app.clock.uuid());
    let email = format!("{}@people.example", id.0.simple());
    let hash = app
        .passwords
        .hash(Secret::new(PASSWORD.to_owned()))
        .await
        .unwrap();
    let tx = Tx::begin(&app.db, &Scope::account(id), &Statements::default())
        .await
        .unwrap();
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(&email),
            users::first_name.eq("Test"),
            users::last_name.eq("Person"),
            users::password_hash.eq(hash),
            users::email_verified_at.eq(app.clock.now()),
        ))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let token = session(app, id).await;
    (id, email, token)
}

/// How a person's password is stored.
pub async fn password_hash(app: &TestApp, user: UserId) -> String {
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.app.db, &scope, &Statements::default())
        .await
        .unwrap();
    let hash = users::table.find(user.0).select(users::password_hash);
    let hash = hash.first(&mut tx.conn()).await.unwrap();
    tx.rollback().await.unwrap();
    hash
}

/// A membership with a role.
pub async fn member(app: &App, org: OrgId, user: UserId, email: &str, role: &str) -> MemberKey {
    let id = MemberId(app.clock.uuid());
    let tx = begin(app, org).await;
    let role: RoleId = roles::table
        .filter(roles::org_id.eq(org).and(roles::slug.eq(role)))
        .select(roles::id)
        .first(&mut tx.conn())
        .await
        .unwrap();
    diesel::insert_into(memberships::table)
        .values((
            memberships::org_id.eq(org),
            memberships::id.eq(id),
            memberships::user_id.eq(user),
            memberships::role_id.eq(role),
            memberships::state.eq("active"),
            memberships::name.eq("Test Person"),
            memberships::email.eq(email),
        ))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    MemberKey::new(org, id)
}

/// A role of the organisation's own, with these grants; returns its slug.
pub async fn role(app: &TestApp, grants: Value) -> String {
    let id = RoleId(app.app.clock.uuid());
    let slug = format!("r{}", id.0.simple());
    let tx = begin(&app.app, app.org).await;
    diesel::insert_into(roles::table)
        .values((
            roles::org_id.eq(app.org),
            roles::id.eq(id),
            roles::slug.eq(&slug),
            roles::name.eq(&slug),
            roles::is_built_in.eq(false),
            roles::grants.eq(grants),
        ))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    slug
}

/// Changes rows of the organisation behind the API.
pub async fn change(app: &TestApp, sql: &str) {
    let tx = begin(&app.app, app.org).await;
    diesel::sql_query(sql).execute(&mut tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whether the database refuses the serving role a change, which is not made.
pub async fn is_refused(app: &TestApp, sql: &str) -> bool {
    let tx = begin(&app.app, app.org).await;
    let outcome = diesel::sql_query(sql).execute(&mut tx.conn()).await;
    tx.rollback().await.unwrap();
    outcome.is_err()
}

/// Counts rows of the organisation behind the API: `count(&app, "audit_entries where action = 'x'")`.
pub async fn count(app: &TestApp, rows: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let tx = begin(&app.app, app.org).await;
    let sql = format!("select count(*) as count from {rows}");
    let counted: Count = diesel::sql_query(sql).get_result(&mut tx.conn()).await.unwrap();
    tx.rollback().await.unwrap();
    counted.count
}

/// Lets a member teach a course.
pub async fn teaches(app: &TestApp, member: MemberKey, course: &str) {
    let course = CourseKey::parse(course).unwrap();
    let tx = begin(&app.app, app.org).await;
    diesel::insert_into(course_instructors::table)
        .values((
            course_instructors::org_id.eq(app.org),
            course_instructors::course_id.eq(course.id),
            course_instructors::member_id.eq(member.id),
        ))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// A group that one member manages and others are in.
pub async fn group(app: &TestApp, manager: MemberKey, members: &[MemberKey]) -> GroupId {
    let id = GroupId(app.app.clock.uuid());
    let tx = begin(&app.app, app.org).await;
    diesel::insert_into(groups::table)
        .values((
            groups::org_id.eq(app.org),
            groups::id.eq(id),
            groups::name.eq("A group"),
        ))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    let rows: Vec<_> = std::iter::once((manager, true))
        .chain(members.iter().map(|member| (*member, false)))
        .map(|(member, is_manager)| {
            (
                group_members::org_id.eq(app.org),
                group_members::group_id.eq(id),
                group_members::member_id.eq(member.id),
                group_members::is_manager.eq(is_manager),
            )
        })
        .collect();
    diesel::insert_into(group_members::table)
        .values(rows)
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

/// A course with one module, made through the API: `units` texts, and a quiz of two questions behind them.
pub struct Course {
    /// The course's identifier.
    pub id: String,
    /// The module's identifier.
    pub module: String,
    /// The texts' identifiers.
    pub texts: Vec<String>,
    /// The quiz's identifier.
    pub quiz: String,
}

/// Makes a course and publishes it. The quiz's answers: the second option of the first question, `mut` for the second.
pub async fn published_course(app: &TestApp, author: &Person, texts: usize) -> Course {
    let course = draft_course(app, author, texts).await;
    publish(author, &course.id).await;
    course
}

/// Publishes a course's draft.
pub async fn publish(author: &Person, course: &str) {
    let reply = author
        .run_with(
            "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { id } userErrors { code } } }",
            json!({ "id": course }),
        )
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
}

/// Makes a course and does not publish it.
pub async fn draft_course(app: &TestApp, author: &Person, texts: usize) -> Course {
    let slug = format!("c{}", app.app.clock.uuid().simple());
    let reply = author
        .run_with(
            "mutation($org: ID!, $slug: String!) { courseCreate(input: {organizationId: $org, slug: $slug, title: \"A course\", \
             summary: \"About it\", visibility: PUBLIC}) { course { id } userErrors { code } } }",
            json!({ "org": app.org_id(), "slug": slug }),
        )
        .await;
    let id = reply.text("/courseCreate/course/id").to_owned();
    let reply = author
        .run_with(
            "mutation($id: ID!) { moduleCreate(input: {courseId: $id, title: \"A module\"}) { module { id } userErrors { code } } }",
            json!({ "id": id }),
        )
        .await;
    let module = reply.text("/moduleCreate/module/id").to_owned();
    let mut ids = Vec::new();
    for number in 0..texts {
        ids.push(
            unit(
                author,
                &module,
                &format!("Text {number}"),
                json!({ "text": { "body": "Read **this**." } }),
            )
            .await,
        );
    }
    let questions = json!([
        { "text": "Which?", "answer": { "singleChoice": { "options": [
            { "text": "The first", "isRight": false }, { "text": "The second", "isRight": true }, { "text": "The third", "isRight": false },
        ] } }, "explanation": "EXPLANATION-CANARY" },
        { "text": "Which word?", "answer": { "shortText": { "accepted": ["mut"] } } },
    ]);
    let quiz = unit(
        author,
        &module,
        "A quiz",
        json!({ "quiz": { "questions": questions } }),
    )
    .await;
    Course {
        id,
        module,
        texts: ids,
        quiz,
    }
}

/// Adds a unit to a module; returns its identifier.
pub async fn unit(author: &Person, module: &str, title: &str, content: Value) -> String {
    let reply = author
        .run_with(
            "mutation($module: ID!, $title: String!, $content: UnitContentInput!) { \
             unitCreate(input: {moduleId: $module, title: $title, content: $content}) { unit { id } userErrors { code message } } }",
            json!({ "module": module, "title": title, "content": content }),
        )
        .await;
    reply.text("/unitCreate/unit/id").to_owned()
}

/// Another session of a person.
pub async fn open_session(app: &App, user: UserId) -> NewSession {
    sessions::open_session(&app.db, &app.clock, user, &Origin::default())
        .await
        .unwrap()
}

/// Another session of a person: its access token.
pub async fn session(app: &App, user: UserId) -> String {
    open_session(app, user).await.token.expose().to_owned()
}

/// The audit entries of one kind: what each is about, and its detail.
pub async fn audit(app: &TestApp, action: &str) -> Vec<(String, Value)> {
    use lyceum::db::schema::audit_entries;
    let tx = begin(&app.app, app.org).await;
    let entries = audit_entries::table
        .filter(
            audit_entries::org_id
                .eq(app.org)
                .and(audit_entries::action.eq(action)),
        )
        .order_by(audit_entries::id)
        .select((audit_entries::target, audit_entries::detail))
        .load(&mut tx.conn())
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    entries
}

/// Lets the time of all of the organisation's invitations run out.
pub async fn expire_invitations(app: &TestApp) {
    use lyceum::db::schema::invitations;
    let tx = begin(&app.app, app.org).await;
    diesel::update(invitations::table.filter(invitations::org_id.eq(app.org)))
        .set(invitations::expires_at.eq(app.app.clock.now() - chrono::TimeDelta::minutes(1)))
        .execute(&mut tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Numbers and seals what waits, until nothing does: other tests' transactions may hold the horizon back.
pub async fn seal(app: &TestApp) {
    let waiting = "(select 1 from audit_entries where sequence is null \
        union all select 1 from outbox_events where sequence is null) waiting";
    for _ in 0..2_000 {
        sequencer::run_once(&app.app).await.unwrap();
        if count(app, waiting).await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the audit is not sealed, or the log not numbered");
}
