//! Organizations on their way from one store into another.

use std::ops::ControlFlow;

use anyhow::{Context, Result, anyhow};
use docket_access::Belongings;
use docket_engine::store::{LogRow, Record, Store};
use docket_engine::{CopyError, Copying, Environment, Params, tree_head};
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt::Interrupt;
use crate::manifest::LogHead;

/// What is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'w> {
    /// One organization.
    Org(&'w str),
    /// Everything. What is there already, unchanged, from an attempt that broke off, is left as it is.
    All,
}

/// Copies organizations; the heads of their logs. When this returns, all of it is durable and compared.
pub fn copy(
    from: &dyn Store,
    to: &dyn Store,
    which: Which<'_>,
    interrupt: &Interrupt,
) -> Result<Vec<LogHead>> {
    let (params, environment) = (Params::default(), Environment::system());
    let belongings = Belongings::read(from).context("read the source")?;
    let logs = logs(from, &belongings, which)?;
    let bar = events_bar();
    let (mut heads, mut before) = (Vec::with_capacity(logs.len()), 0);
    for (number, log) in (1..).zip(&logs) {
        let mut records = belongings.of(from, &log.org).context("read the source")?;
        if which == Which::All && number == logs.len() {
            records.extend(new_ones(to, belongings.rest())?);
        }
        bar.set_message(log.org.clone());
        let known = match which {
            Which::Org(_) => None,
            Which::All => copied_before(from, to, log, &records, &params)?,
        };
        let head = match known {
            Some(head) => head,
            None => {
                let job = Copying {
                    from,
                    to,
                    params: &params,
                    environment: &environment,
                };
                let copied = job.copy(log, &records, &mut |done| {
                    bar.set_position(before + done);
                    match interrupt.heard() {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                });
                let head = copied.map_err(|error| told(error, &log.org))?;
                entry(log, head.size, &head.root)
            }
        };
        before += head.size;
        heads.push(head);
    }
    bar.finish_and_clear();
    Ok(heads)
}

fn logs(from: &dyn Store, belongings: &Belongings, which: Which<'_>) -> Result<Vec<LogRow>> {
    let org = match which {
        Which::All => return from.logs().context("read the source"),
        Which::Org(org) => org,
    };
    let log = from.log_of(org).context("read the source")?;
    let log = log.filter(|_| belongings.knows(org));
    let log = log.ok_or_else(|| anyhow!("the source has no organization `{org}`"))?;
    Ok(vec![log])
}

/// The records that the target lacks: of what concerns a whole instance it keeps its own.
fn new_ones(to: &dyn Store, records: &[Record]) -> Result<Vec<Record>> {
    let mut new = Vec::new();
    for record in records {
        if to.record(&record.key).context("read the target")?.is_none() {
            new.push(record.clone());
        }
    }
    Ok(new)
}

/// The head of a log that is in both stores, and as long and the same in both.
fn copied_before(
    from: &dyn Store,
    to: &dyn Store,
    log: &LogRow,
    records: &[Record],
    params: &Params,
) -> Result<Option<LogHead>> {
    let there = to.log_of(&log.org).context("read the target")?;
    let Some(there) = there.filter(|there| there.id_key == log.id_key) else {
        return Ok(None);
    };
    let lacks = |records: &[Record]| new_ones(to, records).map(|new| !new.is_empty());
    if lacks(records)? {
        return Ok(None);
    }
    let head = tree_head(from, log, params).context("read the source")?;
    let same = tree_head(to, &there, params).context("read the target")? == head;
    Ok(same.then(|| entry(log, head.size, &head.root)))
}

fn entry(log: &LogRow, size: u64, root: &impl ToString) -> LogHead {
    LogHead {
        org: log.org.clone(),
        size,
        root: root.to_string(),
    }
}

fn told(error: CopyError, org: &str) -> anyhow::Error {
    match error {
        CopyError::Stopped => {
            anyhow!("interrupted; the same command goes on where this one stopped")
        }
        CopyError::Taken(what) => anyhow!(
            "the target has {what} already, and it is not touched; copy to a store that has no `{org}`"
        ),
        CopyError::Source(_) => anyhow::Error::new(error).context(format!("copy `{org}`")),
        CopyError::Target(_) => anyhow::Error::new(error).context(format!(
            "copy `{org}`; the same command goes on where this one stopped"
        )),
    }
}

/// On standard error, and nothing where that is no terminal.
fn events_bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = "{spinner} {msg} {human_pos} events  {per_sec}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
