//! What the demo academies' learners did: enrolments, progress, attempts, certificates, and open invitations. All of it
//! goes through the API, as any client's would.

use crate::dev::academies::{ACADEMIES, Academy};
use crate::dev::personas::{Persona, Personas};
use crate::domain::app::App;
use crate::graphql::front::DocumentLimits;
use crate::graphql::schema::Api;
use crate::kernel::origin::Origin;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Courses that the first learner of an academy completes: more than a page of certificates.
const COMPLETED: usize = 21;
/// Invitations that nobody has answered: more than a page.
const INVITATIONS: usize = 24;

/// Lets the learners learn.
pub async fn seed(app: &Arc<App>, personas: &Personas) -> Result<()> {
    let api = Api::new(app.clone(), DocumentLimits::default())?;
    for academy in ACADEMIES {
        let people: Vec<&Persona> = personas
            .people
            .iter()
            .filter(|persona| persona.org == academy.slug)
            .collect();
        let find = |role: &str| {
            people
                .iter()
                .find(|persona| persona.role == role)
                .context("every academy has this persona")
        };
        let (owner, author, learner) = (find("owner")?, find("author")?, find("learner")?);
        let org = personas
            .orgs
            .iter()
            .find(|(slug, _)| slug == academy.slug)
            .map(|(_, id)| id.as_str())
            .unwrap_or_default();
        let courses = courses(&api, &author.token, org).await?;
        complete(&api, &learner.token, &courses).await?;
        enroll_the_others(&api, &owner.token, org, &courses, academy).await?;
        invite(&api, &owner.token, org).await?;
    }
    Ok(())
}

/// A course as its author sees it: small courses first.
struct Course {
    id: String,
    /// Unit ids of texts.
    texts: Vec<String>,
    /// Unit ids of quizzes, with the right answer to each question.
    quizzes: Vec<(String, HashMap<String, Value>)>,
}

async fn run(api: &Api, token: &str, document: &str, variables: Value) -> Result<Value> {
    let Value::Object(variables) = variables else {
        bail!("variables are an object")
    };
    let prepared = api
        .front
        .prepare(document)
        .map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let operation = prepared
        .operation(None)
        .map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let admitted = operation
        .admit(variables)
        .map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
    let viewer = api.app.viewer(token, &Origin::default()).await?;
    let (response, _) = api.execute(viewer, admitted, "seed", &Origin::default()).await;
    anyhow::ensure!(
        response.errors.is_empty(),
        "the API answered {:?}",
        response.errors
    );
    let data = response.data.into_json()?;
    for payload in data.as_object().into_iter().flat_map(|data| data.values()) {
        if let Some(error) = payload["userErrors"].as_array().and_then(|errors| errors.first()) {
            bail!("the API refused: {error}");
        }
    }
    Ok(data)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

async fn courses(api: &Api, token: &str, org: &str) -> Result<Vec<Course>> {
    let document =
        "query($org: ID!) { catalog(filter: { organization: $org }, first: 100) { nodes { id unitCount } } }";
    let found = run(api, token, document, json!({ "org": org })).await?;
    let mut nodes: Vec<&Value> = list(&found["catalog"]["nodes"]).collect();
    nodes.sort_by_key(|node| node["unitCount"].as_i64());
    let mut courses = Vec::new();
    for node in nodes {
        let document = "query($id: ID!) { course(id: $id) { draft { modules { units { id kind questions { id kind answerKey { right \
            { choice text compiles stdout line } } } } } } } }";
        let course = run(api, token, document, json!({ "id": node["id"] })).await?;
        let mut found = Course {
            id: text(&node["id"]),
            texts: Vec::new(),
            quizzes: Vec::new(),
        };
        for unit in list(&course["course"]["draft"]["modules"]).flat_map(|module| list(&module["units"])) {
            if unit["kind"] == "QUIZ" {
                let answers =
                    list(&unit["questions"]).map(|question| (text(&question["id"]), right_answer(question)));
                found.quizzes.push((text(&unit["id"]), answers.collect()));
            } else {
                found.texts.push(text(&unit["id"]));
            }
        }
        courses.push(found);
    }
    Ok(courses)
}

fn right_answer(question: &Value) -> Value {
    let right = &question["answerKey"]["right"][0];
    match question["kind"].as_str().unwrap_or_default() {
        "SINGLE_CHOICE" => json!({ "choice": right["choice"][0] }),
        "MULTIPLE_CHOICE" => json!({ "choices": right["choice"] }),
        "SHORT_TEXT" => json!({ "text": right["text"] }),
        _ => {
            json!({ "tracing": { "compiles": right["compiles"], "stdout": right["stdout"], "line": right["line"] } })
        }
    }
}

/// Lets a learner join every course and complete the smaller ones.
async fn complete(api: &Api, token: &str, courses: &[Course]) -> Result<()> {
    for (index, course) in courses.iter().enumerate() {
        let document = "mutation($course: ID!) { enroll(input: { courseId: $course }) { enrollment { id } userErrors { code message } } }";
        let enrolled = run(api, token, document, json!({ "course": course.id })).await?;
        let enrollment = text(&enrolled["enroll"]["enrollment"]["id"]);
        let texts = if index < COMPLETED { course.texts.len() } else { 2 };
        read(
            api,
            token,
            &enrollment,
            &course.texts[..texts.min(course.texts.len())],
        )
        .await?;
        for (quiz, answers) in course.quizzes.iter().filter(|_| index < COMPLETED) {
            pass(api, token, &enrollment, quiz, answers).await?;
        }
    }
    Ok(())
}

async fn read(api: &Api, token: &str, enrollment: &str, units: &[String]) -> Result<()> {
    let document = "mutation($enrollment: ID!, $events: [ProgressEventInput!]!) { progressRecord(input: { enrollmentId: $enrollment, \
        events: $events }) { recorded userErrors { code message } } }";
    let now = api.app.clock.now();
    let event = |unit: &String| json!({ "eventId": api.app.clock.uuid(), "unitId": unit, "state": "COMPLETED", "seconds": 240, "at": now });
    let events: Vec<Value> = units.iter().map(event).collect();
    run(
        api,
        token,
        document,
        json!({ "enrollment": enrollment, "events": events }),
    )
    .await
    .map(|_| ())
}

async fn pass(
    api: &Api,
    token: &str,
    enrollment: &str,
    quiz: &str,
    answers: &HashMap<String, Value>,
) -> Result<()> {
    let document = "mutation($enrollment: ID!, $quiz: ID!) { attemptStart(input: { enrollmentId: $enrollment, quizId: $quiz }) { attempt { id } \
        userErrors { code message } } }";
    let started = run(
        api,
        token,
        document,
        json!({ "enrollment": enrollment, "quiz": quiz }),
    )
    .await?;
    let attempt = text(&started["attemptStart"]["attempt"]["id"]);
    for (question, answer) in answers {
        let document = "mutation($attempt: ID!, $question: ID!, $answer: AnswerInput!) { attemptAnswerSave(input: { attemptId: $attempt, \
            questionId: $question, answer: $answer }) { userErrors { code message } } }";
        run(
            api,
            token,
            document,
            json!({ "attempt": attempt, "question": question, "answer": answer }),
        )
        .await?;
    }
    let document = "mutation($attempt: ID!) { attemptSubmit(input: { attemptId: $attempt }) { attempt { isPassed } userErrors { code message } } }";
    run(api, token, document, json!({ "attempt": attempt }))
        .await
        .map(|_| ())
}

/// Enrols the other learners: all of them in one course, each in two more.
async fn enroll_the_others(
    api: &Api,
    token: &str,
    org: &str,
    courses: &[Course],
    academy: &Academy,
) -> Result<()> {
    let document = "query($org: ID!) { organization(id: $org) { members(first: 100) { nodes { id name role { slug } } } } }";
    let found = run(api, token, document, json!({ "org": org })).await?;
    let learners = list(&found["organization"]["members"]["nodes"])
        .filter(|member| academy.learners.iter().any(|name| member["name"] == *name));
    let document = "mutation($course: ID!, $member: ID!) { enrollmentCreate(input: { courseId: $course, memberId: $member }) { enrollment { id } \
        userErrors { code message } } }";
    for (index, learner) in learners.enumerate() {
        for course in [courses.len() - 1, index % 20, index % 20 + 1] {
            run(
                api,
                token,
                document,
                json!({ "course": courses[course].id, "member": learner["id"] }),
            )
            .await?;
        }
    }
    Ok(())
}

async fn invite(api: &Api, token: &str, org: &str) -> Result<()> {
    let document = "query($org: ID!) { organization(id: $org) { roles { id slug } } }";
    let found = run(api, token, document, json!({ "org": org })).await?;
    let role = list(&found["organization"]["roles"])
        .find(|role| role["slug"] == "learner")
        .context("a built-in role")?;
    let invitations: Vec<Value> = (1..=INVITATIONS)
        .map(|number| json!({ "email": format!("guest{number}@guests.example"), "roleId": role["id"] }))
        .collect();
    let document = "mutation($org: ID!, $invitations: [InvitationInput!]!) { invitationsSend(input: { organizationId: $org, invitations: $invitations }) \
        { userErrors { code message } } }";
    run(
        api,
        token,
        document,
        json!({ "org": org, "invitations": invitations }),
    )
    .await
    .map(|_| ())
}
