//! A real PostgreSQL on a free port of loopback.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use genuine_gateway::store::PostgresStore;
use rustix::process::{Pid, Signal, getuid, kill_process, test_kill_process};

/// How the directories of servers begin: the process that started one follows, and its number there.
const DIRECTORY: &str = "genuine-gateway-postgres-";

/// A database of its own.
pub struct Postgres {
    name: String,
    server: Arc<Server>,
}

/// A server, which ends with the program that started it.
struct Server {
    port: u16,
    directory: PathBuf,
    programs: PathBuf,
}

/// All tests of one program share one, but for those that kill it.
static SHARED: LazyLock<Option<Arc<Server>>> = LazyLock::new(|| Server::start().map(Arc::new));

impl Server {
    /// `None` where PostgreSQL is not installed; in CI that is a failure.
    fn start() -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("postgres").exists());
        assert!(programs.is_some() || env::var_os("CI").is_none(), "postgresql is not installed");
        let Some(programs) = programs else {
            eprintln!("NOTICE: postgresql is not installed; the tests on PostgreSQL are left out");
            return None;
        };
        sweep();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let directory = env::temp_dir().join(format!("{DIRECTORY}{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(directory.join("server.pem"), certificate.cert.pem()).unwrap();
        fs::write(directory.join("server.key"), certificate.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(directory.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        // It does not run as root.
        if getuid().is_root() {
            assert!(Command::new("chown").args(["-R", "postgres"]).arg(&directory).status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { port, directory, programs };
        let mut made = server.program("initdb");
        made.args(["--auth", "trust", "--username", "gateway", "--no-sync", "-D"]).arg(server.data());
        assert!(made.status().unwrap().success(), "initdb");
        server.run();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        if getuid().is_root() {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
        }
        command.args(["--pdeathsig", "QUIT"]).arg(self.programs.join(name)).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts it, on what it has written. After it was killed, that takes until the last of its processes has noticed.
    fn run(&self) {
        for _ in 0..100 {
            let place = self.directory.display();
            let mut server = self.program("postgres");
            server.args(["-p", &self.port.to_string(), "-D"]).arg(self.data());
            for setting in [
                "listen_addresses=127.0.0.1",
                "max_connections=600",
                "ssl=on",
                &format!("ssl_cert_file={place}/server.pem"),
                &format!("ssl_key_file={place}/server.key"),
                &format!("unix_socket_directories={place}"),
            ] {
                server.args(["-c", setting]);
            }
            // It ends with the thread that started it: one that does not end before the program does.
            let running = thread::spawn(move || server.spawn().unwrap().wait().unwrap());
            while !running.is_finished() {
                if self.pid().is_some() && TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    return;
                }
                thread::sleep(Duration::from_millis(25));
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("postgres does not start");
    }

    /// The process that all others are children of.
    fn pid(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let pid = Pid::from_raw(file.lines().next()?.parse().ok()?)?;
        test_kill_process(pid).is_ok().then_some(pid)
    }

    fn kill(&self) {
        if let Some(pid) = self.pid() {
            kill_process(pid, Signal::KILL).unwrap();
            while test_kill_process(pid).is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Removes what servers of programs left that have ended.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(DIRECTORY)).and_then(|rest| rest.split('-').next());
        let pid = rest.and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        if pid.is_some_and(|pid| test_kill_process(pid).is_err()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Postgres {
    /// `None` where PostgreSQL is not installed.
    pub async fn start(name: &str) -> Option<Self> {
        let server = tokio::task::spawn_blocking(|| SHARED.clone()).await.unwrap()?;
        Some(Self::on(server, name).await)
    }

    /// On a server of its own, to be killed.
    pub async fn alone(name: &str) -> Option<Self> {
        let server = tokio::task::spawn_blocking(Server::start).await.unwrap()?;
        Some(Self::on(Arc::new(server), name).await)
    }

    async fn on(server: Arc<Server>, name: &str) -> Self {
        let postgres = Self { name: format!("t_{}", name.replace('-', "_")), server };
        // Several tests may want to copy the template at once, which PostgreSQL refuses.
        for _ in 0..400 {
            if postgres.try_ask("postgres", &format!("CREATE DATABASE {}", postgres.name)).await.is_ok() {
                return postgres;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("no database");
    }

    pub fn kill(&self) {
        self.server.kill();
    }

    pub fn run(&self) {
        self.server.run();
    }

    /// Stops all its processes where they are, or lets them go on.
    pub fn freeze(&self, still: bool) {
        let pid = self.server.pid().unwrap().as_raw_nonzero().get().to_string();
        let signal = if still { "-STOP" } else { "-CONT" };
        assert!(Command::new("pkill").args([signal, "--parent", &pid]).status().unwrap().success());
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub fn url(&self) -> String {
        self.url_as("gateway")
    }

    pub fn url_as(&self, user: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// The directory of the server's files.
    pub fn directory(&self) -> &Path {
        &self.server.directory
    }

    pub fn store(&self) -> PostgresStore {
        super::postgres_store(&self.url())
    }

    /// A command to it, as its operator gives it; the first column of each row.
    pub async fn ask(&self, command: &str) -> Vec<String> {
        self.try_ask(&self.name, command).await.unwrap()
    }

    async fn try_ask(&self, database: &str, command: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let url = format!("postgres://gateway@127.0.0.1:{}/{database}", self.server.port);
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let rows = client.simple_query(command).await?;
        let first = |row: tokio_postgres::SimpleQueryMessage| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(first).collect())
    }
}
