//! Embeds the playground's libraries where `make setup` has fetched them; the crate builds without them too.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

/// The name in the binary, the file below `node_modules`, and the constant with its content type.
const LIBRARIES: [(&str, &str, &str); 4] = [
    ("react.js", "react/umd/react.production.min.js", "JAVASCRIPT"),
    (
        "react-dom.js",
        "react-dom/umd/react-dom.production.min.js",
        "JAVASCRIPT",
    ),
    ("graphiql.js", "graphiql/graphiql.min.js", "JAVASCRIPT"),
    ("graphiql.css", "graphiql/graphiql.min.css", "CSS"),
];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]
fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let out = env::var("OUT_DIR").expect("cargo sets it");
    let modules = Path::new(&root).join("playground/node_modules");

    // npm writes this file last. Until it exists the folder is watched, so that its coming is noticed.
    let marker = modules.join(".package-lock.json");
    let complete = marker.exists() && LIBRARIES.iter().all(|(_, file, _)| modules.join(file).exists());
    let watched = if complete {
        marker
    } else {
        Path::new(&root).join("playground")
    };
    println!("cargo::rerun-if-changed={}", watched.display());

    let mut list = String::from("&[\n");
    for (name, file, content_type) in LIBRARIES.iter().filter(|_| complete) {
        let path = modules.join(file).display().to_string();
        writeln!(
            list,
            "Asset {{ name: {name:?}, content_type: {content_type}, bytes: include_bytes!({path:?}) }},"
        )
        .expect("a String takes everything");
    }
    list.push(']');
    fs::write(Path::new(&out).join("playground.rs"), list).expect("cargo's folder can be written to");
}
