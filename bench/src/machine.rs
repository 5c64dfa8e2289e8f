//! What the figures were measured on.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use docket_event::Timestamp;
use serde_json::{Value, json};

/// Facts of the machine, of the source, and the time.
pub fn facts(folder: &Path) -> Value {
    json!({
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "processor": line_of("/proc/cpuinfo", "model name"),
        "memory": line_of("/proc/meminfo", "MemTotal"),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|text| text.trim().to_owned()),
        "load_before": std::fs::read_to_string("/proc/loadavg").ok().map(|text| text.trim().to_owned()),
        "file_system": file_system(folder),
        "revision": git(&["rev-parse", "HEAD"]),
        "changed_files": git(&["status", "--porcelain"]).map(|text| text.lines().count()),
        "optimized": !cfg!(debug_assertions),
        "date": now().map(|now| now.to_string()),
    })
}

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "figures say when they were measured"
)]
fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::new(i64::try_from(since.ok()?.as_secs()).ok()?, 0)
}

fn line_of(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Type and options of the file system with the longest mount point above the folder.
pub fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let words = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let above = words.filter_map(|words| match words.as_slice() {
        [_, point, kind, options, ..] if folder.starts_with(point) => {
            Some((point.len(), format!("{kind} ({options})")))
        }
        _ => None,
    });
    above
        .max_by_key(|(length, _)| *length)
        .map(|(_, text)| text)
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
