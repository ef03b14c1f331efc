//! Adjusted p-values for a family of tests.
//!
//! Reject where the adjusted p is at most the level. Bonferroni, Holm 1979 and Hochberg 1988 bound the chance of one false
//! alarm in the family (Hochberg needs independence or positive dependence); Benjamini-Hochberg 1995 bounds the expected
//! share of false alarms under the same condition; Benjamini-Yekutieli 2001 does so under any dependence. Order of the
//! output is the order of the input. Equal to `p.adjust` of R and `multipletests` of statsmodels.
//!
//! Errors: no p-value; one that is NaN or outside 0..=1.

use super::special::count;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Bonferroni,
    Holm,
    Hochberg,
    BenjaminiHochberg,
    BenjaminiYekutieli,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MultiplicityError {
    #[error("there is no p-value to adjust")]
    Empty,
    #[error("p-value {index} is {value}, not a number from 0 to 1")]
    NotAProbability { index: usize, value: f64 },
}

pub fn adjust(method: Method, p_values: &[f64]) -> Result<Vec<f64>, MultiplicityError> {
    if p_values.is_empty() {
        return Err(MultiplicityError::Empty);
    }
    if let Some((index, &value)) = p_values.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        return Err(MultiplicityError::NotAProbability { index, value });
    }
    let mut ranked: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let family = count(p_values.len());
    for (rank, (_, p)) in ranked.iter_mut().enumerate() {
        *p = (*p * factor(method, family, count(rank + 1))).min(1.0);
    }
    match method {
        Method::Bonferroni => {}
        Method::Holm => monotone(ranked.iter_mut(), f64::max),
        Method::Hochberg | Method::BenjaminiHochberg | Method::BenjaminiYekutieli => monotone(ranked.iter_mut().rev(), f64::min),
    }
    ranked.sort_by_key(|(index, _)| *index);
    Ok(ranked.into_iter().map(|(_, p)| p).collect())
}

fn factor(method: Method, family: f64, rank: f64) -> f64 {
    match method {
        Method::Bonferroni => family,
        Method::Holm | Method::Hochberg => family - rank + 1.0,
        Method::BenjaminiHochberg => family / rank,
        Method::BenjaminiYekutieli => family / rank * harmonic(family),
    }
}

fn harmonic(family: f64) -> f64 {
    let mut sum = 0.0;
    let mut i = 1.0;
    while i <= family {
        sum += 1.0 / i;
        i += 1.0;
    }
    sum
}

fn monotone<'a>(ranked: impl Iterator<Item = &'a mut (usize, f64)>, pick: fn(f64, f64) -> f64) {
    let mut last = None;
    for (_, p) in ranked {
        *p = last.map_or(*p, |last| pick(last, *p));
        last = Some(*p);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Method; 5] = [Method::Bonferroni, Method::Holm, Method::Hochberg, Method::BenjaminiHochberg, Method::BenjaminiYekutieli];

    #[test]
    fn bad_input_is_named() {
        assert_eq!(adjust(Method::Holm, &[]), Err(MultiplicityError::Empty));
        assert_eq!(adjust(Method::Holm, &[0.1, 1.5]), Err(MultiplicityError::NotAProbability { index: 1, value: 1.5 }));
        assert!(matches!(adjust(Method::Holm, &[f64::NAN]), Err(MultiplicityError::NotAProbability { index: 0, .. })));
    }

    proptest! {
        #[test]
        fn adjusting_never_helps_keeps_order_and_ignores_position(p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
            for method in ALL {
                let adjusted = adjust(method, &p).unwrap();
                for (i, (raw, new)) in p.iter().zip(&adjusted).enumerate() {
                    prop_assert!(*new >= raw * (1.0 - 1e-12) && *new <= 1.0);
                    for (other_raw, other_new) in p.iter().zip(&adjusted).skip(i) {
                        prop_assert!((raw <= other_raw && new <= other_new) || (raw >= other_raw && new >= other_new));
                    }
                }
                let reversed: Vec<f64> = p.iter().rev().copied().collect();
                let back: Vec<f64> = adjust(method, &reversed).unwrap().into_iter().rev().collect();
                prop_assert_eq!(&adjusted, &back);
            }
        }

        #[test]
        fn the_methods_are_ordered(p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
            let [bonferroni, holm, hochberg, bh, _] = ALL.map(|method| adjust(method, &p).unwrap());
            for i in 0..p.len() {
                prop_assert!(bonferroni[i] >= holm[i] && holm[i] >= hochberg[i] && hochberg[i] >= bh[i] * (1.0 - 1e-12));
            }
        }
    }
}
