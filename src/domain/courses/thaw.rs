//! The way back from a document to a draft: what [`freeze`](super::publish::freeze) made of rows becomes rows again, under identities of
//! their own.
//!
//! A document is foreign input: what authors could not write is refused by the rules that hold for them, at its place. What names something
//! else of the document names it by its new identity afterwards. Nothing is stored here.

use super::arranging::MOST_CHILDREN;
use super::authoring::{UnitDraftContent, fault_of_percent, fault_of_summary};
use super::document::{self, CameBy};
use super::draft_units::{NewQuestion, UnitDraft};
use super::drafts::{DraftChanges, UnitKind};
use super::pools::{MOST_DRAWN_FROM, Pool};
use super::question_faults::fault_of;
use super::releasing::{fault_of_circle, faults_of_rules, units_in};
use super::renaming::renamed;
use super::store::NewCourse;
use super::translations::{MOST_LANGUAGES, Node, Row, rows_of};
use super::tree::{NewModule, NewUnit};
use super::unit_faults::fault_of_content;
use crate::domain::content::compiled::PoolContent;
use crate::domain::content::mentions::assets_in;
use crate::domain::content::survey::MOST_SURVEYS;
use crate::domain::content::{
    AnswerKeys, Content, Markdown, ModuleContent, QuestionPrompt, SurveyContent, Translations, UnitBody,
    UnitContent,
};
use crate::domain::refusal::Refusal;
use crate::domain::tags::fault_of_tags;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{
    AssetId, AssetKey, CourseKey, Key, ModuleId, ModuleKey, OrgId, QuestionBankId, QuestionBankKey,
    QuestionId, UnitId, UnitKey,
};
use crate::kernel::language::canonical;
use std::collections::{BTreeSet, HashMap};

/// How a document is to be imported.
#[derive(Clone, Debug)]
pub struct Order {
    /// The course that is to come of it.
    pub course: CourseKey,
    /// The input field that the document came by.
    pub came_by: CameBy,
    /// The course's name in addresses; the document's where nothing is said.
    pub slug: Option<String>,
    /// The organisation's own name for the course.
    pub external_id: Option<String>,
    /// Files that the document names, each with that of the organisation which takes its place.
    pub files: Vec<(AssetKey, AssetKey)>,
}

/// A draft that is not stored. Whether its files may be read is still to be asked.
#[derive(Debug)]
pub struct Thawed {
    /// The course that the document is of.
    pub source: CourseKey,
    /// What the new course starts with.
    pub course: NewCourse,
    /// What it is about in a word each.
    pub tags: Vec<String>,
    /// The language that it is written in.
    pub language: String,
    /// What its draft says of completion.
    pub head: DraftChanges,
    /// Its modules in order.
    pub modules: Vec<NewModule>,
    /// Its translations.
    pub translations: Vec<Row>,
    /// The bank that its quizzes draw from, if they draw.
    pub bank: QuestionBankKey,
    /// What is in the bank, each question with the tag of its pool.
    pub drawn: Vec<(NewQuestion, String)>,
    /// The files of the organisation that its units show.
    pub shown: Vec<(UnitId, AssetKey)>,
    /// What its learners are asked.
    pub surveys: Vec<SurveyContent>,
    /// Files of another organisation that they would show, and that nothing takes the place of.
    pub missing: BTreeSet<AssetKey>,
}

/// Makes a draft of a document, or says what is wrong with the document.
pub fn thaw(text: &str, order: &Order, clock: &Clock) -> Result<Thawed, Refusal> {
    let files: HashMap<AssetKey, AssetKey> = order.files.iter().copied().collect();
    let document = document::read(text, order.came_by, &files)?;
    let head = &document.course;
    let content: &Content = &document.content;
    let Some(source) = CourseKey::parse(&head.id) else {
        let message = "This is no identifier of a course.";
        return Err(order.came_by.fault("/course/id", message));
    };
    let (language_place, language) = match &content.language {
        Some(language) => ("/content/language", language),
        None => ("/course/language", &head.language),
    };
    let slug = order.slug.as_ref().unwrap_or(&head.slug);
    let slug_fault = Refusal::of_slug("slug", slug).filter(|_| order.slug.is_none());
    let percent_fault = content.completion_percent.and_then(fault_of_percent);
    let faults = [
        ("/course/slug", slug_fault),
        ("/course/tags", fault_of_tags("tags", &head.tags)),
        (language_place, Refusal::of_language("language", language)),
        ("/content/title", Refusal::of_name("title", &content.title, 200)),
        ("/content/summary", fault_of_summary(&content.summary)),
        ("/content/completion_percent", percent_fault),
    ];
    if let Some((place, refusal)) = faults.into_iter().find_map(|(place, it)| Some((place, it?))) {
        return Err(order.came_by.fault(place, &refusal.message));
    }
    let language = canonical(language).unwrap_or_default();
    let mut thaw = Thaw {
        order,
        files,
        source: source.org,
        language: &language,
        keys: &document.answer_keys,
        clock,
        bank: QuestionBankKey::new(order.course.org, QuestionBankId(clock.uuid())),
        units: HashMap::new(),
        kinds: HashMap::new(),
        unused: document.answer_keys.0.keys().copied().collect(),
        languages: BTreeSet::new(),
        pools: 0,
        translations: Vec::new(),
        drawn: Vec::new(),
        shown: Vec::new(),
        missing: BTreeSet::new(),
    };
    thaw.identify(&content.modules)?;
    thaw.translate(
        "/content",
        Node::Course(order.course),
        None,
        &content.translations,
    )?;
    let modules = thaw.modules(&content.modules)?;
    thaw.refuse_circle(&content.modules)?;
    thaw.refuse_unused()?;
    thaw.refuse_beyond("/surveys", MOST_SURVEYS, document.surveys.len())?;
    for (index, survey) in document.surveys.iter().enumerate() {
        thaw.refuse(&format!("/surveys/{index}"), survey.faults())?;
    }
    Ok(Thawed {
        source,
        course: NewCourse {
            slug: slug.clone(),
            title: content.title.clone(),
            summary: content.summary.clone(),
            visibility: head.visibility,
            external_id: order.external_id.clone(),
        },
        tags: head.tags.clone(),
        head: DraftChanges {
            completion_rule: Some(content.completion_rule),
            completion_percent: content.completion_percent,
            ..DraftChanges::default()
        },
        modules,
        translations: thaw.translations,
        bank: thaw.bank,
        drawn: thaw.drawn,
        surveys: document.surveys,
        shown: thaw.shown,
        missing: thaw.missing,
        language,
    })
}

/// A document on its way to a draft.
struct Thaw<'d> {
    order: &'d Order,
    files: HashMap<AssetKey, AssetKey>,
    source: OrgId,
    language: &'d str,
    keys: &'d AnswerKeys,
    clock: &'d Clock,
    bank: QuestionBankKey,
    /// The new identities of units by those that they had.
    units: HashMap<UnitId, UnitId>,
    kinds: HashMap<UnitId, UnitKind>,
    /// The keys of no question so far.
    unused: BTreeSet<QuestionId>,
    languages: BTreeSet<String>,
    /// How many pools there were so far.
    pools: usize,
    translations: Vec<Row>,
    drawn: Vec<(NewQuestion, String)>,
    shown: Vec<(UnitId, AssetKey)>,
    missing: BTreeSet<AssetKey>,
}

impl Thaw<'_> {
    fn fault<T>(&self, place: &str, message: &str) -> Result<T, Refusal> {
        Err(self.order.came_by.fault(place, message))
    }

    /// Refuses what authors are refused too.
    fn refuse(&self, place: &str, faults: impl IntoIterator<Item = Option<Refusal>>) -> Result<(), Refusal> {
        match faults.into_iter().flatten().next() {
            Some(refusal) => Err(self.order.came_by.retold(place, &refusal)),
            None => Ok(()),
        }
    }

    fn refuse_beyond(&self, place: &str, most: usize, count: usize) -> Result<(), Refusal> {
        if count <= most {
            return Ok(());
        }
        self.fault(place, &format!("There is room for {most} and no more."))
    }

    /// Gives units their new identities.
    fn identify(&mut self, modules: &[ModuleContent]) -> Result<(), Refusal> {
        for (m, module) in modules.iter().enumerate() {
            for (u, unit) in module.units.iter().enumerate() {
                let kind = match &unit.body {
                    UnitBody::Text(_) => UnitKind::Text,
                    UnitBody::Quiz { .. } => UnitKind::Quiz,
                    UnitBody::Material(material) => UnitDraft::Material(material.clone()).kind(),
                };
                self.kinds.insert(unit.id, kind);
                let former = self.units.insert(unit.id, UnitId(self.clock.uuid()));
                if former.is_some() {
                    let place = format!("/content/modules/{m}/units/{u}/id");
                    return self.fault(&place, "Another unit has the same.");
                }
            }
        }
        Ok(())
    }

    fn modules(&mut self, modules: &[ModuleContent]) -> Result<Vec<NewModule>, Refusal> {
        self.refuse_beyond("/content/modules", MOST_CHILDREN, modules.len())?;
        let modules = modules.iter().enumerate();
        modules
            .map(|(index, module)| self.module(&format!("/content/modules/{index}"), module))
            .collect()
    }

    fn module(&mut self, place: &str, module: &ModuleContent) -> Result<NewModule, Refusal> {
        let id = ModuleId(self.clock.uuid());
        let part = module.part.as_deref();
        let part_fault = part.and_then(|part| Refusal::of_name("part", part, 200));
        self.refuse(place, [Refusal::of_name("title", &module.title, 200), part_fault])?;
        self.refuse_beyond(&format!("{place}/units"), MOST_CHILDREN, module.units.len())?;
        let node = Node::Module(ModuleKey::new(self.order.course, id));
        self.translate(place, node, None, &module.translations)?;
        let units = module.units.iter().enumerate();
        let units = units.map(|(index, unit)| self.unit(&format!("{place}/units/{index}"), unit));
        Ok(NewModule {
            id,
            title: module.title.clone(),
            part: module.part.clone(),
            external_id: None,
            units: units.collect::<Result<_, _>>()?,
        })
    }

    fn unit(&mut self, place: &str, unit: &UnitContent) -> Result<NewUnit, Refusal> {
        let id = self.units[&unit.id];
        let content = self.content(&format!("{place}/body"), &unit.body)?;
        self.refuse(
            place,
            [
                Refusal::of_name("title", &unit.title, 200),
                fault_of_content(&content),
            ],
        )?;
        let rule_faults = faults_of_rules(&unit.release, &self.kinds);
        self.refuse(place, rule_faults.into_iter().map(Some))?;
        let node = Node::Unit(UnitKey::new(self.order.course, id));
        self.translate(place, node, Some(content.unit.kind()), &unit.translations)?;
        self.show(id, unit, &content.unit);
        let rules = unit.release.iter();
        let rules = rules.map(|rule| rule.unit().map_or(*rule, |unit| rule.about(self.units[&unit])));
        Ok(NewUnit {
            id,
            title: unit.title.clone(),
            content,
            is_required: unit.is_required,
            release: rules.collect(),
            external_id: None,
        })
    }

    fn content(&mut self, place: &str, body: &UnitBody) -> Result<UnitDraftContent, Refusal> {
        let (unit, questions, pools) = match body {
            UnitBody::Text(text) => (UnitDraft::Text(text.source().to_owned()), None, None),
            UnitBody::Material(material) => {
                let mut material = material.clone();
                material.replace_assets(|asset| self.file(asset));
                (UnitDraft::Material(material), None, None)
            }
            UnitBody::Quiz {
                policy,
                questions,
                pools,
            } => {
                let questions = self.questions(&format!("{place}/quiz/questions"), questions)?;
                let pools = self.pools(&format!("{place}/quiz/pools"), pools)?;
                (
                    UnitDraft::Quiz(Some(policy.clone())),
                    Some(questions),
                    Some(pools),
                )
            }
        };
        Ok(UnitDraftContent {
            unit,
            questions,
            pools,
        })
    }

    /// The file in the place of one that a unit is made of.
    fn file(&mut self, asset: AssetId) -> AssetId {
        let key = AssetKey::new(self.source, asset);
        if let Some(other) = self.files.get(&key) {
            return other.id;
        }
        if self.source != self.order.course.org {
            self.missing.insert(key);
        }
        asset
    }

    /// Notes which files a unit shows, also by its translations, and which it cannot show.
    fn show(&mut self, id: UnitId, unit: &UnitContent, draft: &UnitDraft) {
        let (source, org) = (self.source, self.order.course.org);
        let translated = unit.translations.0.values();
        let translated = translated.filter_map(|translation| translation.text.as_ref());
        let texts = unit.body.text().into_iter().chain(translated);
        let texts: Vec<&str> = texts.map(Markdown::source).collect();
        let mut shown = draft.assets(org);
        shown.extend(texts.iter().flat_map(|text| assets_in(text, org)));
        if source != org {
            let foreign = texts.iter().flat_map(|text| assets_in(text, source));
            self.missing.extend(foreign);
        }
        // What a unit is made of and nothing takes the place of is no file of this organisation.
        shown.retain(|asset| !self.missing.contains(&AssetKey::new(source, asset.id)));
        self.shown.extend(shown.into_iter().map(|asset| (id, asset)));
    }

    fn questions(
        &mut self,
        place: &str,
        questions: &[(QuestionId, QuestionPrompt)],
    ) -> Result<Vec<NewQuestion>, Refusal> {
        let questions = questions.iter().enumerate();
        questions
            .map(|(index, (id, prompt))| self.question(&format!("{place}/{index}"), *id, prompt))
            .collect()
    }

    fn question(
        &mut self,
        place: &str,
        id: QuestionId,
        prompt: &QuestionPrompt,
    ) -> Result<NewQuestion, Refusal> {
        let Some(key) = self.keys.0.get(&id) else {
            return self.fault(place, "There is no answer key of this question.");
        };
        self.unused.remove(&id);
        let id = QuestionId(self.clock.uuid());
        renamed(id, prompt, key).map_err(|message| self.order.came_by.fault(place, message))
    }

    /// Lets pools draw from a bank of the course's own: what they drew from when it was frozen, each by a tag.
    fn pools(&mut self, place: &str, pools: &[PoolContent]) -> Result<Vec<Pool>, Refusal> {
        let all: usize = pools.iter().map(|pool| pool.questions.len()).sum();
        self.refuse_beyond(place, MOST_DRAWN_FROM, all)?;
        let mut new = Vec::with_capacity(pools.len());
        for (index, pool) in pools.iter().enumerate() {
            let place = format!("{place}/{index}");
            if pool.questions.len() < pool.draw {
                let message = format!(
                    "A pool draws no more questions than it has: {}.",
                    pool.questions.len()
                );
                return self.fault(&place, &message);
            }
            self.pools += 1;
            let tag = format!("pool {}", self.pools);
            let place = format!("{place}/questions");
            let questions = self.questions(&place, &pool.questions)?;
            for (index, question) in questions.iter().enumerate() {
                if let Some((field, message)) = fault_of(question) {
                    return self.fault(&format!("{place}/{index}"), &format!("{field}: {message}"));
                }
            }
            self.drawn
                .extend(questions.into_iter().map(|question| (question, tag.clone())));
            new.push(Pool {
                bank: self.bank.id,
                draw: i32::try_from(pool.draw).unwrap_or(i32::MAX),
                points: pool.points,
                tags: vec![tag],
            });
        }
        Ok(new)
    }

    fn translate(
        &mut self,
        place: &str,
        node: Node,
        kind: Option<UnitKind>,
        translations: &Translations,
    ) -> Result<(), Refusal> {
        for language in translations.0.keys() {
            let message = if canonical(language).as_ref() != Some(language) {
                "A language is a tag of BCP 47 in its usual spelling, such as en, de-AT or zh-Hans."
            } else if language == self.language {
                "The course is written in this language."
            } else {
                self.languages.insert(language.clone());
                continue;
            };
            return self.fault(&format!("{place}/translations/{language}"), message);
        }
        if self.languages.len() > MOST_LANGUAGES {
            let message = format!("A course is translated into at most {MOST_LANGUAGES} languages.");
            return self.fault(&format!("{place}/translations"), &message);
        }
        match rows_of(self.order.course, node, kind, translations) {
            Ok(rows) => {
                self.translations.extend(rows);
                Ok(())
            }
            Err((language, refusal)) => {
                self.refuse(&format!("{place}/translations/{language}"), [Some(refusal)])
            }
        }
    }

    fn refuse_circle(&self, modules: &[ModuleContent]) -> Result<(), Refusal> {
        let units = || modules.iter().flat_map(|module| &module.units);
        let by_id: HashMap<UnitId, &UnitContent> = units().map(|unit| (unit.id, unit)).collect();
        let waits_for = |id: UnitId| units_in(&by_id[&id].release);
        let title = |id: UnitId| by_id.get(&id).map(|unit| unit.title.as_str());
        match fault_of_circle(units().map(|unit| unit.id), waits_for, title) {
            Some(message) => self.fault("/content/modules", &message),
            None => Ok(()),
        }
    }

    fn refuse_unused(&self) -> Result<(), Refusal> {
        match self.unused.first() {
            Some(id) => self.fault(
                &format!("/answer_keys/{}", id.0),
                "This is the key of no question of the document.",
            ),
            None => Ok(()),
        }
    }
}
