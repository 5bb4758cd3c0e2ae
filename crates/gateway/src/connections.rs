//! How many connections there may be, and how long one may take nothing.

use std::{
    collections::HashMap,
    future::{Ready, ready},
    io,
    net::IpAddr,
    os::fd::AsRawFd as _,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Extension, middleware::AddExtension};
use axum_server::accept::Accept;
use ipnet::IpNet;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::Layer as _;

use crate::{descriptors, limit::subscriber};

/// After how many milliseconds a client that takes none of what it is sent is cut off.
const UNTAKEN: u32 = 30_000;

/// Of one address, from where a quarter of all places is taken: what a browser opens, and a few.
const CROWDED: usize = 8;

/// Accepts so many connections at a time, and so many of one address (of one /64 in IPv6), and closes the others at once. As places
/// become few, an address has fewer: from where half of them are taken one, so that 2,000 addresses keep nobody out of 4,096.
#[derive(Clone)]
pub struct Connections {
    all: Arc<Semaphore>,
    places: usize,
    of_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
    /// Who speaks for many.
    proxies: Arc<[IpNet]>,
    /// Whether the last file descriptors are for these connections too.
    reserved: bool,
}

/// A place among the connections, free again when it is dropped.
pub struct Place {
    _permit: OwnedSemaphorePermit,
    counted: Option<(Connections, IpAddr)>,
}

impl Connections {
    /// No connection yet. `proxies` and this machine may have all of them.
    #[must_use]
    pub fn new(all: usize, per_address: usize, proxies: Vec<IpNet>) -> Self {
        let (places, all, of_address) = (all, Arc::new(Semaphore::new(all)), Arc::default());
        Self { all, places, of_address, per_address, proxies: proxies.into(), reserved: false }
    }

    /// The operator's: so many, of any address, and the last file descriptors are theirs.
    #[must_use]
    pub fn operator(all: usize) -> Self {
        Self { reserved: true, ..Self::new(all, all, Vec::new()) }
    }

    /// A place for this address, if there is one.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let subscriber = subscriber(address);
        if address.is_loopback() || self.proxies.iter().any(|network| network.contains(&address)) {
            return Some(Place { _permit: permit, counted: None });
        }
        let mut counts = self.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(subscriber).or_default();
        if *count >= self.share() {
            return None;
        }
        *count += 1;
        Some(Place { _permit: permit, counted: Some((self.clone(), subscriber)) })
    }
}

impl Connections {
    /// How many places one address may have now. The one that is being asked for is taken already.
    fn share(&self) -> usize {
        let taken = self.places.saturating_sub(self.all.available_permits());
        match taken {
            few if few <= self.places.div_ceil(4) => self.per_address,
            some if some <= self.places.div_ceil(2) => self.per_address.min(CROWDED),
            _ => self.per_address.min(1),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((connections, address)) = &self.counted else { return };
        let mut counts = connections.of_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = TcpStream;
    /// The connection's service holds its place, and is dropped with it.
    type Service = AddExtension<S, Arc<Place>>;
    type Future = Ready<io::Result<(TcpStream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accept = || {
            stream.set_nodelay(true)?;
            set_tcp_user_timeout(&stream, UNTAKEN)?;
            if !self.reserved && descriptors::is_reserved(stream.as_raw_fd()) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let place = self.place(stream.peer_addr()?.ip().to_canonical());
            place.ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
        };
        let place: io::Result<Place> = accept();
        ready(place.map(|place| (stream, Extension(Arc::new(place)).layer(service))))
    }
}
