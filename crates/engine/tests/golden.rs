//! A log as every version wrote it opens for ever: block, directory, tiles, batch, frontier, events.
//!
//! `DOCKET_GOLDEN=write cargo test -p docket-engine --test golden` writes the file anew; do that only with a new
//! format version, into a new folder, and keep the old one.

#![expect(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use docket_engine::batch::{self, Batch};
use docket_engine::block::{HashesInput, build_hashes};
use docket_engine::store::{
    BatchRow, BlockId, BlockRow, GroupId, LogId, LogRow, Part, Seal, Store, TileRow,
};
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::{TestClock, TestRandom};
use docket_engine::{Engine, Environment, Params, Request, check};
use docket_event::json::parse;
use docket_event::{
    Direction, Event, Group, Needle, Query, Recorded, Test, Value, read_event, write_recorded,
};

const ORG: &str = "acme";

fn params() -> Params {
    Params {
        block_events: 20,
        frame_events: 4,
        tile_height: 2,
        page_bytes: 64,
        scanned_events: 0,
        ..Params::default()
    }
}

fn environment() -> Environment {
    let clock = Arc::new(TestClock::at(1_795_132_800_123_456));
    Environment {
        clock,
        random: Arc::new(TestRandom::default()),
    }
}

/// The format of blocks that is written today.
const CURRENT: u32 = 2;
/// The format of blocks whose events were pruned.
const HASHES: u32 = 3;
/// When the last of these was recorded.
const RECORDED: i64 = 1_795_132_800_000_000;

fn folder(version: u32) -> PathBuf {
    let testdata = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    testdata.join(format!("v{version}"))
}

/// 26 events: 20 sealed, some of them late, and 6 in a batch.
fn events() -> Vec<Event> {
    let plain = |number: u32| {
        let late = if number % 7 == 3 { 5 } else { 50 };
        let text = format!(
            r#"{{"type":"project.{}","occurred_at":"2026-11-20T00:{late:02}:{:02}Z","actor":{{"id":"u{}","email":"u@example.com"}},"targets":[{{"kind":"project","id":"p{number}","name":"P"}}],"request_id":"r{number}"}}"#,
            if number.is_multiple_of(3) {
                "created"
            } else {
                "deleted"
            },
            number % 60,
            number % 4,
        );
        read_event(&text).unwrap()
    };
    let whole = read_event(include_str!("../testdata/v1/event.json").trim_end()).unwrap();
    (0..25).map(plain).chain([whole]).collect()
}

#[test]
fn version_1_opens() {
    opens(1);
}

/// Blocks have grams of texts.
#[test]
fn version_2_opens() {
    if std::env::var("DOCKET_GOLDEN").is_ok_and(|wish| wish == "write") {
        write_golden();
    }
    opens(CURRENT);
}

/// A block of hashes, all that is left of three events.
#[test]
fn version_3_opens() {
    let place = folder(HASHES).join("hashes.txt");
    if std::env::var("DOCKET_GOLDEN").is_ok_and(|wish| wish == "write") {
        write_hashes(&place);
    }
    let text = std::fs::read_to_string(place).unwrap();
    let [dir, body, frontier, root] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    let store = Arc::new(Memory::new(1_000));
    let made = store.create_log(ORG, [7; 16]).unwrap();
    let block = BlockRow {
        id: store.new_block(made.id).unwrap(),
        log: made.id,
        first: 0,
        count: 3,
        min_micros: RECORDED,
        max_micros: RECORDED,
        format: HASHES,
        fields: 0,
        dir: from_hex(dir),
    };
    let data = from_hex(body);
    let part = Part {
        block: block.id,
        part: 0,
        data: &data,
    };
    store.put_parts(&[part]).unwrap();
    let log = LogRow {
        sealed: 3,
        recorded_micros: RECORDED,
        frontier: from_hex(frontier),
        ..made
    };
    let seal = Seal {
        blocks: std::slice::from_ref(&block),
        replaces: &[],
        log: &log,
        tiles: &[],
    };
    store.finish_seals(std::slice::from_ref(&seal)).unwrap();
    let report = check(&*store, &params(), &mut |_| {}).unwrap();
    assert_eq!(
        (report.events, report.pruned, report.problems),
        (0, 3, vec![])
    );
    let store = store as Arc<dyn Store>;
    let engine = Engine::open(store, params(), environment()).unwrap();
    let log = engine.log(ORG).unwrap().unwrap();
    assert_eq!((log.first(), log.size()), (Ok(3), 3));
    assert_eq!(log.root(3).unwrap().unwrap().to_string(), root);
    assert_eq!(log.head().root.to_string(), root);
}

fn write_hashes(place: &std::path::Path) {
    let mut frontier = docket_merkle::Frontier::new();
    let leaves = [1, 2, 3].map(|byte| docket_merkle::Hash::from([byte; 32]));
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    let built = build_hashes(&HashesInput {
        id: BlockId(1),
        log: LogId(1),
        first: 0,
        leaves: &leaves,
        recorded_micros: RECORDED,
    });
    let text = format!(
        "{}\n{}\n{}\n{}\n",
        hex(&built.row.dir),
        hex(&built.body),
        hex(&frontier.to_bytes()),
        frontier.root()
    );
    std::fs::create_dir_all(folder(HASHES)).unwrap();
    std::fs::write(place, text).unwrap();
}

fn opens(version: u32) {
    let text = std::fs::read_to_string(folder(version).join("log.json")).unwrap();
    let golden = parse(&text).unwrap();
    let store = Arc::new(Memory::new(100));
    load(&*store, &golden, version);
    let engine = Engine::open(
        Arc::clone(&store) as Arc<dyn Store>,
        params(),
        environment(),
    )
    .unwrap();
    let log = engine.log(ORG).unwrap().unwrap();
    let mut query = Query {
        direction: Direction::Ascending,
        limit: 1_000,
        ..Query::default()
    };
    let found = lines(&log.query(&query).unwrap().events);
    let expected = std::fs::read_to_string(folder(version).join("log-events.jsonl")).unwrap();
    assert_eq!(found, expected);
    assert_eq!(log.head().root.to_string(), text_of(&golden, "root"));
    let report = check(&*store, &params(), &mut |_| {}).unwrap();
    assert_eq!((report.events, report.problems), (26, vec![]));
    for (needle, events) in [("R1", 11), ("p7", 1), ("@example.c", 26), ("no such", 0)] {
        let needle = Needle::new(needle).unwrap();
        query.filter.groups = vec![Group::any([Test::Contains(needle.clone())])];
        let found = log.query(&query).unwrap().events;
        assert_eq!(found.len(), events, "{needle:?}");
    }
}

fn load(store: &dyn Store, golden: &Value<'_>, version: u32) {
    let id_key: [u8; 16] = bytes_of(golden, "id_key").try_into().unwrap();
    let made = store.create_log(ORG, id_key).unwrap();
    assert_eq!(
        store.new_block(made.id).unwrap(),
        BlockId(1),
        "the number that the checksums cover"
    );
    for (part, data) in (0..).zip(bytes_of(golden, "body").chunks(store.part_bytes())) {
        store
            .put_parts(&[Part {
                block: BlockId(1),
                part,
                data,
            }])
            .unwrap();
    }
    let number = |name: &str| text_of(golden, name).parse::<i64>().unwrap();
    let block = BlockRow {
        id: BlockId(1),
        log: made.id,
        first: 0,
        count: 20,
        min_micros: number("min_micros"),
        max_micros: number("max_micros"),
        format: version,
        fields: u32::try_from(number("fields")).unwrap(),
        dir: bytes_of(golden, "dir"),
    };
    let tiles = golden
        .get("tiles")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .zip(0..);
    let tiles = tiles.map(|(tile, index)| TileRow {
        log: made.id,
        level: 1,
        index,
        data: from_hex(tile.as_str().unwrap()),
    });
    let tiles: Vec<TileRow> = tiles.collect();
    let batch = BatchRow {
        log: made.id,
        first: 20,
        group: GroupId(u64::from_str_radix(&text_of(golden, "group"), 16).unwrap()),
        data: bytes_of(golden, "batch"),
    };
    let log = LogRow {
        sealed: 20,
        recorded_micros: number("recorded_micros"),
        frontier: bytes_of(golden, "frontier"),
        ..made
    };
    let head = batch::head_after(&batch).unwrap();
    // The rows below 20 are gone since they were sealed: a stand-in moves the head there.
    let standin = Batch {
        recorded_micros: log.recorded_micros,
        times: vec![0; 20].into(),
        salts: vec![[0; 16]; 20].into(),
        frames: Vec::new().into(),
    };
    let standin = standin.encode(log.id, 0, GroupId(0));
    let sealed = batch::head_after(&standin).unwrap();
    store
        .begin(&[log.id], &[])
        .unwrap()
        .commit(&[standin], &[], &[sealed])
        .unwrap();
    store
        .finish_seals(&[Seal {
            blocks: std::slice::from_ref(&block),
            replaces: &[],
            log: &log,
            tiles: &tiles,
        }])
        .unwrap();
    let group = store.begin(&[log.id], &[]).unwrap();
    assert_eq!(group.heads(), [sealed]);
    group.commit(&[batch], &[], &[head]).unwrap();
}

fn write_golden() {
    let store = Arc::new(Memory::new(100));
    let engine = Engine::open(
        Arc::clone(&store) as Arc<dyn Store>,
        params(),
        environment(),
    )
    .unwrap();
    let log = engine.create_log(ORG).unwrap();
    let mut events = events();
    let rest = events.split_off(20);
    for events in [events, rest] {
        log.append(Request {
            events,
            ..Request::default()
        })
        .unwrap()
        .wait()
        .unwrap();
    }
    engine.close();
    let rows = store.logs().unwrap();
    let row = rows.first().unwrap();
    assert_eq!(
        row.sealed, 20,
        "a full tail is sealed before the engine closes"
    );
    let block = store
        .block(store.blocks(row.id).unwrap().first().unwrap().id)
        .unwrap()
        .unwrap();
    let mut length = 0;
    while store
        .read(block.id, std::slice::from_ref(&(0..length + 1)))
        .is_ok()
    {
        length += 1;
    }
    let whole = 0..length;
    let body = store
        .read(block.id, std::slice::from_ref(&whole))
        .unwrap()
        .unwrap()
        .remove(0);
    let batch = store.batches(row.id, 20).unwrap().remove(0);
    let tiles = store.tiles(row.id).unwrap();
    let tiles: Vec<String> = tiles
        .iter()
        .map(|tile| format!("\"{}\"", hex(&tile.data)))
        .collect();
    let text = format!(
        "{{\n\"id_key\":\"{}\",\n\"min_micros\":\"{}\",\n\"max_micros\":\"{}\",\n\"fields\":\"{}\",\n\"recorded_micros\":\"{}\",\n\
         \"frontier\":\"{}\",\n\"dir\":\"{}\",\n\"body\":\"{}\",\n\"tiles\":[{}],\n\"group\":\"{:016x}\",\n\"batch\":\"{}\",\n\"root\":\"{}\"\n}}\n",
        hex(&row.id_key),
        block.min_micros,
        block.max_micros,
        block.fields,
        row.recorded_micros,
        hex(&row.frontier),
        hex(&block.dir),
        hex(&body),
        tiles.join(","),
        batch.group.0,
        hex(&batch.data),
        log.head().root,
    );
    std::fs::create_dir_all(folder(CURRENT)).unwrap();
    std::fs::write(folder(CURRENT).join("log.json"), text).unwrap();
    let query = Query {
        direction: Direction::Ascending,
        limit: 1_000,
        ..Query::default()
    };
    let lines = lines(&log.query(&query).unwrap().events);
    std::fs::write(folder(CURRENT).join("log-events.jsonl"), lines).unwrap();
}

fn lines(events: &[Recorded]) -> String {
    let mut lines = String::new();
    for event in events {
        write_recorded(&mut lines, event);
        lines.push('\n');
    }
    lines
}

fn text_of(golden: &Value<'_>, name: &str) -> String {
    golden.get(name).unwrap().as_str().unwrap().to_owned()
}

fn bytes_of(golden: &Value<'_>, name: &str) -> Vec<u8> {
    from_hex(&text_of(golden, name))
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
