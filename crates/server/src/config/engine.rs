//! Sizes of the engine that an operator may set.

use docket_engine::Params;
use serde::{Deserialize, Serialize};

/// Sizes of the engine. A member that is left out has the default of [`Params`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSection {
    /// Events of one organization that are sealed into a block, at most 65,536. Smaller blocks make more of
    /// them; the default is right unless a test wants to see many.
    pub block_events: Option<u32>,
}

impl EngineSection {
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
