//! Tests of the list against the words, payloads, kinds and fields that vendors publish.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::*;
use super::{entry, owner, types};

#[derive(Deserialize)]
struct OpenAiWord {
    r#type: String,
    aliases: Vec<String>,
    tenant_scoped: bool,
    payload_documented: bool,
    payload: Vec<String>,
}

#[derive(Deserialize)]
struct ClarifaiWord {
    code: u32,
    name: String,
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct CalypsoAiWord {
    r#type: String,
    required: Vec<String>,
    optional: Vec<String>,
    ocsf: Ocsf,
}

fn openai() -> Vec<OpenAiWord> {
    facts(include_str!("../../../testdata/vocabulary/openai.json"))
}

/// Without the wildcard, which is no word.
fn clarifai() -> Vec<ClarifaiWord> {
    let text = include_str!("../../../testdata/vocabulary/clarifai.json");
    let mut words: Vec<ClarifaiWord> = facts(text);
    words.retain(|word| word.code != 0);
    words
}

fn clarifai_targets() -> BTreeSet<String> {
    facts(include_str!(
        "../../../testdata/vocabulary/clarifai-targets.json"
    ))
}

fn calypsoai() -> Vec<CalypsoAiWord> {
    facts(include_str!("../../../testdata/vocabulary/calypsoai.json"))
}

fn facts<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("vendor facts of the expected shape")
}

#[test]
fn every_vendor_word_has_exactly_one_type() {
    let published = |surface| -> Vec<String> {
        match surface {
            Surface::OpenAi => openai().into_iter().map(|word| word.r#type).collect(),
            Surface::Clarifai => clarifai().into_iter().map(|word| word.name).collect(),
            Surface::CalypsoAi => calypsoai().into_iter().map(|word| word.r#type).collect(),
        }
    };
    for (surface, total) in Surface::ALL.into_iter().zip([149, 48, 107]) {
        let mut words = published(surface);
        let mut listed: Vec<String> = vocabulary()
            .types()
            .filter_map(|entry| Some(entry.own_word(surface)?.text.clone()))
            .collect();
        words.sort();
        listed.sort();
        assert_eq!(listed, words, "{surface:?}");
        words.dedup();
        assert_eq!(words.len(), total, "{surface:?}");
        assert_eq!(vocabulary().surface(surface).words, total);
        for entry in vocabulary().types() {
            if let Some(word) = entry.own_word(surface) {
                assert_eq!(owner(surface, &word.text).name, entry.name);
            }
        }
    }
}

#[test]
fn clarifai_words_are_found_by_code_and_by_name() {
    for word in clarifai() {
        let entry = owner(Surface::Clarifai, &word.code.to_string());
        assert_eq!(
            entry.own_word(Surface::Clarifai).and_then(|own| own.code),
            Some(word.code)
        );
        assert_eq!(owner(Surface::Clarifai, &word.name).name, entry.name);
    }
    assert_eq!(
        vocabulary().surface(Surface::Clarifai).wildcard_code,
        Some(0)
    );
    for absent in ["0", "EVENT_TYPE_NOT_SET", "0600", "+600", ""] {
        assert!(
            vocabulary().by_word(Surface::Clarifai, absent).is_none(),
            "{absent}"
        );
    }
}

#[test]
fn openai_words_name_their_types_and_match_the_published_payloads() {
    for word in openai() {
        let entry = owner(Surface::OpenAi, &word.r#type);
        assert_eq!(entry.name, word.r#type);
        assert_eq!(entry.openai_aliases, word.aliases);
        assert_eq!(
            entry.openai_tenant_scoped, word.tenant_scoped,
            "{}",
            word.r#type
        );
        assert_eq!(
            entry.openai_payload_documented, word.payload_documented,
            "{}",
            word.r#type
        );
        for alias in &word.aliases {
            assert_eq!(owner(Surface::OpenAi, alias).name, entry.name);
            assert!(vocabulary().get(alias).is_none());
        }
        let known = |path: &str| word.payload.iter().any(|published| published == path);
        for rule in &entry.targets {
            let paths = [&rule.openai, &rule.openai_name];
            for path in paths
                .into_iter()
                .flatten()
                .filter(|_| word.payload_documented)
            {
                assert!(known(path), "{}: {path}", word.r#type);
            }
            if let Some(
                When::MemberIs { member, .. }
                | When::MemberEndsIn { member, .. }
                | When::AnyOther { member, .. }
                | When::DiffersFrom { member },
            ) = &rule.openai_when
            {
                assert!(known(member), "{}: {member}", word.r#type);
            }
        }
        for (path, _) in &entry.openai_payload {
            assert!(known(path), "{}: {path}", word.r#type);
        }
    }
    let undocumented = types(|entry| {
        entry.own_word(Surface::OpenAi).is_some() && !entry.openai_payload_documented
    });
    assert_eq!(undocumented.len(), 92);
    for name in undocumented {
        let paths = entry(name).targets.iter().filter_map(|t| t.openai.as_ref());
        assert!(paths.into_iter().all(|path| path == "id"), "{name}");
    }
}

#[test]
fn target_rules_stay_within_the_vendors_kinds_and_fields() {
    for entry in vocabulary().types() {
        for rule in &entry.targets {
            let kind = vocabulary().kind(&rule.kind).expect("a listed kind");
            assert!(
                rule.clarifai.is_none() || rule.clarifai == kind.clarifai,
                "{}",
                entry.name
            );
            assert!(
                rule.calypsoai.is_none() || rule.calypsoai == kind.calypsoai,
                "{}",
                entry.name
            );
            assert!(
                rule.openai.is_some() || rule.openai_name.is_none(),
                "{}",
                entry.name
            );
            for (surface, there) in [
                (Surface::OpenAi, rule.openai.is_some()),
                (Surface::Clarifai, rule.clarifai.is_some()),
                (Surface::CalypsoAi, rule.calypsoai.is_some()),
            ] {
                assert!(
                    !there || entry.own_word(surface).is_some(),
                    "{}",
                    entry.name
                );
            }
        }
    }
    for word in clarifai() {
        let entry = owner(Surface::Clarifai, &word.name);
        let listed: BTreeSet<_> = entry
            .targets
            .iter()
            .filter_map(|t| t.clarifai.clone())
            .collect();
        assert_eq!(listed, word.targets.into_iter().collect(), "{}", word.name);
    }
    for word in calypsoai() {
        let entry = owner(Surface::CalypsoAi, &word.r#type);
        let listed: BTreeMap<_, _> = entry
            .targets
            .iter()
            .filter_map(|t| Some((t.calypsoai.clone()?, t.calypsoai_required)))
            .collect();
        let required = word.required.into_iter().map(|field| (field, true));
        let optional = word.optional.into_iter().map(|field| (field, false));
        assert_eq!(
            listed,
            required.chain(optional).collect(),
            "{}",
            word.r#type
        );
        assert_eq!(entry.ocsf, word.ocsf, "{}", word.r#type);
    }
}

#[test]
fn kinds_translate_one_to_one() {
    let targets: BTreeSet<_> = vocabulary()
        .kinds()
        .filter_map(|k| k.clarifai.clone())
        .collect();
    assert_eq!(targets, clarifai_targets());
    let fields: BTreeSet<_> = vocabulary()
        .kinds()
        .filter_map(|k| k.calypsoai.clone())
        .collect();
    let published = calypsoai()
        .into_iter()
        .flat_map(|w| w.required.into_iter().chain(w.optional));
    assert_eq!(fields, published.collect());
    for kind in vocabulary().kinds() {
        let same = |found: &TargetKind| found.name == kind.name;
        assert!(!kind.label.is_empty());
        assert!(vocabulary().kind(&kind.name).is_some_and(same));
        if let Some(name) = &kind.clarifai {
            assert!(vocabulary().kind_by_clarifai(name).is_some_and(same));
        }
        if let Some(field) = &kind.calypsoai {
            assert!(vocabulary().kind_by_calypsoai(field).is_some_and(same));
        }
    }
    assert!(vocabulary().kind("app").is_none());
}
