//! Builds the shim and starts processes under it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// The folder whose files are watched.
const FOLDER: &str = "DOCKET_SHIM_FOLDER";
/// The file that gets the records.
const TRACE: &str = "DOCKET_SHIM_TRACE";

/// How long a process under the shim may take.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The folder that is watched in this process; `None` when it is not under the shim.
pub(crate) fn watched() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs a test of this binary in a process of its own, under the shim, with `folder` watched.
pub(crate) fn run(test: &str, folder: &Path, trace: &Path, variables: &[(&str, String)]) {
    let output = trace.with_extension("output");
    let told = fs::File::create(&output).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", library())
        .env(FOLDER, folder)
        .env(TRACE, trace)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(told.try_clone().unwrap())
        .stderr(told);
    let mut child = command.spawn().unwrap();
    let mut waited = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if waited > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    };
    let told = fs::read_to_string(&output).unwrap();
    assert!(status.success(), "{test} under the shim: {status}\n{told}");
    assert!(told.contains("1 passed"), "there is no test {test}: {told}");
}

/// Writes a line that becomes a record of the trace.
pub(crate) fn note(line: &str) {
    let folder = watched().expect("under the shim");
    let mut options = OpenOptions::new();
    let notes = options.create(true).append(true).open(folder.join("notes"));
    notes.unwrap().write_all(line.as_bytes()).unwrap();
}

/// Puts rules in the place of those that there are; `shim.c` says what a rule looks like.
pub(crate) fn rules(lines: &[&str]) {
    let folder = watched().expect("under the shim");
    // An empty write would never reach the shim.
    let text = format!("{}\n", lines.join("\n"));
    fs::write(folder.join("rules"), text).unwrap();
}

/// The library, built once a process.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let made = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let made = made.join(format!("shim-{}.so", std::process::id()));
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(&compiler)
            .args([
                "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o",
            ])
            .args([&made, &source])
            .status();
        let built = status.as_ref().is_ok_and(|status| status.success());
        assert!(
            built,
            "{} does not build the shim: {status:?}",
            compiler.display()
        );
        made
    })
}
