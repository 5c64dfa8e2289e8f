//! Promises to those who read while others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::sample::{acme, append, block, put_body, seal, sealed};
use super::{Opener, Promise};
use crate::store::Seal;

pub(super) const PROMISES: &[Promise] = &[(
    "readers see whole blocks while others write",
    readers_see_whole_blocks,
)];

/// Raises a flag when it is dropped: whoever waits for the flag ends when a test fails, too.
struct Raise<'f>(&'f AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn readers_see_whole_blocks(open: &Opener) {
    const ROUNDS: u64 = 12;
    let store = open();
    let log = acme(&*store);
    // The body says which events it is of, over more than one part.
    let body = |first: u64, count: u64| {
        let line = format!("{first}+{count};").into_bytes();
        line.into_iter()
            .cycle()
            .take(store.part_bytes() + 50)
            .collect::<Vec<u8>>()
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let _raised_at_the_end = Raise(&done);
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    for block in store.blocks(log.id).expect("reads") {
                        let ends = [
                            0..20,
                            store.part_bytes() as u64..store.part_bytes() as u64 + 50,
                        ];
                        let Some(found) = store.read(block.id, &ends).expect("reads") else {
                            continue;
                        };
                        let body = body(block.first, u64::from(block.count));
                        let tail = body.get(store.part_bytes()..);
                        assert_eq!(found.last().map(Vec::as_slice), tail, "{block:?}");
                    }
                }
            });
        }
        for round in 0..ROUNDS {
            append(&*store, log.id, 1).expect("appends");
            seal(&*store, &log, round, 1, &body(round, 1)).expect("seals");
            if round % 4 == 3 {
                let first = round - 3;
                let listed = store.blocks(log.id).expect("reads").into_iter();
                let old: Vec<_> = listed.filter(|b| b.first >= first).map(|b| b.id).collect();
                let new = block(
                    store.new_block(log.id).expect("gives a number"),
                    log.id,
                    first,
                    4,
                );
                put_body(&*store, new.id, &body(first, 4)).expect("puts");
                let now = sealed(&log, round + 1);
                let merge = Seal {
                    blocks: std::slice::from_ref(&new),
                    replaces: &old,
                    log: &now,
                    tiles: &[],
                };
                store
                    .finish_seals(std::slice::from_ref(&merge))
                    .expect("finishes");
                store.reopen().expect("reopens while others read");
            }
        }
    });
    let listed = store.blocks(log.id).expect("reads");
    assert!(
        listed
            .iter()
            .map(|block| (block.first, block.count))
            .eq([(0, 4), (4, 4), (8, 4)])
    );
}
