//! An organisation in which there is something to do for every mutation, and the table of all mutations.

use super::accounts::Accounts;
use super::app::Person;
use super::client::Client;
use super::delivery::Delivery;
use super::invited::Invited;
use super::links::Linked;
use super::quiz::{self, Sitting};
use super::sign_ins::SignIns;
use super::world_units::Work;
use super::{TestApp, apps, assessment, authoring, factory, learning, operators, servers};
use chrono::TimeDelta;
use lyceum::kernel::ids::{ApiTokenKey, AppKey, GroupKey, LearnerSessionKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A mutation with a valid input, and what comes of it.
pub struct Row {
    /// The mutation's name.
    pub mutation: &'static str,
    /// A valid input.
    pub input: Value,
    /// Who may send it.
    pub able: Client,
    /// What a learner of the organisation is answered; nothing where they may send it too.
    pub learner: &'static str,
    /// What the owner of another organisation is answered.
    pub stranger: &'static str,
    /// What is answered without a token.
    pub anonymous: &'static str,
}

impl Row {
    /// A row of a mutation that nobody may send without a token.
    pub fn new(
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

    /// A row of one that anybody may send.
    pub fn for_everybody(self) -> Self {
        Self {
            anonymous: "",
            ..self
        }
    }
}

/// The roles of the organisation by their slugs.
async fn roles_of(app: &TestApp, owner: &Client) -> BTreeMap<String, Value> {
    let roles = "query($id: ID!) { organization(id: $id) { roles { id slug } } }";
    let roles = owner.run_with(roles, json!({ "id": app.org_id() })).await;
    let roles = roles.data("/organization/roles").as_array().unwrap().iter();
    roles
        .map(|role| (role["slug"].as_str().unwrap().to_owned(), role["id"].clone()))
        .collect()
}

/// Lets a page elsewhere send requests for the organisation.
async fn allow_portal(app: &TestApp) {
    let portal = format!(
        "insert into organization_origins values ('{}', 'https://portal.example')",
        app.org.0
    );
    factory::sql(app, &portal).await;
}

/// An organisation in which there is something to do for every mutation.
pub struct World {
    /// The organisation, and the node that it is on.
    pub app: TestApp,
    author: Person,
    /// Its owner.
    pub owner: Person,
    /// A learner whom nothing is about.
    pub bystander: Person,
    other: Person,
    leaver: Person,
    sitting: Sitting,
    essay: Sitting,
    bank: assessment::Bank,
    course: factory::Course,
    second: factory::Course,
    second_enrollment: String,
    /// Invitations to the organisation.
    pub invited: Invited,
    accounts: Accounts,
    roles: BTreeMap<String, Value>,
    role: String,
    group: GroupKey,
    program: (AppKey, ApiTokenKey),
    backend: Client,
    opened: LearnerSessionKey,
    /// Two operators, each with a request for support access.
    operators: [(Client, String); 2],
    linked: Linked,
    sign_ins: SignIns,
    delivery: Delivery,
    work: Work,
}

impl World {
    /// Makes one.
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let (author, owner, bystander) = (app.member("author").await, app.owner().await, app.learner().await);
        let (other, leaver) = (app.learner().await, app.learner().await);
        let course = factory::published_course(&app, &author, 1).await;
        let second = factory::published_course(&app, &author, 1).await;
        let sitting = Sitting::new(&app, &course).await;
        let essay = quiz::essay(&app, &author).await;
        let bank = assessment::Bank::new(&app, &author).await;
        let second_enrollment = learning::enroll(&sitting.learner, &second.id).await;
        let invited = Invited::new(&app, owner.member).await;
        let sign_ins = SignIns::new(&app, invited.joining).await;
        let role = factory::role(&app, json!({ "courses.create": ["all"] })).await;
        let group = factory::group(&app, owner.member, &[bystander.member]).await;
        let group = GroupKey::new(app.org, group);
        let roles = roles_of(&app, &owner).await;
        let accounts = Accounts::new(&app, &bystander).await;
        let program = apps::app(&app, owner.member).await;
        let until = app.app.clock.now() + TimeDelta::hours(1);
        let (token, secret) =
            apps::token_until(&app, program, owner.member, &apps::all_scopes(), until).await;
        let opened = apps::learner_session(&app, token, bystander.member).await;
        allow_portal(&app).await;
        let backend = app.bearer(&secret);
        let asking = [operators::asking(&app).await, operators::asking(&app).await];
        let linked = Linked::new(&app, owner.member).await;
        let delivery = Delivery::new(&app, &author, &owner).await;
        let work = Work::new(&app, &author).await;
        Self {
            app,
            author,
            owner,
            bystander,
            other,
            leaver,
            sitting,
            essay,
            bank,
            course,
            second,
            second_enrollment,
            invited,
            accounts,
            roles,
            role,
            group,
            program: (program, token),
            backend,
            opened,
            operators: asking,
            linked,
            sign_ins,
            delivery,
            work,
        }
    }

    /// The table, in an order in which everything can be done.
    pub fn rows(&self) -> Vec<Row> {
        [
            self.accounts.factors(&self.app),
            authoring::rows(&self.app, &self.course, &self.author),
            self.learning(),
            assessment::rows(&self.owner, &self.second, &self.second_enrollment, &self.essay),
            self.bank.rows(),
            self.delivery.rows(&self.owner),
            self.work.rows(&self.app, &self.owner),
            self.organizing(),
            self.invited.rows(&self.app, &self.roles["learner"], &self.owner),
            self.people(),
            self.programs(),
            operators::rows(&self.app, &self.operators, &self.owner),
            self.linked.rows(&self.app.org_id(), &self.owner),
            apps::rows(&self.app.org_id(), self.program.0, self.program.1, &self.owner),
            self.sign_ins.of_organization(&self.app, &self.owner),
            self.founding(),
            self.accounts
                .rows(&self.app, &self.invited.newcomer, &self.sign_ins),
        ]
        .into_iter()
        .flatten()
        .collect()
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

    /// Groups and roles, which every member knows of.
    fn organizing(&self) -> Vec<Row> {
        let (org, group) = (self.app.org_id(), self.group.to_string());
        let role = &self.roles[&self.role];
        let grants = json!([{ "permission": "COURSES_CREATE", "reach": ["ALL"] }]);
        let place = json!([{ "memberId": self.other.member.to_string(), "place": "MEMBER" }]);
        let inputs = [
            ("groupCreate", json!({ "organizationId": org, "name": "New" })),
            ("groupUpdate", json!({ "groupId": group, "name": "New" })),
            ("groupMembersSet", json!({ "groupId": group, "members": place })),
            ("groupDelete", json!({ "groupId": group })),
            (
                "roleCreate",
                json!({ "organizationId": org, "slug": "new", "name": "New", "grants": grants }),
            ),
            ("roleUpdate", json!({ "roleId": role, "name": "New" })),
            ("roleDelete", json!({ "roleId": role })),
        ];
        let row = |(mutation, input)| Row::new(mutation, input, &self.owner, "FORBIDDEN", "NOT_FOUND");
        inputs.map(row).into()
    }

    /// Founding, changing and deleting organisations.
    fn founding(&self) -> Vec<Row> {
        let (org, owner) = (self.app.org_id(), &self.owner);
        let organization = |mutation, more: Value| {
            let mut input = json!({ "organizationId": org });
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            Row::new(mutation, input, owner, "FORBIDDEN", "NOT_FOUND")
        };
        let new_owner = &self.author.client;
        let slug = format!("new{}", self.app.app.clock.uuid().simple());
        let new = json!({ "slug": slug, "name": "New" });
        vec![
            Row::new("organizationCreate", new, owner, "", ""),
            organization("organizationUpdate", json!({ "name": "New" })),
            organization("organizationSettingsUpdate", json!({ "locale": "de" })),
            organization(
                "organizationTransferOwnership",
                json!({ "memberId": self.author.member.to_string() }),
            ),
            organization("ownershipTransferWithdraw", json!({})),
            organization(
                "organizationTransferOwnership",
                json!({ "memberId": self.author.member.to_string() }),
            ),
            Row {
                able: self.author.client.clone(),
                ..organization("ownershipTransferDecline", json!({}))
            },
            organization(
                "organizationTransferOwnership",
                json!({ "memberId": self.author.member.to_string() }),
            ),
            Row {
                able: self.author.client.clone(),
                ..organization("ownershipTransferAccept", json!({}))
            },
            Row {
                able: new_owner.clone(),
                ..organization("organizationDelete", json!({ "confirmSlug": self.app.slug }))
            },
            Row {
                able: new_owner.clone(),
                ..organization("organizationDeletionCancel", json!({}))
            },
        ]
    }

    /// Joining and leaving.
    fn people(&self) -> Vec<Row> {
        let (org, course, owner) = (self.app.org_id(), &self.course.id, &self.owner);
        let enrollment = json!({ "courseId": course, "memberId": owner.member.to_string() });
        let change = json!({ "memberId": self.author.member.to_string(), "roleId": self.roles["manager"] });
        let policies = json!({ "organizationId": org, "source": "" });
        let other = json!({ "memberId": self.other.member.to_string() });
        let managed = |mutation| Row::new(mutation, other.clone(), owner, "NOT_FOUND", "NOT_FOUND");
        vec![
            Row::new("enrollmentCreate", enrollment, owner, "NOT_FOUND", "NOT_FOUND"),
            Row::new(
                "enroll",
                json!({ "courseId": course }),
                &self.bystander,
                "",
                "NOT_FOUND",
            ),
            Row::new("membershipRoleChange", change, owner, "NOT_FOUND", "NOT_FOUND"),
            managed("membershipSuspend"),
            managed("membershipRestore"),
            managed("membershipRemove"),
            Row::new(
                "membershipOffboard",
                json!({ "memberId": self.other.member.to_string(), "policy": "ANONYMISE" }),
                owner,
                "NOT_FOUND",
                "NOT_FOUND",
            ),
            Row::new(
                "membershipLeave",
                json!({ "organizationId": org }),
                &self.leaver,
                "",
                "NOT_FOUND",
            ),
            Row::new("policiesSet", policies, owner, "FORBIDDEN", "NOT_FOUND"),
        ]
    }

    /// What apps do for learners.
    fn programs(&self) -> Vec<Row> {
        let able = [&self.backend, &*self.owner];
        apps::session_rows(
            &self.app,
            &self.course.id,
            self.bystander.member,
            self.opened,
            able,
        )
    }

    /// What people do with their own accounts.
    pub fn of_accounts(&self) -> Vec<Row> {
        let mut rows = self
            .accounts
            .rows(&self.app, &self.invited.newcomer, &self.sign_ins);
        rows.extend(self.accounts.factors(&self.app));
        rows
    }

    /// What the organisation and its people have: rows and a checksum for each table.
    pub async fn state(&self) -> BTreeMap<String, String> {
        servers::state_of(self.app.org).await
    }
}
