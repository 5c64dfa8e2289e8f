//! Installs what only tests need: Debian packages, Python environments, npm packages, each pinned.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::command::{root, run, succeeds, target};

/// Debian packages that the Perl client needs, and a Perl module that tells whether they are there.
const PERL_PACKAGES: &[&str] = &["libopenapi-client-perl"];
const PERL_MODULE: &str = "-MOpenAPI::Client";

/// The browser's Debian package, which is also its program's name.
const BROWSER: &str = "chromium";

/// PostgreSQL's Debian package. Only its programs are used; the server that it may set up is left alone.
const POSTGRES: &str = "postgresql";

/// The proxy that the platform's story runs behind, whose server that it may set up is left alone.
const NGINX: &str = "nginx-light";

/// What was installed: Pythons, each with packages of its own, since no two of them go together.
#[derive(Clone, Debug)]
pub struct Tools {
    /// With OpenAI's client, and the stand-in for CalypsoAI's.
    pub python: PathBuf,
    /// With Clarifai's clients as they are now, and its SDK.
    pub clarifai: PathBuf,
    /// With Clarifai's client as old as the page that documents the audit log.
    pub clarifai_old: PathBuf,
}

/// Installs what is missing.
pub fn install() -> anyhow::Result<Tools> {
    debian()?;
    node()?;
    let shared = python("python", "requirements.txt")?;
    stand_in(&shared)?;
    Ok(Tools {
        python: shared,
        clarifai: python("clarifai", "requirements-clarifai.txt")?,
        clarifai_old: python("clarifai-old", "requirements-clarifai-old.txt")?,
    })
}

fn debian() -> anyhow::Result<()> {
    let mut wanted = Vec::new();
    if !succeeds(Command::new("perl").args([PERL_MODULE, "-e1"])) {
        wanted.extend(PERL_PACKAGES);
    }
    if !succeeds(Command::new(BROWSER).arg("--version")) {
        wanted.push(BROWSER);
    }
    if !docket_testkit::postgres::is_installed() {
        wanted.push(POSTGRES);
    }
    if !succeeds(Command::new("nginx").arg("-v")) {
        wanted.push(NGINX);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    // Services that come with a package are not started.
    install.env("RUNLEVEL", "1");
    install
        .args(["install", "-q", "-y", "--no-install-recommends"])
        .args(wanted);
    run(&mut install)
}

fn node() -> anyhow::Result<()> {
    let folder = root().join("clients/tests/node");
    if is_current(
        &folder.join("node_modules/.installed"),
        &folder.join("package-lock.json"),
    )? {
        return Ok(());
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(&folder))?;
    mark(
        &folder.join("node_modules/.installed"),
        &folder.join("package-lock.json"),
    )
}

/// A Python environment of that name with the packages of that list.
fn python(name: &str, list: &str) -> anyhow::Result<PathBuf> {
    let wanted = root().join("clients/tests/python").join(list);
    let folder = target().join("tools").join(name);
    let program = folder.join("bin/python");
    if is_current(&folder.join(".installed"), &wanted)? {
        return Ok(program);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    let mut install = Command::new(&program);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
        ])
        .arg(&wanted);
    run(&mut install)?;
    mark(&folder.join(".installed"), &wanted)?;
    Ok(program)
}

/// Installs the stand-in for CalypsoAI's client as it is now; what it depends on is in the list already.
fn stand_in(python: &Path) -> anyhow::Result<()> {
    let mut install = Command::new(python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    install.args(["--no-deps", "--no-build-isolation", "--force-reinstall"]);
    run(install.arg(root().join("clients/python/calypsoai")))?;
    run(Command::new(python).args(["-m", "pip", "check", "--disable-pip-version-check"]))
}

/// Whether what was installed is what the list names: the mark holds the list.
fn is_current(mark: &Path, list: &Path) -> anyhow::Result<bool> {
    let wanted = std::fs::read(list).with_context(|| format!("reading {}", list.display()))?;
    Ok(std::fs::read(mark).is_ok_and(|found| found == wanted))
}

fn mark(mark: &Path, list: &Path) -> anyhow::Result<()> {
    std::fs::copy(list, mark).with_context(|| format!("writing {}", mark.display()))?;
    Ok(())
}
