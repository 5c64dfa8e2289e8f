//! What plain rows read from an event's JSON.

use std::borrow::Cow;

use anyhow::anyhow;
use docket_event::Timestamp;
use serde::Deserialize;

/// What of an event's JSON gets a column.
#[derive(Debug, Deserialize)]
pub(super) struct Columns<'t> {
    #[serde(borrow)]
    pub(super) r#type: Cow<'t, str>,
    #[serde(borrow)]
    occurred_at: Cow<'t, str>,
    #[serde(borrow, default)]
    pub(super) actor: Named<'t>,
    #[serde(borrow, default)]
    pub(super) credential: Named<'t>,
    #[serde(borrow, default)]
    pub(super) project: Named<'t>,
    #[serde(borrow, default)]
    pub(super) source: From<'t>,
    #[serde(borrow, default)]
    pub(super) targets: Vec<Named<'t>>,
    #[serde(borrow, default)]
    outcome: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    pub(super) request_id: Option<Cow<'t, str>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Named<'t> {
    #[serde(borrow, default)]
    pub(super) id: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    pub(super) email: Option<Cow<'t, str>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct From<'t> {
    #[serde(borrow, default)]
    pub(super) ip: Option<Cow<'t, str>>,
}

impl<'t> Columns<'t> {
    /// Reads an event's JSON once.
    pub(super) fn of(json: &'t str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(json)?)
    }

    /// When it happened, Unix microseconds.
    pub(super) fn time(&self) -> anyhow::Result<i64> {
        let time = Timestamp::parse(&self.occurred_at).map_err(|why| anyhow!(why))?;
        Ok(time.micros())
    }

    /// How it went.
    pub(super) fn outcome(&self) -> &str {
        self.outcome.as_deref().unwrap_or("success")
    }
}
