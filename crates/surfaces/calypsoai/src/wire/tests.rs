//! Tests of the query string.

use super::*;

fn parsed(query: &str) -> Listing {
    Listing::parse(query).unwrap_or_else(|error| panic!("{query}: {}", error.body()))
}

fn refused(query: &str, loc: &str, kind: &str) {
    let Err(error) = Listing::parse(query) else {
        panic!("{query} was taken");
    };
    let body = error.body();
    let begin = format!(r#"{{"detail":[{{"loc":["query"{loc}],"msg":""#);
    assert!(body.starts_with(&begin), "{query}: {body}");
    let end = format!(r#"","type":"{kind}"}}]}}"#);
    assert!(body.ends_with(&end), "{query}: {body}");
}

#[test]
fn no_query_is_the_newest_ten() {
    let listing = Listing {
        limit: 10,
        ..Listing::default()
    };
    assert_eq!(parsed(""), listing);
    assert_eq!(
        parsed("&&search=&unknown=1&Limit=7&type[]=x&user_id=y&"),
        listing
    );
}

#[test]
fn every_parameter_is_read() {
    let query = "limit=1000&ascending=true&before=2026-01-01T00:00:00Z&after=2025-01-01T00%3A00%3A00%2B01:00\
        &type=api-token-created&type=oauth_client_created&userId=a&userId=b%2Bc&search=x+y&onlyUser=false";
    let words = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let expected = Listing {
        row: 0,
        limit: 1_000,
        ascending: true,
        before: Some(Bound::parse("2026-01-01T00:00:00").unwrap()),
        after: Some(Bound::parse("2024-12-31T23:00:00Z").unwrap()),
        types: words(&["api-token-created", "oauth_client_created"]),
        user_ids: words(&["a", "b+c"]),
        search: Some(Needle::new("X y").unwrap()),
        only_user: Some(false),
    };
    assert_eq!(parsed(query), expected);
}

#[test]
fn a_cursor_keeps_its_size_unless_the_query_says_another() {
    let cursor = Cursor { row: 30, limit: 15 }.encode();
    let check = |query: String, row: u64, limit: usize| {
        let listing = parsed(&query);
        assert_eq!((listing.row, listing.limit), (row, limit), "{query}");
    };
    check(format!("cursor={cursor}"), 30, 15);
    check(format!("cursor={cursor}&limit=7"), 30, 7);
    check(
        format!("limit=7&cursor={}", cursor.replace('=', "%3D")),
        30,
        7,
    );
}

#[test]
fn booleans_have_the_frameworks_spellings() {
    for value in ["true", "True", "1", "on", "YES", "t", "y"] {
        assert!(parsed(&format!("ascending={value}")).ascending, "{value}");
    }
    for value in ["false", "False", "0", "off", "no", "F", "n"] {
        let listing = parsed(&format!("onlyUser={value}"));
        assert_eq!(listing.only_user, Some(false), "{value}");
    }
    for value in ["", "2", "null", "None", "wahr", "true ", "tru"] {
        refused(
            &format!("onlyUser={value}"),
            r#","onlyUser""#,
            "bool_parsing",
        );
    }
}

#[test]
fn limits_are_1_to_1000() {
    for (value, kind) in [
        ("0", "greater_than_equal"),
        ("00", "greater_than_equal"),
        ("-1", "greater_than_equal"),
        ("-99999999999999999999999", "greater_than_equal"),
        ("1001", "less_than_equal"),
        ("99999999999999999999999", "less_than_equal"),
        ("", "int_parsing"),
        ("ten", "int_parsing"),
        ("1.5", "int_parsing"),
        ("1e2", "int_parsing"),
        ("%2B5", "int_parsing"),
        ("+5", "int_parsing"),
        ("٥", "int_parsing"),
        ("null", "int_parsing"),
    ] {
        refused(&format!("limit={value}"), r#","limit""#, kind);
    }
    assert_eq!(parsed("limit=1").limit, 1);
    assert_eq!(parsed("limit=007").limit, 7);
}

#[test]
fn types_are_those_of_the_list() {
    for value in [
        "",
        "user-login",
        "project.created",
        "Project-Created",
        "oauth-client-created",
        "x.calypsoai.brand_new",
        "project-created,project-deleted",
        "600",
    ] {
        refused(&format!("type={value}"), r#","type",0"#, "enum");
        let second = format!("type=task-created&type={value}");
        refused(&second, r#","type",1"#, "enum");
    }
    let all = vocabulary().types();
    let words: Vec<&str> = all
        .filter_map(|entry| entry.own_word(Surface::CalypsoAi))
        .map(|word| word.text.as_str())
        .collect();
    assert_eq!(words.len(), 107);
    let query: Vec<String> = words.iter().map(|word| format!("type={word}")).collect();
    assert_eq!(parsed(&query.join("&")).types, words);
}

#[test]
fn scalars_have_one_value() {
    for (query, loc) in [
        ("limit=5&limit=6", "limit"),
        ("ascending=1&ascending=0", "ascending"),
        ("search=a&search=b", "search"),
        ("onlyUser=0&onlyUser=1", "onlyUser"),
        (
            "before=2026-01-01T00:00:00Z&before=2026-01-01T00:00:01Z",
            "before",
        ),
    ] {
        refused(query, &format!(r#","{loc}""#), "value_error");
    }
    assert_eq!(parsed("limit=5&limit=05").limit, 5);
    assert!(parsed("ascending=1&ascending=true").ascending);
}

#[test]
fn all_faults_are_told_at_once() {
    let error = Listing::parse("limit=0&cursor=x&before=soon").unwrap_err();
    let body = error.body();
    for loc in [
        r#"["query","limit"]"#,
        r#"["query","cursor"]"#,
        r#"["query","before"]"#,
    ] {
        assert!(body.contains(loc), "{body}");
    }
    let many = Listing::parse(&"type=x&".repeat(500)).unwrap_err();
    assert_eq!(many.body().matches("enum").count(), 100);
    let long = format!("type={}", "x".repeat(10_000));
    assert!(Listing::parse(&long).unwrap_err().body().len() < 300);
}

#[test]
fn texts_to_search_for_are_short() {
    refused(
        &format!("search={}", "x".repeat(257)),
        r#","search""#,
        "value_error",
    );
    assert_eq!(parsed("search=").search, None);
}

#[test]
fn unreadable_queries_are_refused() {
    refused("search=%ff", "", "value_error");
    refused("%ff=1", "", "value_error");
    refused(&"userId=a&".repeat(1_001), "", "value_error");
}
