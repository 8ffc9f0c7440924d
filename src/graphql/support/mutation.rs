//! How a mutation field runs its write.

use super::operation::{Ask, Operation};
use crate::domain::accounts::write::{AccountRequest, AccountWrite, write_own};
use crate::domain::mutate::{Done, Entry, Outcome, Request, Write, mutate};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{Key, OrgId};
use crate::kernel::secret::Secret;
use async_graphql::{Context, ID};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A mutation's input: what idempotency looks at.
pub trait Input: std::fmt::Debug {
    /// The client's key for sending the same request twice.
    fn idempotency_key(&self) -> Option<&str>;

    /// Its secrets, which do not print: with others it is another input.
    fn secrets(&self) -> Vec<Option<&Secret<String>>> {
        Vec::new()
    }
}

/// Reads an id of the input, or refuses it at its path.
pub fn key<K: Key>(id: &ID, path: &str) -> Result<K, Vec<Refusal>> {
    K::parse(id).ok_or_else(|| vec![Refusal::not_found(path)])
}

/// Finds what an answer shows, where it shows it. Boxed, since a future that holds another grows by it, and so does the stack of all that
/// leads to it.
pub fn show<'f, T, E>(
    shown: bool,
    find: impl Future<Output = Result<Option<T>, E>> + Send + 'f,
) -> BoxFuture<'f, Result<Option<T>, E>> {
    Box::pin(async move { if shown { find.await } else { Ok(None) } })
}

impl Operation {
    /// Runs a write of the viewer's in one organisation; its payload is read from a new snapshot.
    pub async fn mutate<T, F>(
        &self,
        mutation: &'static str,
        org: OrgId,
        input: &impl Input,
        work: F,
    ) -> Outcome<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send + 'static,
    {
        self.mutate_as(Entry::Member, mutation, org, input, work).await
    }

    /// The same for a person who comes into the write in another way.
    pub async fn mutate_as<T, F>(
        &self,
        entry: Entry,
        mutation: &'static str,
        org: OrgId,
        input: &impl Input,
        work: F,
    ) -> Outcome<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send + 'static,
    {
        let key = match self.idempotency_key(input) {
            Ok(key) => key,
            Err(refusals) => return Ok(Err(refusals)),
        };
        let request = Request {
            mutation,
            org,
            entry,
            idempotency_key: key,
            input_hash: self.hash(input),
            request_id: self.request_id.clone(),
            statements: self.statements.clone(),
        };
        // Before the write: an operation that held a connection while it waited for another could wait for itself.
        self.read_anew().await;
        match mutate(&self.app, self.viewer(), request, work).await {
            Err(Error::NotFound) => {
                self.missed(org);
                let message = "There is no such thing, or you may not see it.";
                Ok(Err(vec![Refusal::whole(Code::NotFound, message)]))
            }
            outcome => outcome,
        }
    }
}

impl Operation {
    /// The key by which a mutation may be sent twice: the input's, else the request's.
    fn idempotency_key(&self, input: &impl Input) -> Result<Option<String>, Vec<Refusal>> {
        let refused = |message| Err(vec![Refusal::at(Code::Invalid, "idempotencyKey", message)]);
        let (given, header) = (input.idempotency_key(), self.idempotency_key.as_deref());
        if given.zip(header).is_some_and(|(given, header)| given != header) {
            return refused("The header Idempotency-Key says another key; send one of the two.");
        }
        let key = given.or(header);
        if key.is_some_and(|key| key.is_empty() || key.len() > 200) {
            return refused("An idempotency key has 1 to 200 bytes.");
        }
        Ok(key.map(str::to_owned))
    }

    fn hash(&self, input: &impl Input) -> [u8; 32] {
        Request::hash(&self.app.keyring, input, &input.secrets())
    }

    /// What the write of a mutation that has a key is about.
    pub fn account_request(
        &self,
        mutation: &'static str,
        input: &impl Input,
    ) -> Result<AccountRequest, Vec<Refusal>> {
        Ok(AccountRequest {
            idempotency_key: self.idempotency_key(input)?,
            input_hash: self.hash(input),
            ..self.account_request_once(mutation)
        })
    }

    /// What the write of a mutation that has none is about.
    pub fn account_request_once(&self, mutation: &'static str) -> AccountRequest {
        AccountRequest {
            mutation,
            origin: self.origin.clone(),
            statements: self.statements.clone(),
            ..AccountRequest::default()
        }
    }

    /// Runs a write to the viewer's own account; its payload is read from a new snapshot.
    pub async fn mutate_own<T, F>(&self, mutation: &'static str, input: &impl Input, work: F) -> Outcome<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send + 'static,
    {
        let standing = self.viewer().account()?;
        let request = match self.account_request(mutation, input) {
            Ok(request) => request,
            Err(refusals) => return Ok(Err(refusals)),
        };
        self.read_anew().await;
        write_own(&self.app, standing, request, work).await
    }
}

/// Refuses anonymous viewers.
pub fn signed_in(ctx: &Context<'_>) -> Result<(), Error> {
    ctx.viewer().person().map(|_| ()).ok_or(Error::Unauthenticated)
}

/// Says of inputs that they carry an idempotency key, and which of their fields are secrets: `inputs!(A, B { password })`.
#[macro_export]
macro_rules! inputs {
    ($($input:ident $({ $($secret:ident),+ $(,)? })?),+ $(,)?) => {$(
        impl $crate::graphql::support::mutation::Input for $input {
            fn idempotency_key(&self) -> Option<&str> {
                self.idempotency_key.as_deref()
            }
            $(
                fn secrets(&self) -> Vec<Option<&$crate::kernel::secret::Secret<String>>> {
                    vec![$(Option::<&$crate::kernel::secret::Secret<String>>::from(&self.$secret)),+]
                }
            )?
        }
    )+};
}
