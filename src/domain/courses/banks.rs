//! Banks of questions: rows and lists. Tables: `question_banks`, `bank_questions`, `bank_question_versions`.
//!
//! A question of a bank has versions, which are written once; the newest is the one that quizzes draw when their course is published. A retired
//! question is drawn by no course that is published later.

use crate::db::schema::{bank_question_versions as versions, bank_questions, question_banks};
use crate::db::{Batch, Conn, Statement, each};
use crate::domain::content::{AnswerKey, QuestionPrompt};
use crate::domain::record_lists::{IdRange, groups};
use crate::kernel::ids::{
    BankQuestionId, BankQuestionKey, MemberId, MemberKey, OrgId, QuestionBankId, QuestionBankKey,
};
use crate::kernel::page::{Page, Slice};
use crate::keyset;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A bank of questions, from which quizzes draw.
///
/// Requires: `questions.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = question_banks)]
#[graphql(complex)]
pub struct QuestionBank {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: QuestionBankKey,
    /// Its name. Cost: 1.
    pub name: String,
    /// What is in it, Markdown. Cost: 1.
    pub description: String,
    /// Counts the edits; give it as `expectedVersion` to edit only what you have seen. Cost: 1.
    pub version: i32,
    /// When it was created. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was archived; null while courses may draw from it. Cost: 1.
    pub archived_at: Option<DateTime<Utc>>,
}

/// A question of a bank.
///
/// Requires: `questions.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = bank_questions)]
#[graphql(complex)]
pub struct BankQuestion {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: BankQuestionKey,
    /// The bank.
    #[graphql(skip)]
    pub bank_id: QuestionBankId,
    /// The number of its newest version, which is the one that is drawn. Cost: 1.
    pub number: i32,
    /// What it is about, for pools to choose by. Cost: 1.
    pub tags: Vec<String>,
    /// When it was created. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was retired; null while it is drawn. Cost: 1.
    pub retired_at: Option<DateTime<Utc>>,
}

impl BankQuestion {
    /// The bank.
    pub const fn bank(&self) -> QuestionBankKey {
        QuestionBankKey::new(self.key.org, self.bank_id)
    }
}

/// A version of a question of a bank.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = versions)]
pub struct QuestionVersion {
    org_id: OrgId,
    question_id: BankQuestionId,
    /// 1 for the first, counting up.
    pub number: i32,
    prompt: Value,
    answer_key: Value,
    created_by: MemberId,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

impl QuestionVersion {
    /// The question.
    pub const fn question(&self) -> BankQuestionKey {
        BankQuestionKey::new(self.org_id, self.question_id)
    }

    /// What learners will see.
    pub fn prompt(&self) -> Option<QuestionPrompt> {
        serde_json::from_value(self.prompt.clone()).ok()
    }

    /// What is right.
    pub fn answer_key(&self) -> Option<AnswerKey> {
        serde_json::from_value(self.answer_key.clone()).ok()
    }

    /// Who wrote it.
    pub const fn author(&self) -> MemberKey {
        MemberKey::new(self.org_id, self.created_by)
    }
}

impl Batch for QuestionBankKey {
    type Value = Arc<QuestionBank>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<QuestionBankId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<QuestionBank> = QuestionBank::query()
            .filter(
                question_banks::org_id
                    .eq_any(orgs)
                    .and(question_banks::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

impl Batch for BankQuestionKey {
    type Value = Arc<BankQuestion>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<BankQuestionId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<BankQuestion> = BankQuestion::query()
            .filter(
                bank_questions::org_id
                    .eq_any(orgs)
                    .and(bank_questions::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The banks of organisations. Fetched, it counts them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BankList {
    /// Whose.
    pub orgs: Vec<OrgId>,
    /// Only those that are archived, or only those that are not.
    pub is_archived: Option<bool>,
}

type Condition = Box<dyn BoxableExpression<question_banks::table, Pg, SqlType = Bool>>;

impl BankList {
    fn narrowing(&self) -> Condition {
        match self.is_archived {
            None => Box::new(true.into_sql::<Bool>()),
            Some(true) => Box::new(question_banks::archived_at.is_not_null()),
            Some(false) => Box::new(question_banks::archived_at.is_null()),
        }
    }
}

/// One page of them, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BankPage(pub BankList, pub Page);

impl BankPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<QuestionBank>>> {
        let Self(list, page) = self;
        let query = QuestionBank::query()
            .filter(question_banks::org_id.eq_any(list.orgs.clone()))
            .filter(list.narrowing())
            .into_boxed();
        let bounded = || {
            Ok(
                keyset!(query, page, question_banks::name => String, question_banks::id => QuestionBankId, false),
            )
        };
        let query = bounded().map_err(crate::db::paginate::foreign)?;
        let rows: Vec<QuestionBank> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for BankPage {
    type Value = Arc<Vec<Arc<QuestionBank>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

impl Batch for BankList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = question_banks::table
                .filter(question_banks::org_id.eq_any(list.orgs.clone()))
                .filter(list.narrowing())
                .count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// The questions of a bank, the newest first. Fetched, it counts them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuestionList {
    /// The bank.
    pub bank: QuestionBankKey,
    /// Only those that have this tag.
    pub tag: Option<String>,
    /// Only those that are retired, or only those that are not.
    pub is_retired: Option<bool>,
}

/// One page of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuestionPage(pub QuestionList, pub Page, pub IdRange);

type Columns = <BankQuestion as Selectable<Pg>>::SelectExpression;

macro_rules! page {
    ($order:literal) => {
        concat!(
            "select r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from bank_questions \
             where bank_questions.org_id = p.org_id and bank_questions.bank_id = p.id and (?::text is null or ? = any (bank_questions.tags)) \
             and (?::boolean is null or (bank_questions.retired_at is not null) = ?) and bank_questions.id > ? and bank_questions.id < ? \
             order by bank_questions.id ",
            $order,
            " limit ?) r order by r.id ",
            $order
        )
    };
}

impl Batch for QuestionPage {
    type Value = Slice<Arc<BankQuestion>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| (&key.0.tag, key.0.is_retired, &key.1)) {
            let Self(list, page, range) = keys[0];
            let (orgs, ids): (Vec<OrgId>, Vec<QuestionBankId>) =
                keys.iter().map(|key| (key.0.bank.org, key.0.bank.id)).unzip();
            let sql = if page.backward {
                page!("asc")
            } else {
                page!("desc")
            };
            let rows: Vec<BankQuestion> = Statement::<SqlTypeOf<Columns>>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<SqlTypeOf<Columns>, _>(<BankQuestion as Selectable<Pg>>::construct_selection())
                .bind::<Nullable<Text>, _>(list.tag.as_deref())
                .bind::<Nullable<Text>, _>(list.tag.as_deref())
                .bind::<Nullable<Bool>, _>(list.is_retired)
                .bind::<Nullable<Bool>, _>(list.is_retired)
                .bind::<SqlUuid, _>(range.above)
                .bind::<SqlUuid, _>(range.below)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<QuestionBankId, Vec<Arc<BankQuestion>>> = HashMap::new();
            for row in rows {
                pages.entry(row.bank_id).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.0.bank.id).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

impl Batch for QuestionList {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| (&key.tag, key.is_retired)) {
            let list = keys[0];
            let (orgs, ids): (Vec<OrgId>, Vec<QuestionBankId>) =
                keys.iter().map(|key| (key.bank.org, key.bank.id)).unzip();
            let rows: Vec<(OrgId, QuestionBankId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(
                "select p.org_id, p.id, (select count(*) from bank_questions q where q.org_id = p.org_id and q.bank_id = p.id \
                 and (?::text is null or ? = any (q.tags)) and (?::boolean is null or (q.retired_at is not null) = ?)) from unnest(?, ?) as p (org_id, id)",
            )
            .bind::<Nullable<Text>, _>(list.tag.as_deref())
            .bind::<Nullable<Text>, _>(list.tag.as_deref())
            .bind::<Nullable<Bool>, _>(list.is_retired)
            .bind::<Nullable<Bool>, _>(list.is_retired)
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(ids)
            .load(&mut conn)
            .await?;
            found.extend(rows.into_iter().map(|(org, id, count)| {
                let bank = QuestionBankKey::new(org, id);
                (Self { bank, ..list.clone() }, count)
            }));
        }
        Ok(found)
    }
}

/// The versions of a question, the newest first, at most 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VersionsOf(pub BankQuestionKey);

/// A version of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VersionOf(pub BankQuestionKey, pub i32);

type VersionColumns = <QuestionVersion as Selectable<Pg>>::SelectExpression;

impl Batch for VersionsOf {
    type Value = Arc<Vec<Arc<QuestionVersion>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<BankQuestionId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<QuestionVersion> = Statement::<SqlTypeOf<VersionColumns>>::new(
            "select r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from bank_question_versions \
             where bank_question_versions.org_id = p.org_id and bank_question_versions.question_id = p.id \
             order by bank_question_versions.number desc limit 100) r order by r.number desc",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlTypeOf<VersionColumns>, _>(<QuestionVersion as Selectable<Pg>>::construct_selection())
        .load(&mut conn)
        .await?;
        let mut found: HashMap<Self, Vec<Arc<QuestionVersion>>> = HashMap::new();
        for row in rows {
            found.entry(Self(row.question())).or_default().push(Arc::new(row));
        }
        Ok(found
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

impl Batch for VersionOf {
    type Value = Arc<QuestionVersion>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<BankQuestionId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let numbers: Vec<i32> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<QuestionVersion> = Statement::<SqlTypeOf<VersionColumns>>::new(
            "select ? from unnest(?, ?, ?) as p (org_id, id, number) join bank_question_versions \
             on bank_question_versions.org_id = p.org_id and bank_question_versions.question_id = p.id \
             and bank_question_versions.number = p.number",
        )
        .bind::<SqlTypeOf<VersionColumns>, _>(<QuestionVersion as Selectable<Pg>>::construct_selection())
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Integer>, _>(numbers)
        .load(&mut conn)
        .await?;
        let version = |row: QuestionVersion| (Self(row.question(), row.number), Arc::new(row));
        Ok(rows.into_iter().map(version).collect())
    }
}
