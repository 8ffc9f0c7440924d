//! What people do with their own accounts, and what there is to do it with.

use super::app::{PASSWORD, Person};
use super::client::Client;
use super::factors::{self, Authenticator};
use super::sign_ins::SignIns;
use super::world::Row;
use super::{TestApp, factory, unsigned};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// People in the middle of something with their accounts.
pub struct Accounts {
    /// One who confirms a second factor, and one who has one.
    factored: [Client; 2],
    authenticator: Authenticator,
    challenge: String,
    unverified: Client,
    /// Inputs of what is done without a session, by the mutation's name.
    proofs: BTreeMap<&'static str, Value>,
    login: Value,
    refresh: Value,
}

impl Accounts {
    /// Makes them; one person signs in and keeps on.
    pub async fn new(app: &TestApp, person: &Person) -> Self {
        let (confirming, verifying) = (app.learner().await, app.learner().await);
        let authenticator = factors::begin(&confirming).await;
        let challenge = unsigned::factored(app, &verifying).await;
        let (unverified, proofs) = unsigned::unverified(app, &person.email).await;
        let session = factory::open_session(&app.app, person.user).await;
        Self {
            factored: [confirming.client, verifying.client],
            authenticator,
            challenge,
            unverified,
            proofs,
            login: json!({ "email": person.email, "password": PASSWORD }),
            refresh: json!({ "refreshToken": session.refresh_token.expose() }),
        }
    }

    /// What people do with their second factors; first, since codes have their time.
    pub fn factors(&self, app: &TestApp) -> Vec<Row> {
        let refused = "INVALID_STATE";
        let of = |mutation, input, able: &Client| Row::new(mutation, input, able, refused, refused);
        let code = self.authenticator.code(app);
        let [confirming, verifying] = &self.factored;
        let recovery = json!({ "challenge": self.challenge, "recoveryCode": "code" });
        vec![
            of("totpConfirm", json!({ "code": code }), confirming),
            Row::new("loginVerify", recovery, &app.anonymous(), "", "").for_everybody(),
            of("recoveryCodesRegenerate", json!({}), verifying),
            of("totpRemove", json!({}), verifying),
            Row::new("totpBegin", json!({}), verifying, "", ""),
        ]
    }

    /// What people do with their own accounts.
    pub fn rows(&self, app: &TestApp, newcomer: &Client, sign_ins: &SignIns) -> Vec<Row> {
        let anybody = |mutation: &'static str, input: &Value| {
            Row::new(mutation, input.clone(), &app.anonymous(), "", "").for_everybody()
        };
        let own = |mutation, input| Row::new(mutation, input, newcomer, "", "");
        let password = PASSWORD;
        let (refused, profiling) = ("INVALID_STATE", json!({ "purpose": "PROFILING" }));
        let send = Row::new(
            "emailVerificationSend",
            json!({}),
            &self.unverified,
            refused,
            refused,
        );
        let with_proofs = |mutation: &&'static str| anybody(mutation, &self.proofs[mutation]);
        let mut rows = vec![send];
        rows.extend(sign_ins.of_person(app, newcomer));
        let by_proof = [
            "register",
            "emailVerify",
            "passwordResetRequest",
            "passwordReset",
            "guardianConsentGive",
            "guardianConsentRefuse",
        ];
        rows.extend(by_proof.iter().map(with_proofs));
        rows.extend([
            anybody("login", &self.login),
            anybody("sessionRefresh", &self.refresh),
            own("emailChange", json!({ "email": "changed@people.example" })),
            own("profileUpdate", json!({ "firstName": "Grace" })),
            own("interestsSet", json!({ "interests": ["rust"] })),
            own("processingObject", profiling.clone()),
            Row::new(
                "processingObjectionWithdraw",
                profiling,
                newcomer,
                refused,
                refused,
            ),
            own("stepUp", json!({ "password": password })),
            own("passwordChange", json!({ "newPassword": "lange nacht im hafen" })),
            own("sessionRevoke", json!({ "everywhere": true })),
        ]);
        rows
    }
}
