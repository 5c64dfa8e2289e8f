//! The connections of a store: a few that wait to be used again, and how new ones are made.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use docket_engine::store::Identity;
use parking_lot::{Condvar, Mutex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::address::Address;
use crate::failure::{Failure, words};
use crate::schema;
use crate::session::Session;
use crate::tls::is_of_tls;
use crate::wait::block_on;

/// Connections that a process has open for reading and writing at a time.
const CONNECTIONS_MAX: usize = 16;
/// Connections that wait to be used again.
const IDLE_MAX: usize = 8;
/// How long a caller waits for another one to give its connection back.
const PLACE_PATIENCE: Duration = Duration::from_secs(10);
/// How long one attempt to connect may take, with all that is said before the first statement.
const ATTEMPT_TIME: Duration = Duration::from_secs(5);
/// How long a server is looked for that takes over, or comes back.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// New connections that may break, one after the other, before it is known that they lead to the store.
const CHECKS_MAX: u32 = 5;
/// Pauses between attempts grow from this...
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// ... to this.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// No server answers, or none that takes writes. May go by.
    Unreachable(String),
    /// The server knows what it does not want.
    Denied(String),
    /// The server would say that something is stored before it is on the disk.
    Unsafe,
    /// It answers, and something is wrong with what it says.
    Failure(Failure),
}

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Door {
    pub address: Address,
    runtime: Option<Runtime>,
}

impl Door {
    /// A thread of its own drives the connections, so that callers may block.
    pub(crate) fn new(address: Address) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("docket-postgres")
            .enable_all()
            .build()?;
        Ok(Door {
            address,
            runtime: Some(runtime),
        })
    }

    /// Connects, again and again within `patience` while no server is there.
    pub(crate) fn connect(self: &Arc<Self>, patience: Duration) -> Result<Session, Unfit> {
        let Some(runtime) = &self.runtime else {
            return Err(Unfit::Unreachable("the store is closed".to_owned()));
        };
        let door = Arc::clone(self);
        let task = runtime.spawn(async move {
            let mut last = Unfit::Unreachable(format!("{} does not answer", door.address));
            let outcome = timeout(patience, door.keep_trying(&mut last)).await;
            outcome.unwrap_or(Err(last))
        });
        let ended = |_| Unfit::Unreachable("the connection was given up".to_owned());
        block_on(task).map_err(ended)?
    }

    async fn keep_trying(&self, last: &mut Unfit) -> Result<Session, Unfit> {
        let mut pause = PAUSE_MIN;
        loop {
            let silent = |_| Err(self.unreachable("it does not answer"));
            match timeout(ATTEMPT_TIME, self.attempt())
                .await
                .unwrap_or_else(silent)
            {
                Err(unfit @ Unfit::Unreachable(_)) => *last = unfit,
                other => return other,
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn attempt(&self) -> Result<Session, Unfit> {
        let config = self.address.config().map_err(Unfit::Denied)?;
        let tls = self.address.tls.clone();
        let outcome = match config.connect(tls.clone()).await {
            Err(error) if is_of_tls(&error) => match self.address.without_tls(&config) {
                Some(plain) => plain.connect(tls).await,
                None => Err(error),
            },
            other => other,
        };
        let (client, connection) = outcome.map_err(|error| self.unfit(&error))?;
        // Ends when the client is dropped; what ends it earlier is told to whoever waits for an answer.
        tokio::spawn(connection);
        let session = Session::new(client);
        match session.set_up().await {
            Ok(commit) if commit == "off" => Err(Unfit::Unsafe),
            Ok(_) => Ok(session),
            Err(failure) if failure.is_of_the_connection() => Err(self.unreachable("it hung up")),
            Err(failure) => Err(Unfit::Failure(failure)),
        }
    }

    fn unfit(&self, error: &tokio_postgres::Error) -> Unfit {
        let what = words(error);
        match error.code().map(|code| code.code()) {
            // Starting up, shutting down, too many connections.
            Some(code) if code.starts_with("57P") || code.starts_with("53") => {
                self.unreachable(&what)
            }
            Some(_) => Unfit::Denied(what),
            None if is_of_tls(error) => Unfit::Denied(what),
            None => self.unreachable(&what),
        }
    }

    fn unreachable(&self, what: &str) -> Unfit {
        Unfit::Unreachable(format!(
            "cannot reach the database at {}: {what}",
            self.address
        ))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Whoever drops it may be driving another runtime, which must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Connections to one store.
#[derive(Debug)]
pub(crate) struct Pool {
    door: Arc<Door>,
    identity: Identity,
    idle: Mutex<Vec<Session>>,
    taken: Mutex<usize>,
    given_back: Condvar,
}

impl Pool {
    /// Begins with one connection.
    pub(crate) fn new(door: Arc<Door>, identity: Identity, first: Session) -> Self {
        Pool {
            door,
            identity,
            idle: Mutex::new(vec![first]),
            taken: Mutex::new(0),
            given_back: Condvar::new(),
        }
    }

    /// A connection for one use. A new one is looked for within `patience`.
    pub(crate) fn take(&self, patience: Duration) -> Result<Lease<'_>, Failure> {
        let place = self.place()?;
        let idle = loop {
            match self.idle.lock().pop() {
                Some(session) if session.is_closed() => {}
                other => break other,
            }
        };
        let session = match idle {
            Some(session) => session,
            None => self.connect(patience)?,
        };
        Ok(Lease {
            place,
            session: Some(session),
        })
    }

    /// A connection that is not given back.
    pub(crate) fn connect(&self, patience: Duration) -> Result<Session, Failure> {
        let mut last = Failure::refused("nothing was tried");
        for _ in 0..CHECKS_MAX {
            let session = self
                .door
                .connect(patience)
                .map_err(|unfit| self.failure(unfit))?;
            match block_on(schema::check(&session, schema::Use::Write)).map_err(Failure::from) {
                Ok(identity) if identity == self.identity => return Ok(session),
                Ok(_) => {
                    let what = format!("{} holds another store now", self.door.address);
                    return Err(Failure::Lost(what));
                }
                Err(failure) if failure.is_of_the_connection() => last = failure,
                Err(failure) => return Err(failure),
            }
        }
        Err(last)
    }

    fn failure(&self, unfit: Unfit) -> Failure {
        let at = |what: &str| Failure::Lost(format!("{}: {what}", self.door.address));
        match unfit {
            Unfit::Unreachable(what) => Failure::Lost(what),
            Unfit::Denied(what) => at(&what),
            Unfit::Unsafe => at("synchronous_commit is off"),
            Unfit::Failure(failure) => failure,
        }
    }

    /// Forgets the connections that are not in use.
    pub(crate) fn forget(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }

    fn place(&self) -> Result<Place<'_>, Failure> {
        let mut taken = self.taken.lock();
        while *taken >= CONNECTIONS_MAX {
            if self
                .given_back
                .wait_for(&mut taken, PLACE_PATIENCE)
                .timed_out()
            {
                let what = format!("all {CONNECTIONS_MAX} connections to the database are in use");
                return Err(Failure::refused(what));
            }
        }
        *taken += 1;
        Ok(Place { pool: self })
    }
}

#[derive(Debug)]
struct Place<'p> {
    pool: &'p Pool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.pool.taken.lock() -= 1;
        self.pool.given_back.notify_one();
    }
}

/// A connection that is given back when this is dropped, unless it broke.
#[derive(Debug)]
pub(crate) struct Lease<'p> {
    place: Place<'p>,
    session: Option<Session>,
}

impl Lease<'_> {
    /// Leaves the transaction that the connection may be in. One that cannot is closed, which does the same.
    pub(crate) fn roll_back(&mut self) {
        if let Some(session) = &self.session
            && block_on(session.plain("ROLLBACK")).is_err()
        {
            self.session = None;
        }
    }

    /// Closes the connection.
    pub(crate) fn discard(mut self) {
        self.session = None;
    }
}

impl Deref for Lease<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
            .as_ref()
            .expect("a lease has its connection until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else {
            return;
        };
        let mut idle = self.place.pool.idle.lock();
        if !session.is_closed() && idle.len() < IDLE_MAX {
            idle.push(session);
        }
    }
}
