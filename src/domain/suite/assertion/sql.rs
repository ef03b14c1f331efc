//! SQL: the whole answer is statements that a parser reads to their end.

use std::sync::Arc;

use serde_json::Value;
use sqlite3_parser::{
    Bump, FallibleIterator,
    ast::{Cmd, Stmt},
    lexer::sql::Parser,
};

use super::{
    Check, Judgement, Kind, Parameters, Problem, Subject,
    excerpt::{code, shorten},
    operand::unexpected,
    parse::LABEL,
};
use crate::domain::{
    prompt::{TemplateError, Variables},
    suggest::nearest,
};

/// The parser sees so many bytes at the most: what it builds of them, and the columns it counts, stay small.
const MOST_BYTES: usize = 32 * 1024;

/// The statements that can be named.
const NAMES: [&str; 4] = ["select", "insert", "update", "delete"];

pub(super) const KINDS: [&[Kind]; 1] = [&[Kind {
    name: "is-sql",
    summary: "The whole answer is one or more statements of SQL, as SQLite reads it, and of the named kinds where some are named. Tables and columns are not looked up. At most 32 KiB are judged.",
    source: "SQL As Understood By SQLite, its grammar; by the crate sqlite3-parser",
    keys: &[("value", "the statements it may have, of `select`, `insert`, `update`, `delete`; any statement where it is left out")],
    example: "is-sql: [select]",
    accepts: "SELECT name, count(*) FROM visits GROUP BY name ORDER BY 2 DESC;",
    rejects: "SELECT name FROM visits WHERE (day = 1;",
    parse: |parameters| Ok(Arc::new(Sql { allowed: allowed(parameters)? })),
}]];

fn allowed(parameters: &Parameters<'_>) -> Result<Vec<&'static str>, Vec<Problem>> {
    let Some(value) = parameters.value else { return Ok(Vec::new()) };
    let items = match value {
        Value::Array(items) => items.iter().collect(),
        one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![one],
    };
    let (mut names, mut problems) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let path = format!("value[{index}]");
        match item.as_str().map(|name| (name, NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)))) {
            Some((_, Some(known))) => names.push(*known),
            Some((name, None)) => {
                let problem = Problem::new(path, format!("there is no kind of statement {}", code(name)));
                let help = nearest(name, NAMES)
                    .map_or_else(|| format!("known are {}", NAMES.join(", ")), |near| format!("did you mean `{near}`?"));
                problems.push(problem.with_help(help));
            }
            None => problems.push(unexpected(&path, "a kind of statement such as `select`", item)),
        }
    }
    if names.is_empty() && problems.is_empty() {
        problems.push(Problem::new("value", "no statement is named").with_help("name those that may stand there, or write `is-sql` alone"));
    }
    if problems.is_empty() { Ok(names) } else { Err(problems) }
}

#[derive(Debug)]
struct Sql {
    /// Nothing named: anything.
    allowed: Vec<&'static str>,
}

/// How each statement of a text begins, or why it is none.
fn statements(text: &str) -> Result<Vec<Option<&'static str>>, String> {
    let memory = Bump::new();
    let mut parser = Parser::new(&memory, text.as_bytes());
    let mut found = Vec::new();
    while let Some(command) = parser.next().map_err(|error| shorten(error, LABEL))? {
        let (Cmd::Stmt(statement) | Cmd::Explain(statement) | Cmd::ExplainQueryPlan(statement)) = &command;
        found.push(named(statement));
    }
    Ok(found)
}

/// The name under which a statement is allowed; `None`: it has none.
fn named(statement: &Stmt<'_>) -> Option<&'static str> {
    let is = [
        matches!(statement, Stmt::Select(..)),
        matches!(statement, Stmt::Insert { .. }),
        matches!(statement, Stmt::Update { .. }),
        matches!(statement, Stmt::Delete { .. }),
    ];
    NAMES.into_iter().zip(is).find_map(|(name, is)| is.then_some(name))
}

impl Check for Sql {
    fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let text = subject.answer.text.as_str();
        if text.len() > MOST_BYTES {
            return Judgement::undecided(format!("has {} bytes, of which SQL may have {MOST_BYTES}", text.len()));
        }
        let found = match statements(text) {
            Err(reason) => return Judgement::new(false, format!("is not SQL: {reason}")),
            Ok(found) => found,
        };
        if found.is_empty() {
            return Judgement::new(false, "is not SQL: there is no statement");
        }
        let is_foreign = |name: Option<&'static str>| !self.allowed.is_empty() && name.is_none_or(|name| !self.allowed.contains(&name));
        match found.iter().copied().position(is_foreign) {
            None => Judgement::new(true, "is SQL"),
            Some(at) => {
                let what = found.get(at).copied().flatten().map_or_else(|| "something else".to_owned(), code);
                let allowed: Vec<String> = self.allowed.iter().map(|name| code(name)).collect();
                Judgement::new(false, format!("is SQL, but statement {} is {what}; allowed: {}", at + 1, allowed.join(", ")))
            }
        }
    }

    fn prepare(&self, _variables: &Variables) -> Result<(), TemplateError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MOST_BYTES, statements};
    use crate::domain::suite::assertion::tests::{problems, reason};

    #[test]
    fn statements_are_sql_or_not() {
        for text in [
            "SELECT 1",
            "select a, b from t where a in (?, :b, $c) order by 1 limit 10 -- all\n;",
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < 5) SELECT x FROM c;",
            "CREATE TABLE t (id INTEGER PRIMARY KEY, \"ö\" TEXT NOT NULL); INSERT INTO t VALUES (1, 'it''s');",
            "UPDATE t SET a = CASE WHEN b THEN 1 ELSE 2 END WHERE c LIKE '%x%' RETURNING *",
            "SELECT sum(a) OVER (PARTITION BY b ORDER BY c) FROM t GROUP BY 1 HAVING count(*) > 2",
        ] {
            reason("is-sql", text, true);
        }
        for (text, words) in [
            ("", "no statement"),
            (" ; -- nothing", "no statement"),
            ("Here you are: SELECT 1", "near \"Here\""),
            ("```sql\nSELECT 1\n```", "syntax error"),
            ("SELECT * FROM t WHERE a = 1)", "near \")\""),
            ("SELECT * FORM t", "near \"FORM\""),
            ("SELECT a FROM t WHERE", "is not SQL"),
            ("SELECT 'a", "literal"),
            ("SELECT 1; SELEC 2", "near \"SELEC\""),
            ("DELETE t", "near \"t\""),
        ] {
            let found = reason("is-sql", text, false);
            assert!(found.contains(words), "{text}: {found}");
        }
    }

    #[test]
    fn only_the_named_statements_may_stand_there() {
        reason("is-sql: [select]", "WITH a AS (SELECT 1) SELECT * FROM a; EXPLAIN SELECT 2", true);
        reason("is-sql: SELECT", "select 1", true);
        let found = reason("is-sql: [select, insert]", "SELECT 1; DROP TABLE t", false);
        assert!(found.contains("statement 2 is something else; allowed: `select`, `insert`"), "{found}");
        let found = reason("is-sql: select", "WITH a AS (SELECT 1) DELETE FROM t", false);
        assert!(found.contains("statement 1 is `delete`"), "{found}");
        reason("not-is-sql", "DROP TABLE t", false);
        reason("not-is-sql", "no statement at all", true);
        assert_eq!(problems("is-sql: [selct]"), ["is-sql[0]: there is no kind of statement `selct` (did you mean `select`?)"]);
        assert!(problems("is-sql: 1").first().unwrap().contains("expected a kind of statement such as `select`, found a number"));
        assert!(problems("is-sql: []").first().unwrap().contains("no statement is named"));
    }

    #[test]
    fn a_text_that_is_too_long_is_not_judged() {
        let long = format!("SELECT '{}'", "x".repeat(MOST_BYTES));
        assert!(reason("is-sql", &long, false).contains("32768"));
        assert!(reason("not-is-sql", &long, false).contains("32768"));
    }

    #[test]
    fn deep_and_wide_texts_end() {
        for text in
            ["(", "SELECT (", "SELECT NOT ", "SELECT 1 UNION ", "SELECT CASE WHEN ", "VALUES (1),", "SELECT 1,", "[", "x'", "1.e", "/*"]
        {
            for times in [1, 10_000] {
                let many: String = text.repeat(times).chars().take(MOST_BYTES).collect();
                drop(statements(&many));
            }
        }
        let nested = format!("SELECT {}1{}", "(".repeat(16_000), ")".repeat(16_000));
        reason("is-sql", &nested, true);
    }

    proptest! {
        // A panic would end the program: no text may cause one.
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_text_ends_the_parser(words in prop::collection::vec(prop_oneof![
            "[ -~]{0,4}",
            "\\PC{0,3}",
            prop::sample::select(vec![
                "select", "from", "where", "insert into", "values", "update", "set", "delete", "create", "table", "view", "trigger", "index", "temp",
                "virtual", "using", "with", "recursive", "as", "(", ")", ",", ";", "'a'", "\"b\"", "[c]", "`d`", "x'0f'", "0x1", "1.5e3", "?1", ":n", "@v",
                "$p::q(1)", "over", "filter", "window", "partition by", "order by", "limit", "offset", "join", "left", "natural", "cross", "on", "is", "not",
                "null", "isnull", "notnull", "like", "glob", "match", "regexp", "escape", "between", "and", "or", "in", "exists", "case", "when", "then", "else",
                "end", "cast", "collate", "current_date", "current_timestamp", "raise", "abort", "pragma", "=", "==", "!=", "<>", "->", "->>", "||", "<<", "~",
                "begin", "commit", "rollback", "savepoint", "release", "attach", "detach", "vacuum", "analyze", "reindex", "alter", "rename", "to", "add",
                "column", "drop", "if", "primary key", "autoincrement", "unique", "check", "references", "foreign key", "default", "generated always", "stored",
                "on conflict", "do nothing", "do update", "returning", "explain", "query plan", "/* c */", "-- c\n", "t", "a.b.c", "*", "t.*",
            ]).prop_map(str::to_owned),
        ], 0..24)) {
            let text = words.join(" ");
            if let Ok(found) = statements(&text) {
                prop_assert!(found.len() <= text.matches(';').count() + 1);
            }
        }
    }
}
