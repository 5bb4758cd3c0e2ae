//! What has to hold of a configuration as a whole.

use std::net::Ipv6Addr;

use super::{Config, LONGEST_REQUEST, Secret, Store, headers::is_free};
use crate::store::{PostgresStore, Unfit};

/// The shortest token of the operator: 32 hexadecimal digits hold 128 bits.
pub(super) const TOKEN_LENGTH: usize = 32;
/// How apps on this machine address the service unless it is configured.
pub(super) const LOCAL_AUTHORITY: &str = "localhost:8080";

impl Config {
    pub(super) fn check(&self, mistakes: &mut Vec<String>) {
        let mut expect = |right: bool, mistake: &str| {
            if !right {
                mistakes.push(mistake.to_owned());
            }
        };
        let loopback = self.listen.ip().is_loopback();
        expect(
            loopback || self.tls.is_some() || !self.trusted_proxies.is_empty() || self.allow_plain_http,
            "listen: beyond loopback it takes tls, trusted_proxies or allow_plain_http",
        );
        let operator_loopback = self.operator_listen.ip().is_loopback();
        let printable = |token: &Secret| token.0.len() >= TOKEN_LENGTH && token.0.bytes().all(|b| b.is_ascii_graphic());
        expect(
            self.operator_token.as_ref().is_none_or(printable),
            "operator_token: at least 32 printable characters without a space, such as openssl rand -hex 32 gives",
        );
        expect(
            is_authority(&self.authority),
            "authority: a host in lower case, and a port if apps name one: shop.example.com or localhost:8080",
        );
        expect(
            self.authority != LOCAL_AUTHORITY || loopback && self.trusted_proxies.is_empty(),
            "authority: is missing, or is that of apps on this machine; apps from beyond it, also those behind trusted_proxies, sign the host \
             that they call",
        );
        expect(
            !self.demo || loopback && operator_loopback && self.trusted_proxies.is_empty(),
            "listen, operator_listen, trusted_proxies: the demonstration trusts a public test root and stays on loopback",
        );
        expect(
            !self.demo || self.applications.len() == 1,
            "ATTESTATION_IOS_APP_ATTEST_…: the demonstration trusts a public test root and has no other application",
        );
        expect(
            is_free(&self.session_header, &["cookie"]),
            "session_header: this is no name of a header that could hold a session",
        );
        let private = match &self.store {
            Store::Redis(redis) => redis.settings().map(|settings| settings.is_private()),
            Store::Postgres { url, ca, allow_plain } => PostgresStore::settings(url, ca.as_deref())
                .map(|(settings, tls)| tls.is_some() || *allow_plain || PostgresStore::is_local(&settings)),
            Store::Redb { .. } | Store::Memory {} => Ok(true),
        };
        match private {
            Ok(private) => expect(private, &Unfit::Plain.to_string()),
            Err(mistake) => expect(false, &mistake),
        }
        expect(
            (1..=86_400).contains(&self.challenges.lifetime_seconds),
            "challenges.lifetime_seconds: from 1 to 86400",
        );
        expect(
            self.retention_days.is_none_or(|days| (1..=36_500).contains(&days)),
            "retention_days: from 1 to 36500; without it devices are kept for good",
        );
        expect((1..=1 << 30).contains(&self.limits.body_bytes), "limits.body_bytes: from 1 to 1073741824");
        expect(
            (1..=LONGEST_REQUEST.as_millis()).contains(&self.limits.request_timeout_ms.into()),
            "limits.request_timeout_ms: from 1 to 60000",
        );
        expect(self.limits.connections_per_address > 0, "limits.connections_per_address: at least 1");
        expect((1..=1_000_000).contains(&self.limits.connections), "limits.connections: from 1 to 1000000");
        expect(
            self.limits.buffered_bytes >= self.limits.body_bytes,
            "limits.buffered_bytes: at least limits.body_bytes",
        );
        expect(
            !self.applications.is_empty(),
            "applications: there is none; a file (--config FILE), ATTESTATION_IOS_APP_ATTEST_APP_ID or ATTESTATION_ANDROID_PACKAGE_NAME describes them",
        );
        expect(
            self.applications.len() < 2 || !self.callers.is_empty(),
            "callers: with several applications, name those whose apps may call the protected routes",
        );
        for caller in &self.callers {
            let known = self.applications.iter().any(|application| application.name == *caller);
            expect(known, &format!("callers: there is no application {caller:?}"));
        }
        self.check_operators(mistakes);
        self.check_tokens(mistakes);
        self.check_google(mistakes);
        self.check_revocations(mistakes);
        self.check_accounts(mistakes);
        self.check_mediator(mistakes);
        self.check_api_keys(mistakes);
        self.check_forward_auth(mistakes);
        self.check_log(mistakes);
        self.check_traces(mistakes);
        self.check_applications(mistakes);
        self.check_rehearsals(mistakes);
    }
}

/// Host and port as clients name them (RFC 3986 §3.2): one spelling, and no user.
pub(super) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        // The last colon of an IPv6 address stands before its bracket.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| port.parse().is_ok_and(|number: u16| number > 0 && number.to_string() == port);
    let is_label = |label: &str| {
        !(label.is_empty() || label.starts_with('-') || label.ends_with('-'))
            && label.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse().is_ok_and(|parsed: Ipv6Addr| parsed.to_string() == address),
        None => host.split('.').all(is_label),
    };
    is_host && port.is_none_or(is_port)
}
