//! One change, written in every dialect that has a word for it and read in every dialect that can name it.

#![cfg(test)]

mod dialect;
mod server;

use docket_event::Value;
use docket_event::vocabulary::{Surface, TypeEntry, vocabulary};

use dialect::{DIALECTS, Dialect, Fact};
use server::Server;

/// The types that CalypsoAI shares with another vendor: both have a word for it, their own or a broader one.
fn shared() -> Vec<&'static TypeEntry> {
    let has = |entry: &TypeEntry, surface| entry.word(surface).is_some();
    let others = [Surface::OpenAi, Surface::Clarifai];
    let types = vocabulary().types();
    types
        .filter(|entry| {
            has(entry, Surface::CalypsoAi) && others.into_iter().any(|other| has(entry, other))
        })
        .collect()
}

#[tokio::test]
async fn what_is_written_in_one_dialect_is_read_in_all_that_can_name_it() {
    let server = Server::new();
    let types = shared();
    assert!(types.len() >= 20, "{}", types.len());
    let (mut written, mut read) = (0, 0);
    for (number, entry) in types.into_iter().enumerate() {
        for (index, writer) in DIALECTS.iter().enumerate() {
            let fact = Fact::new(entry, &format!("{number}-{index}"));
            let Some(text) = (writer.write)(&fact) else {
                continue;
            };
            server.write(writer.format, &text).await;
            written += 1;
            for reader in DIALECTS {
                read += usize::from(check(&server, reader, &fact, &text).await);
            }
        }
    }
    assert!(written >= 50 && read >= 170, "{written} {read}");
}

/// Whether the dialect shows the fact; what it shows names type, actor and target.
async fn check(server: &Server, reader: &Dialect, fact: &Fact, written: &str) -> bool {
    let answer = server.read((reader.ask)(&fact.actor)).await;
    let entries = answer.get(reader.page).and_then(Value::as_array).unwrap();
    let Some(word) = (reader.word)(fact.entry) else {
        assert_eq!(entries.len(), 0, "{}: {written}", reader.format);
        return false;
    };
    let [entry] = entries else {
        panic!("{} has {} entries: {written}", reader.format, entries.len());
    };
    let shown = (reader.read)(entry);
    assert_eq!(shown.word, word, "{}: {written}", reader.format);
    assert_eq!(shown.actor, fact.actor, "{}: {written}", reader.format);
    if let Some(target) = (reader.target)(fact, entry) {
        assert_eq!(target, fact.target, "{}: {written}", entry.to_text());
    }
    true
}
