//! Each verb of access, once: what it prints, and the one event that it leaves.

use serde_json::{Value, json};

use crate::place::Place;
use crate::server::Server;

/// A walk through the verbs, and what its events must be.
struct Walk<'p> {
    place: &'p Place,
    expected: Vec<&'static str>,
}

impl Walk<'_> {
    /// Runs what leaves events of these types; what it prints.
    fn does(&mut self, words: &str, types: &[&'static str]) -> Value {
        self.expected.extend_from_slice(types);
        self.place.json(words)
    }

    /// Runs what makes something; its id.
    fn makes(&mut self, words: &str, event_type: &'static str) -> String {
        let made = self.does(words, &[event_type]);
        assert_eq!(made.as_object().unwrap().len(), 1, "{words}: {made}");
        made["id"].as_str().unwrap().to_owned()
    }

    /// Lists, for programs and for people.
    fn lists(&self, words: &str, part: &str) -> Vec<Value> {
        let table = self.place.text(words);
        assert!(table.contains(part) && table.starts_with("ID "), "{table}");
        let listed = self.place.json(&format!("{words} --json"));
        assert!(listed.to_string().contains(part), "{words}: {listed}");
        listed.as_array().unwrap().clone()
    }

    fn members(&mut self) {
        let add = "member add --org acme --email g@example.com --id user-7 --role auditor";
        self.makes(add, "user_account.created");
        let update = "member update --org acme g@example.com";
        let renamed = self.does(&format!("{update} --name Grace"), &["user_account.updated"]);
        assert_eq!(renamed["name"], "Grace");
        self.does(
            &format!("{update} --role member"),
            &["organization.member.updated"],
        );
        let same = self.does(&format!("{update} --role member"), &[]);
        let shown = self.place.json("member show --org acme user-7");
        assert_eq!((&shown, &shown["role"]), (&same, &json!("member")));
        self.does("member block --org acme user-7", &["user_account.blocked"]);
        self.lists("member list --org acme", "blocked");
        self.does(
            "member unblock --org acme user-7",
            &["user_account.unblocked"],
        );
    }

    fn invites(&mut self) {
        let sent = self.does(
            "member invite --org acme --email i@example.com --role auditor --expires 7d",
            &["invite.sent"],
        );
        let (id, code) = (sent["id"].as_str().unwrap(), sent["code"].as_str().unwrap());
        assert_eq!(sent.as_object().unwrap().len(), 2);
        assert_eq!(self.lists("invite list --org acme", "pending").len(), 1);
        self.does(
            &format!("invite withdraw --org acme {id}"),
            &["invite.deleted"],
        );
        let shown = self.place.text(&format!("invite show --org acme {id}"));
        assert!(
            shown.contains("withdrawn") && !shown.contains(code),
            "{shown}"
        );
    }

    fn groups_and_roles(&mut self) {
        self.makes(
            "group create --org acme --id security --name Security",
            "group.created",
        );
        self.does(
            "group update --org acme security --name Safety",
            &["group.updated"],
        );
        self.does(
            "group add --org acme security g@example.com",
            &["group.member.added"],
        );
        let shown = self.place.json("group show --org acme security");
        assert_eq!(shown["members"], json!(["user-7"]));
        self.lists("group list --org acme", "Safety");
        self.makes(
            "role create --org acme --id prover --name Prover --permission audit:verify \
             --permission audit:export --scope project",
            "role.created",
        );
        let updated = self.does(
            "role update --org acme prover --permission audit:verify",
            &["role.updated"],
        );
        assert_eq!(updated["permissions"], json!(["audit:verify"]));
        assert_eq!(self.lists("role list --org acme", "prover").len(), 6);
        assert_eq!(
            self.place.json("role show --org acme owner")["built_in"],
            true
        );
    }

    fn assignments(&mut self) {
        let account = "service-account create --org acme --id svc --name Bot --role writer";
        self.makes(account, "service_account.created");
        self.does(
            "service-account update --org acme svc --name Robot",
            &["service_account.updated"],
        );
        self.place.text("service-account show --org acme svc");
        self.lists("service-account list --org acme", "Robot");
        let add = "assignment add --org acme --role";
        let ids = [
            self.makes(
                &format!("{add} auditor --group security"),
                "role.assignment.created",
            ),
            self.makes(
                &format!("{add} prover --member user-7 --project proj_1"),
                "user.role.granted",
            ),
            self.makes(
                &format!("{add} auditor --service-account svc"),
                "role.assignment.created",
            ),
        ];
        assert_eq!(self.lists("assignment list --org acme", "prover").len(), 3);
        let types = [
            "role.assignment.deleted",
            "user.role.retracted",
            "role.assignment.deleted",
        ];
        for (id, event_type) in ids.iter().zip(types) {
            self.does(&format!("assignment remove --org acme {id}"), &[event_type]);
        }
        self.does(
            "group remove --org acme security user-7",
            &["group.member.removed"],
        );
        self.does("group delete --org acme security", &["group.deleted"]);
        self.does("role delete --org acme prover", &["role.deleted"]);
    }

    fn projects(&mut self) {
        self.makes(
            "project create --org acme --id proj_1 --name Search",
            "project.created",
        );
        self.does(
            "project update --org acme proj_1 --name Find",
            &["project.updated"],
        );
        self.place.text("project show --org acme proj_1");
        self.lists("project list --org acme", "Find");
        self.does("project archive --org acme proj_1", &["project.archived"]);
    }

    fn tokens(&mut self) {
        let made = self.does(
            "token create --org acme --owner ada@example.com --role auditor --project proj_1 \
             --view type=project.* --view not.actor_id=bot --cross-vendor --expires 90d --name siem",
            &["api_key.created"],
        );
        let id = made["id"].as_str().unwrap();
        let shown = self.place.json(&format!("token show --org acme {id}"));
        assert_eq!(shown["view"], json!(["type=project.*", "not.actor_id=bot"]));
        assert_eq!(shown["cross_vendor"], true);
        self.does(
            &format!("token update --org acme {id} --name feed --expires 1d"),
            &["api_key.updated"],
        );
        let rotated = self.does(
            &format!("token rotate --org acme {id} --overlap 1h"),
            &["api_key.created", "api_key.updated"],
        );
        assert_ne!(rotated["token"], made["token"]);
        let listed = self.lists("token list --org acme", "feed");
        assert_eq!(listed.len(), 3);
        let new = rotated["id"].as_str().unwrap();
        self.does(
            &format!("token revoke --org acme {new}"),
            &["api_key.deleted"],
        );
    }

    fn keys(&mut self) {
        let (one, two) = ("0a".repeat(32), "0B".repeat(32));
        self.place
            .file("keys.txt", format!("{one} first\n\n{two}\n"));
        let import = "token import --org acme --owner svc --role writer";
        let counts = self.does(
            &format!("{import} keys.txt"),
            &["docket.api_key.registered", "docket.api_key.registered"],
        );
        assert_eq!(counts, json!({ "registered": 2, "known": 0 }));
        let three = format!("{}  -\n{one}\n", "0c".repeat(32));
        self.expected.push("docket.api_key.registered");
        let ended = self
            .place
            .run_with(&format!("{import} -"), three.as_bytes());
        assert_eq!(ended.out, "{\"registered\":1,\"known\":1}\n", "{ended:?}");
        let told = self.place.run_with(
            &format!("{import} -"),
            format!("{one}\nsk-hunter2\n").as_bytes(),
        );
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{told:?}");
        assert!(told.err.contains("line 2") && !told.err.contains("hunter2"));
        let listed = self.lists("token list --org acme", "first");
        assert_eq!(
            listed
                .iter()
                .filter(|one| one["registered"] == true)
                .count(),
            3
        );
        self.does(
            "service-account delete --org acme svc",
            &["service_account.deleted"],
        );
        self.does("project delete --org acme proj_1", &["project.deleted"]);
    }

    fn settings(&mut self) {
        let set = "settings set --org acme";
        let told = self.place.fails(&format!("{set} --retention 30d"), 2);
        assert!(told.contains("--yes"), "{told}");
        let after = self.does(
            &format!("{set} --retention 30d --yes --read-audit false --name Acme"),
            &["organization.updated"],
        );
        assert_eq!(
            (&after["retention_days"], &after["read_audit"]),
            (&json!(30), &json!(false))
        );
        let after = self.does(
            &format!("{set} --retention forever"),
            &["organization.updated"],
        );
        assert_eq!(after["retention_days"], Value::Null);
        self.does(
            &format!("{set} --allowed-ip 127.0.0.0/8"),
            &["ip_allowlist.created"],
        );
        let two = format!("{set} --allowed-ip 127.0.0.0/8 --allowed-ip ::1/128");
        let after = self.does(&two, &["ip_allowlist.updated"]);
        assert_eq!(after["allowed_ips"], json!(["127.0.0.0/8", "::1/128"]));
        let after = self.does(
            &format!("{set} --allow-all-addresses"),
            &["ip_allowlist.deleted"],
        );
        assert_eq!(self.place.json("settings show --org acme"), after);
    }

    fn holds(&mut self) {
        let place = "hold place --org acme --name Matter-17 --reason counsel";
        let id = self.makes(place, "docket.legal_hold.placed");
        self.does(
            &format!("hold update --org acme {id} --reason court"),
            &["docket.legal_hold.updated"],
        );
        self.place.text(&format!("hold show --org acme {id}"));
        self.lists("hold list --org acme", "court");
        let held = self.place.fails("org delete --org acme --yes", 1);
        assert!(held.contains(&id), "{held}");
        self.does(
            &format!("hold release --org acme {id}"),
            &["docket.legal_hold.released"],
        );
    }
}

/// Walks through all verbs of an organization.
fn walk(place: &Place) {
    let mut walk = Walk {
        place,
        expected: vec!["organization.created", "api_key.created"],
    };
    walk.members();
    walk.invites();
    walk.groups_and_roles();
    walk.projects();
    walk.assignments();
    walk.tokens();
    walk.keys();
    walk.settings();
    walk.holds();
    walk.does("member remove --org acme user-7", &["user_account.deleted"]);
    let events = place.export("");
    let types: Vec<&str> = events
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, walk.expected);
    for event in &events {
        assert_eq!(event["actor"]["id"], "docket-cli", "{event}");
        assert_eq!(event["actor"]["kind"], "system", "{event}");
        assert_eq!(event["origin"]["surface"], "docket", "{event}");
    }
    place.text("check");
}

#[test]
fn each_verb_leaves_its_event() {
    walk(&Place::with_acme());
}

#[test]
fn each_verb_works_through_a_server() {
    let place = Place::with_acme();
    let server = Server::start(&place, "");
    walk(&place);
    server.stop();
}

#[test]
fn organizations_come_and_go() {
    let place = Place::with_acme();
    let made = place.json("org create --org globex --name Globex --owner h@example.com");
    assert_eq!(made["org"], "globex");
    assert!(made["token"].as_str().unwrap().starts_with("docket_"));
    assert_eq!(place.json("org show --org globex")["name"], "Globex");
    let told = place.fails("org delete --org globex", 2);
    assert!(told.contains("--yes"), "{told}");
    assert_eq!(
        place.json("org delete --org globex --yes"),
        json!({ "id": "globex" })
    );
    place.fails("org show --org globex", 1);
    let left = place.json("org list --json");
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert!(place.text("org list").contains("acme"));
    let nowhere = place.fails("org create --org a --owner a@b.c --data empty", 1);
    assert!(nowhere.contains("docket init"), "{nowhere}");
}

#[test]
fn tokens_of_the_instance_belong_to_nobody() {
    let place = Place::with_acme();
    let early = place.fails("export --org instance", 1);
    assert!(early.contains("--instance"), "{early}");
    let admin = place.json("token create --instance --name ops");
    let writer = place.json("token create --instance --write --expires 1d");
    let id = admin["id"].as_str().unwrap();
    let listed = place.text("token list --instance");
    assert!(
        listed.contains("instance:write") && listed.contains("ops"),
        "{listed}"
    );
    let rotated = place.json(&format!("token rotate --instance {id}"));
    place.text(&format!(
        "token revoke --instance {}",
        rotated["id"].as_str().unwrap()
    ));
    let shown = place.json(&format!(
        "token show --instance {}",
        writer["id"].as_str().unwrap()
    ));
    assert_eq!(shown["permissions"], json!(["instance:write"]));
    for wrong in [
        "token create --instance --org acme",
        "token create --instance --owner ada@example.com",
        "token create --instance --view type=a.b",
        "token create --org acme --owner ada@example.com --write",
        "token create --org acme",
        "token create --owner ada@example.com",
        "token list",
        "assignment add --org acme --role auditor",
        "assignment add --org acme --role auditor --member a --group b",
        "role create --org acme --name R --permission instance:admin",
        "settings set --org acme --allowed-ip ::/0 --allow-all-addresses",
        "token create --org acme --owner ada@example.com --view nonsense",
    ] {
        let told = place.fails(wrong, 2);
        assert!(
            !told.is_empty() && !told.contains("panicked"),
            "{wrong}: {told}"
        );
    }
    // What stands in the environment for other commands is not in the way.
    let mut command = place.command("token list --instance --json");
    let output = command.env("DOCKET_ORG", "acme").output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(place.types(), ["organization.created", "api_key.created"]);
    let told = place.text("export --org instance");
    let types = [
        "api_key.created",
        "api_key.created",
        "api_key.created",
        "api_key.updated",
        "api_key.deleted",
    ];
    let found: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found: Vec<&str> = found
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    assert_eq!(found, types);
}

#[test]
fn settings_of_the_file_are_defaults() {
    let place = Place::with_acme();
    let file = "org = \"acme\"\n[organization]\nname = \"Globex\"\n[member]\nrole = \"auditor\"\n\
                [service_account]\nrole = \"writer\"\n";
    place.file("file.toml", file);
    let run = |words: &str| place.json(&format!("{words} --config file.toml"));
    let id = run("member add --email g@example.com")["id"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(
        run(&format!("member update {id} --role admin"))["role"],
        "admin"
    );
    assert_eq!(
        run(&format!("member update {id} --name Grace"))["role"],
        "admin"
    );
    run("service-account create --id svc --name Bot");
    run("token list --json");
    run("token create --owner svc");
    run("org create --org globex --owner a@b.c");
    assert_eq!(place.json("org show --org globex")["name"], "Globex");
}

#[test]
fn lists_have_no_end_before_their_end() {
    let place = Place::with_acme();
    let hashes: Vec<String> = (0..1_001)
        .map(|number| format!("{number:064x}\n"))
        .collect();
    let server = Server::start(&place, "");
    let import = "token import --org acme --owner ada@example.com --role writer -";
    let ended = place.run_with(import, hashes.concat().as_bytes());
    assert_eq!(
        ended.out, "{\"registered\":1001,\"known\":0}\n",
        "{ended:?}"
    );
    let listed = place.json("token list --org acme --json");
    assert_eq!(listed.as_array().unwrap().len(), 1_002);
    assert_eq!(place.text("token list --org acme").lines().count(), 1_003);
    server.stop();
}
