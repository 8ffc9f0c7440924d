//! Who one can be on a development server, and the files that say so.

use anyhow::Context;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The password of every persona.
pub const PASSWORD: &str = "lyceum-demo-password";

/// Somebody one can be.
#[derive(Clone, Debug)]
pub struct Persona {
    /// Their name.
    pub name: String,
    /// The slug of the organisation.
    pub org: String,
    /// The slug of their role in it.
    pub role: String,
    /// What they sign in with.
    pub email: String,
    /// The token of a session that is open already.
    pub token: String,
}

/// All personas, with their organisations.
#[derive(Clone, Debug, Default)]
pub struct Personas {
    /// Slug and identifier of each organisation.
    pub orgs: Vec<(String, String)>,
    /// The personas.
    pub people: Vec<Persona>,
}

impl Personas {
    /// Writes `dev.json` for people and programs, and `dev.env` for test suites.
    pub fn write(&self, data_dir: &Path, url: &str) -> anyhow::Result<()> {
        let orgs: Vec<Value> = self
            .orgs
            .iter()
            .map(|(slug, id)| json!({ "slug": slug, "id": id }))
            .collect();
        let people: Vec<Value> = self.people.iter().map(persona).collect();
        let json = serde_json::to_string_pretty(&json!({ "url": url, "orgs": orgs, "personas": people }))?;
        fs::write(data_dir.join("dev.json"), json + "\n").context("cannot write dev.json")?;
        fs::write(data_dir.join("dev.env"), self.env(url)).context("cannot write dev.env")
    }

    /// The same as shell variables: where the API is, the first owner's token, sample documents.
    fn env(&self, url: &str) -> String {
        let token = self
            .people
            .first()
            .map(|persona| persona.token.as_str())
            .unwrap_or_default();
        let org = self.orgs.first().map(|(_, id)| id.as_str()).unwrap_or_default();
        let mutation = format!(
            "mutation {{ courseCreate(input: {{ organizationId: \"{org}\", slug: \"sample\", title: \"Sample\" }}) {{ course {{ id }} userErrors {{ code }} }} }}"
        );
        let mut env = String::new();
        for (name, value) in [
            ("SUT_URL", url),
            ("SUT_TOKEN", token),
            ("SUT_QUERY", "{ catalog(first: 5) { nodes { id title } } }"),
            ("SUT_MUTATION", &mutation),
            ("SUT_SUBSCRIPTION", ""),
        ] {
            let _ = writeln!(env, "{name}='{}'", value.replace('\'', r"'\''"));
        }
        for (slug, id) in &self.orgs {
            let _ = writeln!(env, "SUT_ORG_{}='{id}'", slug.to_uppercase());
        }
        for persona in &self.people {
            let name = format!(
                "{}_{}",
                persona.org,
                persona.email.split('@').next().unwrap_or_default()
            );
            let name = name.to_uppercase().replace(['-', '.'], "_");
            let _ = writeln!(env, "SUT_TOKEN_{name}='{}'", persona.token);
        }
        env
    }

    /// What the playground's buttons need.
    pub fn buttons(&self) -> Value {
        let button = |persona: &Persona| {
            json!({
                "name": format!("{} {}", persona.org, persona.role),
                "description": format!("{}, {}", persona.name, persona.email),
                "token": persona.token,
            })
        };
        self.people.iter().map(button).collect()
    }

    /// A table for the terminal.
    pub fn table(&self) -> String {
        let mut table = format!(
            "\n{:<9} {:<11} {:<16} {:<34} token\n",
            "academy", "role", "name", "email"
        );
        for Persona {
            name,
            org,
            role,
            email,
            token,
        } in &self.people
        {
            let start: String = token.chars().take(14).collect();
            let _ = writeln!(table, "{org:<9} {role:<11} {name:<16} {email:<34} {start}…");
        }
        let _ = writeln!(table, "\nPassword    {PASSWORD} (for all of them)");
        table
    }
}

fn persona(persona: &Persona) -> Value {
    json!({
        "name": persona.name,
        "org": persona.org,
        "role": persona.role,
        "email": persona.email,
        "password": PASSWORD,
        "token": persona.token,
    })
}
