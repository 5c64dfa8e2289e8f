//! Where the data is: a folder or a database, as the options say.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use docket_backends::Location;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::args::{Common, DATA_DEFAULT};
use crate::wrong_use::WrongUse;

/// How addresses of databases begin.
pub const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// What stands as it is in the value of an address's option.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The address of a database. May hold a password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        DatabaseUrl(url)
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        DatabaseUrl(url.to_owned())
    }
}

/// The place that the options name. A database counts before a folder.
pub fn location(common: &Common) -> Result<Location> {
    let Some(DatabaseUrl(url)) = &common.database_url else {
        if common.database_password_file.is_some() {
            let reason = "--database-password-file is for a database: give --database-url as well";
            return Err(WrongUse(reason.to_owned()).into());
        }
        return Ok(Location::Folder(folder(common)));
    };
    if !is_url(url) {
        let reason = "--database-url does not begin with postgres://";
        return Err(WrongUse(reason.to_owned()).into());
    }
    let passfile = common.database_password_file.as_deref();
    Ok(Location::Url(match passfile {
        Some(file) => with_passfile(url, file)?,
        None => url.clone(),
    }))
}

/// The data folder, used or not.
pub fn folder(common: &Common) -> PathBuf {
    let named = common.data.clone();
    named.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT))
}

/// A place that is written out: the address of a database, or a folder.
pub fn named(text: &DatabaseUrl) -> Location {
    if is_url(&text.0) {
        return Location::Url(text.0.clone());
    }
    Location::Folder(PathBuf::from(&text.0))
}

/// A place in words, without what is secret.
pub fn words(location: &Location) -> String {
    match location {
        Location::Folder(folder) => folder.display().to_string(),
        Location::Url(_) => "the database".to_owned(),
    }
}

/// Whether this is the address of a database.
pub fn is_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

fn with_passfile(url: &str, file: &Path) -> Result<String> {
    let wrong = || WrongUse("the name of the password file is not UTF-8".to_owned());
    let file = file.to_str().ok_or_else(wrong)?;
    let joint = if url.contains('?') { '&' } else { '?' };
    Ok(format!(
        "{url}{joint}passfile={}",
        utf8_percent_encode(file, ENCODED)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_file_is_an_option_of_the_address() {
        let check = |url: &str, file: &str, expected: &str| {
            assert_eq!(with_passfile(url, Path::new(file)).unwrap(), expected);
        };
        check(
            "postgres://u@h/d",
            "/run/pw",
            "postgres://u@h/d?passfile=/run/pw",
        );
        check(
            "postgres://u@h/d?a=b",
            "x y&z",
            "postgres://u@h/d?a=b&passfile=x%20y%26z",
        );
    }

    #[test]
    fn an_address_is_never_printed() {
        let url = DatabaseUrl::from("postgres://u:hunter2@h/d");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!(words(&named(&url)), "the database");
        let folder = DatabaseUrl::from("./postgres:/x");
        assert_eq!(
            named(&folder),
            Location::Folder(PathBuf::from("./postgres:/x"))
        );
    }
}
