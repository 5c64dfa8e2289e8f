//! The file of settings.

/// Its name in a data folder.
pub const FILE: &str = "docket.toml";
