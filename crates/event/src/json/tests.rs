//! What the parser takes, what it refuses and where it says that the fault is.

use super::*;

fn refused(text: &str, path: &str, reason: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(
        (error.path_text().as_str(), error.reason.as_str()),
        (path, reason),
        "{text}"
    );
}

#[test]
fn numbers_and_order_stay_as_written() {
    let text =
        r#"{"z":8.533e+68,"a":[1e400,12345678901234567890123,-0.0],"é":"\u00e9\ud83d\ude00\/"}"#;
    let value = parse(text).unwrap();
    assert_eq!(
        value.to_text(),
        r#"{"z":8.533e+68,"a":[1e400,12345678901234567890123,-0.0],"é":"é😀/"}"#
    );
}

#[test]
fn white_space_goes_and_escapes_are_minimal() {
    let text = " { \"a\" : [ 1 , \"\\u0007\\n\\\"\\\\\" ] ,\r\n\t\"b\" : { } } ";
    assert_eq!(
        parse(text).unwrap().to_text(),
        r#"{"a":[1,"\u0007\n\"\\"],"b":{}}"#
    );
}

#[test]
fn refusals_name_the_path() {
    refused(r#"{"a":1,"a":2}"#, "a", "the same member name twice");
    refused(
        r#"{"t":[{},{"x":{"y":1,"\u0079":2}}]}"#,
        "t[1].x.y",
        "the same member name twice",
    );
    refused(r#"{"a":"\ud800"}"#, "a", "half a surrogate pair");
    refused(r#"{"a":"\ud800\u0041"}"#, "a", "half a surrogate pair");
    refused(r#"{"a":"\udc00"}"#, "a", "half a surrogate pair");
    refused(r#"["\x"]"#, "[0]", "an unknown escape");
    refused("[\"a\tb\"]", "[0]", "a control character in a string");
    refused("[01]", "", "expected `,` or `]`");
    refused("[1.]", "[0]", "expected a digit");
    refused("[nul]", "[0]", "expected a JSON value");
    refused("", "", "the text ends where a value should stand");
    refused("{} {}", "", "something stands behind the value");
    refused(
        &format!("[{}]", "9".repeat(65)),
        "[0]",
        "a number longer than 64 characters",
    );
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    assert_eq!(
        parse(&nested(DEPTH_MAX + 1)).unwrap_err().reason,
        "nested deeper than 64"
    );
    let deep = nested(100_000);
    let inner = elements(&deep, 10).unwrap();
    assert_eq!(parse(inner[0]).unwrap_err().reason, "nested deeper than 64");
}

#[test]
fn many_members_are_still_checked_for_repeats() {
    let member = |index: usize| format!("\"m{index}\":{index}");
    let mut members: Vec<String> = (0..100).map(member).collect();
    assert!(parse(&format!("{{{}}}", members.join(","))).is_ok());
    members.push(member(50));
    refused(
        &format!("{{{}}}", members.join(",")),
        "m50",
        "the same member name twice",
    );
}

#[test]
fn elements_are_cut_without_a_tree() {
    let text = r#" [ {"a":"]}\""} , 12 ,[1,[2]], "x", null ] "#;
    assert_eq!(
        elements(text, 9).unwrap(),
        [r#"{"a":"]}\""}"#, "12", "[1,[2]]", "\"x\"", "null"]
    );
    assert_eq!(elements("[]", 9).unwrap(), [""; 0]);
    for bad in [
        "[1", "[1,]", "{}", "[1]]", "[}]", "[{]}]", "[\"a]", "[1 2]", "[:1]", "[é",
    ] {
        assert!(elements(bad, 9).is_err(), "{bad}");
    }
    assert!(elements("[1,2,3]", 2).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_what_parses_is_stable(text in r#"[\[\]{}:,"\\a0u1e\-+. é]{0,40}"#) {
        if let Ok(value) = parse(&text) {
            let written = value.to_text();
            proptest::prop_assert_eq!(parse(&written).unwrap().to_text(), written.clone());
            let general: serde_json::Value = serde_json::from_str(&written).unwrap();
            proptest::prop_assert!(general.is_null() || !general.is_null());
        }
        let _ = elements(&text, 5);
    }
}
