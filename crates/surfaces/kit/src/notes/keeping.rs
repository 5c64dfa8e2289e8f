//! Writes the notes into the logs, behind the answers.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use docket_access::{Access, AccessError, INSTANCE_ORG};
use docket_engine::{Log, Request, Ticket};
use docket_event::Event;
use tokio::time::MissedTickBehavior;

use super::reads::{self, Count, Key};
use super::{Denied, Note, count_denied};
use crate::App;

/// Most notes that are written at once.
const BATCH_MAX: usize = 64;
/// Most events of one append.
const EVENTS_MAX: usize = 1_000;
/// How often is looked whether an hour is over.
const LOOK_PERIOD: Duration = Duration::from_secs(60);

impl App {
    /// Writes down what was denied, read and used, until `stop` is done; then what is left of it. When this returns, all
    /// that the store would take is durable. Of several calls one writes and the others wait.
    pub async fn keep_notes(&self, stop: impl Future<Output = ()>) {
        let notes = self.notes();
        let mut queue = notes.queue.lock().await;
        let mut stop = pin!(stop);
        let mut looks = tokio::time::interval(LOOK_PERIOD);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                () = &mut stop => break,
                _ = queue.recv_many(&mut batch, BATCH_MAX) => self.write_batch(batch).await,
                _ = looks.tick() => self.write_due_reads().await,
                () = notes.reads_due.notified() => self.write_due_reads().await,
            }
        }
        while !queue.is_empty() {
            let mut batch = Vec::new();
            queue.recv_many(&mut batch, BATCH_MAX).await;
            self.write_batch(batch).await;
        }
        self.write_reads(notes.reads.take_all()).await;
    }

    async fn write_due_reads(&self) {
        let now_micros = self.environment().now_micros();
        self.write_reads(self.notes().reads.take(now_micros)).await;
    }

    async fn write_reads(&self, counts: BTreeMap<Key, Count>) {
        if !counts.is_empty() {
            self.blocking(move |app, access| app.append_reads(access, counts))
                .await;
        }
    }

    async fn write_batch(&self, batch: Vec<Note>) {
        self.blocking(move |app, access| app.append_batch(access, batch))
            .await;
    }

    /// Runs `work` where it may block. Before the store is open there is nothing to be written.
    async fn blocking(&self, work: impl FnOnce(&App, &Access) + Send + 'static) {
        let app = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            if let Ok(access) = app.access() {
                work(&app, access);
            }
        });
        if done.await.is_err() {
            tracing::error!("writing down what was denied, read or used ended badly");
        }
    }

    fn append_batch(&self, access: &Access, batch: Vec<Note>) {
        let mut denials = Vec::new();
        let mut uses = Vec::new();
        for note in batch {
            match note {
                Note::Denied(denied) => {
                    let begun = begin(access, &denied.org, vec![denied.event.clone()]);
                    denials.push((denied, begun));
                }
                Note::Used { org, token_id } => uses.push((org, token_id)),
            }
        }
        for (denied, begun) in denials {
            self.finish_denied(denied, begun);
        }
        for (org, token_id) in uses {
            if let Err(error) = access.note_use(&org, &token_id) {
                tracing::warn!(org, token = token_id, %error, "the use of a token is not written down");
                self.notes().uses.forget(&org, &token_id);
            }
        }
    }

    fn finish_denied(&self, denied: Box<Denied>, begun: Result<Option<Ticket>, AccessError>) {
        match begun.and_then(end) {
            Ok(true) => count_denied("yes"),
            Ok(false) => count_denied("no"),
            Err(error) => {
                let org = &denied.org;
                tracing::warn!(org, %error, "a denied request is not written down");
                self.notes().is_unwritten(Note::Denied(denied));
            }
        }
    }

    fn append_reads(&self, access: &Access, counts: BTreeMap<Key, Count>) {
        let mut by_org: BTreeMap<String, Vec<(Key, Count)>> = BTreeMap::new();
        for (key, count) in counts {
            let org = by_org.entry(key.org.clone()).or_default();
            org.push((key, count));
        }
        for (org, counts) in by_org {
            for some in counts.chunks(EVENTS_MAX) {
                let events = some.iter().map(|(key, count)| reads::event(key, count));
                let written = begin(access, &org, events.collect()).and_then(end);
                let Err(error) = written else {
                    continue;
                };
                tracing::warn!(org, %error, "reads are not written down yet");
                for (key, count) in some {
                    self.notes().read(key.clone(), count);
                }
            }
        }
    }
}

/// Puts events on their way; `None` when the organization is gone.
fn begin(access: &Access, org: &str, events: Vec<Event>) -> Result<Option<Ticket>, AccessError> {
    // The event that tells of an organization's end is the last one of its log.
    let is_there = org == INSTANCE_ORG || access.organization(org)?.is_some();
    let log = match is_there {
        true => access.engine().log(org)?,
        false => None,
    };
    let append = |log: Log| {
        log.append(Request {
            events,
            ..Request::default()
        })
    };
    Ok(log.map(append).transpose()?)
}

/// Whether the events are stored: they are durable then.
fn end(ticket: Option<Ticket>) -> Result<bool, AccessError> {
    match ticket {
        Some(ticket) => {
            ticket.wait()?;
            Ok(true)
        }
        None => Ok(false),
    }
}
