//! What inputs are cut into.

use std::io::Write;

use super::*;

fn plan(text: &[u8]) -> io::Result<Plan> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let page = PageShape {
        member: "data",
        entry_member: "type",
    };
    Plan::of(Source::open(file.path()).unwrap(), page)
}

fn all(plan: &mut Plan, direction: Direction) -> Vec<String> {
    let mut all = Vec::new();
    for step in 0..plan.chunks() {
        for entry in plan.chunk(step, direction).unwrap().into_iter().flatten() {
            match entry {
                Entry::Text(text) => all.push(text),
                Entry::Unreadable { reason, .. } => all.push(format!("! {reason}")),
            }
        }
    }
    all
}

fn check(text: &str, expected: &[&str]) {
    let mut plan = plan(text.as_bytes()).unwrap();
    assert_eq!(all(&mut plan, Direction::Forward), expected, "{text}");
    let reversed: Vec<&str> = expected.iter().rev().copied().collect();
    assert_eq!(all(&mut plan, Direction::Backward), reversed, "{text}");
}

#[test]
fn every_layout_is_known_by_its_text() {
    check("", &[]);
    check(" \n\n", &[]);
    check("[]", &[]);
    check("[1,\n 2]", &["1", "2"]);
    check("\u{feff}[1,2]", &["1", "2"]);
    check("{\"a\":1}", &["{\"a\":1}"]);
    check("{\n\"a\":1\n}\n", &["{\n\"a\":1\n}\n"]);
    check("{\"a\":1}\n{\"a\":2}\n", &["{\"a\":1}", "{\"a\":2}"]);
    check(
        "\r\n{\"a\":1}\r\n\r\n{\"a\":2}",
        &["{\"a\":1}", "{\"a\":2}"],
    );
    check("{\"object\":\"list\",\"data\":[1,2]}", &["1", "2"]);
    check("{\n  \"object\": \"list\",\n  \"data\": [\n1\n]}", &["1"]);
    check(
        "{\"object\":\"list\",\"data\":[\n {\"a\":1}\n]}",
        &["{\"a\":1}"],
    );
    check("{\"data\":[1,2]}\n{\"data\":[3]}\n", &["1", "2", "3"]);
}

#[test]
fn a_broken_line_leaves_the_others() {
    check("{\"a\"\n{\"b\":1}\n", &["{\"a\"", "{\"b\":1}"]);
    check("{\"a\":1}\n{\"b\n[2", &["{\"a\":1}", "{\"b", "[2"]);
}

#[test]
fn what_is_no_json_is_refused_as_a_whole() {
    for bad in ["nonsense", "[1,", "[1,2\n", "{\"data\":[1", "a,b\n1,2\n"] {
        let error = plan(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("nothing was stored"), "{bad}: {error}");
    }
}

#[test]
fn compressed_inputs_are_opened() {
    let text = b"{\"a\":1}\n{\"a\":2}\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    let gzip = gzip.finish().unwrap();
    let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
    for bytes in [gzip, zstd] {
        let mut plan = plan(&bytes).unwrap();
        assert_eq!(
            all(&mut plan, Direction::Forward),
            ["{\"a\":1}", "{\"a\":2}"]
        );
    }
}

#[test]
fn chunks_fit_an_order() {
    let text: String = (0..2_500)
        .map(|number| format!("{{\"n\":{number}}}\n"))
        .collect();
    let array = format!("[{}]", text.trim().replace('\n', ","));
    let page = format!("{{\"data\":{array}}}\n{{\"n\":-1}}\n");
    for (input, entries) in [(text, 2_500), (array, 2_500), (page, 2_501)] {
        let mut plan = plan(input.as_bytes()).unwrap();
        let mut found = 0;
        for step in 0..plan.chunks() {
            for lot in plan.chunk(step, Direction::Forward).unwrap() {
                assert!((1..=CHUNK_ENTRIES_MAX).contains(&lot.len()));
                found += lot.len();
            }
        }
        assert_eq!(found, entries);
    }
}
