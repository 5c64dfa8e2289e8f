//! A server without sockets, with one thing of each kind and a credential of each kind.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use docket_access::{
    Access, Caller, NewAssignment, NewGroup, NewHold, NewInstanceToken, NewInvite, NewMember,
    NewOrganization, NewProject, NewRole, NewServiceAccount, NewToken, Role,
};
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::TestClock;
use docket_engine::{Engine, Environment, Params, SystemRandom};
use docket_surfaces_kit::{App, Limits, Setup, edge};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::table::{Credential, MEMBER, OTHER, OTHER_MEMBER};

/// When the tokens are made.
const START_MICROS: i64 = 1_795_132_800_000_000;
const SECOND_MICROS: i64 = 1_000_000;

pub struct World {
    router: Router,
    secrets: HashMap<Credential, String>,
    ids: HashMap<&'static str, String>,
}

/// What an answer is compared by.
pub struct Answer {
    pub status: u16,
    pub bytes: Bytes,
}

impl World {
    pub fn new() -> Self {
        let made = std::thread::spawn(World::made);
        made.join()
            .expect("the organization is made on a thread that may block")
    }

    fn made() -> Self {
        let clock = Arc::new(TestClock::at(START_MICROS));
        let environment = Environment {
            clock: Arc::clone(&clock) as Arc<_>,
            random: Arc::new(SystemRandom),
        };
        let store = Arc::new(Memory::new(4_096));
        let engine = Engine::open(store, Params::default(), environment.clone()).unwrap();
        let access = Access::open(engine.clone());
        let mut world = World {
            router: Router::new(),
            secrets: HashMap::new(),
            ids: HashMap::new(),
        };
        world.add_organizations(&access);
        world.add_holders(&access);
        world.add_things(&access);
        clock.move_by(2 * SECOND_MICROS);
        let app = App::new(Setup {
            surfaces: docket_surfaces::all(),
            limits: Limits::default(),
            environment,
            metrics: Some(Arc::new(String::new)),
        });
        app.open(engine, access);
        world.router = edge::router(app);
        world
    }

    fn add_organizations(&mut self, access: &Access) {
        let by = Caller::command_line(None);
        for (org, credential) in [
            ("acme", Credential::Owner),
            (OTHER, Credential::OtherOrganization),
        ] {
            let new = NewOrganization::new(org, &format!("owner@{org}.example"));
            let made = access.init(&new, &by).unwrap();
            self.secrets
                .insert(credential, made.secret.reveal().to_owned());
        }
        for (credential, write) in [
            (Credential::InstanceAdmin, false),
            (Credential::InstanceAdminNaming, false),
            (Credential::InstanceWrite, true),
        ] {
            let new = NewInstanceToken {
                write,
                ..NewInstanceToken::default()
            };
            let made = access.create_instance_token(&new, &by).unwrap();
            self.secrets
                .insert(credential, made.secret.reveal().to_owned());
            self.ids.insert("instance", made.id);
        }
        // One that nobody here uses.
        let spare = access.create_instance_token(&NewInstanceToken::default(), &by);
        self.ids.insert("instance", spare.unwrap().id);
    }

    fn add_holders(&mut self, access: &Access) {
        let by = Caller::command_line(None);
        for (credential, role) in [
            (Credential::Admin, Role::Admin),
            (Credential::Auditor, Role::Auditor),
            (Credential::Writer, Role::Writer),
            (Credential::Member, Role::Member),
            (Credential::Expired, Role::Owner),
            (Credential::Revoked, Role::Owner),
            (Credential::Blocked, Role::Owner),
        ] {
            let id = format!("u-{credential:?}").to_ascii_lowercase();
            let new = NewMember {
                email: format!("{id}@acme.example"),
                id: Some(id.clone()),
                name: None,
                role,
            };
            access.add_member("acme", &new, &by).unwrap();
            let expires = credential == Credential::Expired;
            let wanted = NewToken {
                expires_micros: expires.then_some(START_MICROS + SECOND_MICROS),
                ..NewToken::of_owner(&id)
            };
            let made = access.create_token("acme", &wanted, &by).unwrap();
            self.secrets
                .insert(credential, made.secret.reveal().to_owned());
            if credential == Credential::Revoked {
                access.revoke_token("acme", &made.id, &by).unwrap();
            }
            if credential == Credential::Blocked {
                access.block_member("acme", &id, &by).unwrap();
            }
        }
    }

    fn add_things(&mut self, access: &Access) {
        let by = Caller::command_line(None);
        for id in [MEMBER, OTHER_MEMBER] {
            let new = NewMember {
                email: format!("{id}@acme.example"),
                id: Some(id.to_owned()),
                name: None,
                role: Role::Member,
            };
            access.add_member("acme", &new, &by).unwrap();
        }
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let new: NewGroup = serde_json::from_value(read(r#"{"id":"g","name":"Crew"}"#)).unwrap();
        access.create_group("acme", &new, &by).unwrap();
        access
            .set_group_member("acme", "g", MEMBER, true, &by)
            .unwrap();
        let new = r#"{"id":"r","name":"Reader","permissions":["audit:read"]}"#;
        let new: NewRole = serde_json::from_value(read(new)).unwrap();
        access.create_role("acme", &new, &by).unwrap();
        let new: NewProject = serde_json::from_value(read(r#"{"id":"p","name":"P"}"#)).unwrap();
        access.create_project("acme", &new, &by).unwrap();
        let new = read(r#"{"id":"s","name":"Robot","role":"writer"}"#);
        let new: NewServiceAccount = serde_json::from_value(new).unwrap();
        access.create_service_account("acme", &new, &by).unwrap();
        let new = read(r#"{"id":"h","name":"Matter","reason":"A court asks."}"#);
        let new: NewHold = serde_json::from_value(new).unwrap();
        access.place_hold("acme", &new, &by).unwrap();
        let new = read(r#"{"role":"writer","principal":{"kind":"user","id":"u-thing"}}"#);
        let new: NewAssignment = serde_json::from_value(new).unwrap();
        let assignment = access.assign("acme", &new, &by).unwrap();
        self.ids.insert("assignments", assignment.id);
        let token = access.create_token("acme", &NewToken::of_owner(MEMBER), &by);
        self.ids.insert("tokens", token.unwrap().id);
        let new = read(r#"{"email":"b@acme.example","role":"member"}"#);
        let new: NewInvite = serde_json::from_value(new).unwrap();
        let sent = access.send_invite("acme", &new, &by).unwrap();
        self.ids.insert("code", sent.code.reveal().to_owned());
        self.ids.insert("invites", sent.invite.id);
        let log = access.engine().log("acme").unwrap().unwrap();
        let event = log.query(&docket_event::Query::default()).unwrap().events;
        self.ids.insert("events", event[0].id.to_string());
        for (kind, id) in [
            ("members", MEMBER),
            ("groups", "g"),
            ("roles", "r"),
            ("projects", "p"),
            ("service-accounts", "s"),
            ("holds", "h"),
        ] {
            self.ids.insert(kind, id.to_owned());
        }
    }

    /// Puts ids in the place of what varies: `{tokens}` is a token's.
    pub fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (kind, id)| {
            text.replace(&format!("{{{kind}}}"), id)
        })
    }

    pub async fn ask(&self, request: Request<Body>, credential: Credential) -> Answer {
        let (mut parts, body) = request.into_parts();
        // One of the dialects has a scheme of its own.
        let path = parts.uri.path();
        let is_key = path.starts_with("/v2/") || path.starts_with("/clarifai");
        let scheme = if is_key { "Key" } else { "Bearer" };
        let secret = match credential {
            Credential::Nobody => None,
            Credential::Garbage => Some("garbage"),
            known => self.secrets.get(&known).map(String::as_str),
        };
        if let Some(secret) = secret {
            let value = format!("{scheme} {secret}").parse().unwrap();
            parts.headers.insert("authorization", value);
        }
        if credential == Credential::InstanceAdminNaming {
            let value = "acme".parse().unwrap();
            parts.headers.insert("docket-organization", value);
        }
        let request = Request::from_parts(parts, body);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, bytes }
    }
}
