//! Both ends of the control socket.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docket_access::{Access, Action, InstanceAction, NewMember, NewOrganization, Role};
use docket_engine::testing::memory::Memory;
use docket_engine::{Engine, Environment, Params};
use tokio::sync::oneshot;

use super::*;
use crate::operations::{FailureKind, Operation, Operations, Order, VERSION};

fn operations() -> Operations {
    let store = Arc::new(Memory::new(4_096));
    let engine = Engine::open(store, Params::default(), Environment::system()).unwrap();
    Operations::new(Access::open(engine))
}

fn order(operation: Operation) -> Order {
    Order {
        version: VERSION.to_owned(),
        user: None,
        operation,
    }
}

fn init(org: &str) -> Order {
    let new = NewOrganization::new(org, "a@b");
    order(Operation::Instance(InstanceAction::OrganizationCreate(new)))
}

/// Serves in `folder` while `work` runs on a thread of its own.
fn serving(folder: &Path, work: impl FnOnce(PathBuf) + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let control = Control::bind(folder, operations()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(control.run(async {
            let _ = stopped.await;
        }));
        let path = folder.to_owned();
        tokio::task::spawn_blocking(move || work(path))
            .await
            .unwrap();
        stop.send(()).unwrap();
        running.await.unwrap();
    });
    assert!(
        !folder.join(SOCKET_NAME).exists(),
        "the socket goes with its server"
    );
}

#[test]
fn orders_are_carried_out_over_there() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Connection::open(folder.path()).unwrap().is_none());
    serving(folder.path(), |folder| {
        let mode = std::fs::metadata(folder.join(SOCKET_NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut connection = Connection::open(&folder).unwrap().unwrap();
        let made = connection.call(&init("acme")).unwrap();
        let Reply::Done(done) = &made else {
            panic!("{made:?}")
        };
        assert_eq!(done.document()["id"], "acme");
        let token = done.document()["token"]["token"].as_str().unwrap();
        assert!(!format!("{made:?}").contains(token));
        // A failure leaves the connection as it was.
        let again = connection.call(&init("acme")).unwrap_err();
        let CallError::Failed(failure) = again else {
            panic!("{again}")
        };
        assert_eq!(failure.kind, FailureKind::Conflict);
        let add = Action::MemberAdd(NewMember {
            email: "m@b".to_owned(),
            id: Some("m".to_owned()),
            name: None,
            role: Role::Member,
        });
        let add = Operation::Access {
            org: "acme".to_owned(),
            action: Box::new(add),
        };
        let Reply::Done(done) = connection.call(&order(add)).unwrap() else {
            panic!("no document")
        };
        assert_eq!(done.document()["id"], "m");
    });
    assert!(Connection::open(folder.path()).unwrap().is_none());
}

#[test]
fn a_folder_may_lie_deep() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("x".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    serving(&deep, |folder| {
        let mut connection = Connection::open(&folder).unwrap().unwrap();
        assert!(connection.call(&init("acme")).is_ok());
    });
}

#[test]
fn what_a_dead_server_left_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.path().join(SOCKET_NAME)).unwrap());
    assert!(Connection::open(folder.path()).unwrap().is_none());
    serving(folder.path(), |folder| {
        assert!(Connection::open(&folder).unwrap().is_some())
    });
}

#[test]
fn another_version_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    serving(folder.path(), |folder| {
        let mut connection = Connection::open(&folder).unwrap().unwrap();
        let other = Order {
            version: "9.9.9".to_owned(),
            ..init("acme")
        };
        let error = connection.call(&other).unwrap_err().to_string();
        assert!(
            error.contains(VERSION) && error.contains("9.9.9"),
            "{error}"
        );
    });
}

#[test]
fn messages_beyond_reason_end_their_connection_only() {
    let folder = tempfile::tempdir().unwrap();
    serving(folder.path(), |folder| {
        let mut stream = UnixStream::connect(folder.join(SOCKET_NAME)).unwrap();
        stream.write_all(&u32::MAX.to_be_bytes()).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        let mut stream = UnixStream::connect(folder.join(SOCKET_NAME)).unwrap();
        stream.write_all(b"\0\0\0\x08nonsense").unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut answer).unwrap();
        assert!(
            String::from_utf8(answer)
                .unwrap()
                .contains("does not know this order")
        );
        assert!(
            Connection::open(&folder)
                .unwrap()
                .unwrap()
                .call(&init("acme"))
                .is_ok()
        );
    });
}
