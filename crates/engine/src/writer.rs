//! The writer: one thread that turns requests into group commits. The fsync is the timer: while one group
//! becomes durable, the next one gathers.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use docket_event::{Field, Filter, Query, Recorded};
use docket_merkle::Hash;
use tokio::sync::oneshot;

use crate::answer;
use crate::engine::Inner;
use crate::frame::FrameEncoder;
use crate::group::LogWork;
use crate::leaf::leaf;
use crate::prepare::{OriginKey, Prepared};
use crate::query;
use crate::request::{AppendError, Appended, QueryError};
use crate::state::LogState;
use crate::store::{BatchRow, GroupId, Head, LogId, Rider, RiderRows, StoreError, Verdict};

/// How often the writer looks for old tails while nothing is written.
const LOOK_FOR_OLD: Duration = Duration::from_secs(1);

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Waiting {
    /// The log.
    pub state: Arc<LogState>,
    /// The request.
    pub request: Prepared,
    /// What is written to other logs if the request is.
    pub also: Vec<(Arc<LogState>, Prepared)>,
    /// Bytes that it takes of the queue.
    pub bytes: usize,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// What the writer can be told.
#[derive(Debug)]
pub enum Command {
    /// Append a request.
    Append(Box<Waiting>),
    /// Reopen the store and replay, because something else than an append failed.
    Recover(String),
    /// Seal every log's tail, however little it holds.
    SealAll(oneshot::Sender<Result<(), StoreError>>),
    /// Have a log's tail sealed if it begins below a position; says when it is frozen.
    Freeze(Arc<LogState>, u64, oneshot::Sender<()>),
    /// Finish what is queued, and end.
    Close,
}

/// A request of the group under way, once it has its places.
struct Placed {
    log: LogId,
    rider: Rider,
    remembered: Vec<u8>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    result: Appended,
}

/// Runs until it is told to close.
pub fn run(inner: &Inner, commands: &Receiver<Command>) {
    let mut encoder = FrameEncoder::new(inner.params.zstd_level);
    let mut queue: VecDeque<Waiting> = VecDeque::new();
    let mut closing = false;
    while !(closing && queue.is_empty()) {
        let mut next = match queue.is_empty() {
            false => commands.try_recv().ok(),
            true => match wait(inner, commands) {
                Ok(command) => command,
                Err(Closed) => return,
            },
        };
        while let Some(command) = next {
            match command {
                Command::Append(waiting) => queue.push_back(*waiting),
                Command::Recover(reason) => {
                    // If it did not work, the next group finds the same failure.
                    let _ = inner.recover(&reason);
                }
                Command::SealAll(answer) => {
                    // A caller that went away does not want to know.
                    let _ = answer.send(inner.seal_everything());
                }
                Command::Freeze(state, up_to, answer) => {
                    inner.freeze_below(&state, up_to);
                    let _ = answer.send(());
                }
                Command::Close => closing = true,
            }
            next = commands.try_recv().ok();
        }
        let group = take_group(&mut queue, inner.params.group_events_max);
        if !group.is_empty() {
            write_group(inner, group, &mut encoder);
        }
        inner.freeze_old_tails();
    }
}

/// Nobody can tell the writer anything any more.
struct Closed;

/// The next command; none when it is time to look for tails that have grown old.
fn wait(inner: &Inner, commands: &Receiver<Command>) -> Result<Option<Command>, Closed> {
    // Tails grow by what others write, too.
    if inner.aging.lock().is_empty() && !inner.store.shared() {
        return commands.recv().map(Some).map_err(|_| Closed);
    }
    match commands.recv_timeout(LOOK_FOR_OLD) {
        Ok(command) => Ok(Some(command)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(Closed),
    }
}

/// The requests from the front of the queue that can share a commit.
fn take_group(queue: &mut VecDeque<Waiting>, events_max: usize) -> Vec<Waiting> {
    let mut events = 0;
    let mut keys: HashSet<(LogId, String)> = HashSet::new();
    let mut group = Vec::new();
    while let Some(next) = queue.front() {
        let touched = touched_keys(next);
        let full = !group.is_empty() && events + next.events() > events_max;
        if full || touched.iter().any(|key| keys.contains(key)) {
            break;
        }
        keys.extend(touched);
        events += next.events();
        group.extend(queue.pop_front());
    }
    group
}

/// What a rider must have for itself within a group.
fn touched_keys(waiting: &Waiting) -> Vec<(LogId, String)> {
    let rider = &waiting.request.rider;
    let records = rider.records.iter().map(|change| {
        let key = &change.key;
        (
            LogId(u32::MAX),
            format!("{}\0{}\0{}", key.org, key.kind, key.name),
        )
    });
    let idempotency = rider.idempotency.iter();
    let idempotency =
        idempotency.map(|one| (waiting.state.id, format!("{}\0{}", one.token, one.key)));
    records.chain(idempotency).collect()
}

fn write_group(inner: &Inner, group: Vec<Waiting>, encoder: &mut FrameEncoder) {
    let bytes: usize = group.iter().map(|waiting| waiting.bytes).sum();
    if let Some(reason) = inner.halted() {
        group
            .into_iter()
            .for_each(|waiting| refuse(waiting.answer, AppendError::Halted(reason.clone())));
    } else {
        commit_group(inner, group, encoder);
    }
    inner.leave_queue(bytes);
}

fn refuse(answer: oneshot::Sender<Result<Appended, AppendError>>, error: AppendError) {
    // A caller that went away does not want to know.
    let _ = answer.send(Err(error));
}

fn commit_group(inner: &Inner, group: Vec<Waiting>, encoder: &mut FrameEncoder) {
    let store = Arc::clone(&inner.store);
    let logs: BTreeMap<LogId, Arc<LogState>> = group
        .iter()
        .flat_map(Waiting::states)
        .map(|state| (state.id, Arc::clone(state)))
        .collect();
    let ids: Vec<LogId> = logs.keys().copied().collect();
    let riders: Vec<(LogId, &Rider)> = group
        .iter()
        .map(|waiting| (waiting.state.id, &waiting.request.rider))
        .collect();
    let begun = match store.begin(&ids, &riders) {
        Ok(begun) => begun,
        Err(error) => return fail(inner, group, &error),
    };
    let behind = logs.values().zip(begun.heads());
    let behind = behind.filter(|(state, head)| state.standing().size != head.size);
    let caught_up: Result<(), StoreError> = behind
        .map(|(state, _)| state)
        .try_for_each(|state| inner.catch_up(state));
    if let Err(error) = caught_up {
        drop(begun);
        return fail(inner, group, &error);
    }
    let verdicts = begun.verdicts().to_vec();
    let clock = begun.now_micros();
    let now_micros = clock.unwrap_or_else(|| inner.environment.now_micros());
    let mut works: BTreeMap<LogId, LogWork> = logs
        .into_iter()
        .map(|(id, state)| (id, LogWork::begin(state, now_micros)))
        .collect();
    if works
        .values()
        .map(|work| work.head)
        .ne(begun.heads().iter().copied())
    {
        drop(begun);
        let error = StoreError::Unavailable("a log was written to by somebody else".to_owned());
        return fail(inner, group, &error);
    }
    let mut placed = Vec::with_capacity(group.len());
    for (mut waiting, verdict) in group.into_iter().zip(verdicts) {
        let also = std::mem::take(&mut waiting.also);
        let Some(work) = works.get_mut(&waiting.state.id) else {
            continue;
        };
        let Some(one) = place(inner, waiting, verdict, work, encoder) else {
            continue;
        };
        placed.push(one);
        for (state, request) in also {
            if let Some(work) = works.get_mut(&state.id) {
                work.place(request, &inner.params, encoder, &mut |_| Ok(None))
                    .expect("events without an origin's id have places");
            }
        }
    }
    let number = GroupId(u64::from_be_bytes(inner.environment.bytes()));
    let batches: Vec<BatchRow> = works.values().flat_map(|work| work.rows(number)).collect();
    let riding: Vec<RiderRows<'_>> = placed
        .iter()
        .filter(|placed| !placed.rider.is_empty())
        .map(|placed| RiderRows {
            log: placed.log,
            rider: &placed.rider,
            answer: &placed.remembered,
        })
        .collect();
    let heads: Vec<Head> = works.values().map(|work| work.head).collect();
    let committed = if batches.is_empty() && riding.is_empty() && !inner.store.shared() {
        // The locks go back now: nothing below may wait while it holds them.
        drop(begun);
        Ok(())
    } else {
        // Without anything to write, this waits until what others wrote is where the store promises it to be, before it
        // is answered for: a commit that was cut off may be seen before a standby has it.
        // COMMIT POINT: until here everything may be repeated, from here on everything can be completed.
        begun.commit(&batches, &riding, &heads)
    };
    match committed {
        Ok(()) => {
            let written = batches.iter().map(|batch| batch.data.len()).sum();
            inner.aging.lock().written(written);
            publish(inner, works);
            placed.into_iter().for_each(|placed| placed.tell(Ok(())));
            inner.sealing.wait_for_room(inner.params.tail_bytes_max / 2);
        }
        Err(error) => {
            let sample = works
                .values()
                .find_map(|work| Some((Arc::clone(&work.state), work.sample()?)));
            let fate = settle(inner, sample, &error);
            placed
                .into_iter()
                .for_each(|placed| placed.tell(fate.clone()));
        }
    }
}

impl Waiting {
    fn events(&self) -> usize {
        let others = self.also.iter().map(|(_, request)| request.events());
        self.request.events() + others.sum::<usize>()
    }

    /// The logs that it writes to.
    fn states(&self) -> impl Iterator<Item = &Arc<LogState>> {
        std::iter::once(&self.state).chain(self.also.iter().map(|(state, _)| state))
    }
}

impl Placed {
    /// Tells the caller what became of the commit. A caller that went away does not want to know.
    fn tell(self, fate: Result<(), AppendError>) {
        let _ = self.answer.send(fate.map(|()| self.result));
    }
}

/// Gives a request its places, or its answer at once.
fn place(
    inner: &Inner,
    waiting: Waiting,
    verdict: Verdict,
    work: &mut LogWork,
    encoder: &mut FrameEncoder,
) -> Option<Placed> {
    let Waiting {
        state,
        mut request,
        answer,
        ..
    } = waiting;
    let mut rider = std::mem::take(&mut request.rider);
    let placed = match verdict {
        Verdict::Holds => work.place(request, &inner.params, encoder, &mut |key| {
            find(inner, &state, key)
        }),
        Verdict::Stale(key) => Err(AppendError::Stale(key)),
        Verdict::Repeated {
            body_hash,
            answer: before,
        } => {
            let same = rider
                .idempotency
                .as_ref()
                .is_some_and(|one| one.body_hash == body_hash);
            // It stays remembered as it is.
            rider = Rider::default();
            if same {
                remembered(inner, &state, &before)
            } else {
                Err(AppendError::KeyReused)
            }
        }
    };
    match placed {
        Ok(result) => {
            let remembered = answer::encode(&result);
            Some(Placed {
                log: state.id,
                rider,
                remembered,
                answer,
                result,
            })
        }
        Err(error) => {
            refuse(answer, error);
            None
        }
    }
}

/// The answer that was given before, with the ids that its events have.
fn remembered(inner: &Inner, state: &LogState, before: &[u8]) -> Result<Appended, AppendError> {
    let mut answer = answer::decode(before)
        .map_err(|error| AppendError::Unavailable(format!("a remembered answer: {}", error.0)))?;
    let events = query::at(&inner.reading(), state, &answer.positions).map_err(unreadable)?;
    answer.ids = events.iter().map(|event| event.id).collect();
    Ok(answer)
}

/// The first event of that origin.
fn find(inner: &Inner, state: &LogState, key: &OriginKey) -> Result<Option<Recorded>, AppendError> {
    let filter = Filter::default()
        .with(Field::OriginId, [key.id.as_str()])
        .with(Field::Origin, [key.surface.as_str()])
        .with(Field::OriginAccount, key.account.as_deref());
    let question = Query {
        filter,
        direction: docket_event::Direction::Ascending,
        limit: docket_event::LIMIT_MAX,
        ..Query::default()
    };
    let page = query::page(&inner.reading(), state, &question).map_err(unreadable)?;
    let account = |event: &Recorded| {
        event
            .event
            .origin
            .as_ref()
            .and_then(|origin| origin.account.clone())
            == key.account
    };
    Ok(page.events.into_iter().find(account))
}

fn unreadable(error: QueryError) -> AppendError {
    match error {
        QueryError::Busy(reason) => AppendError::Busy(reason),
        QueryError::Unavailable(reason)
        | QueryError::Corrupt(reason)
        | QueryError::TooBroad(reason) => AppendError::Unavailable(reason),
    }
}

/// Makes a durable group visible.
fn publish(inner: &Inner, works: BTreeMap<LogId, LogWork>) {
    for work in works.into_values() {
        let state = Arc::clone(&work.state);
        let _changing = state.changing.lock();
        if state.standing().size != work.first {
            // A reader has fetched the group already.
            continue;
        }
        let before = state.active();
        let was_empty = before.is_empty();
        inner.tails_grew(work.bytes());
        for tail in work.publish(&inner.params) {
            inner.queue_seal(&state, tail);
        }
        let active = state.active();
        let begun = was_empty || active.first() != before.first();
        if begun && !active.is_empty() {
            inner.aging.lock().begun(&state, &active);
        }
    }
}

/// Answers a group that could not even begin.
fn fail(inner: &Inner, group: Vec<Waiting>, error: &StoreError) {
    let told = match error {
        StoreError::Busy(reason) => AppendError::Busy(reason.clone()),
        StoreError::Unavailable(reason) => {
            let outcome = inner.recover(reason);
            let reason = outcome.err().unwrap_or_else(|| reason.clone());
            AppendError::Busy(format!("nothing was written: {reason}"))
        }
        StoreError::Corrupt(problem) => inner.halt(&problem.to_string()),
    };
    group
        .into_iter()
        .for_each(|waiting| refuse(waiting.answer, told.clone()));
}

/// Finds out what became of a commit that failed; `sample` is the first new event of one of its logs: its position and
/// leaf. A group is written as a whole or not at all, and no two leaves are the same.
fn settle(
    inner: &Inner,
    sample: Option<(Arc<LogState>, (u64, Hash))>,
    error: &StoreError,
) -> Result<(), AppendError> {
    let reason = match error {
        // Nothing was written, so the places are free again: the heads in memory never moved.
        StoreError::Busy(reason) => return Err(AppendError::Busy(reason.clone())),
        StoreError::Corrupt(problem) => return Err(inner.halt(&problem.to_string())),
        StoreError::Unavailable(reason) => reason,
    };
    let unknown = |reason: &str| {
        AppendError::Unavailable(format!("it is not known whether it was written: {reason}"))
    };
    inner.recover(reason).map_err(|reason| unknown(&reason))?;
    let (state, (position, sample)) = sample.ok_or_else(|| unknown(reason))?;
    match leaf_now(inner, &state, position) {
        Ok(found) if found == Some(sample) => Ok(()),
        Ok(_) => Err(AppendError::Busy(format!("nothing was written: {reason}"))),
        Err(error) => Err(unknown(&error.to_string())),
    }
}

/// The leaf at a position, once whatever was under way has ended, one way or the other: whoever holds the log's lock
/// knows.
fn leaf_now(
    inner: &Inner,
    state: &Arc<LogState>,
    position: u64,
) -> Result<Option<Hash>, StoreError> {
    let locked = inner.store.begin(&[state.id], &[])?;
    let heads = locked.heads().to_vec();
    inner.catch_up(state)?;
    let found = leaf(&inner.reading(), state, position)?;
    // What is seen may not yet be where the store promises it to be, such as on a standby; a commit behind it waits for
    // both.
    locked.commit(&[], &[], &heads)?;
    Ok(found)
}
