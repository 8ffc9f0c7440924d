//! The layers, and the size of files.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up: a module uses those before it, and those of its own row.
const LAYERS: &[&[&str]] = &[
    &["kernel"],
    &["config"],
    &["db", "cache", "dns", "files", "outgoing"],
    &["auth"],
    &["domain"],
    &["graphql", "jobs", "import"],
    &["server"],
    &["dev", "command"],
];
const MOST_LINES: usize = 500;
/// Made by a program, or lists of the same short thing.
const EXEMPT: &[&str] = &["src/db/schema.rs"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(&root.join(folder), &mut found);
    found
        .iter()
        .map(|(path, text)| (path.strip_prefix(root).unwrap().to_owned(), text.clone()))
        .collect()
}

/// The `crate::a` paths of a file, outside its tests.
fn uses(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| {
            line.split("crate::").skip(1).map(|rest| {
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or("")
            })
        })
}

#[test]
fn a_module_uses_what_lies_below_it() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(module) = path
            .components()
            .nth(1)
            .and_then(|part| part.as_os_str().to_str())
        else {
            continue;
        };
        let Some(own) = layer(module.trim_end_matches(".rs")) else {
            continue;
        };
        for used in uses(&text) {
            if layer(used).is_some_and(|other| other > own || (other == own && used != module))
                && !is_sibling(module, used)
            {
                wrong.push(format!("{} uses crate::{used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `dev` and `command` are one layer: the development server is a command with servers of its own.
fn is_sibling(module: &str, used: &str) -> bool {
    ["dev", "command"].contains(&module) && ["dev", "command"].contains(&used)
}

#[test]
fn every_module_has_a_layer() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for module in lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
    {
        assert!(layer(module).is_some(), "{module} has no layer");
    }
}

#[test]
fn a_nouns_graphql_file_does_not_import_the_schema() {
    for (path, text) in sources("src/graphql") {
        if path.ends_with("schema.rs") || path.ends_with("api.rs") {
            continue;
        }
        assert!(
            !text.contains("super::schema::") && !text.contains("graphql::schema::"),
            "{} knows all nouns",
            path.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let long: Vec<_> = ["src", "tests"]
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|(path, _)| !EXEMPT.iter().any(|exempt| path.ends_with(exempt)))
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .map(|(path, text)| format!("{}: {}", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn statements_stay_in_the_lower_half() {
    for (path, text) in sources("src/graphql").into_iter().chain(sources("src/server")) {
        assert!(!text.contains("RunQueryDsl"), "{} speaks SQL", path.display());
    }
    for folder in [
        "src/domain",
        "src/auth",
        "src/db",
        "src/cache",
        "src/kernel",
        "src/graphql",
    ] {
        for (path, text) in sources(folder) {
            assert!(!uses_axum(&text), "{} speaks HTTP", path.display());
        }
    }
}

fn uses_axum(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("use axum"))
}

#[test]
fn idempotency_looks_at_every_secret_of_an_input() {
    for (path, text) in sources("src/graphql") {
        let listed: String = text
            .split("inputs!(")
            .skip(1)
            .filter_map(|inputs| inputs.split(");").next())
            .collect();
        for input in text.split("\npub struct ").skip(1) {
            let fields = input.split("\n}").next().unwrap();
            let name = input.split(' ').next().unwrap();
            if !fields.contains("pub idempotency_key:") {
                continue;
            }
            let named = listed.split(&format!("{name} {{")).nth(1).unwrap_or_default();
            let named = named.split('}').next().unwrap();
            for line in fields.lines().filter(|line| line.contains("Secret<")) {
                let field = line.trim().trim_start_matches("pub ").split(':').next().unwrap();
                assert!(
                    named.split(',').any(|secret| secret.trim() == field),
                    "{}: inputs!({name} {{ {field} }})",
                    path.display()
                );
            }
        }
    }
}
