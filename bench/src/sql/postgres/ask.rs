//! Questions in PostgreSQL's SQL, over plain rows.

use docket_event::{Direction, Place};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::rows::Rows;
use crate::design::{Design, Key};
use crate::questions::{ORG, Question};
use crate::sql::found::{self, Found};

type Values = Vec<Box<dyn ToSql + Sync>>;

impl Design for Rows {
    type Page = Vec<Found>;

    fn page(&self, question: &Question, after: Option<Place>) -> anyhow::Result<Vec<Found>> {
        let (sql, values) = statement(question, after)?;
        let values: Vec<_> = values.iter().map(AsRef::as_ref).collect();
        let rows = self.connection.query(&sql, &values)?;
        rows.iter().map(read).collect()
    }

    fn keys(page: &Vec<Found>) -> anyhow::Result<Vec<Key>> {
        found::keys(page)
    }
}

fn read(row: &Row) -> anyhow::Result<Found> {
    let id: i64 = row.try_get(1)?;
    Ok(Found {
        place: Place {
            micros: row.try_get(0)?,
            position: id.unsigned_abs(),
        },
        request: row.try_get(2)?,
        json: row.try_get(3)?,
    })
}

/// The statement of a question and its values. Questions of one shape have one text, so it is prepared once. The limit
/// is part of it: the planner takes a value that it does not know for a tenth of the table.
fn statement(question: &Question, after: Option<Place>) -> anyhow::Result<(String, Values)> {
    let mut tests = String::new();
    let mut values: Values = vec![Box::new(i64::try_from(ORG)?)];
    if let Some(target) = &question.target {
        values.push(Box::new(target.clone()));
        tests.push_str(&format!(" AND targets @> ARRAY[${}]", values.len()));
    }
    let types = question.types.iter().map(|name| (*name).to_owned());
    any_of("type", types, &mut tests, &mut values);
    let actors = question.actors.iter().cloned();
    any_of("actor", actors, &mut tests, &mut values);
    if question.failure {
        tests.push_str(" AND outcome = 'failure'");
    }
    for (test, time) in [(">=", question.from), ("<", question.to)] {
        if let Some(time) = time {
            values.push(Box::new(time));
            tests.push_str(&format!(" AND t {test} ${}", values.len()));
        }
    }
    let (end, beyond) = match question.direction {
        Direction::Descending => ("DESC", "<"),
        Direction::Ascending => ("ASC", ">"),
    };
    if let Some(after) = after {
        values.push(Box::new(after.micros));
        values.push(Box::new(i64::try_from(after.position)?));
        let (time, id) = (values.len() - 1, values.len());
        tests.push_str(&format!(" AND (t, id) {beyond} (${time}, ${id})"));
    }
    let limit = question.limit;
    let sql = format!(
        "SELECT t, id, request, json FROM event WHERE org = $1{tests} \
         ORDER BY t {end}, id {end} LIMIT {limit}"
    );
    Ok((sql, values))
}

fn any_of(
    column: &str,
    wanted: impl Iterator<Item = String>,
    tests: &mut String,
    values: &mut Values,
) {
    let before = values.len();
    values.extend(wanted.map(|value| Box::new(value) as Box<dyn ToSql + Sync>));
    let places = before + 1..=values.len();
    let places: Vec<String> = places.map(|place| format!("${place}")).collect();
    match places.as_slice() {
        [] => {}
        [place] => tests.push_str(&format!(" AND {column} = {place}")),
        places => tests.push_str(&format!(" AND {column} IN ({})", places.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_becomes_one_statement() {
        let question = Question {
            actors: vec!["a".to_owned(), "b".to_owned()],
            target: Some("c".to_owned()),
            failure: true,
            from: Some(5),
            ..Question::latest(20)
        };
        let place = Place {
            micros: 7,
            position: 8,
        };
        let (sql, values) = statement(&question, Some(place)).unwrap();
        assert_eq!(
            sql,
            "SELECT t, id, request, json FROM event WHERE org = $1 AND targets @> ARRAY[$2] AND actor IN ($3, $4) \
             AND outcome = 'failure' AND t >= $5 AND (t, id) < ($6, $7) ORDER BY t DESC, id DESC LIMIT 20"
        );
        assert_eq!(values.len(), 7);
    }
}
