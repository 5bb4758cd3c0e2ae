//! The gateway: `genuine-gateway [--demo | --config FILE] [--check]`.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use genuine_gateway::{
    config::{self, Config, Mistakes},
    server::{Certificate, Server},
    shop,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

const USAGE: &str = "usage: genuine-gateway [--demo | --config FILE] [--check]

Without a file the environment describes everything, with ATTESTATION_IOS_APP_ATTEST_… and ATTESTATION_ANDROID_… for the
applications.
--demo   runs the demonstration, if it is built in (cargo build --features demo)
--check  prints the configuration in effect, without secrets, and ends
SIGHUP   reads certificate and key again; SIGTERM and SIGINT finish what is in flight, and end
";

/// Exit code for what the operator has to correct.
const MISTAKE: u8 = 2;

struct Arguments {
    demo: bool,
    file: Option<PathBuf>,
    check: bool,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut parsed = Self { demo: false, file: None, check: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--demo" => parsed.demo = true,
                "--check" => parsed.check = true,
                "--config" => parsed.file = Some(arguments.next()?.into()),
                _ => return None,
            }
        }
        (!(parsed.demo && parsed.file.is_some())).then_some(parsed)
    }
}

/// The environment, as far as its names are text. A value that is none is a mistake if it would be read.
fn variables() -> Result<Vec<(String, String)>, Mistakes> {
    let (mut variables, mut mistakes) = (Vec::new(), Vec::new());
    for (name, value) in env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))) {
        match value.into_string() {
            Ok(value) => variables.push((name, value)),
            Err(_) if config::is_ours(&name) => mistakes.push(format!("{name}: must be UTF-8")),
            Err(_) => {}
        }
    }
    if mistakes.is_empty() { Ok(variables) } else { Err(Mistakes(mistakes)) }
}

/// The configuration in effect, with its certificate found to be one.
async fn load(arguments: &Arguments) -> Result<Config, Mistakes> {
    let variables = variables()?.into_iter();
    let config = if arguments.demo {
        demonstration()?.with_variables(variables)?
    } else if let Some(path) = &arguments.file {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| Mistakes(vec![format!("{}: {error}", path.display())]))?;
        Config::load(Some(&text), variables)?
    } else {
        Config::load(None, variables)?
    };
    Certificate::read(&config).await.map_err(|mistake| Mistakes(vec![mistake]))?;
    Ok(config)
}

#[cfg(feature = "demo")]
#[expect(clippy::unnecessary_wraps, reason = "as without the feature")]
fn demonstration() -> Result<Config, Mistakes> {
    Ok(genuine_gateway::demo::config())
}

#[cfg(not(feature = "demo"))]
fn demonstration() -> Result<Config, Mistakes> {
    let how = "cargo run --release -p genuine-gateway --features demo -- --demo";
    Err(Mistakes(vec![format!(
        "--demo: this build trusts no test key and has no demonstration; for one that does: {how}"
    )]))
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse(env::args().skip(1)) else {
        eprint!("{USAGE}");
        return MISTAKE.into();
    };
    let config = match load(&arguments).await {
        Ok(config) => config,
        Err(mistakes) => {
            eprint!("{mistakes}");
            return MISTAKE.into();
        }
    };
    if arguments.check {
        return match toml::to_string(&config) {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let filter = match env::var("RUST_LOG") {
        Ok(directives) => EnvFilter::try_new(directives),
        Err(_) => EnvFilter::try_new("warn,genuine_gateway=info"),
    };
    let filter = match filter {
        Ok(filter) => filter,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: RUST_LOG: {error}");
            return MISTAKE.into();
        }
    };
    // Written by a thread of its own, and dropped rather than waited for: a log that nobody takes stops no request.
    let (log, _flushed) = tracing_appender::non_blocking(io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(log).log_internal_errors(false).init();
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let demo = config.demo;
    // From here on a hang-up is waited for.
    let hangup = signal(SignalKind::hangup())?;
    let protocol = if config.tls.is_some() { "https" } else { "http" };
    let server = shop::serve(Server::bind(config).await?)?;
    // One line each on standard output, so that whoever started the server can read where it is. Nobody has to.
    let mut lines = format!("apps:     {protocol}://{}\n", server.app_address()?);
    writeln!(lines, "operator: http://{}", server.operator_address()?)?;
    if demo {
        lines += "DEMONSTRATION: trusts simulated devices, whose keys anybody can have. Not for anything else.\n";
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(renew(server.certificate(), hangup));
    let _ = io::stdout().write_all(lines.as_bytes());
    server
        .serve(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: finishing what is in flight");
        })
        .await
}

/// At each hang-up: whoever has renewed the certificate says so.
async fn renew(certificate: Option<Certificate>, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        if let Some(certificate) = &certificate {
            certificate.renew().await;
        } else {
            tracing::info!("SIGHUP: there is no certificate to read again");
        }
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
