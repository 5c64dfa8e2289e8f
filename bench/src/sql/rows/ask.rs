//! Questions in SQL, over plain rows.

use docket_event::{Direction, Place};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use super::Rows;
use crate::design::{Design, Key};
use crate::questions::{ORG, Question};
use crate::sql::found::{self, Found};

impl Design for Rows {
    type Page = Vec<Found>;

    fn page(&self, question: &Question, after: Option<Place>) -> anyhow::Result<Vec<Found>> {
        let (sql, values) = statement(question, after)?;
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = statement.query_map(params_from_iter(values), read)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn keys(page: &Vec<Found>) -> anyhow::Result<Vec<Key>> {
        found::keys(page)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        place: Place {
            micros: row.get(0)?,
            // SQLite numbers rows from 1.
            position: row.get(1).map(i64::unsigned_abs)?,
        },
        request: row.get(2)?,
        json: row.get(3)?,
    })
}

/// The statement of a question and its values. Questions of one shape have one text, so it is prepared once.
fn statement(question: &Question, after: Option<Place>) -> anyhow::Result<(String, Vec<Value>)> {
    let mut values = vec![Value::from(i64::try_from(ORG)?)];
    let mut tests = String::new();
    let mut from = "event AS e";
    let mut key = "e";
    if let Some(target) = &question.target {
        from = "target AS g JOIN event AS e ON e.id = g.id";
        key = "g";
        tests.push_str(" AND g.target = ?");
        values.push(Value::from(target.clone()));
    }
    let types = question.types.iter().map(|name| (*name).to_owned());
    any_of("e.type", types, &mut tests, &mut values);
    let actors = question.actors.iter().cloned();
    any_of("e.actor", actors, &mut tests, &mut values);
    if question.failure {
        tests.push_str(" AND e.outcome = 'failure'");
    }
    for (test, time) in [(">=", question.from), ("<", question.to)] {
        if let Some(time) = time {
            tests.push_str(&format!(" AND {key}.t {test} ?"));
            values.push(Value::from(time));
        }
    }
    let (end, beyond) = match question.direction {
        Direction::Descending => ("DESC", "<"),
        Direction::Ascending => ("ASC", ">"),
    };
    if let Some(after) = after {
        tests.push_str(&format!(" AND ({key}.t, {key}.id) {beyond} (?, ?)"));
        values.push(Value::from(after.micros));
        values.push(Value::from(i64::try_from(after.position)?));
    }
    values.push(Value::from(i64::try_from(question.limit)?));
    let sql = format!(
        "SELECT e.t, e.id, e.request, e.json FROM {from} WHERE {key}.org = ?{tests} \
         ORDER BY {key}.t {end}, {key}.id {end} LIMIT ?"
    );
    Ok((sql, values))
}

fn any_of(
    column: &str,
    wanted: impl ExactSizeIterator<Item = String>,
    tests: &mut String,
    values: &mut Vec<Value>,
) {
    match wanted.len() {
        0 => {}
        1 => tests.push_str(&format!(" AND {column} = ?")),
        count => {
            let places = vec!["?"; count].join(", ");
            tests.push_str(&format!(" AND {column} IN ({places})"));
        }
    }
    values.extend(wanted.map(Value::from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_becomes_one_statement() {
        let question = Question {
            actors: vec!["a".to_owned(), "b".to_owned()],
            failure: true,
            from: Some(5),
            ..Question::latest(20)
        };
        let (sql, values) = statement(&question, None).unwrap();
        assert_eq!(
            sql,
            "SELECT e.t, e.id, e.request, e.json FROM event AS e WHERE e.org = ? AND e.actor IN (?, ?) \
             AND e.outcome = 'failure' AND e.t >= ? ORDER BY e.t DESC, e.id DESC LIMIT ?"
        );
        assert_eq!(values.len(), 5);
    }
}
