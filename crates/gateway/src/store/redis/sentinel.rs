//! Redis Sentinel: who the master is.

use std::collections::BTreeMap;

use redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo, aio::MultiplexedConnection};
use tokio::task::JoinSet;

use super::dial::{Dial, away, refused};
use crate::store::link::Fault;

/// The sentinels, and what they watch.
#[derive(Clone)]
pub(super) struct Sentinels {
    pub(super) addresses: Vec<ConnectionInfo>,
    /// The name under which they know the master.
    pub(super) name: String,
    /// How the master is spoken to.
    pub(super) redis: RedisConnectionInfo,
}

impl Sentinels {
    /// The server that more than half of the sentinels name: one that was cut off together with an old master names that one.
    pub(super) async fn master(&self, dial: &Dial) -> Result<ConnectionInfo, Fault> {
        let mut asked = JoinSet::new();
        for sentinel in &self.addresses {
            let (sentinel, name, dial) = (sentinel.clone(), self.name.clone(), dial.clone());
            asked.spawn(async move { ask(&sentinel, &name, &dial).await });
        }
        let (mut votes, mut fault) = (BTreeMap::new(), Fault::Away);
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(Some(named))) => {
                    let count: &mut usize = votes.entry(named.clone()).or_default();
                    *count += 1;
                    if *count * 2 > self.addresses.len() {
                        let (host, port) = named;
                        return Ok(ConnectionInfo { addr: ConnectionAddr::Tcp(host, port), redis: self.redis.clone() });
                    }
                }
                Ok(Err(unfit @ Fault::Unfit(_))) => fault = unfit,
                _ => {}
            }
        }
        tracing::warn!("no more than half of the sentinels name the same master");
        Err(fault)
    }

    /// Whether a server is a master by its own word: one that was demoted may still be named, and a replica may take writes.
    pub(super) async fn confirm(&self, connection: &mut MultiplexedConnection) -> Result<(), Fault> {
        let role: Result<Vec<redis::Value>, _> = redis::cmd("ROLE").query_async(connection).await;
        let role = role.map_err(|error| away(&error))?;
        let is_master =
            role.first().is_some_and(|role| redis::from_redis_value::<String>(role).is_ok_and(|role| role == "master"));
        if is_master {
            Ok(())
        } else {
            tracing::warn!("the server that the sentinels name is no master");
            Err(Fault::Away)
        }
    }
}

/// Host and port of the master that one sentinel names, if it knows it.
async fn ask(sentinel: &ConnectionInfo, name: &str, dial: &Dial) -> Result<Option<(String, u16)>, Fault> {
    let mut connection = dial.open(sentinel).await?;
    let mut question = redis::cmd("SENTINEL");
    let named = question.arg("get-master-addr-by-name").arg(name).query_async(&mut connection).await;
    named.map_err(|error| refused(&error))
}
