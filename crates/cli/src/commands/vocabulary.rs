//! `docket vocabulary`

use std::process::ExitCode;

use anyhow::Result;
use clap::Args as ClapArgs;
use docket_event::vocabulary::{Surface, TypeEntry, Via, vocabulary};
use serde_json::{Map, Value, json};

use crate::args::Common;
use crate::output;

/// List the event types and what each vendor calls them
///
/// A word in parentheses is broader than the type: the vendor's API shows the type under it, and never the
/// other way round.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  docket vocabulary
  docket vocabulary --json | jq '.[] | select(.vendors.openai)'")]
pub struct Args {
    /// Only types that begin so, such as api_key.
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,
}

pub fn run(args: &Args, common: &Common) -> Result<ExitCode> {
    let wanted = vocabulary()
        .types()
        .filter(|entry| entry.name.starts_with(&args.prefix));
    if common.json {
        let all: Vec<Value> = wanted.map(document).collect();
        output::json(&all)?;
    } else {
        let rows: Vec<[Option<String>; 5]> = wanted.map(row).collect();
        output::table(
            &["TYPE", "CATEGORY", "OPENAI", "CLARIFAI", "CALYPSOAI"],
            &rows,
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn row(entry: &TypeEntry) -> [Option<String>; 5] {
    let word = |surface| {
        let word = entry.word(surface)?;
        let text = match word.code {
            Some(code) => code.to_string(),
            None => word.text.clone(),
        };
        Some(match word.via {
            Via::Own => text,
            Via::OneWay => format!("({text})"),
        })
    };
    [
        Some(entry.name.clone()),
        Some(entry.category.name().to_owned()),
        word(Surface::OpenAi),
        word(Surface::Clarifai),
        word(Surface::CalypsoAi),
    ]
}

fn document(entry: &TypeEntry) -> Value {
    let words = |via: Via| -> Map<String, Value> {
        let words = Surface::ALL.into_iter().filter_map(|surface| {
            let word = entry.word(surface).filter(|word| word.via == via)?;
            let mut about = Map::from_iter([("type".to_owned(), json!(word.text))]);
            if let Some(code) = word.code {
                about.insert("code".to_owned(), json!(code));
            }
            Some((surface.name().to_owned(), Value::Object(about)))
        });
        words.collect()
    };
    json!({
        "type": entry.name,
        "sentence": entry.sentence,
        "category": entry.category.name(),
        "severity": entry.severity.name(),
        "vendors": words(Via::Own),
        "one_way": words(Via::OneWay),
        "targets": entry.targets.iter().map(|rule| rule.kind.as_str()).collect::<Vec<_>>(),
        "docket": entry.docket,
    })
}
