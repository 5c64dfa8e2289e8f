//! The tables of docs/access.md are those of the code.

use docket_access::{Permission, Role};

const PAGE: &str = include_str!("../../../../docs/access.md");

/// What stands between the marks of a table in the page.
fn between_marks(table: &str) -> &'static str {
    let (begin, end) = (
        format!("<!-- {table}: begin -->\n"),
        format!("<!-- {table}: end -->"),
    );
    let (_, rest) = PAGE.split_once(&begin).unwrap();
    rest.split_once(&end).unwrap().0
}

fn permissions() -> String {
    let rows = Permission::ALL
        .iter()
        .map(|one| format!("| `{}` | {} |\n", one.name(), one.meaning()));
    format!(
        "| permission | allows to |\n| --- | --- |\n{}",
        rows.collect::<String>()
    )
}

fn roles() -> String {
    let in_roles = |one: &Permission| Role::ALL.iter().any(|role| role.permissions().allows(*one));
    let columns: Vec<Permission> = Permission::ALL.into_iter().filter(in_roles).collect();
    let headings: String = columns
        .iter()
        .map(|one| format!(" `{}` |", one.name()))
        .collect();
    let mut table = format!("| built-in role | may |{headings}\n| --- | --- |");
    table.push_str(&" :-: |".repeat(columns.len()));
    table.push('\n');
    for role in Role::ALL {
        table.push_str(&format!("| `{}` | {} |", role.name(), role.meaning()));
        for one in &columns {
            let mark = if role.permissions().allows(*one) {
                "✓"
            } else {
                ""
            };
            table.push_str(&format!(" {mark} |"));
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_page_has_the_tables_of_the_code() {
    for (table, expected) in [("permissions", permissions()), ("roles", roles())] {
        let found = between_marks(table);
        assert_eq!(
            found, expected,
            "docs/access.md, {table}: put this between the marks:\n{expected}"
        );
    }
}
