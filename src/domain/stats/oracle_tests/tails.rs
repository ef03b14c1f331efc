use serde_json::Value;

use super::{Errors, number};
use crate::domain::stats::{
    tails::{normal_sf, student_sf, student_upper},
    two_sample::kolmogorov::kolmogorov_limit_sf,
};

#[test]
fn tail_probabilities() {
    let tails: Value = serde_json::from_str(include_str!("../../../../tests/data/stats/tails.json")).unwrap();
    let mut errors = Errors::default();
    for row in tails["t_sf"].as_array().unwrap() {
        errors.relative("student sf", 1e-6, &row.to_string(), student_sf(number(&row[0]), number(&row[1])), &row[2]);
    }
    for row in tails["t_ppf"].as_array().unwrap() {
        let got = student_upper(1.0 - number(&row[0]), number(&row[1]));
        errors.relative("student quantile", 1e-9, &row.to_string(), got, &row[2]);
    }
    for row in tails["norm_sf"].as_array().unwrap() {
        errors.relative("normal sf", 1e-9, &row.to_string(), normal_sf(number(&row[0])), &row[1]);
    }
    for row in tails["kolmogorov_sf"].as_array().unwrap() {
        errors.relative("kolmogorov sf", 1e-9, &row.to_string(), kolmogorov_limit_sf(number(&row[0])), &row[1]);
    }
    errors.check();
}
