//! The file of settings: TOML, every key known, every value of its type.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Config, jwt};

/// What a file of settings says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The sections of the server.
    pub config: Config,
    /// Keys of commands' options with their values as they would stand on the command line.
    pub options: BTreeMap<String, Vec<String>>,
}

/// Why a file of settings cannot be used. None shows a line of the file: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It is not TOML.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It has a key that means nothing.
    #[error("there is no key `{key}`; the nearest one is `{nearest}`")]
    Unknown {
        /// The key.
        key: String,
        /// One that there is.
        nearest: String,
    },
    /// A key has a value that it cannot have.
    #[error("`{key}`: {reason}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with the value.
        reason: String,
    },
}

impl Settings {
    /// Reads a file's text. Beside the server's settings it may have the keys `options`.
    ///
    /// # Errors
    /// It is not TOML, has an unknown key, or a value of the wrong type.
    pub fn parse(text: &str, options: &[String]) -> Result<Self, FileError> {
        let mut table: Table = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        let issuers = table.remove(jwt::SECTION).map(jwt::read).transpose()?;
        let config = Config::keys();
        let mut known: Vec<&str> = options.iter().chain(&config).map(String::as_str).collect();
        known.sort_unstable();
        let mut found = Vec::new();
        flatten("", table, &known, &mut found)?;
        let (mut sections, mut settings) = (Table::new(), Settings::default());
        for (key, value) in found {
            if options.contains(&key) {
                let texts = texts(&key, &value)?;
                settings.options.insert(key, texts);
            } else {
                add(&mut sections, &key, value)?;
            }
        }
        settings.config = read(sections).map_err(|reason| FileError::Value {
            key: "docket.toml".to_owned(),
            reason,
        })?;
        settings.config.jwt = issuers.unwrap_or_default();
        Ok(settings)
    }
}

/// All values with their keys.
fn flatten(
    prefix: &str,
    table: Table,
    known: &[&str],
    found: &mut Vec<(String, Value)>,
) -> Result<(), FileError> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        let inside = format!("{key}.");
        let section = known.iter().find(|known| known.starts_with(&inside));
        match (value, section) {
            (value, _) if known.contains(&key.as_str()) => found.push((key, value)),
            (Value::Table(table), Some(_)) => flatten(&key, table, known, found)?,
            (_, Some(member)) => {
                let reason = format!("is a section, and its settings are keys like `{member}`");
                return Err(FileError::Value { key, reason });
            }
            (_, None) => return Err(unknown(key, known)),
        }
    }
    Ok(())
}

pub(super) fn unknown(key: String, known: &[&str]) -> FileError {
    let distance = |known: &&&str| strsim::damerau_levenshtein(&key, known);
    let nearest = known.iter().min_by_key(distance).copied();
    FileError::Unknown {
        nearest: nearest.unwrap_or_default().to_owned(),
        key,
    }
}

/// Adds a setting of the server, alone at first, so that what is wrong with it is told with its key.
fn add(sections: &mut Table, key: &str, value: Value) -> Result<(), FileError> {
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let alone = |value| Table::from_iter([(name.to_owned(), value)]);
    let only = Table::from_iter([(section.to_owned(), Value::Table(alone(value.clone())))]);
    read(only).map_err(|reason| FileError::Value {
        key: key.to_owned(),
        reason,
    })?;
    let section = sections
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(name.to_owned(), value);
    }
    Ok(())
}

fn read(sections: Table) -> Result<Config, String> {
    let read = Value::Table(sections).try_into();
    read.map_err(|error| error.message().to_owned())
}

/// The value of an option as it would be written on the command line.
fn texts(key: &str, value: &Value) -> Result<Vec<String>, FileError> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Datetime(time) => Ok(time.to_string()),
        Value::Array(_) | Value::Table(_) => Err(FileError::Value {
            key: key.to_owned(),
            reason: "is not a single value".to_owned(),
        }),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|text| vec![text]),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> FileError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    FileError::Syntax {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        reason: error.message().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        let options = ["json", "export.type", "export.format", "data"].map(str::to_owned);
        Settings::parse(text, &options).map_err(|error| error.to_string())
    }

    #[test]
    fn sections_and_options_are_read() {
        let read = parse(
            "json = true\n[listen]\naddresses = [\"[::1]:80\"]\ntrust_proxy = [\"10.0.0.0/8\"]\n\
             [limits]\ntoken_rate = 15\nreads_max = 7\n[log]\nformat = \"json\"\n\
             [export]\ntype = [\"a.b\", \"c.*\"]\nformat = \"csv\"\n",
        );
        let read = read.unwrap();
        assert_eq!(read.config.listen.addresses, ["[::1]:80".parse().unwrap()]);
        assert_eq!(read.config.limits.reads_max, Some(7));
        assert_eq!(read.config.listen.idle_time_s, 180);
        assert_eq!(read.options["json"], ["true"]);
        assert_eq!(read.options["export.type"], ["a.b", "c.*"]);
        assert_eq!(parse(""), Ok(Settings::default()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key() {
        for (text, parts) in [
            (
                "[listen]\nadresses = []",
                ["listen.adresses", "`listen.addresses`"],
            ),
            ("[listn]\naddresses = []", ["`listn`", "nearest"]),
            ("jsno = true", ["`jsno`", "`json`"]),
            (
                "[listen]\naddresses = 8080",
                ["listen.addresses", "integer"],
            ),
            (
                "[listen]\naddresses = [\"nowhere\"]",
                ["listen.addresses", "address"],
            ),
            ("[limits]\ntoken_rate = 0", ["limits.token_rate", "0"]),
            ("[limits]\nreads_max = -1", ["limits.reads_max", "-1"]),
            ("[log]\nformat = \"xml\"", ["log.format", "xml"]),
            ("listen = \"[::1]:80\"", ["`listen`", "section"]),
            ("[json]\na = 1", ["`json`", "single value"]),
            ("export.format = [[1]]", ["`export.format`", "single value"]),
            ("\n\n  json = tru", ["line 3", "column"]),
        ] {
            let told = parse(text).unwrap_err();
            assert!(
                parts.iter().all(|part| told.contains(part)),
                "{text}: {told}"
            );
        }
    }

    #[test]
    fn no_line_of_the_file_is_shown() {
        for text in [
            "data = \"postgres://docket:hunter2@db\nx = 1",
            "data = \"hunter2\"\ndata = \"hunter2\"",
            "dta = \"hunter2\"",
            "[data]\nurl = \"hunter2\"",
        ] {
            let told = parse(text).unwrap_err();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
