//! The store in memory keeps the promises, and breaks down as it is told to.

use std::sync::Arc;

use super::{Memory, Piece, ReadFault, WriteFault};
use crate::store::{Part, Store, StoreError};
use crate::testing::conformance::{Opener, store_conformance};

#[test]
fn keeps_the_promises() {
    for part_bytes in [1, 7, 4_096] {
        store_conformance(&|| -> Opener {
            let memory = Memory::new(part_bytes);
            Box::new(move || {
                memory.revive();
                Arc::new(memory.clone())
            })
        });
    }
}

fn make(memory: &Memory, org: &str) -> Result<(), StoreError> {
    memory.create_log(org, [0; 16]).map(drop)
}

fn orgs(memory: &Memory) -> Vec<String> {
    memory
        .logs()
        .expect("reads")
        .into_iter()
        .map(|log| log.org)
        .collect()
}

#[test]
fn a_write_fails_as_planned() {
    let cases = [
        (WriteFault::Busy, &["a", "c"][..]),
        (WriteFault::Unavailable, &["a"]),
        (WriteFault::Lost, &["a", "b"]),
        (WriteFault::DieBefore, &["a"]),
        (WriteFault::DieAfter, &["a", "b"]),
    ];
    for (fault, left) in cases {
        let memory = Memory::new(8);
        memory.fail_write(1, fault);
        make(&memory, "a").expect("is not the one");
        let failed = make(&memory, "b").expect_err("is the one");
        assert_eq!(
            matches!(failed, StoreError::Busy(_)),
            fault == WriteFault::Busy
        );
        assert_eq!(
            make(&memory, "c").is_ok(),
            fault == WriteFault::Busy,
            "{fault:?}"
        );
        let dies = matches!(fault, WriteFault::DieBefore | WriteFault::DieAfter);
        assert_eq!(
            (memory.is_dead(), memory.logs().is_err()),
            (dies, dies),
            "{fault:?}"
        );
        assert_eq!(memory.reopen().is_err(), dies, "{fault:?}");
        memory.revive();
        assert_eq!(orgs(&memory), left, "{fault:?}");
        make(&memory, "d").expect("is well again");
    }
}

#[test]
fn a_read_fails_as_planned() {
    let memory = Memory::new(8);
    memory.fail_read(0, ReadFault::Corrupt);
    memory.fail_read(1, ReadFault::Unavailable);
    assert!(matches!(memory.logs(), Err(StoreError::Corrupt(_))));
    assert!(matches!(
        memory.begin(&[], &[]).map(drop),
        Err(StoreError::Unavailable(_))
    ));
    assert_eq!(memory.logs(), Ok(Vec::new()));
    assert_eq!((memory.reads(), memory.writes()), (3, 0));
}

#[test]
fn a_bit_is_turned_over() {
    let memory = Memory::new(8);
    let block = memory
        .new_block(crate::store::LogId(1))
        .expect("gives a number");
    memory
        .put_parts(&[Part {
            block,
            part: 0,
            data: b"abc",
        }])
        .expect("puts");
    let piece = Piece::Part { block, part: 0 };
    assert_eq!(memory.pieces(), [(piece.clone(), 3)]);
    assert!(memory.flip(&piece, 1, 0));
    assert!(!memory.flip(&piece, 3, 0));
    assert_eq!(
        memory.shared.state.lock().rows.parts.get(&(block, 0)),
        Some(&b"acc".to_vec())
    );
}
