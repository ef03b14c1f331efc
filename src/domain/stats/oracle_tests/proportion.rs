use super::{Errors, count_of, rows};
use crate::domain::stats::proportion::{
    Rate,
    boschloo::boschloo,
    fisher::fisher,
    intervals::{clopper_pearson, newcombe, wilson},
};

#[test]
fn contingency_tables() {
    let mut errors = Errors::default();
    for (index, row) in rows(include_str!("../../../../tests/data/stats/contingency.json")).iter().enumerate() {
        let place = format!("{index} {}/{} {}/{}", row["pass_a"], row["n_a"], row["pass_b"], row["n_b"]);
        let a = Rate::new(count_of(&row["pass_a"]), count_of(&row["n_a"])).unwrap();
        let b = Rate::new(count_of(&row["pass_b"]), count_of(&row["n_b"])).unwrap();
        let p = fisher(a, b);
        errors.relative("fisher", 1e-9, &place, p.two_sided, &row["fisher_p_two"]);
        errors.relative("fisher", 1e-9, &place, p.less, &row["fisher_p_less"]);
        errors.relative("fisher", 1e-9, &place, p.greater, &row["fisher_p_greater"]);
        if row.get("boschloo_p_two").is_some() {
            // scipy takes the columns of a table for the samples, and the oracle was made with runs in rows: its
            // values are those for the sample of all passed and the sample of all failed.
            let p =
                boschloo(Rate::new(a.passed(), a.passed() + b.passed()).unwrap(), Rate::new(a.failed(), a.failed() + b.failed()).unwrap());
            errors.relative("boschloo", 1e-3, &place, p.two_sided, &row["boschloo_p_two"]);
            errors.relative("boschloo", 1e-3, &place, p.less, &row["boschloo_p_less"]);
            errors.relative("boschloo", 1e-3, &place, p.greater, &row["boschloo_p_greater"]);
        }
        let intervals = [
            ("wilson", wilson(a, 0.95), "wilson95_a"),
            ("clopper-pearson", clopper_pearson(a, 0.95), "clopper_pearson95_a"),
            ("newcombe", newcombe(a, b, 0.95), "newcombe95_a_minus_b"),
        ];
        for (kind, got, key) in intervals {
            errors.scaled(kind, 1e-9, &place, got.lower, &row[key][0], 1e-6);
            errors.scaled(kind, 1e-9, &place, got.upper, &row[key][1], 1e-6);
        }
    }
    errors.check();
}
