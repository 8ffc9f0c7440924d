//! What authors do with banks of questions.

use super::banks::{BankQuestion, QuestionBank};
use super::draft_units::{NewQuestion, ROWS};
use super::question_faults::fault_of;
use crate::auth::allowed::{Allowed, Gate, Protected};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::{Facts, Kind};
use crate::db::schema::{bank_question_versions as versions, bank_questions, question_banks};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{BankQuestionId, BankQuestionKey, QuestionBankId, QuestionBankKey};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Banks that an organisation may have, and questions that a bank may have.
const MOST_BANKS: i64 = 1_000;
const MOST_QUESTIONS: i64 = 50_000;
/// Tags that a question may have, and characters that a tag may have.
const MOST_TAGS: usize = 20;
const MOST_OF_TAG: usize = 50;

/// A bank, locked in a write.
#[derive(Debug)]
pub struct SeenBank(QuestionBank);

/// A question of a bank, locked in a write with its bank.
#[derive(Debug)]
pub struct SeenQuestion {
    bank: QuestionBank,
    question: BankQuestion,
}

impl Protected for SeenBank {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Organization, self.0.key.org)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::QuestionsManage)
    }
}

impl Protected for SeenQuestion {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Organization, self.question.key.org)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::QuestionsManage)
    }
}

type MayManage<'gate, R> = Allowed<'gate, action::QuestionsManage, R>;

async fn find_bank<'g>(
    gate: &'g Gate<'_>,
    key: QuestionBankKey,
    path: &str,
) -> Result<MayManage<'g, SeenBank>, Stop> {
    let found = if key.org == gate.org() {
        lock_bank(gate, key).await?
    } else {
        None
    };
    gate.allow(found.map(SeenBank)).at(path)
}

async fn lock_bank(gate: &Gate<'_>, key: QuestionBankKey) -> QueryResult<Option<QuestionBank>> {
    let row = QuestionBank::query().filter(
        question_banks::org_id
            .eq(key.org)
            .and(question_banks::id.eq(key.id)),
    );
    row.for_no_key_update().first(&mut gate.conn()).await.optional()
}

async fn find_question<'g>(
    gate: &'g Gate<'_>,
    key: BankQuestionKey,
) -> Result<MayManage<'g, SeenQuestion>, Stop> {
    let row = BankQuestion::query()
        .filter(
            bank_questions::org_id
                .eq(key.org)
                .and(bank_questions::id.eq(key.id)),
        )
        .for_no_key_update();
    let question: Option<BankQuestion> = if gate.org() == key.org {
        row.first(&mut gate.conn()).await.optional()?
    } else {
        None
    };
    let found = match question {
        Some(question) => lock_bank(gate, question.bank())
            .await?
            .map(|bank| SeenQuestion { bank, question }),
        None => None,
    };
    gate.allow(found).at("id")
}

fn refuse_if_archived(bank: &QuestionBank, path: &str) -> Result<(), Stop> {
    if bank.archived_at.is_none() {
        return Ok(());
    }
    let message = "The bank is archived; nothing in it is changed any more.";
    refuse_with(Refusal::at(Code::InvalidState, path, message))
}

fn fault_of_description(text: &str) -> Option<Refusal> {
    let message = "A description has at most 2000 characters.";
    (text.chars().count() > 2_000).then(|| Refusal::at(Code::Invalid, "description", message))
}

/// Says what is wrong with tags.
pub(super) fn fault_of_tags(path: &str, tags: &[String]) -> Option<Refusal> {
    let is_tag = |tag: &String| !tag.trim().is_empty() && tag.chars().count() <= MOST_OF_TAG;
    let is_sound = tags.len() <= MOST_TAGS && tags.iter().all(is_tag);
    let message = format!("There are at most {MOST_TAGS} tags of 1 to {MOST_OF_TAG} characters.");
    (!is_sound).then(|| Refusal::at(Code::Invalid, path, message))
}

fn fault_of_question(question: &NewQuestion) -> Option<Refusal> {
    let (field, message) = fault_of(question)?;
    Some(Refusal::at(Code::Invalid, &format!("question.{field}"), message))
}

/// Tags in order, each once.
fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    tags
}

/// Creates a bank without questions.
pub async fn create_bank(write: &Write<'_>, name: &str, description: &str) -> Result<QuestionBankKey, Stop> {
    let id = QuestionBankId(write.app.clock.uuid());
    let key = QuestionBankKey::new(write.gate.org(), id);
    create_bank_as(write, key, name, description).await?;
    Ok(key)
}

/// Creates a bank under a key that nothing has.
pub(super) async fn create_bank_as(
    write: &Write<'_>,
    key: QuestionBankKey,
    name: &str,
    description: &str,
) -> Result<(), Stop> {
    let org = write.gate.org();
    let _: MayManage<'_, Here> = write.gate.allow(Some(Here(org))).at("organizationId")?;
    refuse_all([
        Refusal::of_name("name", name, 200),
        fault_of_description(description),
    ])?;
    let banks = question_banks::table
        .filter(question_banks::org_id.eq(org))
        .count();
    if banks.get_result::<i64>(&mut write.gate.conn()).await? >= MOST_BANKS {
        let message = format!("An organisation has at most {MOST_BANKS} banks.");
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    diesel::insert_into(question_banks::table)
        .values((
            question_banks::org_id.eq(org),
            question_banks::id.eq(key.id),
            question_banks::name.eq(name),
            question_banks::description.eq(description),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("question_bank.created", key, json!({}));
    Ok(())
}

/// Changes what a bank says of itself; what is `None` stays.
pub async fn update_bank(
    write: &Write<'_>,
    key: QuestionBankKey,
    name: Option<&str>,
    description: Option<&str>,
    expected: Option<i32>,
) -> Result<QuestionBankKey, Stop> {
    let bank = find_bank(&write.gate, key, "id").await?;
    refuse_if_archived(&bank.0, "id")?;
    refuse_unless_current("expectedVersion", expected, bank.0.version)?;
    let name_fault = name.and_then(|name| Refusal::of_name("name", name, 200));
    refuse_all([name_fault, description.and_then(fault_of_description)])?;
    diesel::update(question_banks::table.find((key.org.0, key.id.0)))
        .set((
            name.map(|name| question_banks::name.eq(name)),
            description.map(|description| question_banks::description.eq(description)),
            question_banks::version.eq(question_banks::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("question_bank.updated", key, json!({}));
    Ok(key)
}

/// Archives a bank: no course that is published later draws from it.
pub async fn archive_bank(write: &Write<'_>, key: QuestionBankKey) -> Result<QuestionBankKey, Stop> {
    let bank = find_bank(&write.gate, key, "id").await?;
    refuse_if_archived(&bank.0, "id")?;
    diesel::update(question_banks::table.find((key.org.0, key.id.0)))
        .set((
            question_banks::archived_at.eq(diesel::dsl::now),
            question_banks::version.eq(question_banks::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("question_bank.archived", key, json!({}));
    Ok(key)
}

/// Adds a question to a bank, with its first version.
pub async fn create_question(
    write: &Write<'_>,
    bank: QuestionBankKey,
    question: &NewQuestion,
    tags: Vec<String>,
) -> Result<BankQuestionKey, Stop> {
    let seen = find_bank(&write.gate, bank, "bankId").await?;
    refuse_if_archived(&seen.0, "bankId")?;
    refuse_all([fault_of_question(question), fault_of_tags("tags", &tags)])?;
    let here = bank_questions::table.filter(
        bank_questions::org_id
            .eq(bank.org)
            .and(bank_questions::bank_id.eq(bank.id)),
    );
    if here.count().get_result::<i64>(&mut write.gate.conn()).await? >= MOST_QUESTIONS {
        let message = format!("A bank has at most {MOST_QUESTIONS} questions.");
        return refuse_with(Refusal::at(Code::LimitReached, "bankId", message));
    }
    let key = BankQuestionKey::new(bank.org, BankQuestionId(question.id.0));
    diesel::insert_into(bank_questions::table)
        .values((
            bank_questions::org_id.eq(key.org),
            bank_questions::id.eq(key.id),
            bank_questions::bank_id.eq(bank.id),
            bank_questions::tags.eq(sorted(tags)),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    insert_version(write, key, 1, question).await?;
    write.happened("bank_question.created", key, json!({ "bank": bank.to_string() }));
    Ok(key)
}

/// Adds questions to a bank in few statements, each with its first version and a tag.
pub(super) async fn fill(
    write: &Write<'_>,
    bank: QuestionBankKey,
    questions: &[(NewQuestion, String)],
    path: &str,
) -> Result<(), Stop> {
    let _ = find_bank(&write.gate, bank, path).await?;
    if i64::try_from(questions.len()).unwrap_or(i64::MAX) > MOST_QUESTIONS {
        let message = format!("A bank has at most {MOST_QUESTIONS} questions.");
        return refuse_with(Refusal::at(Code::LimitReached, path, message));
    }
    let author = write.gate.member().ok_or(Error::NotFound)?;
    for questions in questions.chunks(ROWS) {
        let (mut rows, mut first) = (Vec::new(), Vec::new());
        for (question, tag) in questions {
            let id = BankQuestionId(question.id.0);
            rows.push((
                bank_questions::org_id.eq(bank.org),
                bank_questions::id.eq(id),
                bank_questions::bank_id.eq(bank.id),
                bank_questions::tags.eq(vec![tag.clone()]),
            ));
            first.push((
                versions::org_id.eq(bank.org),
                versions::question_id.eq(id),
                versions::number.eq(1),
                versions::prompt.eq(serde_json::to_value(&question.prompt).map_err(Error::internal)?),
                versions::answer_key.eq(serde_json::to_value(&question.key).map_err(Error::internal)?),
                versions::created_by.eq(author.id),
            ));
        }
        diesel::insert_into(bank_questions::table)
            .values(rows)
            .execute(&mut write.gate.conn())
            .await?;
        diesel::insert_into(versions::table)
            .values(first)
            .execute(&mut write.gate.conn())
            .await?;
    }
    Ok(())
}

/// Writes the next version of a question, or gives it other tags, or both.
pub async fn update_question(
    write: &Write<'_>,
    key: BankQuestionKey,
    question: Option<&NewQuestion>,
    tags: Option<Vec<String>>,
    expected: Option<i32>,
) -> Result<BankQuestionKey, Stop> {
    let seen = find_question(&write.gate, key).await?;
    refuse_unless_drawn(&seen)?;
    let number = seen.question.number;
    refuse_unless_current("expectedNumber", expected, number)?;
    let tag_fault = tags.as_deref().and_then(|tags| fault_of_tags("tags", tags));
    refuse_all([question.and_then(fault_of_question), tag_fault])?;
    let number = number + i32::from(question.is_some());
    let changes = (
        bank_questions::number.eq(number),
        tags.map(|tags| bank_questions::tags.eq(sorted(tags))),
    );
    diesel::update(bank_questions::table.find((key.org.0, key.id.0)))
        .set(changes)
        .execute(&mut write.gate.conn())
        .await?;
    if let Some(question) = question {
        insert_version(write, key, number, question).await?;
    }
    write.happened("bank_question.updated", key, json!({ "number": number }));
    Ok(key)
}

/// Retires a question: no course that is published later draws it.
pub async fn retire_question(write: &Write<'_>, key: BankQuestionKey) -> Result<BankQuestionKey, Stop> {
    let seen = find_question(&write.gate, key).await?;
    refuse_unless_drawn(&seen)?;
    diesel::update(bank_questions::table.find((key.org.0, key.id.0)))
        .set(bank_questions::retired_at.eq(diesel::dsl::now))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("bank_question.retired", key, json!({}));
    Ok(key)
}

fn refuse_unless_drawn(seen: &SeenQuestion) -> Result<(), Stop> {
    refuse_if_archived(&seen.bank, "id")?;
    if seen.question.retired_at.is_none() {
        return Ok(());
    }
    let message = "The question is retired; write a new one.";
    refuse_with(Refusal::at(Code::InvalidState, "id", message))
}

async fn insert_version(
    write: &Write<'_>,
    key: BankQuestionKey,
    number: i32,
    question: &NewQuestion,
) -> Result<(), Stop> {
    let author = write.gate.member().ok_or(Error::NotFound)?;
    diesel::insert_into(versions::table)
        .values((
            versions::org_id.eq(key.org),
            versions::question_id.eq(key.id),
            versions::number.eq(number),
            versions::prompt.eq(serde_json::to_value(&question.prompt).map_err(Error::internal)?),
            versions::answer_key.eq(serde_json::to_value(&question.key).map_err(Error::internal)?),
            versions::created_by.eq(author.id),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    Ok(())
}
