//! The vendor's messages as `proto/audit_log.proto` declares them: what a member is called and what it holds.
//!
//! Everything that is read, printed or sent walks these tables, so no message is described twice.

mod ignored;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use docket_event::{Timestamp, Value};
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use crate::json::integer;

/// The package of the vendor's messages, as descriptors spell it.
const PACKAGE: &str = ".clarifai.api";
const TIME: &str = ".google.protobuf.Timestamp";
const FLAG: &str = ".google.protobuf.BoolValue";

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::compiled);

/// What is asked.
pub static REQUEST: LazyLock<&Message> = LazyLock::new(|| message("PostAuditLogSearchesRequest"));
/// What is answered.
pub static RESPONSE: LazyLock<&Message> = LazyLock::new(|| message("MultiAuditLogEntryResponse"));
/// One entry of the log.
pub static ENTRY: LazyLock<&Message> = LazyLock::new(|| message("AuditLogEntry"));

/// All messages.
#[derive(Debug)]
pub struct Schema {
    messages: HashMap<String, Message>,
    enums: HashMap<String, Enum>,
}

/// One message.
#[derive(Debug)]
pub struct Message {
    /// Its name without the package.
    pub name: String,
    /// Its fields in the order in which they are printed.
    pub fields: Vec<Field>,
    /// Whether at most one field may be there.
    pub is_choice: bool,
    /// Fields that the vendor knows and nothing here looks at.
    ignored: &'static [&'static str],
}

/// One field of a message.
#[derive(Debug)]
pub struct Field {
    /// The name that is printed.
    pub name: String,
    /// The other name that is understood, in camel case.
    json_name: String,
    /// The number on the wire.
    pub number: u32,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is a list of that.
    pub repeated: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// An unsigned number of 32 bits.
    Whole,
    /// One of the named numbers of this enum.
    Enum(String),
    /// An instant.
    Time,
    /// A boolean that may be absent.
    FlagValue,
    /// The message of this name.
    Message(String),
}

/// The names of an enum.
#[derive(Debug)]
pub struct Enum {
    /// Its name without the package.
    pub name: String,
    numbers: HashMap<String, i32>,
}

/// The message of that name.
///
/// # Panics
/// When the proto file has none.
pub fn message(name: &str) -> &'static Message {
    let found = SCHEMA.messages.get(name);
    found.expect("the proto file declares every message that is named")
}

/// The enum of that name.
///
/// # Panics
/// When the proto file has none.
pub fn named_numbers(name: &str) -> &'static Enum {
    let found = SCHEMA.enums.get(name);
    found.expect("the proto file declares every enum that is named")
}

impl Message {
    /// The field that `name` means, in either spelling.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| field.name == name || field.json_name == name)
    }

    /// Whether the vendor has a field of that name, in either spelling, which is of no use here.
    pub fn ignores(&self, name: &str) -> bool {
        self.ignored
            .iter()
            .any(|known| *known == name || same_in_camel_case(known, name))
    }

    fn place(&self, name: &str) -> usize {
        self.fields
            .iter()
            .position(|field| field.name == name)
            .unwrap_or(self.fields.len())
    }
}

impl Field {
    /// The message that the field holds, if it holds one.
    pub fn message(&self) -> Option<&'static Message> {
        match &self.kind {
            Kind::Message(name) => Some(message(name)),
            Kind::Text
            | Kind::Flag
            | Kind::Whole
            | Kind::Enum(_)
            | Kind::Time
            | Kind::FlagValue => None,
        }
    }
}

impl Enum {
    /// The number that `name` stands for.
    pub fn number(&self, name: &str) -> Option<i32> {
        self.numbers.get(name).copied()
    }
}

fn same_in_camel_case(snake: &str, name: &str) -> bool {
    let mut camel = String::with_capacity(snake.len());
    for word in snake.split('_') {
        match (camel.is_empty(), word.split_at_checked(1)) {
            (false, Some((first, rest))) => camel.extend([&*first.to_ascii_uppercase(), rest]),
            _ => camel.push_str(word),
        }
    }
    camel == name
}

/// `value` as the vendor spells it: names of fields in snake case, named numbers as numbers, fields in the order
/// in which they are printed and behind them what the vendor does not know. Nothing is lost and nothing refused.
pub fn usual<'a>(value: &Value<'a>, message: &Message) -> Value<'a> {
    let Value::Object(members) = value else {
        return value.clone();
    };
    let renamed = members.iter().map(|(name, member)| {
        let field = message.field(name);
        // With both spellings there, neither can take the other's place.
        let field = field.filter(|field| *name == field.name || value.get(&field.name).is_none());
        let Some(field) = field else {
            return (name.clone(), member.clone());
        };
        let member = match member {
            Value::Array(all) if field.repeated => {
                Value::Array(all.iter().map(|one| usual_element(one, field)).collect())
            }
            one => usual_element(one, field),
        };
        (Cow::Owned(field.name.clone()), member)
    });
    ordered_members(renamed.collect(), message)
}

fn usual_element<'a>(value: &Value<'a>, field: &Field) -> Value<'a> {
    match (&field.kind, value) {
        (Kind::Message(name), _) => usual(value, message(name)),
        (Kind::Enum(name), _) => match number_of(value, name) {
            Some(number) => Value::integer(number.into()),
            None => value.clone(),
        },
        (Kind::Time, Value::Object(_)) => match time_of(value) {
            Some(time) => Value::string(time.to_string()),
            None => value.clone(),
        },
        (Kind::Text | Kind::Flag | Kind::Whole | Kind::Time | Kind::FlagValue, _) => value.clone(),
    }
}

/// The number that a name of the enum or a spelling of a number means.
fn number_of(value: &Value<'_>, name: &str) -> Option<i32> {
    let named = value
        .as_str()
        .and_then(|word| named_numbers(name).number(word));
    named.or_else(|| integer(value).and_then(|number| number.try_into().ok()))
}

/// The time that clients without a JSON form of it write as its two fields.
fn time_of(value: &Value<'_>) -> Option<Timestamp> {
    let field = |name: &str| value.get(name).map_or(Some(0), integer);
    let known = |(name, _): &(Cow<'_, str>, _)| matches!(&**name, "seconds" | "nanos");
    let nanos = u32::try_from(field("nanos")?).ok()?;
    let time = Timestamp::new(field("seconds")?, nanos)?;
    value.as_object()?.iter().all(known).then_some(time)
}

/// `value` with the fields of every message in the order in which they are printed.
pub fn ordered<'a>(value: Value<'a>, message: &Message) -> Value<'a> {
    let Value::Object(members) = value else {
        return value;
    };
    let inner = members.into_iter().map(|(name, member)| {
        let of = message.field(&name).and_then(Field::message);
        let member = match (of, member) {
            (Some(of), Value::Array(all)) => {
                Value::Array(all.into_iter().map(|one| ordered(one, of)).collect())
            }
            (Some(of), one) => ordered(one, of),
            (None, one) => one,
        };
        (name, member)
    });
    ordered_members(inner.collect(), message)
}

fn ordered_members<'a>(
    mut members: Vec<(Cow<'a, str>, Value<'a>)>,
    message: &Message,
) -> Value<'a> {
    members.sort_by_key(|(name, _)| message.place(name));
    Value::Object(members)
}

impl Schema {
    fn compiled() -> Self {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/audit_log.bin"));
        let set = FileDescriptorSet::decode(&bytes[..]);
        let set = set.expect("the build script writes a descriptor");
        let mut schema = Schema {
            messages: HashMap::new(),
            enums: HashMap::new(),
        };
        let own = set
            .file
            .iter()
            .filter(|file| file.package() == PACKAGE.trim_start_matches('.'));
        for file in own {
            for message in &file.message_type {
                schema.add_message(message);
            }
            for one in &file.enum_type {
                schema.add_enum("", one);
            }
        }
        schema
    }

    fn add_message(&mut self, declared: &DescriptorProto) {
        let name = declared.name().to_owned();
        for one in &declared.enum_type {
            self.add_enum(&format!("{name}."), one);
        }
        let message = Message {
            fields: declared.field.iter().map(Field::of).collect(),
            is_choice: !declared.oneof_decl.is_empty(),
            ignored: ignored::fields(&name),
            name: name.clone(),
        };
        self.messages.insert(name, message);
    }

    fn add_enum(&mut self, outer: &str, declared: &EnumDescriptorProto) {
        let name = format!("{outer}{}", declared.name());
        let numbers = declared
            .value
            .iter()
            .map(|value| (value.name().to_owned(), value.number()));
        let numbers = numbers.collect();
        self.enums.insert(name.clone(), Enum { name, numbers });
    }
}

impl Field {
    fn of(declared: &FieldDescriptorProto) -> Self {
        let type_name = declared.type_name();
        let own = type_name
            .strip_prefix(PACKAGE)
            .and_then(|name| name.strip_prefix('.'))
            .unwrap_or_default();
        let kind = match declared.r#type() {
            Type::String => Kind::Text,
            Type::Bool => Kind::Flag,
            Type::Enum => Kind::Enum(own.to_owned()),
            Type::Message if type_name == TIME => Kind::Time,
            Type::Message if type_name == FLAG => Kind::FlagValue,
            Type::Message => Kind::Message(own.to_owned()),
            _ => Kind::Whole,
        };
        Field {
            name: declared.name().to_owned(),
            json_name: declared.json_name().to_owned(),
            number: u32::try_from(declared.number()).expect("field numbers are positive"),
            kind,
            repeated: declared.label() == Label::Repeated,
        }
    }
}

#[cfg(test)]
mod tests;
