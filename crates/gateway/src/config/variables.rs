//! The environment, over a file or in its place.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, de::IntoDeserializer as _};

use super::{Application, Config, Hex, Mistakes, OperatorTls, Play, PlayKeys, Secret, Tls, store::parse_store};

/// The prefix of this server's own variables.
const PREFIX: &str = "GENUINE_GATEWAY_";
/// The prefix of the variables that describe one application, under the names of the field.
const IOS_PREFIX: &str = "ATTESTATION_IOS_APP_ATTEST_";
/// The prefix of the variables that describe one application on Android, under the names of the field.
const ANDROID_PREFIX: &str = "ATTESTATION_ANDROID_";
/// How all variables begin that are meant for this server. One that nobody reads is a mistake, not somebody else's.
const FAMILIES: [&str; 2] = ["GENUINE_GATEWAY", "ATTESTATION_"];
/// Every variable that is read.
pub const VARIABLES: [&str; 30] = [
    "GENUINE_GATEWAY_LISTEN",
    "GENUINE_GATEWAY_OPERATOR_LISTEN",
    "GENUINE_GATEWAY_OPERATOR_TOKEN",
    "GENUINE_GATEWAY_READY_TOKEN",
    "GENUINE_GATEWAY_OPERATOR_TLS_CERTIFICATE",
    "GENUINE_GATEWAY_OPERATOR_TLS_KEY",
    "GENUINE_GATEWAY_OPERATOR_TLS_CLIENTS",
    "GENUINE_GATEWAY_OPERATOR_HOSTS",
    "GENUINE_GATEWAY_OPERATOR_ALLOW_PLAIN",
    "GENUINE_GATEWAY_AUDIT",
    "GENUINE_GATEWAY_AUTHORITY",
    "GENUINE_GATEWAY_STORE",
    "GENUINE_GATEWAY_SESSION_HEADER",
    "GENUINE_GATEWAY_CALLERS",
    "GENUINE_GATEWAY_TLS_CERTIFICATE",
    "GENUINE_GATEWAY_TLS_KEY",
    "GENUINE_GATEWAY_TRUSTED_PROXIES",
    "GENUINE_GATEWAY_ALLOW_PLAIN_HTTP",
    "GENUINE_GATEWAY_ADDRESS_PER_MINUTE",
    "GENUINE_GATEWAY_DEVICE_PER_MINUTE",
    "ATTESTATION_IOS_APP_ATTEST_APP_ID",
    "ATTESTATION_IOS_APP_ATTEST_ENVIRONMENT",
    "ATTESTATION_IOS_APP_ATTEST_MODE",
    "ATTESTATION_IOS_APP_ATTEST_TIMEOUT",
    "ATTESTATION_ANDROID_PACKAGE_NAME",
    "ATTESTATION_ANDROID_CERTIFICATES",
    "ATTESTATION_ANDROID_PLAY_INTEGRITY_MODE",
    "ATTESTATION_ANDROID_PLAY_INTEGRITY_TIMEOUT",
    "ATTESTATION_ANDROID_PLAY_INTEGRITY_DECRYPTION_KEY",
    "ATTESTATION_ANDROID_PLAY_INTEGRITY_VERIFICATION_KEY",
];
/// How many letters a name may be off for the message to say which one was meant.
const TYPO: usize = 3;
/// The applications that those variables describe.
const IOS_APPLICATION: &str = "ios";
const ANDROID_APPLICATION: &str = "android";
const UNKNOWN: &str = "absent: nothing reads it";

impl Config {
    /// This configuration with the variables over it, checked.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn with_variables(mut self, variables: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let (mut own, mut ios, mut android) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (name, value) in variables {
            if !VARIABLES.contains(&&*name) {
                if is_ours(&name) && !is_service_link(&name, &value) {
                    let hint = meant(&name).map_or_else(String::new, |known| format!("; {known} is one"));
                    mistakes.push(format!("{name}: there is no such variable{hint}"));
                }
            } else if let Some(rest) = name.strip_prefix(PREFIX) {
                own.insert(rest.to_owned(), value);
            } else if let Some(rest) = name.strip_prefix(IOS_PREFIX) {
                ios.insert(rest.to_owned(), value);
            } else if let Some(rest) = name.strip_prefix(ANDROID_PREFIX) {
                android.insert(rest.to_owned(), value);
            }
        }
        self.apply_own(own, &mut mistakes);
        self.apply_ios(ios, &mut mistakes);
        self.apply_android(android, &mut mistakes);
        self.check(&mut mistakes);
        if mistakes.is_empty() { Ok(self) } else { Err(Mistakes(mistakes)) }
    }

    fn apply_own(&mut self, variables: BTreeMap<String, String>, mistakes: &mut Vec<String>) {
        for (name, value) in variables {
            let form = match name.as_str() {
                "LISTEN" => set(&mut self.listen, value.parse().ok(), "an address and a port"),
                "OPERATOR_LISTEN" => set(&mut self.operator_listen, value.parse().ok(), "an address and a port"),
                "STORE" => {
                    let store = parse_store(&value, &self.store);
                    set(&mut self.store, store, "memory, redb:PATH, redis://… or postgres://…")
                }
                "SESSION_HEADER" => set(&mut self.session_header, Some(value), ""),
                "OPERATOR_TOKEN" => set(&mut self.operator_token, Some(Some(Secret(value))), ""),
                "READY_TOKEN" => set(&mut self.ready_token, Some(Some(Secret(value))), ""),
                "OPERATOR_TLS_CERTIFICATE" => set(&mut self.operator_tls_mut().certificate, Some(value.into()), ""),
                "OPERATOR_TLS_KEY" => set(&mut self.operator_tls_mut().key, Some(value.into()), ""),
                "OPERATOR_TLS_CLIENTS" => set(&mut self.operator_tls_mut().clients, Some(Some(value.into())), ""),
                "OPERATOR_HOSTS" => set(&mut self.operator_hosts, Some(list(&value)), ""),
                "OPERATOR_ALLOW_PLAIN" => set(&mut self.operator_allow_plain, value.parse().ok(), "true or false"),
                "AUDIT" => set(&mut self.audit, Some(Some(value.into())), ""),
                "AUTHORITY" => set(&mut self.authority, Some(value), ""),
                "CALLERS" => set(&mut self.callers, Some(list(&value)), ""),
                "ALLOW_PLAIN_HTTP" => set(&mut self.allow_plain_http, value.parse().ok(), "true or false"),
                "TRUSTED_PROXIES" => {
                    let network = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                    let networks = value.split(',').map(|text| network(text.trim())).collect::<Result<_, _>>();
                    set(&mut self.trusted_proxies, networks.ok(), "networks or addresses, separated by commas")
                }
                "ADDRESS_PER_MINUTE" => set(&mut self.limits.address_per_minute, value.parse().ok(), "a number"),
                "DEVICE_PER_MINUTE" => set(&mut self.limits.device_per_minute, value.parse().ok(), "a number"),
                "TLS_CERTIFICATE" => set(&mut self.tls_mut().certificate, Some(value.into()), ""),
                "TLS_KEY" => set(&mut self.tls_mut().key, Some(value.into()), ""),
                _ => Err(UNKNOWN),
            };
            name_mistake(PREFIX, &name, form, mistakes);
        }
    }

    fn operator_tls_mut(&mut self) -> &mut OperatorTls {
        let empty = || OperatorTls { certificate: PathBuf::new(), key: PathBuf::new(), clients: None };
        self.operator_tls.get_or_insert_with(empty)
    }

    fn tls_mut(&mut self) -> &mut Tls {
        self.tls.get_or_insert_with(|| Tls { certificate: PathBuf::new(), key: PathBuf::new() })
    }

    /// The variables of the field describe one application beside those of the file.
    fn apply_ios(&mut self, variables: BTreeMap<String, String>, mistakes: &mut Vec<String>) {
        if variables.is_empty() {
            return;
        }
        let mut application = Application::new(IOS_APPLICATION, &[]);
        for (name, value) in variables {
            let form = match name.as_str() {
                "APP_ID" => set(&mut application.app_ids, Some(list(&value)), ""),
                "ENVIRONMENT" => set(&mut application.environment, word(&value), "PRODUCTION or DEVELOPMENT"),
                "MODE" => set(&mut application.mode, word(&value), "OFF, OPTIONAL or REQUIRED"),
                "TIMEOUT" => set(&mut application.timeout_ms, value.parse().ok(), "a number of milliseconds"),
                _ => Err(UNKNOWN),
            };
            name_mistake(IOS_PREFIX, &name, form, mistakes);
        }
        if application.app_ids.is_empty() {
            mistakes.push(format!("{IOS_PREFIX}APP_ID: is missing, and the others need it"));
        } else {
            self.applications.push(application);
        }
    }
}

impl Config {
    /// The variables of the field describe one application on Android beside those of the file: with classic tokens, which need no
    /// other server.
    fn apply_android(&mut self, variables: BTreeMap<String, String>, mistakes: &mut Vec<String>) {
        if variables.is_empty() {
            return;
        }
        let mut application = Application::new(ANDROID_APPLICATION, &[]);
        let mut play = Play::new("", &[]);
        let (mut decryption_key, mut verification_key) = (None, None);
        for (name, value) in variables {
            let form = match name.as_str() {
                "PACKAGE_NAME" => set(&mut play.package_name, Some(value), ""),
                "CERTIFICATES" => {
                    let digests = list(&value).into_iter().map(Hex::try_from).collect::<Result<_, _>>();
                    set(&mut play.certificates, digests.ok(), "SHA-256 of certificates in hex, separated by commas")
                }
                "PLAY_INTEGRITY_MODE" => set(&mut play.mode, word(&value), "OFF, OPTIONAL or REQUIRED"),
                "PLAY_INTEGRITY_TIMEOUT" => {
                    set(&mut application.timeout_ms, value.parse().ok(), "a number of milliseconds")
                }
                "PLAY_INTEGRITY_DECRYPTION_KEY" => set(&mut decryption_key, Some(Some(Secret(value))), ""),
                "PLAY_INTEGRITY_VERIFICATION_KEY" => set(&mut verification_key, Some(Some(value)), ""),
                _ => Err(UNKNOWN),
            };
            name_mistake(ANDROID_PREFIX, &name, form, mistakes);
        }
        if play.mode.verifies() {
            let missing = [
                ("PACKAGE_NAME", play.package_name.is_empty()),
                ("CERTIFICATES", play.certificates.is_empty()),
                ("PLAY_INTEGRITY_DECRYPTION_KEY", decryption_key.is_none()),
                ("PLAY_INTEGRITY_VERIFICATION_KEY", verification_key.is_none()),
            ];
            let missing = missing.into_iter().filter(|(_, missing)| *missing);
            mistakes
                .extend(missing.map(|(name, _)| format!("{ANDROID_PREFIX}{name}: is missing, and the mode needs it")));
        }
        if let (Some(decryption_key), Some(verification_key)) = (decryption_key, verification_key) {
            play.keys = vec![PlayKeys { decryption_key, verification_key }];
        }
        application.play = Some(play);
        self.applications.push(application);
    }
}

/// Whether a variable of this name is meant for this server: it is read, or a mistake.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    FAMILIES.iter().any(|family| name.starts_with(family)) || meant(&name).is_some()
}

/// Whether Kubernetes sets this variable in every pod beside a service called `genuine-gateway`: its addresses. A port that is a
/// number is a setting which somebody took for one of this server's.
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    let is_url = || value.split_once("://").is_some_and(|(scheme, _)| PROTOCOLS.contains(&&*scheme.to_uppercase()));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    match rest.split('_').collect::<Vec<_>>()[..] {
        ["SERVICE", "HOST" | "PORT"] => true,
        // The port's name.
        ["SERVICE", "PORT", ref port @ ..] => port.iter().all(|word| is_word(word)),
        ["PORT"] => is_url(),
        ["PORT", number, protocol] | ["PORT", number, protocol, "PROTO" | "PORT" | "ADDR"] => {
            is_number(number) && PROTOCOLS.contains(&protocol)
        }
        _ => false,
    }
}

/// The variable that is read and has almost this name.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let distance = |known: &&str| strsim::levenshtein(&name, known);
    VARIABLES.into_iter().min_by_key(distance).filter(|known| distance(known) <= TYPO)
}

/// Takes the value if it has the form, which is the error otherwise.
fn set<T>(setting: &mut T, value: Option<T>, form: &'static str) -> Result<(), &'static str> {
    *setting = value.ok_or(form)?;
    Ok(())
}

/// The value stays out of the message: it may be secret.
fn name_mistake(prefix: &str, name: &str, form: Result<(), &str>, mistakes: &mut Vec<String>) {
    if let Err(form) = form {
        mistakes.push(format!("{prefix}{name}: must be {form}"));
    }
}

/// One of an enum's words, as the file has them.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let words: serde::de::value::StrDeserializer<'a, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(words).ok()
}

/// Words separated by commas.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).collect()
}
