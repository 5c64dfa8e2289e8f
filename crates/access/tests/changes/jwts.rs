//! JWTs: which of them let in, and whom.

mod settings;
mod signatures;
mod whom;

use std::collections::BTreeMap;

use docket_access::{
    Access, Admission, Issuer, NewMember, Principal, Refused, RefusedBecause, Role, RoleClaim,
    RoleName,
};
use serde_json::{Value, json};

use crate::issuer::{AUDIENCE, ISSUER, Keys, issuers, path, rules};
use crate::world::{START_MICROS, World, world};

const NOW_S: i64 = START_MICROS / 1_000_000;

/// A world with an organization `acme`, a member `ada` who is an auditor, and an issuer.
struct Scene {
    world: World,
    keys: Keys,
    access: Access,
}

impl Scene {
    fn new() -> Self {
        Scene::with(rules("acme"))
    }

    fn with(issuer: Issuer) -> Self {
        let (world, keys) = (world(), Keys::draw());
        world.init("acme");
        world.join("ada", "a@acme.example", Role::Auditor);
        let access = world.access.clone();
        let access = access.with_issuers(issuers(issuer, keys.set()));
        Scene {
            world,
            keys,
            access,
        }
    }

    fn show(&self, jwt: &str) -> Admission {
        self.access.authenticate(jwt, None).unwrap()
    }

    fn lets_in(&self, claims: &Value) -> Principal {
        match self.show(&self.keys.jwt(claims)) {
            Admission::Admitted(principal) => principal,
            Admission::Refused(refused) => panic!("{refused:?}: {claims}"),
        }
    }

    fn refuses(&self, jwt: &str) -> Refused {
        match self.show(jwt) {
            Admission::Refused(refused) => refused,
            Admission::Admitted(principal) => panic!("{principal:?}"),
        }
    }

    fn because(&self, claims: &Value) -> RefusedBecause {
        self.refuses(&self.keys.jwt(claims)).because
    }
}

impl World {
    fn join(&self, id: &str, email: &str, role: Role) {
        let new = NewMember {
            email: email.to_owned(),
            id: Some(id.to_owned()),
            name: None,
            role,
        };
        self.access.add_member("acme", &new, &self.by).unwrap();
    }
}

/// The claims of `ada`, changed; `null` removes one.
fn claims(change: &Value) -> Value {
    let mut all =
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW_S, "exp": NOW_S + 600});
    let members = all.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    all
}

fn role_claim(claim: &str, roles: &[(&str, &str)]) -> Option<RoleClaim> {
    let role = |(value, role): &(&str, &str)| ((*value).to_owned(), RoleName::new(*role));
    Some(RoleClaim {
        path: path(claim),
        roles: roles.iter().map(role).collect::<BTreeMap<_, _>>(),
    })
}
