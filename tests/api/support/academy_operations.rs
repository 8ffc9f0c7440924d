//! What the service writes of an academy itself, and what its owners run it with.

use super::academy::Academy;
use super::{apps, factory};
use chrono::TimeDelta;
use lyceum::kernel::ids::{CourseKey, Key};

impl Academy {
    /// What the service writes itself.
    pub async fn operate(&self) {
        let (org, hidden) = (self.app.org.0, &self.hidden);
        let audit = self.app.app.clock.uuid();
        self.sql(&format!(
            "update organizations set legal_company_name = '{hidden}-legal-company', legal_address = '{hidden}-legal-address', \
             legal_registration_number = '{hidden}-legal-number', legal_contact_email = '{hidden}-legal@people.example', \
             deletes_at = now() + interval '10 days'; \
             insert into ownership_transfers (org_id, id, from_member_id, to_member_id, expires_at) \
             values ('{org}', '{audit}', '{}', '{}', now() + interval '1 day'); \
             insert into organization_origins values ('{org}', 'https://{hidden}.example'); \
             insert into audit_entries (org_id, id, action, target, detail, request_id) values \
             ('{org}', '{audit}', '{hidden}-audit-action', '{hidden}-audit-target', '{{\"{hidden}-audit-detail\": 1}}', '{hidden}-audit-request'); \
             insert into outbox_events (org_id, id, kind, subject, detail) values \
             ('{org}', '{audit}', '{hidden}-outbox-kind', '{hidden}-outbox-subject', '{{\"{hidden}-outbox-detail\": 1}}'); \
             insert into idempotency_records values ('{org}', '{audit}', '{hidden}-idempotency-mutation', '{hidden}-idempotency-key', \
             sha256('{hidden}'), '{{\"done\": \"{hidden}-idempotency-outcome\"}}')",
            self.person("owner").member.id.0,
            self.person("learner").member.id.0,
        ))
        .await;
        let owner = self.person("owner").member;
        let program = apps::app(&self.app, owner).await;
        let ends = self.app.app.clock.now() + TimeDelta::days(1);
        let (token, _) = apps::token_until(&self.app, program, owner, &apps::all_scopes(), ends).await;
        let session = apps::learner_session(&self.app, token, owner).await;
        let course = CourseKey::parse(&self.course).unwrap();
        self.sql(&format!(
            "update apps set name = '{hidden}-apps-name', description = '{hidden}-apps-description'; \
             update api_tokens set name = '{hidden}-tokens-name', prefix = '{hidden}-prefix', last_used_at = now(), revoked_at = now(), \
             networks = '{{{hidden}-networks}}'; \
             update memberships set external_id = '{hidden}-members-external' where id = '{}'; \
             insert into organization_domains (org_id, id, domain, challenge, verified_at) \
             select org_id, gen_random_uuid(), '{hidden}-' || slug || '.example', '{hidden}-domains-challenge', now() from roles \
             where slug in ('owner', 'admin'); \
             insert into account_links (org_id, id, email, organization_name, state, proposed_by, expires_at, user_id, member_id) \
             select org_id, gen_random_uuid(), '{hidden}-links-' || state || '@people.example', '{hidden}-links-organization', 'accepted', id, \
             now() + interval '1 day', user_id, id from memberships where id = '{}'; \
             insert into learner_sessions (org_id, id, member_id, token_id, token_hash, expires_at, revoked_at, course_id, origins, operations, budget) \
             select org_id, gen_random_uuid(), member_id, token_id, token_hash, expires_at, now(), '{}', '{{{hidden}-origin}}', '{{{hidden}-operation}}', 10 \
             from learner_sessions where id = '{}'",
            owner.id.0, owner.id.0, course.id.0, session.id.0
        ))
        .await;
        self.sql(&format!(
            "insert into member_exports (org_id, id, member_id, made_by, document, expires_at) values ('{org}', '{audit}', '{}', '{}', \
             '{{\"{hidden}-exports-document\": 1}}', now() + interval '1 day')",
            self.person("learner").member.id.0, owner.id.0
        ))
        .await;
        let operator = self.app.member("support").await;
        self.sql(&format!(
            "insert into support_grants (org_id, id, operator_id, operator_name, reason, permissions, hours, state, requested_at, decided_by, \
             decided_at, expires_at) select r.org_id, '{audit}', '{}', '{hidden}-support-name', '{hidden}-support-reason', \
             array(select jsonb_object_keys(r.grants)), 24, 'approved', now(), '{}', now(), now() + interval '1 day' \
             from roles r where r.slug = 'support'; \
             update memberships m set name = '{hidden}-support-name', support_grant_id = g.id, support_scopes = g.permissions, support_until = g.expires_at \
             from support_grants g where m.id = '{}'",
            operator.user.0, owner.id.0, operator.member.id.0
        ))
        .await;
        self.sql(&format!(
            "insert into sso_connections (org_id, id, issuer, client_id, client_secret) values \
             ('{org}', '{audit}', '{hidden}-sso-issuer', '{hidden}-sso-client', sha512('x')); \
             insert into sso_identities (org_id, connection_id, subject, member_id) values ('{org}', '{audit}', '{hidden}-sso-subject', '{}'); \
             select door.sign_in_begins(gen_random_uuid(), 'https://{hidden}.example/', sha256('{hidden}-start'), sha256('x'), sha512('x'), now())",
            owner.id.0
        ))
        .await;
        factory::seal(&self.app).await;
    }
}
