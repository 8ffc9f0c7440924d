//! Keyset paging of a list that is ordered by one column and the row's id.

use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    AttemptId, AuditEntryId, BankQuestionId, CertificateId, CourseId, EnrollmentId, GroupId, InvitationId,
    LearningPathId, MemberId, OrgId, OrganizationDomainId, OrganizationSecurityEventId, PolicyRevisionId,
    QuestionBankId, SubmissionId,
};
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

/// A value that a cursor carries.
pub trait CursorValue: Sized {
    /// Writes the value.
    fn write(&self) -> String;
    /// Reads a value back.
    fn read(text: &str) -> Option<Self>;
}

impl CursorValue for String {
    fn write(&self) -> String {
        self.clone()
    }
    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl CursorValue for DateTime<Utc> {
    fn write(&self) -> String {
        self.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
    fn read(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc())
    }
}

macro_rules! number_cursors {
    ($($number:ident),*) => {$(
        impl CursorValue for $number {
            fn write(&self) -> String { self.to_string() }
            fn read(text: &str) -> Option<Self> { text.parse().ok() }
        }
    )*};
}
number_cursors!(i32, i64);

macro_rules! id_cursors {
    ($($id:ident),*) => {$(
        impl CursorValue for $id {
            fn write(&self) -> String { self.0.to_string() }
            fn read(text: &str) -> Option<Self> { Uuid::try_parse(text).ok().map(Self) }
        }
    )*};
}
id_cursors!(
    AttemptId,
    AuditEntryId,
    BankQuestionId,
    CertificateId,
    CourseId,
    EnrollmentId,
    GroupId,
    InvitationId,
    LearningPathId,
    MemberId,
    OrgId,
    OrganizationDomainId,
    OrganizationSecurityEventId,
    PolicyRevisionId,
    QuestionBankId,
    SubmissionId
);

/// Reads the two values of a checked cursor.
pub fn cursor_values<A: CursorValue, B: CursorValue>(values: &[String]) -> Result<(A, B)> {
    let read = || match values {
        [a, b] => Some((A::read(a)?, B::read(b)?)),
        _ => None,
    };
    read().ok_or_else(|| Error::BadInput("This cursor is not one of this list.".into()))
}

/// What a batched page makes of a cursor whose values are not its own. The cursor's seal was checked before, so this is
/// a fault of ours.
pub fn foreign(error: Error) -> diesel::result::Error {
    diesel::result::Error::QueryBuilderError(Box::new(error))
}

/// Bounds, orders and limits a boxed query to one page: `keyset!(query, page, column => type, id => type, descending)`.
#[macro_export]
macro_rules! keyset {
    ($query:expr, $page:expr, $column:expr => $value:ty, $id:expr => $id_type:ty, $descending:expr) => {{
        use diesel::prelude::*;
        let (mut query, page, descending) = ($query, $page, $descending);
        $crate::bounded!(
            page, $column => $value, $id => $id_type, descending, |bound| query = query.filter(bound)
        );
        query = if page.backward != descending {
            query.order_by(($column.desc(), $id.desc()))
        } else {
            query.order_by(($column.asc(), $id.asc()))
        };
        query.limit(page.size + 1)
    }};
}

/// Does something with each condition that bounds a page:
/// `bounded!(page, column => type, id => type, descending, |bound| query = query.filter(bound))`.
#[macro_export]
macro_rules! bounded {
    ($page:expr, $column:expr => $value:ty, $id:expr => $id_type:ty, $descending:expr, |$bound:ident| $with:expr) => {
        for (values, behind) in [(&$page.after, true), (&$page.before, false)] {
            let Some(values) = values else { continue };
            let (value, id) = $crate::db::paginate::cursor_values::<$value, $id_type>(values)?;
            // The first half bounds the scan of an index, the second leaves out the rows that tie with the cursor.
            if behind != $descending {
                let $bound = $column.ge(value.clone()).and($column.gt(value).or($id.gt(id)));
                $with;
            } else {
                let $bound = $column.le(value.clone()).and($column.lt(value).or($id.lt(id)));
                $with;
            }
        }
    };
}
