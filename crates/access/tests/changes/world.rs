//! An engine in memory, with a clock that tests set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use docket_access::{Access, AccessError, Caller, Initialised, NewMember, NewOrganization, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::{Clock, Engine, Environment, Params, SystemRandom};
use docket_event::{Direction, Query, Recorded};

pub const START_MICROS: i64 = 1_795_132_800_000_000;
pub const HOUR_MICROS: i64 = 3_600_000_000;

#[derive(Debug)]
pub struct Hands(pub AtomicI64);

impl Clock for Hands {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct World {
    pub access: Access,
    pub clock: Arc<Hands>,
    pub by: Caller,
}

pub fn world() -> World {
    world_over(Memory::new(4_096))
}

pub fn world_over(store: Memory) -> World {
    let clock = Arc::new(Hands(AtomicI64::new(START_MICROS)));
    let environment = Environment {
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
    };
    let engine = Engine::open(Arc::new(store), Params::default(), environment).unwrap();
    World {
        access: Access::open(engine),
        clock,
        by: Caller::command_line(Some("ada")),
    }
}

impl World {
    pub fn init(&self, org: &str) -> Initialised {
        self.access
            .init(&NewOrganization::new(org, "Ada@Example.com"), &self.by)
            .unwrap()
    }

    pub fn add(&self, org: &str, email: &str, role: Role) -> Result<String, AccessError> {
        let new = NewMember {
            email: email.to_owned(),
            id: None,
            name: None,
            role,
        };
        self.access.add_member(org, &new, &self.by)
    }

    pub fn events(&self, org: &str) -> Vec<Recorded> {
        let log = self.access.engine().log(org).unwrap().unwrap();
        let direction = Direction::Ascending;
        log.query(&Query {
            direction,
            limit: 1_000,
            ..Query::default()
        })
        .unwrap()
        .events
    }

    pub fn types(&self, org: &str) -> Vec<String> {
        self.events(org)
            .into_iter()
            .map(|recorded| recorded.event.event_type)
            .collect()
    }

    pub fn lets_in(&self, secret: &str) -> bool {
        self.access.admits(secret, None).unwrap().is_some()
    }
}
