//! Whether what was printed has the shape of what a document shows.

use anyhow::ensure;

/// Stands for any text in a line.
const ANYTHING: char = '…';
/// A word with so many digits is an id, a time or a place in a log: it stands for any text, too.
const WORD_DIGITS_MIN: usize = 4;

/// Compares line by line.
pub fn check(expected: &str, printed: &str) -> anyhow::Result<()> {
    let (wanted, found) = (expected.lines().count(), printed.lines().count());
    ensure!(
        wanted == found,
        "it prints {found} lines, the document shows {wanted}:\n{printed}"
    );
    for (wanted, found) in expected.lines().zip(printed.lines()) {
        ensure!(
            matches(&pattern(wanted), found),
            "the document shows\n  {wanted}\nbut it prints\n  {found}"
        );
    }
    Ok(())
}

/// The line with every id in it replaced.
fn pattern(line: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    let mut pattern = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c: char| !in_word(c))
            .unwrap_or(rest.len())
            .max(if in_word(first) { 0 } else { first.len_utf8() });
        let (word, after) = rest.split_at(end);
        if word.chars().filter(char::is_ascii_digit).count() < WORD_DIGITS_MIN {
            pattern.push_str(word);
        } else {
            pattern.push(ANYTHING);
        }
        rest = after;
    }
    pattern
}

fn matches(pattern: &str, line: &str) -> bool {
    let Some((first, others)) = pattern.split_once(ANYTHING) else {
        return pattern == line;
    };
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let (between, last) = others.rsplit_once(ANYTHING).unwrap_or(("", others));
    for part in between.split(ANYTHING) {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_may_differ_and_nothing_else() {
        let shown = r#"{"id":"key_99f2c5a9938535dc","at":"2026-11-21T04:55:53.1Z","n":[2970],"token":"docket_…","stored":2}"#;
        let other = r#"{"id":"key_0123abc","at":"2031-01-01T00:00:00Z","n":[7],"token":"docket_xyz","stored":2}"#;
        check(shown, other).unwrap();
        for (from, to) in [
            (":2}", ":3}"),
            ("docket_", "other_"),
            ("\"id\"", "\"uid\""),
            ("}", "} "),
        ] {
            assert!(check(shown, &other.replace(from, to)).is_err(), "{from}");
        }
        assert!(check("one\ntwo\n", "one\n").is_err());
        assert!(check("one…", "on").is_err());
        check("…a…b…c", "xaybzc").unwrap();
        assert!(check("…a…b…c", "xbyazc").is_err());
    }
}
