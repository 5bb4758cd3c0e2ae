//! Redis Cluster: which server has a key. Each call touches one key, so that one server decides it.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use redis::{
    ConnectionAddr, ConnectionInfo, RedisConnectionInfo, RedisError, Value, aio::MultiplexedConnection,
    from_redis_value,
};
use tokio::task::JoinSet;

use super::{
    dial::{Dial, refused},
    node::{Call, Failure, Node, READINESS, Target, slot},
};
use crate::store::{
    Unavailable, Unfit,
    link::{Fault, Link},
};

/// How many servers a call is sent to before the store counts as too busy moving slots.
const REDIRECTIONS: usize = 4;
/// Slots of a cluster.
const SLOTS: u16 = 16384;
/// How many names are tried to find one that a server has. One with a single slot is found among these, but once in ten million times.
const TRIES: u32 = 1 << 18;

/// The servers of a cluster, and who has which slots.
pub(super) struct Cluster {
    dial: Arc<Dial>,
    /// Those that the configuration names.
    seeds: Vec<ConnectionInfo>,
    map: Link<Arc<Map>>,
    /// Those that were found last, with their connections.
    known: Mutex<Vec<Arc<Node>>>,
}

struct Map {
    /// From the first slot to the last one, this master.
    ranges: Vec<(u16, u16, Arc<Node>)>,
    /// Replicas included.
    nodes: Vec<Arc<Node>>,
    /// A name for each master that it has.
    readiness: Vec<String>,
}

/// Slots, and the servers that have them: the master first.
type Range = (u16, u16, Vec<(String, u16)>);

impl Cluster {
    pub(super) fn new(seeds: Vec<ConnectionInfo>, dial: Arc<Dial>) -> Self {
        Self { dial, seeds, map: Link::default(), known: Mutex::default() }
    }

    /// Sends a call to the server that has its key, and after another one if that says so: then nothing has happened yet.
    pub(super) async fn send<T: redis::FromRedisValue>(&self, call: &Call<'_>) -> Result<T, Unavailable> {
        let mut redirected: Option<(Arc<Node>, bool)> = None;
        for _ in 0..REDIRECTIONS {
            let (map, number) = self.map.get(self.discover()).await?;
            let Some((node, asking)) = redirected.take().or_else(|| Some((map.owner(call.slot())?, false))) else {
                tracing::warn!("no server of the cluster has the slot of a key");
                self.map.hang_up(number);
                return Err(Unavailable);
            };
            match node.send(call, asking).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Moved(host, port)) => {
                    self.map.hang_up(number);
                    redirected = Some((self.node(&node, host, port), false));
                }
                Err(Failure::Ask(host, port)) => redirected = Some((self.node(&node, host, port), true)),
                Err(Failure::Unavailable) => {
                    // Another one may have taken its place.
                    self.map.hang_up(number);
                    return Err(Unavailable);
                }
            }
        }
        tracing::warn!("the servers of the cluster send a call from one to another");
        Err(Unavailable)
    }

    /// Each master once, and a text that is another one where others have other slots.
    pub(super) async fn masters(&self) -> Result<(Vec<Arc<Node>>, String), Unavailable> {
        let (map, _) = self.map.get(self.discover()).await?;
        let mut ranges: Vec<_> = map.ranges.iter().collect();
        ranges.sort_unstable_by_key(|(first, ..)| *first);
        let (mut masters, mut text) = (Vec::<Arc<Node>>::new(), String::new());
        for (first, last, node) in ranges {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{first}-{last} {:?}", addr_of(node).map(ToString::to_string));
            if !masters.iter().any(|known| Arc::ptr_eq(known, node)) {
                masters.push(Arc::clone(node));
            }
        }
        Ok((masters, text))
    }

    /// The server that another one names. Without a host it is on the same one.
    fn node(&self, from: &Node, host: String, port: u16) -> Arc<Node> {
        let host = if host.is_empty() { host_of(from).unwrap_or_default().to_owned() } else { host };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let addr = ConnectionAddr::Tcp(host, port);
        if let Some(node) = known.iter().find(|node| addr_of(node) == Some(&addr)) {
            return Arc::clone(node);
        }
        let node = self.make(addr);
        known.push(Arc::clone(&node));
        node
    }

    fn make(&self, addr: ConnectionAddr) -> Arc<Node> {
        let redis = self.seeds.first().map_or_else(RedisConnectionInfo::default, |seed| seed.redis.clone());
        Arc::new(Node::new(Target::Server(ConnectionInfo { addr, redis }), Arc::clone(&self.dial)))
    }

    /// Asks all servers that are known who has which slots, and believes the first one for which the cluster is whole: one that was cut
    /// off says that it is not.
    async fn discover(&self) -> Result<Arc<Map>, Fault> {
        let mut asked = JoinSet::new();
        let mut candidates = self.seeds.clone();
        for node in self.known.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Target::Server(info) = &node.target
                && candidates.iter().all(|candidate| candidate.addr != info.addr)
            {
                candidates.push(info.clone());
            }
        }
        for candidate in candidates {
            let dial = Arc::clone(&self.dial);
            asked.spawn(async move { ask(&candidate, &dial).await });
        }
        let mut fault = Fault::Away;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(Some(ranges))) => return Ok(Arc::new(self.draw(ranges))),
                Ok(Err(unfit @ Fault::Unfit(_))) => fault = unfit,
                _ => {}
            }
        }
        tracing::warn!("no server tells of a cluster that is whole");
        Err(fault)
    }

    /// Servers that were known keep their connections.
    fn draw(&self, ranges: Vec<Range>) -> Map {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut nodes: Vec<Arc<Node>> = Vec::new();
        let mut masters = Vec::new();
        for (first, last, servers) in ranges {
            for (place, (host, port)) in servers.into_iter().enumerate() {
                let addr = ConnectionAddr::Tcp(host, port);
                let is_it = |node: &&Arc<Node>| addr_of(node) == Some(&addr);
                let node = match nodes.iter().find(is_it).or_else(|| known.iter().find(is_it)) {
                    Some(node) => Arc::clone(node),
                    None => self.make(addr.clone()),
                };
                if place == 0 {
                    masters.push((first, last, Arc::clone(&node)));
                }
                if !nodes.iter().any(|known| Arc::ptr_eq(known, &node)) {
                    nodes.push(node);
                }
            }
        }
        known.clone_from(&nodes);
        let mut map = Map { ranges: masters, nodes, readiness: Vec::new() };
        map.readiness = map.names();
        map
    }

    /// Whether each master can be written to.
    pub(super) async fn ready(&self) -> Result<(), Unavailable> {
        let (map, number) = self.map.get(self.discover()).await?;
        if !map.is_whole() {
            self.map.hang_up(number);
            return Err(Unavailable);
        }
        for name in &map.readiness {
            self.send::<String>(&Call::write("SET", name, &[b"1"])).await?;
        }
        Ok(())
    }

    /// Whether each server is one to rely on, the replicas included, which take the place of a master.
    pub(super) async fn check(&self) -> Result<(), Unfit> {
        if let Some((_, number)) = self.map.current() {
            self.map.hang_up(number);
        }
        let Ok((map, _)) = self.map.get(self.discover()).await else {
            // One that is away is answered for by every operation.
            return self.map.unfit().map_or(Ok(()), Err);
        };
        let mut checked = JoinSet::new();
        for node in &map.nodes {
            let node = Arc::clone(node);
            checked.spawn(async move { node.check().await });
        }
        while let Some(answer) = checked.join_next().await {
            answer.unwrap_or(Ok(()))?;
        }
        Ok(())
    }
}

impl Map {
    fn owner(&self, slot: u16) -> Option<Arc<Node>> {
        let range = self.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        range.map(|(_, _, node)| Arc::clone(node))
    }

    fn is_whole(&self) -> bool {
        (0..SLOTS).all(|slot| self.ranges.iter().any(|(first, last, _)| (*first..=*last).contains(&slot)))
    }

    fn names(&self) -> Vec<String> {
        let mut without: Vec<&Arc<Node>> = Vec::new();
        for (_, _, node) in &self.ranges {
            if !without.iter().any(|other| Arc::ptr_eq(other, node)) {
                without.push(node);
            }
        }
        let mut names = Vec::new();
        for number in 0..TRIES {
            if without.is_empty() {
                break;
            }
            let name = format!("{READINESS}:{number}");
            let Some(owner) = self.owner(slot(&name)) else { continue };
            if let Some(place) = without.iter().position(|node| Arc::ptr_eq(node, &owner)) {
                without.swap_remove(place);
                names.push(name);
            }
        }
        names
    }
}

fn addr_of(node: &Node) -> Option<&ConnectionAddr> {
    match &node.target {
        Target::Server(info) => Some(&info.addr),
        Target::Master(_) => None,
    }
}

fn host_of(node: &Node) -> Option<&str> {
    match addr_of(node) {
        Some(ConnectionAddr::Tcp(host, _)) => Some(host),
        _ => None,
    }
}

/// Who has which slots, as one server tells it. `None` if the cluster is not whole to it.
async fn ask(server: &ConnectionInfo, dial: &Dial) -> Result<Option<Vec<Range>>, Fault> {
    let mut connection = dial.open(server).await?;
    let (state, slots) = questions(&mut connection).await.map_err(|error| refused(&error))?;
    let ConnectionAddr::Tcp(host, _) = &server.addr else { return Ok(None) };
    if !state.lines().any(|line| line.trim_end() == "cluster_state:ok") {
        return Ok(None);
    }
    Ok(slots.iter().map(|range| read_range(range, host)).collect())
}

async fn questions(connection: &mut MultiplexedConnection) -> Result<(String, Vec<Vec<Value>>), RedisError> {
    let state = redis::cmd("CLUSTER").arg("INFO").query_async(connection).await?;
    Ok((state, redis::cmd("CLUSTER").arg("SLOTS").query_async(connection).await?))
}

/// First slot, last slot, and for each server host, port and more. A server without a host is on the one that was asked.
fn read_range(range: &[Value], asked: &str) -> Option<Range> {
    let [first, last, servers @ ..] = range else { return None };
    let server = |server: &Value| {
        let parts: Vec<Value> = from_redis_value(server).ok()?;
        let [host, port, ..] = parts.as_slice() else { return None };
        let host: Option<String> = from_redis_value(host).ok()?;
        match host.filter(|host| !host.is_empty()) {
            // Redis does not know its name.
            Some(host) if host == "?" => None,
            host => Some((host.unwrap_or_else(|| asked.to_owned()), from_redis_value(port).ok()?)),
        }
    };
    let servers = servers.iter().map(server).collect::<Option<_>>()?;
    Some((from_redis_value(first).ok()?, from_redis_value(last).ok()?, servers))
}
