//! PostgreSQL's programs: where they are, and as whom they run.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::complain;

/// Where Debian puts the programs of each version, which are not on the PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
/// The account that runs PostgreSQL when we are root, as which it refuses to run.
const ACCOUNT: &str = "postgres";
/// Variables of PostgreSQL's programs that could lead them to another server.
const FOREIGN: &[&str] = &[
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATA",
    "PGDATABASE",
    "PGUSER",
    "PGPASSWORD",
    "PGSERVICE",
    "PGOPTIONS",
];

/// Where the programs are, and who runs them.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// Numbers of the account's user and group, if we are root.
    account: Option<(u32, u32)>,
}

impl Programs {
    /// The newest version of Debian's, or the one on the PATH.
    pub(super) fn find() -> Self {
        let folder = programs()
            .unwrap_or_else(|| complain("PostgreSQL is not installed; `cargo xtask test` installs it, as would `apt-get install postgresql`"));
        let account = rustix::process::geteuid().is_root().then(account);
        Self { folder, account }
    }

    /// Whether there is one.
    pub(super) fn are_there() -> bool {
        programs().is_some()
    }

    /// A new folder that PostgreSQL may write to.
    pub(super) fn folder(&self) -> TempDir {
        let folder = tempfile::Builder::new()
            .prefix("docket-postgres-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .unwrap_or_else(|error| complain(&format!("making a temporary folder: {error}")));
        self.give(folder.path());
        folder
    }

    /// Makes the file or folder one of PostgreSQL's.
    pub(super) fn give(&self, path: &Path) {
        if let Some((user, group)) = self.account {
            chown(path, Some(user), Some(group)).unwrap_or_else(|error| {
                complain(&format!("giving {} away: {error}", path.display()))
            });
        }
    }

    /// A command that runs as PostgreSQL's account and ends, at the latest, when the thread that started it does.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT"]);
        if let Some((user, group)) = self.account {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
            command.arg("--clear-groups");
        }
        command.arg(self.folder.join(program));
        command.current_dir("/").env("LC_ALL", "C");
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end and returns what it printed; fails with what it complained of.
    #[expect(clippy::unused_self, reason = "commands come from here")]
    pub(super) fn run(&self, command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| {
            complain(&format!("running {command:?}: {error}; it needs setpriv"))
        });
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            complain(&format!("{}: {said}", name(command)));
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// The program's name: its arguments may hold a password.
fn name(command: &Command) -> String {
    let path = command
        .get_args()
        .map(Path::new)
        .find(|argument| argument.is_absolute());
    let name = path
        .and_then(Path::file_name)
        .unwrap_or(OsStr::new("setpriv"));
    name.to_string_lossy().into_owned()
}

fn programs() -> Option<PathBuf> {
    newest_of_debian().or_else(on_path)
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").exists().then_some((version, folder))
        });
    versions.max().map(|(_, folder)| folder)
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
}

fn account() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields
        .into_iter()
        .find_map(|fields| match fields.as_slice() {
            [name, _, user, group, ..] if *name == ACCOUNT => {
                Some((user.parse().ok()?, group.parse().ok()?))
            }
            _ => None,
        });
    found.unwrap_or_else(|| {
        complain("PostgreSQL does not run as root, and there is no account `postgres` to run it as")
    })
}
