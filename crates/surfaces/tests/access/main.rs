//! Every route of every surface, called with every kind of credential.

#![cfg(test)]

mod table;
mod world;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use docket_surfaces_clarifai::proto::{
    MultiAuditLogEntryResponse, PostAuditLogSearchesRequest, UserAppIdSet,
};
use prost::Message as _;

use table::{CREDENTIALS, ROWS, Row};
use world::{Answer, World};

/// Bytes in front of a message of gRPC.
const PREFIX_BYTES: usize = 5;

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let surfaces = docket_surfaces::all().into_iter();
    let routes: Vec<_> = surfaces.flat_map(|surface| (surface.routes)()).collect();
    let routes: BTreeSet<(&str, &str)> = routes
        .iter()
        .map(|route| (route.method().as_str(), route.path()))
        .collect();
    let rows: BTreeSet<(&str, &str)> = ROWS.iter().map(|row| (row.method, row.path)).collect();
    let without_row: Vec<_> = routes.difference(&rows).collect();
    let without_route: Vec<_> = rows.difference(&routes).collect();
    assert!(without_row.is_empty(), "no row: {without_row:?}");
    assert!(without_route.is_empty(), "no route: {without_route:?}");
    assert_eq!(rows.len(), ROWS.len(), "a row stands twice");
}

#[tokio::test]
async fn every_route_answers_every_credential_as_the_table_says() {
    let mut world = World::new();
    let mut wrong = Vec::new();
    for row in ROWS {
        for (credential, expected) in CREDENTIALS.into_iter().zip(row.expected) {
            let answer = world.ask(request(&world, row), credential).await;
            let status = status(row, &answer);
            if status != expected {
                let (method, path) = (row.method, row.path);
                let text = String::from_utf8_lossy(&answer.bytes).into_owned();
                let line = format!("{method} {path} {credential:?}: {status}, not {expected}");
                wrong.push(format!("{line}: {text}"));
            }
            // What was changed must not stand in the way of the next one.
            if row.method != "GET" && (200..300).contains(&answer.status) {
                world = World::new();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn request(world: &World, row: &Row) -> Request<Body> {
    let request = Request::builder()
        .method(row.method)
        .uri(world.filled(row.asked));
    let (media, body) = match is_grpc(row) {
        true => ("application/grpc", Body::from(message())),
        false => ("application/json", Body::from(world.filled(row.body))),
    };
    request.header("content-type", media).body(body).unwrap()
}

/// A search for what the caller did, as gRPC sends it.
fn message() -> Vec<u8> {
    let search = PostAuditLogSearchesRequest {
        user_app_id: Some(UserAppIdSet {
            user_id: "me".to_owned(),
            app_id: String::new(),
        }),
        ..PostAuditLogSearchesRequest::default()
    };
    let message = search.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], &message].concat()
}

fn is_grpc(row: &Row) -> bool {
    row.path.starts_with("/clarifai.api.V2/")
}

/// The status of HTTP, or the one that has the meaning of what rides in a message of gRPC.
fn status(row: &Row, answer: &Answer) -> u16 {
    if !is_grpc(row) {
        return answer.status;
    }
    assert_eq!(answer.status, 200);
    let message = MultiAuditLogEntryResponse::decode(&answer.bytes[PREFIX_BYTES..]).unwrap();
    match message.status.unwrap().code {
        10_000 => 200,
        // No key, and one that does not work.
        11_102 | 11_008 => 401,
        11_007 => 403,
        other => panic!("code {other}"),
    }
}
