//! Delivers the mails that were posted, at least once each.

use crate::config::MailConfig;
use crate::domain::app::App;
use crate::domain::mails::delivery::{self, Due};
use crate::domain::mails::letter::Letter;
use crate::kernel::error::{Error, Result};
use anyhow::Context;
use futures_util::StreamExt;
use futures_util::stream;
use lettre::message::Mailbox;
use lettre::transport::smtp;
use lettre::{AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::fs;
use std::future::ready;
use std::path::Path;
use std::sync::Arc;

/// Mails that one round takes.
const MOST: i32 = 100;
/// Mails that are delivered at the same time.
const AT_ONCE: usize = 4;
/// After so many tries, which take some three days, a mail is given up.
const MOST_ATTEMPTS: i32 = 16;

/// Where mails go.
#[derive(Clone)]
pub struct Mailer {
    transport: Transport,
    from: Mailbox,
    app_url: Option<String>,
}

#[derive(Clone)]
enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(AsyncFileTransport<Tokio1Executor>),
}

impl Mailer {
    /// Delivers as the settings say; not at all where they name no server.
    pub fn new(config: &MailConfig) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.smtp_url else {
            return Ok(None);
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .context("LYCEUM_SMTP_URL is not an address such as smtps://user:password@mail.example:465")?
            .build();
        Self::with(Transport::Smtp(transport), config).map(Some)
    }

    /// Writes mails as files into a folder.
    pub fn into_folder(folder: &Path, config: &MailConfig) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Self::with(Transport::Files(AsyncFileTransport::new(folder)), config)
    }

    fn with(transport: Transport, config: &MailConfig) -> anyhow::Result<Self> {
        let from = config.mail_from.parse();
        Ok(Self {
            transport,
            from: from.context("LYCEUM_MAIL_FROM is no address such as Academy <academy@example.org>")?,
            app_url: config.app_url.clone(),
        })
    }

    async fn send(&self, letter: Letter) -> Result<(), Undelivered> {
        let to = letter.recipient.parse().map_err(Undelivered::for_good)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .body(letter.text)
            .map_err(Undelivered::for_good)?;
        match &self.transport {
            Transport::Smtp(server) => server.send(message).await.map(drop).map_err(Undelivered::from),
            Transport::Files(folder) => folder.send(message).await.map(drop).map_err(Undelivered::for_now),
        }
    }
}

/// Why a letter did not leave.
struct Undelivered {
    is_for_good: bool,
    cause: String,
}

impl Undelivered {
    fn for_good<T: std::fmt::Display>(cause: T) -> Self {
        Self {
            is_for_good: true,
            cause: cause.to_string(),
        }
    }

    fn for_now<T: std::fmt::Display>(cause: T) -> Self {
        Self {
            is_for_good: false,
            cause: cause.to_string(),
        }
    }
}

impl From<smtp::Error> for Undelivered {
    fn from(error: smtp::Error) -> Self {
        Self {
            is_for_good: error.is_permanent(),
            // What a server says may name the recipient, which no log is to hold.
            cause: match error.status() {
                Some(status) => format!("the server answered {status}"),
                None => error.to_string(),
            },
        }
    }
}

/// Delivers what is due and tells how many mails left.
pub async fn run_once(app: &Arc<App>, mailer: &Mailer) -> Result<usize> {
    let due = delivery::due(&app.db, MOST).await?;
    let delivering = stream::iter(due)
        .map(|mail| deliver(app, mailer, mail))
        .buffer_unordered(AT_ONCE);
    Ok(delivering.filter(|left| ready(*left)).count().await)
}

/// Delivers a mail and tells whether it left. One that did not is tried again later.
async fn deliver(app: &App, mailer: &Mailer, mail: Due) -> bool {
    match try_to_deliver(app, mailer, &mail).await {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(mail.id = %mail.id, %error, "a mail was not delivered; it is tried again later");
            false
        }
    }
}

async fn try_to_deliver(app: &App, mailer: &Mailer, mail: &Due) -> Result<bool> {
    let Some(letter) = delivery::letter(app, mail, mailer.app_url.as_deref()).await? else {
        delivery::close(&app.db, mail.id, true).await?;
        return Ok(false);
    };
    match mailer.send(letter).await {
        Ok(()) => {
            delivery::close(&app.db, mail.id, true).await?;
            Ok(true)
        }
        Err(undelivered) if undelivered.is_for_good || mail.attempts >= MOST_ATTEMPTS => {
            metrics::counter!("lyceum_mails_given_up_total").increment(1);
            tracing::error!(mail.id = %mail.id, cause = undelivered.cause, "a mail is given up");
            delivery::close(&app.db, mail.id, false).await?;
            Ok(false)
        }
        Err(undelivered) => Err(Error::internal(undelivered.cause)),
    }
}
