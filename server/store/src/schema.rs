//! The tables as Diesel sees them. A test compares this file with a migrated database, column by column.

diesel::table! {
    generation (only_row) {
        only_row -> Bool,
        number -> Int8,
        swept_through -> Int8,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    changes (generation, entity_kind, entity_key) {
        generation -> Int8,
        entity_kind -> Text,
        entity_key -> Text,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    admin_audit (generation) {
        generation -> Int8,
        happened_at -> Timestamptz,
        actor -> Text,
        action -> Text,
        entity_kind -> Text,
        entity_key -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    schema_reader (only_row) {
        only_row -> Bool,
        minimum_version -> Text,
    }
}

diesel::table! {
    clients (client_id) {
        client_id -> Text,
        name -> Nullable<Text>,
        enabled -> Bool,
        auth_method -> Text,
        auth_signing_alg -> Nullable<Text>,
        assertion_audience -> Nullable<Text>,
        jwks -> Nullable<Text>,
        jwks_uri -> Nullable<Text>,
        grants -> Array<Text>,
        scopes -> Array<Text>,
        default_scopes -> Array<Text>,
        resources -> Array<Text>,
        tags -> Array<Text>,
        metadata -> Text,
        access_token_lifetime_seconds -> Nullable<Int4>,
        access_token_format -> Nullable<Text>,
        access_token_alg -> Nullable<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        registration -> Text,
        refresh_token_lifetime_seconds -> Nullable<Int4>,
        id_token_lifetime_seconds -> Nullable<Int4>,
        tokens_ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    client_secrets (secret_id) {
        secret_id -> Int8,
        client_id -> Text,
        secret_digest -> Nullable<Bytea>,
        argon2id -> Nullable<Text>,
        sealed -> Nullable<Bytea>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    client_documents (client_id) {
        client_id -> Text,
        document_digest -> Bytea,
        good_until_at -> Timestamptz,
    }
}

diesel::table! {
    resources (identifier) {
        identifier -> Text,
        name -> Nullable<Text>,
        scopes -> Array<Text>,
        token_format -> Nullable<Text>,
        signing_alg -> Nullable<Text>,
        lifetime_ceiling_seconds -> Nullable<Int4>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    trusted_issuers (issuer) {
        issuer -> Text,
        document -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    resource_introspectors (identifier, client_id) {
        identifier -> Text,
        client_id -> Text,
    }
}

diesel::table! {
    plugin_components (component_digest) {
        component_digest -> Bytea,
        component -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    plugins (name) {
        name -> Text,
        enabled -> Bool,
        active_digest -> Nullable<Bytea>,
        previous_digest -> Nullable<Bytea>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    plugin_versions (plugin, version_digest) {
        plugin -> Text,
        version_digest -> Bytea,
        manifest -> Text,
        hooks -> Array<Text>,
        state -> Text,
        report -> Text,
        uploaded_by -> Text,
        uploaded_at -> Timestamptz,
    }
}

diesel::table! {
    bindings (binding_id) {
        binding_id -> Int8,
        target_kind -> Text,
        tag -> Nullable<Text>,
        client_id -> Nullable<Text>,
        plugin -> Text,
        pinned_digest -> Nullable<Bytea>,
        position -> Int4,
        configuration -> Text,
        permissions -> Array<Text>,
        on_failure -> Text,
        fuel -> Nullable<Int8>,
        milliseconds -> Nullable<Int4>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        alg -> Text,
        sealed_private -> Bytea,
        active_from_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
        published_until_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    master_key_check (only_row) {
        only_row -> Bool,
        key_id -> Text,
        check_value -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    admin_tokens (token_digest) {
        token_digest -> Bytea,
        name -> Text,
        scopes -> Array<Text>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    replay_guards (client_id, jti_digest) {
        client_id -> Text,
        jti_digest -> Bytea,
        settle_id -> Bytea,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    opaque_tokens (token_digest) {
        token_digest -> Bytea,
        jti_digest -> Bytea,
        client_id -> Text,
        claims -> Text,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    revocations (jti_digest) {
        jti_digest -> Bytea,
        client_id -> Text,
        revoked_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    token_audit (record_id) {
        record_id -> Bytea,
        happened_at -> Timestamptz,
        token_id -> Nullable<Text>,
        client_id -> Text,
        grant_type -> Text,
        outcome -> Text,
        subject -> Nullable<Text>,
        scope -> Text,
        audience -> Text,
        plugin_digests -> Bytea,
        claim_sources -> Text,
        request_id -> Text,
        node_id -> Text,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    nodes (node_id) {
        node_id -> Text,
        software_version -> Text,
        ready_digests -> Array<Bytea>,
        started_at -> Timestamptz,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    users (user_id) {
        user_id -> Text,
        username -> Text,
        username_key -> Text,
        enabled -> Bool,
        claims -> Text,
        attributes -> Text,
        password_hash -> Nullable<Text>,
        password_changed_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    user_totp (user_id) {
        user_id -> Text,
        sealed_secret -> Bytea,
        last_step -> Int8,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    recovery_codes (user_id, code_digest) {
        user_id -> Text,
        code_digest -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    passkeys (credential_id) {
        credential_id -> Bytea,
        user_id -> Text,
        name -> Text,
        credential -> Text,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sign_in_failures (bucket_digest) {
        bucket_digest -> Bytea,
        drained_at -> Timestamptz,
    }
}

diesel::table! {
    grants (grant_id) {
        grant_id -> Bytea,
        client_id -> Text,
        user_id -> Text,
        session_id -> Nullable<Text>,
        allowed -> Text,
        code_digest -> Nullable<Bytea>,
        code_expires_at -> Nullable<Timestamptz>,
        code_spent_at -> Nullable<Timestamptz>,
        refresh_number -> Nullable<Int8>,
        refresh_digest -> Nullable<Bytea>,
        previous_digest -> Nullable<Bytea>,
        rotated_at -> Nullable<Timestamptz>,
        refresh_expires_at -> Nullable<Timestamptz>,
        bound_to -> Nullable<Text>,
        settle_id -> Nullable<Bytea>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    server_secrets (name) {
        name -> Text,
        sealed_secret -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    sessions (session_id) {
        session_id -> Text,
        cookie_digest -> Bytea,
        user_id -> Text,
        methods -> Array<Text>,
        attributes -> Text,
        address -> Text,
        user_agent -> Text,
        authenticated_at -> Timestamptz,
        created_at -> Timestamptz,
        seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    session_clients (session_id, client_id) {
        session_id -> Text,
        client_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    backchannel_notices (grant_id) {
        grant_id -> Bytea,
        client_id -> Text,
        sealed_request -> Bytea,
        sealed_tokens -> Nullable<Bytea>,
        attempts -> Int4,
        attempt_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    request_codes (user_id) {
        user_id -> Text,
        code_digest -> Bytea,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    deferred (grant_id) {
        grant_id -> Bytea,
        code_digest -> Bytea,
        user_code_digest -> Nullable<Bytea>,
        client_id -> Text,
        request -> Text,
        state -> Text,
        poll_interval -> Int4,
        last_polled_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        kind -> Text,
        user_id -> Nullable<Text>,
    }
}

diesel::table! {
    flows (flow_digest) {
        flow_digest -> Bytea,
        browser_digest -> Bytea,
        client_id -> Nullable<Text>,
        request -> Text,
        progress -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    pushed_requests (request_digest) {
        request_digest -> Bytea,
        client_id -> Text,
        request -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    consents (user_id, client_id) {
        user_id -> Text,
        client_id -> Text,
        scopes -> Array<Text>,
        claims -> Array<Text>,
        details -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    logout_deliveries (client_id, session_id) {
        client_id -> Text,
        session_id -> Text,
        user_id -> Text,
        attempts -> Int4,
        created_at -> Timestamptz,
        attempt_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    signed_requests (grant_id) {
        grant_id -> Bytea,
        client_id -> Text,
        user_id -> Text,
        request_object -> Text,
        answered_at -> Timestamptz,
    }
}

diesel::table! {
    user_links (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    registration_tokens (name) {
        name -> Text,
        token_digest -> Bytea,
        uses_left -> Nullable<Int4>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    registered_clients (client_id) {
        client_id -> Text,
        token_digest -> Bytea,
        registered_with -> Nullable<Text>,
        extra -> Text,
    }
}

diesel::joinable!(client_secrets -> clients (client_id));
diesel::allow_tables_to_appear_in_same_query!(
    grants,
    sessions,
    clients,
    client_secrets,
    resources,
    resource_introspectors,
    plugins,
    plugin_versions,
    plugin_components,
    bindings,
    opaque_tokens,
    revocations,
    users,
    session_clients,
    consents,
);
