//! Every change is told of, once, and is not made when its event cannot be stored.

use docket_access::{AccessError, Done, INSTANCE_ORG, InstanceAction, NewOrganization};
use docket_engine::store::Record;
use docket_engine::testing::memory::{Memory, WriteFault};
use docket_event::{Fault, Filter, Recorded};

use crate::day::{Do, Step, day, filled};
use crate::world::{World, world_over};

fn no_view(_: &[String]) -> Result<Filter, Fault> {
    Ok(Filter::default())
}

fn perform(world: &World, step: &Step, ids: &[(String, String)]) -> Result<Done, AccessError> {
    match &step.what {
        Do::Here(action) => {
            let action = filled(action, ids);
            world.access.perform("acme", action, no_view, &world.by)
        }
        Do::Instance(action) => world.access.perform_on_instance(action.clone(), &world.by),
    }
}

/// The log in which a step is told of.
fn log_of(step: &Step) -> &'static str {
    match &step.what {
        Do::Here(_) => "acme",
        Do::Instance(InstanceAction::OrganizationCreate(_)) => "second",
        Do::Instance(_) => INSTANCE_ORG,
    }
}

fn told(world: &World, org: &str) -> Vec<Recorded> {
    match world.access.engine().log(org).unwrap() {
        Some(_) => world.events(org),
        None => Vec::new(),
    }
}

/// All records of all organizations.
fn records(store: &Memory) -> Vec<Record> {
    use docket_engine::store::Store;
    let mut all = Vec::new();
    for org in ["", "acme", "second", INSTANCE_ORG] {
        for kind in store.record_kinds(org).unwrap() {
            all.extend(store.records(org, &kind).unwrap());
        }
    }
    all
}

#[test]
fn each_change_of_a_day_is_told_of_once_and_in_order() {
    let store = Memory::new(4_096);
    let world = world_over(store.clone());
    world.init("acme");
    let mut ids = Vec::new();
    let (mut changes, mut expected) = (0, world.types("acme"));
    for step in day() {
        let org = log_of(&step);
        let before = told(&world, org).len();
        let done = perform(&world, &step, &ids).unwrap_or_else(|error| {
            panic!("{:?}: {error}", step.events);
        });
        if !step.keep.is_empty() {
            let id = done.document()["id"].as_str().unwrap();
            ids.push((step.keep.to_owned(), id.to_owned()));
        }
        let new = told(&world, org).split_off(before);
        let types: Vec<&str> = new
            .iter()
            .map(|one| one.event.event_type.as_str())
            .collect();
        assert_eq!(types, step.events);
        for one in &new {
            let event = &one.event;
            assert_eq!(event.actor, Some(world.by.actor.clone()), "{event:?}");
            assert_eq!(event.origin.as_ref().unwrap().surface, "docket");
            assert!(!event.targets.is_empty(), "{event:?}");
            let data = event.data.as_ref().map_or("", |data| data.text());
            let tells = data.contains("\"before\":") || data.contains("\"after\":");
            assert!(tells, "{event:?}");
            if event.event_type.contains("updated") {
                assert!(tells && !data.contains("created_at"), "{event:?}");
            }
        }
        changes += usize::from(!new.is_empty());
        if org == "acme" {
            expected.extend(step.events.iter().map(|&one| one.to_owned()));
        }
    }
    assert!(changes >= 60, "{changes}");
    assert_eq!(world.types("acme"), expected);
}

#[test]
fn without_its_event_no_change_happens() {
    for fault in [WriteFault::Busy, WriteFault::Unavailable] {
        let store = Memory::new(4_096);
        let world = world_over(store.clone());
        world.init("acme");
        // So that the logs are there: making one is a write of its own.
        for org in ["second", INSTANCE_ORG] {
            world.access.engine().create_log(org).unwrap();
        }
        let mut ids = Vec::new();
        for step in day() {
            let before = (records(&store), told(&world, log_of(&step)).len());
            if !step.events.is_empty() {
                store.fail_write(0, fault);
                let refused = perform(&world, &step, &ids);
                store.forget_faults();
                let refused = refused.expect_err("its commit failed");
                assert!(
                    matches!(refused, AccessError::Busy(_) | AccessError::Unavailable(_)),
                    "{:?}: {refused}",
                    step.events
                );
                let after = (records(&store), told(&world, log_of(&step)).len());
                assert_eq!(after, before, "{:?}", step.events);
            }
            let done = perform(&world, &step, &ids).unwrap();
            if !step.keep.is_empty() {
                let id = done.document()["id"].as_str().unwrap();
                ids.push((step.keep.to_owned(), id.to_owned()));
            }
        }
    }
}

#[test]
fn the_end_of_an_organization_is_in_its_log_and_the_instances() {
    let world = world_over(Memory::new(4_096));
    let made = world.init("acme");
    world.access.delete_organization("acme", &world.by).unwrap();
    assert!(!world.lets_in(made.secret.reveal()));
    assert_eq!(
        world.types("acme").last().unwrap(),
        "docket.organization.deleted"
    );
    assert_eq!(world.types(INSTANCE_ORG), ["docket.organization.deleted"]);
    assert!(world.access.organization("acme").unwrap().is_none());
    assert!(world.access.organizations().unwrap().is_empty());
    let again = world
        .access
        .init(&NewOrganization::new("acme", "a@b.c"), &world.by);
    assert!(matches!(again, Err(AccessError::Conflict(_))), "{again:?}");
    let twice = world.access.delete_organization("acme", &world.by);
    assert!(matches!(twice, Err(AccessError::Unknown(_))));
}
