//! Takes the members of an event's objects by name, noting every fault with its path.

use std::borrow::Cow;
use std::fmt;

use crate::fault::{Fault, Faults};
use crate::json::{Json, Kind, Node, Nodes};
use crate::rules::{FAULTS_MAX, TEXT_BYTES_MAX};
use crate::time::Timestamp;

/// Where in the event a value stands; becomes text only when there is a fault to report.
pub(super) enum Path<'p> {
    Root,
    Name(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, &'p str, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Name(Path::Root, name) => f.write_str(name),
            Path::Name(parent, name) => write!(f, "{parent}.{name}"),
            Path::Index(Path::Root, name, index) => write!(f, "{name}[{index}]"),
            Path::Index(parent, name, index) => write!(f, "{parent}.{name}[{index}]"),
        }
    }
}

/// The members of one object, each of which is asked for once; what nobody asked for is unknown.
///
/// Writers keep to one order, which mostly is the order of asking: a member is looked for behind the last
/// one that was found, then before it.
pub(super) struct Members<'n, 'v, 'p, 'f> {
    object: Node<'n, 'v>,
    all: Nodes<'n, 'v>,
    ahead: Nodes<'n, 'v>,
    /// How many members stand before `ahead`.
    behind: usize,
    taken: Taken,
    /// How many have been taken.
    found: usize,
    path: &'p Path<'p>,
    faults: &'f mut Faults,
}

/// Which members have been asked for, by their place.
#[derive(Default)]
struct Taken {
    first: u64,
    later: Vec<usize>,
}

impl Taken {
    fn add(&mut self, index: usize) {
        match bit(index) {
            0 => self.later.push(index),
            bit => self.first |= bit,
        }
    }

    fn has(&self, index: usize) -> bool {
        match bit(index) {
            0 => self.later.contains(&index),
            bit => self.first & bit != 0,
        }
    }
}

/// The bit of a place in a `u64`; 0 for those that it has no bit for.
fn bit(index: usize) -> u64 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    1_u64.checked_shl(index).unwrap_or_default()
}

impl<'n, 'v, 'p, 'f> Members<'n, 'v, 'p, 'f> {
    pub fn of(node: Node<'n, 'v>, path: &'p Path<'p>, faults: &'f mut Faults) -> Option<Self> {
        let Some(all) = node.members() else {
            let reason = format!("is {}; write an object", node.kind().words());
            let path = match path.to_string() {
                root if root.is_empty() => return fail(faults, "", format!("the event {reason}")),
                inner => inner,
            };
            return fail(faults, &path, reason);
        };
        Some(Members {
            object: node,
            all,
            ahead: all,
            behind: 0,
            taken: Taken::default(),
            found: 0,
            path,
            faults,
        })
    }

    /// Reads all members.
    pub fn read<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let found = read(&mut self);
        self.finish();
        found
    }

    /// Takes the member `name`; an explicit null counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Node<'n, 'v>> {
        if !self.object.may_have(name) {
            return None;
        }
        let node = self
            .find(name, self.ahead, self.behind, usize::MAX)
            .or_else(|| self.find(name, self.all, 0, self.behind))?;
        (node.kind() != Kind::Null).then_some(node)
    }

    /// Looks for a member among `nodes`, the first of which has place `from`, up to place `to`.
    fn find(
        &mut self,
        name: &str,
        mut nodes: Nodes<'n, 'v>,
        from: usize,
        to: usize,
    ) -> Option<Node<'n, 'v>> {
        for index in from..to {
            let node = nodes.next()?;
            if node.is_named(name) {
                self.ahead = nodes;
                self.behind = index + 1;
                self.taken.add(index);
                self.found += 1;
                return Some(node);
            }
        }
        None
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        let node = self.take(name)?;
        self.text_of(name, node)
    }

    fn text_of(&mut self, name: &str, node: Node<'n, 'v>) -> Option<String> {
        let text = self.string_of(name, node)?;
        if text.len() > TEXT_BYTES_MAX {
            let reason = format!(
                "has {} bytes; at most {TEXT_BYTES_MAX} are kept",
                text.len()
            );
            return self.fault(name, reason);
        }
        Some(text.into_owned())
    }

    pub fn long_text(&mut self, name: &str) -> Option<String> {
        self.string(name).map(Cow::into_owned)
    }

    fn string(&mut self, name: &str) -> Option<Cow<'v, str>> {
        let node = self.take(name)?;
        self.string_of(name, node)
    }

    fn string_of(&mut self, name: &str, node: Node<'n, 'v>) -> Option<Cow<'v, str>> {
        let reason = || format!("is {}; write a string", node.kind().words());
        node.string().or_else(|| self.fault(name, reason()))
    }

    pub fn required_text(&mut self, name: &str) -> String {
        let Some(node) = self.take(name) else {
            self.fault::<()>(name, "is missing".to_owned());
            return String::new();
        };
        let text = self.text_of(name, node);
        if text.as_ref().is_some_and(String::is_empty) {
            self.fault::<()>(name, "is empty".to_owned());
        }
        text.unwrap_or_default()
    }

    pub fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(node) = self.take(name) else {
            return Vec::new();
        };
        let texts: Option<Vec<String>> = node.elements().and_then(|all| {
            all.map(|element| element.string().map(Cow::into_owned))
                .collect()
        });
        texts.unwrap_or_else(|| {
            self.fault::<()>(name, "is no array of strings".to_owned());
            Vec::new()
        })
    }

    pub fn time(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.string(name)?;
        match Timestamp::parse(&text) {
            Ok(time) => Some(time),
            Err(reason) => self.fault(name, reason),
        }
    }

    pub fn word<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.string(name)?;
        match parse(&text) {
            Ok(word) => Some(word),
            Err(reason) => self.fault(name, reason),
        }
    }

    pub fn object(&mut self, name: &str) -> Option<Json> {
        let node = self.take(name)?;
        match node.kind() {
            Kind::Object => Some(Json::of_node(node)),
            other => self.fault(name, format!("is {}; write an object", other.words())),
        }
    }

    pub fn json(&mut self, name: &str) -> Option<Json> {
        self.take(name).map(Json::of_node)
    }

    pub fn inner<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Members<'n, 'v, '_, '_>) -> T,
    ) -> Option<T> {
        let node = self.take(name)?;
        let path = Path::Name(self.path, name);
        Members::of(node, &path, self.faults).map(|inner| inner.read(read))
    }

    pub fn list<T>(
        &mut self,
        name: &str,
        max: usize,
        read: impl Fn(&mut Members<'n, 'v, '_, '_>) -> T,
    ) -> Vec<T> {
        let Some(node) = self.take(name) else {
            return Vec::new();
        };
        let Some(elements) = node.elements() else {
            let reason = format!("is {}; write an array", node.kind().words());
            self.fault::<()>(name, reason);
            return Vec::new();
        };
        let count = node.count();
        if count > max {
            self.fault::<()>(
                name,
                format!("has {count} elements; at most {max} are kept"),
            );
            return Vec::new();
        }
        let mut found = Vec::with_capacity(count);
        for (index, element) in elements.enumerate() {
            let path = Path::Index(self.path, name, index);
            found.extend(Members::of(element, &path, self.faults).map(|inner| inner.read(&read)));
        }
        found
    }

    fn fault<T>(&mut self, name: &str, reason: String) -> Option<T> {
        let path = Path::Name(self.path, name).to_string();
        fail(self.faults, &path, reason)
    }

    /// Reports the members that nobody asked for.
    pub fn finish(self) {
        if self.found == self.object.count() {
            return;
        }
        for (index, node) in self.all.enumerate() {
            if !self.taken.has(index) && node.kind() != Kind::Null {
                let path = Path::Name(self.path, &node.name()).to_string();
                fail::<()>(self.faults, &path, "is no member of an event".to_owned());
            }
        }
    }
}

fn fail<T>(faults: &mut Faults, path: &str, reason: String) -> Option<T> {
    if faults.len() < FAULTS_MAX {
        faults.push(Fault::new(path, reason));
    }
    None
}
