//! File descriptors: enough for every connection, and some that connections never take.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that connections of apps never take: they are for both listeners, the operator's connections, the store, and
/// what has been accepted and not yet looked at.
pub const RESERVE: u64 = 256;

/// Raises the soft limit to the hard one if so many connections need it.
///
/// # Errors
///
/// With the numbers, if the hard limit is too low.
pub fn make_room(connections: usize) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let needed = connections as u64 + RESERVE;
    let suffices = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    if suffices(limit.current) {
        return Ok(());
    }
    if !suffices(limit.maximum) {
        let most = limit.maximum.unwrap_or(u64::MAX);
        return Err(format!(
            "limits.connections: {connections} connections take {needed} file descriptors, and this process may have {most}: \
             raise that (LimitNOFILE= of systemd, ulimit -Hn) or lower limits.connections"
        ));
    }
    let raised = Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, raised).map_err(|error| format!("limits.connections: file descriptors: {error}"))
}

/// Whether a descriptor is one of the last: the system gives the lowest number that is free, so that all below are taken.
/// The limit is read each time, since others may change it.
#[must_use]
pub fn is_reserved(descriptor: std::os::fd::RawFd) -> bool {
    let descriptor = u64::from(descriptor.unsigned_abs());
    getrlimit(Resource::Nofile).current.is_some_and(|limit| descriptor + RESERVE >= limit)
}
