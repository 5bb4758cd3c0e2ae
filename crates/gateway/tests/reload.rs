//! Certificates that are replaced while apps are served: no request is dropped, and what cannot be read changes nothing.
#![allow(missing_docs)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::{
    fs, iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SerialNumber};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use server::Server;
use support::Scratch;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How often the certificate is replaced, and in which of these rounds by what is none.
const ROUNDS: u64 = 20;
const BROKEN: [(u64, Broken); 3] = [(5, Broken::NoChain), (10, Broken::NoKey), (15, Broken::AnotherKey)];
/// Connections that stay, and tasks that make a new one for each request.
const STAYING: usize = 8;
const COMING: usize = 4;

#[derive(Clone, Copy)]
enum Broken {
    NoChain,
    NoKey,
    AnotherKey,
}

/// An authority, and where the gateway finds what it has issued.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    scratch: Scratch,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), root, scratch: Scratch::new(name) }
    }

    fn path(&self, name: &str) -> String {
        self.scratch.path().join(name).display().to_string()
    }

    /// Puts a certificate with this serial number where the gateway reads it.
    fn issue(&self, serial: u64) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path("chain.pem"), certificate.pem()).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
    }

    fn spoil(&self, how: Broken) {
        match how {
            Broken::NoChain => fs::write(self.path("chain.pem"), "nothing").unwrap(),
            Broken::NoKey => fs::remove_file(self.path("key.pem")).unwrap(),
            Broken::AnotherKey => {
                fs::write(self.path("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
            }
        }
    }

    fn client(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        // Each handshake is a whole one, which shows a certificate.
        config.resumption = rustls::client::Resumption::disabled();
        TlsConnector::from(Arc::new(config))
    }
}

/// A connection, and the serial number of the certificate that it was shown.
async fn connect(address: &str, client: &TlsConnector) -> (SendRequest<Body>, u64) {
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = client.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    let serial = serial_of(&certificates[0]);
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    (sender, serial)
}

/// The serial number: the first integer after the version, `A0 03 02 01 02`.
fn serial_of(certificate: &[u8]) -> u64 {
    let version = [0xA0, 3, 2, 1, 2];
    let at = certificate.windows(version.len()).position(|window| window == version).unwrap() + version.len();
    assert_eq!(certificate[at], 2, "an integer");
    let length = usize::from(certificate[at + 1]);
    certificate[at + 2..at + 2 + length].iter().fold(0, |number, octet| (number << 8) | u64::from(*octet))
}

async fn ask(sender: &mut SendRequest<Body>) {
    sender.ready().await.unwrap();
    let request = Request::post("/challenges").header("host", "localhost").header("content-type", "application/json");
    let request = request.body(Body::from(r#"{"application":"demo","purpose":"attestation"}"#)).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(status == 201 && body.ends_with(b"}"), "{status}: {body:?}");
}

async fn shown(address: &str, client: &TlsConnector) -> u64 {
    connect(address, client).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_replaced_under_load_and_no_request_is_dropped() {
    let authority = Authority::new("reload");
    authority.issue(1000);
    let (chain, key) = (authority.path("chain.pem"), authority.path("key.pem"));
    let settings = [
        ("GENUINE_GATEWAY_TLS_CERTIFICATE", &*chain),
        ("GENUINE_GATEWAY_TLS_KEY", &*key),
        ("GENUINE_GATEWAY_ADDRESS_PER_MINUTE", "0"),
    ];
    let server = Server::start("memory", &settings);
    let address = server.app.strip_prefix("https://").unwrap().to_owned();
    let client = authority.client();
    let (ends, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));

    let load = |stays: bool| {
        let (address, client) = (address.clone(), client.clone());
        let (ends, answered) = (Arc::clone(&ends), Arc::clone(&answered));
        tokio::spawn(async move {
            let (mut sender, _) = connect(&address, &client).await;
            while !ends.load(Ordering::Relaxed) {
                if !stays {
                    sender = connect(&address, &client).await.0;
                }
                ask(&mut sender).await;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let loads: Vec<_> = iter::repeat_n(true, STAYING).chain(iter::repeat_n(false, COMING)).map(load).collect();

    let mut in_use = 1000;
    for round in 1..=ROUNDS {
        let before = answered.load(Ordering::Relaxed);
        authority.issue(1000 + round);
        let broken = BROKEN.iter().find(|(when, _)| *when == round);
        if let Some((_, how)) = broken {
            authority.spoil(*how);
        }
        // The files alone change nothing.
        assert_eq!(shown(&address, &client).await, in_use, "round {round}");
        server.signal("-HUP");
        if broken.is_none() {
            in_use = 1000 + round;
            let mut renewed = false;
            for _ in 0..500 {
                renewed = shown(&address, &client).await == in_use;
                if renewed {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert!(renewed, "round {round}");
        } else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(shown(&address, &client).await, in_use, "round {round}");
        }
        // Some requests in each round: a reload is under load.
        for _ in 0..500 {
            if answered.load(Ordering::Relaxed) >= before + 20 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(answered.load(Ordering::Relaxed) >= before + 20, "round {round}");
    }
    ends.store(true, Ordering::Relaxed);
    for load in loads {
        load.await.expect("a request was dropped");
    }
    assert!(answered.load(Ordering::Relaxed) >= 400);
    println!("{} requests", answered.load(Ordering::Relaxed));

    server.signal("-TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    let (renewed, kept) = (log.matches("the certificate was read again").count(), BROKEN.len());
    assert_eq!(renewed as u64, ROUNDS - kept as u64, "{log}");
    assert_eq!(log.matches("the certificate stays as it was: tls: ").count(), kept, "{log}");
}
