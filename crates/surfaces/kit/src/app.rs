//! The state that all surfaces share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use docket_access::{Access, Principal};
use docket_engine::{Engine, Environment, Log, QueryError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::budget::Budget;
use crate::contract::{Ingest, Surface};
use crate::notes::Notes;
use crate::rate::Rates;
use crate::reached::Reached;
use crate::{Limits, Refusal};

/// What an [`App`] is made of before there is an engine.
#[derive(Clone)]
pub struct Setup {
    /// All dialects.
    pub surfaces: Vec<Surface>,
    /// All limits.
    pub limits: Limits,
    /// Clock and randomness.
    pub environment: Environment,
    /// Gives the text of `/metrics`, if metrics are kept.
    pub metrics: Option<MetricsText>,
}

/// Gives the text of `/metrics`.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// The state that all surfaces share. Clones are the same state.
///
/// Listeners may open before the store is read: until [`App::open`], whatever needs the engine is Busy.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    setup: Setup,
    open: OnceLock<Opened>,
    closing: AtomicBool,
    reads: Arc<Semaphore>,
    writes: Arc<Semaphore>,
    bodies: Budget,
    rates: Rates,
    notes: Notes,
    reached: Reached,
}

struct Opened {
    engine: Engine,
    access: Access,
}

/// Whether requests can be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The store is being read.
    Starting,
    /// Yes.
    Ready,
    /// The engine has stopped writing; why.
    Halted(String),
    /// The server is stopping.
    Closing,
}

impl App {
    /// The state of a server that is starting.
    pub fn new(setup: Setup) -> Self {
        let limits = &setup.limits;
        let inner = Inner {
            open: OnceLock::new(),
            closing: AtomicBool::new(false),
            reads: Arc::new(Semaphore::new(limits.reads_max)),
            writes: Arc::new(Semaphore::new(limits.writes_max)),
            bodies: Budget::new(limits.bodies_bytes_max),
            rates: Rates::new(limits),
            notes: Notes::new(),
            reached: Reached::default(),
            setup,
        };
        App {
            inner: Arc::new(inner),
        }
    }

    /// From now on requests are served. A second call changes nothing.
    pub fn open(&self, engine: Engine, access: Access) {
        let _ = self.inner.open.set(Opened { engine, access });
    }

    /// From now on [`App::readiness`] says that the server is stopping. Requests are still served.
    pub fn close(&self) {
        self.inner.closing.store(true, Ordering::Relaxed);
    }

    /// Whether requests can be served.
    pub fn readiness(&self) -> Readiness {
        if self.inner.closing.load(Ordering::Relaxed) {
            return Readiness::Closing;
        }
        match self.inner.open.get() {
            None => Readiness::Starting,
            Some(opened) => opened
                .engine
                .halted()
                .map_or(Readiness::Ready, Readiness::Halted),
        }
    }

    /// Whether the database can be reached that the store shares with other processes; asked at most once a second.
    /// A store that is not shared, or not open yet, counts as reached.
    pub async fn is_reached(&self) -> bool {
        let Some(opened) = self.inner.open.get() else {
            return true;
        };
        let store = opened.engine.store();
        !store.shared()
            || self
                .inner
                .reached
                .is_reached(store, self.environment())
                .await
    }

    /// All dialects.
    pub fn surfaces(&self) -> &[Surface] {
        &self.inner.setup.surfaces
    }

    /// The dialects that take entries in, by name.
    pub fn formats(&self) -> impl Iterator<Item = (&'static str, Ingest)> {
        let surfaces = self.surfaces().iter();
        surfaces.filter_map(|surface| surface.ingest.map(|ingest| (surface.name, ingest)))
    }

    /// All limits.
    pub fn limits(&self) -> &Limits {
        &self.inner.setup.limits
    }

    /// Clock and randomness.
    pub fn environment(&self) -> &Environment {
        &self.inner.setup.environment
    }

    /// The text of `/metrics`; `None` when no metrics are kept.
    pub fn metrics(&self) -> Option<String> {
        self.inner.setup.metrics.as_ref().map(|text| text())
    }

    /// The engine.
    ///
    /// # Errors
    /// Busy until the server has started.
    pub fn engine(&self) -> Result<&Engine, Refusal> {
        self.opened().map(|opened| &opened.engine)
    }

    /// Organizations, members and tokens.
    ///
    /// # Errors
    /// Busy until the server has started.
    pub fn access(&self) -> Result<&Access, Refusal> {
        self.opened().map(|opened| &opened.access)
    }

    /// The log of the caller's organization, for what [`App::page`] and [`App::write`] do not cover. Nothing
    /// of the caller's scope is added to what is asked of it.
    ///
    /// # Errors
    /// Busy until the server has started; Internal if the organization has no log.
    pub fn log(&self, caller: &Principal) -> Result<Log, Refusal> {
        let log = self.engine()?.log(&caller.org).map_err(QueryError::from)?;
        log.ok_or_else(|| Refusal::Internal(format!("organization {} has no log", caller.org)))
    }

    fn opened(&self) -> Result<&Opened, Refusal> {
        self.inner
            .open
            .get()
            .ok_or_else(|| Refusal::busy("the store is still being read"))
    }

    pub(crate) fn bodies(&self) -> &Budget {
        &self.inner.bodies
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.inner.rates
    }

    pub(crate) fn notes(&self) -> &Notes {
        &self.inner.notes
    }

    /// Runs `work`, which may block, in one of the places for questions to the store.
    pub(crate) async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.place(&self.inner.reads, "reads").await?;
        Ok(blocking(place, work).await)
    }

    /// Runs `work`, which may block, in one of the places for batches.
    pub(crate) async fn writing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = self.place(&self.inner.writes, "writes").await?;
        Ok(blocking(place, work).await)
    }

    async fn place(
        &self,
        places: &Arc<Semaphore>,
        what: &'static str,
    ) -> Result<OwnedSemaphorePermit, Refusal> {
        let waiting = places.clone().acquire_owned();
        match tokio::time::timeout(self.limits().place_time, waiting).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) => Err(Refusal::busy("the server is stopping")),
            Err(_) => {
                metrics::counter!("docket_places_refused_total", "places" => what).increment(1);
                Err(Refusal::busy(format!("all places for {what} are taken")))
            }
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({:?})", self.readiness())
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.surfaces.iter().map(|surface| surface.name).collect();
        write!(f, "Setup({names:?}, {:?})", self.limits)
    }
}

/// Runs `work` on a thread that may block; the place is free again when the work is done, even if nobody
/// waits for it any more. A panic in it is a panic here.
async fn blocking<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let task = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    match task.await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(match error.try_into_panic() {
            Ok(panic) => panic,
            Err(cancelled) => Box::new(cancelled.to_string()),
        }),
    }
}
