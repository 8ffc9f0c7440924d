//! The academy that is measured: one organisation, 200 courses of 5 modules × 6 units, 2,000 members, 20,000 enrolments.
//!
//! A module is five texts of about 2 kB and a quiz of five questions, of fifty in the last. Each member has ten enrolments: one
//! completed, with a certificate, nine with three units completed and open attempts at two quizzes of five questions and, in two of
//! them, at the one of fifty, every question answered. All of it is written past the API and row security, in bulk.

use super::content::{answer_keys, chosen, content, quizzes};
use super::node::MASTER_KEY;
use lyceum::auth::roles::BUILT_IN;
use lyceum::domain::certificates::CertificateCode;
use lyceum::domain::content::Content;
use lyceum::domain::content::compiled::FORMAT;
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{
    AttemptId, AttemptKey, CertificateId, CertificateKey, CourseId, CourseKey, EnrollmentId, EnrollmentKey,
    OrgId, OrganizationKey, QuestionKey, UnitId, UnitKey,
};
use lyceum::kernel::keyring::Keyring;
use lyceum::kernel::secret::{Token, TokenKind};
use std::fmt::Write;
use std::str::FromStr;
use tokio_postgres::{Client, NoTls};

const COURSES: usize = 200;
const MEMBERS: usize = 2_000;
const ENROLLMENTS: usize = 10;
/// Units that an enrolment under way has completed.
const COMPLETED: usize = 3;
/// Quizzes of five questions with an open attempt, in an enrolment under way.
const ATTEMPTS: usize = 2;
/// The quiz of fifty questions is attempted in enrolments from this one on.
const LONG_FROM: usize = 8;

/// What requests are made of.
pub struct Academy {
    /// The organisation's identifier.
    pub organization: String,
    /// The token of its owner.
    pub owner: String,
    /// The identifiers of its courses.
    pub courses: Vec<String>,
    /// Its learners.
    pub learners: Vec<Learner>,
}

/// A learner.
#[derive(Default)]
pub struct Learner {
    /// The token of a session.
    pub token: String,
    /// The code of their certificate.
    pub code: String,
    /// An enrolment under way, with a text that is not read yet.
    pub enrollment: (String, String),
    /// Enrolments with quizzes that were not attempted yet.
    pub quizzes: Vec<(String, String)>,
    /// Open attempts with every question answered, each with its first question.
    pub attempts: Vec<(String, String)>,
    /// The same of quizzes of fifty questions.
    pub long_quizzes: Vec<(String, String)>,
    /// The same of them.
    pub long_attempts: Vec<(String, String)>,
}

struct Course {
    key: CourseKey,
    revision: String,
    content: Content,
}

/// Columns of text that become rows in one statement.
struct Rows<const N: usize>([Vec<String>; N]);

impl<const N: usize> Rows<N> {
    fn new() -> Self {
        Self(std::array::from_fn(|_| Vec::new()))
    }

    fn add(&mut self, row: [String; N]) {
        for (column, value) in self.0.iter_mut().zip(row) {
            column.push(value);
        }
    }

    async fn insert(&self, client: &Client, statement: &str) -> anyhow::Result<()> {
        let mut columns = String::new();
        for column in 1..=N {
            let comma = if column == 1 { "" } else { ", " };
            write!(columns, "{comma}${column}::text[]")?;
        }
        let statement = statement.replace("ROWS", &format!("unnest({columns})"));
        let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            self.0.iter().map(|column| column as _).collect();
        client.execute(&statement, &values).await?;
        Ok(())
    }
}

/// Fills an empty, migrated database, as its superuser.
pub async fn fill(admin_url: &str) -> anyhow::Result<Academy> {
    let (client, connection) = tokio_postgres::connect(admin_url, NoTls).await?;
    tokio::spawn(connection);
    let clock = Clock::default();
    let org = OrgId(clock.uuid());
    client
        .batch_execute(&format!(
            "insert into organizations (id, slug, name) values ('{0}', 'bench', 'Bench'); ",
            org.0
        ))
        .await?;
    let mut roles = Rows::new();
    for role in BUILT_IN {
        let id = clock.uuid().to_string();
        roles.add([id, role.slug.into(), role.name.into(), role.grants().to_string()]);
    }
    let insert = format!(
        "insert into roles select '{}', r.id::uuid, slug, name, true, grants::jsonb from ROWS r(id, slug, name, grants)",
        org.0
    );
    roles.insert(&client, &insert).await?;

    let mut people = Rows::new();
    let mut tokens = Vec::new();
    for number in 0..=MEMBERS {
        let token = Token::generate(TokenKind::Session);
        let hash = hex::encode(token.hash());
        let role = if number == MEMBERS { "owner" } else { "learner" };
        let ids = [clock.uuid(), clock.uuid(), clock.uuid()].map(|id| id.to_string());
        let [user, member, session] = ids;
        tokens.push((member.clone(), token.expose().to_owned()));
        people.add([
            user,
            member,
            session,
            hash,
            role.into(),
            format!("Member {number:05}"),
        ]);
    }
    let from = "from ROWS p(user_id, member, session, hash, role, name)";
    for statement in [
        format!(
            "insert into users (id, email, first_name, last_name, password_hash) \
            select user_id::uuid, replace(lower(name), ' ', '.') || '@bench.example', 'Bench', name, 'none' {from}"
        ),
        format!(
            "insert into sessions (id, user_id, expires_at) \
            select session::uuid, user_id::uuid, now() + interval '1 day' {from}"
        ),
        format!(
            "insert into session_tokens (token_hash, session_id, user_id, kind, expires_at) \
            select decode(hash, 'hex'), session::uuid, user_id::uuid, 'access', now() + interval '1 day' {from}"
        ),
        format!(
            "insert into memberships (org_id, id, user_id, role_id, state, name, email) \
            select r.org_id, member::uuid, user_id::uuid, r.id, 'active', p.name, replace(lower(p.name), ' ', '.') || '@bench.example' \
            {from} join roles r on r.slug = p.role"
        ),
    ] {
        people.insert(&client, &statement).await?;
    }

    let author = tokens
        .last()
        .map(|(member, _)| member.clone())
        .unwrap_or_default();
    let courses: Vec<Course> = (0..COURSES).map(|number| course(&clock, org, number)).collect();
    store_courses(&client, &courses, &author).await?;
    let learners = store_learning(&client, &clock, org, &courses, &tokens[..MEMBERS]).await?;
    client.batch_execute("vacuum analyze").await?;
    Ok(Academy {
        organization: OrganizationKey(org).to_string(),
        owner: tokens.pop().map(|(_, token)| token).unwrap_or_default(),
        courses: courses.iter().map(|course| course.key.to_string()).collect(),
        learners,
    })
}

fn course(clock: &Clock, org: OrgId, number: usize) -> Course {
    Course {
        key: CourseKey::new(org, CourseId(clock.uuid())),
        revision: clock.uuid().to_string(),
        content: content(clock, format!("Course {number:03}")),
    }
}

fn units(content: &Content) -> Vec<UnitId> {
    let units = content.modules.iter().flat_map(|module| &module.units);
    units.map(|unit| unit.id).collect()
}

async fn store_courses(client: &Client, courses: &[Course], author: &str) -> anyhow::Result<()> {
    let mut rows = Rows::new();
    for course in courses {
        rows.add([
            course.key.id.0.to_string(),
            course.revision.clone(),
            course.content.title.clone(),
            course.content.summary.clone(),
            serde_json::to_string(&course.content)?,
            serde_json::to_string(&answer_keys(&course.content))?,
            units(&course.content).len().to_string(),
        ]);
    }
    let from = "from ROWS c(id, revision, title, summary, content, keys, units) cross join organizations o";
    for statement in [
        format!(
            "insert into courses (org_id, id, slug, visibility, title, summary, unit_count) \
            select o.id, c.id::uuid, replace(lower(title), ' ', '-'), 'members', title, summary, units::int {from}"
        ),
        format!(
            "insert into course_revisions (org_id, id, course_id, number, format, content, published_by) \
            select o.id, revision::uuid, c.id::uuid, 1, {FORMAT}, content, '{author}' {from}"
        ),
        format!(
            "insert into revision_answer_keys (org_id, revision_id, answer_keys) select o.id, revision::uuid, keys {from}"
        ),
        format!(
            "update courses set state = 'published', revision_id = n.revision::uuid, revision_number = 1, published_at = now() \
            from (select c.* {from}) n where courses.id = n.id::uuid"
        ),
        format!(
            "insert into published_texts (org_id, course_id, node_id, language, is_translation, title, body) \
            select o.id, c.id::uuid, c.id::uuid, 'en', false, title, summary {from} union all \
            select o.id, c.id::uuid, (u ->> 'id')::uuid, 'en', false, u ->> 'title', coalesce(u #>> '{{body,text}}', '') {from} \
            cross join jsonb_array_elements(c.content::jsonb -> 'modules') m cross join jsonb_array_elements(m -> 'units') u"
        ),
    ] {
        rows.insert(client, &statement).await?;
    }
    Ok(())
}

async fn store_learning(
    client: &Client,
    clock: &Clock,
    org: OrgId,
    courses: &[Course],
    members: &[(String, String)],
) -> anyhow::Result<Vec<Learner>> {
    let keyring = Keyring::parse(MASTER_KEY).map_err(anyhow::Error::msg)?;
    let (mut enrollments, mut progress) = (Rows::new(), Rows::new());
    let (mut certificates, mut attempts, mut answers) = (Rows::new(), Rows::new(), Rows::new());
    let answer = serde_json::to_string(&chosen("o2"))?;
    let mut learners = Vec::new();
    for (number, (member, token)) in members.iter().enumerate() {
        let mut learner = Learner {
            token: token.clone(),
            ..Learner::default()
        };
        for place in 0..ENROLLMENTS {
            let course = &courses[(number + place * 17) % courses.len()];
            let enrollment = EnrollmentKey::new(org, EnrollmentId(clock.uuid()));
            let id = enrollment.id.0.to_string();
            let units = units(&course.content);
            let completed = if place == 0 { units.len() } else { COMPLETED };
            for unit in &units[..completed] {
                progress.add([id.clone(), unit.0.to_string()]);
            }
            enrollments.add([
                id.clone(),
                course.key.id.0.to_string(),
                member.clone(),
                course.revision.clone(),
                units.len().to_string(),
                completed.to_string(),
            ]);
            if place == 0 {
                let key = CertificateKey::new(org, CertificateId(clock.uuid()));
                let (code, _) = CertificateCode::issue(&keyring, key);
                let hash = hex::encode(code.hash());
                learner.code = code.to_string();
                certificates.add([key.id.0.to_string(), id, hash]);
                continue;
            }
            learner.enrollment = (
                enrollment.to_string(),
                UnitKey::new(course.key, units[COMPLETED]).to_string(),
            );
            let all = quizzes(&course.content);
            let last = all.len() - 1;
            for (number, (quiz, questions)) in all.into_iter().enumerate() {
                let is_long = number == last;
                if number >= ATTEMPTS && !(is_long && place >= LONG_FROM) {
                    let open = (enrollment.to_string(), UnitKey::new(course.key, quiz).to_string());
                    let quizzes = if is_long {
                        &mut learner.long_quizzes
                    } else {
                        &mut learner.quizzes
                    };
                    quizzes.push(open);
                    continue;
                }
                let attempt = AttemptKey::new(org, AttemptId(clock.uuid()));
                let first = QuestionKey::new(course.key, questions[0]);
                let open = if is_long {
                    &mut learner.long_attempts
                } else {
                    &mut learner.attempts
                };
                open.push((attempt.to_string(), first.to_string()));
                let attempt = attempt.id.0.to_string();
                let points = (questions.len() * 100).to_string();
                attempts.add([attempt.clone(), id.clone(), quiz.0.to_string(), points]);
                for question in questions {
                    answers.add([attempt.clone(), question.0.to_string(), answer.clone()]);
                }
            }
        }
        learners.push(learner);
    }
    enrollments
        .insert(client, "insert into enrollments (org_id, id, course_id, member_id, revision_id, source, unit_count, units_completed, \
            state, completed_at) select o.id, e.id::uuid, course::uuid, member::uuid, revision::uuid, 'self', units::int, completed::int, \
            case when units = completed then 'completed' else 'active' end, case when units = completed then now() end \
            from ROWS e(id, course, member, revision, units, completed) cross join organizations o")
        .await?;
    progress
        .insert(client, "insert into unit_progress (org_id, enrollment_id, unit_id, state, completed_at) \
            select o.id, enrollment::uuid, unit::uuid, 'completed', now() from ROWS p(enrollment, unit) cross join organizations o")
        .await?;
    certificates
        .insert(client, "insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, code_hash, code_generation, \
            holder_name, course_title, organization_name) select e.org_id, c.id::uuid, e.id, e.course_id, e.member_id, e.revision_id, \
            decode(hash, 'hex'), 0, m.name, k.title, o.name from ROWS c(id, enrollment, hash) join enrollments e on e.id = c.enrollment::uuid \
            join memberships m on m.org_id = e.org_id and m.id = e.member_id join courses k on k.org_id = e.org_id and k.id = e.course_id \
            join organizations o on o.id = e.org_id")
        .await?;
    attempts
        .insert(client, "insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, seed, \
            max_points, pass_points) select e.org_id, a.id::uuid, e.id, unit::uuid, e.course_id, e.revision_id, e.member_id, 1, 7, \
            points::int, 300 from ROWS a(id, enrollment, unit, points) join enrollments e on e.id = a.enrollment::uuid")
        .await?;
    answers
        .insert(client, "insert into attempt_answers (org_id, attempt_id, question_id, answer) \
            select o.id, attempt::uuid, question::uuid, answer::jsonb from ROWS a(attempt, question, answer) cross join organizations o")
        .await?;
    Ok(learners)
}

/// How many data statements the serving role has run so far, and how many 8 kB blocks they have touched.
pub async fn work(client: &Client) -> anyhow::Result<(f64, f64)> {
    let sql = "select coalesce(sum(calls), 0)::float8, coalesce(sum(shared_blks_hit + shared_blks_read), 0)::float8 \
        from pg_stat_statements s join pg_roles r on r.oid = s.userid \
        where r.rolname = 'lyceum_app' and query !~* '^(begin|commit|rollback|set|select distinct wait)'";
    let row = client.query_one(sql, &[]).await?;
    Ok((row.get(0), row.get(1)))
}

/// A connection of the superuser.
pub async fn admin(admin_url: &str) -> anyhow::Result<Client> {
    let config = tokio_postgres::Config::from_str(admin_url)?;
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
