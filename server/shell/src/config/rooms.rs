//! What each room of the house takes from the configuration.

use super::check::{Pair, ServeConfig};
use super::database::{UnreadableSecret, secret_text};
use super::value::{AuditTokens, HeaderText, PlainText, RootedPath, UnknownPeople};
use crate::authorize::backchannel::BackchannelSettings;
use crate::authorize::device::DeviceSettings;
use crate::client_keys::ClientKeysSettings;
use crate::fetch::FetchSettings;
use crate::guesses::GuessSettings;
use crate::key_life::KeyLifeSettings;
use crate::listen::{DoorSettings, H2Settings, ListenerSettings, ProxySettings, WireSettings};
use crate::people::{PasskeySettings, PeopleSettings, SignInThrottleSettings};
use crate::register::RegistrationSettings;
use crate::rooms;
use crate::secret_desk::{Cost, PasswordSettings, SecretDeskSettings};
use crate::serve::Role;
use crate::throttle::{Allowance, ThrottleSettings};
use crate::tls::TlsSettings;
use crate::tls::client_certificate::TrustFiles;
use crate::upstream::UpstreamSettings;
use claimsmith_issuer::assurance::AcrNames;
use claimsmith_issuer::ciba::Limits;
use claimsmith_issuer::client_auth::Policy;
use claimsmith_issuer::detail_types::DetailTypes;
use claimsmith_issuer::dpop::Policy as DpopPolicy;
use claimsmith_issuer::grants::Defaults;
use claimsmith_issuer::grants::token_exchange::Offers;
use claimsmith_issuer::policy::{PeoplePolicy, RefreshPolicy};
use claimsmith_issuer::registering;
use claimsmith_issuer::step_up::Demand;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Lifetime;
use claimsmith_store::{AuditMode, EmbeddedSettings};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Whole seconds of a duration that a setting has bounded to years.
pub(super) fn lifetime(duration: Duration) -> Lifetime {
    Lifetime::from_seconds(u32::try_from(duration.as_secs()).unwrap_or(u32::MAX))
}

impl ServeConfig {
    /// Threads that serve requests.
    fn workers(&self) -> usize {
        self.workers.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }

    /// The door.
    pub fn door_settings(&self) -> DoorSettings {
        let limits = &self.limits;
        // No stream brings more than a body may have before it is read.
        let stream_window = H2Settings::default().stream_window.min(u32::try_from(limits.body_bytes.bytes()).unwrap_or(u32::MAX));
        DoorSettings {
            workers: self.workers(),
            blocking_threads: self.workers.blocking_threads,
            max_connections: limits.connections,
            max_connections_per_address: limits.connections_per_address,
            max_in_flight: limits.requests_in_flight,
            handshake_timeout: limits.handshake,
            head_timeout: limits.header,
            body_timeout: limits.body,
            write_timeout: limits.write,
            idle_timeout: limits.idle,
            max_age: limits.connection_age,
            linger: limits.drain,
            max_head_bytes: limits.header_bytes.bytes(),
            h2: H2Settings { max_streams: limits.h2_streams, stream_window, ..H2Settings::default() },
            ..DoorSettings::default()
        }
    }

    /// The listeners, each with what it is for.
    pub fn listeners(&self) -> Vec<(Role, ListenerSettings)> {
        let header = self.proxied.certificate_header.as_ref();
        let header = header.and_then(|name: &HeaderText| http::HeaderName::from_bytes(name.as_str().as_bytes()).ok());
        let listener = |name: &str, addr: SocketAddr, wire| ListenerSettings {
            name: name.to_owned(),
            addr,
            wire,
            client_certificate_header: header.clone(),
        };
        let over_tls = |name: &str, addr: Option<SocketAddr>, pair: &Option<Pair>, asks: bool| {
            let pair = pair.as_ref()?;
            let tls = TlsSettings { ask_client_certificate: asks, ..TlsSettings::new(&pair.certificate, &pair.key) };
            Some(listener(name, addr?, WireSettings::Tls(tls)))
        };
        let behind_proxy = self.proxied.address.map(|addr| {
            let proxies = ProxySettings { trusted: self.proxied.trusted.clone() };
            listener("listen.proxied.address", addr, WireSettings::BehindProxy(proxies))
        });
        [
            (Role::Public, over_tls("listen.public", self.listen.public, &self.public_tls, false)),
            (Role::Public, over_tls("listen.mtls", self.listen.mtls, &self.mtls_tls, true)),
            (Role::Public, behind_proxy),
            (Role::Admin, over_tls("listen.admin", self.listen.admin, &self.admin_tls, false)),
        ]
        .into_iter()
        .filter_map(|(role, listener)| Some((role, listener?)))
        .collect()
    }

    /// The store.
    pub fn store_settings(&self) -> claimsmith_store::Settings {
        let database = &self.config().database;
        claimsmith_store::Settings {
            pool_size: database.pool,
            permit_timeout: database.pool_wait,
            connect_timeout: database.connect_timeout,
            statement_timeout: database.statement_timeout,
            lock_timeout: database.lock_timeout,
            settle_queue: self.store.settle_queue,
            audit_queue: self.audit.queue,
            audit_mode: match self.audit.tokens {
                AuditTokens::Grouped => AuditMode::Grouped,
                AuditTokens::Sync => AuditMode::Sync,
            },
            audit_retention: self.audit.retention,
            ..claimsmith_store::Settings::default()
        }
    }

    /// The private PostgreSQL.
    pub fn embedded_settings(&self) -> EmbeddedSettings {
        let database = &self.config().database;
        let folder = database.data_dir.clone().unwrap_or_else(|| self.general.state_dir.join("postgres"));
        EmbeddedSettings {
            // This node's pool and writer twice over: its successor may start while it drains, and people look in.
            max_connections: (2 * (database.pool + 2) + 10).max(60),
            ..EmbeddedSettings::in_directory(folder)
        }
    }

    /// The sandbox.
    pub fn hook_settings(&self) -> claimsmith_hooks::Settings {
        let hooks = &self.hooks;
        claimsmith_hooks::Settings {
            memory: hooks.memory.bytes(),
            wasm_stack: hooks.stack.bytes(),
            // The stack of a guest and what host functions need on top.
            async_stack: (hooks.stack.bytes() + (768 << 10)).max(1 << 20),
            slots: hooks.pool,
            cores: self.workers(),
            queue: hooks.queue,
            queue_wait: hooks.queue_wait,
            breaker_faults: hooks.breaker_faults,
            breaker_rest: hooks.breaker_rest,
            component: hooks.component_max_bytes.bytes(),
            upload: hooks.upload_max_bytes.bytes(),
            cache: Some(hooks.cache_dir.clone().unwrap_or_else(|| self.general.state_dir.join("plugins"))),
            limits: self.hook_limits(),
            ..claimsmith_hooks::Settings::default()
        }
    }

    fn hook_limits(&self) -> claimsmith_hooks::Limits {
        claimsmith_hooks::Limits {
            fuel: self.hooks.fuel,
            wall: self.hooks.wall,
            memory: self.hooks.memory.bytes(),
            input: self.hooks.input.bytes(),
            output: self.hooks.output.bytes(),
            logs: self.hooks.logs.bytes(),
            ..claimsmith_hooks::Limits::default()
        }
    }

    /// The life of signing keys.
    pub fn key_life_settings(&self) -> KeyLifeSettings {
        KeyLifeSettings {
            algs: self.signing.algs.clone(),
            rsa_bits: self.signing.rsa_bits,
            rotation: self.signing.rotation,
            publish_before_use: self.signing.publish_before_use,
            longest_lifetime: lifetime(self.lifetimes.access_token_ceiling).seconds().into(),
        }
    }

    /// The endpoints.
    pub fn room_settings(&self) -> rooms::Settings {
        let aliases = self.aliases.all();
        let token_paths = std::iter::once("/oauth2/token".to_owned()).map(|path| self.issuer.url(&path));
        let token_aliases = self.aliases.token.iter().map(|path| format!("{}{}", self.issuer.origin(), path.as_str()));
        rooms::Settings {
            client_auth: Policy {
                issuer: self.issuer.as_str().into(),
                token_endpoints: token_paths.chain(token_aliases).map(String::into_boxed_str).collect(),
                methods: self
                    .client_auth
                    .methods
                    .iter()
                    .copied()
                    .filter(|method| self.has_certificates() || !method.is_certificate())
                    .collect(),
                signing_algs: self.client_auth.signing_algs.clone(),
                mac_algs: self.client_auth.mac_algs.clone(),
            },
            attestation: self.attestation_policy(),
            dpop: self.dpop_policy(),
            has_certificates: self.has_certificates(),
            aliases: aliases.into_iter().map(|(name, paths)| (name.to_owned(), texts(paths))).collect(),
            allowed_origins: self.cors.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            grants: self.grants.enabled.clone(),
            backchannel: self.backchannel_settings(),
            device: DeviceSettings { lifetime: lifetime(self.device.lifetime), interval: lifetime(self.device.interval).seconds() },
            exchanges: self.exchanges(),
            people: self.people_policy(),
            registration: self.registration_settings(),
            documents: self.document_settings(),
            languages: Vec::new(),
            device_lifetime: lifetime(self.sign_in.device_lifetime).seconds(),
            defaults: Defaults {
                audience: self.default_audience().into(),
                lifetime: lifetime(self.lifetimes.access_token),
                lifetime_ceiling: lifetime(self.lifetimes.access_token_ceiling),
                format: self.tokens.format,
                alg: self.signing.default_alg,
            },
            hook_limits: self.hook_limits(),
            lists_scopes: self.tokens.advertise_scopes,
            body_bytes_max: self.limits.body_bytes.bytes(),
            token_bytes_max: self.tokens.max_bytes.bytes(),
            invalid_client_quantum: self.client_auth.invalid_client_quantum,
            mtls_origin: self.mtls_origin(),
            acr_names: self.acr_names(),
            userinfo: self.userinfo_demand(),
            check_session: self.sessions.check_session_iframe,
        }
    }

    /// What UserInfo asks of a sign-in.
    fn userinfo_demand(&self) -> Demand {
        Demand {
            acr_values: self.userinfo.acr_values.iter().map(|name| name.as_str().into()).collect(),
            max_age: self.userinfo.max_age.map(|age| lifetime(age).seconds()),
        }
    }

    fn people_policy(&self) -> PeoplePolicy {
        PeoplePolicy {
            response_types: self.authorize.response_types.clone(),
            require_pkce: self.authorize.require_pkce,
            require_pushed_requests: self.authorize.require_pushed_requests,
            require_signed_requests: self.authorize.require_signed_requests,
            request_uris: self.authorize.request_uris,
            encrypted_requests: self.authorize.encrypted_requests,
            // Read from its file when the node opens.
            detail_types: DetailTypes::default(),
            flow_lifetime: lifetime(self.authorize.flow_lifetime),
            pushed_request_lifetime: lifetime(self.authorize.pushed_request_lifetime),
            code_lifetime: lifetime(self.lifetimes.authorization_code),
            id_token_lifetime: lifetime(self.lifetimes.id_token),
            refresh_lifetime: lifetime(self.lifetimes.refresh_token),
            refresh: RefreshPolicy {
                require_offline_access: self.refresh.require_offline_access,
                rotation: self.refresh.rotation,
                extend: self.refresh.extend_on_rotation,
                idle: self.refresh.idle.map(lifetime),
                reuse_interval: lifetime(self.refresh.reuse_interval),
                check_user: self.refresh.check_user,
            },
            session_lifetime: lifetime(self.sessions.lifetime),
            session_idle: lifetime(self.sessions.idle),
        }
    }

    /// Whether there is a way for a client's certificate to reach us.
    pub fn has_certificates(&self) -> bool {
        self.listen.mtls.is_some() || self.proxied.certificate_header.is_some()
    }

    /// What is wanted of DPoP proofs.
    fn dpop_policy(&self) -> DpopPolicy {
        let origins = std::iter::once(self.issuer.origin().to_owned()).chain(self.mtls_origin());
        DpopPolicy {
            algs: self.dpop.signing_algs.clone(),
            lifetime: lifetime(self.dpop.proof_lifetime).seconds().into(),
            requires_nonce: self.dpop.require_nonce,
            origins: origins.map(String::into_boxed_str).collect(),
        }
    }

    /// Seconds for which a nonce is told.
    pub fn nonce_window(&self) -> i64 {
        lifetime(self.dpop.nonce_lifetime).seconds().into()
    }

    /// The authorities of clients' certificates.
    pub fn trust_files(&self) -> Option<TrustFiles> {
        let ca_file = self.client_auth.ca_file.clone()?;
        Some(TrustFiles { ca_file, crl_file: self.client_auth.crl_file.clone() })
    }

    /// The issuer's host with the port of the mTLS listener.
    fn mtls_origin(&self) -> Option<String> {
        let port = self.listen.mtls?.port();
        let mut url = url::Url::parse(self.issuer.as_str()).ok()?;
        url.set_port(Some(port)).ok()?;
        Some(url.origin().ascii_serialization())
    }

    /// Failures that are let pass.
    pub fn throttle_settings(&self) -> ThrottleSettings {
        let auth = &self.client_auth;
        ThrottleSettings {
            pair: Allowance { burst: auth.throttle_client_burst, every: auth.throttle_client_every },
            address: Allowance { burst: auth.throttle_address_burst, every: auth.throttle_address_every },
            ..ThrottleSettings::default()
        }
    }

    /// Sign-ins of strangers that may begin.
    pub fn beginning_settings(&self) -> ThrottleSettings {
        let allowance = Allowance { burst: self.authorize.begin_burst, every: self.authorize.begin_every };
        ThrottleSettings { pair: allowance, address: allowance, ..ThrottleSettings::default() }
    }

    /// Wrong user codes that are let pass: of one browser and address, and of everybody.
    pub fn user_code_settings(&self) -> [ThrottleSettings; 2] {
        let (device, rows) = (&self.device, ThrottleSettings::default().rows);
        let pair = Allowance { burst: device.guess_burst, every: device.guess_every };
        let address = Allowance { burst: pair.burst.saturating_mul(4), every: pair.every / 4 };
        let all = Allowance { burst: device.guess_all_burst, every: device.guess_all_every };
        [ThrottleSettings { pair, address, rows }, ThrottleSettings { pair: all, address: all, rows: 1 }]
    }

    /// How clients wait at the backchannel.
    fn backchannel_settings(&self) -> BackchannelSettings {
        let ciba = &self.ciba;
        BackchannelSettings {
            limits: Limits { lifetime: lifetime(ciba.lifetime), lifetime_max: lifetime(ciba.lifetime_max) },
            interval: lifetime(ciba.interval).seconds(),
            waiting_max: ciba.waiting_max,
        }
    }

    /// What token exchange offers beside access tokens.
    fn exchanges(&self) -> Arc<Offers> {
        let token_exchange = &self.token_exchange;
        Arc::new(Offers {
            trust_domain: token_exchange.trust_domain.as_ref().map(|domain| domain.as_str().into()),
            transaction_lifetime: lifetime(token_exchange.transaction_lifetime),
            assertion_lifetime: lifetime(token_exchange.assertion_lifetime),
        })
    }

    /// How clients register themselves.
    fn registration_settings(&self) -> RegistrationSettings {
        let texts = |texts: &[PlainText]| texts.iter().map(|text| text.as_str().into()).collect();
        let scopes = self.registration.scopes.iter().map(PlainText::as_str);
        RegistrationSettings {
            mode: self.registration.mode,
            statement_required: self.registration.require_software_statement,
            policy: registering::Policy {
                grants: self.registration.grant_types.clone(),
                methods: self.registration.auth_methods.clone(),
                // The check of the configuration has seen that they are scopes.
                scopes: ScopeSet::from_tokens(scopes).unwrap_or_default(),
                resources: texts(&self.registration.resources),
                tags: texts(&self.registration.tags),
                redirect_hosts: texts(&self.registration.redirect_hosts),
                links_of_redirect_hosts: self.registration.links_of_redirect_hosts,
                profile: self.registration.profile,
            },
            secret_lifetime: self.registration.secret_lifetime.map(lifetime),
            clients_max: self.registration.clients_max,
        }
    }

    /// Registrations that are let pass where everybody may register.
    pub fn registration_throttle(&self) -> ThrottleSettings {
        let allowance = Allowance { burst: self.registration.burst, every: self.registration.every };
        ThrottleSettings { pair: allowance, address: allowance, ..ThrottleSettings::default() }
    }

    /// Questions about unknown tokens that are let pass.
    pub fn guess_settings(&self) -> GuessSettings {
        let asked = &self.introspection;
        GuessSettings {
            unknown: ThrottleSettings {
                pair: Allowance { burst: asked.unknown_caller_burst, every: asked.unknown_caller_every },
                address: Allowance { burst: asked.unknown_address_burst, every: asked.unknown_address_every },
                ..ThrottleSettings::default()
            },
            remembered: asked.remembered,
        }
    }

    /// Costly secrets.
    pub fn secret_desk_settings(&self) -> SecretDeskSettings {
        let auth = &self.client_auth;
        let memory_kib = u32::try_from(auth.argon2_memory.bytes() / 1024).unwrap_or(u32::MAX);
        SecretDeskSettings {
            cost: Cost { memory_kib, passes: auth.argon2_iterations, ..Cost::default() },
            queue: auth.argon2_queue,
            remember: auth.remember,
            remembered: auth.remembered,
            passwords: self.password_settings(),
        }
    }

    fn password_settings(&self) -> PasswordSettings {
        let passwords = &self.passwords;
        let memory_kib = u32::try_from(passwords.argon2_memory.bytes() / 1024).unwrap_or(u32::MAX);
        PasswordSettings { cost: Cost { memory_kib, passes: passwords.argon2_iterations, ..Cost::default() }, queue: passwords.queue }
    }

    /// People.
    pub fn people_settings(&self) -> PeopleSettings {
        let (passwords, throttle) = (&self.passwords, &self.sign_in_throttle);
        PeopleSettings {
            service_name: self.sign_in.service_name.as_str().into(),
            refusal_quantum: self.sign_in.refusal_quantum,
            device_lifetime: lifetime(self.sign_in.device_lifetime),
            lengths: passwords.min_length..=passwords.max_length,
            denylist_file: passwords.denylist_file.clone(),
            throttle: SignInThrottleSettings {
                pair: Allowance { burst: throttle.pair_burst, every: throttle.pair_every },
                account: Allowance { burst: throttle.account_burst, every: throttle.account_every },
                network: Allowance { burst: throttle.network_burst, every: throttle.network_every },
                device: Allowance { burst: throttle.device_burst, every: throttle.device_every },
                code: Allowance { burst: throttle.code_burst, every: throttle.code_every },
            },
            passkeys: self.passkeys.enabled.then(|| PasskeySettings {
                origin: self.issuer.origin().to_owned(),
                rp_id: self.passkeys.rp_id.as_ref().map(|id| id.as_str().into()),
                timeout: lifetime(self.passkeys.timeout),
            }),
        }
    }

    /// The other provider with which people may sign in, where there is one.
    pub fn upstream_settings(&self) -> Result<Option<UpstreamSettings>, UnreadableSecret> {
        let upstream = &self.upstream;
        let (Some(issuer), Some(client_id), Some(file)) = (&upstream.issuer, &upstream.client_id, &upstream.client_secret_file) else {
            return Ok(None);
        };
        let host = || url::Url::parse(issuer.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        Ok(Some(UpstreamSettings {
            name: upstream.name.as_ref().map_or_else(host, |name| name.as_str().to_owned()).into(),
            issuer: issuer.as_str().into(),
            client_id: client_id.as_str().into(),
            client_secret: secret_text("upstream.client_secret_file", file)?,
            scopes: upstream.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            signing_algs: upstream.signing_algs.clone(),
            creates_people: upstream.unknown_people == UnknownPeople::Create,
            redirect_uri: self.issuer.url(crate::upstream::RETURN_PATH).into(),
        }))
    }

    /// The names of the levels of assurance; the check of the configuration has seen that they are good.
    pub fn acr_names(&self) -> AcrNames {
        let names = &self.assurance;
        AcrNames::new([names.password.as_str(), names.mfa.as_str(), names.passkey.as_str()]).unwrap_or_default()
    }

    /// Fetching from strangers.
    pub fn fetch_settings(&self) -> FetchSettings {
        let fetch = &self.fetch;
        FetchSettings {
            allowed_networks: fetch.allowed_networks.clone(),
            allowed_hosts: fetch.allowed_hosts.iter().map(|host| host.as_str().to_owned()).collect(),
            timeout: fetch.timeout,
            max_bytes: fetch.max_bytes.bytes(),
            concurrent: fetch.concurrent,
            extra_ca_file: fetch.ca_file.clone(),
        }
    }

    /// Public keys of clients.
    pub fn client_keys_settings(&self) -> ClientKeysSettings {
        ClientKeysSettings {
            bytes: self.cache.key_sets.bytes() as u64,
            cache_time: self.cache.key_set_lifetime,
            ..ClientKeysSettings::default()
        }
    }
}

impl super::Aliases {
    /// The aliases of each endpoint, by its name.
    pub fn all(&self) -> [(&'static str, &[RootedPath]); 6] {
        [
            ("token", &self.token),
            ("introspection", &self.introspection),
            ("revocation", &self.revocation),
            ("jwks", &self.jwks),
            ("openid_configuration", &self.openid_configuration),
            ("oauth_authorization_server", &self.oauth_authorization_server),
        ]
    }
}

fn texts(paths: &[RootedPath]) -> Vec<String> {
    paths.iter().map(|path| path.as_str().to_owned()).collect()
}
