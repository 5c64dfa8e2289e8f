//! Copies of a store that is written to, and folders that take one.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use docket_backends_sqlite::{
    BackupError, OpenError, Options, RestoreError, Sqlite, Vacant, backup,
};
use docket_engine::store::Store;
use docket_engine::testing::conformance::sample;

fn open(folder: &Path) -> Sqlite {
    Sqlite::open(folder, &Options::default()).expect("opens")
}

#[test]
fn a_copy_is_of_the_moment_at_which_it_began() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (data, into) = (folder.path().join("data"), folder.path().join("into"));
    fs::create_dir(&into).expect("makes it");
    let store = open(&data);
    sample::acme(&store);
    let mut seen = Vec::new();
    let copied = backup(&data, &into, &mut |progress| {
        if seen.is_empty() {
            store
                .create_log("later", [2; 16])
                .expect("is not kept waiting");
        }
        seen.push(progress);
        ControlFlow::Continue(())
    });
    let copied = copied.expect("copies");
    assert_eq!((&copied.identity, copied.format), (store.identity(), 1));
    assert_eq!(copied.files, ["docket.db"]);
    let last = seen.last().expect("is told");
    assert_eq!(last.done, last.all);
    let copy = Sqlite::open_snapshot(&into).expect("opens");
    assert_eq!(copy.logs().expect("reads").len(), 1);
    copy.examine(&mut |problem| panic!("{problem}"))
        .expect("looks");
    assert_eq!(store.logs().expect("reads").len(), 2);
}

#[test]
fn a_copy_is_not_made_over_a_store_or_of_nothing_and_can_be_stopped() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let (data, into) = (folder.path().join("data"), folder.path().join("into"));
    fs::create_dir(&into).expect("makes it");
    let mut stop = |_| ControlFlow::Break(());
    let error = backup(&data, &into, &mut stop).expect_err("there is none");
    assert!(matches!(
        error,
        BackupError::Open(OpenError::Missing { .. })
    ));
    drop(open(&data));
    let error = backup(&data, &into, &mut stop).expect_err("is stopped");
    assert!(matches!(error, BackupError::Stopped));
    let error = backup(&data, &folder.path().join("no"), &mut stop).expect_err("is nowhere");
    assert!(matches!(error, BackupError::Io { .. }), "{error}");
}

#[test]
fn what_is_staged_becomes_a_store_at_once_or_is_gone() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let target = folder.path().join("target");
    let vacant = Vacant::claim(&target).expect("takes it");
    let error = Vacant::claim(&target).expect_err("is taken");
    assert!(matches!(
        error,
        RestoreError::Open(OpenError::Locked { .. })
    ));
    let error = Sqlite::open(&target, &Options::default()).expect_err("is taken");
    assert!(matches!(error, OpenError::Locked { .. }));
    drop(vacant);
    assert!(!target.exists());

    let vacant = Vacant::claim(&target).expect("takes it");
    let staged = open(vacant.stage());
    sample::acme(&staged);
    drop(staged);
    fs::write(vacant.stage().join("docket.toml"), "").expect("writes");
    assert!(matches!(
        Sqlite::open_snapshot(&target),
        Err(OpenError::Missing { .. })
    ));
    vacant.settle().expect("moves");
    assert_eq!(open(&target).logs().expect("reads").len(), 1);
    assert!(target.join("docket.toml").exists() && !target.join("restore.part").exists());
    let error = Vacant::claim(&target).expect_err("is not empty");
    assert!(matches!(error, RestoreError::Occupied { .. }), "{error}");
}

#[test]
fn what_a_killed_restore_left_is_no_obstacle() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let target = folder.path().join("target");
    fs::create_dir_all(target.join("restore.part")).expect("makes it");
    fs::write(target.join("restore.part/docket.db"), "half").expect("writes");
    fs::write(target.join("lock"), "").expect("writes");
    let vacant = Vacant::claim(&target).expect("takes it");
    let left = fs::read_dir(vacant.stage()).expect("reads").count();
    assert_eq!(left, 0);
    drop(vacant);
    // It was there before, and stays.
    assert!(target.exists() && !target.join("restore.part").exists());
}

#[test]
fn an_open_store_is_not_put_in_place() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let vacant = Vacant::claim(&folder.path().join("target")).expect("takes it");
    let staged = open(vacant.stage());
    sample::acme(&staged);
    let error = vacant.settle().expect_err("has a write-ahead log");
    assert!(matches!(error, RestoreError::Unfinished { .. }));
    let empty = Vacant::claim(&folder.path().join("other")).expect("takes it");
    assert!(matches!(
        empty.settle(),
        Err(RestoreError::Unfinished { .. })
    ));
}
