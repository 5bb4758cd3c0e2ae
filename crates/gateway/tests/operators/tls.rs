//! TLS on the operator's listener, with certificates that openssl makes as docs/operator.md says.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use genuine_gateway::config::Role;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::{
    page::{commands, run},
    token,
};
use crate::{
    server::Server,
    support::{Scratch, idempotency_key_of_now},
};

/// What the page makes: an authority, a certificate of the listener, and one of Alice. Gives her fingerprint.
fn make(directory: &Path) -> String {
    let said = run(directory, &commands("# An authority"));
    let line = said.lines().find(|line| line.contains("ingerprint")).unwrap();
    line.split('=').nth(1).unwrap().to_owned()
}

struct Place {
    scratch: Scratch,
    fingerprint: String,
}

impl Place {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let fingerprint = make(scratch.path());
        Self { scratch, fingerprint }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn start(&self, settings: &str) -> Server {
        let config = format!(
            "listen = \"127.0.0.1:0\"\noperator_listen = \"127.0.0.1:0\"\nstore = {{ kind = \"memory\" }}\n{settings}\n\
             [[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.shop\"]\n"
        );
        fs::write(self.path("gateway.toml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_genuine-gateway"));
        Server::run(command.current_dir(self.scratch.path()).args(["--config", "gateway.toml"]))
    }
}

/// Someone with a certificate or without.
fn client(place: &Place, shows: Option<(&str, &str)>, version: &'static SupportedProtocolVersion) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(place.path("operators-ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(roots);
    match shows {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(place.path(certificate)).unwrap()];
            config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(place.path(key)).unwrap()).unwrap()
        }
    }
}

/// Status of a request, or that there is no connection.
async fn ask(
    server: &Server,
    client: &ClientConfig,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> std::io::Result<u16> {
    let address = server.operator.strip_prefix("https://").unwrap();
    let tcp = tokio::net::TcpStream::connect(address).await?;
    let name = "localhost".try_into().unwrap();
    let mut stream = TlsConnector::from(Arc::new(client.clone())).connect(name, tcp).await?;
    // Each connection shows a certificate that is good now.
    assert_eq!(stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Full));
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let key = idempotency_key_of_now();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\n{token}Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| read.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()))
}

fn operators(place: &Place) -> String {
    let viewer = super::operator("viewer", Role::Viewer).token_sha256.unwrap().0;
    format!(
        "operator_tls = {{ certificate = \"listener.pem\", key = \"listener.key\", clients = \"operators-ca.pem\" }}\n\
         audit = \"audit.jsonl\"\n\
         [[operators]]\nname = \"alice\"\nrole = \"admin\"\ncertificate_sha256 = \"{}\"\n\
         [[operators]]\nname = \"viewer\"\nrole = \"viewer\"\ntoken_sha256 = \"{viewer}\"\n",
        place.fingerprint
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_show_certificates_or_tokens_over_tls() {
    let place = Place::new("operator-tls");
    // Bob has a certificate of the same authority, and is nobody's operator. Eve made one herself, with Alice's name.
    run(place.scratch.path(), &commands("# Another operator").replace("carol", "bob"));
    run(
        place.scratch.path(),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout eve.key -out eve.pem -days 30 \
         -subj '/CN=alice' -addext extendedKeyUsage=clientAuth 2>/dev/null\n\
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout old.key -out old.csr -subj '/CN=old' 2>/dev/null\n\
         printf 'extendedKeyUsage=clientAuth' >client.ext\n\
         printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\n\
         commonName=supplied\n' >ca.conf\n: >index\n\
         openssl ca -batch -notext -config ca.conf -cert operators-ca.pem -keyfile operators-ca.key -in old.csr \
         -startdate 20200101000000Z -enddate 20200102000000Z -extfile client.ext -out old.pem 2>/dev/null",
    );
    let server = place.start(&operators(&place));
    let alice = Some(("alice.pem", "alice.key"));
    let lock = format!("/devices/{}/lock", super::url_text([7; 32]));
    for version in [&TLS12, &TLS13] {
        let of = |shows| client(&place, shows, version);
        assert_eq!(ask(&server, &of(alice), "GET", "/ready", None).await.unwrap(), 200);
        assert_eq!(ask(&server, &of(alice), "PUT", &lock, None).await.unwrap(), 404, "there is no such device");
        let bob = of(Some(("bob.pem", "bob.key")));
        assert_eq!(ask(&server, &bob, "GET", "/health", None).await.unwrap(), 401);
        assert_eq!(ask(&server, &bob, "GET", "/devices", Some(&token("viewer"))).await.unwrap(), 200);
        assert_eq!(ask(&server, &bob, "PUT", &lock, Some(&token("viewer"))).await.unwrap(), 403);
        // A wrong token is not made good by a right certificate.
        assert_eq!(ask(&server, &of(alice), "GET", "/health", Some(&token("nobody"))).await.unwrap(), 401);
        for (who, shows) in [
            ("nobody", None),
            ("eve", Some(("eve.pem", "eve.key"))),
            ("old", Some(("old.pem", "old.key"))),
            ("the listener", Some(("listener.pem", "listener.key"))),
        ] {
            let answer = ask(&server, &of(shows), "GET", "/health", Some(&token("viewer"))).await;
            assert!(answer.is_err(), "{who}: {answer:?}");
        }
    }
    // Plain text is answered by nobody.
    let address = server.operator.strip_prefix("https://").unwrap();
    assert!(reqwest::get(format!("http://{address}/health")).await.is_err());
    server.signal("-TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    let audit = fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert_eq!(audit.matches("\"operator\":\"alice\"").count(), 4, "{audit}");
    assert_eq!(audit.matches("\"shown\":\"certificate\"").count(), 4);
    assert_eq!(log.matches("genuine::audit").count(), 4, "{log}");
    assert!(!log.contains(&token("viewer")) && !audit.contains(&token("viewer")));
}

/// While requests come without end, certificate and authorities are replaced at a hang-up, and no request is dropped.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_renewed_under_load() {
    let place = Place::new("operator-reload");
    let server = Arc::new(place.start(&operators(&place)));
    let first = client(&place, Some(("alice.pem", "alice.key")), &TLS13);
    let stop = Arc::new(AtomicBool::new(false));
    let (answered, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Whoever trusts both authorities is served throughout.
    let mut both = RootCertStore::empty();
    both.add(CertificateDer::from_pem_file(place.path("operators-ca.pem")).unwrap()).unwrap();
    for name in ["operators-ca", "listener", "alice"] {
        for end in ["pem", "key"] {
            fs::rename(place.path(&format!("{name}.{end}")), place.path(&format!("{name}-1.{end}"))).unwrap();
        }
    }
    let fingerprint = make(place.scratch.path());
    assert_ne!(fingerprint, place.fingerprint);
    both.add(CertificateDer::from_pem_file(place.path("operators-ca.pem")).unwrap()).unwrap();
    // Both authorities sign operators, while they are replaced.
    let authorities =
        ["operators-ca.pem", "operators-ca-1.pem"].map(|name| fs::read_to_string(place.path(name)).unwrap());
    fs::write(place.path("operators-ca.pem"), authorities.concat()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13]).unwrap();
    let chain = vec![CertificateDer::from_pem_file(place.path("alice-1.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(place.path("alice-1.key")).unwrap();
    let alice = config.with_root_certificates(both).with_client_auth_cert(chain, key).unwrap();
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (server, alice, stop) = (Arc::clone(&server), alice.clone(), Arc::clone(&stop));
            let (answered, failed) = (Arc::clone(&answered), Arc::clone(&failed));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let counter = match ask(&server, &alice, "GET", "/ready", None).await {
                        Ok(200) => &answered,
                        _ => &failed,
                    };
                    counter.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..10 {
        server.signal("-HUP");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // A key that is not the certificate's: everything stays as it is.
    fs::copy(place.path("alice.key"), place.path("listener.key")).unwrap();
    server.signal("-HUP");
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::SeqCst);
    for task in load {
        task.await.unwrap();
    }
    eprintln!("{} requests during 11 hang-ups", answered.load(Ordering::SeqCst));
    assert!(answered.load(Ordering::SeqCst) > 20);
    assert_eq!(failed.load(Ordering::SeqCst), 0);
    // Who trusts the first authority alone does not know the certificate of now; and Alice's second one is not configured.
    assert!(ask(&server, &first, "GET", "/ready", None).await.is_err());
    server.signal("-TERM");
    let server = Arc::try_unwrap(server).ok().unwrap();
    let (code, log) = server.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(log.matches("the certificate of the operator's listener was read again").count(), 10, "{log}");
    assert_eq!(log.matches("stays as it was: operator_tls: listener.pem").count(), 1, "{log}");
}

/// Without authorities of clients: TLS, and tokens.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_shown_over_tls() {
    let place = Place::new("operator-tokens");
    let admin = super::operator("admin", Role::Admin).token_sha256.unwrap().0;
    let server = place.start(&format!(
        "operator_tls = {{ certificate = \"listener.pem\", key = \"listener.key\" }}\n\
         [[operators]]\nname = \"admin\"\nrole = \"admin\"\ntoken_sha256 = \"{admin}\"\n"
    ));
    let nobody = client(&place, None, &TLS13);
    assert_eq!(ask(&server, &nobody, "GET", "/health", None).await.unwrap(), 401);
    assert_eq!(ask(&server, &nobody, "GET", "/health", Some(&token("other"))).await.unwrap(), 401);
    assert_eq!(ask(&server, &nobody, "GET", "/health", Some(&token("admin"))).await.unwrap(), 200);
}
