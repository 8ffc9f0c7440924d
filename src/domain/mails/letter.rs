//! What mails say, in plain text.

use chrono::{DateTime, Utc};

/// A mail as its reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub recipient: String,
    /// The line above.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// What a letter is about.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// An address is to be verified with this token.
    VerifyEmail(&'a str),
    /// The address has an account already.
    AccountExists,
    /// A new password may be set with this token.
    ResetPassword(&'a str),
    /// The address becomes the account's with this token.
    ChangeEmail(&'a str),
    /// Something happened to the account.
    SecurityNotice(&'a str),
    /// An organisation proposes to link the account.
    AccountLink {
        /// The organisation's name.
        organization: &'a str,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// An organisation is offered to its reader.
    OwnershipOffered {
        /// The organisation's name.
        organization: &'a str,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// The organisation of this name was handed over.
    OwnershipTransferred(&'a str),
    /// An organisation invites with this token.
    Invitation {
        /// The token.
        token: &'a str,
        /// The organisation's name.
        organization: &'a str,
        /// The name of the role.
        role: &'a str,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// A parent or guardian is asked with this token whether a child may have an account.
    GuardianConsent {
        /// The token.
        token: &'a str,
        /// The child's address.
        child: &'a str,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// The parent or guardian of a child consented.
    GuardianConsented,
    /// The account of the address was deleted, since no parent or guardian consented.
    AccountDeleted,
}

/// Writes a letter. With the address of an interface its tokens are links into it, behind a `#`, so that no server's log
/// gets them; without one they stand alone.
pub fn write(recipient: String, content: &Content<'_>, app_url: Option<&str>) -> Letter {
    let link = |page: &str, token: &str| match app_url {
        Some(url) => format!("{}/{page}#token={token}", url.trim_end_matches('/')),
        None => token.to_owned(),
    };
    let (subject, text) = match content {
        Content::VerifyEmail(token) => (
            "Verify your email address".to_owned(),
            format!(
                "Somebody, most likely you, has registered with this address.\n\nTo verify that it is yours, use this within 3 days:\n\n{}\n\n\
                 If it was not you, do nothing.\n",
                link("verify-email", token)
            ),
        ),
        Content::AccountExists => (
            "You already have an account".to_owned(),
            "Somebody, most likely you, has tried to use this address for an account.\n\nThere is one with this address already: \
             sign in with it, and if you have forgotten the password, ask for a new one. If it waits for your parent or guardian, they have a \
             mail to answer first, within 7 days of when you registered.\n\nIf it was not you, do nothing.\n"
                .to_owned(),
        ),
        Content::ResetPassword(token) => (
            "Set a new password".to_owned(),
            format!(
                "Somebody, most likely you, has asked to set a new password for the account with this address.\n\n\
                 To set it, use this within an hour:\n\n{}\n\nIf it was not you, do nothing: your password stays as it is.\n",
                link("reset-password", token)
            ),
        ),
        Content::ChangeEmail(token) => (
            "Confirm your new email address".to_owned(),
            format!(
                "Somebody, most likely you, wants to sign in with this address from now on.\n\n\
                 To confirm that it is yours, use this within 3 days:\n\n{}\n\nIf it was not you, do nothing.\n",
                link("verify-email", token)
            ),
        ),
        Content::SecurityNotice(what) => (
            "Your account was changed".to_owned(),
            format!(
                "{what}\n\nIf that was you, there is nothing to do. If it was not, set a new password at once: that ends all \
                 sessions. Then look through your security events.\n"
            ),
        ),
        Content::AccountLink {
            organization,
            expires_at,
        } => (
            format!("{organization} would like to link your account"),
            format!(
                "{organization} has shown that the domain of this address is its own, and proposes to link your account to it. If you \
                 accept, you are a member there, and {organization} sees you and what you learn there.\n\nSign in, and accept or refuse \
                 it until {}. If you do nothing, nothing is linked.\n",
                expires_at.format("%-d %B %Y, %H:%M UTC"),
            ),
        ),
        Content::OwnershipOffered {
            organization,
            expires_at,
        } => ownership_offered(organization, *expires_at),
        Content::OwnershipTransferred(organization) => ownership_transferred(organization),
        Content::Invitation {
            token,
            organization,
            role,
            expires_at,
        } => (
            format!("Join {organization}"),
            format!(
                "{organization} invites you to join, as {role}.\n\nSign in or register with this address, and accept until {} with \
                 this:\n\n{}\n\nIf you do not know why you got this, do nothing.\n",
                expires_at.format("%-d %B %Y, %H:%M UTC"),
                link("accept-invitation", token)
            ),
        ),
        Content::GuardianConsent {
            token,
            child,
            expires_at,
        } => guardian_consent(&link("guardian-consent", token), child, *expires_at),
        Content::GuardianConsented => (
            "You can sign in now".to_owned(),
            "Your parent or guardian has consented to your account: you can sign in now.\n".to_owned(),
        ),
        Content::AccountDeleted => (
            "Your account was deleted".to_owned(),
            "The account with this address was deleted, with everything in it: whoever is under 13 needs the consent of a parent or \
             guardian, and it did not come.\n\nThat it was deleted is kept, and when; not whose it was.\n"
                .to_owned(),
        ),
    };
    Letter {
        recipient,
        subject: subject.chars().filter(|char| !char.is_control()).collect(),
        text,
    }
}

fn ownership_offered(organization: &str, expires_at: DateTime<Utc>) -> (String, String) {
    (
        format!("{organization} is offered to you"),
        format!(
            "An owner of {organization} offers to hand it over to you. If you accept, you own it, and they stay as an administrator.\n\n\
             Sign in, and accept or decline until {}. If you do nothing, nothing changes.\n",
            expires_at.format("%-d %B %Y, %H:%M UTC"),
        ),
    )
}

fn ownership_transferred(organization: &str) -> (String, String) {
    (
        format!("{organization} was handed over"),
        format!(
            "{organization} was handed over: another member owns it in the place of an owner, who is an administrator now.\n\nYou get \
             this because you own it, or did until now. Its audit says who they are. If you did not expect this, talk to the other \
             owners at once.\n"
        ),
    )
}

fn guardian_consent(answer: &str, child: &str, expires_at: DateTime<Utc>) -> (String, String) {
    let until = expires_at.format("%-d %B %Y, %H:%M UTC");
    (
        "May this child have an account?".to_owned(),
        format!(
            "Somebody who is under 13 says that you are their parent or guardian, and has registered with the address\n\n{child}\n\n\
             Their name, that address and a password are stored, and your address, to ask you. Nobody can sign in to the account unless you \
             consent, and nobody else is shown any of it.\n\nTo consent, or to refuse, which deletes all of it at once, use this until \
             {until}:\n\n{answer}\n\nIf you do nothing, all of it is deleted then. If you know of no such child, refuse, or do nothing.\n"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_link_where_there_is_an_interface_and_stands_alone_where_there_is_none() {
        let content = Content::VerifyEmail("lyc_vrf_x");
        let of = |url| write("ada@example.org".to_owned(), &content, url).text;
        assert!(
            of(Some("https://academy.example/"))
                .contains("\nhttps://academy.example/verify-email#token=lyc_vrf_x\n")
        );
        assert!(of(None).contains("\n\nlyc_vrf_x\n\n"));
    }

    #[test]
    fn an_organisation_cannot_write_headers() {
        let content = Content::Invitation {
            token: "t",
            organization: "Acme\r\nBcc: all@example.org",
            role: "Learner",
            expires_at: DateTime::UNIX_EPOCH,
        };
        let letter = write("ada@example.org".to_owned(), &content, None);
        assert_eq!(letter.subject, "Join AcmeBcc: all@example.org");
    }
}
