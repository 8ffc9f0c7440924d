//! `QuestionBank`, `BankQuestion`: what authors read.

use super::drafts::AuthorAnswerKey;
use super::support::operation::Ask;
use super::support::{Paged, connection::Count};
use crate::auth::permission::Permission;
use crate::auth::policy::Kind;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::content::{
    ChoiceOption, Criterion, GapPrompt, PartialCredit, Points, QuestionKind, QuestionPrompt,
};
use crate::domain::courses::banks::{
    self, BankList, BankPage, BankQuestion, QuestionBank, QuestionList, QuestionPage, VersionOf, VersionsOf,
};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::IdRange;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{BankQuestionKey, Key, OrgId, OrganizationKey, QuestionBankKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use std::sync::Arc;

connection!(
    QuestionBankConnection,
    QuestionBankEdge,
    Arc<QuestionBank>,
    "question banks"
);
connection!(
    BankQuestionConnection,
    BankQuestionEdge,
    Arc<BankQuestion>,
    "questions of a bank"
);

/// Which banks a page has.
#[derive(Clone, Debug, Default, InputObject)]
pub struct QuestionBankFilter {
    /// Only this organisation's, by its id.
    pub organization: Option<ID>,
    /// Only those that are archived, or only those that are not.
    pub is_archived: Option<bool>,
}

/// Which questions of a bank a page has.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BankQuestionFilter {
    /// Only those that have this tag.
    pub tag: Option<String>,
    /// Only those that are retired, or only those that are not.
    pub is_retired: Option<bool>,
}

/// Finds a bank that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: QuestionBankKey) -> Result<Option<Arc<QuestionBank>>> {
    if ctx.may(key.org, Permission::QuestionsManage) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// Finds a question of a bank that the viewer may know of.
pub async fn find_question(ctx: &Context<'_>, key: BankQuestionKey) -> Result<Option<Arc<BankQuestion>>> {
    if ctx.may(key.org, Permission::QuestionsManage) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

#[ComplexObject]
impl QuestionBank {
    /// The bank's global identifier. Cost: 1.
    pub async fn id(&self) -> QuestionBankKey {
        self.key
    }

    /// The organisation that the bank belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The bank's questions, the newest first. Cost: 1 for each row asked for, batched.
    async fn questions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which questions.")] filter: Option<BankQuestionFilter>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<BankQuestionConnection> {
        let args = PageArgs::new(first, after, last, before);
        let filter = filter.unwrap_or_default();
        let wanted = QuestionList {
            bank: self.key,
            tag: filter.tag,
            is_retired: filter.is_retired,
        };
        let name = format!(
            "questions of {} {:?} {:?}",
            wanted.bank, wanted.tag, wanted.is_retired
        );
        let page = ctx.page(&args, &name)?;
        let range = IdRange::of(&page)?;
        let slice = ctx.fetch_one(QuestionPage(wanted.clone(), page, range)).await?;
        let count: Count = Box::new(move |reader| {
            let wanted = wanted.clone();
            Box::pin(async move { Ok(reader.fetch(wanted).await?.unwrap_or_default()) })
        });
        let cursor = |question: &Arc<BankQuestion>| [question.key.id.write()];
        Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
    }
}

#[ComplexObject]
impl BankQuestion {
    /// The question's global identifier; `qst_…` in attempts is another. Cost: 1.
    pub async fn id(&self) -> BankQuestionKey {
        self.key
    }

    /// The bank that the question is in. Cost: 1, batched.
    #[graphql(name = "bank")]
    async fn shown_bank(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<QuestionBank>> {
        Ok(ctx.fetch_one(self.bank()).await?)
    }

    /// The newest version, which is the one that is drawn. Cost: 1, batched.
    async fn current(&self, ctx: &Context<'_>) -> async_graphql::Result<BankQuestionVersion> {
        let version = ctx.fetch_one(VersionOf(self.key, self.number)).await?;
        Ok(BankQuestionVersion::new(version)?)
    }

    /// The versions, the newest first, at most 100. Cost: 1, batched.
    async fn versions(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<BankQuestionVersion>> {
        let versions = ctx.fetch_one(VersionsOf(self.key)).await?;
        let shown = versions.iter().cloned().map(BankQuestionVersion::new);
        Ok(shown.collect::<Result<_>>()?)
    }
}

/// A version of a question of a bank.
pub struct BankQuestionVersion {
    row: Arc<banks::QuestionVersion>,
    prompt: QuestionPrompt,
}

impl BankQuestionVersion {
    fn new(row: Arc<banks::QuestionVersion>) -> Result<Self> {
        let prompt = row.prompt();
        let prompt = prompt.ok_or_else(|| Error::internal("a question of a bank cannot be read"))?;
        Ok(Self { row, prompt })
    }
}

/// A version of a question of a bank; it is written once.
///
/// Requires: `questions.manage`. Cost: 1.
#[Object]
impl BankQuestionVersion {
    /// 1 for the first, counting up. Cost: 1.
    async fn number(&self) -> i32 {
        self.row.number
    }

    /// When it was written. Cost: 1.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// Who wrote it; null for who may not see them. Cost: 1, batched.
    async fn created_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        Ok(super::members::find(ctx, self.row.author()).await?)
    }

    /// How the question is answered. Cost: 1.
    async fn kind(&self) -> QuestionKind {
        self.prompt.kind
    }

    /// What is asked, Markdown. Cost: 1.
    async fn text(&self) -> &str {
        &self.prompt.text
    }

    /// The program to trace; null in other questions. Cost: 1.
    async fn program(&self) -> Option<&str> {
        self.prompt.program.as_deref()
    }

    /// The options of a choice or a matching, the items of an ordering. Cost: 1.
    async fn options(&self) -> &[ChoiceOption] {
        &self.prompt.options
    }

    /// The stems of a matching. Cost: 1.
    async fn stems(&self) -> &[ChoiceOption] {
        &self.prompt.stems
    }

    /// The gaps of a cloze in the order of its text. Cost: 1.
    async fn gaps(&self) -> &[GapPrompt] {
        &self.prompt.gaps
    }

    /// The units that a numeric question may be answered in. Cost: 1.
    async fn units(&self) -> &[String] {
        &self.prompt.units
    }

    /// By what people grade an essay. Cost: 1.
    async fn rubric(&self) -> &[Criterion] {
        &self.prompt.rubric
    }

    /// Points for a right answer, where no pool says otherwise. Cost: 1.
    async fn max_points(&self) -> Points {
        self.prompt.scoring.points
    }

    /// What an answer earns that is right in part. Cost: 1.
    async fn partial_credit(&self) -> PartialCredit {
        self.prompt.scoring.partial
    }

    /// What a wrong answer costs at most. Cost: 1.
    async fn penalty(&self) -> Points {
        self.prompt.scoring.penalty
    }

    /// What is right, and why. Null for who may not read answer keys.
    ///
    /// Requires: `questions.key.read` with the reach `all`. Cost: 1.
    async fn answer_key(&self, ctx: &Context<'_>) -> Option<AuthorAnswerKey> {
        if !ctx.may_over(
            Kind::Course,
            self.row.question().org,
            Permission::QuestionsKeyRead,
        ) {
            return None;
        }
        self.row.answer_key().map(AuthorAnswerKey::from)
    }
}

/// The root fields about banks of questions.
#[derive(Default)]
pub struct QuestionBankQuery;

#[Object]
impl QuestionBankQuery {
    /// Finds a bank of questions; null when there is none that you may see.
    ///
    /// Requires: `questions.manage`. Cost: 1.
    async fn question_bank(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The bank's global identifier.")] id: ID,
    ) -> async_graphql::Result<Option<Arc<QuestionBank>>> {
        match QuestionBankKey::parse(&id) {
            Some(key) => Ok(ctx.seen(key.org, find(ctx, key).await?)),
            None => Ok(None),
        }
    }

    /// The banks of questions of your organisations that you may see, by name.
    ///
    /// Requires: `questions.manage`. Cost: 1 for each row asked for; one SQL statement.
    async fn question_banks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which banks.")] filter: Option<QuestionBankFilter>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<QuestionBankConnection> {
        let args = PageArgs::new(first, after, last, before);
        let filter = filter.unwrap_or_default();
        let named = filter.organization.map(|id| OrganizationKey::parse(&id));
        if let Some(OrganizationKey(org)) = named.flatten() {
            ctx.operation().missed(org);
        }
        // An id that names no organisation matches none.
        let only = named.map(|key| key.map_or(OrgId(uuid::Uuid::nil()), |key| key.0));
        let standings = ctx.viewer().person().into_iter().flat_map(|person| &person.orgs);
        let orgs = standings
            .map(|standing| standing.org)
            .filter(|org| only.is_none_or(|only| only == *org) && ctx.may(*org, Permission::QuestionsManage));
        let wanted = BankList {
            orgs: orgs.collect(),
            is_archived: filter.is_archived,
        };
        let name = format!("question banks {:?} {:?}", wanted.orgs, wanted.is_archived);
        let page = ctx.page(&args, &name)?;
        let rows = ctx.fetch_one(BankPage(wanted.clone(), page.clone())).await?;
        let count: Count = Box::new(move |reader| {
            let wanted = wanted.clone();
            Box::pin(async move { Ok(reader.fetch(wanted).await?.unwrap_or_default()) })
        });
        let cursor = |bank: &Arc<QuestionBank>| [bank.name.clone(), bank.key.id.write()];
        let slice = page.slice(rows.to_vec());
        Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
    }
}
