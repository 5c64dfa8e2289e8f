//! How a command reaches the data: through the server that owns the folder, or by opening it itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use docket_access::Access;
use docket_backends::{FolderError, Location, OpenError};
use docket_engine::store::Store;
use docket_engine::{Engine, Environment, Params, WhatIsSealed};
use docket_server::control::{CallError, Connection};
use docket_server::operations::{
    Failure, FailureKind, Operation, Operations, Order, Reply, VERSION,
};

use crate::args::{Common, DATA_DEFAULT};
use crate::user;
use crate::wrong_use::WrongUse;

/// How often a server that is just starting is tried again.
const STARTING_TRIES: u32 = 50;
/// How long to wait in between.
const STARTING_PAUSE: Duration = Duration::from_millis(100);

/// What to do about a data folder that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Make it.
    Make,
    /// Say so.
    Refuse,
}

/// A way to the data. Only one process at a time has the folder open.
#[derive(Debug)]
pub enum Reach {
    /// The server has it open.
    Served(Connection),
    /// This process has it open.
    Opened {
        /// What runs the orders.
        operations: Operations,
        /// What must be closed at the end.
        engine: Engine,
    },
}

impl Reach {
    /// Finds the way.
    pub fn open(common: &Common, missing: Missing) -> Result<Self> {
        let folder = folder(common)?;
        if missing == Missing::Refuse {
            must_exist(&folder)?;
        }
        for _ in 0..STARTING_TRIES {
            if let Some(connection) = connect(&folder)? {
                return Ok(Reach::Served(connection));
            }
            match docket_backends::open(&Location::Folder(folder.clone())) {
                Ok(store) => return Reach::opened(store),
                // A server that starts or stops has the lock and does not listen.
                Err(OpenError::Folder(FolderError::Locked { .. })) => {
                    thread::sleep(STARTING_PAUSE);
                }
                Err(error) => {
                    return Err(error).with_context(|| format!("open {}", folder.display()));
                }
            }
        }
        bail!(
            "another process has {} open and does not answer on its control socket; \
             wait until it is done, or stop it",
            folder.display()
        )
    }

    /// Opens a folder that nobody else knows of.
    pub fn own(folder: &Path) -> Result<Self> {
        Reach::opened(docket_backends::open(&Location::Folder(folder.to_owned()))?)
    }

    fn opened(store: Arc<dyn Store>) -> Result<Self> {
        let engine = Engine::open(store, Params::default(), Environment::system())?;
        let operations = Operations::new(Access::open(engine.clone()));
        Ok(Reach::Opened { operations, engine })
    }

    /// Has an operation carried out, here or over there.
    pub fn call(&mut self, operation: Operation) -> Result<Reply> {
        let order = Order {
            version: VERSION.to_owned(),
            user: Some(user::name()),
            operation,
        };
        match self {
            Reach::Served(connection) => connection.call(&order).map_err(|error| match error {
                CallError::Failed(failure) => failed(failure),
                CallError::Broken(_) => error.into(),
            }),
            Reach::Opened { operations, .. } => operations.execute(order).map_err(failed),
        }
    }
}

impl Drop for Reach {
    fn drop(&mut self) {
        match self {
            Reach::Served(_) => {}
            Reach::Opened { engine, .. } => engine.close(),
        }
    }
}

/// The data folder that the options name.
pub fn folder(common: &Common) -> Result<PathBuf> {
    if common.database_url.is_some() {
        let reason = "this build has no PostgreSQL; use a folder: --data DIR";
        return Err(WrongUse(reason.to_owned()).into());
    }
    Ok(common
        .data
        .clone()
        .unwrap_or_else(|| PathBuf::from(DATA_DEFAULT)))
}

/// One state of the store, for reading, whoever has it open.
pub fn snapshot_store(common: &Common) -> Result<Arc<dyn Store>> {
    let folder = folder(common)?;
    match docket_backends::open_snapshot(&Location::Folder(folder.clone())) {
        Ok(store) => Ok(store),
        Err(OpenError::Folder(FolderError::Missing { .. })) => Err(missing(&folder)),
        Err(error) => Err(error).with_context(|| format!("read {}", folder.display())),
    }
}

/// The logs of one state of the store.
pub fn snapshot(common: &Common) -> Result<Engine> {
    let store = snapshot_store(common)?;
    Ok(Engine::open(
        store,
        Params {
            sealing: WhatIsSealed::Nothing,
            ..Params::default()
        },
        Environment::system(),
    )?)
}

/// A reply that does not fit the order.
pub fn unexpected(reply: &Reply) -> anyhow::Error {
    anyhow!("this is no answer to what was asked: {reply:?}")
}

/// Refuses a folder without a store, which opening it to write would make.
fn must_exist(folder: &Path) -> Result<()> {
    match docket_backends::open_snapshot(&Location::Folder(folder.to_owned())) {
        Err(OpenError::Folder(FolderError::Missing { .. })) => Err(missing(folder)),
        // Whatever else is wrong is told by whoever opens it.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn missing(folder: &Path) -> anyhow::Error {
    anyhow!(
        "there is no store in {}; name the folder with --data DIR, \
         or make an organization: docket init --org ID --owner EMAIL",
        folder.display()
    )
}

fn connect(folder: &Path) -> Result<Option<Connection>> {
    Connection::open(folder)
        .with_context(|| format!("reach the server that has {} open", folder.display()))
}

fn failed(failure: Failure) -> anyhow::Error {
    match failure.kind {
        FailureKind::Invalid => WrongUse(failure.reason).into(),
        FailureKind::Unknown
        | FailureKind::Conflict
        | FailureKind::Busy
        | FailureKind::Unavailable
        | FailureKind::Corrupt => failure.into(),
    }
}
