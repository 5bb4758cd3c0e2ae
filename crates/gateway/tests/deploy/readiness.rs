//! `--ready`, which is the health check of the container.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    thread,
};

use genuine_gateway::gate::sha256;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign,
};

use crate::{server::Server, support::Scratch};

const TOKEN: &str = "an-operator-token-of-40-characters-0123";

/// `--ready` of the demonstration whose operator listens there: the exit code, and what it says.
fn asked(operator: &str, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.args(["--demo", "--ready"]).env("GENUINE_GATEWAY_OPERATOR_LISTEN", operator.replace("http://", ""));
    let Output { status, stdout, stderr } = command.envs(settings.iter().copied()).output().unwrap();
    assert!(stdout.is_empty());
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_gateway_says_whether_it_is_ready() {
    let server = Server::start("memory", &[("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN)]);
    let operator = server.operator.clone();
    assert_eq!(asked(&operator, &[("GENUINE_GATEWAY_OPERATOR_TOKEN", TOKEN)]), (Some(0), String::new()));
    // Without the token, and with another one, which the message does not repeat.
    let other = TOKEN.replace("operator", "unknown!");
    for settings in [&[][..], &[("GENUINE_GATEWAY_OPERATOR_TOKEN", &*other)]] {
        let (code, text) = asked(&operator, settings);
        assert_eq!(code, Some(1));
        assert!(text.contains("401") && !text.contains(&other), "{text}");
    }
    drop(server);
    let (code, text) = asked(&operator, &[]);
    assert_eq!((code, text.contains("nobody answers")), (Some(1), true), "{text}");
    let (code, text) = asked("127.0.0.1:0", &[]);
    assert_eq!((code, text.contains("names no port")), (Some(1), true), "{text}");
}

#[test]
fn a_gateway_without_its_store_is_not_ready() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::start(&format!("redis://{nobody}/"), &[]);
    let (code, text) = asked(&server.operator, &[]);
    assert_eq!((code, text.contains("503")), (Some(1), true), "{text}");
}

/// A certificate and its key in this directory, under this name.
fn certificate(directory: &Path, name: &str) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["gateway.example".to_owned()]).unwrap();
    fs::write(directory.join(format!("{name}.pem")), cert.pem()).unwrap();
    fs::write(directory.join(format!("{name}.key")), signing_key.serialize_pem()).unwrap();
}

/// A configuration with a monitor who has the token, and with this before it.
fn with_monitor(directory: &Path, settings: &str) {
    let hash = sha256(TOKEN.as_bytes()).map(|octet| format!("{octet:02x}")).concat();
    let config = format!(
        "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n{settings}\n\
         [[operators]]\nname = \"probe\"\nrole = \"monitor\"\ntoken_sha256 = \"{hash}\"\n\
         [[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n"
    );
    fs::write(directory.join("gateway.toml"), config).unwrap();
}

fn gateway(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
    command.current_dir(directory).args(["--config", "gateway.toml"]);
    command
}

/// `--ready` with the configuration of this directory, for a listener at this address.
fn asked_of(directory: &Path, address: &str, token: Option<&str>) -> (Option<i32>, String) {
    let mut command = gateway(directory);
    command.arg("--ready").env("GENUINE_GATEWAY_OPERATOR_LISTEN", address);
    let output = command.envs(token.map(|token| ("GENUINE_GATEWAY_READY_TOKEN", token))).output().unwrap();
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(token.is_none_or(|token| !text.contains(token)), "{text}");
    (output.status.code(), text)
}

const TLS: &str = "operator_tls = { certificate = \"listener.pem\", key = \"listener.key\" }";

#[test]
fn the_probe_has_a_token_of_its_own() {
    let scratch = Scratch::new("ready-token");
    let directory = scratch.path();
    certificate(directory, "listener");
    for (settings, scheme) in [("", "http://"), (TLS, "https://")] {
        with_monitor(directory, settings);
        let server = Server::run(&mut gateway(directory));
        let address = server.operator.strip_prefix(scheme).unwrap();
        assert_eq!(asked_of(directory, address, Some(TOKEN)), (Some(0), String::new()), "{scheme}");
        let (code, text) = asked_of(directory, address, None);
        assert_eq!((code, text.contains("401: a token is wanted")), (Some(1), true), "{text}");
        let (code, text) = asked_of(directory, address, Some(&TOKEN.replace("operator", "unknown!")));
        assert_eq!((code, text.contains("401")), (Some(1), true), "{text}");
        let (code, text) = asked_of(directory, address, Some("short"));
        assert_eq!((code, text.contains("GENUINE_GATEWAY_READY_TOKEN: a token")), (Some(2), true), "{text}");
    }
    // The gateway itself passes it over, and prints it nowhere.
    let output = gateway(directory).arg("--check").env("GENUINE_GATEWAY_READY_TOKEN", TOKEN).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && !text.contains(TOKEN) && !text.contains("ready_token"), "{text}");
}

/// Shows a certificate, whatever key it signs with.
#[derive(Debug)]
struct Showing(Arc<sign::CertifiedKey>);

impl ResolvesServerCert for Showing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Where somebody waits who has this certificate and this key, and answers that all is well; and what they were sent.
fn somebody(directory: &Path, certificate: &str, key: &str) -> (String, thread::JoinHandle<Vec<u8>>) {
    let chain = vec![CertificateDer::from_pem_file(directory.join(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(directory.join(key)).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let shown = Showing(Arc::new(sign::CertifiedKey::new(chain, key)));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_cert_resolver(Arc::new(shown)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
        let mut sent = vec![0; 4096];
        let length = stream.read(&mut sent).unwrap_or_default();
        sent.truncate(length);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.conn.send_close_notify();
        let _ = stream.flush();
        sent
    });
    (address, serving)
}

/// Whoever sits at the address without certificate and key of the gateway is told nothing, the token least of all.
#[test]
fn nobody_else_is_asked() {
    let scratch = Scratch::new("ready-pinned");
    let directory = scratch.path();
    certificate(directory, "listener");
    certificate(directory, "other");
    with_monitor(directory, TLS);
    let (address, serving) = somebody(directory, "listener.pem", "listener.key");
    assert_eq!(asked_of(directory, &address, Some(TOKEN)), (Some(0), String::new()));
    assert!(String::from_utf8(serving.join().unwrap()).unwrap().contains(TOKEN), "to see that it would be seen");
    for (certificate, key, expected) in [
        ("other.pem", "other.key", "has another certificate"),
        // The certificate is no secret: who has it alone does not have its key.
        ("listener.pem", "other.key", "nobody answers"),
    ] {
        let (address, serving) = somebody(directory, certificate, key);
        let (code, text) = asked_of(directory, &address, Some(TOKEN));
        assert_eq!((code, text.contains(expected)), (Some(1), true), "{text}");
        assert_eq!(serving.join().unwrap(), b"", "{certificate} {key}");
    }
    // And nobody in plain text.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut sent = vec![0; 4096];
        let length = stream.read(&mut sent).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        sent.truncate(length);
        sent
    });
    assert_eq!(asked_of(directory, &address, Some(TOKEN)).0, Some(1));
    assert!(!String::from_utf8_lossy(&serving.join().unwrap()).contains("Bearer"));
}

#[test]
fn the_probe_says_that_it_has_no_certificate() {
    let scratch = Scratch::new("ready-clients");
    certificate(scratch.path(), "listener");
    with_monitor(scratch.path(), &TLS.replace(" }", ", clients = \"listener.pem\" }"));
    let (code, text) = asked_of(scratch.path(), "127.0.0.1:1", Some(TOKEN));
    assert_eq!(
        (code, text.contains("operator_tls.clients: the listener wants a client's certificate")),
        (Some(1), true)
    );
    assert!(text.contains("curl") && text.contains("--cert"), "{text}");
}
