//! An organization drawn at random: who is in it, what they may, what has happened.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Router;
use docket_access::{
    Access, Assignee, AssigneeKind, Caller, NewAssignment, NewGroup, NewMember, NewOrganization,
    NewProject, NewRole, NewServiceAccount, NewToken, Role, RoleName, RoleScope, View,
};
use docket_engine::testing::memory::Memory;
use docket_engine::testing::random::Dice;
use docket_engine::{Engine, Environment, Params, Request};
use docket_event::{Actor, ActorKind, Event, Project, Target};
use docket_surfaces_kit::{App, Limits, Setup, edge};

use crate::granted::{Fact, Grant, Granted, Token};

const ORG: &str = "acme";
const PROJECTS: [&str; 3] = ["p0", "p1", "p2"];
/// Types that all three vendors can show.
const TYPES: [&str; 4] = [
    "project.created",
    "project.updated",
    "project.deleted",
    "user_account.created",
];
const EVENTS: usize = 60;
const MEMBERS: [&str; 4] = ["m0", "m1", "m2", "m3"];
const ACCOUNT: &str = "robot";

pub struct World {
    pub router: Router,
    pub events: Vec<Fact>,
    pub tokens: Vec<Token>,
    granted: Granted,
    /// The mark of each event, by its id.
    marks: HashMap<String, String>,
}

/// What is used to make it.
struct Maker<'m> {
    access: Access,
    /// How many changes were made.
    changes: u64,
    dice: &'m mut Dice,
    granted: Granted,
    roles: Vec<(RoleName, BTreeSet<&'static str>, RoleScope)>,
}

fn names(role: Role) -> BTreeSet<&'static str> {
    role.permissions()
        .iter()
        .map(docket_access::Permission::name)
        .collect()
}

fn kind(id: &str) -> (ActorKind, &'static str) {
    match id == ACCOUNT {
        true => (ActorKind::ServiceAccount, "service_account"),
        false => (ActorKind::User, "user"),
    }
}

impl World {
    pub fn draw(dice: &mut Dice) -> Self {
        let environment = Environment::system();
        let store = Arc::new(Memory::new(4_096));
        let engine = Engine::open(store, Params::default(), environment.clone()).unwrap();
        let access = Access::open(engine.clone());
        let mut maker = Maker {
            access: access.clone(),
            changes: 0,
            dice,
            granted: Granted::default(),
            roles: Vec::new(),
        };
        let by = maker.by();
        access
            .init(&NewOrganization::new(ORG, "owner@x.y"), &by)
            .unwrap();
        maker.people();
        maker.roles();
        maker.grants();
        let tokens = (0..8).filter_map(|_| maker.token()).collect();
        let (events, marks) = maker.events(&engine);
        let granted = maker.granted;
        let app = App::new(Setup {
            surfaces: docket_surfaces::all(),
            limits: Limits::default(),
            environment,
            metrics: None,
        });
        app.open(engine, access);
        World {
            router: edge::router(app),
            events,
            tokens,
            granted,
            marks,
        }
    }

    /// The ids of all events.
    pub fn ids(&self) -> Vec<String> {
        let mut all: Vec<String> = self.marks.keys().cloned().collect();
        all.sort();
        all
    }

    /// The mark of the event of that id.
    pub fn mark_of(&self, id: &str) -> String {
        self.marks
            .get(id)
            .unwrap_or_else(|| panic!("{id} was never written"))
            .clone()
    }

    /// The marks of the events that the token may see.
    pub fn visible(&self, token: &Token) -> Vec<&str> {
        let all = self.events.iter();
        let seen = all.filter(|fact| self.granted.shows(token, fact));
        seen.map(|fact| fact.mark.as_str()).collect()
    }
}

impl Maker<'_> {
    /// Who makes the next change, in a request of its own.
    fn by(&mut self) -> Caller {
        self.changes += 1;
        Caller {
            request_id: Some(format!("change-{}", self.changes)),
            ..Caller::command_line(None)
        }
    }

    fn role(&mut self) -> Role {
        let most = [
            Role::Member,
            Role::Member,
            Role::Auditor,
            Role::Writer,
            Role::Admin,
        ];
        *self.dice.pick(&most).unwrap()
    }

    fn grant(&mut self, who: &str, permissions: BTreeSet<&'static str>, project: Option<String>) {
        let grant = Grant {
            permissions,
            project,
        };
        self.granted
            .0
            .entry(who.to_owned())
            .or_default()
            .push(grant);
    }

    fn people(&mut self) {
        for id in PROJECTS {
            let new = NewProject {
                id: Some(id.to_owned()),
                name: id.to_owned(),
            };
            let by = self.by();
            self.access.create_project(ORG, &new, &by).unwrap();
        }
        for id in MEMBERS {
            let role = self.role();
            let new = NewMember {
                email: format!("{id}@x.y"),
                id: Some(id.to_owned()),
                name: None,
                role,
            };
            let by = self.by();
            self.access.add_member(ORG, &new, &by).unwrap();
            self.grant(id, names(role), None);
        }
        let role = self.role();
        let new = NewServiceAccount {
            id: Some(ACCOUNT.to_owned()),
            name: "Robot".to_owned(),
            role,
        };
        let by = self.by();
        self.access.create_service_account(ORG, &new, &by).unwrap();
        self.grant(ACCOUNT, names(role), None);
    }

    fn roles(&mut self) {
        for role in [Role::Auditor, Role::Member, Role::Writer] {
            self.roles
                .push((role.into(), names(role), RoleScope::Organization));
        }
        let choice = [
            "audit:read",
            "audit:read_own",
            "audit:write",
            "audit:verify",
        ];
        for number in 0..4 {
            let scope = match self.dice.once_in(2) {
                true => RoleScope::Project,
                false => RoleScope::Organization,
            };
            let picked: BTreeSet<&'static str> =
                (0..2).map(|_| *self.dice.pick(&choice).unwrap()).collect();
            let new = NewRole {
                id: Some(format!("r{number}")),
                name: format!("r{number}"),
                description: None,
                permissions: picked.iter().map(|&one| one.to_owned()).collect(),
                scope,
            };
            let by = self.by();
            let made = self.access.create_role(ORG, &new, &by).unwrap();
            self.roles.push((RoleName::new(made.id), picked, scope));
        }
    }

    /// Some roles for members and the account, some by a group, some in a project; a few taken away again.
    fn grants(&mut self) {
        let group = NewGroup {
            id: Some("g".to_owned()),
            name: "g".to_owned(),
        };
        let by = self.by();
        self.access.create_group(ORG, &group, &by).unwrap();
        let inside: Vec<&str> = MEMBERS
            .into_iter()
            .filter(|_| self.dice.once_in(2))
            .collect();
        for member in &inside {
            let by = self.by();
            self.access
                .set_group_member(ORG, "g", member, true, &by)
                .unwrap();
        }
        for _ in 0..5 {
            let (role, permissions, scope) = self.dice.pick(&self.roles).unwrap().clone();
            let built_in = role.built_in().is_some();
            let in_project = scope == RoleScope::Project || built_in && self.dice.once_in(2);
            let project = in_project.then(|| (*self.dice.pick(&PROJECTS).unwrap()).to_owned());
            let everyone = [&MEMBERS[..], &[ACCOUNT, "g"]].concat();
            let who = *self.dice.pick(&everyone).unwrap();
            let new = NewAssignment {
                role,
                principal: Assignee {
                    kind: match who {
                        "g" => AssigneeKind::Group,
                        ACCOUNT => AssigneeKind::ServiceAccount,
                        _ => AssigneeKind::User,
                    },
                    id: who.to_owned(),
                },
                project: project.clone(),
            };
            // The same role twice is refused.
            let by = self.by();
            let Ok(made) = self.access.assign(ORG, &new, &by) else {
                continue;
            };
            if self.dice.once_in(4) {
                let by = self.by();
                self.access.unassign(ORG, &made.id, &by).unwrap();
                continue;
            }
            match who {
                "g" => {
                    for member in inside.clone() {
                        self.grant(member, permissions.clone(), project.clone());
                    }
                }
                _ => self.grant(who, permissions, project),
            }
        }
    }

    fn token(&mut self) -> Option<Token> {
        let owner = *self
            .dice
            .pick(&[&MEMBERS[..], &[ACCOUNT]].concat())
            .unwrap();
        let role = match self.dice.once_in(2) {
            true => Some(self.dice.pick(&self.roles).unwrap().clone()),
            false => None,
        };
        let some = |dice: &mut Dice, from: &[&str]| {
            dice.once_in(3)
                .then(|| (*dice.pick(from).unwrap()).to_owned())
        };
        let project = some(self.dice, &PROJECTS);
        let only_type = some(self.dice, &TYPES);
        let not_actor = some(self.dice, &MEMBERS);
        let mut words = Vec::new();
        words.extend(only_type.iter().map(|only| format!("type={only}")));
        words.extend(not_actor.iter().map(|not| format!("not.actor_id={not}")));
        let new = NewToken {
            role: role.as_ref().map(|(name, _, _)| name.clone()),
            project: project.clone(),
            view: View {
                filter: docket_surfaces::read_view(&words).unwrap(),
                cross_vendor: self.dice.once_in(2),
            },
            view_words: words,
            ..NewToken::of_owner(owner)
        };
        // One that allows nothing is refused.
        let by = self.by();
        let made = self.access.create_token(ORG, &new, &by).ok()?;
        Some(Token {
            secret: made.secret.reveal().to_owned(),
            owner: owner.to_owned(),
            owner_kind: kind(owner).1,
            role: role.map(|(_, permissions, _)| permissions),
            project,
            only_type,
            not_actor,
        })
    }

    fn events(&mut self, engine: &Engine) -> (Vec<Fact>, HashMap<String, String>) {
        let log = engine.log(ORG).unwrap().unwrap();
        let mut facts = own_events(engine);
        let ids = (0..log.size()).map(|at| log.get(at).unwrap().unwrap().id.to_string());
        let marks = facts.iter().map(|fact| fact.mark.clone());
        let mut marks: HashMap<String, String> = ids.zip(marks).collect();
        for number in 0..EVENTS {
            let actor = *self
                .dice
                .pick(&[&MEMBERS[..], &[ACCOUNT, "stranger"]].concat())
                .unwrap();
            // Somebody else may have a member's id.
            let (kind, word) = match self.dice.once_in(8) {
                true => (ActorKind::System, "system"),
                false => kind(actor),
            };
            let project = self
                .dice
                .pick(&[None, Some("p0"), Some("p1"), Some("p2")])
                .unwrap();
            let fact = Fact {
                mark: format!("mark-{number}"),
                event_type: (*self.dice.pick(&TYPES).unwrap()).to_owned(),
                actor_kind: word,
                actor: actor.to_owned(),
                project: project.map(str::to_owned),
            };
            let event = Event {
                event_type: fact.event_type.clone(),
                actor: Some(Actor {
                    kind,
                    id: Some(fact.actor.clone()),
                    ..Actor::default()
                }),
                project: fact.project.clone().map(|id| Project {
                    id: Some(id),
                    name: None,
                }),
                targets: vec![Target {
                    kind: "project".to_owned(),
                    id: Some("t".to_owned()),
                    name: None,
                    data: None,
                }],
                request_id: Some(fact.mark.clone()),
                ..Event::default()
            };
            let request = Request {
                events: vec![event],
                ..Request::default()
            };
            let appended = log.append(request).unwrap().wait().unwrap();
            marks.insert(appended.ids[0].to_string(), fact.mark.clone());
            facts.push(fact);
        }
        (facts, marks)
    }
}

/// What Docket itself has recorded so far: it can be asked for, too.
fn own_events(engine: &Engine) -> Vec<Fact> {
    let log = engine.log(ORG).unwrap().unwrap();
    let all = (0..log.size()).map(|at| log.get(at).unwrap().unwrap());
    all.map(|recorded| Fact {
        mark: recorded.event.request_id.clone().unwrap(),
        event_type: recorded.event.event_type.clone(),
        actor_kind: "system",
        actor: "docket-cli".to_owned(),
        // Its own, or the one project that it is about.
        project: recorded.event.project_of().map(|(id, _)| id.to_owned()),
    })
    .collect()
}
