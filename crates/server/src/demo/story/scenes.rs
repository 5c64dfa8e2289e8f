//! The scenes of the demo: what can happen, and how often.

use serde_json::json;

use super::Story;
use crate::demo::cast::{Key, Person, Project};

/// How often somebody tries to get in.
const ATTACK_TRIES: u32 = 60;

/// Something that happens.
pub(super) type Scene = fn(&mut Story, i64) -> Option<()>;

/// How often what happens, once there are projects and keys.
pub(super) const SCENES: [(u32, Scene); 15] = [
    (22, Story::sign_in),
    (12, Story::sign_out),
    (3, Story::mistype),
    (7, Story::create_key),
    (4, Story::change_key),
    (3, Story::delete_key),
    (1, Story::create_project),
    (3, Story::rename_project),
    (5, Story::add_user),
    (4, Story::change_role),
    (3, Story::invite),
    (4, Story::raise_limit),
    (2, Story::change_settings),
    (14, Story::deploy_model),
    (13, Story::agent_reads),
];

impl Story {
    pub(super) fn sign_in(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        self.openai(at_s, "login.succeeded", &person.session(), &json!({}));
        Some(())
    }

    fn sign_out(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        self.openai(at_s, "logout.succeeded", &person.session(), &json!({}));
        Some(())
    }

    fn mistype(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        let payload =
            json!({"error_code": "invalid_credentials", "error_message": "Wrong password"});
        self.openai(at_s, "login.failed", &person.session(), &payload);
        Some(())
    }

    pub(super) fn create_key(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        let project = self.cast.project(&mut self.dice)?;
        let key = Key {
            id: self.dice.id("key_"),
            project: project.clone(),
        };
        let payload = json!({"id": key.id, "data": {"scopes": ["api.model.request"]}});
        self.openai_in(
            at_s,
            "api_key.created",
            &person.session(),
            &payload,
            Some(&project),
        );
        self.cast.keys.push(key);
        Some(())
    }

    fn change_key(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        let key = self.dice.pick(&self.cast.keys)?.clone();
        let scopes = ["api.model.request", "api.files.read"];
        let payload = json!({"id": key.id, "changes_requested": {"scopes": scopes}});
        self.openai_in(
            at_s,
            "api_key.updated",
            &person.session(),
            &payload,
            Some(&key.project),
        );
        Some(())
    }

    fn delete_key(&mut self, at_s: i64) -> Option<()> {
        let person = self.cast.anyone(&mut self.dice)?;
        let key = self.dice.pick(&self.cast.keys)?.clone();
        self.cast.keys.retain(|other| other.id != key.id);
        let payload = json!({"id": key.id});
        self.openai_in(
            at_s,
            "api_key.deleted",
            &person.session(),
            &payload,
            Some(&key.project),
        );
        Some(())
    }

    pub(super) fn create_project(&mut self, at_s: i64) -> Option<()> {
        let owner = self.cast.owner(&mut self.dice)?;
        let name = self.cast.plans.pop()?;
        let project = Project {
            id: self.dice.id("proj_"),
            name: name.to_owned(),
        };
        let slug = name.to_lowercase().replace(' ', "-");
        let payload = json!({"id": project.id, "data": {"name": slug, "title": name}});
        self.openai_in(
            at_s,
            "project.created",
            &owner.session(),
            &payload,
            Some(&project),
        );
        self.cast.projects.push(project);
        Some(())
    }

    fn rename_project(&mut self, at_s: i64) -> Option<()> {
        let owner = self.cast.owner(&mut self.dice)?;
        let project = self.cast.project(&mut self.dice)?;
        let title = format!("{} {}", project.name, 2 + self.dice.below(8));
        let payload = json!({"id": project.id, "changes_requested": {"title": title}});
        self.openai_in(
            at_s,
            "project.updated",
            &owner.session(),
            &payload,
            Some(&project),
        );
        Some(())
    }

    fn add_user(&mut self, at_s: i64) -> Option<()> {
        let (owner, person) = (
            self.cast.owner(&mut self.dice)?,
            self.cast.anyone(&mut self.dice)?,
        );
        let project = self.cast.project(&mut self.dice)?;
        let payload = json!({"id": person.id, "data": {"role": "member"}});
        self.openai_in(
            at_s,
            "user.added",
            &owner.session(),
            &payload,
            Some(&project),
        );
        Some(())
    }

    fn change_role(&mut self, at_s: i64) -> Option<()> {
        let (owner, person) = (
            self.cast.owner(&mut self.dice)?,
            self.cast.anyone(&mut self.dice)?,
        );
        let role = self.dice.pick(&["owner", "member"])?;
        let payload = json!({"id": person.id, "changes_requested": {"role": role}});
        self.openai(at_s, "user.updated", &owner.session(), &payload);
        Some(())
    }

    fn invite(&mut self, at_s: i64) -> Option<()> {
        let owner = self.cast.owner(&mut self.dice)?;
        let id = self.dice.id("invite-");
        let email = format!("guest{}@example.net", self.dice.below(1_000));
        let payload = json!({"id": id, "data": {"email": email, "role": "member"}});
        self.openai(at_s, "invite.sent", &owner.session(), &payload);
        Some(())
    }

    fn raise_limit(&mut self, at_s: i64) -> Option<()> {
        let owner = self.cast.owner(&mut self.dice)?;
        let project = self.cast.project(&mut self.dice)?;
        let limit = 500 * (1 + self.dice.below(20));
        let payload = json!({
            "id": self.dice.id("rl_"),
            "changes_requested": {"max_requests_per_1_minute": limit},
        });
        self.openai_in(
            at_s,
            "rate_limit.updated",
            &owner.session(),
            &payload,
            Some(&project),
        );
        Some(())
    }

    fn change_settings(&mut self, at_s: i64) -> Option<()> {
        let owner = self.cast.owner(&mut self.dice)?;
        let logging = self
            .dice
            .pick(&["enabled_per_call", "enabled_for_all_projects"])?;
        let payload = json!({"id": "org-demo", "changes_requested": {"api_call_logging": logging}});
        self.openai(at_s, "organization.updated", &owner.session(), &payload);
        Some(())
    }

    /// A pipeline of one's own platform: an event that no vendor has a word for.
    fn deploy_model(&mut self, at_s: i64) -> Option<()> {
        let project = self.cast.project(&mut self.dice)?;
        let machine = self.dice.pick(&self.cast.machines)?.clone();
        let failed = self.dice.below(12) == 0;
        let version = format!("v{}", 1 + self.dice.below(40));
        let model = self
            .dice
            .pick(&["support-ranker", "invoice-reader", "tone-check"])?;
        let mut event = json!({
            "type": "model.deployed",
            "actor": {"kind": "service_account", "id": machine},
            "project": project.reference(),
            "targets": [{"kind": "model", "id": model, "data": {"version": version}}],
            "request_id": self.dice.id("req_"),
        });
        if failed && let Some(event) = event.as_object_mut() {
            event.insert("outcome".to_owned(), json!("failure"));
            event.insert(
                "error".to_owned(),
                json!({"code": "health_check", "message": "timed out"}),
            );
        }
        self.native(at_s, event);
        Some(())
    }

    /// An agent at work for somebody.
    fn agent_reads(&mut self, at_s: i64) -> Option<()> {
        let person: Person = self.cast.anyone(&mut self.dice)?;
        let project = self.cast.project(&mut self.dice)?;
        let mut behalf = person.actor();
        if let Some(behalf) = behalf.as_object_mut() {
            behalf.insert("reason".to_owned(), json!("asked in chat"));
        }
        let event = json!({
            "type": "document.read",
            "actor": {"kind": "agent", "id": "agent-librarian", "name": "Librarian"},
            "on_behalf_of": behalf,
            "project": project.reference(),
            "targets": [{"kind": "file", "id": self.dice.id("file-")}],
        });
        self.native(at_s, event);
        Some(())
    }

    /// Somebody tries passwords, gets in, and makes a key; an owner notices.
    pub(super) fn attack(&mut self, at_s: i64) {
        let (Some(mut victim), Some(owner)) = (
            self.cast.people.get(5).cloned(),
            self.cast.people.first().cloned(),
        ) else {
            return;
        };
        victim.move_to("198.51.100.66");
        for number in 0..ATTACK_TRIES {
            let payload =
                json!({"error_code": "invalid_credentials", "error_message": "Wrong password"});
            self.openai(
                at_s + i64::from(number) * 7,
                "login.failed",
                &victim.session(),
                &payload,
            );
        }
        let later_s = at_s + i64::from(ATTACK_TRIES) * 7;
        self.openai(later_s, "login.succeeded", &victim.session(), &json!({}));
        let key = self.dice.id("key_");
        let payload = json!({"id": key, "data": {"scopes": ["api.all"]}});
        self.openai(later_s + 40, "api_key.created", &victim.session(), &payload);
        self.openai(
            later_s + 1_900,
            "api_key.deleted",
            &owner.session(),
            &json!({"id": key}),
        );
    }
}
