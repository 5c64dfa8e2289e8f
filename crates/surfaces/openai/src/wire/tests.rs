//! Tests of the query string in all its spellings.

use super::*;

fn parsed(query: &str) -> Listing {
    Listing::parse(query).unwrap_or_else(|error| panic!("{query}: {}", error.body()))
}

fn empty() -> Listing {
    parsed("")
}

fn refused(query: &str, param: &str, code: &str, message: &str) {
    let Err(error) = Listing::parse(query) else {
        panic!("{query} was taken");
    };
    let body = error.body();
    let end = format!(r#""type":"invalid_request_error","param":{param},"code":"{code}"}}}}"#);
    assert!(body.ends_with(&end), "{query}: {body}");
    assert!(body.contains(message), "{query}: {body}");
}

#[test]
fn no_query_is_the_newest_twenty() {
    let listing = empty();
    assert_eq!(
        (listing.limit, listing.order, listing.tenant_only),
        (20, ListOrder::Desc, false)
    );
    let silent = "limit=&before=&after=&order=&tenant_only=&project_ids%5B%5D=&effective_at%5Bgte%5D=\
        &effective_at=&unknown=1&Limit=7&x%5B%5D=&user_ids[]=u&&";
    assert_eq!(parsed(silent), listing);
}

/// As the clients send them; only escapes differ between them.
#[test]
fn recorded_calls_mean_the_same() {
    let python = "actor_emails%5B%5D=a%2Bb%40example.com&actor_emails%5B%5D=c+d%40example.com\
        &actor_ids%5B%5D=user-1&actor_ids%5B%5D=key_2&after=audit_log-0001&before=audit_log-0005\
        &effective_at%5Bgt%5D=1&effective_at%5Bgte%5D=2&effective_at%5Blt%5D=3&effective_at%5Blte%5D=4\
        &event_types%5B%5D=project.created&event_types%5B%5D=login.failed&limit=5\
        &project_ids%5B%5D=proj_a&project_ids%5B%5D=proj_b&resource_ids%5B%5D=ws__conn\
        &resource_ids%5B%5D=%C3%BC%2F%26%3D";
    let words = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let expected = Listing {
        project_ids: words(&["proj_a", "proj_b"]),
        event_types: words(&["project.created", "login.failed"]),
        actor_ids: words(&["user-1", "key_2"]),
        actor_emails: words(&["a+b@example.com", "c d@example.com"]),
        resource_ids: words(&["ws__conn", "ü/&="]),
        effective_at: Range {
            gt: Some(2),
            gte: Some(2),
            lt: Some(3),
            lte: Some(5),
        },
        limit: 5,
        after: Some("audit_log-0001".to_owned()),
        before: Some("audit_log-0005".to_owned()),
        ..empty()
    };
    assert_eq!(parsed(python), expected);
    let bare = python
        .replace("%5B", "[")
        .replace("%5D", "]")
        .replace('+', "%20");
    assert_eq!(parsed(&bare), expected);
    let numbered = python.replace("%5B%5D", "[0]");
    assert_eq!(parsed(&numbered), expected);
    let plain = python.replace("%5B%5D", "");
    assert_eq!(parsed(&plain), expected);
    let one_string = "effective_at=gt%2C1%2Cgte%2C2%2Clt%2C3%2Clte%2C4";
    assert_eq!(parsed(one_string).effective_at, expected.effective_at);
}

#[test]
fn values_of_lists_are_never_split() {
    let listing = parsed("project_ids=a,b&resource_ids[]=c%2Cd&actor_ids[12]=e");
    assert_eq!(listing.project_ids, ["a,b"]);
    assert_eq!(listing.resource_ids, ["c,d"]);
    assert_eq!(listing.actor_ids, ["e"]);
}

#[test]
fn scalars_have_their_spellings() {
    for (query, tenant_only) in [
        ("tenant_only=true", true),
        ("tenant_only=1", true),
        ("tenant_only=false", false),
        ("tenant_only=0", false),
        ("tenant_only=1&tenant_only=true", true),
    ] {
        assert_eq!(parsed(query).tenant_only, tenant_only, "{query}");
    }
    assert_eq!(parsed("limit=1&limit=001").limit, 1);
    assert_eq!(parsed("limit=100").limit, 100);
    assert_eq!(parsed("order=asc").order, ListOrder::Asc);
    assert_eq!(parsed("order=desc").order, ListOrder::Desc);
    assert_eq!(parsed("after=a&after=a&after=").after.as_deref(), Some("a"));
}

#[test]
fn bounds_are_numbers_of_any_size() {
    let range = |query: &str| parsed(query).effective_at;
    let bounds = |op: &str, number: &str| {
        let range = range(&format!("effective_at[{op}]={number}"));
        [range.gt, range.gte, range.lt, range.lte]
            .into_iter()
            .flatten()
            .next()
            .unwrap()
    };
    for (number, gt, gte, lt, lte) in [
        ("5", 6, 5, 5, 6),
        ("5.0", 6, 5, 5, 6),
        ("5.5", 6, 6, 6, 6),
        ("-5", -4, -5, -5, -4),
        ("-5.5", -5, -5, -5, -5),
        ("1e%2B1", 11, 10, 10, 11),
    ] {
        let found = ["gt", "gte", "lt", "lte"].map(|op| bounds(op, number));
        assert_eq!(found, [gt, gte, lt, lte], "{number}");
    }
    assert!(bounds("gte", "99999999999999999999999") > 253_402_300_799);
    assert!(bounds("lt", "-8.533e%2B68") < 0);
}

#[test]
fn types_are_dotted_names() {
    let types =
        "project.created&event_types=checkpoint_permission.created&event_types=brand.new-Thing";
    assert_eq!(parsed(&format!("event_types={types}")).event_types.len(), 3);
    for bad in [
        "created",
        "a.",
        ".b",
        "a..b",
        "a.b%20",
        "%C3%BC.b",
        "a,b.c",
        "*.created",
    ] {
        let query = format!("event_types%5B%5D={bad}");
        refused(
            &query,
            r#""event_types""#,
            "invalid_value",
            "is not an event type",
        );
    }
    let tenant =
        "tenant_only=true&event_types=tenant.user.added&event_types=role.bound_to_resource";
    assert_eq!(parsed(tenant).event_types.len(), 2);
    let mixed = format!("{tenant}&event_types=role.created");
    refused(
        &mixed,
        r#""event_types""#,
        "invalid_value",
        "'role.created' is not tenant-scoped",
    );
    assert_eq!(parsed("event_types=tenant.user.added").event_types.len(), 1);
}

#[test]
fn limits_are_refused_in_the_vendors_words() {
    let limit = r#""limit""#;
    for (value, code, message) in [
        (
            "101",
            "integer_above_max_value",
            "Expected a value <= 100, but got 101 instead.",
        ),
        (
            "99999999999999999999999",
            "integer_above_max_value",
            "but got 99999999999999999999999 instead.",
        ),
        (
            "0",
            "integer_below_min_value",
            "Expected a value >= 1, but got 0 instead.",
        ),
        ("-1", "integer_below_min_value", "but got -1 instead."),
        (
            "-99999999999999999999999",
            "integer_below_min_value",
            "Invalid 'limit': integer below minimum",
        ),
        (
            "abc",
            "invalid_type",
            "expected an integer, but got a string instead.",
        ),
        (
            "1.5",
            "invalid_type",
            "expected an integer, but got a decimal number instead.",
        ),
        ("1e1", "invalid_type", "a decimal number"),
        ("%205", "invalid_type", "a string"),
        ("%2B5", "invalid_type", "a string"),
        ("-", "invalid_type", "a string"),
        ("٥", "invalid_type", "a string"),
    ] {
        refused(&format!("limit={value}"), limit, code, message);
    }
    refused(
        "limit=5&limit=6",
        limit,
        "invalid_value",
        "given twice with different values",
    );
    refused("limit[]=5", limit, "invalid_value", "Use 'limit'");
}

#[test]
fn what_names_a_parameter_is_never_ignored() {
    let effective = r#""effective_at""#;
    for bad in [
        "effective_at=HASH%280x5652%29",
        "effective_at=5",
        "effective_at=gte",
        "effective_at=gte,1,lt",
        "effective_at=gte,1,",
        "effective_at=gte,,lt,9",
        "effective_at=gte,1,gte,2",
        "effective_at=gte,1&effective_at[gte]=2",
        "effective_at[]=gte,1",
        "effective_at[eq]=1",
        "effective_at[GTE]=1",
        "effective_at[gte]=NaN",
        "effective_at[gte]=inf",
        "effective_at[gte]=-Infinity",
        "effective_at[gte]=0x10",
        "effective_at[gte]=+5",
        "effective_at[gte]=2026-11-20",
        "effective_at[gte]=null",
        "effective_at[gte=1",
        "effective_at[gte][x]=1",
    ] {
        refused(bad, effective, "invalid_value", "effective_at");
    }
    for (bad, param) in [
        ("project_ids[a]=x", r#""project_ids""#),
        ("actor_ids[0][x]=x", r#""actor_ids""#),
        ("resource_ids[=x", r#""resource_ids""#),
        ("after[]=x", r#""after""#),
        ("before=a&before=b", r#""before""#),
        ("order=newest", r#""order""#),
        ("order=asc&order=desc", r#""order""#),
        ("tenant_only[0]=true", r#""tenant_only""#),
        ("tenant_only=true&tenant_only=0", r#""tenant_only""#),
    ] {
        refused(bad, param, "invalid_value", "Invalid");
    }
    for bad in ["yes", "True", "2", "null"] {
        refused(
            &format!("tenant_only={bad}"),
            r#""tenant_only""#,
            "invalid_type",
            "a boolean",
        );
    }
}

#[test]
fn unreadable_queries_are_refused() {
    refused("after=%ff", "null", "invalid_value", "is not UTF-8");
    refused("%ff=1", "null", "invalid_value", "is not UTF-8");
    let many = "actor_ids[]=a&".repeat(1_001);
    refused(
        &many,
        "null",
        "invalid_value",
        "more than 1000 query parameters",
    );
}

#[test]
fn messages_repeat_no_more_than_a_little() {
    let long = format!("order={}", "x".repeat(10_000));
    let Err(error) = Listing::parse(&long) else {
        panic!("taken");
    };
    assert!(error.body().len() < 300);
}

#[test]
fn the_two_names_are_the_lists_tenant_types_that_begin_otherwise() {
    use docket_event::vocabulary::vocabulary;
    for entry in vocabulary().types() {
        assert_eq!(
            tenant_scoped(&entry.name),
            entry.openai_tenant_scoped,
            "{}",
            entry.name
        );
    }
}
