//! Where the servers under test have their data: a folder each, or a PostgreSQL database each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use docket_testkit::postgres::Cluster;

use super::fresh_folder;
use crate::command::output;

/// What kind of place the servers get.
#[derive(Clone, Copy, Debug)]
pub enum Stores<'c> {
    /// A data folder.
    Folders,
    /// A database of a PostgreSQL.
    Databases(&'c Cluster),
}

/// One server's data, and a folder for what stands beside it.
#[derive(Debug)]
pub struct Place {
    data: Data,
    beside: PathBuf,
    log: PathBuf,
}

#[derive(Debug)]
enum Data {
    Folder(PathBuf),
    Database(String),
}

impl Stores<'_> {
    /// A new place with nothing in it.
    pub fn place(&self, name: &str) -> anyhow::Result<Place> {
        let (data, beside) = match self {
            Stores::Folders => {
                let beside = fresh_folder(&format!("clients/{name}"))?;
                (Data::Folder(beside.join("data")), beside)
            }
            Stores::Databases(cluster) => {
                let beside = fresh_folder(&format!("clients/postgres/{name}"))?;
                (Data::Database(cluster.create_database()), beside)
            }
        };
        let log = beside.join("data.log");
        Ok(Place { data, beside, log })
    }
}

impl Place {
    /// A folder of this place's own for models, logs and settings; its data is somewhere else.
    pub fn beside(&self) -> &Path {
        &self.beside
    }

    /// Where its server logs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Tells a command of ours, and those that it starts, that the data is here.
    pub fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_remove("DOCKET_DATA")
            .env_remove("DOCKET_DATABASE_URL");
        match &self.data {
            Data::Folder(folder) => command.env("DOCKET_DATA", folder),
            Data::Database(url) => command.env("DOCKET_DATABASE_URL", url),
        }
    }

    /// Names the data on the command line.
    pub fn name<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_remove("DOCKET_DATA")
            .env_remove("DOCKET_DATABASE_URL");
        match &self.data {
            Data::Folder(folder) => command.arg("--data").arg(folder),
            Data::Database(url) => command.arg("--database-url").arg(url),
        }
    }

    /// Where a second server finds the same data. One process owns a folder, so it gets a copy; a database has as
    /// many servers as are started.
    pub fn second(&self) -> anyhow::Result<Self> {
        let data = match &self.data {
            Data::Folder(folder) => {
                let copy = self.beside.join("second");
                copy_folder(folder, &copy)?;
                Data::Folder(copy)
            }
            Data::Database(url) => Data::Database(url.clone()),
        };
        Ok(Place {
            data,
            beside: self.beside.clone(),
            log: self.beside.join("second.log"),
        })
    }

    /// Names the data to a server, and a folder for the certificates that it makes.
    pub fn name_to_server<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        self.name(command);
        match &self.data {
            Data::Folder(_) => command,
            Data::Database(_) => command.arg("--data").arg(self.beside.join("data")),
        }
    }

    /// Has the store looked through; nothing may be wrong with it.
    pub fn check(&self) -> anyhow::Result<()> {
        let mut check = super::docket();
        let printed = output(self.name(check.arg("check")))?;
        eprint!("{printed}");
        Ok(())
    }
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
