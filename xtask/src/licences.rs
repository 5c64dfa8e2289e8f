//! Every dependency's licence must be one that `deny.toml` allows.

use anyhow::{Context, bail};
use serde_json::Value;

use crate::command::{cargo, output, root};

/// Fails with the list of dependencies whose licence is not allowed.
pub fn check() -> anyhow::Result<()> {
    let allowed = allowed()?;
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("reading cargo's metadata")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo's metadata has no packages")?;
    let mut refused = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("none given");
        if !permits(licence, &allowed) {
            refused.push(format!(
                "{} {}: {licence}",
                package["name"], package["version"]
            ));
        }
    }
    if !refused.is_empty() {
        bail!(
            "licences that deny.toml does not allow:\n{}",
            refused.join("\n")
        );
    }
    eprintln!("licences of {} packages are allowed", packages.len());
    Ok(())
}

/// The quoted names in the `allow` list of `deny.toml`.
fn allowed() -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join("deny.toml")).context("reading deny.toml")?;
    let list = text
        .split_once("allow = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.context("deny.toml has no list of allowed licences")?;
    Ok(list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// An expression of names joined by OR and AND; AND binds closer, and brackets are read as such.
fn permits(expression: &str, allowed: &[String]) -> bool {
    let flat = expression.replace('/', " OR ");
    let mut rest = flat.trim();
    if let Some(inner) = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        && !inner.contains('(')
    {
        rest = inner;
    }
    if let Some((left, right)) = split_outside(rest, " OR ") {
        return permits(left, allowed) || permits(right, allowed);
    }
    if let Some((left, right)) = split_outside(rest, " AND ") {
        return permits(left, allowed) && permits(right, allowed);
    }
    allowed.iter().any(|name| name == rest.trim())
}

/// Splits at the first `word` that stands in no brackets.
fn split_outside<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let outside = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.matches('(').count() == before.matches(')').count()
    };
    let at = text.match_indices(word).map(|(at, _)| at).find(outside)?;
    Some((text.get(..at)?, text.get(at + word.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::permits;

    #[test]
    fn expressions() {
        let allowed = ["MIT".to_owned(), "Apache-2.0".to_owned()];
        for (text, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR GPL-3.0) AND Apache-2.0", true),
            ("(MIT OR GPL-3.0) AND GPL-3.0", false),
            ("Apache-2.0 AND (GPL-3.0 OR MIT)", true),
            ("none given", false),
        ] {
            assert_eq!(permits(text, &allowed), expected, "{text}");
        }
    }
}
