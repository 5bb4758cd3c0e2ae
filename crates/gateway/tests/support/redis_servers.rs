//! Several real servers of Redis: a cluster, and a master with a replica that sentinels watch.

use std::{
    env, fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use genuine_gateway::store::{RedisSettings, RedisStore};

use super::{
    Scratch,
    redis_server::{Kind, Redis, free_port, is_installed},
};

/// Masters with a third of the slots each, and as many replicas of the first one as were asked for behind them.
pub struct RedisCluster {
    pub nodes: Vec<Redis>,
}

impl RedisCluster {
    /// The first and the last slot of each master.
    pub const RANGES: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

    /// `None` where Redis is not installed; in CI that is a failure.
    pub async fn start(name: &str, replicas: usize) -> Option<Self> {
        Self::start_as(name, replicas, Kind::Cluster).await
    }

    /// The same over TLS, but for its operator.
    pub async fn start_with_tls(name: &str, replicas: usize) -> Option<Self> {
        Self::start_as(name, replicas, Kind::TlsCluster).await
    }

    async fn start_as(name: &str, replicas: usize, kind: Kind) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        sweep();
        let masters = Self::RANGES.len();
        let nodes: Vec<_> =
            (0..masters + replicas).map(|number| Redis::start_as(&format!("cluster-{name}-{number}"), kind)).collect();
        let cluster = Self { nodes };
        for (number, node) in cluster.nodes.iter().enumerate() {
            node.operate(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]).await;
            if let Some((first, last)) = Self::RANGES.get(number) {
                node.operate(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]).await;
            }
        }
        let first = &cluster.nodes[0];
        for node in &cluster.nodes[1..] {
            let (port, bus) = (node.announced().to_string(), node.bus().to_string());
            first.operate(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]).await;
        }
        cluster.until_whole().await;
        let id: String = first.ask(&["CLUSTER", "MYID"]).await;
        for replica in &cluster.nodes[masters..] {
            replica.operate(&["CLUSTER", "REPLICATE", &id]).await;
            until("a replica follows", async || {
                replica.ask::<String>(&["INFO", "replication"]).await.contains("master_link_status:up")
            })
            .await;
        }
        // Each server tells of each replica, which it does once something has been replicated.
        first.operate(&["PUBLISH", "somewhere", "something"]).await;
        for node in &cluster.nodes {
            until("replicas are known", async || {
                let slots: Vec<Vec<redis::Value>> = node.ask(&["CLUSTER", "SLOTS"]).await;
                slots.iter().map(|range| range.len() - 3).sum::<usize>() == replicas
            })
            .await;
        }
        Some(cluster)
    }

    async fn until_whole(&self) {
        for node in &self.nodes {
            until("the cluster is whole", async || {
                let info: String = node.ask(&["CLUSTER", "INFO"]).await;
                info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_known_nodes:{}\r\n", self.nodes.len()))
            })
            .await;
        }
    }

    /// Forgets everything.
    pub async fn empty(&self) {
        for node in &self.nodes {
            node.operate(&["FLUSHALL"]).await;
        }
    }

    /// A store on it, which is told the address of the last master alone.
    pub fn settings(&self) -> RedisSettings {
        RedisSettings::cluster(&[self.nodes[2].url()], None).unwrap()
    }

    pub fn store(&self) -> RedisStore {
        RedisStore::new(self.settings(), Duration::from_secs(1))
    }

    /// The master that has this key, as Redis says.
    pub async fn owner(&self, key: &str) -> usize {
        let slot: u16 = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key]).await;
        Self::RANGES.iter().position(|(first, last)| (*first..=*last).contains(&slot)).unwrap()
    }
}

/// Removes what servers of clusters left whose programs have ended.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with("genuine-gateway-redis-cluster-")) else {
            continue;
        };
        let process = name.rsplit('-').next().unwrap();
        if !Path::new("/proc").join(process).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A master with a replica, which three sentinels watch.
pub struct Watched {
    pub master: Redis,
    pub replica: Redis,
    pub sentinels: Vec<Sentinel>,
}

/// A sentinel, with what it has written.
pub struct Sentinel {
    process: Child,
    pub port: u16,
    _scratch: Scratch,
}

impl Watched {
    /// `None` where Redis is not installed; in CI that is a failure.
    pub async fn start(name: &str) -> Option<Self> {
        let master = Redis::start(&format!("{name}-master"))?;
        let replica = Redis::start(&format!("{name}-replica"))?;
        replica.operate(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]).await;
        until("the replica follows", async || {
            replica.ask::<String>(&["INFO", "replication"]).await.contains("master_link_status:up")
        })
        .await;
        let sentinels = (0..3).map(|number| Sentinel::start(&format!("{name}-{number}"), master.port())).collect();
        let watched = Self { master, replica, sentinels };
        for sentinel in &watched.sentinels {
            until("the sentinels know each other and the replica", async || {
                let known: Vec<String> = sentinel.ask(&["SENTINEL", "MASTER", "mymaster"]).await;
                let told = |name: &str| {
                    known.iter().position(|field| field == name).and_then(|place| known.get(place + 1)).cloned()
                };
                told("num-slaves").as_deref() == Some("1") && told("num-other-sentinels").as_deref() == Some("2")
            })
            .await;
        }
        Some(watched)
    }

    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(Sentinel::url).collect()
    }

    pub fn store(&self) -> RedisStore {
        watched_store(&self.urls())
    }

    /// Has the sentinels watch another server under the same name.
    pub async fn watch(&self, port: u16) {
        for sentinel in &self.sentinels {
            sentinel.ask::<()>(&["SENTINEL", "REMOVE", "mymaster"]).await;
            sentinel.ask::<()>(&["SENTINEL", "MONITOR", "mymaster", "127.0.0.1", &port.to_string(), "2"]).await;
        }
    }
}

pub fn watched_settings(sentinels: &[String], credentials: (Option<&str>, Option<&str>)) -> RedisSettings {
    RedisSettings::sentinels(sentinels, "mymaster", credentials, None).unwrap()
}

pub fn watched_store(sentinels: &[String]) -> RedisStore {
    RedisStore::new(watched_settings(sentinels, (None, None)), Duration::from_secs(1))
}

impl Sentinel {
    pub fn start(name: &str, master: u16) -> Self {
        let (port, scratch) = (free_port(), Scratch::new(&format!("sentinel-{name}")));
        let file = scratch.path().join("sentinel.conf");
        let settings = format!(
            "bind 127.0.0.1\nport {port}\ndir {}\nsentinel monitor mymaster 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n",
            scratch.path().display()
        );
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("redis-server");
        let process = command.arg(&file).arg("--sentinel").stdout(Stdio::null()).spawn().unwrap();
        let sentinel = Self { process, port, _scratch: scratch };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sentinel;
            }
            thread::sleep(Duration::from_millis(25));
        }
        panic!("the sentinel does not answer");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await.unwrap()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something holds, for 20 seconds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come true that {what}");
}
