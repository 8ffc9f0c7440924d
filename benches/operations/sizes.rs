//! What is large, done once each: a course of 2,000 units that draws from a bank of 20,000 questions, its class of 100,000, and the
//! 10,000 attempts of ten questions whose answer key was wrong.

use super::academy::{Academy, work};
use super::client::{Connection, request};
use super::content::{chosen, question, right};
use super::documents::{BANK_LIST, CLASS_LIST, MEMBER_LIST, OUTLINE, PUBLISH, QUEUE, REGRADE};
use super::node::Node;
use lyceum::domain::content::{Answer, AnswerKey, QuestionKind, QuestionPrompt, QuizPolicy, Rule};
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{CourseId, CourseKey, Key, OrgId, OrganizationKey, UnitId, UnitKey};
use serde_json::{Value, json};
use std::time::Instant;
use tokio_postgres::Client;

const MODULES: usize = 40;
/// Texts of a module.
const TEXTS: usize = 50;
const BANK: usize = 20_000;
const CLASS: usize = 100_000;
const ATTEMPTS: usize = 10_000;
const QUESTIONS: usize = 10;

/// The course, and what is in it.
struct Large {
    course: CourseKey,
    quiz: UnitId,
    essay: UnitId,
}

/// Does all of it, and says what each took.
pub async fn measure(admin: &Client, academy: &Academy, node: &Node) -> anyhow::Result<()> {
    let org = OrganizationKey::parse(&academy.organization)
        .map(|key| key.0)
        .ok_or_else(|| anyhow::anyhow!("the organisation has an identifier"))?;
    let large = author(admin, org).await?;
    println!(
        "\n{:<44} {:>9} {:>11} {:>9} {:>10}",
        "once", "ms", "statements", "bytes", "most MiB"
    );
    let course = json!({ "id": large.course.to_string() });
    let here = json!({ "org": academy.organization });
    let once = async |name: &str, query: &str, variables: &Value, sign: &str| {
        shot(
            admin,
            node,
            name,
            &request(Some(&academy.owner), query, variables),
            sign,
        )
        .await
    };
    once(
        "publish, 2,000 units, first",
        PUBLISH,
        &course,
        "\"userErrors\":[]",
    )
    .await?;
    once(
        "outline, 2,000 units, cold",
        OUTLINE,
        &course,
        "\"title\":\"Text 49\"",
    )
    .await?;
    once(
        "outline, 2,000 units, warm",
        OUTLINE,
        &course,
        "\"title\":\"Text 49\"",
    )
    .await?;
    teach(admin, org, &large).await?;
    once(
        "grading queue, 100 of 10,000",
        QUEUE,
        &course,
        "\"totalCount\":10000",
    )
    .await?;
    once(
        "enrolments, 100 of 100,000",
        CLASS_LIST,
        &course,
        "\"totalCount\":100000",
    )
    .await?;
    once(
        "members, 100 of 102,001",
        MEMBER_LIST,
        &here,
        "\"totalCount\":102001",
    )
    .await?;
    once(
        "bank, 100 of 20,000 questions",
        BANK_LIST,
        &here,
        "\"totalCount\":20000",
    )
    .await?;
    correct(admin, &large).await?;
    once(
        "publish, 2,000 units, again",
        PUBLISH,
        &course,
        "\"userErrors\":[]",
    )
    .await?;
    for (name, dry) in [
        ("regrade of 10,000 attempts, dry", true),
        ("regrade of 10,000 attempts", false),
    ] {
        let quiz = UnitKey::new(large.course, large.quiz).to_string();
        let input = json!({ "courseId": large.course.to_string(), "quizId": quiz, "dryRun": dry, "reason": "The key was wrong." });
        once(
            name,
            REGRADE,
            &json!({ "input": input }),
            "\"newlyPassedCount\":10000",
        )
        .await?;
    }
    Ok(())
}

/// Asks once, on a connection of its own.
async fn shot(admin: &Client, node: &Node, name: &str, request: &[u8], sign: &str) -> anyhow::Result<()> {
    let (statements, _) = work(admin).await?;
    let mut connection = Connection::open(node.address)?;
    let sent = Instant::now();
    let answer = connection.ask(request)?;
    let took = sent.elapsed();
    anyhow::ensure!(
        answer.contains(sign),
        "{name}: {}",
        answer.chars().take(2_000).collect::<String>()
    );
    let (now, _) = work(admin).await?;
    let (_, most) = node.memory()?;
    println!(
        "{name:<44} {:>9.1} {:>11.0} {:>9} {:>10}",
        took.as_secs_f64() * 1e3,
        now - statements,
        answer.len(),
        most / super::MIB
    );
    Ok(())
}

/// Writes the course's draft and the bank that it draws from.
async fn author(admin: &Client, org: OrgId) -> anyhow::Result<Large> {
    let clock = Clock::default();
    let large = Large {
        course: CourseKey::new(org, CourseId(clock.uuid())),
        quiz: UnitId(clock.uuid()),
        essay: UnitId(clock.uuid()),
    };
    let (org, course, quiz, essay) = (org.0, large.course.id.0, large.quiz.0, large.essay.0);
    let (bank, drawn) = (clock.uuid(), clock.uuid());
    let prompt = serde_json::to_string(&question(&clock, 1).1)?;
    let key = serde_json::to_string(&right("o2"))?;
    let policy = serde_json::to_string(&QuizPolicy::default())?;
    let essay_prompt = serde_json::to_string(&QuestionPrompt::new(QuestionKind::Essay, "Tell.".to_owned()))?;
    let essay_key = serde_json::to_string(&AnswerKey::new(Rule::People { sample: None }))?;
    let pools = json!([{ "bank": bank, "draw": 10, "points": 100, "tags": ["drawn"] }]);
    let text = "A paragraph of a text that a learner reads, with *emphasis* and `code` in it.\n\n".repeat(25);
    admin
        .batch_execute(&format!(
            "insert into question_banks (org_id, id, name) values ('{org}', '{bank}', 'Bank');
            insert into bank_questions (org_id, id, bank_id, tags) select '{org}', gen_random_uuid(), '{bank}',
                case when n <= 500 then array['drawn'] else array['kept'] end from generate_series(1, {BANK}) n;
            insert into bank_question_versions (org_id, question_id, number, prompt, answer_key, created_by)
                select q.org_id, q.id, 1, '{prompt}', '{key}', m.id from bank_questions q
                cross join memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id and r.slug = 'owner';
            insert into courses (org_id, id, slug, visibility, title, summary, unit_count)
                values ('{org}', '{course}', 'large', 'members', 'Large', 'Of two thousand units.', 0);
            insert into course_drafts (org_id, course_id, title, summary) values ('{org}', '{course}', 'Large', 'Of two thousand units.');
            insert into draft_modules (org_id, id, course_id, position, title)
                select '{org}', gen_random_uuid(), '{course}', n, 'Module ' || n from generate_series(1, {MODULES}) n;
            insert into draft_units (org_id, id, course_id, module_id, position, kind, title, body)
                select m.org_id, gen_random_uuid(), m.course_id, m.id, n, 'text', 'Text ' || n, '{text}'
                from draft_modules m cross join generate_series(1, {TEXTS}) n where m.course_id = '{course}'
                and (m.position > 1 or n <= {TEXTS} - 3);
            insert into draft_units (org_id, id, course_id, module_id, position, kind, title, quiz, pools)
                select org_id, u.id::uuid, course_id, m.id, u.position, 'quiz', u.title, '{policy}', u.pools::jsonb
                from draft_modules m cross join (values ('{quiz}', 100, 'Quiz', null), ('{essay}', 101, 'Essay', null),
                    ('{drawn}', 102, 'Drawn', '{pools}')) u(id, position, title, pools) where m.course_id = '{course}' and m.position = 1;
            insert into draft_questions (org_id, id, unit_id, position, prompt, answer_key)
                select '{org}', gen_random_uuid(), '{quiz}', n, '{prompt}', '{key}' from generate_series(1, {QUESTIONS}) n;
            insert into draft_questions (org_id, id, unit_id, position, prompt, answer_key)
                values ('{org}', gen_random_uuid(), '{essay}', 1, '{essay_prompt}', '{essay_key}');"
        ))
        .await?;
    Ok(large)
}

/// Enrols the class, and lets some of it answer: the quiz wrongly, the essay with something to be read.
async fn teach(admin: &Client, org: OrgId, large: &Large) -> anyhow::Result<()> {
    let (org, course, quiz, essay) = (org.0, large.course.id.0, large.quiz.0, large.essay.0);
    let wrong = serde_json::to_string(&chosen("o1"))?;
    let told = serde_json::to_string(&Answer::Text("This is what I think.".to_owned()))?;
    let units = MODULES * TEXTS;
    admin
        .batch_execute(&format!(
            "with people as (insert into users (id, email, first_name, last_name, password_hash)
                select gen_random_uuid(), 'class' || n || '@bench.example', 'Class', n::text, 'none' from generate_series(1, {CLASS}) n
                returning id, email, last_name)
            insert into memberships (org_id, id, user_id, role_id, state, name, email)
                select r.org_id, gen_random_uuid(), p.id, r.id, 'active', 'Class ' || p.last_name, p.email
                from people p cross join roles r where r.org_id = '{org}' and r.slug = 'learner';
            insert into enrollments (org_id, id, course_id, member_id, revision_id, source, unit_count, units_completed, state)
                select m.org_id, gen_random_uuid(), c.id, m.id, c.revision_id, 'staff', {units}, 0, 'active'
                from memberships m join courses c on c.org_id = m.org_id and c.id = '{course}' where m.email like 'class%';
            insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, seed, state, submitted_at,
                points, max_points, pass_points)
                select e.org_id, gen_random_uuid(), e.id, '{quiz}', e.course_id, e.revision_id, e.member_id, 1, 7, 'graded', now(),
                    0, {QUESTIONS} * 100, {QUESTIONS} * 50 from enrollments e where e.course_id = '{course}' order by e.id limit {ATTEMPTS};
            insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, seed, state, submitted_at,
                max_points, pass_points)
                select e.org_id, gen_random_uuid(), e.id, '{essay}', e.course_id, e.revision_id, e.member_id, 1, 7, 'needs_grading', now(),
                    100, 50 from enrollments e where e.course_id = '{course}' order by e.id limit {ATTEMPTS};
            insert into attempt_answers (org_id, attempt_id, question_id, answer, points)
                select a.org_id, a.id, q.id, case when a.unit_id = '{quiz}' then '{wrong}' else '{told}' end::jsonb,
                    case when a.unit_id = '{quiz}' then 0 end
                from attempts a join draft_questions q on q.org_id = a.org_id and q.unit_id = a.unit_id where a.course_id = '{course}';"
        ))
        .await?;
    admin.batch_execute("vacuum analyze").await?;
    Ok(())
}

/// Corrects the quiz's key in the draft: what all have chosen was right.
async fn correct(admin: &Client, large: &Large) -> anyhow::Result<()> {
    let key = serde_json::to_string(&right("o1"))?;
    let update = format!(
        "update draft_questions set answer_key = '{key}' where unit_id = '{}'",
        large.quiz.0
    );
    admin.batch_execute(&update).await?;
    Ok(())
}
