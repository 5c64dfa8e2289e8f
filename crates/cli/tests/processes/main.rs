//! Many processes on one PostgreSQL: what one acknowledged, all others read, whoever dies meanwhile.
//!
//! `DOCKET_PROCESSES_EVENTS`, `DOCKET_FAILOVERS` and `DOCKET_SEED` make it longer, or another.

#[cfg(test)]
mod client;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod writer;

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use docket_testkit::postgres::Cluster;

    use crate::dice::Dice;
    use crate::servers::Servers;
    use crate::trial::{PROCESSES, Trial, wish};
    use crate::{reader, trouble, verify, writer};

    /// Events that are written while processes and connections die.
    const EVENTS: u64 = 50_000;
    /// Events that are written while the primary dies.
    const FAILOVER_EVENTS: u64 = 10_000;
    /// How often the primary dies, each time a new one.
    const FAILOVERS: u64 = 1;
    /// Writers of each process.
    const WRITERS: usize = 2;
    /// Longest time from the promotion until every process has acknowledged something.
    const RESUME_MAX: Duration = Duration::from_secs(10);

    /// One at a time: times are measured.
    static TURN: Mutex<()> = Mutex::new(());

    #[test]
    fn what_one_process_acknowledged_all_others_read() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (seed, events) = (
            wish("DOCKET_SEED", 1),
            wish("DOCKET_PROCESSES_EVENTS", EVENTS),
        );
        println!("DOCKET_SEED={seed} DOCKET_PROCESSES_EVENTS={events}");
        let cluster = Cluster::start();
        let database = cluster.create_named();
        let servers = Servers::start(&cluster.url(&database), PROCESSES);
        let trial = Trial::new(seed, events, &servers);
        run(&trial, || {
            trouble::kill_and_cut(&trial, &servers, &cluster, &database)
        });
        verify::all(&trial);
        servers.stop();
        verify::check(&cluster.url(&database));
        println!("{trial}");
        assert!(trial.troubles() > 0, "nothing died");
    }

    #[test]
    fn a_failover_loses_nothing_and_writers_go_on_by_themselves() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let seed = wish("DOCKET_SEED", 1);
        for seed in seed..seed + wish("DOCKET_FAILOVERS", FAILOVERS) {
            println!("DOCKET_SEED={seed}");
            fail_over(seed);
        }
    }

    fn fail_over(seed: u64) {
        let mut primary = Cluster::start();
        let standby = primary.standby();
        let database = primary.create_named();
        let url = primary.url_with(&standby, &database);
        let servers = Servers::start(&url, PROCESSES);
        let trial = Trial::new(seed, FAILOVER_EVENTS, &servers);
        trial.go_on_beyond();
        let pause = Duration::from_millis(Dice::new(seed, "pause").below(1_000));
        run(&trial, || {
            trouble::fail_over(&trial, &mut primary, &standby, pause);
            trial.wait_resumed(RESUME_MAX);
        });
        verify::all(&trial);
        servers.stop();
        verify::check(&url);
        println!("{trial}");
    }

    /// Writers and readers on every process, and the trouble beside them, until everything is written.
    fn run(trial: &Trial, trouble: impl FnOnce() + Send) {
        std::thread::scope(|scope| {
            scope.spawn(|| trial.guarded(trouble));
            for process in 0..PROCESSES {
                scope.spawn(move || trial.guarded(|| reader::read(trial, process)));
            }
            std::thread::scope(|writers| {
                for number in 0..PROCESSES * WRITERS {
                    writers.spawn(move || trial.guarded(|| writer::write(trial, number)));
                }
            });
            trial.end();
        });
    }
}
