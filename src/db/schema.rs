//! The tables as Diesel sees them; compared with the migrated database by a test.
//!
//! Columns that Diesel reads and writes nothing of (PostgreSQL's transaction ids, the words of texts) are left out.
#![expect(missing_docs, reason = "the migrations document the tables")]

diesel::table! {
    accommodations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        unit_id -> Nullable<Uuid>,
        extra_time_percent -> Integer,
        extra_attempts -> Integer,
        reason -> Nullable<Text>,
        set_by -> Uuid,
        set_at -> Timestamptz,
    }
}

diesel::table! {
    account_idempotency_records (user_id, mutation, key) {
        user_id -> Uuid,
        mutation -> Text,
        key -> Text,
        input_hash -> Bytea,
        outcome -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    account_links (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        email -> Text,
        organization_name -> Text,
        state -> Text,
        proposed_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        changed_at -> Timestamptz,
        user_id -> Nullable<Uuid>,
        member_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    account_tokens (id) {
        id -> Uuid,
        user_id -> Uuid,
        purpose -> Text,
        email -> Nullable<Text>,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_token_secrets (org_id, token_id, token_hash) {
        org_id -> Uuid,
        token_id -> Uuid,
        token_hash -> Bytea,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    api_tokens (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        app_id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
        prefix -> Text,
        scopes -> Array<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        networks -> Array<Text>,
    }
}

diesel::table! {
    apps (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    attempt_answers (org_id, attempt_id, question_id) {
        org_id -> Uuid,
        attempt_id -> Uuid,
        question_id -> Uuid,
        answer -> Jsonb,
        version -> Integer,
        saved_at -> Timestamptz,
        points -> Nullable<Integer>,
        feedback -> Nullable<Text>,
        criteria -> Nullable<Jsonb>,
    }
}

diesel::table! {
    attempt_receipts (org_id, attempt_id, number) {
        org_id -> Uuid,
        attempt_id -> Uuid,
        number -> Integer,
        kind -> Text,
        document -> Text,
        grading -> Text,
        hash -> Bytea,
        signature -> Bytea,
        key_id -> Text,
        issued_at -> Timestamptz,
        points -> Nullable<Integer>,
        points_before -> Nullable<Integer>,
        keys_revision_id -> Uuid,
        issued_by -> Nullable<Uuid>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        unit_id -> Uuid,
        course_id -> Uuid,
        revision_id -> Uuid,
        member_id -> Uuid,
        number -> Integer,
        state -> Text,
        seed -> BigInt,
        started_at -> Timestamptz,
        deadline_at -> Nullable<Timestamptz>,
        submitted_at -> Nullable<Timestamptz>,
        submitted_automatically -> Bool,
        points -> Nullable<Integer>,
        max_points -> Integer,
        pass_points -> Integer,
        overdue_at -> Nullable<Timestamptz>,
        voided_at -> Nullable<Timestamptz>,
        voided_by -> Nullable<Uuid>,
        void_reason -> Nullable<Text>,
        salt -> Bytea,
        cycle -> Integer,
        keys_revisions -> Array<Uuid>,
    }
}

diesel::table! {
    audit_ends (org_id) {
        org_id -> Uuid,
        sequence -> BigInt,
        seal -> Bytea,
    }
}

diesel::table! {
    audit_entries (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        sequence -> Nullable<BigInt>,
        at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        action -> Text,
        target -> Text,
        detail -> Jsonb,
        request_id -> Text,
        seal -> Nullable<Bytea>,
    }
}

diesel::table! {
    bank_question_versions (org_id, question_id, number) {
        org_id -> Uuid,
        question_id -> Uuid,
        number -> Integer,
        prompt -> Jsonb,
        answer_key -> Jsonb,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    bank_questions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        bank_id -> Uuid,
        number -> Integer,
        tags -> Array<Text>,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    bookmarks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        course_id -> Uuid,
        member_id -> Uuid,
        unit_id -> Uuid,
        note -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    certificates (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        course_id -> Uuid,
        member_id -> Uuid,
        revision_id -> Uuid,
        code_hash -> Bytea,
        code_generation -> SmallInt,
        holder_name -> Nullable<Text>,
        course_title -> Text,
        organization_name -> Text,
        issued_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revocation_reason -> Nullable<Text>,
        cycle -> Integer,
    }
}

diesel::table! {
    course_drafts (org_id, course_id) {
        org_id -> Uuid,
        course_id -> Uuid,
        title -> Text,
        summary -> Text,
        completion_rule -> Text,
        version -> Integer,
        updated_at -> Timestamptz,
        requires_review -> Bool,
        review_state -> Text,
        review_version -> Nullable<Integer>,
        review_requested_by -> Nullable<Uuid>,
        review_requested_at -> Nullable<Timestamptz>,
        review_decided_by -> Nullable<Uuid>,
        review_decided_at -> Nullable<Timestamptz>,
        review_note -> Nullable<Text>,
        completion_percent -> Nullable<Integer>,
        review_digest -> Nullable<Bytea>,
    }
}

diesel::table! {
    course_instructors (org_id, course_id, member_id) {
        org_id -> Uuid,
        course_id -> Uuid,
        member_id -> Uuid,
    }
}

diesel::table! {
    course_prerequisites (org_id, course_id, required_id) {
        org_id -> Uuid,
        course_id -> Uuid,
        required_id -> Uuid,
    }
}

diesel::table! {
    course_reviews (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        course_id -> Uuid,
        member_id -> Uuid,
        stars -> Integer,
        text -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        hidden_at -> Nullable<Timestamptz>,
        hidden_by -> Nullable<Uuid>,
        hidden_reason -> Nullable<Text>,
    }
}

diesel::table! {
    course_revisions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        number -> Integer,
        format -> SmallInt,
        content -> Text,
        published_by -> Uuid,
        published_at -> Timestamptz,
    }
}

diesel::table! {
    courses (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        state -> Text,
        visibility -> Text,
        title -> Text,
        summary -> Text,
        revision_id -> Nullable<Uuid>,
        revision_number -> Nullable<Integer>,
        unit_count -> Integer,
        published_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        external_id -> Nullable<Text>,
        tags -> Array<Text>,
        language -> Text,
        translations -> Jsonb,
        published_language -> Nullable<Text>,
    }
}

diesel::table! {
    draft_modules (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        position -> Double,
        title -> Text,
        part -> Nullable<Text>,
        external_id -> Nullable<Text>,
        version -> Integer,
    }
}

diesel::table! {
    draft_questions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        unit_id -> Uuid,
        position -> Integer,
        prompt -> Jsonb,
        answer_key -> Jsonb,
        external_id -> Nullable<Text>,
    }
}

diesel::table! {
    draft_translations (org_id, node_id, language) {
        org_id -> Uuid,
        course_id -> Uuid,
        module_id -> Nullable<Uuid>,
        unit_id -> Nullable<Uuid>,
        node_id -> Uuid,
        language -> Text,
        title -> Nullable<Text>,
        body -> Nullable<Text>,
    }
}

diesel::table! {
    draft_units (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        module_id -> Uuid,
        position -> Double,
        kind -> Text,
        title -> Text,
        body -> Nullable<Text>,
        quiz -> Nullable<Jsonb>,
        external_id -> Nullable<Text>,
        material -> Nullable<Jsonb>,
        version -> Integer,
        release_rules -> Jsonb,
        pools -> Nullable<Jsonb>,
        is_required -> Bool,
    }
}

diesel::table! {
    enrollment_cycles (org_id, enrollment_id, cycle) {
        org_id -> Uuid,
        enrollment_id -> Uuid,
        cycle -> Integer,
        revision_id -> Uuid,
        unit_count -> Integer,
        units_completed -> Integer,
        seconds -> BigInt,
        completed_at -> Timestamptz,
        ended_at -> Timestamptz,
    }
}

diesel::table! {
    enrollment_terms (org_id, course_id) {
        org_id -> Uuid,
        course_id -> Uuid,
        policy -> Text,
        invitation_code -> Nullable<Text>,
        seats -> Nullable<Integer>,
        due_days -> Nullable<Integer>,
        access_days -> Nullable<Integer>,
        valid_months -> Nullable<Integer>,
    }
}

diesel::table! {
    enrollments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        member_id -> Uuid,
        revision_id -> Uuid,
        state -> Text,
        source -> Text,
        unit_count -> Integer,
        units_completed -> Integer,
        enrolled_at -> Timestamptz,
        completed_at -> Nullable<Timestamptz>,
        cycle -> Integer,
        due_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        requested_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        decline_reason -> Nullable<Text>,
        renews_at -> Nullable<Timestamptz>,
        last_activity_at -> Nullable<Timestamptz>,
        started_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    group_members (org_id, group_id, member_id) {
        org_id -> Uuid,
        group_id -> Uuid,
        member_id -> Uuid,
        is_manager -> Bool,
    }
}

diesel::table! {
    groups (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
    }
}

diesel::table! {
    idempotency_records (org_id, actor_id, mutation, key) {
        org_id -> Uuid,
        actor_id -> Uuid,
        mutation -> Text,
        key -> Text,
        input_hash -> Bytea,
        outcome -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    identities (id) {
        id -> Uuid,
        user_id -> Uuid,
        provider -> Text,
        issuer -> Text,
        subject -> Text,
        email -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
    }
}

diesel::table! {
    invitations (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        email -> Text,
        role_id -> Uuid,
        state -> Text,
        token_hash -> Bytea,
        invited_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_by -> Nullable<Uuid>,
        edition -> Integer,
    }
}

diesel::table! {
    learner_sessions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        member_id -> Uuid,
        token_id -> Uuid,
        token_hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        course_id -> Nullable<Uuid>,
        origins -> Nullable<Array<Text>>,
        operations -> Nullable<Array<Text>>,
        budget -> Nullable<BigInt>,
        spent -> BigInt,
    }
}

diesel::table! {
    learning_paths (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        external_id -> Nullable<Text>,
        title -> Text,
        description -> Text,
        state -> Text,
        electives_needed -> Integer,
        version -> Integer,
        created_at -> Timestamptz,
        published_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    path_courses (org_id, path_id, course_id) {
        org_id -> Uuid,
        path_id -> Uuid,
        course_id -> Uuid,
        is_required -> Bool,
        position -> Integer,
    }
}

diesel::table! {
    path_enrollments (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        path_id -> Uuid,
        member_id -> Uuid,
        source -> Text,
        enrolled_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    mails (id) {
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        template -> Text,
        recipient -> Text,
        detail -> Jsonb,
        created_at -> Timestamptz,
        attempts -> Integer,
        due_at -> Timestamptz,
        failed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    member_exports (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        member_id -> Uuid,
        made_by -> Uuid,
        document -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    memberships (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        role_id -> Uuid,
        state -> Text,
        name -> Text,
        email -> Text,
        joined_at -> Timestamptz,
        version -> Integer,
        external_id -> Nullable<Text>,
        support_grant_id -> Nullable<Uuid>,
        support_scopes -> Nullable<Array<Text>>,
        support_until -> Nullable<Timestamptz>,
        is_provisioned -> Bool,
    }
}

diesel::table! {
    organization_security_events (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        member_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    organizations (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        is_open -> Bool,
        created_at -> Timestamptz,
        locale -> Text,
        legal_company_name -> Nullable<Text>,
        legal_address -> Nullable<Text>,
        legal_registration_number -> Nullable<Text>,
        legal_contact_email -> Nullable<Text>,
        ai_enabled -> Bool,
        allows_demo_use -> Bool,
        allows_marketing_use -> Bool,
        deletes_at -> Nullable<Timestamptz>,
        founded_by -> Nullable<Uuid>,
        version -> Integer,
    }
}

diesel::table! {
    ownership_transfers (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        from_member_id -> Uuid,
        to_member_id -> Uuid,
        state -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    organization_domains (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        domain -> Text,
        challenge -> Text,
        created_at -> Timestamptz,
        verified_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    organization_origins (org_id, origin) {
        org_id -> Uuid,
        origin -> Text,
    }
}

diesel::table! {
    outbox_events (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        sequence -> Nullable<BigInt>,
        at -> Timestamptz,
        kind -> Text,
        subject -> Text,
        detail -> Jsonb,
    }
}

diesel::table! {
    policy_revisions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        number -> Integer,
        source -> Text,
        author_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    progress_events (org_id, enrollment_id, event_id) {
        org_id -> Uuid,
        enrollment_id -> Uuid,
        event_id -> Uuid,
        recorded_at -> Timestamptz,
    }
}

diesel::table! {
    provider_sign_ins (id) {
        id -> Uuid,
        stage -> Text,
        return_to -> Text,
        start_hash -> Bytea,
        browser_hash -> Bytea,
        state_hash -> Nullable<Bytea>,
        cookie_hash -> Nullable<Bytea>,
        code_hash -> Nullable<Bytea>,
        sealed -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    published_texts (org_id, course_id, node_id, language) {
        org_id -> Uuid,
        course_id -> Uuid,
        node_id -> Uuid,
        language -> Text,
        is_translation -> Bool,
        title -> Text,
        body -> Text,
    }
}

diesel::table! {
    question_banks (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        name -> Text,
        description -> Text,
        version -> Integer,
        created_at -> Timestamptz,
        archived_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Uuid,
        code_hash -> Bytea,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    revision_answer_keys (org_id, revision_id) {
        org_id -> Uuid,
        revision_id -> Uuid,
        answer_keys -> Text,
    }
}

diesel::table! {
    roles (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        slug -> Text,
        name -> Text,
        is_built_in -> Bool,
        grants -> Jsonb,
        version -> Integer,
    }
}

diesel::table! {
    security_events (id) {
        id -> Uuid,
        user_id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        session_id -> Nullable<Uuid>,
        user_agent -> Nullable<Text>,
        network -> Nullable<Text>,
    }
}

diesel::table! {
    session_tokens (token_hash) {
        token_hash -> Bytea,
        session_id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        authenticated_at -> Timestamptz,
        last_used_at -> Timestamptz,
        user_agent -> Nullable<Text>,
        network -> Nullable<Text>,
        confined_to -> Nullable<Uuid>,
        connection_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    sso_connections (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        issuer -> Text,
        client_id -> Text,
        client_secret -> Bytea,
        is_enabled -> Bool,
        locked_fields -> Array<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Integer,
    }
}

diesel::table! {
    sso_identities (org_id, connection_id, subject) {
        org_id -> Uuid,
        connection_id -> Uuid,
        subject -> Text,
        member_id -> Uuid,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
    }
}

diesel::table! {
    operators (user_id) {
        user_id -> Uuid,
        added_at -> Timestamptz,
    }
}

diesel::table! {
    support_grants (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        operator_id -> Uuid,
        operator_name -> Text,
        reason -> Text,
        permissions -> Array<Text>,
        hours -> Integer,
        state -> Text,
        requested_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
        is_noted -> Bool,
    }
}

diesel::table! {
    totp_factors (user_id) {
        user_id -> Uuid,
        secret -> Bytea,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> Nullable<BigInt>,
    }
}

diesel::table! {
    unit_progress (org_id, enrollment_id, unit_id) {
        org_id -> Uuid,
        enrollment_id -> Uuid,
        unit_id -> Uuid,
        state -> Text,
        seconds -> Integer,
        position -> Integer,
        position_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        watched -> Int4multirange,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        first_name -> Text,
        last_name -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
        email_verified_at -> Nullable<Timestamptz>,
        age_attested_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    assets (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        state -> Text,
        file_name -> Text,
        declared_type -> Text,
        media_type -> Nullable<Text>,
        bytes -> Integer,
        sha256 -> Nullable<Bytea>,
        rejection -> Nullable<Text>,
        object_id -> Nullable<Uuid>,
        uploaded_by -> Uuid,
        created_at -> Timestamptz,
        completed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    draft_unit_assets (org_id, unit_id, asset_id) {
        org_id -> Uuid,
        unit_id -> Uuid,
        asset_id -> Uuid,
        course_id -> Uuid,
    }
}

diesel::table! {
    revision_assets (org_id, revision_id, asset_id) {
        org_id -> Uuid,
        revision_id -> Uuid,
        asset_id -> Uuid,
        course_id -> Uuid,
    }
}

diesel::table! {
    submissions (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        enrollment_id -> Uuid,
        unit_id -> Uuid,
        course_id -> Uuid,
        revision_id -> Uuid,
        member_id -> Uuid,
        number -> Integer,
        state -> Text,
        body -> Nullable<Text>,
        link -> Nullable<Text>,
        submitted_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        is_late -> Bool,
        points -> Nullable<Integer>,
        max_points -> Integer,
        pass_points -> Integer,
        rubric -> Nullable<Jsonb>,
        feedback -> Nullable<Text>,
        graded_by -> Nullable<Uuid>,
        graded_at -> Nullable<Timestamptz>,
        cycle -> Integer,
    }
}

diesel::table! {
    submission_assets (org_id, submission_id, asset_id) {
        org_id -> Uuid,
        submission_id -> Uuid,
        asset_id -> Uuid,
        position -> Integer,
    }
}

diesel::table! {
    surveys (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        course_id -> Uuid,
        title -> Text,
        description -> Text,
        questions -> Jsonb,
        audience -> Text,
        is_anonymous -> Bool,
        state -> Text,
        version -> Integer,
        created_at -> Timestamptz,
        opened_at -> Nullable<Timestamptz>,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    survey_participants (org_id, survey_id, enrollment_id) {
        org_id -> Uuid,
        survey_id -> Uuid,
        course_id -> Uuid,
        enrollment_id -> Uuid,
        member_id -> Uuid,
    }
}

diesel::table! {
    survey_responses (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        survey_id -> Uuid,
        course_id -> Uuid,
        enrollment_id -> Nullable<Uuid>,
        member_id -> Nullable<Uuid>,
        answers -> Jsonb,
        submitted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    interests (user_id) {
        user_id -> Uuid,
        tags -> Array<Text>,
    }
}

diesel::table! {
    profile_details (user_id, detail) {
        user_id -> Uuid,
        detail -> Text,
        value -> Text,
        visibility -> Text,
    }
}

diesel::table! {
    processing_objections (id) {
        id -> Uuid,
        user_id -> Uuid,
        purpose -> Text,
        objected_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    guardian_consents (user_id) {
        user_id -> Uuid,
        email -> Text,
        asked_at -> Timestamptz,
        expires_at -> Timestamptz,
        given_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    account_deletions (id) {
        id -> Uuid,
        reason -> Text,
        deleted_at -> Timestamptz,
    }
}

// Which tables may stand in one query, pair by pair. Diesel's proofs for all pairs of so many tables are twenty thousand
// implementations, which every check of the crate would pay for.
use diesel::allow_tables_to_appear_in_same_query as allow;

allow!(memberships, organizations, policy_revisions, roles);
allow!(course_instructors, enrollments, group_members, memberships);
allow!(api_tokens, memberships);
allow!(learner_sessions, memberships);
allow!(account_links, users);
allow!(audit_entries, memberships);
allow!(course_revisions, revision_answer_keys);
allow!(course_revisions, revision_assets);
allow!(course_prerequisites, courses, enrollments);
allow!(course_instructors, courses);
allow!(groups, group_members);
allow!(assets, submission_assets);
allow!(attempts, course_instructors);
allow!(attempts, group_members);
allow!(certificates, course_instructors);
allow!(certificates, group_members);
allow!(submissions, course_instructors);
allow!(submissions, group_members);
allow!(group_members, path_enrollments);
