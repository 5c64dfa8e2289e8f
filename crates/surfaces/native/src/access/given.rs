//! What a request gives to its deed: parts of the path, a part of a list, a body.

use docket_access::{INSTANCE_ORG, LIST_MAX, Part};
use docket_event::Fault;
use docket_surfaces_kit::Asked;
use docket_surfaces_kit::auth::Principal;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::Problem;
use crate::parameters::Parameters;
use crate::query::number;
use crate::routes::Needs;

/// Most bytes of a body that asks for a change of access.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// Most characters of what a body is told to be wrong with: it may quote the body.
const REASON_CHARS_MAX: usize = 300;

/// What a route heeds of a request besides its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Nothing.
    Nothing,
    /// Which part of a list is wanted.
    Part,
    /// A body.
    Body,
}

/// What a request gives to its deed.
pub struct Given {
    segments: Vec<(String, String)>,
    part: Part,
    /// The body, where one is heeded.
    pub text: String,
}

impl Given {
    /// What stands in path and query string.
    pub fn read(
        asked: &Asked,
        segments: Vec<(String, String)>,
        asks: Asks,
    ) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(asked)?;
        let mut part = Part::default();
        if asks == Asks::Part {
            part.limit = parameters.one("limit", |text| number(text, LIST_MAX));
            part.after = parameters.one("after", |id| Ok(id.to_owned()));
        }
        parameters.finish()?;
        Ok(Given {
            segments,
            part,
            text: String::new(),
        })
    }

    /// The organization that it is about.
    pub fn org(&self, caller: Option<&Principal>, needs: Needs) -> String {
        let of_caller = || caller.map(|caller| caller.org.clone()).unwrap_or_default();
        match needs {
            Needs::NamedOrganizationAdmin => self.segment("org"),
            Needs::OrganizationAdmin | Needs::Reading => of_caller(),
            Needs::Permission(_) | Needs::Nothing | Needs::Code => INSTANCE_ORG.to_owned(),
        }
    }

    /// The part of the path that has this name.
    pub fn segment(&self, name: &str) -> String {
        named(&self.segments, name).unwrap_or_default().to_owned()
    }

    /// The part of the path that is called `id`.
    pub fn id(&self) -> String {
        self.segment("id")
    }

    /// Which part of a list is wanted.
    pub fn part(&self) -> Part {
        self.part.clone()
    }

    /// What the body holds.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        read(&self.text)
    }

    /// What the body holds, or what stands for an empty one.
    pub fn body_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        match self.text.trim_ascii().is_empty() {
            true => Ok(T::default()),
            false => read(&self.text),
        }
    }
}

/// The part of a path that has this name.
pub fn named<'s>(segments: &'s [(String, String)], name: &str) -> Option<&'s str> {
    let found = segments.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Reads a JSON object.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    // A list of a thing's members in their order would be read as the thing.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Problem::no_object("", "send a JSON object".to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader);
    let value = read.map_err(|error| {
        let path = match error.path().to_string() {
            whole if whole == "." => String::new(),
            path => path,
        };
        wrong(&path, error.inner())
    })?;
    reader.end().map_err(|error| wrong("", &error))?;
    Ok(value)
}

fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    let reason: String = error.to_string().chars().take(REASON_CHARS_MAX).collect();
    match error.classify() {
        Category::Data => Problem::value(Fault::new(path, reason)),
        // What comes behind a syntax error has no path.
        Category::Syntax | Category::Eof | Category::Io => Problem::no_object("", reason),
    }
}

#[cfg(test)]
mod tests {
    use docket_access::{NewAssignment, NewRole};

    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_path() {
        let check = |text: &str, path: &str, words: &str| {
            let told = format!("{:?}", read::<NewRole>(text).unwrap_err());
            assert!(told.contains(&format!("path: {path:?}")), "{text}: {told}");
            assert!(told.contains(words), "{text}: {told}");
        };
        check(
            r#"{"name":"r","permissions":["a",5]}"#,
            "permissions[1]",
            "422",
        );
        check(
            r#"{"name":"r","permissions":[],"nam":1}"#,
            "nam",
            "unknown field",
        );
        check(r#"{"permissions":[]}"#, "", "missing field `name`");
        check(
            r#"{"name":"r","name":"s","permissions":[]}"#,
            "",
            "duplicate field",
        );
        check(r#"["r",[]]"#, "", "send a JSON object");
        check("", "", "send a JSON object");
        check(r#"{"name":"r""#, "", "400");
        check(r#"{"name":"r","permissions":[]} x"#, "", "400");
        let nested = r#"{"role":"auditor","principal":{"kind":"users","id":"u"}}"#;
        let told = format!("{:?}", read::<NewAssignment>(nested).unwrap_err());
        assert!(told.contains(r#"path: "principal.kind""#), "{told}");
        assert!(read::<NewRole>(" {\"name\":\"r\",\"permissions\":[]} ").is_ok());
    }
}
