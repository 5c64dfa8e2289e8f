//! What a vendor's folder gives to the rest: one [`Surface`] value.

use axum::response::Response;
use docket_event::{Event, Faults, Value};

use crate::{Asked, Refusal, Route};

/// One dialect in which Docket is spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    /// Its name: `origin.surface` of what it takes in, `format=` of imports, the label of its metrics.
    pub name: &'static str,
    /// The path prefixes that it answers for, each without a slash at its end: what lies below them and has
    /// no route is answered by [`Surface::refuse`]. The longest prefix of all surfaces wins; the surface with
    /// the empty prefix answers for everything else.
    pub prefixes: &'static [&'static str],
    /// All its routes.
    pub routes: fn() -> Vec<Route>,
    /// Renders what the kit refuses, in the dialect's own words.
    pub refuse: fn(&Refusal, &Asked) -> Response,
    /// How its entries become events, if it takes any in.
    pub ingest: Option<Ingest>,
}

/// How a dialect's entries become events.
#[derive(Clone, Copy, Debug)]
pub struct Ingest {
    /// Reads an entry that a client sends, from its text: events of our own dialect need no tree, and
    /// [`crate::split::by_tree`] makes one for those that do.
    pub read: ReadText,
    /// Reads an entry of a file that the operator imports. The same function for every dialect but our own,
    /// which may restore there what no client may claim.
    pub import: ReadEntry,
    /// How a page of entries is told from an entry.
    pub page: PageShape,
}

/// How a dialect's answer page is told from one of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageShape {
    /// The member of a page that holds the entries.
    pub member: &'static str,
    /// A member that every entry has and no page.
    pub entry_member: &'static str,
}

/// Reads the text of one entry. The second argument is the account that the entry is a fact about, where the
/// sender names one: it becomes `origin.account`.
///
/// # Errors
/// Every fault found, with its path in the entry.
pub type ReadText = fn(&str, Option<&str>) -> Result<Event, Faults>;

/// Reads one entry that has been parsed; otherwise like [`ReadText`].
///
/// # Errors
/// Every fault found, with its path in the entry.
pub type ReadEntry = fn(&Value<'_>, Option<&str>) -> Result<Event, Faults>;

/// The surface that answers for `path`: the one with the longest fitting prefix.
pub fn surface_of<'s>(surfaces: &'s [Surface], path: &str) -> Option<&'s Surface> {
    let fits = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = |surface: &&Surface| {
        surface
            .prefixes
            .iter()
            .filter(|prefix| fits(prefix))
            .map(|prefix| prefix.len())
            .max()
    };
    surfaces
        .iter()
        .filter(|surface| longest(surface).is_some())
        .max_by_key(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[test]
    fn the_longest_prefix_of_whole_segments_answers() {
        let surface = |name, prefixes| Surface {
            name,
            prefixes,
            routes: Vec::new,
            refuse: |refusal, _| refusal.status().into_response(),
            ingest: None,
        };
        let all = [
            surface("rest", &[""]),
            surface("one", &["/v1", "/one"]),
            surface("two", &["/v1/two", "/service.V2"]),
        ];
        for (path, name) in [
            ("/", "rest"),
            ("/v10/x", "rest"),
            ("/V1", "rest"),
            ("/v1", "one"),
            ("/v1/", "one"),
            ("/v1/twofold", "one"),
            ("/one/v1/two", "one"),
            ("/v1/two", "two"),
            ("/v1/two/x", "two"),
            ("/service.V2/Method", "two"),
        ] {
            assert_eq!(
                surface_of(&all, path).map(|surface| surface.name),
                Some(name),
                "{path}"
            );
        }
        assert!(surface_of(&all[1..], "/x").is_none());
    }
}
