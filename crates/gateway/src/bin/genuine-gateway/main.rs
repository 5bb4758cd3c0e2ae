//! The gateway: `genuine-gateway [--demo | --config FILE] [--rehearsal] [--check | --ready]`, and tools for the operator.

mod tools;

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use genuine_gateway::{
    audit::Audit,
    config::{self, Config, Mistakes},
    operator::OperatorCertificate,
    probe, rehearsal,
    revocations::Revocations,
    server::{Certificate, Server, system_clock},
    shop, telemetry,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

const USAGE: &str = "usage: genuine-gateway [--demo | --config FILE] [--rehearsal] [--check | --ready]
       genuine-gateway --new-operator-token
       genuine-gateway --verify-audit FILE [HASH]
       genuine-gateway --new-api-key …

Without a file the environment describes everything, with ATTESTATION_IOS_APP_ATTEST_… and ATTESTATION_ANDROID_… for the
applications.
--demo       runs the demonstration, if it is built in (cargo build --features demo)
--rehearsal  lets applications be rehearsals, with simulated devices of the operator's own
--check      prints the configuration in effect, without secrets, and ends
--ready      asks the gateway that runs with this configuration whether it is ready, and ends: with exit code 1 if it is not
--new-operator-token  prints a token for an operator, and its line for [[operators]]
--verify-audit        follows the hashes of an audit log, and looks for the line whose hash was noted
--new-api-key         makes an API key; by itself it says how
SIGHUP   reads certificates, keys and the list of revoked attestation keys again; SIGTERM and SIGINT finish what is in flight, and end
";

/// What the demonstration shows, where the README and `/openapi.json` say how.
const DEMONSTRATION: &str = "\
DEMONSTRATION: trusts simulated devices, whose keys anybody can have. Not for anything else.
    iPhones:        register at /devices, and sign each request to /orders and /payments
    Android phones: register at /devices, by Google Play's word and show a session token of /tokens at /basket; or by a key
                    that their hardware attests, and sign each request as an iPhone does
    the operator:   /page in a browser, /devices, /metrics and the rest at the other address
    both at once:   cargo run --release -p genuine-gateway --features demo --bin fleet
";

/// Exit code for what the operator has to correct.
const MISTAKE: u8 = 2;

#[expect(clippy::struct_excessive_bools, reason = "each is an argument by itself")]
struct Arguments {
    demo: bool,
    file: Option<PathBuf>,
    check: bool,
    rehearsal: bool,
    ready: bool,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut parsed = Self { demo: false, file: None, check: false, rehearsal: false, ready: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--demo" => parsed.demo = true,
                "--check" => parsed.check = true,
                "--rehearsal" => parsed.rehearsal = true,
                "--ready" => parsed.ready = true,
                "--config" => parsed.file = Some(arguments.next()?.into()),
                _ => return None,
            }
        }
        (!(parsed.demo && parsed.file.is_some() || parsed.check && parsed.ready)).then_some(parsed)
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

/// The configuration in effect, with its certificate found to be one; and where it is to be checked, its list of revoked keys as well.
async fn load(arguments: &Arguments) -> Result<Config, Mistakes> {
    let variables = variables()?.into_iter();
    let config = if arguments.demo {
        demonstration()?
    } else if let Some(path) = &arguments.file {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| Mistakes(vec![format!("{}: {error}", path.display())]))?;
        Config::read(Some(&text))?
    } else {
        Config::default()
    };
    let config = Config { allow_rehearsals: arguments.rehearsal, ..config }.with_variables(variables)?;
    let audit = config.audit.as_deref().map_or(Ok(()), Audit::check).err();
    // Whoever starts reads it anyway, and whoever asks a gateway that runs is told what that one thinks of it.
    let list = if arguments.check { config.check_list(system_clock()).await.err() } else { None };
    let mistakes = [Certificate::read(&config).await.err(), OperatorCertificate::read(&config).err(), audit, list];
    let mistakes: Vec<_> = mistakes.into_iter().flatten().collect();
    if !mistakes.is_empty() {
        return Err(Mistakes(mistakes));
    }
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
    if let Some(done) = tools::run(&env::args().skip(1).collect::<Vec<_>>()) {
        return done;
    }
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
    if arguments.ready {
        return match probe::ready(&config).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error.as_ref()),
        };
    }
    let _flushed = match telemetry::log(config.log.format) {
        Ok(flushed) => flushed,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            return MISTAKE.into();
        }
    };
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let demo = config.demo;
    let rehearsals = rehearsal::names(&config);
    // From here on a hang-up is waited for.
    let hangup = signal(SignalKind::hangup())?;
    let protocol = if config.tls.is_some() { "https" } else { "http" };
    let server = shop::serve(Server::bind(config).await?)?;
    // One line each on standard output, so that whoever started the server can read where it is. Nobody has to.
    let mut lines = format!("apps:     {protocol}://{}\n", server.app_address()?);
    let protocol = if server.operator_certificate().is_some() { "https" } else { "http" };
    writeln!(lines, "operator: {protocol}://{}", server.operator_address()?)?;
    if demo {
        lines += DEMONSTRATION;
    }
    if !rehearsals.is_empty() {
        writeln!(lines, "REHEARSAL: {}: trusts simulated devices of your own.", rehearsals.join(", "))?;
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(renew(server.certificate(), server.operator_certificate(), server.revocations(), hangup));
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

/// At each hang-up: whoever has renewed the certificate, or the list of revoked attestation keys, says so.
async fn renew(
    certificate: Option<Certificate>,
    operator: Option<OperatorCertificate>,
    revocations: Option<Arc<Revocations>>,
    mut hangup: Signal,
) {
    while hangup.recv().await.is_some() {
        if let Some(certificate) = &certificate {
            certificate.renew().await;
        }
        if let Some(certificate) = &operator {
            certificate.renew();
        }
        if let Some(revocations) = &revocations {
            let came = revocations.renew().await.as_str();
            tracing::info!(came, "SIGHUP: the list of revoked attestation keys was asked for");
        }
        if certificate.is_none() && operator.is_none() && revocations.is_none() {
            tracing::info!("SIGHUP: there is nothing to read again");
        }
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
