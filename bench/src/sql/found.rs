//! What a question finds in plain rows, whichever database has them.

use docket_event::Place;

use crate::design::Key;

/// An event as rows have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub place: Place,
    /// Its request id.
    pub request: String,
    /// The content: a page is not there before all of it is.
    pub json: String,
}

/// What tells the events of a page.
pub fn keys(page: &[Found]) -> anyhow::Result<Vec<Key>> {
    let key = |found: &Found| {
        anyhow::ensure!(found.json.starts_with('{'), "a row without its JSON");
        Ok(Key {
            place: found.place,
            request: found.request.clone(),
        })
    };
    page.iter().map(key).collect()
}
