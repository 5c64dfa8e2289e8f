//! Query strings, read without guessing, and names that were probably meant.

use percent_encoding::percent_decode_str;

/// Most parameters of a query string.
pub const PAIRS_MAX: usize = 1_000;

/// Why a query string cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// A name or value that is not UTF-8 behind its percent signs; as it was sent, cut.
    #[error("`{0}` is not UTF-8")]
    NotUtf8(String),
    /// Too many parameters.
    #[error("more than {PAIRS_MAX} query parameters")]
    TooMany,
}

/// The names and values of a query string, in the order in which they stand; `+` is a space.
///
/// # Errors
/// What is not UTF-8; more than [`PAIRS_MAX`] parameters.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, BadQuery> {
    let mut found = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if found.len() == PAIRS_MAX {
            return Err(BadQuery::TooMany);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.push((decoded(name)?, decoded(value)?));
    }
    Ok(found)
}

fn decoded(text: &str) -> Result<String, BadQuery> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(BadQuery::NotUtf8(text.chars().take(40).collect())),
    }
}

/// The one of `known` that `name` was most probably meant to be.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let far = |one: &str| distance(&name.to_ascii_lowercase(), one);
    known.into_iter().min_by_key(|one| far(one))
}

/// How many characters must be added, removed or replaced to make `a` of `b`, counting no further than the
/// first [`NAME_CHARS`] of each.
fn distance(a: &str, b: &str) -> usize {
    const NAME_CHARS: usize = 40;
    let b: Vec<char> = b.chars().take(NAME_CHARS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (done, ours) in a.chars().take(NAME_CHARS).enumerate() {
        let mut next = vec![done + 1];
        for (theirs, above) in b.iter().zip(row.windows(2)) {
            let (diagonal, above) = match above {
                [diagonal, above] => (*diagonal, *above),
                _ => (0, 0),
            };
            let left = next.last().copied().unwrap_or_default();
            next.push(
                (diagonal + usize::from(ours != *theirs))
                    .min(above + 1)
                    .min(left + 1),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_strictly() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let found = pairs(query).unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|(a, b)| (a.as_str(), b.as_str()))
                .collect();
            assert_eq!(found, expected, "{query}");
        };
        check("", &[]);
        check("&&a&b=&=c", &[("a", ""), ("b", ""), ("", "c")]);
        check(
            "a%5B%5D=x+y%20z%2B&a[]=%C3%BC=%",
            &[("a[]", "x y z+"), ("a[]", "ü=%")],
        );
        assert_eq!(pairs("a=%ff"), Err(BadQuery::NotUtf8("%ff".to_owned())));
        assert_eq!(pairs(&"a&".repeat(PAIRS_MAX + 1)), Err(BadQuery::TooMany));
    }

    #[test]
    fn typing_errors_are_seen_through() {
        let known = ["type", "actor_id", "actor_email", "limit"];
        assert_eq!(nearest("typ", known), Some("type"));
        assert_eq!(nearest("actorId", known), Some("actor_id"));
        assert_eq!(nearest("LIMITS", known), Some("limit"));
        assert_eq!(nearest("x", []), None);
    }
}
