//! What ids, names and addresses may look like.

use docket_event::Fault;

use crate::audit::{COMMAND_LINE, SERVER};
use crate::instance::INSTANCE_ACTOR;

/// Most bytes of an organization's id.
pub const ORG_BYTES_MAX: usize = 64;
/// Most bytes of a member's or a project's id.
pub const ID_BYTES_MAX: usize = 256;
/// Most bytes of a display name.
pub const NAME_BYTES_MAX: usize = 256;
/// Most bytes of an e-mail address (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// The organization whose log tells of changes to the instance; nobody can own it.
pub const INSTANCE_ORG: &str = "instance";

/// Checks the id of an organization: 1 to 64 of `a-z A-Z 0-9 _ - .`, and neither `.` nor `..`, so that it
/// is one segment of a path wherever it stands.
///
/// # Errors
/// What to write instead.
pub fn check_org(org: &str) -> Result<(), Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = (1..=ORG_BYTES_MAX).contains(&org.len()) && org.bytes().all(allowed);
    if !fits || matches!(org, "." | "..") {
        let reason = format!(
            "{org:?} is no organization id; write 1 to {ORG_BYTES_MAX} of a-z A-Z 0-9 _ - ."
        );
        return Err(Fault::new("org", reason));
    }
    Ok(())
}

/// Checks an id that may come from elsewhere: not empty, no white space, no control character.
///
/// # Errors
/// What to write instead.
pub fn check_id(path: &str, id: &str) -> Result<(), Fault> {
    let fits = (1..=ID_BYTES_MAX).contains(&id.len());
    if !fits || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let reason = format!(
            "{:?} is no id; write 1 to {ID_BYTES_MAX} bytes without white space",
            shortened(id)
        );
        return Err(Fault::new(path, reason));
    }
    Ok(())
}

/// Checks that an id is not the one under which Docket itself acts.
pub(crate) fn check_not_reserved(path: &str, id: &str) -> Result<(), Fault> {
    match matches!(id, COMMAND_LINE | SERVER | INSTANCE_ACTOR) {
        true => Err(Fault::new(
            path,
            format!("{id} is Docket's own actor; choose another id"),
        )),
        false => Ok(()),
    }
}

/// Checks a display name: not blank, no control character.
///
/// # Errors
/// What to write instead.
pub fn check_name(path: &str, name: &str) -> Result<(), Fault> {
    let blank = name.trim().is_empty();
    if blank || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let reason = format!(
            "{:?} is no name; write 1 to {NAME_BYTES_MAX} bytes on one line",
            shortened(name)
        );
        return Err(Fault::new(path, reason));
    }
    Ok(())
}

/// Checks an e-mail address as far as its form tells: something, one `@`, a domain.
///
/// # Errors
/// What to write instead.
pub fn check_email(path: &str, email: &str) -> Result<(), Fault> {
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',');
    let formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && domain.split('.').all(|label| !label.is_empty())
    });
    if !formed || email.len() > EMAIL_BYTES_MAX || !email.chars().all(clean) {
        let reason = format!(
            "{:?} is no e-mail address; write one such as ada@example.com",
            shortened(email)
        );
        return Err(Fault::new(path, reason));
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_one_path_segment() {
        for good in ["a", "acme", "Acme-2.eu_west", &"x".repeat(64), "..."] {
            assert_eq!(check_org(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "ä", "a+b", &"x".repeat(65)] {
            assert_eq!(
                check_org(bad).map_err(|fault| fault.path),
                Err("org".to_owned()),
                "{bad}"
            );
        }
    }

    #[test]
    fn addresses_have_two_sides() {
        for good in ["a@b", "ada@example.com", "a+b@c.d.e", "ö@ü.de"] {
            assert_eq!(check_email("email", good), Ok(()), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(EMAIL_BYTES_MAX));
        for bad in [
            "", "@", "a@", "@b", "a@b@c", "a b@c", "a@b..c", "a@.b", "<a@b>", "a@b\n", &long,
        ] {
            assert!(check_email("email", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_of_other_platforms_are_taken() {
        for good in ["user-abc", "auth0|5f", "0d7e-11", "u@x", "ü"] {
            assert_eq!(check_id("id", good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a\u{0}", &"x".repeat(ID_BYTES_MAX + 1)] {
            assert!(check_id("id", bad).is_err(), "{bad}");
        }
        assert!(check_name("name", " ").is_err());
    }
}
