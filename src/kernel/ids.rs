//! Identifiers: UUIDs inside, opaque typed strings outside.
//!
//! A row of an organisation has the key `(org, id)`. To clients it is one string, `<prefix>_<base64url of org
//! and id>`, so that `node(id:)` knows type and organisation without a look-up. An identifier routes and never
//! grants: whoever changes one gets the answer of a row that does not exist.

use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value, parser::types::Field,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow, FromStaticSqlRow, Queryable};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow, Serialize, Deserialize)]
        #[diesel(sql_type = sql_types::Uuid)]
        #[serde(transparent)]
        pub struct $id(pub Uuid);

        impl<DB: Backend> FromSql<sql_types::Uuid, DB> for $id where Uuid: FromSql<sql_types::Uuid, DB> {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> { Uuid::from_sql(bytes).map(Self) }
        }

        impl ToSql<sql_types::Uuid, Pg> for $id {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.0, out)
            }
        }
    )*};
}

/// Renders a key as its opaque identifier, in Rust and in GraphQL.
macro_rules! rendered {
    ($key:ident) => {
        impl fmt::Display for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode(self))
            }
        }

        impl OutputType for $key {
            fn type_name() -> Cow<'static, str> {
                <ID as OutputType>::type_name()
            }
            fn create_type_info(registry: &mut Registry) -> String {
                <ID as OutputType>::create_type_info(registry)
            }
            async fn resolve(
                &self,
                _: &ContextSelectionSet<'_>,
                _: &Positioned<Field>,
            ) -> ServerResult<Value> {
                Ok(Value::String(encode(self)))
            }
        }
    };
}

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident($id:ident) = $prefix:literal;)*) => {
        ids! { $($(#[$doc])* $id;)* }
        $(
            #[doc = concat!("Organisation and [`", stringify!($id), "`]; to clients `", $prefix, "_…`.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            pub struct $key {
                /// The organisation that the row belongs to.
                pub org: OrgId,
                /// The row within its organisation.
                pub id: $id,
            }

            impl $key {
                /// Joins the two halves.
                pub const fn new(org: OrgId, id: $id) -> Self {
                    Self { org, id }
                }
            }

            impl Key for $key {
                const PREFIX: &'static str = $prefix;
                fn to_uuids(self) -> Vec<Uuid> {
                    vec![self.org.0, self.id.0]
                }
                fn from_uuids(uuids: &[Uuid]) -> Option<Self> {
                    let [org, id] = uuids else { return None };
                    Some(Self { org: OrgId(*org), id: $id(*id) })
                }
            }

            impl<DB: Backend> Queryable<(sql_types::Uuid, sql_types::Uuid), DB> for $key
            where
                (OrgId, $id): FromStaticSqlRow<(sql_types::Uuid, sql_types::Uuid), DB>,
            {
                type Row = (OrgId, $id);
                fn build((org, id): Self::Row) -> deserialize::Result<Self> {
                    Ok(Self { org, id })
                }
            }

            rendered!($key);
        )*
    };
}

ids! {
    /// An organisation: the tenant.
    OrgId;
    /// A person with an account, across organisations.
    UserId;
    /// A person's signed-in session.
    SessionId;
    /// Something that happened to a person's account.
    SecurityEventId;
    /// Whom a service by which people sign in means by a person.
    IdentityId;
}

keys! {
    /// A person's membership of one organisation.
    MemberKey(MemberId) = "mem";
    /// A role that an organisation gives to members.
    RoleKey(RoleId) = "rol";
    /// A revision of an organisation's own policies.
    PolicyRevisionKey(PolicyRevisionId) = "pol";
    /// An entry of an organisation's audit.
    AuditEntryKey(AuditEntryId) = "aud";
    /// An event of an organisation's log.
    EventKey(EventId) = "evt";
    /// A group of members.
    GroupKey(GroupId) = "grp";
    /// An invitation to join.
    InvitationKey(InvitationId) = "inv";
    /// Something that happened to a member's account.
    OrganizationSecurityEventKey(OrganizationSecurityEventId) = "oev";
    /// A program that acts in an organisation.
    AppKey(AppId) = "app";
    /// A token of an app.
    ApiTokenKey(ApiTokenId) = "apt";
    /// Leave for an operator of the platform to help.
    SupportGrantKey(SupportGrantId) = "sup";
    /// A session that an app opened for a learner.
    LearnerSessionKey(LearnerSessionId) = "lse";
    /// A copy of what an organisation has about a member.
    MemberExportKey(MemberExportId) = "mex";
    /// A domain that an organisation says is its own.
    OrganizationDomainKey(OrganizationDomainId) = "dom";
    /// A proposal that an account belongs to an organisation.
    AccountLinkKey(AccountLinkId) = "lnk";
    /// An organisation's own provider.
    SsoConnectionKey(SsoConnectionId) = "sso";
    /// A course.
    CourseKey(CourseId) = "crs";
    /// A bank of questions.
    QuestionBankKey(QuestionBankId) = "qbk";
    /// A question of a bank.
    BankQuestionKey(BankQuestionId) = "bqn";
    /// A frozen edition of a course.
    RevisionKey(RevisionId) = "rev";
    /// A learner's enrolment in a course.
    EnrollmentKey(EnrollmentId) = "enr";
    /// What a learner keeps of a course for themselves.
    BookmarkKey(BookmarkId) = "bmk";
    /// What a learner says of a course.
    CourseReviewKey(CourseReviewId) = "rvw";
    /// What somebody answered to a survey.
    SurveyResponseKey(SurveyResponseId) = "svr";
    /// Courses that are worked through one after the other.
    LearningPathKey(LearningPathId) = "pth";
    /// That a member follows a learning path.
    PathEnrollmentKey(PathEnrollmentId) = "pen";
    /// One try at a quiz.
    AttemptKey(AttemptId) = "att";
    /// A certificate of completion.
    CertificateKey(CertificateId) = "crt";
    /// A file that somebody uploaded.
    AssetKey(AssetId) = "ast";
    /// What a learner hands in for an assignment.
    SubmissionKey(SubmissionId) = "sbm";
}

/// What lies inside a course has the course in its key, so that it is found in the revision that its reader sees.
macro_rules! content_keys {
    ($($(#[$doc:meta])* $key:ident($id:ident) = $prefix:literal;)*) => {
        ids! { $($(#[$doc])* $id;)* }
        $(
            #[doc = concat!("Organisation, course and [`", stringify!($id), "`]; to clients `", $prefix, "_…`.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            pub struct $key {
                /// The course that it lies in.
                pub course: CourseKey,
                /// The row within its organisation.
                pub id: $id,
            }

            impl $key {
                /// Joins the two halves.
                pub const fn new(course: CourseKey, id: $id) -> Self {
                    Self { course, id }
                }
            }

            impl Key for $key {
                const PREFIX: &'static str = $prefix;
                fn to_uuids(self) -> Vec<Uuid> {
                    vec![self.course.org.0, self.course.id.0, self.id.0]
                }
                fn from_uuids(uuids: &[Uuid]) -> Option<Self> {
                    let [org, course, id] = uuids else { return None };
                    Some(Self { course: CourseKey::new(OrgId(*org), CourseId(*course)), id: $id(*id) })
                }
            }

            impl<DB: Backend> Queryable<(sql_types::Uuid, sql_types::Uuid, sql_types::Uuid), DB> for $key
            where
                (OrgId, CourseId, $id): FromStaticSqlRow<(sql_types::Uuid, sql_types::Uuid, sql_types::Uuid), DB>,
            {
                type Row = (OrgId, CourseId, $id);
                fn build((org, course, id): Self::Row) -> deserialize::Result<Self> {
                    Ok(Self { course: CourseKey::new(org, course), id })
                }
            }

            rendered!($key);
        )*
    };
}

content_keys! {
    /// A module of a course, whose identity survives republishing.
    ModuleKey(ModuleId) = "mod";
    /// A unit of a course, whose identity survives republishing.
    UnitKey(UnitId) = "unt";
    /// A question of a quiz, whose identity survives republishing.
    QuestionKey(QuestionId) = "qst";
    /// What the staff of a course asks its learners.
    SurveyKey(SurveyId) = "srv";
}

/// An organisation as clients name it: `org_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrganizationKey(pub OrgId);

impl Key for OrganizationKey {
    const PREFIX: &'static str = "org";
    fn to_uuids(self) -> Vec<Uuid> {
        vec![self.0.0]
    }
    fn from_uuids(uuids: &[Uuid]) -> Option<Self> {
        let [org] = uuids else { return None };
        Some(Self(OrgId(*org)))
    }
}
rendered!(OrganizationKey);

/// What belongs to a person and to no organisation; shown to that person alone.
macro_rules! account_keys {
    ($($(#[$doc:meta])* $key:ident($id:ident) = $prefix:literal;)*) => {
        /// What the identifiers begin with that name no organisation.
        const OF_ACCOUNTS: &[&str] = &[$($prefix),*];
    $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $key(pub $id);

        impl Key for $key {
            const PREFIX: &'static str = $prefix;
            fn to_uuids(self) -> Vec<Uuid> {
                vec![self.0.0]
            }
            fn from_uuids(uuids: &[Uuid]) -> Option<Self> {
                let [id] = uuids else { return None };
                Some(Self($id(*id)))
            }
        }
        rendered!($key);
    )*};
}

account_keys! {
    /// The signed-in person as clients name it: `usr_…`.
    UserKey(UserId) = "usr";
    /// One of their sessions: `ses_…`.
    SessionKey(SessionId) = "ses";
    /// Something that happened to their account: `sev_…`.
    SecurityEventKey(SecurityEventId) = "sev";
    /// One of their identities at services by which people sign in: `idn_…`.
    IdentityKey(IdentityId) = "idn";
}

/// A key that clients know as one opaque string.
pub trait Key: Copy {
    /// What its identifiers begin with.
    const PREFIX: &'static str;
    /// The UUIDs that make up the key, the organisation first.
    fn to_uuids(self) -> Vec<Uuid>;
    /// Puts the key together again.
    fn from_uuids(uuids: &[Uuid]) -> Option<Self>;

    /// Reads an identifier that a client sent; `None` for anything that is not exactly one of this type.
    fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64
            .decode(text.strip_prefix(Self::PREFIX)?.strip_prefix('_')?)
            .ok()?;
        let uuids = bytes
            .chunks(16)
            .map(Uuid::from_slice)
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        Self::from_uuids(&uuids)
    }
}

fn encode<K: Key>(key: &K) -> String {
    let bytes: Vec<u8> = key.to_uuids().iter().flat_map(|uuid| *uuid.as_bytes()).collect();
    format!("{}_{}", K::PREFIX, BASE64.encode(bytes))
}

/// The organisation that an identifier of unknown type names; none where it names none, as those of accounts.
pub fn org_in(text: &str) -> Option<OrgId> {
    let (prefix, rest) = text.split_once('_')?;
    if OF_ACCOUNTS.contains(&prefix) {
        return None;
    }
    let bytes = BASE64.decode(rest).ok()?;
    Uuid::from_slice(bytes.get(..16)?).ok().map(OrgId)
}

/// What an identifier of unknown type begins with.
pub fn prefix(text: &str) -> Option<&str> {
    text.split_once('_').map(|(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_its_own_type_only() {
        let course = CourseKey::new(OrgId(Uuid::from_u128(7)), CourseId(Uuid::from_u128(9)));
        let unit = UnitKey::new(course, UnitId(Uuid::from_u128(11)));
        assert_eq!(CourseKey::parse(&course.to_string()), Some(course));
        assert_eq!(UnitKey::parse(&unit.to_string()), Some(unit));
        assert_eq!(UnitKey::parse(&course.to_string()), None);
        assert_eq!(UnitKey::parse(&course.to_string().replace("crs", "unt")), None);
        assert_eq!(prefix(&course.to_string()), Some("crs"));
    }

    #[test]
    fn a_malformed_identifier_is_no_identifier() {
        for bad in [
            "",
            "crs",
            "crs_",
            "crs_%%%",
            "crs_AAAA",
            "crs_é",
            "\u{0}",
            &"crs_A".repeat(4000),
        ] {
            assert_eq!(CourseKey::parse(bad), None, "{bad}");
        }
    }
}
