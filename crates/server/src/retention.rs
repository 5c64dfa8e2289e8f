//! Retention: once in a while, what organizations no longer keep is dropped.

use std::time::Duration;

use docket_access::{Access, AccessError, Caller, RetentionOrder};
use docket_engine::Pruned;
use docket_engine::store::StoreError;

use crate::shutdown::Stopping;

/// Time from the start of the server to the first run.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// Runs now and then until it is time to stop.
pub async fn run(access: Access, every: Duration, stopping: Stopping) {
    let mut stopped = Box::pin(stopping.stopped());
    let mut wait = FIRST_AFTER.min(every);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = every;
        let access = access.clone();
        let run = tokio::task::spawn_blocking(move || everywhere(&access));
        if let Err(error) = run.await {
            tracing::error!(%error, "a run of retention ended badly");
        }
    }
}

/// Has every organization's log drop what it no longer keeps. What fails is tried again at the next run.
fn everywhere(access: &Access) {
    let all = match access.organizations() {
        Ok(all) => all,
        Err(error) => return tracing::warn!(%error, "retention could not list organizations"),
    };
    for organization in all {
        let org = &organization.org;
        match retain(access, org) {
            Ok(Pruned { events: 0, .. }) => {}
            Ok(Pruned { first, events }) => {
                metrics::counter!("docket_events_pruned_total").increment(events);
                tracing::info!(org, first, events, "retention dropped events");
            }
            // Such as when another process is at work on the log.
            Err(AccessError::Busy(reason)) => tracing::debug!(org, reason, "retention waits"),
            Err(error) => tracing::warn!(org, %error, "retention failed"),
        }
    }
}

/// Has one organization's log drop what it no longer keeps. The order, with its event, comes first and is durable; what
/// of an earlier order was left undone is done, too.
///
/// # Errors
/// [`AccessError`]; a part may have been dropped, the oldest events.
pub fn retain(access: &Access, org: &str) -> Result<Pruned, AccessError> {
    let log = access.engine().log(org)?;
    let log = log.ok_or_else(|| AccessError::unknown_organization(org))?;
    let ordered = match access.retention(org)? {
        RetentionOrder::Ordered(ordered) => ordered,
        RetentionOrder::Before {
            recorded_micros,
            ordered,
        } => {
            let end = log.first_recorded_from(recorded_micros)?;
            match end > ordered {
                true => access.order_retention(org, end, &Caller::server())?,
                false => ordered,
            }
        }
    };
    if ordered <= log.first()? {
        return Ok(Pruned::default());
    }
    log.prune(ordered).map_err(|error| match error {
        StoreError::Busy(reason) => AccessError::Busy(reason),
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use docket_access::{NewHold, NewOrganization, SettingsChange};
    use docket_engine::testing::memory::Memory;
    use docket_engine::testing::random::TestClock;
    use docket_engine::{Engine, Environment, Log, Params, Request, SystemRandom};
    use docket_event::{Direction, Event, Query};

    use super::*;

    const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

    struct World {
        access: Access,
        clock: Arc<TestClock>,
        log: Log,
    }

    fn world() -> World {
        let clock = Arc::new(TestClock::at(1_795_132_800_000_000));
        let environment = Environment {
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        };
        let params = Params {
            block_events: 64,
            ..Params::default()
        };
        let engine = Engine::open(Arc::new(Memory::new(4_096)), params, environment).unwrap();
        let access = Access::open(engine.clone());
        let new = NewOrganization::new("acme", "a@b.c");
        access.init(&new, &Caller::command_line(None)).unwrap();
        let log = engine.log("acme").unwrap().unwrap();
        World { access, clock, log }
    }

    impl World {
        fn write(&self, mark: &str, count: usize) {
            for _ in 0..count {
                let event = Event {
                    event_type: format!("test.{mark}"),
                    ..Event::default()
                };
                let request = Request {
                    events: vec![event],
                    ..Request::default()
                };
                self.log.append(request).unwrap().wait().unwrap();
            }
        }

        fn keep(&self, days: u32) {
            let change = SettingsChange {
                retention_days: Some(days),
                ..SettingsChange::default()
            };
            let by = Caller::command_line(None);
            self.access.update_settings("acme", &change, &by).unwrap();
        }

        fn retain(&self) -> Pruned {
            retain(&self.access, "acme").unwrap()
        }

        /// The types that are left, oldest first, each once.
        fn types(&self) -> Vec<String> {
            let page = self.log.query(&Query {
                direction: Direction::Ascending,
                limit: 1_000,
                ..Query::default()
            });
            let all = page.unwrap().events.into_iter();
            let mut all: Vec<String> = all.map(|one| one.event.event_type).collect();
            all.dedup();
            all
        }
    }

    #[test]
    fn what_is_older_goes_and_the_log_says_so() {
        let world = world();
        world.write("old", 100);
        world.clock.move_by(200 * DAY_MICROS);
        world.write("young", 100);
        assert_eq!(world.retain(), Pruned::default(), "kept for ever");
        world.keep(190);
        let pruned = world.retain();
        // 2 events of the organization's beginning, and the old ones.
        assert_eq!((pruned.first, pruned.events), (102, 102));
        let types = [
            "test.young",
            "organization.updated",
            "docket.retention.applied",
        ];
        assert_eq!(world.types(), types);
        let told = world.log.get(world.log.size() - 1).unwrap().unwrap().event;
        let data = told.data.unwrap();
        let range = r#"{"from":0,"to":102,"count":102,"recorded_before":"#;
        assert!(data.text().starts_with(range), "{}", data.text());
        assert!(data.text().ends_with(r#""retention_days":190}"#));
        assert_eq!(told.actor.unwrap().id.unwrap(), "docket-server");
        let size = world.log.size();
        assert_eq!(world.retain(), Pruned::default());
        assert_eq!(
            world.log.size(),
            size,
            "a run without anything to do tells nothing"
        );
    }

    #[test]
    fn a_hold_stops_it_and_its_release_lets_it_go_on() {
        let world = world();
        let by = Caller::command_line(None);
        world.write("old", 10);
        world.clock.move_by(300 * DAY_MICROS);
        world.keep(200);
        let new = NewHold {
            id: Some("case".to_owned()),
            name: "Case".to_owned(),
            reason: "Subpoena".to_owned(),
        };
        world.access.place_hold("acme", &new, &by).unwrap();
        assert_eq!(world.retain(), Pruned::default());
        assert!(world.types().contains(&"test.old".to_owned()));
        // Asked for by hand, too.
        assert_eq!(world.access.order_retention("acme", 5, &by), Ok(0));
        world.access.release_hold("acme", "case", &by).unwrap();
        assert_eq!(world.retain().events, 12);
        assert!(!world.types().contains(&"test.old".to_owned()));
    }

    #[test]
    fn what_was_ordered_and_not_done_is_done_later() {
        let world = world();
        world.write("old", 10);
        world.clock.move_by(300 * DAY_MICROS);
        world.keep(200);
        // The process died behind the order.
        let by = Caller::server();
        assert_eq!(world.access.order_retention("acme", 7, &by), Ok(7));
        world.keep(0);
        assert_eq!(
            world.retain(),
            Pruned {
                first: 7,
                events: 7
            }
        );
    }
}
