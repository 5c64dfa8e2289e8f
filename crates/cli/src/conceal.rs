//! Takes addresses of databases off the command line, where every user of the machine could read their passwords.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::place::SCHEMES;

/// The option of all verbs that takes an address, and its variable.
const EVERYWHERE: [(&str, &str); 1] = [("--database-url", "DOCKET_DATABASE_URL")];
/// The verb with more of them.
const COPY: &str = "copy";
/// Its options, and their variables.
const OF_COPY: [(&str, &str); 2] = [("--from", "DOCKET_COPY_FROM"), ("--to", "DOCKET_COPY_TO")];

/// A variable and its value.
type Variable = (&'static str, OsString);

/// Starts over, as the same process, with the addresses in the environment, which only this user can read. Goes on
/// when there are none, or when the system refuses.
pub fn conceal() {
    let words: Vec<OsString> = env::args_os().collect();
    let (kept, moved) = split(&words);
    let ([name, rest @ ..], false) = (kept.as_slice(), moved.is_empty()) else {
        return;
    };
    let Ok(program) = env::current_exe() else {
        return;
    };
    // It only returns when it failed.
    let _ = Command::new(program)
        .arg0(name)
        .args(rest)
        .envs(moved)
        .exec();
}

/// The words without addresses and their options, and the addresses as variables.
fn split(words: &[OsString]) -> (Vec<OsString>, Vec<Variable>) {
    let (mut kept, mut moved) = (Vec::new(), Vec::new());
    let copies = words.iter().any(|word| word == COPY);
    let options = EVERYWHERE.iter().chain(OF_COPY.iter().filter(|_| copies));
    let options: Vec<_> = options.copied().collect();
    let mut left = words.iter();
    while let Some(word) = left.next() {
        if word == "--" {
            kept.push(word.clone());
            break;
        }
        let named = options.iter().find(|(name, _)| word == name);
        if let Some((_, variable)) = named
            && let Some(value) = left.as_slice().first().filter(|value| is_url(value))
        {
            moved.push((*variable, value.clone()));
            left.next();
            continue;
        }
        match options.iter().find_map(|option| joined(word, *option)) {
            Some(variable) => moved.push(variable),
            None => kept.push(word.clone()),
        }
    }
    kept.extend(left.cloned());
    (kept, moved)
}

/// The address in `--option=ADDRESS`.
fn joined(word: &OsStr, (name, variable): (&str, &'static str)) -> Option<Variable> {
    let value = word.to_str()?.strip_prefix(name)?.strip_prefix('=')?;
    is_url(OsStr::new(value)).then(|| (variable, value.into()))
}

fn is_url(value: &OsStr) -> bool {
    let bytes = value.as_encoded_bytes();
    SCHEMES
        .iter()
        .any(|scheme| bytes.starts_with(scheme.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &str, kept: &str, moved: &[(&str, &str)]) {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let (found, variables) = split(&words);
        assert_eq!(found.join(OsStr::new(" ")), kept, "{words:?}");
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.to_str().unwrap()))
            .collect();
        assert_eq!(variables, moved, "{words:?}");
    }

    #[test]
    fn addresses_become_variables() {
        let url = [("DOCKET_DATABASE_URL", "postgres://u:p@h/d")];
        check("docket check --json", "docket check --json", &[]);
        check(
            "docket --database-url postgres://u:p@h/d check",
            "docket check",
            &url,
        );
        check(
            "docket check --database-url=postgres://u:p@h/d -x",
            "docket check -x",
            &url,
        );
        check(
            "docket check --database-url",
            "docket check --database-url",
            &[],
        );
        check(
            "docket x -- --database-url=postgres://h",
            "docket x -- --database-url=postgres://h",
            &[],
        );
        check(
            "docket export --from postgres://h",
            "docket export --from postgres://h",
            &[],
        );
        check(
            "docket copy --from ./data --to=postgresql://h --org x",
            "docket copy --from ./data --org x",
            &[("DOCKET_COPY_TO", "postgresql://h")],
        );
    }
}
