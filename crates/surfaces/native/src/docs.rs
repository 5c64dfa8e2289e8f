//! `GET /api/v1/docs`: the table of routes as a page for people, which needs neither script nor anything from elsewhere.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::routes::{Content, Place, Row, rows};
use crate::shape::Shape;

/// Nothing is loaded and nothing runs; the style stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\
code,pre{font-family:ui-monospace,monospace;overflow-wrap:anywhere}\
pre{overflow-x:auto;padding:.5rem;border:1px solid}\
table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;padding:.1rem 1rem .1rem 0}\
section{border-top:1px solid}:root{color-scheme:light dark}";

/// The page.
pub async fn answer() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(rows()));
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, PAGE.as_str()).into_response()
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($out:expr, $($words:tt)*) => {
        let _ = write!($out, $($words)*);
    };
}

fn page(rows: &[Row]) -> String {
    let mut out = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    put!(
        out,
        "<title>Docket's API</title><style>{STYLE}</style></head><body>"
    );
    out.push_str("<main><h1>Docket's API</h1>");
    out.push_str(
        "<p>Send the header <code>Authorization: Bearer &lt;token&gt;</code>. What cannot be done is answered with \
         <code>application/problem+json</code> (RFC 9457). The same for programs: \
         <a href=\"openapi.json\">OpenAPI 3.1</a>.</p>",
    );
    contents(&mut out, rows);
    for group in groups(rows) {
        put!(out, "<h2>{}</h2>", escaped(group));
        for row in rows.iter().filter(|row| row.group == group) {
            section(&mut out, row);
        }
    }
    out.push_str("</main></body></html>\n");
    out
}

/// The groups, each once, in the order of the table.
fn groups(rows: &[Row]) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for row in rows {
        if !groups.contains(&row.group) {
            groups.push(row.group);
        }
    }
    groups
}

fn contents(out: &mut String, rows: &[Row]) {
    out.push_str("<nav aria-label=\"Routes\"><ul>");
    for row in rows {
        put!(
            out,
            "<li><a href=\"#{}\"><code>{}</code></a></li>",
            anchor(row),
            escaped(&heading(row))
        );
    }
    out.push_str("</ul></nav>");
}

fn heading(row: &Row) -> String {
    format!("{} {}", row.route.method(), row.route.path())
}

fn anchor(row: &Row) -> String {
    heading(row)
        .to_ascii_lowercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn section(out: &mut String, row: &Row) {
    let (anchor, heading) = (anchor(row), heading(row));
    put!(
        out,
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}-h\">"
    );
    put!(
        out,
        "<h3 id=\"{anchor}-h\"><code>{}</code></h3><p>{} Needs {}.</p>",
        escaped(&heading),
        escaped(row.summary),
        escaped(&row.needs.words())
    );
    parameters(out, row);
    if let Some(body) = &row.body {
        let may = if body.required {
            ""
        } else {
            " (may be left out)"
        };
        put!(out, "<h4>Body{may}</h4>");
        shape(out, &body.shape);
    }
    put!(out, "<h4>Answer {}</h4>", row.answer.status);
    match &row.answer.content {
        Content::Json(answer) => shape(out, answer),
        Content::Text(media) => {
            put!(out, "<p>{}</p>", escaped(media));
        }
    }
    out.push_str("</section>");
}

fn parameters(out: &mut String, row: &Row) {
    if row.parameters.is_empty() {
        return;
    }
    out.push_str("<h4>Parameters</h4><table><thead><tr><th scope=\"col\">Name</th>");
    out.push_str("<th scope=\"col\">Meaning</th></tr></thead><tbody>");
    for parameter in &row.parameters {
        let place = match parameter.place {
            Place::Query => "",
            Place::Header => " (header)",
        };
        put!(
            out,
            "<tr><th scope=\"row\"><code>{}</code>{place}</th><td>{}</td></tr>",
            escaped(&parameter.name),
            escaped(&parameter.meaning)
        );
    }
    out.push_str("</tbody></table>");
}

/// Members with their meaning, where the shape has such; the schema as it is where not.
fn shape(out: &mut String, shape: &Shape) {
    let members = shape.schema.get("properties").and_then(Value::as_object);
    let Some(members) = members else {
        let text = format!("{:#}", shape.schema);
        put!(out, "<pre tabindex=\"0\">{}</pre>", escaped(&text));
        return;
    };
    let required = shape.schema.get("required").and_then(Value::as_array);
    out.push_str("<table><thead><tr><th scope=\"col\">Member</th>");
    out.push_str("<th scope=\"col\">Meaning</th></tr></thead><tbody>");
    for (name, schema) in members {
        let needed = required.is_some_and(|all| all.iter().any(|one| one == name.as_str()));
        let needed = if needed { " (required)" } else { "" };
        let meaning = schema.get("description").and_then(Value::as_str);
        put!(
            out,
            "<tr><th scope=\"row\"><code>{}</code>{needed}</th><td>{}</td></tr>",
            escaped(name),
            escaped(meaning.unwrap_or_default())
        );
    }
    out.push_str("</tbody></table>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_has_each_route_and_nothing_from_elsewhere() {
        let page = page(rows());
        let mut anchors = BTreeSet::new();
        for row in rows() {
            let anchor = anchor(row);
            assert!(
                page.contains(&format!("<section id=\"{anchor}\"")),
                "{anchor}"
            );
            assert!(page.contains(&format!("href=\"#{anchor}\"")), "{anchor}");
            assert!(page.contains(row.summary), "{}", row.summary);
            assert!(anchors.insert(anchor), "{} stands twice", heading(row));
        }
        for outside in ["<script", "http://", "https://", "src=", "<link", "@import"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
