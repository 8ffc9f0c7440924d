//! What the policies say: that they are valid, the whole matrix of the built-in roles, and that they mean what a plain
//! reading of reaches means.

use cedar_policy::{PolicySet, Schema, ValidationMode, Validator};
use lyceum::auth::permission::{Permission, Reach};
use lyceum::auth::policy::{Facts, Kind, PLATFORM_POLICIES, POLICY_SCHEMA, Policies, Question, Relation};
use lyceum::auth::roles::BUILT_IN;
use lyceum::auth::standing::OrgStanding;
use lyceum::kernel::ids::{MemberId, MemberKey, OrgId};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::str::FromStr;
use std::sync::OnceLock;
use uuid::Uuid;

const HERE: OrgId = OrgId(Uuid::from_u128(1));
const ELSEWHERE: OrgId = OrgId(Uuid::from_u128(2));

fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(|| Policies::platform().unwrap())
}

fn standing(role: &str, grants: &Value) -> OrgStanding {
    let member = MemberKey::new(HERE, MemberId(Uuid::from_u128(9)));
    OrgStanding::new(member, "here".into(), role.into(), grants)
}

fn facts(kind: Kind, org: OrgId, relation: Relation, is_owner: bool) -> Facts {
    let mut facts = Facts::of(kind, org).related(relation);
    facts.is_owner = is_owner;
    facts
}

#[test]
fn the_platforms_policies_fit_their_schema() {
    let (schema, _) = Schema::from_cedarschema_str(POLICY_SCHEMA).unwrap();
    let policies = PolicySet::from_str(PLATFORM_POLICIES).unwrap();
    let result = Validator::new(schema).validate(&policies, ValidationMode::Strict);
    let errors: Vec<_> = result.validation_errors().map(ToString::to_string).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn every_permission_is_about_something() {
    for permission in Permission::ALL {
        assert!(
            !policies().kinds(*permission).is_empty(),
            "{}",
            permission.as_str()
        );
    }
}

#[test]
fn the_built_in_roles_may_do_what_the_matrix_says() {
    let own = Relation {
        own: true,
        ..Relation::default()
    };
    let taught = Relation {
        taught: true,
        ..Relation::default()
    };
    let managed = Relation {
        managed: true,
        ..Relation::default()
    };
    let columns = [
        (HERE, Relation::default()),
        (HERE, own),
        (HERE, taught),
        (HERE, managed),
        (ELSEWHERE, own),
    ];
    let mut matrix = String::from(
        "role        permission              about         none  own  taught  managed  other org\n",
    );
    for role in BUILT_IN {
        let who = standing(role.slug, &role.grants());
        for permission in Permission::ALL.iter().copied() {
            let kind = policies().kinds(permission)[0];
            let owners = matches!(kind, Kind::Membership | Kind::Invitation);
            for is_owner in [false, true].into_iter().take(if owners { 2 } else { 1 }) {
                let about = if is_owner { "an owner" } else { kind.name() };
                let mut ticks = columns.iter().map(|(org, relation)| {
                    let question = Question {
                        permission,
                        facts: facts(kind, *org, *relation, is_owner),
                    };
                    if policies().decide(&who, question).allowed {
                        "yes"
                    } else {
                        "-"
                    }
                });
                let mut tick = || ticks.next().unwrap_or("");
                let (slug, name) = (role.slug, permission.as_str());
                let (none, own, taught, managed, other) = (tick(), tick(), tick(), tick(), tick());
                let line = format!(
                    "{slug:<11} {name:<23} {about:<13} {none:<5} {own:<4} {taught:<7} {managed:<8} {other}"
                );
                writeln!(matrix, "{}", line.trim_end()).unwrap();
            }
        }
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("role_matrix", matrix);
    });
}

/// Everything that a decision depends on, drawn at random.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are drawn independently")]
struct Case {
    permission: Permission,
    kind: Kind,
    reach: Reach,
    relation: Relation,
    here: bool,
    actor_is_owner: bool,
    about_owner: bool,
    exceeds: bool,
}

/// What reaches mean, in plain Rust.
fn plainly(case: Case) -> bool {
    let Case { reach, relation, .. } = case;
    let is_own_right = matches!(
        case.permission,
        Permission::MembersLeave | Permission::OwnershipAccept
    );
    if is_own_right {
        return relation.own && case.here;
    }
    let reached = reach.all
        || (reach.taught && relation.taught)
        || (reach.managed && relation.managed)
        || (reach.own && relation.own);
    let guards_owners = matches!(
        case.permission,
        Permission::MembersManage | Permission::InvitationsManage
    );
    let makes_owner = guards_owners && case.about_owner && !case.actor_is_owner;
    let for_another = case.permission == Permission::AttemptsTake && !relation.own;
    let for_oneself = case.permission == Permission::AttemptsGrade && relation.own;
    let gives = guards_owners
        || matches!(
            case.permission,
            Permission::GroupsManage | Permission::RolesManage
        );
    let is_owners = matches!(
        case.permission,
        Permission::OrgDelete | Permission::OwnershipTransfer
    ) && !case.actor_is_owner;
    let gives_too_much = gives && case.exceeds;
    reached && case.here && !makes_owner && !gives_too_much && !is_owners && !for_another && !for_oneself
}

fn by_policy(case: Case) -> bool {
    let grants = json!({ case.permission.as_str(): case.reach.words().collect::<Vec<_>>() });
    let role = if case.actor_is_owner { "owner" } else { "anything" };
    let org = if case.here { HERE } else { ELSEWHERE };
    let mut facts = facts(case.kind, org, case.relation, case.about_owner);
    facts.exceeds = case.exceeds;
    let question = Question {
        permission: case.permission,
        facts,
    };
    let who = standing(role, &grants);
    let decision = policies().decide(&who, question);
    assert_eq!(decision, policies().decide(&who, question), "asked again");
    decision.allowed
}

fn cases() -> impl Strategy<Value = Case> {
    let asked = prop::sample::select(Permission::ALL).prop_flat_map(|permission| {
        (
            Just(permission),
            prop::sample::select(policies().kinds(permission)),
        )
    });
    let relation = any::<[bool; 3]>().prop_map(|[own, taught, managed]| Relation { own, taught, managed });
    let reach = any::<[bool; 4]>().prop_map(|[all, taught, managed, own]| Reach {
        all,
        taught,
        managed,
        own,
    });
    (asked, reach, relation, any::<[bool; 4]>()).prop_map(
        |((permission, kind), reach, relation, [here, actor_is_owner, about_owner, exceeds])| Case {
            permission,
            kind,
            reach,
            relation,
            here,
            actor_is_owner,
            about_owner,
            exceeds,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_policies_mean_what_reaches_mean(case in cases()) {
        prop_assert_eq!(by_policy(case), plainly(case), "{:?}", case);
    }
}

#[test]
fn every_reach_with_every_relation_means_what_it_says() {
    let bit = |bits: u32, place: u32| bits & (1 << place) != 0;
    for bits in 0..1_u32 << 11 {
        let case = Case {
            permission: Permission::MembersManage,
            kind: Kind::Membership,
            reach: Reach {
                all: bit(bits, 0),
                taught: bit(bits, 1),
                managed: bit(bits, 2),
                own: bit(bits, 3),
            },
            relation: Relation {
                own: bit(bits, 4),
                taught: bit(bits, 5),
                managed: bit(bits, 6),
            },
            here: bit(bits, 7),
            actor_is_owner: bit(bits, 8),
            about_owner: bit(bits, 9),
            exceeds: bit(bits, 10),
        };
        assert_eq!(by_policy(case), plainly(case), "{case:?}");
    }
}
