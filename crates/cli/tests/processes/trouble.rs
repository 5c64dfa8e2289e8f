//! What goes wrong beside writers and readers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use docket_testkit::postgres::Cluster;

use crate::dice::Dice;
use crate::servers::Servers;
use crate::trial::{PROCESSES, Trial, now};

/// Shortest time between two troubles, and how much longer it may be.
const PAUSE_MIN_MS: u64 = 500;
const PAUSE_MORE_MS: u64 = 2_000;
/// How long a killed process may be away.
const AWAY_MAX_MS: u64 = 1_000;
/// How many connections are cut at once.
const CUT_MAX: u64 = 4;
const LOOK: Duration = Duration::from_millis(20);

/// Kills a process or cuts connections to the database every few seconds, until all is written.
pub fn kill_and_cut(trial: &Trial, servers: &Servers, cluster: &Cluster, database: &str) {
    let mut dice = Dice::new(trial.seed, "trouble");
    loop {
        let (pause, since) = (PAUSE_MIN_MS + dice.below(PAUSE_MORE_MS), now());
        while since.elapsed() < Duration::from_millis(pause) {
            if trial.has_ended() {
                return;
            }
            std::thread::sleep(LOOK);
        }
        if dice.below(2) == 0 {
            let pause = Duration::from_millis(dice.below(AWAY_MAX_MS));
            servers.kill(dice.index(PROCESSES), pause);
            trial.counts.kills.fetch_add(1, Ordering::Relaxed);
        } else {
            let cut = cluster.terminate(database, 1 + dice.below(CUT_MAX));
            trial.counts.cuts.fetch_add(cut, Ordering::Relaxed);
        }
    }
}

/// Has the primary die while writers run, and makes the standby the primary after a pause.
pub fn fail_over(trial: &Trial, primary: &mut Cluster, standby: &Cluster, pause: Duration) {
    trial.wait_written(2);
    primary.stop_hard();
    std::thread::sleep(pause);
    trial.promoted();
    standby.promote();
}
