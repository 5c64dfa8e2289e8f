//! A block with as many events as ids can name.

use std::sync::Arc;

use docket_engine::store::Store;
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params, Request, check};
use docket_event::{Direction, Event, Field, Filter, Order, Query};

#[test]
fn a_block_takes_65_536_events() {
    let store = Arc::new(Memory::new(1 << 20));
    let params = Params::default();
    let engine = Engine::open(
        Arc::clone(&store) as Arc<dyn Store>,
        params,
        Environment::system(),
    );
    let engine = engine.expect("an empty store opens");
    let log = engine.create_log("acme").expect("a log is made");
    let event = |number: usize| Event {
        event_type: format!("shop.t{}", number % 3),
        request_id: Some(format!("r{number}")),
        ..Event::default()
    };
    for first in (0..70_000).step_by(10_000) {
        let events = (first..first + 10_000).map(event).collect();
        let ticket = log.append(Request {
            events,
            ..Request::default()
        });
        ticket
            .and_then(docket_engine::Ticket::wait)
            .expect("it is written");
    }
    engine.close();
    let rows = store.logs().expect("the store reads");
    assert_eq!(
        rows.iter().map(|row| row.sealed).collect::<Vec<_>>(),
        [65_536]
    );
    let engine = Engine::open(
        Arc::clone(&store) as Arc<dyn Store>,
        params,
        Environment::system(),
    );
    let log = engine
        .expect("the store opens again")
        .log("acme")
        .expect("the store reads")
        .expect("the log is there");
    for (order, direction) in [
        (Order::Occurred, Direction::Descending),
        (Order::Recorded, Direction::Ascending),
    ] {
        let filter = Filter::default().with(Field::RequestId, ["r0", "r65535", "r65536"]);
        let query = Query {
            filter,
            order,
            direction,
            limit: 9,
            ..Query::default()
        };
        let found = log.query(&query).expect("the store reads").events;
        let mut positions: Vec<u64> = found.iter().map(|event| event.position).collect();
        positions.sort_unstable();
        assert_eq!(positions, [0, 65_535, 65_536]);
    }
    let report = check(&*store, &params, &mut |_| {}).expect("the store reads");
    assert_eq!((report.events, report.problems), (70_000, vec![]));
}
