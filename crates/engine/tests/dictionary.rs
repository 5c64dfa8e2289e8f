//! Trains the built-in dictionary, and tells what it saves.

#![expect(clippy::panic, reason = "a test that fails panics")]

use docket_engine::encode::{Parts, split};
use docket_engine::frame::{FrameEncoder, decode, payload};
use docket_engine::testing::corpus::Corpus;
use docket_event::read_event;

/// Frames that the dictionary is trained on.
const FRAMES: usize = 3_000;
const FRAME_EVENTS: usize = 4;

fn frames(seed: u64, count: usize, events: usize) -> Vec<Vec<Parts>> {
    let mut corpus = Corpus::new(seed);
    let mut part = || {
        let text = corpus.event();
        split(read_event(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}")))
    };
    (0..count)
        .map(|_| (0..events).map(|_| part()).collect())
        .collect()
}

/// With `DOCKET_WRITE_DICTIONARY` set, trains a dictionary and writes it. One that was released never changes: a better
/// one gets the next number.
#[test]
fn the_dictionary_saves_space() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/dictionary-1.zdict");
    if std::env::var_os("DOCKET_WRITE_DICTIONARY").is_some() {
        let samples: Vec<Vec<u8>> = frames(1, FRAMES, FRAME_EVENTS)
            .iter()
            .map(|parts| payload(parts))
            .collect();
        let trained = zstd::dict::from_samples(&samples, 64 << 10).expect("zstd trains");
        std::fs::write(&path, trained).expect("the dictionary is written");
        return;
    }
    for (events, least) in [(1, 45), (16, 15)] {
        let (mut plain, mut with) = (FrameEncoder::without_dictionary(1), FrameEncoder::new(1));
        let (mut plain_bytes, mut with_bytes) = (0, 0);
        for parts in frames(2, 200, events) {
            let frame = with.encode(&parts);
            assert_eq!(decode(&frame.bytes).as_ref(), Ok(&parts));
            with_bytes += frame.bytes.len();
            plain_bytes += plain.encode(&parts).bytes.len();
        }
        let saved = 100 - with_bytes * 100 / plain_bytes;
        println!(
            "{events} events in a frame: {plain_bytes} B plain, {with_bytes} B with it, {saved} % saved"
        );
        assert!(saved >= least, "{saved} % saved, not {least} %");
    }
}
