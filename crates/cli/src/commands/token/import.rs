//! `docket token import`

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use docket_access::{Action, RoleName, TokenWanted, check_name};
use serde::Serialize;
use serde_json::Value;

use crate::args::{self, Common, Org};
use crate::reach::{Missing, Reach};
use crate::wrong_use::WrongUse;
use crate::{desk, output};

/// Most bytes of a file of hashes: about half a million of them.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Hex digits of a SHA-256.
const HASH_DIGITS: usize = 64;
/// What stands for standard input, here and where `sha256sum` tells whose hash it is.
const STDIN: &str = "-";

/// Keys that another system issued.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    org: Org,
    /// Whose tokens they become: a member by id or e-mail address, or an account for programs by id
    #[arg(
        long,
        value_name = "MEMBER",
        env = "DOCKET_TOKEN_OWNER",
        hide_env_values = true
    )]
    #[arg(value_parser = args::id)]
    owner: String,
    /// A built-in role, or another by id; all that the owner may if left out
    #[arg(long, env = "DOCKET_TOKEN_ROLE", hide_env_values = true)]
    #[arg(value_parser = args::role_name)]
    role: Option<RoleName>,
    /// File with one SHA-256 on each line; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    sha256: String,
    name: Option<String>,
}

/// What became of the lines.
#[derive(Debug, Default, Serialize)]
struct Counts {
    registered: usize,
    known: usize,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let keys = keys(&read(&args.file)?)?;
    let mut reach = Reach::open(common, Missing::Refuse)?;
    let mut counts = Counts::default();
    for key in keys {
        if register(&mut reach, args, key).with_context(|| so_far(&counts))? {
            counts.registered += 1;
        } else {
            counts.known += 1;
        }
    }
    output::json(&counts)?;
    Ok(ExitCode::SUCCESS)
}

/// Registers a key; whether the organization did not have it yet.
fn register(reach: &mut Reach, args: &Args, key: Key) -> Result<bool> {
    let Key { sha256, name } = key;
    let find = Action::KeyFind {
        key_sha256: sha256.clone(),
    };
    let found = desk::ask(reach, desk::of(&args.org.org, find))?;
    if found.document().get("id").is_some_and(Value::is_string) {
        return Ok(false);
    }
    let wanted = TokenWanted {
        owner: args.owner.clone(),
        role: args.role.clone(),
        name,
        key_sha256: Some(sha256),
        ..TokenWanted::default()
    };
    desk::ask(reach, desk::of(&args.org.org, Action::TokenCreate(wanted)))?;
    Ok(true)
}

fn so_far(counts: &Counts) -> String {
    let done = output::count(counts.registered, "key");
    format!("{done} registered, and then it failed; run it again once this is settled")
}

fn read(file: &Path) -> Result<String> {
    let from_stdin = file == Path::new(STDIN);
    let source: Box<dyn Read> = if from_stdin {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("read {}", file.display()))?)
    };
    let mut bytes = Vec::new();
    let read = source.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes);
    let read = read.with_context(|| format!("read {}", file.display()))?;
    if read as u64 > FILE_BYTES_MAX {
        let reason = format!("the file has more than {FILE_BYTES_MAX} bytes; split it");
        return Err(WrongUse(reason).into());
    }
    let text = String::from_utf8(bytes);
    Ok(text.map_err(|_| WrongUse("the file is not UTF-8".to_owned()))?)
}

/// All lines that are not blank. No error shows one: it may be a key.
fn keys(text: &str) -> Result<Vec<Key>, WrongUse> {
    let lines = text.lines().zip(1_usize..);
    let lines = lines.filter(|(line, _)| !line.trim().is_empty());
    lines
        .map(|(line, number)| key(line.trim(), number))
        .collect()
}

fn key(line: &str, number: usize) -> Result<Key, WrongUse> {
    let (hash, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    if hash.len() != HASH_DIGITS || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(WrongUse(format!(
            "line {number} does not begin with a SHA-256 in {HASH_DIGITS} hex digits; \
             if these are the keys themselves, hash each of them: printf %s \"$KEY\" | sha256sum"
        )));
    }
    let name = Some(rest.trim()).filter(|name| !name.is_empty() && *name != STDIN);
    if name.is_some_and(|name| check_name("name", name).is_err()) {
        let reason = format!("line {number}: what stands behind the hash is no name");
        return Err(WrongUse(reason));
    }
    Ok(Key {
        sha256: hash.to_ascii_lowercase(),
        name: name.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_hashes_with_names() {
        let hash = "Ab".repeat(32);
        let text = format!("{hash}\n\n{hash}  -\n  {hash}\tbilling \u{e9}\r\n");
        let names = [None, None, Some("billing \u{e9}")];
        let expected: Vec<Key> = names
            .into_iter()
            .map(|name| Key {
                sha256: hash.to_lowercase(),
                name: name.map(str::to_owned),
            })
            .collect();
        assert_eq!(keys(&text).unwrap(), expected);
    }

    #[test]
    fn a_line_that_is_no_hash_is_never_shown() {
        let hash = "ab".repeat(32);
        for secret in ["sk-hunter2", "hunter2 name", &format!("x{hash}hunter2")] {
            let told = keys(&format!("{hash}\n{secret}\n"))
                .unwrap_err()
                .to_string();
            assert!(
                told.contains("line 2") && !told.contains("hunter2"),
                "{told}"
            );
        }
    }
}
