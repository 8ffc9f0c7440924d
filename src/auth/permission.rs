//! The permissions, the reaches they are given for, and what a role grants.

use async_graphql::Enum;
use serde_json::Value;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Something that may be done; each is an action in the policies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// Every permission, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in policies, roles and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }

        /// One type for each permission that guards a write: what an `Allowed` proof is a proof of.
        pub mod action {
            use super::Permission;
            $($(#[$doc])* #[derive(Debug)] pub struct $name;
            impl super::Action for $name { const PERMISSION: Permission = Permission::$name; })*
        }
    };
}

permissions! {
    /// See members and their profiles.
    MembersRead = "members.read";
    /// Change members' roles, suspend, restore and remove members.
    MembersManage = "members.manage";
    /// Make groups, and say who is in them and who manages them.
    GroupsManage = "groups.manage";
    /// Make, change and delete the organisation's own roles.
    RolesManage = "roles.manage";
    /// Change what the organisation says of itself and how it is set up.
    OrgUpdate = "org.update";
    /// Delete the organisation; owners alone.
    OrgDelete = "org.delete";
    /// Offer the organisation to another member; owners alone.
    OwnershipTransfer = "ownership.transfer";
    /// Take over an organisation that is offered; whoever it is offered to may, whatever their role.
    OwnershipAccept = "ownership.accept";
    /// Leave the organisation; everybody may, whatever their role.
    MembersLeave = "members.leave";
    /// Invite people and revoke invitations.
    InvitationsManage = "invitations.manage";
    /// See what happened to members' accounts.
    SecurityRead = "security.read";
    /// Create courses.
    CoursesCreate = "courses.create";
    /// Read published courses.
    CoursesRead = "courses.read";
    /// Read drafts and unpublished courses.
    CoursesReadDraft = "courses.read_draft";
    /// Edit drafts.
    CoursesUpdate = "courses.update";
    /// Publish drafts.
    CoursesPublish = "courses.publish";
    /// Read questions together with their answer keys.
    QuestionsKeyRead = "questions.key.read";
    /// Make banks of questions, and read and write what is in them.
    QuestionsManage = "questions.manage";
    /// Enrol learners.
    EnrollmentsManage = "enrollments.manage";
    /// Read enrolments, progress, attempts and certificates.
    LearningRecordsRead = "learning_records.read";
    /// Work through a course: record progress, take attempts.
    AttemptsTake = "attempts.take";
    /// Grade the answers that no key can grade.
    AttemptsGrade = "attempts.grade";
    /// Grade attempts anew by corrected answer keys.
    AttemptsRegrade = "attempts.regrade";
    /// Declare attempts void.
    AttemptsVoid = "attempts.void";
    /// Give learners more time and more attempts than a quiz does.
    AccommodationsManage = "accommodations.manage";
    /// Upload files, to show in units or to hand in.
    AssetsUpload = "assets.upload";
    /// Read the audit.
    AuditRead = "audit.read";
    /// Write the organisation's own policies and try changes of access before they are made.
    PoliciesManage = "policies.manage";
    /// Set up apps, and make, rotate and revoke their tokens.
    AppsManage = "apps.manage";
    /// Open sessions for learners, as an app.
    LearnerSessionsCreate = "learner_sessions.create";
    /// Let operators of the platform in for a time, and show them out.
    SupportGrantApprove = "support.grant.approve";
    /// Say by which provider of the organisation's own its people sign in.
    SsoManage = "sso.manage";
}

impl Permission {
    /// Whether an organisation's own policies may speak about it. Not about reads, which SQL decides alike for whole lists;
    /// not about the policies themselves, so that a mistake in them can always be mended; and not about leaving.
    pub fn is_governable(self) -> bool {
        !matches!(self, Self::PoliciesManage | Self::MembersLeave) && !self.as_str().contains(".read")
    }
}

impl Permission {
    /// For whom a role may give it.
    pub const fn reaches(self) -> Reach {
        let reach = Reach::NONE;
        match self {
            // By policy, to everybody and to owners.
            Self::MembersLeave | Self::OrgDelete | Self::OwnershipTransfer | Self::OwnershipAccept => reach,
            Self::AttemptsTake => Reach { own: true, ..reach },
            Self::AuditRead => Reach {
                all: true,
                own: true,
                ..reach
            },
            Self::SecurityRead
            | Self::OrgUpdate
            | Self::RolesManage
            | Self::PoliciesManage
            | Self::AppsManage
            | Self::LearnerSessionsCreate
            | Self::SupportGrantApprove
            | Self::SsoManage
            | Self::QuestionsManage
            | Self::AssetsUpload
            | Self::CoursesCreate => Reach { all: true, ..reach },
            Self::GroupsManage | Self::InvitationsManage => Reach {
                all: true,
                managed: true,
                ..reach
            },
            Self::CoursesRead
            | Self::CoursesReadDraft
            | Self::CoursesUpdate
            | Self::CoursesPublish
            | Self::QuestionsKeyRead
            | Self::AttemptsGrade
            | Self::AttemptsRegrade
            | Self::AttemptsVoid
            | Self::AccommodationsManage => Reach {
                all: true,
                taught: true,
                ..reach
            },
            Self::MembersRead | Self::MembersManage | Self::EnrollmentsManage | Self::LearningRecordsRead => {
                Reach {
                    all: true,
                    taught: true,
                    managed: true,
                    own: true,
                }
            }
        }
    }
}

impl Permission {
    /// Whether an app's token may have it as a scope. What is a person's own to decide stays with the person.
    pub const fn is_scope(self) -> bool {
        !matches!(
            self,
            Self::MembersLeave
                | Self::OrgDelete
                | Self::OwnershipTransfer
                | Self::OwnershipAccept
                | Self::SupportGrantApprove
        )
    }
}

/// What a credential may be used for: a set of permissions, which narrows whatever its person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scopes(u64);

impl Scopes {
    /// Everything that the person may.
    pub const ALL: Self = Self(u64::MAX);

    /// These permissions alone.
    pub fn of(permissions: impl IntoIterator<Item = Permission>) -> Self {
        let bit = |permission: Permission| 1 << permission as u64;
        Self(permissions.into_iter().map(bit).fold(0, std::ops::BitOr::bitor))
    }

    /// Reads their names; what this build does not know is no scope.
    pub fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let known = |name: &str| {
            Permission::ALL
                .iter()
                .find(|permission| permission.as_str() == name)
        };
        Self::of(names.into_iter().filter_map(known).copied())
    }

    /// Whether the permission is one of them.
    pub const fn have(self, permission: Permission) -> bool {
        self.0 >> permission as u64 & 1 == 1
    }

    /// Whether these have everything that others have.
    pub const fn cover(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// The permissions, in the order of the documentation.
    pub fn list(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.have(*permission))
    }
}

const _: () = assert!(Permission::ALL.len() <= 64, "scopes are 64 bits");

/// A permission as a type.
pub trait Action {
    /// The permission it stands for.
    const PERMISSION: Permission;
}

/// For whom a role gives a permission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four reaches that are given independently"
)]
pub struct Reach {
    /// For everything in the organisation.
    pub all: bool,
    /// For the courses that the member teaches, and their learners.
    pub taught: bool,
    /// For the members of the groups that the member manages.
    pub managed: bool,
    /// For the member's own records.
    pub own: bool,
}

impl Reach {
    /// Reaches nothing.
    pub const NONE: Self = Self {
        all: false,
        taught: false,
        managed: false,
        own: false,
    };

    /// Whether it reaches anything at all.
    pub const fn is_some(self) -> bool {
        self.all || self.taught || self.managed || self.own
    }

    /// Reaches what either reaches.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            all: self.all || other.all,
            taught: self.taught || other.taught,
            managed: self.managed || other.managed,
            own: self.own || other.own,
        }
    }

    /// Reaches what both reach: whoever reaches all reaches the others too.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            all: self.all && other.all,
            taught: (self.all || self.taught) && (other.all || other.taught),
            managed: (self.all || self.managed) && (other.all || other.managed),
            own: (self.all || self.own) && (other.all || other.own),
        }
    }

    /// Whether this reaches at least as far as another.
    pub const fn covers(self, other: Self) -> bool {
        self.all
            || !other.all
                && self.taught >= other.taught
                && self.managed >= other.managed
                && self.own >= other.own
    }

    /// The words of this reach, as roles and policies spell them.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [
            (self.all, "all"),
            (self.taught, "taught"),
            (self.managed, "managed"),
            (self.own, "own"),
        ]
        .into_iter()
        .filter_map(|(given, word)| given.then_some(word))
    }

    /// Reads words; unknown ones give nothing.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut reach = Self::NONE;
        for word in words {
            match word {
                "all" => reach.all = true,
                "taught" => reach.taught = true,
                "managed" => reach.managed = true,
                "own" => reach.own = true,
                _ => {}
            }
        }
        reach
    }
}

/// What a role gives: a reach for each permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants([Reach; Permission::ALL.len()]);

impl Grants {
    /// Reads `{"courses.update": ["taught"], …}`. What this build does not know gives nothing.
    pub fn read(json: &Value) -> Self {
        let mut grants = [Reach::NONE; Permission::ALL.len()];
        for (grant, permission) in grants.iter_mut().zip(Permission::ALL) {
            let words = json.get(permission.as_str()).and_then(Value::as_array);
            *grant = Reach::of(words.into_iter().flatten().filter_map(Value::as_str));
        }
        Self(grants)
    }

    /// These grants as far as scopes go.
    #[must_use]
    pub fn within(&self, scopes: Scopes) -> Self {
        Self::of(
            scopes
                .list()
                .map(|permission| (permission, self.reach(permission))),
        )
    }

    /// What both of these give.
    #[must_use]
    pub fn meet(&self, others: &Self) -> Self {
        let both = |permission: &Permission| {
            (
                *permission,
                self.reach(*permission).and(others.reach(*permission)),
            )
        };
        Self::of(Permission::ALL.iter().map(both))
    }

    /// Whether these give everything that others give.
    pub fn cover(&self, others: &Self) -> bool {
        self.0
            .iter()
            .zip(&others.0)
            .all(|(own, other)| own.covers(*other))
    }

    /// These grants as a role's row keeps them.
    pub fn write(&self) -> Value {
        let given = Permission::ALL
            .iter()
            .filter(|permission| self.reach(**permission).is_some());
        let grant = |permission: &Permission| {
            let words = self.reach(*permission).words().map(Value::from).collect();
            (permission.as_str().to_owned(), words)
        };
        Value::Object(given.map(grant).collect())
    }

    /// Joins grants; what is named twice is given for both reaches.
    pub fn of(given: impl IntoIterator<Item = (Permission, Reach)>) -> Self {
        let mut grants = [Reach::NONE; Permission::ALL.len()];
        for (permission, reach) in given {
            let grant = &mut grants[permission as usize];
            *grant = grant.or(reach);
        }
        Self(grants)
    }

    /// The permissions that are managed only in groups: what whoever manages a group has over its members.
    pub fn in_managed_groups(&self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(|permission| {
            let reach = self.reach(*permission);
            reach.managed && !reach.all
        })
    }

    /// For whom the permission is given.
    pub const fn reach(&self, permission: Permission) -> Reach {
        self.0[permission as usize]
    }
}
