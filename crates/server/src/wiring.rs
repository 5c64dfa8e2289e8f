//! Puts the rooms together: store, engine, access, surfaces, listeners.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use docket_access::{Access, Issuers};
use docket_engine::store::Store;
use docket_engine::{Engine, Environment, Params};
use docket_surfaces_kit::{App, Setup, Surface, edge};
use tokio::task::{JoinError, JoinHandle};

use crate::config::Config;
use crate::listen::{self, Listener};
use crate::retention;
use crate::shutdown::{Stopping, Switch};
use crate::telemetry;

/// Opens the store. Runs on a thread that may block, after the listeners are open.
pub type OpenStore = Box<dyn FnOnce() -> anyhow::Result<Arc<dyn Store>> + Send>;

/// What runs beside the listeners once the store is open, such as a control socket. It ends when it is told
/// to stop; the engine is closed after that.
pub type Beside = Box<dyn FnOnce(Opened, Stopping) -> Running + Send>;

type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// What is there once the store is open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The engine.
    pub engine: Engine,
    /// Organizations, members, tokens.
    pub access: Access,
}

/// What a server is made of.
pub struct Wiring {
    /// How it is configured.
    pub config: Config,
    /// Sizes of the engine.
    pub params: Params,
    /// Clock and randomness.
    pub environment: Environment,
    /// The dialects that it speaks.
    pub surfaces: Vec<Surface>,
    /// Opens its store.
    pub open: OpenStore,
    /// What runs beside it.
    pub beside: Option<Beside>,
    /// Issuers whose JWTs let in.
    pub issuers: Option<Arc<Issuers>>,
}

impl Wiring {
    /// All surfaces over this store, on the system's clock and randomness.
    pub fn new(config: Config, open: OpenStore) -> Self {
        Wiring {
            params: config.engine.params(),
            config,
            environment: Environment::system(),
            surfaces: docket_surfaces::all(),
            open,
            beside: None,
            issuers: None,
        }
    }
}

impl fmt::Debug for Wiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiring({:?})", self.config)
    }
}

/// Serves on open listeners until `stop` is done, then finishes what is under way and closes the engine.
/// When this returns without an error, everything that was answered is durable and the store is closed.
///
/// # Errors
/// A store that cannot be opened; something beside the listeners that failed.
pub async fn launch(
    listeners: Vec<Listener>,
    wiring: Wiring,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let Wiring {
        config,
        params,
        environment,
        surfaces,
        open,
        beside,
        issuers,
    } = wiring;
    let limits = config.limits.limits();
    let retention_every = config.engine.retention_every();
    let metrics = Some(telemetry::metrics());
    let app = App::new(Setup {
        surfaces,
        limits,
        environment: environment.clone(),
        metrics,
    });
    let switch = Switch::new();
    let router = edge::router(app.clone());
    let serving = tokio::spawn(listen::run(
        listeners,
        router,
        config.listen.clone(),
        switch.stopping(),
    ));
    let upkeep = tokio::spawn(telemetry::upkeep());
    // They end behind the last answer, as that may be one to write down.
    let answered = Switch::new();
    let notes = tokio::spawn({
        let (app, answered) = (app.clone(), answered.stopping());
        async move { app.keep_notes(answered.stopped()).await }
    });
    let open = opening(open, params, environment, issuers);
    let done = opened(&app, open, beside, retention_every, &switch, stop).await;
    app.close();
    switch.stop();
    serving.await.context("the listeners ended badly")?;
    upkeep.abort();
    answered.stop();
    notes.await.context("writing notes ended badly")?;
    let (engine, beside, retention) = done?;
    // A prune that is under way ends soon: it is done block by block.
    retention.await.context("retention ended badly")?;
    let beside = match beside {
        Some(running) => flat(running.await),
        None => Ok(()),
    };
    drop(app);
    tokio::task::spawn_blocking(move || engine.close())
        .await
        .context("the engine ended badly")?;
    tracing::info!("stopped");
    beside
}

/// Opens the store, and access to it.
async fn opening(
    open: OpenStore,
    params: Params,
    environment: Environment,
    issuers: Option<Arc<Issuers>>,
) -> anyhow::Result<Access> {
    let opening = tokio::task::spawn_blocking(move || {
        Engine::open(open()?, params, environment).context("the log cannot be opened")
    });
    let engine = opening.await.context("opening the store ended badly")??;
    let access = Access::open(engine);
    Ok(match issuers {
        Some(issuers) => access.with_issuers(issuers),
        None => access,
    })
}

/// What runs until the server has stopped.
type Left = (
    Engine,
    Option<JoinHandle<anyhow::Result<()>>>,
    JoinHandle<()>,
);

/// Waits for the store and serves until it is time to stop, or until what runs beside fails.
async fn opened(
    app: &App,
    open: impl Future<Output = anyhow::Result<Access>>,
    beside: Option<Beside>,
    retention_every: Duration,
    switch: &Switch,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Left> {
    let access = open.await?;
    let engine = access.engine().clone();
    app.open(engine.clone(), access.clone());
    let retention = tokio::spawn(retention::run(
        access.clone(),
        retention_every,
        switch.stopping(),
    ));
    let opened = Opened {
        engine: engine.clone(),
        access,
    };
    let mut beside = beside.map(|beside| tokio::spawn(beside(opened, switch.stopping())));
    tracing::info!(readiness = ?app.readiness(), "serving");
    let failed = async {
        match &mut beside {
            Some(running) => flat(running.await),
            None => std::future::pending().await,
        }
    };
    let ended = tokio::select! {
        () = stop => None,
        ended = failed => Some(ended),
    };
    tracing::info!("stopping");
    let beside = match ended {
        Some(ended) => tokio::spawn(std::future::ready(ended)).into(),
        None => beside,
    };
    Ok((engine, beside, retention))
}

/// An end that was a panic is an error like any other.
fn flat(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("what runs beside the listeners ended badly")?
}
