//! Values that must not be seen, and the tokens made of them.

use async_graphql::registry::Registry;
use async_graphql::{InputType, InputValueError, InputValueResult, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// A value that neither prints itself nor is a GraphQL output type.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Hands the value out; each call is a place to review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

/// A secret comes in as what it is made of, and never goes out.
impl<T: InputType> InputType for Secret<T> {
    type RawValueType = T::RawValueType;
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }
    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        T::parse(value).map(Self).map_err(InputValueError::propagate)
    }
    fn to_value(&self) -> Value {
        Value::Null
    }
    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        self.0.as_raw_value()
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a token opens; its name stands in the token, so that scanners can tell what leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A person's signed-in session.
    Session,
    /// The continuation of a person's session.
    Refresh,
    /// Proof that an address is the account's, or is to be.
    EmailVerification,
    /// Leave to set a new password.
    PasswordReset,
    /// The answer of a child's parent or guardian.
    GuardianConsent,
    /// The first step of a sign-in that needs a second.
    SignInChallenge,
    /// An invitation to join an organisation.
    Invitation,
    /// An app's way in.
    ApiToken,
    /// A session that an app opened for a learner.
    LearnerSession,
    /// The same for a browser: one course, known pages and documents, a budget.
    EmbedSession,
    /// A sign-in by a provider: where the browser sets out.
    SignInStart,
    /// The same: what the provider brings back.
    SignInState,
    /// The same: what the browser keeps meanwhile.
    SignInCookie,
    /// The same: what the page gets in the end.
    SignInCode,
    /// The same: what the page keeps from its beginning.
    SignInBrowser,
}

impl TokenKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "ses",
            Self::Refresh => "ref",
            Self::EmailVerification => "vrf",
            Self::PasswordReset => "pwr",
            Self::GuardianConsent => "gdn",
            Self::SignInChallenge => "mfa",
            Self::Invitation => "inv",
            Self::ApiToken => "api",
            Self::LearnerSession => "lrn",
            Self::EmbedSession => "emb",
            Self::SignInStart => "sis",
            Self::SignInState => "sit",
            Self::SignInCookie => "sik",
            Self::SignInCode => "sic",
            Self::SignInBrowser => "sib",
        }
    }
}

/// A bearer token: `lyc_<kind>_<256 random bits><32-bit checksum>`, shown once, stored as its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Secret<String>);

/// SHA-256 of a token: what is stored and looked up.
pub type TokenHash = [u8; 32];

const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
/// `lyc_api_` and six of the random characters, which leave 220 bits unknown.
const PREFIX_CHARS: usize = 14;

impl Token {
    /// Makes a token from the operating system's randomness.
    pub fn generate(kind: TokenKind) -> Self {
        Self::from_bytes(kind, random_bytes::<32>())
    }

    /// Makes the token of bytes that are as good as random.
    pub fn from_bytes(kind: TokenKind, random: [u8; 32]) -> Self {
        let body = format!("lyc_{}_{}", kind.name(), BASE64.encode(random));
        let checksum = checksum(&body);
        Self(Secret::new(body + &checksum))
    }

    /// Reads a token that a client sent: its kind and checksum must hold.
    pub fn parse(kind: TokenKind, text: &str) -> Option<Self> {
        let random = text
            .strip_prefix("lyc_")?
            .strip_prefix(kind.name())?
            .strip_prefix('_')?;
        if random.len() != RANDOM_CHARS + CHECKSUM_CHARS || !text.is_ascii() {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM_CHARS);
        (checksum(body) == sum).then(|| Self(Secret::new(text.to_owned())))
    }

    /// Reads a token that a client signs its requests with, of whichever kind.
    pub fn bearer(text: &str) -> Option<(TokenKind, Self)> {
        const KINDS: [TokenKind; 4] = [
            TokenKind::Session,
            TokenKind::ApiToken,
            TokenKind::LearnerSession,
            TokenKind::EmbedSession,
        ];
        KINDS
            .iter()
            .find_map(|kind| Some((*kind, Self::parse(*kind, text)?)))
    }

    /// How the token begins: enough to tell it from others, and of no use to anybody else.
    pub fn prefix(&self) -> &str {
        &self.0.expose()[..PREFIX_CHARS]
    }

    /// The hash under which the token is stored.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.expose()).into()
    }

    /// The token itself, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

fn checksum(body: &str) -> String {
    BASE64.encode(&Sha256::digest(body)[..4])
}

/// Draws random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_changed_one_does_not() {
        let token = Token::generate(TokenKind::Session);
        let text = token.expose().to_owned();
        assert_eq!(Token::parse(TokenKind::Session, &text), Some(token));
        assert_eq!(Token::parse(TokenKind::Invitation, &text), None);
        let changed = text.replace(&text[8..9], if &text[8..9] == "A" { "B" } else { "A" });
        assert_eq!(Token::parse(TokenKind::Session, &changed), None);
        assert_eq!(Token::parse(TokenKind::Session, "lyc_ses_é"), None);
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[secret]");
    }
}
