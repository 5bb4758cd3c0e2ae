//! One server, the connections to it, and what is sent there.

use std::{sync::Arc, time::Duration};

use redis::{
    Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue, RedisError, Script, aio::MultiplexedConnection,
};

use super::{dial::Dial, sentinel::Sentinels};
use crate::store::{
    Unavailable, Unfit,
    link::{Fault, Link},
};

/// What is written to find out whether writing is possible.
pub(super) const READINESS: &str = "genuine:readiness";
/// Connections where replicas are waited for: Redis answers nothing else on one that waits.
const WAITING: usize = 16;

/// A script, which Redis runs atomically.
pub(super) struct Decision {
    code: &'static str,
    /// Its hash.
    script: Script,
}

impl Decision {
    pub(super) fn new(code: &'static str) -> Self {
        Self { code, script: Script::new(code) }
    }
}

/// What is sent. It touches one key, so that one server of a cluster can decide it.
pub(super) struct Call<'a> {
    key: &'a str,
    form: Form<'a>,
    writes: bool,
}

enum Form<'a> {
    /// The name of a command, and what follows the key.
    Command(&'static str, &'a [&'a [u8]]),
    Script(&'static Decision, &'a [&'a [u8]]),
}

impl<'a> Call<'a> {
    pub(super) fn read(command: &'static str, key: &'a str, arguments: &'a [&'a [u8]]) -> Self {
        Self { key, form: Form::Command(command, arguments), writes: false }
    }

    pub(super) fn write(command: &'static str, key: &'a str, arguments: &'a [&'a [u8]]) -> Self {
        Self { key, form: Form::Command(command, arguments), writes: true }
    }

    pub(super) fn decide(decision: &'static Decision, key: &'a str, arguments: &'a [&'a [u8]]) -> Self {
        Self { key, form: Form::Script(decision, arguments), writes: true }
    }

    /// The hash slot of its key.
    pub(super) fn slot(&self) -> u16 {
        slot(self.key)
    }

    /// A script by its hash, or whole.
    fn command(&self, whole: bool) -> Cmd {
        let (mut command, arguments) = match &self.form {
            Form::Command(name, arguments) => (redis::cmd(name), arguments),
            Form::Script(decision, arguments) if whole => {
                let mut command = redis::cmd("EVAL");
                command.arg(decision.code).arg(1);
                (command, arguments)
            }
            Form::Script(decision, arguments) => {
                let mut command = redis::cmd("EVALSHA");
                command.arg(decision.script.get_hash()).arg(1);
                (command, arguments)
            }
        };
        command.arg(self.key);
        for argument in *arguments {
            command.arg(*argument);
        }
        command
    }
}

/// The hash slot of a key without braces: CRC-16/XMODEM of its octets, modulo 16384.
pub(super) fn slot(key: &str) -> u16 {
    let crc = key.bytes().fold(0u16, |crc, octet| {
        (0..8).fold(crc ^ u16::from(octet) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    });
    crc % 16384
}

/// Why there is no answer.
pub(super) enum Failure {
    Unavailable,
    /// Nothing happened: this server has the slot from now on.
    Moved(String, u16),
    /// Nothing happened: this server has the key already, and the slot later.
    Ask(String, u16),
}

/// What `SCAN` answers: where the next step begins, and keys.
type Step = (u64, Vec<Vec<u8>>);

/// What a step through the keys of a server found.
pub(super) struct Scanned {
    /// What the process is called.
    pub(super) process: String,
    /// Where the next step begins; 0 if this was the last one.
    pub(super) next: u64,
    pub(super) keys: Vec<Vec<u8>>,
}

/// A server, or the master that sentinels name.
pub(super) struct Node {
    pub(super) target: Target,
    dial: Arc<Dial>,
    links: Vec<Link<Session>>,
}

pub(super) enum Target {
    Server(ConnectionInfo),
    Master(Sentinels),
}

#[derive(Clone)]
struct Session {
    connection: MultiplexedConnection,
    /// Where it leads.
    to: ConnectionAddr,
}

impl Node {
    pub(super) fn new(target: Target, dial: Arc<Dial>) -> Self {
        let links = if dial.reach.replicas == 0 { 1 } else { WAITING };
        Self { target, dial, links: (0..links).map(|_| Link::default()).collect() }
    }

    /// Sends a call, and waits for replicas if it writes and that was asked for. After `ASKING` if another server of a cluster has sent
    /// it here.
    pub(super) async fn send<T: FromRedisValue>(&self, call: &Call<'_>, asking: bool) -> Result<T, Failure> {
        let link = &self.links[usize::from(call.slot()) % self.links.len()];
        let (mut session, number) = link.get(self.connect()).await.map_err(|Unavailable| Failure::Unavailable)?;
        let mut answer = self.exchange(&mut session.connection, call, false, asking).await;
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::NoScriptError) {
            answer = self.exchange(&mut session.connection, call, true, asking).await;
        }
        match answer {
            Ok((answer, replicas)) if replicas >= self.dial.reach.replicas || !call.writes => Ok(answer),
            Ok((_, replicas)) => {
                tracing::warn!(replicas, "too few replicas of the store have acknowledged a write");
                Err(Failure::Unavailable)
            }
            Err(error) => Err(match (error.kind(), redirection(&error)) {
                (ErrorKind::Moved, Some((host, port))) => Failure::Moved(host, port),
                (ErrorKind::Ask, Some((host, port))) => Failure::Ask(host, port),
                (kind, _) => {
                    // The kind alone: the message may hold what was sent.
                    tracing::warn!(?kind, "the store did not answer");
                    link.hang_up(number);
                    Failure::Unavailable
                }
            }),
        }
    }

    /// The answer, and how many replicas have what was written on this connection.
    async fn exchange<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        call: &Call<'_>,
        whole: bool,
        asking: bool,
    ) -> Result<(T, u32), RedisError> {
        let (command, replicas) = (call.command(whole), self.dial.reach.replicas);
        let waits = call.writes && replicas > 0;
        if !waits && !asking {
            return Ok((command.query_async(connection).await?, 0));
        }
        let mut pipe = redis::pipe();
        if asking {
            pipe.cmd("ASKING").ignore();
        }
        pipe.add_command(command);
        if !waits {
            let (answer,) = pipe.query_async(connection).await?;
            return Ok((answer, 0));
        }
        // Less than the answer may take, so that too few replicas are told from a connection that broke.
        let most = (self.dial.answer / 2).max(Duration::from_millis(1)).as_millis();
        pipe.cmd("WAIT").arg(replicas).arg(u64::try_from(most).unwrap_or(u64::MAX));
        pipe.query_async(connection).await
    }

    /// A step through the keys of this form, on one connection, so that it is known whose step it was.
    pub(super) async fn scan(&self, step: u64, pattern: &str, about: usize) -> Result<Scanned, Unavailable> {
        let link = self.links.first().ok_or(Unavailable)?;
        let (mut session, number) = link.get(self.connect()).await?;
        let mut pipe = redis::pipe();
        pipe.cmd("INFO").arg("server");
        pipe.cmd("SCAN").arg(step).arg("MATCH").arg(pattern).arg("COUNT").arg(about.max(1));
        let answer = pipe.query_async::<(String, Step)>(&mut session.connection).await;
        let (info, (next, keys)) = answer.map_err(|error| {
            tracing::warn!(kind = ?error.kind(), "the store did not list its keys");
            link.hang_up(number);
            Unavailable
        })?;
        let process = info.lines().find_map(|line| line.trim_end().strip_prefix("run_id:")).ok_or(Unavailable)?;
        Ok(Scanned { process: process.to_owned(), next, keys })
    }

    async fn connect(&self) -> Result<Session, Fault> {
        let to = match &self.target {
            Target::Server(info) => info.clone(),
            Target::Master(sentinels) => sentinels.master(&self.dial).await?,
        };
        let mut connection = self.dial.connect(&to).await?;
        if let Target::Master(sentinels) = &self.target {
            sentinels.confirm(&mut connection).await?;
        }
        Ok(Session { connection, to: to.addr })
    }

    /// Whether the server is one to rely on, and still the one that the sentinels name.
    pub(super) async fn check(&self) -> Result<(), Unfit> {
        // Without the word of the sentinels the one in use stays in use.
        let master = match &self.target {
            Target::Server(_) => None,
            Target::Master(sentinels) => sentinels.master(&self.dial).await.ok(),
        };
        for link in &self.links {
            let Some((mut session, number)) = link.current() else { continue };
            let left = master.as_ref().is_some_and(|master| master.addr != session.to);
            // Whatever is wrong shows when the next connection is made.
            if left || self.dial.examine(&mut session.connection).await.is_err() {
                link.hang_up(number);
            }
        }
        let Some(link) = self.links.first() else { return Ok(()) };
        match link.get(self.connect()).await {
            // One that is away is answered for by every operation.
            Ok(_) | Err(Unavailable) => link.unfit().map_or(Ok(()), Err),
        }
    }
}

/// Host and port of the server that an error names; nothing of the host if it is the same.
fn redirection(error: &RedisError) -> Option<(String, u16)> {
    let (address, _slot) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::slot;

    /// The check value of CRC-16/XMODEM, and slots that Redis tells in the documentation of CLUSTER KEYSLOT.
    #[test]
    fn slots_are_those_of_redis() {
        assert_eq!(slot("123456789"), 0x31c3);
        assert_eq!(slot("somekey"), 11058);
        assert_eq!(slot(""), 0);
    }
}
