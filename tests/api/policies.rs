//! An organisation's own policies: saving, what they change at once, what they can never do, and trying before saving.

use super::support::client::{Client, Reply};
use super::support::people::role_id;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const NO_PUBLISHING: &str = "@id(\"four-eyes\")\nforbid (principal is Member, action == Action::\"courses.publish\", resource) \
    unless { principal.isOwner };";
const LEARNERS_CREATE: &str = "@id(\"community\")\npermit (principal is Member, action == Action::\"courses.create\", resource) \
    when { principal.role == \"learner\" };";

async fn set(app: &TestApp, who: &Client, source: &str, expected: Option<i32>) -> Reply {
    let document = "mutation($input: PoliciesSetInput!) { policiesSet(input: $input) { revision { id number source createdAt \
        author { id } policies { name effect permissions } } userErrors { code field message } } }";
    let input = json!({ "organizationId": app.org_id(), "source": source, "expectedNumber": expected });
    who.run_with(document, json!({ "input": input })).await
}

async fn simulate(app: &TestApp, who: &Client, more: Value) -> Reply {
    let document = "query($input: PolicySimulateInput!) { policySimulate(input: $input) { faults { line column message } \
        changes { member { id } kind permission resourceKind resources resourceCount policies } \
        membersChecked resourcesChecked isComplete } }";
    let mut input = json!({ "organizationId": app.org_id() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(document, json!({ "input": input })).await
}

async fn publish(who: &Client, course: &str) -> Reply {
    let document =
        "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { id } userErrors { code } } }";
    who.run_with(document, json!({ "id": course })).await
}

#[tokio::test]
async fn what_is_saved_holds_from_the_next_request_on_and_names_itself() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::draft_course(&app, &author, 1).await.id;
    let saved = set(&app, &owner, NO_PUBLISHING, Some(0)).await;
    let revision = saved.data("/policiesSet/revision");
    assert_eq!(revision["number"], 1);
    assert_eq!(revision["source"], NO_PUBLISHING);
    assert_eq!(revision["author"]["id"], owner.member.to_string());
    assert_eq!(
        revision["policies"],
        json!([{ "name": "org.four-eyes", "effect": "FORBID", "permissions": ["COURSES_PUBLISH"] }])
    );
    assert_eq!(publish(&author, &course).await.codes(), "FORBIDDEN");
    let may = "query($id: ID!) { course(id: $id) { viewerCan { update publish refusals { permission policies missing } } } }";
    let may = author.run_with(may, json!({ "id": course })).await;
    assert_eq!(
        may.data("/course/viewerCan"),
        &json!({ "update": true, "publish": false, "refusals": [
            { "permission": "COURSES_PUBLISH", "policies": ["org.four-eyes"], "missing": "Forbidden by org.four-eyes." },
        ] })
    );
    assert_eq!(publish(&owner, &course).await.codes(), "");
    let taken_back = set(&app, &owner, "", Some(1)).await;
    assert_eq!(taken_back.data("/policiesSet/revision/number"), &json!(2));
    assert_eq!(publish(&author, &course).await.codes(), "");
    let changed = factory::audit(&app, "policies.changed").await;
    let details: Vec<_> = changed.into_iter().map(|(_, detail)| detail).collect();
    assert_eq!(
        details,
        [
            json!({ "number": 1, "policies": ["four-eyes"] }),
            json!({ "number": 2, "policies": [] })
        ]
    );
}

#[tokio::test]
async fn a_permit_gives_what_no_role_gives_and_never_what_the_platform_forbids() {
    let app = TestApp::new().await;
    let (owner, admin, learner) = (app.owner().await, app.member("admin").await, app.learner().await);
    let everything = "@id(\"everything\") permit (principal is Member, action in [Action::\"courses.create\", \
        Action::\"members.manage\", Action::\"attempts.take\"], resource);";
    set(&app, &owner, everything, None)
        .await
        .data("/policiesSet/revision/id");
    let create = "mutation($input: CourseCreateInput!) { courseCreate(input: $input) { course { id } userErrors { code } } }";
    let input = json!({ "organizationId": app.org_id(), "slug": "of-a-learner", "title": "Of a learner" });
    let reply = learner.run_with(create, json!({ "input": input })).await;
    assert_eq!(reply.codes(), "");
    let change = "mutation($member: ID!, $role: ID!) { membershipRoleChange(input: {memberId: $member, roleId: $role}) { \
        userErrors { code } } }";
    let learners = role_id(&app, &owner, "learner").await;
    for who in [&admin, &learner] {
        let ids = json!({ "member": owner.member.to_string(), "role": learners });
        let refused = who.run_with(change, ids).await.codes();
        assert!(
            ["FORBIDDEN", "NOT_FOUND"].contains(&refused.as_str()),
            "{refused}"
        );
    }
    let elsewhere = app.elsewhere().await;
    let input = json!({ "organizationId": elsewhere.org_id(), "slug": "elsewhere", "title": "Elsewhere" });
    let reply = learner.run_with(create, json!({ "input": input })).await;
    assert_eq!(reply.codes(), "NOT_FOUND");
}

#[tokio::test]
async fn a_fault_is_named_with_its_place_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let nested = format!(
        "@id(\"n\") permit (principal, action == Action::\"courses.create\", resource) when {{ {}true{} }};",
        "(".repeat(60),
        ")".repeat(60)
    );
    let long = format!(
        "@id(\"l\") permit (principal, action == Action::\"courses.create\", resource) when {{ true{} }};",
        " && true".repeat(600)
    );
    let one = |n: usize| {
        format!("@id(\"p{n}\") permit (principal, action == Action::\"courses.create\", resource);\n")
    };
    let many = (0..101).map(one).collect::<Vec<_>>().concat();
    let read =
        |action: &str| format!("@id(\"r\") permit (principal, action == Action::\"{action}\", resource);");
    for (source, place, says) in [
        (
            "permit (principal is Member,\n  action, resource",
            "Line 2",
            "unexpected",
        ),
        (
            "permit (principal is Member, action == Action::\"courses.create\", resource);",
            "Line 1",
            "@id",
        ),
        (
            &*format!("{NO_PUBLISHING}\n{NO_PUBLISHING}"),
            "Line 1",
            "Two policies",
        ),
        (
            "\n@id(\"a\")\npermit (principal, action, resource);",
            "Line 2",
            "Name the actions",
        ),
        (
            "@id(\"a\")\npermit (principal, action == Action::\"courses.fly\", resource);",
            "Line 2",
            "courses.fly",
        ),
        (
            "@id(\"a\")\nforbid (principal is Member, action == Action::\"courses.create\", resource) when { principal.role > 3 };",
            "Line 2",
            "type",
        ),
        (
            "@id(\"a\") permit (principal, action == Action::\"courses.update\", resource == Course::\"x\");",
            "Line 1",
            "single resource",
        ),
        (
            "@id(\"a\") permit (principal == ?principal, action == Action::\"courses.update\", resource);",
            "Line 1",
            "Templates",
        ),
        (&*read("courses.read"), "Line 1", "courses.read is not"),
        (
            &*read("learning_records.read"),
            "Line 1",
            "learning_records.read is not",
        ),
        (&*read("policies.manage"), "Line 1", "policies.manage is not"),
        (&*nested, "Line 1", "nest deeper than 40"),
        (&*long, "Line 1", "more than 4096 bytes"),
        (&*many, "Line 1", "101 policies"),
        (&*"/".repeat(65_537), "Line 1", "65536 are allowed"),
    ] {
        let reply = set(&app, &owner, source, None).await;
        assert_eq!(
            reply.codes().split(',').next(),
            Some("INVALID"),
            "{source:.80}: {:#}",
            reply.body
        );
        let messages = reply.data("/policiesSet/userErrors").as_array().unwrap();
        let fits = |error: &Value| {
            let message = error["message"].as_str().unwrap();
            message.starts_with(place) && message.contains(says) && error["field"] == json!(["source"])
        };
        assert!(messages.iter().any(fits), "{source:.80}: {messages:#?}");
    }
    assert_eq!(factory::count(&app, "policy_revisions").await, 0);
    assert_eq!(factory::audit(&app, "policies.changed").await, []);
}

#[tokio::test]
async fn deep_and_long_texts_are_answered_and_the_service_lives_on() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let policy = |body: &str| {
        format!(
            "@id(\"p\") permit (principal, action == Action::\"courses.create\", resource) when {{ {body} }};"
        )
    };
    for body in [
        "!".repeat(3_900),
        "-".repeat(3_900),
        format!("true{}", "&&true".repeat(640)),
        format!("true{}", "||true".repeat(640)),
        format!("1{}", "+1".repeat(1_900)),
        format!("context{}", ".own".repeat(970)),
        format!("{}true{}", "if true then true else ".repeat(170), ""),
        "[".repeat(3_900),
        format!("{}1{}", "{a:".repeat(39), "}".repeat(39)),
        format!("\"{}", "\\".repeat(3_900)),
    ] {
        let reply = set(&app, &owner, &policy(&body), None).await;
        assert!(
            !reply.codes().contains("INTERNAL"),
            "{body:.20}: {:#}",
            reply.body
        );
        let may = "query($org: ID!) { organization(id: $org) { viewerCan { createCourses } } }";
        let may = owner.run_with(may, json!({ "org": app.org_id() })).await;
        may.data("/organization/viewerCan/createCourses");
    }
}

#[tokio::test]
async fn two_editors_at_once_do_not_overwrite_each_other() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let (first, second) = tokio::join!(
        set(&app, &owner, NO_PUBLISHING, Some(0)),
        set(&app, &admin, LEARNERS_CREATE, Some(0))
    );
    let mut codes = [first.codes(), second.codes()];
    codes.sort();
    assert_eq!(codes, ["", "VERSION_CONFLICT"]);
    assert_eq!(factory::count(&app, "policy_revisions").await, 1);
}

#[tokio::test]
async fn who_may_not_manage_policies_neither_reads_nor_tries_them() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let saved = set(&app, &owner, NO_PUBLISHING, None).await;
    let revision = saved.text("/policiesSet/revision/id").to_owned();
    let read = "query($org: ID!, $id: ID!) { organization(id: $org) { policies { source } policyRevisions { totalCount } } \
        node(id: $id) { id } }";
    let ids = json!({ "org": app.org_id(), "id": revision });
    let shown = owner.run_with(read, ids.clone()).await;
    assert_eq!(shown.data("/organization/policies/source"), NO_PUBLISHING);
    assert_eq!(shown.data("/organization/policyRevisions/totalCount"), &json!(1));
    assert_eq!(shown.data("/node/id"), &revision);
    for role in ["author", "instructor", "manager", "learner"] {
        let who = app.member(role).await;
        let hidden = who.run_with(read, ids.clone()).await;
        assert_eq!(hidden.data("/organization/policies"), &Value::Null, "{role}");
        assert_eq!(
            hidden.data("/organization/policyRevisions"),
            &Value::Null,
            "{role}"
        );
        assert_eq!(hidden.data("/node"), &Value::Null, "{role}");
        let tried = simulate(&app, &who, json!({ "policies": "" })).await;
        assert_eq!(tried.data("/policySimulate"), &Value::Null, "{role}");
        assert_eq!(set(&app, &who, "", None).await.codes(), "FORBIDDEN", "{role}");
    }
    let stranger = app.elsewhere().await.owner().await;
    assert_eq!(set(&app, &stranger, "", None).await.codes(), "NOT_FOUND");
    assert_eq!(
        simulate(&app, &stranger, json!({})).await.data("/policySimulate"),
        &Value::Null
    );
    assert_eq!(factory::count(&app, "policy_revisions").await, 1);
}

#[tokio::test]
async fn a_simulation_foretells_who_gains_and_who_loses_and_writes_nothing() {
    let app = TestApp::new().await;
    let (owner, author, instructor) = (
        app.owner().await,
        app.member("author").await,
        app.member("instructor").await,
    );
    let learner = app.learner().await;
    let course = factory::draft_course(&app, &author, 1).await.id;
    factory::teaches(&app, instructor.member, &course).await;
    let unchanged = simulate(&app, &owner, json!({})).await;
    assert_eq!(unchanged.data("/policySimulate/changes"), &json!([]));
    assert_eq!(unchanged.data("/policySimulate/membersChecked"), &json!(4));
    assert_eq!(unchanged.data("/policySimulate/isComplete"), &json!(true));

    let both = format!("{NO_PUBLISHING}\n{LEARNERS_CREATE}");
    let authors = role_id(&app, &owner, "author").await;
    let grants = json!([{ "roleId": role_id(&app, &owner, "instructor").await, "grants": [
        { "permission": "COURSES_READ", "reach": ["ALL"] }, { "permission": "MEMBERS_READ", "reach": ["TAUGHT", "OWN"] },
        { "permission": "COURSES_READ_DRAFT", "reach": ["TAUGHT"] }, { "permission": "QUESTIONS_KEY_READ", "reach": ["TAUGHT"] },
        { "permission": "ENROLLMENTS_MANAGE", "reach": ["TAUGHT", "OWN"] }, { "permission": "ATTEMPTS_TAKE", "reach": ["OWN"] },
        { "permission": "ASSETS_UPLOAD", "reach": ["ALL"] },
        { "permission": "LEARNING_RECORDS_READ", "reach": ["TAUGHT", "OWN"] },
        { "permission": "ATTEMPTS_REGRADE", "reach": ["TAUGHT"] } ] }]);
    let tried = simulate(&app, &owner, json!({ "policies": both, "roles": grants })).await;
    let change = |member: &super::support::app::Person,
                  kind: &str,
                  permission: &str,
                  of: &str,
                  resource: &str,
                  by: &[&str]| {
        json!({ "member": { "id": member.member.to_string() }, "kind": kind, "permission": permission,
            "resourceKind": of, "resources": [resource], "resourceCount": 1, "policies": by })
    };
    let mut expected = vec![
        change(
            &author,
            "LOST",
            "COURSES_PUBLISH",
            "Course",
            &course,
            &["org.four-eyes"],
        ),
        change(&instructor, "LOST", "COURSES_UPDATE", "Course", &course, &[]),
        change(
            &learner,
            "GAINED",
            "COURSES_CREATE",
            "Organization",
            &app.org_id(),
            &["org.community"],
        ),
    ];
    let by_member = |change: &Value| change["member"]["id"].to_string();
    let mut foretold = tried.data("/policySimulate/changes").as_array().unwrap().clone();
    expected.sort_by_key(by_member);
    foretold.sort_by_key(by_member);
    assert_eq!(foretold, expected);

    let member = json!({ "members": [{ "memberId": learner.member.to_string(), "roleId": authors }] });
    let tried = simulate(&app, &owner, member.clone()).await;
    let changes = tried.data("/policySimulate/changes").as_array().unwrap();
    let of_learner =
        |change: &Value| change["member"]["id"] == learner.member.to_string() && change["kind"] == "GAINED";
    assert!(
        !changes.is_empty() && changes.iter().all(of_learner),
        "{changes:#?}"
    );

    assert_eq!(factory::count(&app, "policy_revisions").await, 0);
    set(&app, &owner, &both, None)
        .await
        .data("/policiesSet/revision/id");
    assert_eq!(
        publish(&author, &course).await.codes(),
        "FORBIDDEN",
        "what was foretold happens"
    );
    let again = simulate(&app, &owner, json!({ "policies": both })).await;
    assert_eq!(
        again.data("/policySimulate/changes"),
        &json!([]),
        "nothing is left to change"
    );
}

#[tokio::test]
async fn a_simulation_of_what_is_not_there_says_so() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let faults = simulate(&app, &owner, json!({ "policies": "permit\n(" })).await;
    assert_eq!(faults.data("/policySimulate/faults/0/line"), &json!(2));
    assert_eq!(faults.data("/policySimulate/membersChecked"), &json!(0));
    let elsewhere = app.elsewhere().await;
    let stranger = elsewhere.owner().await;
    let theirs = role_id(&elsewhere, &stranger, "author").await;
    let own = role_id(&app, &owner, "author").await;
    for more in [
        json!({ "roles": [{ "roleId": theirs, "grants": [] }] }),
        json!({ "members": [{ "memberId": owner.member.to_string(), "roleId": theirs }] }),
        json!({ "members": [{ "memberId": stranger.member.to_string(), "roleId": own }] }),
        json!({ "roles": [{ "roleId": "rol_nothing", "grants": [] }] }),
    ] {
        let reply = simulate(&app, &owner, more.clone()).await;
        assert_eq!(reply.codes(), "BAD_USER_INPUT", "{more}");
    }
}
