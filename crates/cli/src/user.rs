//! Who runs this command, as the operating system sees it.

use rustix::process::getuid;

/// Where names of users stand.
const USERS_FILE: &str = "/etc/passwd";

/// The user's name, or the number where no name is known.
pub fn name() -> String {
    let uid = getuid().as_raw().to_string();
    let users = std::fs::read_to_string(USERS_FILE).unwrap_or_default();
    find(&users, &uid).map_or(uid.clone(), str::to_owned)
}

/// The name in a line `name:password:uid:…`.
fn find<'u>(users: &'u str, uid: &str) -> Option<&'u str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn names_stand_beside_numbers() {
        let users = "root:x:0:0:root:/root:/bin/sh\n:x:7\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(find(users, "0"), Some("root"));
        assert_eq!(find(users, "1000"), Some("ada"));
        assert_eq!((find(users, "7"), find(users, "100")), (None, None));
    }
}
