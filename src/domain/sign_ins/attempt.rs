//! A sign-in under way, and its five steps.

use crate::auth::providers::{Profile, Secrets, SocialProvider};
use crate::db::Statement;
use crate::domain::app::App;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrgId, SsoConnectionId, SsoConnectionKey, UserId};
use crate::kernel::keyring::Use;
use crate::kernel::secret::{Token, TokenKind};
use chrono::TimeDelta;
use diesel::sql_types::{Bytea, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How long a sign-in may take.
pub const MINUTES: i64 = 10;

/// What a sign-in is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in by a service.
    SignIn(SocialProvider),
    /// To link a service to somebody's account.
    Link(SocialProvider, UserId),
    /// To sign in to an organisation by its own provider.
    Organization(OrgId, SsoConnectionId),
}

impl Purpose {
    /// To sign in by an organisation's own provider.
    pub const fn of_connection(key: SsoConnectionKey) -> Self {
        Self::Organization(key.org, key.id)
    }

    /// Who links a service by it.
    pub const fn linking(self) -> Option<UserId> {
        match self {
            Self::Link(_, user) => Some(user),
            Self::SignIn(_) | Self::Organization(..) => None,
        }
    }
}

/// What is remembered between the steps.
#[derive(Clone, Serialize, Deserialize)]
struct Remembered {
    purpose: Purpose,
    secrets: Secrets,
    profile: Option<Profile>,
}

/// A sign-in at one of its steps.
pub struct Attempt {
    id: Uuid,
    remembered: Remembered,
    return_to: Url,
}

/// What the page gets that begins a sign-in.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser sets out from.
    pub start_url: String,
    /// What the page keeps.
    pub browser: Token,
}

/// A sign-in that is done.
#[derive(Clone, Debug)]
pub struct Completed {
    /// What it is for.
    pub purpose: Purpose,
    /// Who it is.
    pub profile: Profile,
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    return_to: String,
    #[diesel(sql_type = Bytea)]
    sealed: Vec<u8>,
}

impl Attempt {
    /// What it is for.
    pub const fn purpose(&self) -> Purpose {
        self.remembered.purpose
    }

    /// What it proves itself with.
    pub const fn secrets(&self) -> &Secrets {
        &self.remembered.secrets
    }

    /// Where it leads back to, with what the page is told.
    pub fn back(&self, name: &str, value: &str) -> Url {
        let mut url = self.return_to.clone();
        url.set_fragment(Some(&format!("{name}={value}")));
        url
    }

    fn open(app: &App, row: &Row) -> Result<Self> {
        let opened = app
            .keyring
            .open(Use::ProviderSignIn, row.id.as_bytes(), &row.sealed);
        let opened = opened.ok_or_else(|| Error::internal("a sign-in cannot be opened"))?;
        Ok(Self {
            id: row.id,
            remembered: serde_json::from_slice(opened.expose()).map_err(Error::internal)?,
            return_to: Url::parse(&row.return_to).map_err(Error::internal)?,
        })
    }
}

fn seal(app: &App, id: Uuid, remembered: &Remembered) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(remembered).map_err(Error::internal)?;
    Ok(app.keyring.seal(Use::ProviderSignIn, id.as_bytes(), &text))
}

/// A page begins a sign-in.
pub async fn begin(app: &App, purpose: Purpose, return_to: &Url) -> Result<Begun> {
    let id = app.clock.uuid();
    let [start, browser] = [TokenKind::SignInStart, TokenKind::SignInBrowser].map(Token::generate);
    let start_url = app
        .providers
        .place(&format!("sign-in/start/{}", start.expose()))
        .ok_or_else(|| Error::internal("a sign-in begins without a public address"))?;
    let remembered = Remembered {
        purpose,
        secrets: Secrets::generate(),
        profile: None,
    };
    let door = Statement::<Nullable<Text>>::new("select door.sign_in_begins(?, ?, ?, ?, ?, ?)::text")
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(return_to.to_string())
        .bind::<Bytea, _>(start.hash().to_vec())
        .bind::<Bytea, _>(browser.hash().to_vec())
        .bind::<Bytea, _>(seal(app, id, &remembered)?)
        .bind::<Timestamptz, _>(app.clock.now() + TimeDelta::minutes(MINUTES));
    app.db.door::<_, Option<String>>(door).await?;
    Ok(Begun {
        start_url: start_url.to_string(),
        browser,
    })
}

/// A browser sets out; from now on it is the one that must come back, with this state.
pub async fn start(app: &App, start: &Token, state: &Token, cookie: &Token) -> Result<Option<Attempt>> {
    let door = Statement::<Untyped>::new("select * from door.sign_in_starts(?, ?, ?, ?)")
        .bind::<Bytea, _>(start.hash().to_vec())
        .bind::<Bytea, _>(state.hash().to_vec())
        .bind::<Bytea, _>(cookie.hash().to_vec())
        .bind::<Timestamptz, _>(app.clock.now());
    found(app, app.db.door(door).await?)
}

/// The browser comes back.
pub async fn returned(app: &App, state: &Token, cookie: &Token) -> Result<Option<Attempt>> {
    let door = "select * from door.sign_in_returns(?, ?, ?)";
    let hashes = [state, cookie].map(|token| token.hash().to_vec());
    found(app, ask(app, door, hashes).await?)
}

/// The provider has said who it is: the code that opens this to the page.
pub async fn prove(app: &App, attempt: &Attempt, profile: Profile) -> Result<Token> {
    let code = Token::generate(TokenKind::SignInCode);
    let remembered = Remembered {
        profile: Some(profile),
        ..attempt.remembered.clone()
    };
    let door = Statement::<Nullable<Text>>::new("select door.sign_in_is_proven(?, ?, ?)::text")
        .bind::<SqlUuid, _>(attempt.id)
        .bind::<Bytea, _>(hash(&code, attempt.purpose().linking()))
        .bind::<Bytea, _>(seal(app, attempt.id, &remembered)?);
    app.db.door::<_, Option<String>>(door).await?;
    Ok(code)
}

/// The page that began it completes it, with the code that the browser brought, as who links a service or as nobody yet.
pub async fn complete(
    app: &App,
    code: &str,
    browser: &str,
    linking: Option<UserId>,
) -> Result<Option<Completed>> {
    let tokens = (
        Token::parse(TokenKind::SignInCode, code),
        Token::parse(TokenKind::SignInBrowser, browser),
    );
    let (Some(code), Some(browser)) = tokens else {
        return Ok(None);
    };
    let door = "select * from door.sign_in_completes(?, ?, ?)";
    let hashes = [hash(&code, linking), browser.hash().to_vec()];
    let rows = ask(app, door, hashes).await?;
    let Some(Remembered {
        purpose,
        profile: Some(profile),
        ..
    }) = found(app, rows)?.map(|attempt| attempt.remembered)
    else {
        return Ok(None);
    };
    Ok(Some(Completed { purpose, profile }))
}

/// Asks a door that takes two secrets.
async fn ask(app: &App, door: &'static str, [one, other]: [Vec<u8>; 2]) -> Result<Vec<Row>> {
    let door = Statement::<Untyped>::new(door)
        .bind::<Bytea, _>(one)
        .bind::<Bytea, _>(other)
        .bind::<Timestamptz, _>(app.clock.now());
    app.db.door(door).await
}

/// How a code is kept: one that links is of use to the person who began it alone.
fn hash(code: &Token, linking: Option<UserId>) -> Vec<u8> {
    match linking {
        Some(user) => Sha256::digest([&code.hash()[..], user.0.as_bytes()].concat()).to_vec(),
        None => code.hash().to_vec(),
    }
}

fn found(app: &App, rows: Vec<Row>) -> Result<Option<Attempt>> {
    rows.into_iter()
        .next()
        .map(|row| Attempt::open(app, &row))
        .transpose()
}
