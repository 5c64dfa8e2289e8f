//! Tests of envelope, headers and masks.

use super::*;

#[test]
fn keys_are_masked() {
    for (secret, message) in [
        (
            "sk-admin-0123456789abcd",
            "Incorrect API key provided: sk-admin-****abcd.",
        ),
        ("0123456789abcd", "Incorrect API key provided: ****abcd."),
        ("0123456789a", "Incorrect API key provided."),
        ("sk-admin-abcd", "Incorrect API key provided."),
        ("sk-admin-", "Incorrect API key provided."),
        ("", "Incorrect API key provided."),
        ("ööööööööööéé", "Incorrect API key provided: ****éé."),
    ] {
        assert_eq!(wrong_key(secret), message, "{secret}");
    }
}

#[test]
fn the_envelope_has_all_four_members() {
    let check = |error: ApiError, status: u16, expected: &str| {
        assert_eq!((error.status.as_u16(), &*error.body()), (status, expected));
    };
    check(
        ApiError::above("limit", 100, "101"),
        400,
        r#"{"error":{"message":"Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.","type":"invalid_request_error","param":"limit","code":"integer_above_max_value"}}"#,
    );
    check(
        ApiError::below("limit", 1, "-0"),
        400,
        r#"{"error":{"message":"Invalid 'limit': integer below minimum value. Expected a value >= 1, but got -0 instead.","type":"invalid_request_error","param":"limit","code":"integer_below_min_value"}}"#,
    );
    check(
        ApiError::wrong_type("limit", "an integer", "a string"),
        400,
        r#"{"error":{"message":"Invalid type for 'limit': expected an integer, but got a string instead.","type":"invalid_request_error","param":"limit","code":"invalid_type"}}"#,
    );
    check(
        ApiError::other_organization(),
        401,
        r#"{"error":{"message":"The OpenAI-Organization header names another organization than that of the API key.","type":"invalid_request_error","param":null,"code":"mismatched_organization"}}"#,
    );
    check(
        ApiError::plain(StatusCode::FORBIDDEN, missing(Permission::AuditRead)),
        403,
        r#"{"error":{"message":"You have insufficient permissions for this operation. Missing scopes: api.audit_logs.read.","type":"invalid_request_error","param":null,"code":null}}"#,
    );
}

#[test]
fn waiting_is_advised_only_where_it_helps() {
    let header = |error: ApiError, name: &str| {
        let response = error.into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let wait = ApiError {
        retry_after_s: Some(5),
        ..ApiError::query("x")
    };
    assert_eq!(header(wait.clone(), "retry-after").as_deref(), Some("5"));
    assert_eq!(header(wait, "x-should-retry"), None);
    assert_eq!(header(ApiError::query("x"), "retry-after"), None);
    assert_eq!(
        header(ApiError::query("x"), "x-should-retry").as_deref(),
        Some("false")
    );
}
