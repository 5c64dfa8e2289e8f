//! Tests of what the list answers: words, paths, prefixes, rules, and who sees what.

use super::super::*;
use super::entry;

#[test]
fn sentences_use_known_placeholders() {
    let known: Vec<_> = vocabulary().placeholders().map(|(name, _)| name).collect();
    assert!(known.contains(&"{<kind>}"));
    for entry in vocabulary().types() {
        for part in entry.sentence.split('{').skip(1) {
            let name = part.split_once('}').expect("a closed brace").0;
            let kind = vocabulary().kind(name).is_some();
            assert!(
                kind || known.contains(&format!("{{{name}}}").as_str()),
                "{}",
                entry.name
            );
            assert!(
                !kind || entry.target(name).is_some(),
                "{}: {name}",
                entry.name
            );
        }
        assert!(entry.sentence.starts_with("{actor} "), "{}", entry.name);
    }
}

#[test]
fn categories_and_severities_are_those_of_the_list() {
    let categories = [
        Category::Access,
        Category::Configuration,
        Category::Authentication,
        Category::Data,
    ];
    let listed: Vec<_> = vocabulary().categories().map(|(name, _)| name).collect();
    assert_eq!(listed, categories.map(Category::name));
    let severities = [
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
    ];
    let listed: Vec<_> = vocabulary().severities().collect();
    assert_eq!(listed, severities.into_iter().zip(1..).collect::<Vec<_>>());
    assert!(severities.is_sorted());
    let login = entry("login.succeeded");
    assert_eq!(login.category, Category::Authentication);
    assert_eq!(login.severity, Severity::Informational);
    assert_eq!(login.severity_of_failure(), Severity::Low);
}

#[test]
fn surfaces_parse_their_own_names_only() {
    for surface in Surface::ALL {
        assert_eq!(Surface::parse(surface.name()), Some(surface));
        let prefix = &vocabulary().surface(surface).unlisted_prefix;
        assert_eq!(*prefix, format!("x.{}.", surface.name()));
    }
    for other in ["", "OpenAI", "native", "docket"] {
        assert_eq!(Surface::parse(other), None);
    }
}

#[test]
fn a_filter_means_the_type_its_narrower_types_and_the_unlisted_names() {
    let check = |surface, word: &str, expected: &[&str]| {
        assert_eq!(
            vocabulary().types_shown_as(surface, word),
            expected,
            "{word}"
        );
    };
    check(
        Surface::OpenAi,
        "project.created",
        &["project.created", "x.openai.project.created"],
    );
    check(
        Surface::OpenAi,
        "role.updated",
        &[
            "role.updated",
            "role.permissions.added",
            "role.permissions.removed",
            "x.openai.role.updated",
        ],
    );
    for spelling in [
        "checkpoint.permission.deleted",
        "checkpoint_permission.deleted",
    ] {
        check(
            Surface::OpenAi,
            spelling,
            &[
                "checkpoint.permission.deleted",
                "x.openai.checkpoint.permission.deleted",
                "x.openai.checkpoint_permission.deleted",
            ],
        );
    }
    for spelling in ["102", "ORGANIZATION_MEMBER_REMOVE"] {
        let types = vocabulary().types_shown_as(Surface::Clarifai, spelling);
        assert!(types.starts_with(&["organization.member.removed".into()]));
        assert!(types.contains(&"user_account.deleted".into()));
        assert!(types.contains(&"x.clarifai.102".into()));
    }
    check(Surface::Clarifai, "9000", &["x.clarifai.9000"]);
    check(
        Surface::CalypsoAi,
        "New-Thing.ü",
        &["x.calypsoai._ew__hing._"],
    );
}

#[test]
fn words_say_how_they_belong() {
    let word = |surface, name| {
        vocabulary()
            .word(surface, name)
            .map(|w| (w.text.as_str(), w.via))
    };
    let added = "project.member.added";
    assert_eq!(
        word(Surface::OpenAi, added),
        Some(("user.added", Via::OneWay))
    );
    assert_eq!(
        word(Surface::Clarifai, added),
        Some(("COLLABORATOR_ADD", Via::Own))
    );
    assert_eq!(word(Surface::CalypsoAi, "login.failed"), None);
    assert_eq!(word(Surface::OpenAi, "x.openai.new"), None);
}

#[test]
fn personal_paths_are_split_and_cover_undescribed_payloads() {
    let check = |name: &str, expected: &[&[&str]]| {
        assert_eq!(vocabulary().personal_paths(name), expected, "{name}");
    };
    check(
        "login.failed",
        &[&["data", "error_message"], &["error", "message"]],
    );
    check("project.member.added", &[&["data"], &["details"]]);
    check("project.created", &[]);
    check("x.calypsoai.new", &[&["data"]]);
    check("acme.thing.made", &[]);
    let roots = ["data", "details", "error"];
    for entry in vocabulary().types() {
        for path in &entry.personal {
            assert!(
                path.first()
                    .is_some_and(|root| roots.contains(&root.as_str())),
                "{}",
                entry.name
            );
            assert!(
                path.iter().all(|member| !member.is_empty()),
                "{}",
                entry.name
            );
        }
    }
}

#[test]
fn reserved_prefixes_and_fixed_outcomes() {
    let reserved = |name| vocabulary().reserved_prefix(name);
    assert_eq!(reserved("docket.events.read"), Some("docket."));
    assert_eq!(reserved("ingest.rejected"), Some("ingest."));
    assert_eq!(reserved("x.openai.new"), Some("x."));
    assert_eq!(reserved("project.created"), None);
    assert_eq!(reserved("xylophone.played"), None);
    assert_eq!(
        vocabulary().fixed_outcome("login.failed"),
        Some(Outcome::Failure)
    );
    assert_eq!(
        vocabulary().fixed_outcome("login.succeeded"),
        Some(Outcome::Success)
    );
    assert_eq!(vocabulary().fixed_outcome("project.created"), None);
    assert_eq!(
        vocabulary()
            .types()
            .filter(|entry| entry.outcome.is_some())
            .count(),
        5
    );
}

#[test]
fn payload_rules_keep_the_order_of_the_file() {
    let invite = entry("invite.sent");
    let expected = [
        ("data.role".to_owned(), Source::TargetRole),
        ("data".to_owned(), Source::After),
    ];
    assert_eq!(invite.openai_payload, expected);
    let failed = entry("login.failed");
    let sources: Vec<_> = failed
        .openai_payload
        .iter()
        .map(|(_, source)| source)
        .collect();
    assert_eq!(
        sources,
        [
            &Source::Error(ErrorPart::Code),
            &Source::Error(ErrorPart::Message)
        ]
    );
    let removed = entry("ip_allowlist.deleted");
    let sources: Vec<_> = removed
        .openai_payload
        .iter()
        .map(|(_, source)| source)
        .collect();
    assert_eq!(sources, [&Source::BeforeMember("allowed_ips".into())]);
}

#[test]
fn conditions_tell_which_kind_an_id_is() {
    let kinds = |name: &str, path: &str, id: &str, siblings: &[(&str, &'static str)]| {
        let sibling = |member: &str| {
            siblings
                .iter()
                .find(|(key, _)| *key == member)
                .map(|(_, value)| *value)
        };
        let rules = entry(name).targets.iter();
        rules
            .filter(|rule| rule.openai.as_deref() == Some(path))
            .filter(|rule| {
                rule.openai_when
                    .as_ref()
                    .is_none_or(|when| when.holds(id, sibling))
            })
            .map(|rule| rule.kind.as_str())
            .collect::<Vec<_>>()
    };
    let given = "role.assignment.created";
    for (of, kind) in [
        ("project", "project"),
        ("api.project", "project"),
        ("api.organization", "organization"),
        ("workspace", "resource"),
    ] {
        assert_eq!(
            kinds(given, "resource_id", "r", &[("resource_type", of)]),
            [kind],
            "{of}"
        );
    }
    assert_eq!(kinds(given, "resource_id", "r", &[]), ["resource"]);
    assert_eq!(
        kinds(given, "principal_id", "p", &[("principal_type", "group")]),
        ["group"]
    );
    assert!(kinds(given, "principal_id", "p", &[("principal_type", "robot")]).is_empty());
    let bound = "role.bound_to_resource";
    assert!(kinds(bound, "resource_id", "r", &[("id", "r")]).is_empty());
    assert_eq!(
        kinds(bound, "resource_id", "r", &[("id", "w__r")]),
        ["resource"]
    );
}

#[test]
fn unknown_rules_stop_the_parse() {
    assert!(When::try_from("on a whim".to_owned()).is_err());
    assert!(Source::try_from("target.moon.phase".to_owned()).is_err());
    assert!(File::parse("{}").is_err());
}
