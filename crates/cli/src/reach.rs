//! How a command reaches the data: through the server that owns the folder, or by opening the store itself.

use std::path::Path;
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

use crate::args::Common;
use crate::place;
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

/// A way to the data. Only one process at a time has a folder open.
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
        let location = place::location(common)?;
        if missing == Missing::Refuse {
            must_exist(&location)?;
        }
        let Location::Folder(folder) = &location else {
            // Any number of processes may have it open.
            return Reach::opened(open(&location)?);
        };
        for _ in 0..STARTING_TRIES {
            if let Some(connection) = connect(folder)? {
                return Ok(Reach::Served(connection));
            }
            match docket_backends::open(&location) {
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

/// One state of the store, for reading, whoever has it open.
pub fn snapshot_store(common: &Common) -> Result<Arc<dyn Store>> {
    snapshot_at(&place::location(common)?)
}

/// One state of the store at a place.
pub fn snapshot_at(location: &Location) -> Result<Arc<dyn Store>> {
    match (docket_backends::open_snapshot(location), location) {
        (Ok(store), _) => Ok(store),
        (Err(OpenError::Folder(FolderError::Missing { .. })), Location::Folder(folder)) => {
            Err(missing(folder))
        }
        (Err(error), _) => Err(error).with_context(|| format!("read {}", place::words(location))),
    }
}

/// The store at a place, made if there is none, to be written to.
pub fn open(location: &Location) -> Result<Arc<dyn Store>> {
    docket_backends::open(location).with_context(|| format!("open {}", place::words(location)))
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

/// Refuses a place without a store, which opening it to write would make.
fn must_exist(location: &Location) -> Result<()> {
    match (docket_backends::open_snapshot(location), location) {
        (Err(OpenError::Folder(FolderError::Missing { .. })), Location::Folder(folder)) => {
            Err(missing(folder))
        }
        (Err(error), Location::Url(_)) => Err(error).context("read the database"),
        // Whatever else is wrong is told by whoever opens it.
        (Ok(_) | Err(_), _) => Ok(()),
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
