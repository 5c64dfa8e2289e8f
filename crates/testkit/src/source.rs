//! The project's own source, as text, for tests that look at it.

use std::path::{Path, PathBuf};

/// A Rust file of the project.
#[derive(Clone, Debug)]
pub struct RustFile {
    /// Path below the workspace's folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A function and how many lines it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// The workspace's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Every Rust file below `folder`, sorted; build folders are left out.
///
/// # Errors
/// The folder cannot be read.
pub fn rust_files(folder: &str) -> std::io::Result<Vec<RustFile>> {
    let mut files = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path)?;
                let path = path
                    .strip_prefix(root())
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .replace('\\', "/");
                files.push(RustFile { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

impl RustFile {
    /// Whether it is only built for tests.
    pub fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.contains("/testing/")
    }

    /// The part in front of the unit tests.
    pub fn without_tests(&self) -> &str {
        match self.text.find("#[cfg(test)]\nmod tests {") {
            Some(at) => self.text.get(..at).unwrap_or_default(),
            None => &self.text,
        }
    }

    /// Its functions. Formatted code closes a function at the indentation that opened it.
    pub fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut found = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else {
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", " ".repeat(indent));
            let ends_here = |line: &&str| {
                **line == closing || (line.trim_end().ends_with(';') && !line.contains('{'))
            };
            let rest = lines.get(at..).unwrap_or_default();
            let length = rest
                .iter()
                .position(ends_here)
                .map_or(rest.len(), |end| end + 1);
            found.push(Function {
                name,
                lines: length,
            });
        }
        found
    }
}

fn function_name(line: &str) -> Option<String> {
    let mut rest = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "const ", "async "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name: String = rest
        .strip_prefix("fn ")?
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    Some(name)
}
