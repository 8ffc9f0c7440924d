//! A book's folder read into its tree.

use std::collections::HashMap;
use std::path::Path;

use super::book::{Book, BookModule, BookUnit, MAX_BODY, MAX_KEY, UnitBody, cut_title};
use super::chapter::{Section, sections};
use super::expand::expand;
use super::fields::{Fields, with_fields};
use super::folder::{Folder, MAX_FILE_BYTES, Refusal, resolve};
use super::quiz;
use super::report::{Broken, BrokenBook, Place, Report, Skipped};
use super::summary::{self, Entry, Item};

/// Preprocessors whose work is done here, or needs no doing.
const KNOWN_PREPROCESSORS: [&str; 3] = ["quiz", "links", "index"];

/// Reads the book in the folder `dir`, the one with `book.toml`.
///
/// Prefix chapters, those before the numbered ones, that follow each other become one module. It is called
/// after the heading right above them; without one after its only chapter, or else "Introduction". Suffix
/// chapters likewise, or else "Appendix".
///
/// # Errors
/// Every fault of the book: a file of it that cannot be read, is malformed or exceeds a limit. Files that a
/// chapter includes are not among them; a note in the text takes the place of one that cannot be had.
pub fn read(dir: &Path) -> Result<Book, BrokenBook> {
    let folder = Folder::open(dir).map_err(|_| {
        let place = Place::new(&dir.display().to_string(), 0);
        BrokenBook(vec![place.broken("no such folder, or it cannot be read")])
    })?;
    let mut reader = Reader {
        folder,
        report: Report::default(),
        broken: Vec::new(),
        keys: HashMap::new(),
        occurrences: HashMap::new(),
    };
    match reader.book() {
        Ok(book) if reader.broken.is_empty() => Ok(Book {
            report: reader.report,
            ..book
        }),
        Ok(_) => Err(BrokenBook(reader.broken)),
        Err(faults) => {
            reader.broken.extend(faults);
            Err(BrokenBook(reader.broken))
        }
    }
}

struct Reader {
    folder: Folder,
    report: Report,
    broken: Vec<Broken>,
    /// Every external key given, and where to what.
    keys: HashMap<String, Place>,
    /// How often something that may occur again has occurred.
    occurrences: HashMap<String, u32>,
}

/// What `book.toml` says.
struct Config {
    title: Option<String>,
    authors: Vec<String>,
    language: Option<String>,
    description: Option<String>,
    source: String,
}

/// A module before its chapters are read.
struct Plan {
    title: String,
    part: Option<String>,
    /// The chapters; the first one is the module's own, unless `run` says otherwise.
    entries: Vec<Entry>,
    /// `prefix` or `suffix` if the module is a run of chapters outside the list.
    run: Option<&'static str>,
}

impl Reader {
    fn book(&mut self) -> Result<Book, Vec<Broken>> {
        let config = self.config()?;
        let summary_file = if config.source.is_empty() {
            "SUMMARY.md".to_owned()
        } else {
            format!("{}/SUMMARY.md", config.source)
        };
        let text = self
            .read_file(&summary_file, &Place::new(&summary_file, 0))
            .map_err(|fault| vec![fault])?;
        let summary = summary::parse(&summary_file, &text)?;
        let mut modules = Vec::new();
        for plan in plans(summary.items) {
            modules.extend(self.module(plan, &config.source)?);
        }
        let title = config.title.or(summary.title).or_else(|| self.folder.name());
        let book = Book {
            title: title.map_or_else(|| "Untitled".to_owned(), |title| cut_title(&title)),
            authors: config.authors,
            language: config.language,
            description: config.description,
            modules,
            report: Report::default(),
        };
        if self.broken.is_empty() && book.modules.is_empty() {
            return Err(vec![
                Place::new(&summary_file, 0).broken("no chapter of the book has any text"),
            ]);
        }
        self.count(&book.modules);
        Ok(book)
    }

    fn config(&mut self) -> Result<Config, Vec<Broken>> {
        let file = "book.toml";
        let text = self
            .read_file(file, &Place::new(file, 0))
            .map_err(|fault| vec![fault])?;
        let read = |fields: Fields| {
            let config = read_config(&fields)?;
            Ok((config, foreign_preprocessors(&fields)?))
        };
        let (config, skipped) = with_fields(file, &text, |fields| {
            read(fields).map_err(|fault: Broken| vec![fault])
        })?;
        self.report.skipped.extend(skipped);
        Ok(config)
    }

    /// Reads a module; none if nothing of it has text. Fails only if no more can be read.
    fn module(&mut self, plan: Plan, source: &str) -> Result<Option<BookModule>, Vec<Broken>> {
        let Some(first) = plan.entries.first() else {
            return Ok(None);
        };
        let place = first.place.clone();
        let key = match (plan.run, &first.target) {
            (Some(run), _) => self.distinct(run.to_owned()),
            (None, None) => self.distinct(format!("draft:{}", plan.title)),
            (None, Some(target)) => target_key(source, target),
        };
        let external_key = self.claim(key, &place);
        let mut units = Vec::new();
        for entry in &plan.entries {
            match &entry.target {
                Some(target) => match self.chapter(entry, target, source) {
                    Ok(of_chapter) => units.extend(of_chapter),
                    Err(Stop::Chapter(fault)) => self.broken.push(fault),
                    Err(Stop::Book(fault)) => return Err(vec![fault]),
                },
                None => self.report.skipped.push(Skipped {
                    place: entry.place.clone(),
                    what: format!("draft chapter \"{}\"", entry.title),
                    reason: "has no file yet, left out".to_owned(),
                }),
            }
        }
        let module = BookModule {
            external_key,
            title: plan.title,
            part: plan.part,
            units,
        };
        Ok((!module.units.is_empty()).then_some(module))
    }

    fn chapter(&mut self, entry: &Entry, target: &str, source: &str) -> Result<Vec<BookUnit>, Stop> {
        let place = &entry.place;
        let stop = |refusal: Refusal| Stop::at(place, target, refusal);
        let path = resolve(source, target).map_err(stop)?;
        let text = self.folder.read(&path, MAX_FILE_BYTES).map_err(stop)?;
        let pieces = expand(&path, &text, &mut self.folder, &mut self.report).map_err(Stop::Book)?;
        let sections = sections(&entry.title, pieces, &mut self.folder).map_err(stop)?;
        let mut units = Vec::new();
        if sections.is_empty() {
            let (what, reason) = ("chapter".to_owned(), "shows no text, left out".to_owned());
            self.report.skipped.push(Skipped {
                place: Place::new(&path, 0),
                what,
                reason,
            });
        }
        let key = target_key(source, target);
        for section in sections {
            match section {
                Section::Text {
                    title,
                    markdown,
                    slot,
                } => {
                    if markdown.chars().count() > MAX_BODY {
                        let reason = format!("the text \"{title}\" has more than {MAX_BODY} characters");
                        self.broken.push(Place::new(&path, 0).broken(reason));
                    }
                    let external_key = self.claim(format!("{key}#{slot}"), place);
                    units.push(BookUnit {
                        external_key,
                        title,
                        body: UnitBody::Text(markdown),
                    });
                }
                Section::Quiz {
                    title,
                    file,
                    toml,
                    place,
                } => {
                    units.extend(self.quiz(title, &file, &toml, &place)?);
                }
            }
        }
        Ok(units)
    }

    fn quiz(
        &mut self,
        title: String,
        file: &str,
        toml: &str,
        place: &Place,
    ) -> Result<Option<BookUnit>, Stop> {
        let key = self.distinct(file.to_owned());
        let suffix = &key[file.len()..];
        let is_first = suffix.is_empty();
        let quiz = match quiz::parse(file, toml, suffix) {
            Ok(quiz) => quiz,
            Err(faults) => {
                // A broken quiz that occurs twice is broken once.
                self.broken.extend(faults.into_iter().filter(|_| is_first));
                return Ok(None);
            }
        };
        let external_key = self.claim(key, place);
        let mut questions = Vec::new();
        for (place, mut question) in quiz.questions {
            question.external_key = self.claim(question.external_key, &place);
            questions.push(question);
        }
        self.report
            .skipped
            .extend(quiz.skipped.into_iter().filter(|_| is_first));
        self.report.check_length(place).map_err(Stop::Book)?;
        Ok(Some(BookUnit {
            external_key,
            title,
            body: UnitBody::Quiz(questions),
        }))
    }

    fn read_file(&mut self, path: &str, place: &Place) -> Result<String, Broken> {
        let text = self.folder.read(path, MAX_FILE_BYTES);
        text.map(|text| text.to_string())
            .map_err(|refusal| place.broken(refusal.to_string()))
    }

    /// `key` at first, then `key~2`, `key~3` and so on.
    fn distinct(&mut self, key: String) -> String {
        let count = self.occurrences.entry(key.clone()).or_default();
        *count += 1;
        if *count == 1 {
            key
        } else {
            format!("{key}~{count}")
        }
    }

    /// Takes `key` for what stands at `place`; that it is taken or too long is a fault of the book.
    fn claim(&mut self, key: String, place: &Place) -> String {
        if let Some(other) = self.keys.insert(key.clone(), place.clone()) {
            self.broken.push(place.broken(format!(
                "`{key}` is in use already, at {other}; each needs its own"
            )));
        } else if key.chars().count() > MAX_KEY {
            self.broken
                .push(place.broken(format!("the path is longer than {MAX_KEY} characters: {key}")));
        }
        key
    }

    fn count(&mut self, modules: &[BookModule]) {
        let report = &mut self.report;
        report.modules = modules.len();
        for unit in modules.iter().flat_map(|module| &module.units) {
            report.units += 1;
            if let UnitBody::Quiz(questions) = &unit.body {
                report.quizzes += 1;
                report.questions += questions.len();
            }
        }
    }
}

/// How far a fault goes.
enum Stop {
    /// The chapter cannot be read, others can.
    Chapter(Broken),
    /// A limit of the book is reached.
    Book(Broken),
}

impl Stop {
    fn at(place: &Place, target: &str, refusal: Refusal) -> Self {
        let fault = place.broken(format!("chapter `{target}`: {refusal}"));
        if refusal.is_final() {
            Self::Book(fault)
        } else {
            Self::Chapter(fault)
        }
    }
}

fn read_config(fields: &Fields) -> Result<Config, Broken> {
    let Some(book) = fields.table("book")? else {
        return Err(fields
            .place()
            .broken("has no table `[book]`; is this the folder of an mdBook?"));
    };
    let text = |key| {
        Ok(book
            .text(key)?
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()))
    };
    let source = book.text("src")?.unwrap_or_else(|| "src".to_owned());
    Ok(Config {
        title: text("title")?,
        authors: book.texts("authors")?,
        language: text("language")?,
        description: text("description")?,
        source: resolve("", &source).map_err(|refusal| book.place_of("src").broken(refusal.to_string()))?,
    })
}

fn foreign_preprocessors(fields: &Fields) -> Result<Vec<Skipped>, Broken> {
    let Some(preprocessors) = fields.table("preprocessor")? else {
        return Ok(Vec::new());
    };
    let foreign = preprocessors
        .keys()
        .into_iter()
        .filter(|(name, _)| !KNOWN_PREPROCESSORS.contains(name));
    let skipped = foreign.map(|(name, place)| Skipped {
        place,
        what: format!("preprocessor `{name}`"),
        reason: "is not run, what it would change stays as written".to_owned(),
    });
    Ok(skipped.collect())
}

/// Gathers the chapters of a summary into modules.
fn plans(items: Vec<Item>) -> Vec<Plan> {
    let mut plans: Vec<Plan> = Vec::new();
    let mut part: Option<String> = None;
    let (mut listed, mut part_is_new) = (false, false);
    for item in items {
        let entry = match item {
            Item::Part(title) => {
                (part, part_is_new) = (Some(title), true);
                continue;
            }
            Item::Chapter(entry) => entry,
        };
        let open = plans.last_mut().filter(|plan| {
            if entry.level == 0 {
                plan.run.is_some() && !part_is_new
            } else {
                entry.level > 1 && plan.run.is_none()
            }
        });
        if let Some(open) = open {
            open.entries.push(entry);
            if open.run.is_some() && open.part.is_none() {
                open.title = String::from(if listed { "Appendix" } else { "Introduction" });
            }
            continue;
        }
        let (run, own_part) = if entry.level == 0 {
            // A part that has begun with a list ends with it: what follows outside stands for itself.
            let own_part = part.clone().filter(|_| part_is_new);
            (Some(if listed { "suffix" } else { "prefix" }), own_part)
        } else {
            listed = true;
            (None, part.clone())
        };
        part_is_new = false;
        let title = own_part
            .clone()
            .filter(|_| run.is_some())
            .unwrap_or_else(|| entry.title.clone());
        plans.push(Plan {
            title,
            part: own_part,
            entries: vec![entry],
            run,
        });
    }
    plans
}

/// The key of the chapter `target`: its path from the folder of the summary, in one spelling.
fn target_key(source: &str, target: &str) -> String {
    match resolve("", target) {
        Ok(key) => key,
        // Outside that folder, though in the book's: `../README.md`.
        Err(_) => resolve(source, target).map_or_else(|_| target.to_owned(), |path| format!("/{path}")),
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
