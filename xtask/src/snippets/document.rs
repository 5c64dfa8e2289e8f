//! Finds the snippets of a Markdown document, and the output that it shows for them.

use anyhow::{Context, bail};

const FENCE: &str = "```";

/// What runs a snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Shell,
    Python,
    JavaScript,
}

/// A fenced block whose first line names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Snippet {
    pub name: String,
    pub language: Language,
    pub text: String,
    /// The block without a language right after it.
    pub expected: Option<String>,
}

/// All snippets of a document, in its order.
pub fn snippets(document: &str) -> anyhow::Result<Vec<Snippet>> {
    let blocks = blocks(document)?;
    let mut snippets = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let Some(name) = block.name() else { continue };
        let expected = blocks
            .get(index + 1)
            .filter(|next| next.language.is_empty() && next.begins == block.ends + 1);
        snippets.push(Snippet {
            name: name.to_owned(),
            language: language(block.language).with_context(|| format!("snippet {name}"))?,
            text: block.text.clone(),
            expected: expected.map(|next| next.text.clone()),
        });
    }
    Ok(snippets)
}

struct Block<'a> {
    language: &'a str,
    text: String,
    /// The lines of its fences.
    begins: usize,
    ends: usize,
}

impl Block<'_> {
    fn name(&self) -> Option<&str> {
        let first = self.text.lines().next()?;
        let comment = first
            .strip_prefix("# ")
            .or_else(|| first.strip_prefix("// "))?;
        comment.strip_prefix("snippet: ").map(str::trim)
    }
}

fn blocks(document: &str) -> anyhow::Result<Vec<Block<'_>>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in document.lines().enumerate() {
        open = match (open, line.strip_prefix(FENCE)) {
            (None, None) => None,
            (None, Some(language)) => Some(Block {
                language,
                text: String::new(),
                begins: number,
                ends: number,
            }),
            (Some(mut block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
                Some(block)
            }
            (Some(mut block), Some(_)) => {
                block.ends = number;
                blocks.push(block);
                None
            }
        };
    }
    if let Some(block) = open {
        bail!(
            "the block that begins in line {} has no end",
            block.begins + 1
        );
    }
    Ok(blocks)
}

fn language(name: &str) -> anyhow::Result<Language> {
    match name {
        "sh" | "bash" => Ok(Language::Shell),
        "python" => Ok(Language::Python),
        "js" => Ok(Language::JavaScript),
        other => bail!("nothing runs the language {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_has_a_name_and_the_output_right_after_it() {
        let document = "\
            text\n```\nplain\n```\n\
            ```sh\n# snippet: one\necho 1\n```\n```\n1\n```\n\
            ```js\n// snippet: two\n```\n\n```\nnot its output\n```\n\
            ```python\nprint()\n```\n";
        let found = snippets(document).unwrap();
        let one = Snippet {
            name: "one".to_owned(),
            language: Language::Shell,
            text: "# snippet: one\necho 1\n".to_owned(),
            expected: Some("1\n".to_owned()),
        };
        let two = Snippet {
            name: "two".to_owned(),
            language: Language::JavaScript,
            text: "// snippet: two\n".to_owned(),
            expected: None,
        };
        assert_eq!(found, [one, two]);
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        assert!(snippets("```sh\n# snippet: open\n").is_err());
        assert!(snippets("```perl\n# snippet: other\n```\n").is_err());
    }
}
