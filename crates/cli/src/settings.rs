//! The file of settings: where it is found, and how its keys become the defaults of options.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use docket_server::config::Settings;

use crate::args::{Args, DATA_DEFAULT};
use crate::wrong_use::WrongUse;

/// Its name in a data folder.
pub const FILE: &str = "docket.toml";

/// Options of `serve` that are settings of the server, by their names, and the settings' keys.
const SERVER: [(&str, &str); 10] = [
    ("listen", "listen.addresses"),
    ("trust-proxy", "listen.trust_proxy"),
    ("tls-cert", "listen.tls_cert"),
    ("tls-key", "listen.tls_key"),
    ("dev-tls", "listen.dev_tls"),
    ("token-rate", "limits.token_rate"),
    ("token-burst", "limits.token_burst"),
    ("block-events", "engine.block_events"),
    ("log", "log.filter"),
    ("log-format", "log.format"),
];
/// Options that are the same for all commands: their keys stand outside of any section.
const COMMON: [&str; 5] = [
    "data",
    "database-url",
    "database-password-file",
    "json",
    "org",
];
/// Options that say where the data is. They have no place in a file that is found there, and one that is
/// given leaves the other one of the file without effect.
const PLACES: [&str; 2] = ["data", "database-url"];
/// What the commands are called that change something, behind the verb.
const UPDATE: &str = " update";
/// The option that says whose tokens are meant, whatever is done to them.
const INSTANCE: &str = "instance";
/// The option that means nothing without an address.
const PASSWORD_FILE: &str = "database_password_file";
/// The option that names the file; no key.
const CONFIG: &str = "config";

/// Reads the command line, the environment and the file, which count in this order. Ends the process where
/// the command line asks for help or cannot be understood.
pub fn args() -> Result<Args, WrongUse> {
    read(std::env::args_os().collect())
}

fn read(words: Vec<OsString>) -> Result<Args, WrongUse> {
    let found = match relaxed(Args::command()).try_get_matches_from(&words) {
        Ok(matches) => Found::of(&matches)?,
        // Whoever parses next says what is wrong, or shows the help.
        Err(_) => None,
    };
    let Some(found) = found else {
        return Ok(parsed(Args::command(), words));
    };
    let settings = found.settings()?;
    let command = with_defaults(Args::command(), None, &|key| settings.options.get(key));
    let mut args = parsed(command, words);
    args.common.settings = settings.config;
    Ok(args)
}

fn parsed(command: Command, words: Vec<OsString>) -> Args {
    let mut matches = command.get_matches_from(words);
    Args::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
}

/// The key of an option; `top` is the verb that has it.
pub fn key(top: Option<&str>, option: &Arg) -> Option<String> {
    let name = option.get_long()?;
    let plain = || name.replace('-', "_");
    let setting = SERVER.iter().find(|(option, _)| *option == name);
    match (top, setting) {
        _ if [CONFIG, "help", "version"].contains(&name) => None,
        _ if COMMON.contains(&name) => Some(plain()),
        (Some("serve"), Some((_, key))) => Some((*key).to_owned()),
        (Some(top), _) => Some(match top.strip_suffix(UPDATE) {
            Some(verb) if name == INSTANCE => format!("{}.{}", section(verb), plain()),
            // What something is made with is no default for what is changed of it later.
            Some(verb) => format!("{}.update_{}", section(verb), plain()),
            None => format!("{}.{}", section(top), plain()),
        }),
        (None, _) => Some(plain()),
    }
}

/// The section of a verb.
fn section(verb: &str) -> String {
    match verb {
        // `org` itself is a key outside of any section.
        "org" => "organization".to_owned(),
        verb => verb.replace('-', "_"),
    }
}

/// The verb that a command belongs to, told apart where it changes something that another one makes.
fn verb(top: Option<&str>, name: &str) -> String {
    let Some(top) = top else {
        return name.to_owned();
    };
    match UPDATE.trim_start() == name {
        true => format!("{top}{UPDATE}"),
        false => top.to_owned(),
    }
}

/// Visits all options, each with the verb that has it.
fn each_option<'c>(
    command: &'c Command,
    top: Option<&str>,
    visit: &mut dyn FnMut(Option<&str>, &'c Arg),
) {
    command.get_opts().for_each(|option| visit(top, option));
    for inner in command.get_subcommands() {
        each_option(inner, Some(&verb(top, inner.get_name())), visit);
    }
}

/// The command with nothing required, to find the file with.
fn relaxed(command: Command) -> Command {
    let names: Vec<String> = inner_names(&command);
    let command = command.mut_args(|arg| arg.required(false));
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, relaxed)
    })
}

/// The command with the file's values as defaults.
fn with_defaults<'s>(
    command: Command,
    top: Option<&str>,
    value: &dyn Fn(&str) -> Option<&'s Vec<String>>,
) -> Command {
    let names = inner_names(&command);
    let command = command.mut_args(|arg| match key(top, &arg).and_then(|key| value(&key)) {
        Some(texts) => arg.required(false).default_values(texts),
        None => arg,
    });
    names.into_iter().fold(command, |command, name| {
        let top = verb(top, &name);
        command.mut_subcommand(&name, |inner| with_defaults(inner, Some(&top), value))
    })
}

fn inner_names(command: &Command) -> Vec<String> {
    command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect()
}

/// A file that is there.
struct Found {
    path: PathBuf,
    text: String,
    /// Whether it was found in the data folder.
    in_data: bool,
    /// Whether the command line or the environment says where the data is.
    placed: bool,
    /// Whether they say that it is in a folder.
    in_folder: bool,
}

impl Found {
    fn of(matches: &ArgMatches) -> Result<Option<Self>, WrongUse> {
        let mut inner = matches;
        let mut demo = false;
        while let Some((name, next)) = inner.subcommand() {
            demo = name == "serve" && next.get_flag("demo");
            inner = next;
        }
        let path = |name| inner.get_one::<PathBuf>(name);
        let has_url = inner.contains_id("database_url");
        let placed = path("data").is_some() || has_url;
        let in_folder = placed && !has_url;
        let (path, in_data) = match (path(CONFIG), path("data")) {
            (Some(file), _) => (file.clone(), false),
            // The data folder is a new one, or there is none.
            (None, None) if demo || placed => return Ok(None),
            (None, data) => (
                data.map_or(Path::new(DATA_DEFAULT), PathBuf::as_path)
                    .join(FILE),
                true,
            ),
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Found {
                path,
                text,
                in_data,
                placed,
                in_folder,
            })),
            Err(error) if in_data && is_not_there(&path, &error) => Ok(None),
            Err(error) => Err(WrongUse(format!("read {}: {error}", path.display()))),
        }
    }

    fn settings(&self) -> Result<Settings, WrongUse> {
        let wrong = |reason: String| WrongUse(format!("{}: {reason}", self.path.display()));
        let command = Args::command();
        let mut options: Vec<(String, &Arg)> = Vec::new();
        each_option(&command, None, &mut |top, option| {
            options.extend(key(top, option).map(|key| (key, option)));
        });
        let server = |key: &String| SERVER.iter().any(|(_, known)| known == key);
        options.retain(|(key, _)| !server(key));
        let keys: Vec<String> = options.iter().map(|(key, _)| key.clone()).collect();
        let mut settings =
            Settings::parse(&self.text, &keys).map_err(|error| wrong(error.to_string()))?;
        for place in PLACES.map(|name| name.replace('-', "_")) {
            if self.in_data && settings.options.contains_key(&place) {
                let reason = "says where the data is and has no place in the data folder itself; \
                     use it in a file that --config names";
                return Err(wrong(format!("`{place}`: {reason}")));
            }
            if self.placed {
                settings.options.remove(&place);
            }
        }
        if self.in_folder {
            settings.options.remove(PASSWORD_FILE);
        }
        for (key, option) in &options {
            if let Some(texts) = settings.options.get(key) {
                check(option, texts).map_err(|reason| wrong(format!("`{key}`: {reason}")))?;
            }
        }
        Ok(settings)
    }
}

/// Whether the folder has no such file, or is one that this user cannot look into: whoever needs it says so.
fn is_not_there(path: &Path, error: &io::Error) -> bool {
    let folder = path.parent().unwrap_or(Path::new("."));
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => true,
        ErrorKind::PermissionDenied => fs::read_dir(folder).is_err(),
        _ => false,
    }
}

/// Whether an option takes these values: its own parser says so.
fn check(option: &Arg, texts: &[String]) -> Result<(), String> {
    let takes_values = option.get_action().takes_values();
    let many = matches!(option.get_action(), ArgAction::Append);
    if !many && texts.len() != 1 {
        return Err("is a single value, not a list".to_owned());
    }
    if !takes_values {
        let is_truth = |text: &String| matches!(text.as_str(), "true" | "false");
        let wrong = || "is true or false".to_owned();
        return texts.iter().all(is_truth).then_some(()).ok_or_else(wrong);
    }
    let alone = Arg::new("value")
        .long("value")
        .action(ArgAction::Append)
        .value_parser(option.get_value_parser().clone());
    let command = Command::new(FILE).no_binary_name(true).arg(alone);
    let words = texts.iter().map(|text| format!("--value={text}"));
    command
        .try_get_matches_from(words)
        .map(drop)
        .map_err(|error| reason(&error))
}

fn reason(error: &clap::Error) -> String {
    if let Some(source) = std::error::Error::source(error) {
        return source.to_string();
    }
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(valid)) => format!("write one of {}", valid.join(", ")),
        Some(_) | None => "has a value that it cannot have".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = include_str!("../../../docs/operations.md");

    #[test]
    fn every_option_and_setting_is_in_the_reference() {
        let mut keys = docket_server::config::Config::keys();
        each_option(&Args::command(), None, &mut |top, option| {
            keys.extend(key(top, option));
        });
        let missing: Vec<&String> = keys
            .iter()
            .filter(|key| !REFERENCE.contains(&format!("`{key}`")))
            .collect();
        assert!(missing.is_empty(), "docs/operations.md lacks {missing:?}");
    }

    #[test]
    fn options_of_the_server_are_its_settings() {
        let keys = docket_server::config::Config::keys();
        let command = Args::command();
        let serve = command.find_subcommand("serve").unwrap();
        for (option, key) in SERVER {
            assert!(keys.contains(&key.to_owned()), "{key}");
            let named = |arg: &&Arg| arg.get_long() == Some(option);
            assert!(serve.get_opts().find(named).is_some(), "{option}");
        }
    }

    #[test]
    fn values_are_checked_by_their_options() {
        let command = Args::command();
        let export = command.find_subcommand("export").unwrap();
        let option = |name: &str| {
            let named = |arg: &&Arg| arg.get_long() == Some(name);
            export.get_opts().find(named).unwrap()
        };
        let check = |name: &str, texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            check(option(name), &texts)
        };
        assert_eq!(check("type", &["a.b", "c.d"]), Ok(()));
        assert_eq!(check("from", &["2026-11-25T00:00:00Z"]), Ok(()));
        assert!(check("from", &["yesterday"]).is_err());
        assert!(check("format", &["xml"]).unwrap_err().contains("jsonl"));
        assert!(check("outcome", &["success", "failure"]).is_err());
    }
}
