//! What there is of a log, at one moment.

use docket_engine::store::{Contents, LogId, Standing, StoreError};

use crate::batches;
use crate::blocks;
use crate::failure::Failure;
use crate::heads;
use crate::logs::{self, LOG};
use crate::row::Columns;
use crate::session::{Session, Step};

/// What is not known of a log, in a transaction that this begins and ends.
pub(crate) async fn read(
    session: &Session,
    log: LogId,
    known: Option<Standing>,
) -> Result<Contents, Failure> {
    let mut all = vec![Step::Plain(batches::MOMENT)];
    all.extend(steps(log, known));
    all.push(Step::Plain("COMMIT"));
    take(session, all, 1, log, known).await
}

/// The same within a transaction whose view stays.
pub(crate) async fn read_within(
    session: &Session,
    log: LogId,
    known: Option<Standing>,
) -> Result<Contents, Failure> {
    take(session, steps(log, known), 0, log, known).await
}

fn steps(log: LogId, known: Option<Standing>) -> Vec<Step<'static>> {
    vec![
        logs::some_step(&[log]),
        heads::standing_step(log),
        blocks::changed_step(log, known.map(|known| known.version)),
        batches::from_step(log, known.map_or(0, |known| known.size)),
    ]
}

async fn take(
    session: &Session,
    steps: Vec<Step<'_>>,
    skip: usize,
    log: LogId,
    known: Option<Standing>,
) -> Result<Contents, Failure> {
    let answers = session.all(steps).await?;
    let Some([row, standing, blocks, batches, ..]) = answers.get(skip..) else {
        return Err(StoreError::corrupt("the database", "gave fewer answers than asked").into());
    };
    let row = row.rows.first().ok_or_else(|| logs::missing(log))?;
    let standing = heads::standing(standing, log)?;
    let changed = known.is_none_or(|known| known.version != standing.version);
    Ok(Contents {
        log: logs::read(Columns::of(row, &LOG))?,
        standing,
        blocks: changed.then(|| blocks::found(blocks)).transpose()?,
        batches: batches::found(batches)?,
    })
}
