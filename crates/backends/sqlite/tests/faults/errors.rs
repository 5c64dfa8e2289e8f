//! What callers are told while the disk is full or calls to it fail, and how the store gets going again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use docket_backends_sqlite::Sqlite;
use docket_engine::store::{Store, StoreError};
use docket_engine::{AppendError, Engine, QueryError, check};
use docket_event::{Page, Query};

use crate::shim::{self, rules};
use crate::trace::{Kind, Trace};
use crate::workload::{open_store, params, request};

/// How long the store may take to get going again by itself; it takes milliseconds.
const PATIENCE_STEPS: usize = 2_000;
const STEP: Duration = Duration::from_millis(5);

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;

/// A log under the shim, and what it has acknowledged.
struct Subject {
    open: Option<(Engine, Arc<Sqlite>)>,
    next: u64,
    acked: Vec<(u64, Vec<u64>)>,
}

/// Runs `body` under the shim, in a process of its own, with a store in an empty folder.
fn under_the_shim(test: &str, body: impl FnOnce(&mut Subject, &Path)) {
    let Some(root) = shim::watched() else {
        let folder = tempfile::tempdir().unwrap();
        let (root, trace) = (folder.path().join("root"), folder.path().join("trace"));
        std::fs::create_dir(&root).unwrap();
        shim::run(&format!("errors::{test}"), &root, &trace, &[]);
        let trace = Trace::read(&trace);
        let struck = trace
            .records()
            .iter()
            .any(|record| record.kind == Kind::Fault);
        assert!(struck, "no call failed");
        return;
    };
    let folder = root.join("data");
    let mut subject = Subject {
        open: Some(open_store(&folder).unwrap()),
        next: 1,
        acked: Vec::new(),
    };
    subject.engine().create_log("acme").unwrap();
    for _ in 0..5 {
        subject.append().unwrap();
    }
    body(&mut subject, &folder);
    rules(&[]);
    subject.everything_is_there();
    subject.restart(&folder);
    subject.everything_is_there();
    let store = Sqlite::open_snapshot(&folder).unwrap();
    let report = check(&store, &params(), &mut |_| {}).unwrap();
    assert_eq!(report.problems, []);
}

impl Subject {
    fn engine(&self) -> &Engine {
        &self.open.as_ref().expect("is open").0
    }

    fn store(&self) -> &Sqlite {
        &self.open.as_ref().expect("is open").1
    }

    fn restart(&mut self, folder: &Path) {
        self.try_restart(folder).unwrap();
    }

    fn try_restart(&mut self, folder: &Path) -> Result<(), String> {
        if let Some((engine, _)) = self.open.take() {
            engine.close();
        }
        self.open = Some(open_store(folder)?);
        Ok(())
    }

    fn query(&self) -> Result<Page, QueryError> {
        self.engine()
            .log("acme")
            .unwrap()
            .unwrap()
            .query(&Query::default())
    }

    fn size(&self) -> u64 {
        self.engine().log("acme").unwrap().unwrap().size()
    }

    fn append(&mut self) -> Result<(), AppendError> {
        let number = self.next;
        self.next += 1;
        let log = self.engine().log("acme").unwrap().unwrap();
        let answer = log.append(request("acme", number))?.wait()?;
        self.acked.push((number, answer.positions));
        Ok(())
    }

    /// Appends until that fails.
    fn append_until_refused(&mut self) -> AppendError {
        let refused = (0..2_000).find_map(|_| self.append().err());
        refused.expect("it is refused at last")
    }

    /// Appends until it works again.
    fn append_until_taken(&mut self) {
        for _ in 0..PATIENCE_STEPS {
            match self.append() {
                Ok(()) => return,
                Err(AppendError::Busy(_) | AppendError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
            std::thread::sleep(STEP);
        }
        panic!("it does not get going again");
    }

    /// Every acknowledged event can be read, and nothing that was refused.
    fn everything_is_there(&self) {
        let log = self.engine().log("acme").unwrap().unwrap();
        for (number, positions) in &self.acked {
            let sent = request("acme", *number).events;
            for (event, position) in sent.iter().zip(positions) {
                let found = log
                    .get(*position)
                    .unwrap()
                    .expect("what is acknowledged is there");
                assert_eq!(found.event, *event);
            }
        }
    }

    fn acked_events(&self) -> u64 {
        self.acked
            .iter()
            .map(|(_, positions)| positions.len() as u64)
            .sum()
    }
}

fn is_busy(error: &AppendError) -> bool {
    matches!(error, AppendError::Busy(_))
}

#[test]
fn a_full_disk_is_busy_and_passes() {
    under_the_shim("a_full_disk_is_busy_and_passes", |subject, _| {
        for file in ["-wal", "*"] {
            rules(&[&format!("write {file} {ENOSPC} 3 -1")]);
            for _ in 0..10 {
                let refused = subject.append_until_refused();
                assert!(is_busy(&refused), "{refused}");
                assert!(refused.to_string().contains("full"), "{refused}");
                subject.everything_is_there();
                assert_eq!(subject.size(), subject.acked_events());
            }
            assert_eq!(subject.engine().halted(), None);
            rules(&[]);
            subject.append().expect("goes on at once");
        }
    });
}

#[test]
fn a_used_up_quota_is_busy() {
    under_the_shim("a_used_up_quota_is_busy", |subject, _| {
        rules(&[&format!("write * {EDQUOT} 0 -1")]);
        for _ in 0..5 {
            let refused = subject.append_until_refused();
            assert!(is_busy(&refused), "{refused}");
        }
        subject.everything_is_there();
        rules(&[]);
        subject.append().expect("goes on at once");
    });
}

#[test]
fn when_sealing_is_stuck_callers_hear_busy_until_there_is_room() {
    let test = "when_sealing_is_stuck_callers_hear_busy_until_there_is_room";
    under_the_shim(test, |subject, _| {
        // A limit of pages leaves room for small rows where there are any, as a disk that fills up does.
        subject.store().set_page_limit(120).unwrap();
        let refused = subject.append_until_refused();
        assert!(is_busy(&refused), "{refused}");
        subject.everything_is_there();
        // The shim has its part, too: not even the index of the log can grow.
        rules(&[&format!("write * {ENOSPC} 0 -1")]);
        for _ in 0..20 {
            assert!(is_busy(&subject.append_until_refused()));
        }
        assert!(matches!(
            subject.engine().seal_all(),
            Err(StoreError::Busy(_))
        ));
        subject.everything_is_there();
        rules(&[]);
        subject.store().set_page_limit(u32::MAX >> 1).unwrap();
        subject.append_until_taken();
        for _ in 0..100 {
            subject.append_until_taken();
        }
        subject.engine().seal_all().expect("there is room");
        let log = &subject.store().logs().unwrap()[0];
        assert_eq!(log.sealed, subject.acked_events());
    });
}

#[test]
fn a_checkpoint_without_room_loses_nothing() {
    under_the_shim(
        "a_checkpoint_without_room_loses_nothing",
        |subject, folder| {
            rules(&[&format!("write docket.db {ENOSPC} 2 -1")]);
            for _ in 0..60 {
                subject.append().expect("the write-ahead log has room");
            }
            subject.everything_is_there();
            // Nor does closing lose it.
            subject.restart(folder);
            subject.everything_is_there();
            rules(&[]);
            for _ in 0..60 {
                subject.append().expect("goes on");
            }
        },
    );
}

#[test]
fn an_index_that_cannot_grow_brings_back_nothing_that_was_refused() {
    let test = "an_index_that_cannot_grow_brings_back_nothing_that_was_refused";
    under_the_shim(test, |subject, folder| {
        // A reader keeps the write-ahead log from starting over, so that its index must grow.
        let reader = Sqlite::open_snapshot(folder).unwrap();
        rules(&[&format!("write -shm {ENOSPC} 0 -1")]);
        let refused = subject.append_until_refused();
        drop(reader);
        let before = subject.size();
        rules(&[]);
        subject.append_until_taken();
        let added = subject
            .acked
            .last()
            .map_or(0, |(_, positions)| positions.len() as u64);
        let refused_events = subject.size() - subject.acked_events();
        match refused {
            // It may have been written, and then the next start brings it to light.
            AppendError::Unavailable(_) => assert!(refused_events <= 17),
            error => {
                assert!(is_busy(&error), "{error}");
                assert_eq!(
                    (before + added, refused_events),
                    (subject.size(), 0),
                    "{error}"
                );
            }
        }
    });
}

#[test]
fn a_failed_sync_of_a_commit_has_the_store_reopened() {
    under_the_shim(
        "a_failed_sync_of_a_commit_has_the_store_reopened",
        |subject, _| {
            for pass in [0, 1, 2] {
                rules(&[&format!("sync -wal {EIO} {pass} 1")]);
                let told: Vec<_> = (0..4).map(|_| subject.append()).collect();
                let refused: Vec<_> = told.into_iter().filter_map(Result::err).collect();
                // The sync may have been a checkpoint's.
                assert!(refused.len() <= 1, "{refused:?}");
                for error in refused {
                    assert!(is_busy(&error), "{error}");
                    assert!(error.to_string().contains("in a sync"), "{error}");
                }
                assert_eq!(subject.engine().halted(), None);
                assert_eq!(subject.size(), subject.acked_events());
            }
        },
    );
}

#[test]
fn syncs_that_keep_failing_halt_the_engine_and_reads_go_on() {
    let test = "syncs_that_keep_failing_halt_the_engine_and_reads_go_on";
    under_the_shim(test, |subject, folder| {
        rules(&[&format!("sync * {EIO} 0 -1")]);
        let refused = subject.append_until_refused();
        assert!(matches!(refused, AppendError::Unavailable(_)), "{refused}");
        let halted = subject.engine().halted().expect("halts");
        assert!(
            halted.contains("write-ahead log") && halted.contains("docket.db"),
            "{halted}"
        );
        assert!(matches!(subject.append(), Err(AppendError::Halted(_))));
        let page = subject.query().expect("reads go on");
        assert!(!page.events.is_empty());
        // Its start is the same recovery, and fails for the same reason.
        rules(&[
            &format!("sync docket.db {EIO} 0 -1"),
            &format!("sync -wal {EIO} 0 -1"),
        ]);
        let refused = subject.try_restart(folder).expect_err("does not start");
        assert!(
            refused.contains("write-ahead log") && refused.contains("docket.db"),
            "{refused}"
        );
        rules(&[]);
        subject.try_restart(folder).unwrap();
        // What became of the refused request is known now.
        let more = request("acme", subject.next - 1).events.len() as u64
            + request("acme", subject.next - 2).events.len() as u64;
        let size = subject.size();
        assert!((subject.acked_events()..=subject.acked_events() + more).contains(&size));
        subject.append().expect("goes on");
    });
}

#[test]
fn a_failed_sync_of_a_checkpoint_has_everything_copied_again() {
    let test = "a_failed_sync_of_a_checkpoint_has_everything_copied_again";
    under_the_shim(test, |subject, _| {
        rules(&[&format!("sync docket.db {EIO} 0 1")]);
        let told: Vec<_> = (0..200).map(|_| subject.append()).collect();
        let refused: Vec<_> = told.into_iter().filter_map(Result::err).collect();
        // None, when the sealer is the first to find out.
        assert!(refused.len() <= 1, "{refused:?}");
        for error in refused {
            let text = error.to_string();
            assert!(is_busy(&error), "{text}");
            assert!(
                text.contains("a checkpoint failed") && text.contains("in a sync"),
                "{text}"
            );
        }
        assert_eq!(subject.engine().halted(), None);
    });
}

#[test]
fn failed_writes_are_told_and_pass() {
    under_the_shim("failed_writes_are_told_and_pass", |subject, _| {
        for pass in 0..6 {
            rules(&[&format!("write -wal {EIO} {pass} 1")]);
            let told: Vec<_> = (0..6).map(|_| subject.append()).collect();
            for error in told.into_iter().filter_map(Result::err) {
                assert!(is_busy(&error), "{error}");
                assert!(error.to_string().contains("in a write"), "{error}");
            }
            assert_eq!(subject.engine().halted(), None);
        }
    });
}

#[test]
fn failed_reads_are_told_and_pass() {
    under_the_shim("failed_reads_are_told_and_pass", |subject, folder| {
        for _ in 0..40 {
            subject.append().unwrap();
        }
        subject.engine().seal_all().unwrap();
        // What is in memory already need not be read.
        subject.restart(folder);
        rules(&[&format!("read * {EIO} 0 -1")]);
        let told = subject.query().expect_err("cannot be read");
        assert!(told.to_string().contains("read"), "{told}");
        rules(&[]);
        assert!(subject.query().is_ok());
        rules(&[&format!("read * {EIO} 0 -1")]);
        let refused = subject.try_restart(folder).expect_err("does not start");
        assert!(
            refused.contains("docket.db") && refused.contains("read"),
            "{refused}"
        );
        rules(&[]);
        subject.try_restart(folder).unwrap();
    });
}
