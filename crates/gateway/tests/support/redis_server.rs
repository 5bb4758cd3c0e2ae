//! A real Redis on a free port of loopback.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{LazyLock, mpsc},
    thread,
    time::Duration,
};

use genuine_gateway::store::{Durability, RedisSettings, RedisStore};

use super::Scratch;

/// A server, with what it has written.
pub struct Redis {
    process: Option<Child>,
    port: u16,
    /// The port for TLS, where there is one.
    tls: u16,
    scratch: Scratch,
    kind: Kind,
    /// Where the servers of a cluster speak to each other.
    bus: u16,
}

/// How it is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Over TLS, and not at all without.
    Tls,
    /// As one of a cluster.
    Cluster,
    /// The same, over TLS but for its operator.
    TlsCluster,
}

/// The certificate of all servers of a program, and its key.
static CERTIFICATE: LazyLock<(String, String)> = LazyLock::new(|| {
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    (certificate.cert.pem(), certificate.signing_key.serialize_pem())
});

/// `false` where Redis is not installed; in CI that is a failure.
pub(super) fn is_installed() -> bool {
    let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!(found || env::var_os("CI").is_none(), "redis-server is not installed");
    if !found {
        eprintln!("NOTICE: redis-server is not installed; the tests on Redis are left out");
    }
    found
}

/// One that nobody listens on, for now.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Redis {
    /// `None` where Redis is not installed; in CI that is a failure.
    pub fn start(name: &str) -> Option<Self> {
        is_installed().then(|| Self::start_as(name, Kind::Plain))
    }

    /// The same, with a certificate for 127.0.0.1.
    pub fn start_with_tls(name: &str) -> Option<Self> {
        is_installed().then(|| Self::start_as(name, Kind::Tls))
    }

    pub(super) fn start_as(name: &str, kind: Kind) -> Self {
        // A port that is free may be somebody else's a moment later: then this one ends at once, and another is tried.
        for attempt in 0..5 {
            let (port, bus) = (free_port(), free_port());
            let scratch = Scratch::new(&format!("redis-{name}-{attempt}"));
            fs::write(scratch.path().join("server.pem"), &CERTIFICATE.0).unwrap();
            fs::write(scratch.path().join("server.key"), &CERTIFICATE.1).unwrap();
            let tls = if kind == Kind::TlsCluster { free_port() } else { port };
            let mut redis = Self { process: None, port, tls, scratch, kind, bus };
            redis.run();
            thread::sleep(Duration::from_millis(20));
            if redis.process.as_mut().is_some_and(|process| process.try_wait().unwrap().is_none()) {
                return redis;
            }
        }
        panic!("no port is free");
    }

    pub fn url(&self) -> String {
        let scheme = if self.kind == Kind::Tls { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/", self.port)
    }

    /// Where the certificate of the authority is.
    pub fn ca(&self) -> PathBuf {
        self.scratch.path().join("server.pem")
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where others than its operator reach it.
    pub fn announced(&self) -> u16 {
        self.tls
    }

    pub fn tls_url(&self) -> String {
        format!("rediss://127.0.0.1:{}/", self.tls)
    }

    pub(super) fn bus(&self) -> u16 {
        self.bus
    }

    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// A store on it.
    pub fn store(&self) -> RedisStore {
        redis_store(&self.url(), Durability::Checked)
    }

    /// Commands to it, as its operator gives them.
    pub async fn operate(&self, command: &[&str]) {
        self.ask::<()>(command).await;
    }

    /// The same, with an answer.
    pub async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await.unwrap()
    }

    /// Starts it again, on what it has written.
    pub fn run(&mut self) {
        let port = self.port.to_string();
        // It ends with the thread that starts it: one that does not end before the program does.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "redis-server"]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "always", "--dir"]);
        command.arg(self.scratch.path());
        // Replicas do not wait for others, and are heard of soon.
        command.args(["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]);
        match self.kind {
            Kind::Plain => command.args(["--port", &port]),
            Kind::Tls => command.args(["--port", "0"]),
            Kind::Cluster | Kind::TlsCluster => {
                command.args(["--port", &port, "--cluster-enabled", "yes", "--cluster-port", &self.bus.to_string()]);
                command.args(["--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0"])
            }
        };
        if let Kind::Tls | Kind::TlsCluster = self.kind {
            command.args(["--tls-port", &self.tls.to_string(), "--tls-auth-clients", "no", "--tls-cert-file"]);
            command.arg(self.ca()).arg("--tls-key-file").arg(self.scratch.path().join("server.key"));
            command.arg("--tls-ca-cert-file").arg(self.ca());
        }
        if self.kind == Kind::TlsCluster {
            command.args(["--tls-cluster", "yes", "--tls-replication", "yes"]);
        }
        command.stdout(Stdio::null());
        let (sender, started) = mpsc::channel();
        thread::spawn(move || {
            sender.send(command.spawn().unwrap()).unwrap();
            loop {
                thread::park();
            }
        });
        self.process = Some(started.recv().unwrap());
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("redis-server does not answer");
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn redis_store(url: &str, durability: Durability) -> RedisStore {
    let settings = RedisSettings::server(url, None).unwrap();
    RedisStore::new(settings.durability(durability), Duration::from_secs(1))
}
