//! Every mutation is refused to whoever may not do it, and a refusal leaves nothing behind.
//!
//! One row of the table says of a mutation what a valid input is, who may send it, and what everybody else is answered.
//! A mutation of the schema without a row fails the tests.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::factors::Authenticator;
use super::support::quiz::Sitting;
use super::support::{TestApp, factors, factory, learning, servers};
use apollo_compiler::Schema;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A mutation with a valid input, and what comes of it.
struct Row {
    mutation: &'static str,
    input: Value,
    /// Who may send it.
    able: Client,
    /// What a learner of the organisation is answered; nothing where they may send it too.
    learner: &'static str,
    /// What the owner of another organisation is answered.
    stranger: &'static str,
    /// What is answered without a token.
    anonymous: &'static str,
}

impl Row {
    fn new(
        mutation: &'static str,
        input: Value,
        able: &Client,
        learner: &'static str,
        stranger: &'static str,
    ) -> Self {
        Self {
            mutation,
            input,
            able: able.clone(),
            learner,
            stranger,
            anonymous: "UNAUTHENTICATED",
        }
    }

    fn for_everybody(self) -> Self {
        Self {
            anonymous: "",
            ..self
        }
    }
}

/// An organisation in which there is something to do for every mutation.
struct World {
    app: TestApp,
    author: Person,
    owner: Person,
    bystander: Person,
    sitting: Sitting,
    course: factory::Course,
    second: factory::Course,
    second_enrollment: String,
    newcomer: Client,
    invitation: Token,
    /// One who confirms a second factor, and one who has one.
    factored: [Client; 2],
    authenticator: Authenticator,
    challenge: String,
    unverified: Client,
    /// Inputs of what is done without a session, by the mutation's name.
    proofs: BTreeMap<&'static str, Value>,
    login: Value,
    refresh: Value,
    roles: BTreeMap<String, Value>,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (author, owner, bystander) = (app.member("author").await, app.owner().await, app.learner().await);
        let course = factory::published_course(&app, &author, 1).await;
        let second = factory::published_course(&app, &author, 1).await;
        let sitting = Sitting::new(&app, &course).await;
        let second_enrollment = learning::enroll(&sitting.learner, &second.id).await;
        let (_, email, token) = factory::user(&app.app).await;
        let invitation = Token::generate(TokenKind::Invitation);
        let roles = "query($id: ID!) { organization(id: $id) { roles { id slug } } }";
        let roles = owner.run_with(roles, json!({ "id": app.org_id() })).await;
        let roles = roles.data("/organization/roles").as_array().unwrap().iter();
        let roles = roles
            .map(|role| (role["slug"].as_str().unwrap().to_owned(), role["id"].clone()))
            .collect();
        factory::sql(
            &app,
            &format!(
                "insert into invitations (org_id, id, email, role_id, token_hash, invited_by, expires_at) \
                 select org_id, gen_random_uuid(), '{email}', id, sha256('{}'), '{}', now() + interval '1 day' from roles where slug = 'learner'",
                invitation.expose(),
                owner.member.id.0
            ),
        )
        .await;
        let (confirming, verifying) = (app.learner().await, app.learner().await);
        let authenticator = factors::begin(&confirming).await;
        let challenge = factored(&app, &verifying).await;
        let (unverified, proofs) = unverified(&app, &bystander.email).await;
        let login = json!({ "email": bystander.email, "password": super::support::app::PASSWORD });
        let newcomer = app.bearer(&token);
        let session = factory::open_session(&app.app, bystander.user).await;
        let refresh = json!({ "refreshToken": session.refresh_token.expose() });
        Self {
            app,
            author,
            owner,
            bystander,
            sitting,
            course,
            second,
            second_enrollment,
            newcomer,
            invitation,
            factored: [confirming.client, verifying.client],
            authenticator,
            challenge,
            unverified,
            proofs,
            login,
            refresh,
            roles,
        }
    }

    /// The table, in an order in which everything can be done.
    fn rows(&self) -> Vec<Row> {
        [
            self.factors(),
            self.authoring(),
            self.learning(),
            self.people(),
            self.accounts(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What authors do to a published course, which learners see.
    fn authoring(&self) -> Vec<Row> {
        let text = json!({ "text": { "body": "A text." } });
        let (course, module) = (&self.course.id, &self.course.module);
        let inputs = [
            (
                "courseCreate",
                json!({ "organizationId": self.app.org_id(), "slug": "new", "title": "New" }),
            ),
            ("courseUpdate", json!({ "id": course, "title": "New" })),
            ("moduleCreate", json!({ "courseId": course, "title": "New" })),
            ("moduleMove", json!({ "id": module, "position": 1 })),
            (
                "unitCreate",
                json!({ "moduleId": module, "title": "New", "content": text }),
            ),
            (
                "unitUpdate",
                json!({ "id": self.course.texts[0], "title": "New" }),
            ),
            ("coursePublish", json!({ "id": course })),
        ];
        let row = |(mutation, input)| Row::new(mutation, input, &self.author, "FORBIDDEN", "NOT_FOUND");
        inputs.map(row).into()
    }

    /// What a learner does, with records that other learners do not see.
    fn learning(&self) -> Vec<Row> {
        let (enrollment, attempt) = (&self.second_enrollment, &self.sitting.attempt);
        let event = json!({ "eventId": self.app.app.clock.uuid().to_string(), "unitId": self.second.texts[0],
            "at": "2026-01-01T00:00:00Z" });
        let question = &self.sitting.started["items"][0];
        let answer = json!({ "choice": question["options"][0]["key"] });
        let inputs = [
            (
                "progressRecord",
                json!({ "enrollmentId": enrollment, "events": [event] }),
            ),
            (
                "attemptStart",
                json!({ "enrollmentId": enrollment, "quizId": self.second.quiz }),
            ),
            (
                "attemptAnswerSave",
                json!({ "attemptId": attempt, "questionId": question["questionId"], "answer": answer }),
            ),
            ("attemptSubmit", json!({ "attemptId": attempt })),
        ];
        let row =
            |(mutation, input)| Row::new(mutation, input, &self.sitting.learner, "NOT_FOUND", "NOT_FOUND");
        inputs.map(row).into()
    }

    /// Joining and inviting.
    fn people(&self) -> Vec<Row> {
        let (org, course, owner) = (self.app.org_id(), &self.course.id, &self.owner);
        let enrollment = json!({ "courseId": course, "memberId": owner.member.to_string() });
        let invited = json!([{ "email": "new@people.example", "roleId": self.roles["learner"] }]);
        let invitations = json!({ "organizationId": org, "invitations": invited });
        let change = json!({ "memberId": self.author.member.to_string(), "roleId": self.roles["manager"] });
        let accept = json!({ "token": self.invitation.expose() });
        let policies = json!({ "organizationId": org, "source": "" });
        vec![
            Row::new("enrollmentCreate", enrollment, owner, "NOT_FOUND", "NOT_FOUND"),
            Row::new(
                "enroll",
                json!({ "courseId": course }),
                &self.bystander,
                "",
                "NOT_FOUND",
            ),
            Row::new("invitationsSend", invitations, owner, "FORBIDDEN", "NOT_FOUND"),
            Row::new(
                "invitationAccept",
                accept,
                &self.newcomer,
                "WRONG_ADDRESS",
                "WRONG_ADDRESS",
            ),
            Row::new("membershipRoleChange", change, owner, "NOT_FOUND", "NOT_FOUND"),
            Row::new("policiesSet", policies, owner, "FORBIDDEN", "NOT_FOUND"),
        ]
    }

    /// What people do with their second factors; first, since codes have their time.
    fn factors(&self) -> Vec<Row> {
        let refused = "INVALID_STATE";
        let of = |mutation, input, able: &Client| Row::new(mutation, input, able, refused, refused);
        let code = self.authenticator.code(&self.app);
        let [confirming, verifying] = &self.factored;
        let recovery = json!({ "challenge": self.challenge, "recoveryCode": "code" });
        vec![
            of("totpConfirm", json!({ "code": code }), confirming),
            Row::new("loginVerify", recovery, &self.app.anonymous(), "", "").for_everybody(),
            of("recoveryCodesRegenerate", json!({}), verifying),
            of("totpRemove", json!({}), verifying),
            Row::new("totpBegin", json!({}), verifying, "", ""),
        ]
    }

    /// What people do with their own accounts.
    fn accounts(&self) -> Vec<Row> {
        let anybody = |mutation: &'static str, input: &Value| {
            Row::new(mutation, input.clone(), &self.app.anonymous(), "", "").for_everybody()
        };
        let own = |mutation, input| Row::new(mutation, input, &self.newcomer, "", "");
        let password = super::support::app::PASSWORD;
        let send = Row::new(
            "emailVerificationSend",
            json!({}),
            &self.unverified,
            "INVALID_STATE",
            "INVALID_STATE",
        );
        let with_proofs = |mutation: &&'static str| anybody(mutation, &self.proofs[mutation]);
        let mut rows = vec![send];
        rows.extend(
            ["register", "emailVerify", "passwordResetRequest", "passwordReset"]
                .iter()
                .map(with_proofs),
        );
        rows.extend([
            anybody("login", &self.login),
            anybody("sessionRefresh", &self.refresh),
            own("emailChange", json!({ "email": "changed@people.example" })),
            own("profileUpdate", json!({ "firstName": "Grace" })),
            own("stepUp", json!({ "password": password })),
            own("passwordChange", json!({ "newPassword": "lange nacht im hafen" })),
            own("sessionRevoke", json!({ "everywhere": true })),
        ]);
        rows
    }

    /// What the organisation and its people have: rows and a checksum for each table.
    async fn state(&self) -> BTreeMap<String, String> {
        servers::state_of(self.app.org).await
    }
}

/// Gives somebody a second factor with the recovery code `code`: the challenge of a sign-in that was begun.
async fn factored(app: &TestApp, person: &Person) -> String {
    factors::enrol(app, person).await;
    let challenge = Token::generate(TokenKind::SignInChallenge);
    let user = person.user.0;
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{user}'; \
             insert into recovery_codes (user_id, code_hash) values ('{user}', sha256(uuid_send('{user}') || 'code'::bytea)); \
             insert into account_tokens (id, user_id, purpose, token_hash, expires_at) \
             values (gen_random_uuid(), '{user}', 'sign_in', sha256('{}'), now() + interval '1 day')",
            challenge.expose()
        ),
    )
    .await;
    challenge.expose().to_owned()
}

/// Somebody of the organisation whose address is not verified yet, and what they and others do without a session: with tokens
/// that were mailed to them, and with an address that has an account.
async fn unverified(app: &TestApp, taken: &str) -> (Client, BTreeMap<&'static str, Value>) {
    let person = app.learner().await;
    let [verify, reset] = [TokenKind::EmailVerification, TokenKind::PasswordReset].map(Token::generate);
    let insert = |purpose: &str, token: &Token| {
        format!(
            "insert into account_tokens (id, user_id, purpose, email, token_hash, expires_at) \
             values (gen_random_uuid(), '{}', '{purpose}', '{}', sha256('{}'), now() + interval '1 day')",
            person.user.0,
            person.email,
            token.expose()
        )
    };
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{}'; update users set email_verified_at = null; {}; {}",
            person.user.0,
            insert("verify_email", &verify),
            insert("reset_password", &reset)
        ),
    )
    .await;
    let password = "lange nacht im hafen";
    let proofs = [
        (
            "register",
            json!({ "firstName": "Ada", "lastName": "Lovelace", "email": taken, "password": password }),
        ),
        ("emailVerify", json!({ "token": verify.expose() })),
        ("passwordResetRequest", json!({ "email": taken })),
        (
            "passwordReset",
            json!({ "token": reset.expose(), "newPassword": password }),
        ),
    ];
    (person.client, proofs.into())
}

/// Sends a mutation; its codes come with the answer.
async fn send(client: &Client, mutation: &str, input: &Value) -> Reply {
    let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let document = format!(
        "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code field message }} }} }}"
    );
    client.run_with(&document, json!({ "input": input })).await
}

#[tokio::test]
async fn every_mutation_is_in_the_table() {
    let world = World::new().await;
    let rows: BTreeSet<_> = world
        .rows()
        .into_iter()
        .map(|row| row.mutation.to_owned())
        .collect();
    let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let mutations = schema.get_object("Mutation").unwrap().fields.keys();
    assert_eq!(rows, mutations.map(ToString::to_string).collect());
}

#[tokio::test]
async fn who_may_not_do_something_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let stranger = world.app.elsewhere().await.owner().await;
    let mut before = world.state().await;
    for row in world.rows() {
        let personas = [
            ("a learner", &world.bystander.client, row.learner),
            ("another organisation's owner", &stranger.client, row.stranger),
            ("nobody", &world.app.anonymous(), row.anonymous),
        ];
        for (who, client, expected) in personas.into_iter().filter(|(.., expected)| !expected.is_empty()) {
            let reply = send(client, row.mutation, &row.input).await;
            assert_eq!(
                reply.codes(),
                expected,
                "{} by {who}: {:#}",
                row.mutation,
                reply.body
            );
            assert_eq!(
                world.state().await,
                before,
                "{} by {who} left something behind",
                row.mutation
            );
        }
    }
    for row in world.rows() {
        let reply = send(&row.able, row.mutation, &row.input).await;
        assert_eq!(reply.codes(), "", "{}: {:#}", row.mutation, reply.body);
        let after = world.state().await;
        assert_ne!(after, before, "{} does nothing", row.mutation);
        before = after;
    }
}

#[tokio::test]
async fn a_token_that_opens_nothing_does_nothing() {
    let world = World::new().await;
    let spent = |column: &'static str, value: &'static str| {
        let app = &world.app;
        async move {
            let (user, _, token) = factory::user(&app.app).await;
            factory::sql(
                app,
                &format!(
                    "set local app.\"user\" = '{}'; update sessions set {column} = {value}",
                    user.0
                ),
            )
            .await;
            token
        }
    };
    let good = world.owner.token().unwrap();
    let tokens = [
        (
            "expired",
            spent("expires_at", "now() - interval '1 second'").await,
        ),
        ("revoked", spent("revoked_at", "now()").await),
        ("unknown", Token::generate(TokenKind::Session).expose().to_owned()),
        ("of another kind", world.invitation.expose().to_owned()),
        ("cut short", good[..good.len() - 1].to_owned()),
        (
            "changed",
            format!(
                "{}{}",
                &good[..good.len() - 1],
                if good.ends_with('A') { 'B' } else { 'A' }
            ),
        ),
        ("empty", String::new()),
        ("nonsense", "nonsense".to_owned()),
    ];
    let before = world.state().await;
    for row in world.rows() {
        for (what, token) in &tokens {
            let reply = send(&world.app.bearer(token), row.mutation, &row.input).await;
            let answered = (reply.status.as_u16(), reply.codes());
            assert_eq!(
                answered,
                (401, "UNAUTHENTICATED".to_owned()),
                "{} with a token that is {what}",
                row.mutation
            );
        }
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn an_operation_of_one_organisation_names_nothing_of_another() {
    let (here, there) = (World::new().await, World::new().await);
    let before = there.state().await;
    let of_accounts = here.accounts().into_iter().chain(here.factors());
    let of_accounts: BTreeSet<_> = of_accounts.map(|row| row.mutation).collect();
    let mixed = here.rows().into_iter().zip(there.rows());
    for (own, other) in
        mixed.filter(|(own, _)| own.mutation != "invitationAccept" && !of_accounts.contains(own.mutation))
    {
        let ids: Vec<_> = own
            .input
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| name.to_lowercase().ends_with("id"))
            .cloned()
            .collect();
        assert!(!ids.is_empty(), "{} names nothing", own.mutation);
        for name in ids {
            let mut input = own.input.clone();
            input[&name] = other.input[&name].clone();
            let reply = send(&own.able, own.mutation, &input).await;
            assert_eq!(
                reply.codes(),
                "NOT_FOUND",
                "{} with a foreign {name}: {:#}",
                own.mutation,
                reply.body
            );
        }
    }
    assert_eq!(there.state().await, before);
}
