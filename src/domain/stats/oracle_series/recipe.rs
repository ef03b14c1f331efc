//! Samples that the oracle gives as recipes, made anew and compared bit for bit.

use serde_json::Value;

use super::{number, numbers};
use crate::domain::stats::resample::rng::SplitMix64;

struct Source(SplitMix64);

impl Source {
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn unit(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    fn below(&mut self, k: u64) -> f64 {
        f64::from(u32::try_from(self.0.next() % k).unwrap())
    }

    fn sum12(&mut self) -> f64 {
        let mut sum = 0.0;
        for _ in 0..12 {
            sum += self.unit();
        }
        sum
    }

    fn value(&mut self, kind: &str, loc: f64, scale: f64) -> f64 {
        match kind {
            "normal" => loc + scale * (self.sum12() - 6.0),
            "uniform" => loc + scale * self.unit(),
            "lognormal" => {
                let q = self.sum12() / 6.0;
                loc + scale * (q * q) * (q * q)
            }
            "heavy" => loc + scale * (1.0 / (1.0 - self.unit()) - 1.0),
            "ties" => loc + scale * self.below(4),
            "binary" => loc + scale * f64::from(u8::from(self.unit() < 0.3)),
            "constant" => loc,
            "bimodal" => {
                let second = self.unit() < 0.4;
                loc + scale * (self.sum12() - 6.0) + if second { 6.0 * scale } else { 0.0 }
            }
            "zeros" => {
                if self.unit() < 0.05 {
                    loc + scale * (1.0 + self.below(5))
                } else {
                    loc
                }
            }
            other => panic!("recipe {other}"),
        }
    }
}

/// The sample of an oracle entry, from its values or its recipe.
pub(super) fn sample(entry: &Value) -> Vec<f64> {
    let recipe = &entry["recipe"];
    if recipe.is_null() {
        return numbers(&entry["values"]);
    }
    let mut source = Source(SplitMix64::new(recipe["seed"].as_u64().unwrap()));
    let (kind, loc, scale) = (recipe["kind"].as_str().unwrap(), number(recipe, "loc"), number(recipe, "scale"));
    let values: Vec<f64> = (0..recipe["n"].as_u64().unwrap()).map(|_| source.value(kind, loc, scale)).collect();
    let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&values[..3]), bits(&numbers(&entry["first3"])), "{recipe}");
    assert_eq!(values.last().unwrap().to_bits(), number(entry, "last").to_bits(), "{recipe}");
    values
}
