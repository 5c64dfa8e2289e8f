//! The handle of a store's logs: opens them, takes requests in, answers questions.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};

use docket_event::{Event, EventId, IdKey, Page, Query, Recorded};
use docket_merkle::Head as TreeHead;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::aging::Aging;
use crate::cache::Cache;
use crate::encoders::Encoders;
use crate::environment::Environment;
use crate::grams::GramMaker;
use crate::params::Params;
use crate::prepare::{Prepared, Preparer};
use crate::query::{self, Reading};
use crate::replay::Replayed;
use crate::request::{AppendError, Appended, QueryError, Request};
use crate::sealing::{Due, Sealing};
use crate::state::LogState;
use crate::store::{LogRow, Rider, Store, StoreError};
use crate::terms::Terms;
use crate::threads::Threads;
use crate::writer::{Command, Waiting};

/// How often reopening is tried before the engine halts.
const RECOVERIES_MAX: u32 = 5;
/// The logs of one store. Clones are the same engine; the last one that goes closes it.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
    threads: Arc<Threads>,
}

/// One organization's log. Clones are the same log.
#[derive(Clone, Debug)]
pub struct Log {
    pub(crate) engine: Engine,
    pub(crate) state: Arc<LogState>,
}

/// A request on its way to the disk.
#[derive(Debug)]
pub struct Ticket {
    answer: oneshot::Receiver<Result<Appended, AppendError>>,
}

/// What engine, writer and sealer share.
#[derive(Debug)]
pub struct Inner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) params: Params,
    pub(crate) environment: Environment,
    pub(crate) terms: Terms,
    pub(crate) cache: Cache,
    pub(crate) logs: RwLock<HashMap<Arc<str>, Arc<LogState>>>,
    pub(crate) encoders: Encoders,
    halted: Mutex<Option<String>>,
    queued_bytes: AtomicUsize,
    /// Bytes of memory that all tails take.
    pub(crate) tail_bytes: AtomicUsize,
    pub(crate) aging: Mutex<Aging>,
    pub(crate) sealing: Sealing,
    pub(crate) commands: Mutex<Option<Sender<Command>>>,
}

impl Engine {
    /// Opens every log of a store: recovery is what every start does. Of a store that others write to, logs are
    /// opened when they are asked for.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn open(
        store: Arc<dyn Store>,
        params: Params,
        environment: Environment,
    ) -> Result<Self, StoreError> {
        let (commands, orders) = mpsc::channel();
        let inner = Arc::new(Inner {
            terms: Terms::new(&store.identity().term_key, params.term_bits),
            cache: Cache::new(params.cache_bytes),
            logs: RwLock::default(),
            encoders: Encoders::new(params.zstd_level),
            halted: Mutex::default(),
            queued_bytes: AtomicUsize::new(0),
            tail_bytes: AtomicUsize::new(0),
            aging: Mutex::default(),
            sealing: Sealing::default(),
            commands: Mutex::new(Some(commands)),
            store,
            params,
            environment,
        });
        let threads = Arc::new(Threads::default());
        threads.start(&inner, orders)?;
        if !inner.store.shared() {
            for log in inner.store.logs()? {
                inner.open_log(&log)?;
            }
        }
        Ok(Engine { inner, threads })
    }

    /// The store under the engine.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// Clock and randomness.
    pub fn environment(&self) -> &Environment {
        &self.inner.environment
    }

    /// Sizes.
    pub fn params(&self) -> &Params {
        &self.inner.params
    }

    /// The log of `org`; `None` when it has none. Asks the store for one that others may have made.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn log(&self, org: &str) -> Result<Option<Log>, StoreError> {
        let known = self.inner.logs.read().get(org).cloned();
        let state = match known {
            Some(state) => Some(state),
            None if self.inner.store.shared() => {
                let row = self.inner.store.log_of(org)?;
                row.map(|row| self.inner.open_log(&row)).transpose()?
            }
            None => None,
        };
        Ok(state.map(|state| Log {
            engine: self.clone(),
            state,
        }))
    }

    /// The log of `org`, made empty if there is none. Durable when it returns.
    ///
    /// # Errors
    /// The store fails.
    pub fn create_log(&self, org: &str) -> Result<Log, AppendError> {
        let key = self.inner.environment.bytes();
        let made = self
            .inner
            .store
            .create_log(org, key)
            .and_then(|log| self.inner.open_log(&log));
        match made {
            Ok(state) => Ok(Log {
                engine: self.clone(),
                state,
            }),
            Err(StoreError::Busy(reason)) => Err(AppendError::Busy(reason)),
            Err(error) => Err(AppendError::Unavailable(error.to_string())),
        }
    }

    /// All logs, by organization.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn logs(&self) -> Result<Vec<Log>, StoreError> {
        if self.inner.store.shared() {
            for row in self.inner.store.logs()? {
                self.inner.open_log(&row)?;
            }
        }
        let mut states: Vec<Arc<LogState>> = self.inner.logs.read().values().cloned().collect();
        states.sort_by(|a, b| a.org.cmp(&b.org));
        let logs = states.into_iter().map(|state| Log {
            engine: self.clone(),
            state,
        });
        Ok(logs.collect())
    }

    /// Why the engine has stopped writing, if it has.
    pub fn halted(&self) -> Option<String> {
        self.inner.halted()
    }

    /// Seals what every log's tail holds, however little. Returns when it is done.
    ///
    /// # Errors
    /// The store fails.
    pub fn seal_all(&self) -> Result<(), StoreError> {
        let (answer, told) = oneshot::channel();
        self.inner.tell(Command::SealAll(answer));
        told.blocking_recv()
            .unwrap_or_else(|_| Err(StoreError::Unavailable("the engine is closing".to_owned())))
    }

    /// Waits until nothing is due any more: no tail waits to be sealed, no blocks to be merged. For measurements and
    /// tests; nobody else needs to know.
    ///
    /// # Errors
    /// Sealing is stuck, and why.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.inner.sealing.wait_until_done(Due::All)?;
        self.inner.still_writes()
    }

    /// Finishes what is queued and stops. Whatever comes later is refused.
    pub fn close(&self) {
        self.threads.stop();
    }
}

impl Log {
    /// The organization that owns it.
    pub fn org(&self) -> &str {
        &self.state.org
    }

    /// Key of its ids.
    pub fn id_key(&self) -> &IdKey {
        &self.state.key
    }

    /// How many events it has, as far as this process knows: all that it has given or been given places.
    pub fn size(&self) -> u64 {
        self.state.size.load(Ordering::Acquire)
    }

    /// Size and root of its tree, as far as this process knows it.
    pub fn head(&self) -> TreeHead {
        self.state.head.lock().frontier.head()
    }

    /// Queues a request. Splits, hashes and compresses on the calling thread and never waits for the writer.
    /// Events must have passed [`docket_event::check_event`].
    ///
    /// # Errors
    /// [`AppendError::Invalid`] for events too large to store, [`AppendError::Busy`] when the queue is full.
    pub fn append(&self, request: Request) -> Result<Ticket, AppendError> {
        let inner = &self.engine.inner;
        if let Some(reason) = inner.halted() {
            return Err(AppendError::Halted(reason));
        }
        let Request {
            events,
            rider,
            also,
        } = request;
        let prepared = inner.prepare(events, rider)?;
        let also: Vec<(Arc<LogState>, Prepared)> = also
            .into_iter()
            .map(|(log, events)| Ok((log.state, inner.prepare(events, Rider::default())?)))
            .collect::<Result<_, AppendError>>()?;
        if !also.is_empty() {
            std::iter::once(&prepared)
                .chain(also.iter().map(|(_, one)| one))
                .try_for_each(Prepared::must_be_new)?;
        }
        let others: usize = also.iter().map(|(_, one)| one.bytes()).sum();
        let bytes = prepared.bytes() + others;
        inner.enter_queue(bytes)?;
        let (answer, told) = oneshot::channel();
        let waiting = Waiting {
            state: Arc::clone(&self.state),
            request: prepared,
            also,
            bytes,
            answer,
        };
        inner.tell(Command::Append(Box::new(waiting)));
        Ok(Ticket { answer: told })
    }

    /// Answers a question. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn query(&self, query: &Query) -> Result<Page, QueryError> {
        query::page(&self.reading()?, &self.state, query)
    }

    /// The event at a position. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn get(&self, position: u64) -> Result<Option<Recorded>, QueryError> {
        let reading = self.reading()?;
        if position >= self.size() {
            return Ok(None);
        }
        query::at(&reading, &self.state, &[position]).map(|mut found| found.pop())
    }

    /// The event with this id; `None` for ids of other logs. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn by_id(&self, id: EventId) -> Result<Option<Recorded>, QueryError> {
        query::by_id(&self.reading()?, &self.state, id)
    }

    /// The events whose origin gives them this id, first one first, at most `limit`. Blocks.
    ///
    /// # Errors
    /// The store fails, or what it has cannot be right.
    pub fn by_origin_id(&self, id: &str, limit: usize) -> Result<Vec<Recorded>, QueryError> {
        query::by_origin_id(&self.reading()?, &self.state, id, limit)
    }

    /// Brings the log up to what others have written, and gives what reading needs.
    pub(crate) fn reading(&self) -> Result<Reading<'_>, StoreError> {
        self.engine.inner.freshen(&self.state)?;
        Ok(self.engine.inner.reading())
    }
}

impl Ticket {
    /// Waits without blocking the thread. When it returns `Ok`, the events are durable and visible.
    ///
    /// # Errors
    /// Why nothing was written, or that it is not known.
    pub async fn done(self) -> Result<Appended, AppendError> {
        self.answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Waits on a thread that may block. When it returns `Ok`, the events are durable and visible.
    ///
    /// # Errors
    /// Why nothing was written, or that it is not known.
    pub fn wait(self) -> Result<Appended, AppendError> {
        self.answer
            .blocking_recv()
            .unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> AppendError {
    AppendError::Halted("the engine is closing".to_owned())
}

impl Inner {
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading {
            inner: self,
            store: &*self.store,
            cache: &self.cache,
            terms: &self.terms,
        }
    }

    pub(crate) fn halted(&self) -> Option<String> {
        self.halted.lock().clone()
    }

    /// Stops all writing, for good.
    pub(crate) fn halt(&self, reason: &str) -> AppendError {
        tracing::error!(reason, "the engine stops writing");
        self.sealing.close();
        let mut halted = self.halted.lock();
        AppendError::Halted(halted.get_or_insert_with(|| reason.to_owned()).clone())
    }

    fn open_log(&self, log: &LogRow) -> Result<Arc<LogState>, StoreError> {
        if let Some(known) = self.logs.read().get(log.org.as_str()) {
            return Ok(Arc::clone(known));
        }
        let contents = self.store.contents(log.id, None)?;
        let state = Replayed::of(contents, &self.params, &self.terms)?.into_state(log);
        let mut logs = self.logs.write();
        if let Some(known) = logs.get(log.org.as_str()) {
            return Ok(Arc::clone(known));
        }
        logs.insert(Arc::clone(&state.org), Arc::clone(&state));
        drop(logs);
        self.found(&state);
        Ok(state)
    }

    /// Takes note of the tails of a log that was read from the store.
    pub(crate) fn found(&self, state: &Arc<LogState>) {
        let view = Arc::clone(&state.view.read());
        let bytes = view.tails.iter().map(|tail| tail.bytes()).sum();
        self.tail_bytes.fetch_add(bytes, Ordering::Relaxed);
        let active = state.active();
        if !active.is_empty() {
            self.aging.lock().begun(state, &active);
        }
        for tail in state.frozen() {
            self.queue_seal(state, tail);
        }
        self.queue_merge(state);
    }

    fn prepare(&self, events: Vec<Event>, rider: Rider) -> Result<Prepared, AppendError> {
        let prepared = self.encoders.with(|encoder| {
            Preparer {
                terms: &self.terms,
                environment: &self.environment,
                encoder,
                grams: GramMaker::new(events.len()),
                frame_events: self.params.frame_events,
            }
            .prepare(events, rider)
        });
        prepared.map_err(AppendError::Invalid)
    }

    fn enter_queue(&self, bytes: usize) -> Result<(), AppendError> {
        if let Some(reason) = self.sealing.refuses(self.params.tail_bytes_max / 2) {
            return Err(AppendError::Busy(reason));
        }
        let before = self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before > 0 && before + bytes > self.params.queue_bytes_max {
            self.leave_queue(bytes);
            return Err(AppendError::Busy(
                "too many events wait to be written".to_owned(),
            ));
        }
        Ok(())
    }

    pub(crate) fn leave_queue(&self, bytes: usize) {
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn tell(&self, command: Command) {
        // A command that nobody takes is dropped, and with it the way to answer: its caller hears of closing.
        if let Some(commands) = &*self.commands.lock() {
            let _ = commands.send(command);
        }
    }

    /// Has the writer reopen the store, because sealing met a failure.
    pub(crate) fn ask_to_recover(&self, reason: String) {
        self.tell(Command::Recover(reason));
    }

    /// Reopens the store and replays every log; halts when that fails. With no room on the disk it does not
    /// halt and says so: the store stays closed to writers, and whoever writes next has this done again.
    pub(crate) fn recover(&self, reason: &str) -> Result<(), String> {
        tracing::warn!(reason, "reopening the store");
        let mut last = StoreError::Unavailable(reason.to_owned());
        for _ in 0..RECOVERIES_MAX {
            match self.try_recover() {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
            std::thread::sleep(self.params.retry_pause);
        }
        if !matches!(last, StoreError::Busy(_)) {
            self.halt(&last.to_string());
        }
        Err(last.to_string())
    }

    fn try_recover(&self) -> Result<(), StoreError> {
        let _work = self.sealing.work();
        self.sealing.reset();
        self.aging.lock().reset();
        self.tail_bytes.store(0, Ordering::Relaxed);
        self.store.reopen()?;
        let known: Vec<Arc<LogState>> = self.logs.read().values().cloned().collect();
        for state in known {
            let _changing = state.changing.lock();
            // What others may write to is never ahead of the store in memory, and catches up when it is needed.
            if !self.store.shared() {
                let contents = self.store.contents(state.id, None)?;
                Replayed::of(contents, &self.params, &self.terms)?.restore(&state);
            }
            self.found(&state);
        }
        Ok(())
    }
}
