//! A page of all devices. Redis has no order of its keys: `SCAN` goes through those of one server, in an order that ends with its process.

use std::collections::BTreeSet;

use genuine::app_attest::KeyId;
use sha2::{Digest as _, Sha256};

use super::{
    RedisStore, Servers,
    node::Node,
    record::{name, read_name},
};
use crate::store::{Cursor, Listing, Store as _, Unavailable};

/// Where a listing is.
struct Place {
    /// Which servers have which slots: with others the listing begins again.
    map: [u8; 8],
    /// Which process the server is: with another one its part begins again.
    process: [u8; 8],
    /// Which of the servers.
    server: u16,
    /// Where `SCAN` goes on; 0 at the beginning.
    step: u64,
}

impl Place {
    const fn start(map: [u8; 8], server: u16) -> Self {
        Self { map, process: [0; 8], server, step: 0 }
    }

    fn read(cursor: &Cursor) -> Option<Self> {
        let (map, rest) = cursor.0.split_first_chunk()?;
        let (process, rest) = rest.split_first_chunk()?;
        let (server, step) = rest.split_first_chunk()?;
        let (server, step) = (u16::from_be_bytes(*server), u64::from_be_bytes(step.try_into().ok()?));
        Some(Self { map: *map, process: *process, server, step })
    }

    fn write(&self) -> Cursor {
        Cursor([&self.map[..], &self.process, &self.server.to_be_bytes(), &self.step.to_be_bytes()].concat())
    }
}

impl RedisStore {
    pub(super) async fn page(&self, after: Option<&Cursor>, about: usize) -> Result<Option<Listing>, Unavailable> {
        match &self.0 {
            Servers::One(node) => self.step(&[node], [0; 8], after, about).await,
            Servers::Cluster(cluster) => {
                let (masters, map) = cluster.masters().await?;
                let masters: Vec<_> = masters.iter().map(AsRef::as_ref).collect();
                self.step(&masters, short(map.as_bytes()), after, about).await
            }
        }
    }

    async fn step(
        &self,
        masters: &[&Node],
        map: [u8; 8],
        after: Option<&Cursor>,
        about: usize,
    ) -> Result<Option<Listing>, Unavailable> {
        let place = match after.map(Place::read) {
            Some(None) => return Ok(None),
            Some(Some(place)) if place.map == map && usize::from(place.server) < masters.len() => place,
            Some(Some(_)) | None => Place::start(map, 0),
        };
        let node = masters.get(usize::from(place.server)).ok_or(Unavailable)?;
        let pattern = format!("{}*", name("device", &[0; 32]).trim_end_matches('0'));
        let mut scanned = node.scan(place.step, &pattern, about).await?;
        if place.step != 0 && short(scanned.process.as_bytes()) != place.process {
            scanned = node.scan(0, &pattern, about).await?;
        }
        // The same one may be found twice.
        let keys: BTreeSet<KeyId> = scanned.keys.iter().filter_map(|found| read_name("device", found)).collect();
        let mut devices = Vec::new();
        for key in keys {
            if let Some(device) = self.device(key).await? {
                devices.push((key, device));
            }
        }
        let next = match scanned.next {
            0 => place
                .server
                .checked_add(1)
                .filter(|next| usize::from(*next) < masters.len())
                .map(|next| Place::start(map, next)),
            step => Some(Place { process: short(scanned.process.as_bytes()), step, ..place }),
        };
        Ok(Some(Listing { devices, next: next.map(|next| next.write()) }))
    }
}

/// The beginning of a hash.
fn short(octets: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(octets).into();
    hash.first_chunk().copied().unwrap_or_default()
}
