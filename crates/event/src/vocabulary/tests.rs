//! Tests of the built-in list against itself.

use std::collections::BTreeSet;

use super::*;

mod answers;
mod vendors;
mod visibility;

fn entry(canonical: &str) -> &'static TypeEntry {
    vocabulary().get(canonical).expect("a listed type")
}

fn owner(surface: Surface, word: &str) -> &'static TypeEntry {
    vocabulary().by_word(surface, word).expect("a listed word")
}

fn types(filter: impl Fn(&TypeEntry) -> bool) -> Vec<&'static str> {
    vocabulary()
        .types()
        .filter(|entry| filter(entry))
        .map(|entry| entry.name.as_str())
        .collect()
}

#[test]
fn the_list_has_its_published_size() {
    assert_eq!(vocabulary().version(), 1);
    assert_eq!(vocabulary().types().count(), 313);
    let names: BTreeSet<_> = types(|_| true).into_iter().collect();
    assert_eq!(names.len(), 313);
    let ours = types(|entry| Surface::ALL.iter().all(|s| entry.own_word(*s).is_none()));
    assert_eq!(ours.len(), 30);
}

#[test]
fn one_way_words_exist_and_belong_to_another_type() {
    let one_way = |entry: &&TypeEntry, surface| {
        entry
            .word(surface)
            .filter(|word| word.via == Via::OneWay)
            .is_some()
    };
    for surface in Surface::ALL {
        for entry in vocabulary().types().filter(|entry| one_way(entry, surface)) {
            let word = entry.word(surface).expect("a one-way word");
            let owner = owner(surface, &word.text);
            assert_ne!(owner.name, entry.name);
            assert_eq!(owner.own_word(surface).and_then(|own| own.code), word.code);
            assert!(word.evidence.is_some() && entry.own_word(surface).is_none());
        }
    }
    let shown_so = types(|entry| Surface::ALL.iter().any(|s| one_way(&entry, *s)));
    assert_eq!(shown_so.len(), 13);
    // Both keys for one surface would be a contradiction that `word` hides.
    let raw: serde_json::Value =
        serde_json::from_str(include_str!("../../data/vocabulary.json")).expect("JSON");
    for entry in raw["types"].as_array().expect("a list") {
        for surface in Surface::ALL.map(Surface::name) {
            let own = entry["vendors"].get(surface);
            assert!(
                own.is_none() || entry["one_way"].get(surface).is_none(),
                "{entry}"
            );
        }
    }
}

#[test]
fn eight_types_show_on_every_surface() {
    let mut everywhere = types(|entry| Surface::ALL.iter().all(|s| entry.word(*s).is_some()));
    everywhere.sort_unstable();
    let expected = [
        "organization.member.updated",
        "project.created",
        "project.deleted",
        "project.member.added",
        "project.member.removed",
        "project.updated",
        "user_account.created",
        "user_account.deleted",
    ];
    assert_eq!(everywhere, expected);
}

#[test]
fn look_alikes_are_separate_types() {
    assert_eq!(vocabulary().kept_apart().len(), 29);
    for kept in vocabulary().kept_apart() {
        let found = kept.types.iter().map(|name| &entry(name).name);
        assert_eq!(found.collect::<BTreeSet<_>>().len(), kept.types.len());
        assert!(kept.types.len() > 1 && !kept.why.is_empty());
    }
}

#[test]
fn merged_types_say_why() {
    for entry in vocabulary().types() {
        let vendors = Surface::ALL
            .iter()
            .filter(|s| entry.own_word(**s).is_some())
            .count();
        assert_eq!(entry.same.is_some(), vendors > 1, "{}", entry.name);
    }
}
