//! A connection to a store that is reached over the network: made when it is first needed, and again after it broke.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Unavailable, Unfit};

/// The connection in use. Whatever goes wrong on one ends it, the time-out of a connection that is half dead and the
/// refusal of a server that has become a replica included.
pub(super) struct Link<C> {
    state: Mutex<State<C>>,
    connecting: tokio::sync::Mutex<()>,
}

struct State<C> {
    connection: Option<C>,
    /// Which connection it is, so that a late failure of an earlier one does not end it.
    number: u64,
    /// How often it could not be made.
    failures: u64,
    /// Why the store is not used, as it was found last.
    unfit: Option<Unfit>,
}

/// Why there is no connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The store did not answer, or not in time.
    Away,
    /// It answered, and is not to be relied on.
    Unfit(Unfit),
}

impl<C> Default for Link<C> {
    fn default() -> Self {
        let state = State { connection: None, number: 0, failures: 0, unfit: None };
        Self { state: Mutex::new(state), connecting: tokio::sync::Mutex::default() }
    }
}

impl<C: Clone> Link<C> {
    /// The connection and its number. One request connects, and if it cannot, neither can those who wait.
    pub(super) async fn get(&self, connect: impl Future<Output = Result<C, Fault>>) -> Result<(C, u64), Unavailable> {
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        let failures = self.state().failures;
        let _connecting = self.connecting.lock().await;
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        if self.state().failures != failures {
            return Err(Unavailable);
        }
        let connected = connect.await;
        let mut state = self.state();
        state.unfit = None;
        match connected {
            Ok(connection) => {
                state.number += 1;
                state.connection = Some(connection.clone());
                Ok((connection, state.number))
            }
            Err(fault) => {
                state.failures += 1;
                if let Fault::Unfit(unfit) = fault {
                    state.unfit = Some(unfit);
                    tracing::error!("{unfit}");
                }
                Err(Unavailable)
            }
        }
    }

    /// The connection and its number, if there is one.
    pub(super) fn current(&self) -> Option<(C, u64)> {
        let state = self.state();
        Some((state.connection.clone()?, state.number))
    }

    /// Ends the connection of this number.
    pub(super) fn hang_up(&self, number: u64) {
        let mut state = self.state();
        if state.number == number {
            state.connection = None;
        }
    }

    /// Why the store is not used, as it was found last.
    pub(super) fn unfit(&self) -> Option<Unfit> {
        self.state().unfit
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
