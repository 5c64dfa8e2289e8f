//! `POST /api/v1/events`: takes in one event or many, in any dialect, all of them or none.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use docket_event::json::{ObjectWriter, write_array, write_string};
use docket_event::{BATCH_EVENTS_MAX, FAULTS_MAX, Fault};
use docket_surfaces_kit::auth::{self, BEARER, Permission};
use docket_surfaces_kit::body::{Sent, discard};
use docket_surfaces_kit::split::{self, Form, SplitError};
use docket_surfaces_kit::write::{Appended, Batch, Indexed, KEY_BYTES_MAX, Key, WriteError};
use docket_surfaces_kit::{App, Asked, Ingest, Principal};

use crate::NAME;
use crate::access::{acting_for_ingest, own_organization};
use crate::error::Problem;
use crate::parameters::Parameters;

/// Makes a request safe to repeat.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Content types that hold an entry on each line.
pub const LINES: [&str; 3] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
];

/// Takes in a batch. What is answered is durable.
pub async fn post(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Problem> {
    let head = head(&app, &asked).await;
    take_in(&app, &asked, head, body).await
}

/// Takes in a batch for the organization that the path names. What is answered is durable.
pub async fn post_into(
    State(app): State<App>,
    org: Result<Path<String>, PathRejection>,
    asked: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let head = match org {
        Ok(Path(org)) => head_into(&app, &asked, &org).await,
        Err(_) => head_into(&app, &asked, "").await,
    };
    take_in(&app, &asked, head, body).await
}

async fn take_in(
    app: &App,
    asked: &Asked,
    head: Result<Head, Problem>,
    body: Body,
) -> Result<Response, Problem> {
    let Head {
        caller,
        ingest,
        key,
        form,
    } = match head {
        Ok(head) => head,
        Err(problem) => {
            discard(asked, body).await;
            return Err(problem);
        }
    };
    let sent = app.body(asked, body).await?;
    let appended = app
        .write(&caller, move || batch(sent, form, ingest, key.as_deref()))
        .await?;
    Ok(answer(&appended))
}

/// What is known of a batch before its body is read.
struct Head {
    caller: Principal,
    ingest: Ingest,
    key: Option<String>,
    form: Form,
}

async fn head(app: &App, asked: &Asked) -> Result<Head, Problem> {
    let caller = auth::authenticate(app, asked, BEARER).await?;
    own_organization(asked, &caller)?;
    auth::require(&caller, Permission::AuditWrite)?;
    head_of(app, asked, caller)
}

async fn head_into(app: &App, asked: &Asked, org: &str) -> Result<Head, Problem> {
    let caller = acting_for_ingest(app, asked, org).await?;
    head_of(app, asked, caller)
}

fn head_of(app: &App, asked: &Asked, caller: Principal) -> Result<Head, Problem> {
    Ok(Head {
        caller,
        ingest: ingest(app, asked)?,
        key: idempotency_key(asked.headers())?,
        form: form(asked.headers()),
    })
}

/// How entries of the format asked for are read.
fn ingest(app: &App, asked: &Asked) -> Result<Ingest, Problem> {
    let mut parameters = Parameters::of(asked)?;
    let format = parameters.one("format", |name| {
        let known = || {
            app.formats()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let found = app.formats().find(|(format, _)| *format == name);
        let shown: String = name.chars().take(40).collect();
        found
            .map(|(_, ingest)| ingest)
            .ok_or_else(|| format!("`{shown}` is no format; write one of {}", known()))
    });
    parameters.finish()?;
    let native = || {
        app.formats()
            .find(|(name, _)| *name == NAME)
            .map(|(_, ingest)| ingest)
    };
    format.or_else(native).ok_or_else(|| {
        Problem::parameters(vec![Fault::new(
            "format",
            "is missing, and there is no default",
        )])
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else {
        return Ok(None);
    };
    let text = value
        .to_str()
        .ok()
        .filter(|text| second.is_none() && Key::fits(text));
    text.map(|text| Some(text.to_owned())).ok_or_else(|| {
        let reason = format!("must be one value of 1 to {KEY_BYTES_MAX} visible ASCII characters");
        Problem::parameters(vec![Fault::new(IDEMPOTENCY_KEY, reason)])
    })
}

fn form(headers: &HeaderMap) -> Form {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value
        .and_then(|text| text.split(';').next())
        .unwrap_or_default()
        .trim();
    match LINES
        .iter()
        .any(|lines| essence.eq_ignore_ascii_case(lines))
    {
        true => Form::Lines,
        false => Form::Document,
    }
}

fn batch(sent: Sent, form: Form, ingest: Ingest, key: Option<&str>) -> Result<Batch, WriteError> {
    let plain = sent.plain()?;
    let entries = split::entries(plain.text()?, form, ingest.page, BATCH_EVENTS_MAX);
    let entries = entries.map_err(|error| match error {
        SplitError::Malformed(fault) => WriteError::Malformed(fault),
        SplitError::TooMany => WriteError::TooMany {
            max: BATCH_EVENTS_MAX,
        },
    })?;
    let mut events = Vec::with_capacity(entries.len());
    let mut faults = Indexed::new();
    for (index, entry) in entries.into_iter().enumerate() {
        match split::read(entry, ingest.read, None) {
            Ok(event) => events.push(event),
            Err(found) => docket_surfaces_kit::write::add_faults(&mut faults, index, found),
        }
        if faults.len() >= FAULTS_MAX {
            break;
        }
    }
    if !faults.is_empty() {
        return Err(WriteError::Invalid(faults));
    }
    let idempotency = key.and_then(|key| Key::new(key, plain.bytes()));
    Ok(Batch {
        events,
        idempotency,
    })
}

/// Room for id and position of one event.
const ANSWER_BYTES: usize = 52;

fn answer(appended: &Appended) -> Response {
    let number = |out: &mut String, number: u64| out.push_str(&number.to_string());
    let mut text = String::with_capacity(ANSWER_BYTES * (appended.ids.len() + 2));
    let mut answer = ObjectWriter::open(&mut text);
    answer.member("ids", |out| {
        write_array(out, &appended.ids, |out, id| {
            write_string(out, &id.to_string());
        });
    });
    answer.member("positions", |out| {
        write_array(out, appended.positions.iter().copied(), number);
    });
    answer.member("tree_size", |out| number(out, appended.tree_size));
    answer.member("duplicates", |out| number(out, appended.duplicates));
    answer.close();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
