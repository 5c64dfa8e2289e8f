//! What must hold when all is written: every process tells the same, and it is what was acknowledged.

use crate::client::Client;
use crate::dice::Dice;
use crate::reader::{Direction, Order, Walk, check_ascending, check_positions, walk};
use crate::servers::docket;
use crate::trial::{Org, PROCESSES, Trial};

/// Events of a page.
const PAGE: u64 = 1_000;
/// Events that making an organization writes.
const INIT_EVENTS: u64 = 2;

/// Every organization, at every process, in both orders and directions.
pub fn all(trial: &Trial) {
    let lines: Vec<Vec<&Org>> = (0..PROCESSES)
        .map(|line| trial.orgs.iter().skip(line).step_by(PROCESSES).collect())
        .collect();
    std::thread::scope(|scope| {
        for (line, orgs) in lines.iter().enumerate() {
            let name = format!("verifier {line}");
            scope.spawn(move || {
                let (mut client, mut dice) =
                    (Client::new(trial, &name), Dice::new(trial.seed, &name));
                for org in orgs {
                    one(trial, &mut client, &mut dice, org);
                }
            });
        }
    });
}

/// `docket check` finds nothing wrong.
pub fn check(url: &str) {
    let check = docket(url).arg("check").output().unwrap();
    let printed = String::from_utf8_lossy(&check.stdout);
    let errors = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success(), "{printed}\n{errors}");
}

fn one(trial: &Trial, client: &mut Client<'_>, dice: &mut Dice, org: &Org) {
    let mut at = |process: usize, order, direction| -> Walk {
        walk(trial, client, org, (order, direction), PAGE, || process).unwrap()
    };
    let recorded = at(0, Order::Recorded, Direction::Up);
    check_positions(org, &recorded);
    let ledger = org.ledger();
    let (acked, size) = (ledger.count(), ledger.size());
    drop(ledger);
    assert_eq!(
        recorded.len() as u64,
        acked + INIT_EVENTS,
        "every event is there, and once"
    );
    assert_eq!(
        recorded.len(),
        size.max(INIT_EVENTS as usize),
        "positions are dense"
    );
    let mut occurred = recorded.clone();
    occurred.sort_unstable();
    check_ascending(&occurred);
    for process in 0..PROCESSES {
        let up = at(process, Order::Recorded, Direction::Up);
        assert!(up == recorded, "process {process} has another log");
        let up = at(process, Order::Occurred, Direction::Up);
        assert!(
            up == occurred,
            "process {process} has another order of occurrence"
        );
    }
    let process = dice.index(PROCESSES);
    for (order, up) in [(Order::Recorded, recorded), (Order::Occurred, occurred)] {
        let mut down = at(process, order, Direction::Down);
        down.reverse();
        assert!(
            down == up,
            "process {process} has another way down in {order:?} order"
        );
    }
}
