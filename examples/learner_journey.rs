//! A learner's whole way as a client: sign in, find a course, join, read, take the quizzes, finish, and let anybody
//! verify the certificate.
//!
//! Start a server with `make run`, then, in another terminal:
//!
//! ```sh
//! cargo run --example learner_journey
//! ```
//!
//! The course is the imported Rust book where it is there (`lyceum import mdbook …`), else one of the demo's; another one's
//! slug may be given. What the learner does not know, they learn: a first attempt shows by its review what was right, the second
//! one passes.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::HashMap;

const BOOK: &str = "the-rust-programming-language";
const DEMO: &str = "ownership-by-example";
/// Events of one `progressRecord`.
const BATCH: usize = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let mut api = Api::find()?;
    let slug = api.sign_in().await?;
    let course = api.course(&slug).await?;
    let enrollment = api.enroll(&course.id).await?;
    api.read(&enrollment, &course.texts).await?;
    for (quiz, title) in &course.quizzes {
        api.pass(&enrollment, quiz, title).await?;
    }
    api.finish(&enrollment).await
}

/// The API and who asks it.
struct Api {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    dev: Value,
}

/// A course as the journey needs it.
struct Course {
    id: String,
    texts: Vec<String>,
    quizzes: Vec<(String, String)>,
}

impl Api {
    /// Finds the running development server by the file that it writes.
    fn find() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "an example is a program of its own")]
        let data_dir = std::env::var("LYCEUM_DATA_DIR").unwrap_or_else(|_| ".lyceum".to_owned());
        let file = std::fs::read_to_string(format!("{data_dir}/dev.json"))
            .context("start a server first: make run")?;
        let dev: Value = serde_json::from_str(&file)?;
        let url = dev["url"].as_str().context("dev.json has no url")?.to_owned();
        // The client speaks TLS by the library that the server is built with.
        drop(rustls::crypto::ring::default_provider().install_default());
        Ok(Self {
            http: reqwest::Client::new(),
            url,
            token: None,
            dev,
        })
    }

    /// Runs a document. Errors of the answer, and of its payloads, end the journey.
    async fn run(&self, document: &str, variables: Value) -> Result<Value> {
        let mut request = self
            .http
            .post(&self.url)
            .json(&json!({ "query": document, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let mut answer: Value = request
            .send()
            .await
            .context("the server does not answer")?
            .json()
            .await?;
        if let Some(errors) = answer.get("errors") {
            bail!("the API answered {errors:#}");
        }
        for payload in answer["data"]
            .as_object()
            .into_iter()
            .flat_map(|data| data.values())
        {
            if let Some(error) = payload["userErrors"].as_array().and_then(|errors| errors.first()) {
                bail!("the API refused: {} ({})", error["message"], error["code"]);
            }
        }
        Ok(answer["data"].take())
    }

    /// Signs in as the second learner of the first academy. Returns the slug of the course to take.
    async fn sign_in(&mut self) -> Result<String> {
        let personas = self.dev["personas"]
            .as_array()
            .context("dev.json has no personas")?;
        let learner = personas
            .iter()
            .filter(|persona| persona["role"] == "learner")
            .nth(1)
            .context("no second learner")?;
        let document = "mutation($email: String!, $password: String!) { \
            login(input: { email: $email, password: $password }) { token userErrors { code message } } }";
        let signed_in = self
            .run(
                document,
                json!({ "email": learner["email"], "password": learner["password"] }),
            )
            .await?;
        self.token = signed_in["login"]["token"].as_str().map(str::to_owned);
        println!(
            "Signed in as {} of {}.",
            text(&learner["name"]),
            text(&learner["org"])
        );
        let viewer = self
            .run(
                "{ viewer { memberships { organization { name } role { name } } } }",
                json!({}),
            )
            .await?;
        for membership in viewer["viewer"]["memberships"].as_array().into_iter().flatten() {
            println!(
                "  {} at {}",
                text(&membership["role"]["name"]),
                text(&membership["organization"]["name"])
            );
        }
        let found = self
            .run(
                "{ catalog(first: 100) { totalCount nodes { slug title } } }",
                json!({}),
            )
            .await?;
        let catalog = &found["catalog"];
        println!("The catalogue has {} courses.", catalog["totalCount"]);
        let wanted = std::env::args().nth(1);
        let is_there = |slug: &str| {
            catalog["nodes"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|course| course["slug"] == slug)
        };
        Ok(wanted.unwrap_or_else(|| {
            if is_there(BOOK) {
                BOOK.to_owned()
            } else {
                DEMO.to_owned()
            }
        }))
    }

    async fn course(&self, slug: &str) -> Result<Course> {
        let document = "query($slug: CourseSlugInput!) { course(slug: $slug) { id title unitCount revision { number } modules { title \
            units { __typename id title ... on QuizUnit { questionCount } } } } }";
        let org = &self.dev["orgs"][0]["slug"];
        let found = self
            .run(
                document,
                json!({ "slug": { "organization": org, "course": slug } }),
            )
            .await?;
        let course = &found["course"];
        let id = course["id"]
            .as_str()
            .with_context(|| format!("there is no course `{slug}`"))?
            .to_owned();
        let units = || {
            course["modules"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|module| module["units"].as_array().into_iter().flatten())
        };
        let of_kind = |kind: &str| {
            units()
                .filter(move |unit| unit["__typename"] == kind)
                .cloned()
                .collect::<Vec<_>>()
        };
        let (texts, quizzes) = (of_kind("TextUnit"), of_kind("QuizUnit"));
        println!(
            "\n{}, revision {}: {} texts and {} quizzes.",
            text(&course["title"]),
            course["revision"]["number"],
            texts.len(),
            quizzes.len()
        );
        Ok(Course {
            id,
            texts: texts.iter().map(|unit| text(&unit["id"]).to_owned()).collect(),
            quizzes: quizzes
                .iter()
                .map(|unit| (text(&unit["id"]).to_owned(), text(&unit["title"]).to_owned()))
                .collect(),
        })
    }

    /// Joins the course, or goes on where an earlier journey ended.
    async fn enroll(&self, course: &str) -> Result<String> {
        let document = "query { viewer { enrollments(first: 100) { nodes { id state course { id } } } } }";
        let mine = self.run(document, json!({})).await?;
        let known = mine["viewer"]["enrollments"]["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|enrollment| enrollment["course"]["id"] == course);
        if let Some(enrollment) = known {
            println!("Enrolled already: {}.", text(&enrollment["state"]));
            return Ok(text(&enrollment["id"]).to_owned());
        }
        let document = "mutation($course: ID!) { enroll(input: { courseId: $course }) { enrollment { id } userErrors { code message } } }";
        let enrolled = self.run(document, json!({ "course": course })).await?;
        println!("Enrolled.");
        Ok(text(&enrolled["enroll"]["enrollment"]["id"]).to_owned())
    }

    /// Tells the server which texts were read, in batches as a device that was offline would.
    async fn read(&self, enrollment: &str, texts: &[String]) -> Result<()> {
        let document = "mutation($enrollment: ID!, $events: [ProgressEventInput!]!) { progressRecord(input: { enrollmentId: $enrollment, events: $events }) \
            { enrollment { progress { percent } } userErrors { code message } } }";
        for (batch, units) in texts.chunks(BATCH).enumerate() {
            let events: Vec<Value> = units
                .iter()
                .enumerate()
                .map(|(index, unit)| {
                    // The same event sent twice counts once, so a second journey changes nothing.
                    let event = format!("{:08x}-0000-4000-8000-{:012x}", fingerprint(enrollment), batch * BATCH + index);
                    json!({ "eventId": event, "unitId": unit, "state": "COMPLETED", "seconds": 60, "at": "2026-01-01T12:00:00Z" })
                })
                .collect();
            let recorded = self
                .run(document, json!({ "enrollment": enrollment, "events": events }))
                .await?;
            let percent = &recorded["progressRecord"]["enrollment"]["progress"]["percent"];
            println!("Read {} texts; {percent} % of the course is done.", units.len());
        }
        Ok(())
    }

    /// Takes a quiz until it is passed.
    async fn pass(&self, enrollment: &str, quiz: &str, title: &str) -> Result<()> {
        let mut known: HashMap<String, Value> = HashMap::new();
        for _ in 0..2 {
            let attempt = self.start(enrollment, quiz).await?;
            for item in attempt["items"].as_array().into_iter().flatten() {
                let answer = known
                    .get(text(&item["questionId"]))
                    .cloned()
                    .unwrap_or_else(|| guess(item));
                self.save(text(&attempt["id"]), item, &answer).await?;
            }
            let graded = self.submit(text(&attempt["id"])).await?;
            println!(
                "{title}: attempt {}, {} of {} points.",
                graded["number"], graded["points"], graded["maxPoints"]
            );
            if graded["isPassed"] == true {
                return Ok(());
            }
            known = learn(&graded);
        }
        bail!("{title} was not passed, although the review had shown what is right")
    }

    async fn start(&self, enrollment: &str, quiz: &str) -> Result<Value> {
        let document = "mutation($enrollment: ID!, $quiz: ID!) { attemptStart(input: { enrollmentId: $enrollment, quizId: $quiz }) \
            { attempt { id items { questionId kind options { key } } } userErrors { code message } } }";
        let mut started = self
            .run(document, json!({ "enrollment": enrollment, "quiz": quiz }))
            .await?;
        Ok(started["attemptStart"]["attempt"].take())
    }

    async fn save(&self, attempt: &str, item: &Value, answer: &Value) -> Result<()> {
        let document = "mutation($attempt: ID!, $question: ID!, $answer: AnswerInput!) { \
            attemptAnswerSave(input: { attemptId: $attempt, questionId: $question, answer: $answer }) { userErrors { code message } } }";
        self.run(
            document,
            json!({ "attempt": attempt, "question": item["questionId"], "answer": answer }),
        )
        .await
        .map(|_| ())
    }

    async fn submit(&self, attempt: &str) -> Result<Value> {
        let document = "mutation($attempt: ID!) { attemptSubmit(input: { attemptId: $attempt }) { attempt { number points maxPoints isPassed \
            items { questionId kind review { right { choices text compiles stdout line } } } } userErrors { code message } } }";
        let mut submitted = self.run(document, json!({ "attempt": attempt })).await?;
        Ok(submitted["attemptSubmit"]["attempt"].take())
    }

    /// Shows that the course is complete, and verifies the certificate as somebody who has its code and no account.
    async fn finish(&self, enrollment: &str) -> Result<()> {
        let document = "query($id: ID!) { enrollment(id: $id) { state completedAt certificate { code } } }";
        let found = self.run(document, json!({ "id": enrollment })).await?;
        let enrollment = &found["enrollment"];
        let code = enrollment["certificate"]["code"]
            .as_str()
            .with_context(|| format!("no certificate: {enrollment:#}"))?;
        println!(
            "\nThe course is {}; the certificate is {code}.",
            text(&enrollment["state"])
        );
        let anybody = Api {
            http: self.http.clone(),
            url: self.url.clone(),
            token: None,
            dev: Value::Null,
        };
        let document = "query($code: String!) { verifyCertificate(code: $code) { state holderName courseTitle organizationName issuedAt } }";
        let verified = anybody.run(document, json!({ "code": code })).await?;
        let shown = &verified["verifyCertificate"];
        println!(
            "Verified without a token: {}. {} completed {} at {} on {}.",
            text(&shown["state"]),
            text(&shown["holderName"]),
            text(&shown["courseTitle"]),
            text(&shown["organizationName"]),
            text(&shown["issuedAt"]).get(..10).unwrap_or_default(),
        );
        Ok(())
    }
}

/// An answer of somebody who does not know.
fn guess(item: &Value) -> Value {
    let first = &item["options"][0]["key"];
    match text(&item["kind"]) {
        "SINGLE_CHOICE" => json!({ "choice": first }),
        "MULTIPLE_CHOICE" => json!({ "choices": [first] }),
        "SHORT_TEXT" => json!({ "text": "I do not know" }),
        _ => json!({ "tracing": { "compiles": true, "stdout": "" } }),
    }
}

/// What the review of a graded attempt shows to be right, by question, in the form of an answer.
fn learn(attempt: &Value) -> HashMap<String, Value> {
    let items = attempt["items"].as_array().into_iter().flatten();
    let answer = |item: &Value| {
        let right = &item["review"]["right"][0];
        match text(&item["kind"]) {
            "SINGLE_CHOICE" => json!({ "choice": right["choices"][0] }),
            "MULTIPLE_CHOICE" => json!({ "choices": right["choices"] }),
            "SHORT_TEXT" => json!({ "text": right["text"] }),
            _ => {
                json!({ "tracing": { "compiles": right["compiles"], "stdout": right["stdout"], "line": right["line"] } })
            }
        }
    };
    items
        .map(|item| (text(&item["questionId"]).to_owned(), answer(item)))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A small number that stands for a text: the journey's own event ids follow from it.
fn fingerprint(text: &str) -> u32 {
    text.bytes()
        .fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}
