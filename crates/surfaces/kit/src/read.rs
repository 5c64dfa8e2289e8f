//! The one way in which surfaces read events: the caller's scope is added here and nowhere else, and reads are noted.

use docket_engine::QueryError;
use docket_event::{EventId, Field, Filter, IdKey, Page, Query, Recorded};

pub use docket_engine::{
    BUCKETS_MAX, Count, Histogram, Stats, StatsQuery, SurfaceCount, TOP_MAX, Top,
};

use crate::{App, Principal, Refusal, auth};

/// Most events that one vendor id is looked up for.
pub const SAME_ID_MAX: usize = docket_event::LIMIT_MAX;

/// What an id names, as far as the caller may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The event whose own id it is.
    pub ours: Option<Recorded>,
    /// The events whose origin gives them that id, first one first, at most [`SAME_ID_MAX`]: an id is unique
    /// within the surface and account of an origin only.
    pub vendors: Vec<Recorded>,
}

impl App {
    /// The page that answers `query`, of what the caller may read.
    ///
    /// # Errors
    /// Denied without a permission to read; Busy, Unavailable, Internal.
    pub async fn page(&self, caller: &Principal, query: Query) -> Result<Page, Refusal> {
        self.page_behind(caller, query, 0).await
    }

    /// The same without the first `skip` events, for surfaces that number their pages.
    ///
    /// # Errors
    /// Denied without a permission to read; Busy, Unavailable, Internal.
    pub async fn page_behind(
        &self,
        caller: &Principal,
        mut query: Query,
        skip: u64,
    ) -> Result<Page, Refusal> {
        query.filter = auth::scoped(query.filter, caller)?;
        let log = self.log(caller)?;
        let page = self
            .reading(move || log.query_behind(&query, skip))
            .await??;
        self.note_read(caller);
        Ok(page)
    }

    /// How many events `filter` wants, of what the caller may read.
    ///
    /// # Errors
    /// Denied without a permission to read; Busy, Unavailable, Internal.
    pub async fn count(&self, caller: &Principal, filter: Filter) -> Result<Count, Refusal> {
        let filter = auth::scoped(filter, caller)?;
        let log = self.log(caller)?;
        let count = self.reading(move || log.count(&filter)).await??;
        self.note_read(caller);
        Ok(count)
    }

    /// Statistics of what the caller may read.
    ///
    /// # Errors
    /// Denied without a permission to read; Busy, Unavailable, Internal.
    pub async fn stats(&self, caller: &Principal, mut asked: StatsQuery) -> Result<Stats, Refusal> {
        asked.filter = auth::scoped(asked.filter, caller)?;
        let log = self.log(caller)?;
        let stats = self.reading(move || log.stats(&asked)).await??;
        self.note_read(caller);
        Ok(stats)
    }

    /// What `id` names: one of our ids or a vendor's, of what the caller may read.
    ///
    /// # Errors
    /// Denied without a permission to read; Busy, Unavailable, Internal.
    pub async fn find(&self, caller: &Principal, id: &str) -> Result<Found, Refusal> {
        let visible = auth::scoped(Filter::default(), caller)?;
        let log = self.log(caller)?;
        let id = id.to_owned();
        let look_up = move || -> Result<Found, QueryError> {
            let ours = EventId::parse(&id).filter(|id| id.belongs(log.id_key()));
            let ours = ours.map(|id| log.by_id(id)).transpose()?.flatten();
            let mut vendors = log.by_origin_id(&id, SAME_ID_MAX)?;
            vendors.retain(|event| visible.matches(event));
            Ok(Found {
                ours: ours.filter(|event| visible.matches(event)),
                vendors,
            })
        };
        let found = self.reading(look_up).await??;
        self.note_read(caller);
        Ok(found)
    }

    /// The key of the caller's log, for cursors and ids.
    ///
    /// # Errors
    /// Busy until the server has started; Internal if the organization has no log.
    pub fn id_key(&self, caller: &Principal) -> Result<IdKey, Refusal> {
        self.log(caller).map(|log| *log.id_key())
    }
}

/// `filter`, narrowed to what the surface of that name can name truthfully to the caller.
#[must_use]
pub fn shown_on(filter: Filter, surface: &str, caller: &Principal) -> Filter {
    let crossing = caller.view.cross_vendor.then(|| format!("{surface}+"));
    filter.with(
        Field::ShownOn,
        std::iter::once(surface.to_owned()).chain(crossing),
    )
}
