//! What a body looks like: a JSON Schema with its name and the schemas that it refers to.

use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// What a body looks like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its name in the document.
    pub name: String,
    /// Its schema.
    pub schema: Value,
    /// The schemas that it refers to, by name.
    pub parts: Vec<(String, Value)>,
}

impl Shape {
    /// The shape of a type.
    pub fn of<T: ToSchema>() -> Self {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        let parts = parts.into_iter();
        Shape {
            name: T::name().into_owned(),
            schema: written(&<T as PartialSchema>::schema()),
            parts: parts.map(|(name, part)| (name, written(&part))).collect(),
        }
    }

    /// The shape of a part of a list of these.
    pub fn list<T: ToSchema>() -> Self {
        let item = Shape::of::<T>();
        let schema = json!({
            "type": "object",
            "description": "A part of a list, by id.",
            "required": ["data", "has_more"],
            "properties": {
                "data": { "type": "array", "items": item.reference() },
                "has_more": { "type": "boolean", "description": "Whether more stand behind them." },
                "next": {
                    "type": ["string", "null"],
                    "description": "What to ask for next with `after`, if there is more.",
                },
            },
        });
        Shape::written(&format!("{}List", item.name), schema).with(item)
    }

    /// A shape that no type has.
    pub fn written(name: &str, schema: Value) -> Self {
        Shape {
            name: name.to_owned(),
            schema,
            parts: Vec::new(),
        }
    }

    /// The same, referring to another one as well.
    #[must_use]
    pub fn with(mut self, other: Shape) -> Self {
        self.parts.push((other.name, other.schema));
        self.parts.extend(other.parts);
        self
    }

    /// Where the document has the schema.
    pub fn reference(&self) -> Value {
        reference(&self.name)
    }

    /// The schema and all that it refers to, by name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        let parts = self.parts.iter().map(|(name, part)| (name.as_str(), part));
        std::iter::once((self.name.as_str(), &self.schema)).chain(parts)
    }
}

/// Where the document has the schema of that name.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// A schema of the library's as a document; a schema that cannot be written allows everything.
fn written<T: serde::Serialize>(schema: &T) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}
