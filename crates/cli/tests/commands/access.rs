//! Organizations, members and tokens.

use crate::place::Place;

#[test]
fn a_new_organization_has_two_events() {
    let place = Place::new();
    let made = place.json("init --org acme --name Acme --owner ada@example.com");
    assert_eq!(made["org"], "acme");
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("docket_"), "{token}");
    let events = place.export("");
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["type"], "organization.created");
    assert_eq!(events[0]["data"]["after"]["owner"], made["owner"]);
    assert_eq!(events[1]["type"], "api_key.created");
    assert_eq!(events[1]["actor"]["id"], "docket-cli");
    assert!(!format!("{events:?}").contains(token));

    let again = place.fails("init --org acme --owner b@example.com", 1);
    assert!(
        again.contains("exists already") && again.contains("token create"),
        "{again}"
    );
    place.text("init --org other --owner b@example.com");
}

#[test]
fn wrong_use_exits_with_2_and_failure_with_1() {
    let place = Place::with_acme();
    for wrong in [
        "",
        "frobnicate",
        "init --org a/b --owner a@b.c",
        "init --org instance --owner a@b.c",
        "init --org x --owner nobody",
        "member add --org acme --email a@b.c --role king",
        "token create --org acme --owner ada@example.com --expires soon",
        "token revoke --org acme docket_secret",
        "import --org acme --format nonsense x",
        "export --org acme --from yesterday",
        "serve --listen nowhere",
    ] {
        let told = place.fails(wrong, 2);
        assert!(
            !told.is_empty() && !told.contains("panicked"),
            "{wrong}: {told}"
        );
    }
    for failing in [
        "member list --org nobody",
        "token create --org acme --owner nobody@example.com",
        "token revoke --org acme key_unknown",
        "export --org nobody",
        "import --org acme --format native no-such-file",
        "check --data empty",
        "member list --org acme --data empty",
    ] {
        let told = place.fails(failing, 1);
        assert!(
            told.starts_with("docket: ") && told.lines().count() == 1,
            "{failing}: {told}"
        );
    }
    assert!(!place.path("empty").exists(), "asking makes no folder");
}

#[test]
fn members_and_tokens_come_and_go() {
    let place = Place::with_acme();
    let added =
        place.json("member add --org acme --email g@example.com --id user-7 --role auditor");
    assert_eq!(added["id"], "user-7");
    let taken = place.fails("member add --org acme --email G@example.com", 1);
    assert!(taken.contains("belongs to a member"), "{taken}");
    let token = place.json("token create --org acme --owner g@example.com --expires 90d");
    let id = token["id"].as_str().unwrap();
    let members = place.json("member list --org acme --json");
    assert_eq!(members.as_array().unwrap().len(), 2);
    assert!(
        place
            .text("member list --org acme")
            .contains("g@example.com")
    );
    place.text("member block --org acme user-7");
    assert!(place.text("member list --org acme").contains("blocked"));
    place.text("member unblock --org acme g@example.com");
    place.text(&format!("token revoke --org acme {id}"));
    let tokens = place.text("token list --org acme");
    assert!(
        tokens.contains(id) && tokens.contains("revoked"),
        "{tokens}"
    );
    assert!(!tokens.contains(token["token"].as_str().unwrap()));
    place.text("member remove --org acme user-7");
    let expected = [
        "organization.created",
        "api_key.created",
        "user_account.created",
        "api_key.created",
        "user_account.blocked",
        "user_account.unblocked",
        "api_key.deleted",
        "user_account.deleted",
    ];
    assert_eq!(place.types(), expected);
    assert_eq!(place.types()[8..], ["docket.events.exported"]);
    place.text("check");
}

#[test]
fn the_vocabulary_is_listed() {
    let place = Place::new();
    let text = place.text("vocabulary project.c");
    assert!(
        text.contains("project.created") && text.contains("600"),
        "{text}"
    );
    let all = place.json("vocabulary --json");
    assert_eq!(all.as_array().unwrap().len(), 313);
}
