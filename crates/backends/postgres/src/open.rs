//! Opening of a database that holds a store, or is to hold one.

use std::sync::Arc;

use docket_engine::store::{Identity, Problem, StoreError};
use docket_engine::{Random, SystemRandom};

use crate::address::Address;
use crate::batches::MOMENT;
use crate::failure::Failure;
use crate::heads::Layout;
use crate::live::Live;
use crate::pool::{Door, PATIENCE, Pool, Unfit};
use crate::schema::{self, FORMAT, Unusable, Use};
use crate::session::Session;
use crate::wait::block_on;

/// What a store takes from the world around it.
#[derive(Clone)]
pub struct Options {
    /// Where the identity of a new store comes from.
    pub random: Arc<dyn Random>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            random: Arc::new(SystemRandom),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Options")
    }
}

/// Why a database could not be opened. No text of it holds a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be understood.
    #[error("the database address cannot be used: {what}")]
    Address {
        /// What is wrong with it, and what to write.
        what: String,
    },
    /// No server answers that takes writes.
    #[error("{what}; start the server, or name another host")]
    Unreachable {
        /// Where, and what went wrong.
        what: String,
    },
    /// The server, or this program, does not let it be used.
    #[error("the database at {server} cannot be used: {what}")]
    Refused {
        /// Where it is.
        server: String,
        /// What stands in the way.
        what: String,
    },
    /// It holds no store.
    #[error("there is no store in the database at {server}; `docket init` makes one")]
    Missing {
        /// Where it is.
        server: String,
    },
    /// A newer binary wrote it.
    #[error(
        "the database at {server} has format {format} and this docket knows none above {known}: \
         use the newer docket that wrote it"
    )]
    Newer {
        /// Where it is.
        server: String,
        /// The format of its tables.
        format: u64,
        /// The newest format that this binary knows.
        known: u32,
    },
    /// What is stored cannot be right.
    #[error("the database at {server} is corrupt: {problem}")]
    Corrupt {
        /// Where it is.
        server: String,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// Opens a store to be read and written. Makes it if the schema is empty.
pub(crate) fn live(url: &str, options: &Options) -> Result<(Identity, Live), OpenError> {
    let (door, server, session) = connected(url)?;
    let opened = block_on(async {
        schema::prepare(&session, &*options.random).await?;
        let identity = schema::check(&session, Use::Write).await?;
        Ok((identity, schema::is_distributed(&session).await?))
    });
    let (identity, distributed) = opened.map_err(|unusable| unused(&server, unusable))?;
    let layout = if distributed {
        Layout::Apart
    } else {
        Layout::Together
    };
    let pool = Pool::new(door, identity.clone(), session);
    let live = Live::new(identity.clone(), layout, pool);
    live.clean()
        .map_err(|error| refused(server, error.into()))?;
    Ok((identity, live))
}

/// Opens a store as it is now, to be read: a transaction that stays open.
pub(crate) fn snapshot(url: &str) -> Result<(Identity, Session, Arc<Door>), OpenError> {
    let (door, server, session) = connected(url)?;
    let opened = block_on(async {
        // Where there is no store there are no tables to lock either.
        schema::check(&session, Use::Read).await?;
        session.set_up_for_snapshot().await?;
        session.plain(MOMENT).await?;
        schema::check(&session, Use::Read).await
    });
    let identity = opened.map_err(|unusable| unused(&server, unusable))?;
    Ok((identity, session, door))
}

/// A way to the server, the server's name, and a first connection.
fn connected(url: &str) -> Result<(Arc<Door>, String, Session), OpenError> {
    let address = Address::parse(url).map_err(|what| OpenError::Address { what })?;
    let server = address.to_string();
    let door = Door::new(address).map_err(|error| OpenError::Refused {
        what: format!("no thread can be started for its connections: {error}"),
        server: server.clone(),
    })?;
    let door = Arc::new(door);
    let session = door.connect(PATIENCE);
    let session = session.map_err(|unfit| unconnected(&server, unfit))?;
    Ok((door, server, session))
}

fn unconnected(server: &str, unfit: Unfit) -> OpenError {
    let server = server.to_owned();
    match unfit {
        Unfit::Unreachable(what) => OpenError::Unreachable { what },
        Unfit::Denied(what) => OpenError::Refused { server, what },
        Unfit::Unsafe => OpenError::Refused {
            server,
            what: "synchronous_commit is off there, so it says that events are stored before they are on the \
                   disk; set it to on, for the server or with ALTER ROLE for this role alone"
                .to_owned(),
        },
        Unfit::Failure(failure) => unused(&server, failure.into()),
    }
}

fn unused(server: &str, unusable: Unusable) -> OpenError {
    let server = server.to_owned();
    match unusable {
        Unusable::Missing => OpenError::Missing { server },
        Unusable::Newer { format } => OpenError::Newer {
            server,
            format,
            known: FORMAT,
        },
        Unusable::Failure(failure) => refused(server, failure),
    }
}

fn refused(server: String, failure: Failure) -> OpenError {
    let hint = match &failure {
        Failure::Refused { code, .. } => hint(code),
        _ => "",
    };
    match failure.unwritten() {
        StoreError::Corrupt(problem) => OpenError::Corrupt { server, problem },
        StoreError::Busy(what) | StoreError::Unavailable(what) => OpenError::Refused {
            what: format!("{what}{hint}"),
            server,
        },
    }
}

/// What to do about an SQLSTATE.
fn hint(code: &str) -> &'static str {
    match code {
        "42501" => {
            "; let this role own the database or the schema: ALTER DATABASE ... OWNER TO ..."
        }
        "3F000" => {
            "; its search_path names no schema that exists and that this role may use: make one with CREATE SCHEMA ... AUTHORIZATION ..."
        }
        "42P07" => {
            "; something else has tables here: give docket a database or a schema of its own"
        }
        "55P03" => "; another process has been making the tables for too long: try again",
        _ => "",
    }
}
