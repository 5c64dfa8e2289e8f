//! Under steady appending and sealing the tables of batches stay small, and nothing is lost.

use docket_backends_postgres::{Options, Postgres};
use docket_engine::batch::Batch;
use docket_engine::frame::Frame;
use docket_engine::store::{BatchRow, GroupId, Head, LogId, Store};
use docket_engine::testing::conformance::sample::{pattern, seal};
use docket_testkit::postgres::Cluster;

/// Bytes of the tables that all batches together may take: four tables that are left behind when they have 32 MiB, give
/// or take what is written until somebody looks.
const TABLES_BYTES_MAX: u64 = (4 * (32 + 32)) << 20;
/// Bytes that are written in all.
const WRITTEN_BYTES: u64 = 640 << 20;
const BATCH_BYTES: usize = 1 << 20;
/// Batches between two seals.
const BETWEEN: u64 = 8;

#[test]
fn the_tables_of_batches_stay_small() {
    let cluster = Cluster::shared();
    let database = cluster.create_named();
    let store = Postgres::open(&cluster.url(&database), &Options::default()).expect("opens");
    let log = store.create_log("acme", [1; 16]).expect("makes a log");
    let frames: &[Frame] = &[Frame {
        events: 1,
        bytes: pattern(BATCH_BYTES).into(),
    }];
    let sizes = "SELECT sum(pg_total_relation_size(c)) FROM unnest(ARRAY['batch_0', 'batch_1', \
                 'batch_2', 'batch_3']::regclass[]) AS c";
    let (mut sealed, mut largest) = (0, 0);
    for size in 0..WRITTEN_BYTES / BATCH_BYTES as u64 {
        add(&store, log.id, size, frames);
        if (size + 1) % BETWEEN == 0 {
            // One event stays that is not sealed.
            let count = u32::try_from(size - sealed).expect("small");
            seal(&store, &log, sealed, count, b"body").expect("seals");
            sealed = size;
            assert_eq!(store.batches(log.id, 0).expect("reads").len(), 1);
            let bytes = cluster.psql(&database, sizes).parse().expect("a number");
            largest = largest.max(bytes);
        }
    }
    println!("{} MiB at most", largest >> 20);
    assert!(largest <= TABLES_BYTES_MAX, "{largest}");
    store
        .examine(&mut |problem| assert_eq!(problem.to_string(), ""))
        .expect("looks");
}

fn add(store: &Postgres, log: LogId, first: u64, frames: &[Frame]) {
    let recorded_micros = first.cast_signed();
    let batch: BatchRow = Batch {
        recorded_micros,
        times: vec![recorded_micros].into(),
        salts: vec![[7; 16]].into(),
        frames: frames.to_vec().into(),
    }
    .encode(log, first, GroupId(first));
    let group = store.begin(&[log], &[]).expect("begins");
    let head = Head {
        size: first + 1,
        recorded_micros,
    };
    group.commit(&[batch], &[], &[head]).expect("commits");
}
