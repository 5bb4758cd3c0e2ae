//! TLS and its certificate, and what the log says of a revocation.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::server::{Server, register};
use crate::support::{self, Scratch};

/// A TLS client that trusts this certificate and speaks this version only.
async fn get_over_tls(
    address: &str,
    certificate: &rcgen::CertifiedKey<rcgen::KeyPair>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connection = tokio::net::TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect("localhost".try_into().unwrap(), connection).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
    let mut answer = Vec::new();
    // Some servers close without saying so.
    let _ = stream.read_to_end(&mut answer).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_tls_is_spoken_in_1_2_and_1_3() {
    let scratch = Scratch::new("tls");
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let path = |name: &str| scratch.path().join(name).display().to_string();
    std::fs::write(path("chain.pem"), certificate.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), certificate.signing_key.serialize_pem()).unwrap();
    let settings =
        [("GENUINE_GATEWAY_TLS_CERTIFICATE", &*path("chain.pem")), ("GENUINE_GATEWAY_TLS_KEY", &*path("key.pem"))];
    let server = Server::start("memory", &settings);
    let address = server.app.strip_prefix("https://").unwrap();
    for version in [&TLS12, &TLS13] {
        let answer = get_over_tls(address, &certificate, version).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Plain text and half a handshake end their own connection; the next one is served.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET /openapi.json HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"\x16\x03\x01\x02\x00\x01\x00").unwrap();
    assert!(get_over_tls(address, &certificate, &TLS13).await.unwrap().starts_with("HTTP/1.1 200"));
}

/// A new certificate is used from the hang-up on; one that cannot be read is not, and ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_at_a_hang_up() {
    let scratch = Scratch::new("renewed");
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let issue = || {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(path("chain.pem"), certificate.cert.pem()).unwrap();
        std::fs::write(path("key.pem"), certificate.signing_key.serialize_pem()).unwrap();
        certificate
    };
    let first = issue();
    let settings =
        [("GENUINE_GATEWAY_TLS_CERTIFICATE", &*path("chain.pem")), ("GENUINE_GATEWAY_TLS_KEY", &*path("key.pem"))];
    let server = Server::start("memory", &settings);
    let address = server.app.strip_prefix("https://").unwrap().to_owned();
    get_over_tls(&address, &first, &TLS13).await.unwrap();

    let second = issue();
    assert!(get_over_tls(&address, &second, &TLS13).await.is_err(), "nobody has said so yet");
    server.signal("-HUP");
    let mut renewed = false;
    for _ in 0..100 {
        renewed = get_over_tls(&address, &second, &TLS13).await.is_ok();
        if renewed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(renewed && get_over_tls(&address, &first, &TLS13).await.is_err());

    // The key of another certificate.
    std::fs::write(path("key.pem"), first.signing_key.serialize_pem()).unwrap();
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(get_over_tls(&address, &second, &TLS13).await.unwrap().starts_with("HTTP/1.1 200"));
    server.signal("-TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("the certificate was read again").count(), 1, "{log}");
    assert_eq!(log.matches("the certificate stays as it was: tls:").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_without_a_certificate_changes_nothing() {
    let server = Server::start("memory", &[]);
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(register(&server.client("alice")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_is_logged_with_the_device() {
    let server = Server::start("memory", &[]);
    let alice = server.client("alice");
    assert!(register(&alice).await);
    let key_id = BASE64_URL_SAFE_NO_PAD.encode(alice.device.key_id());
    for (key_id, status) in [(&*key_id, StatusCode::NO_CONTENT), (&"A".repeat(43), StatusCode::NOT_FOUND)] {
        let url = format!("{}/devices/{key_id}/revocation", server.operator);
        assert_eq!(
            alice
                .http
                .put(url)
                .header("idempotency-key", support::idempotency_key_of_now())
                .send()
                .await
                .unwrap()
                .status(),
            status
        );
    }
    server.signal("-TERM");
    let (_, log) = server.end();
    let revoked: Vec<_> = log.lines().filter(|line| line.contains("revoked")).collect();
    assert!(revoked.len() == 1 && revoked[0].contains(&key_id), "{log}");
}
