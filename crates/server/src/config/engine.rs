//! Sizes of the engine that an operator may set.

use std::num::NonZeroU64;
use std::time::Duration;

use docket_engine::Params;
use serde::{Deserialize, Serialize};

/// Sizes of the engine. A member that is left out has the default of [`Params`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSection {
    /// Events of one organization that are sealed into a block, at most 65,536. Smaller blocks make more of
    /// them; the default is right unless a test wants to see many.
    pub block_events: Option<u32>,
    /// Seconds between two runs of retention; a day by default. Each run seals anew the block that it ends in.
    pub retention_every_s: Option<NonZeroU64>,
}

/// Time between two runs of retention when nothing is said.
const RETENTION_EVERY: Duration = Duration::from_secs(24 * 3_600);

impl EngineSection {
    /// Time between two runs of retention.
    pub fn retention_every(&self) -> Duration {
        let seconds = self.retention_every_s.map(NonZeroU64::get);
        seconds.map_or(RETENTION_EVERY, Duration::from_secs)
    }

    /// The sizes.
    pub fn params(&self) -> Params {
        let usual = Params::default();
        let block_events = self.block_events.unwrap_or(usual.block_events);
        Params {
            block_events: block_events.clamp(1, usual.block_events),
            ..usual
        }
    }
}
