//! Samples that are stored as recipes.

use serde_json::Value;

use super::{count_of, number};
use crate::domain::stats::rng::SplitMix64;

/// The values of a sample: as stored, or rebuilt and checked bit for bit.
pub(in crate::domain::stats) fn sample(stored: &Value) -> Vec<f64> {
    if let Some(values) = stored.get("values") {
        return values.as_array().unwrap().iter().map(number).collect();
    }
    let recipe = &stored["recipe"];
    let mut rng = SplitMix64::new(recipe["seed"].as_u64().unwrap());
    let (loc, scale) = (number(&recipe["loc"]), number(&recipe["scale"]));
    let kind = recipe["kind"].as_str().unwrap();
    let values: Vec<f64> = (0..count_of(&recipe["n"])).map(|_| value(kind, loc, scale, &mut rng)).collect();
    let bits = |x: &Value| number(x).to_bits();
    let first: Vec<u64> = stored["first3"].as_array().unwrap().iter().map(bits).collect();
    assert_eq!(values[..3].iter().map(|x| x.to_bits()).collect::<Vec<_>>(), first, "{recipe}");
    assert_eq!(values.last().unwrap().to_bits(), bits(&stored["last"]), "{recipe}");
    values
}

fn value(kind: &str, loc: f64, scale: f64, rng: &mut SplitMix64) -> f64 {
    let small = |rng: &mut SplitMix64, bound: u32| f64::from(u32::try_from(rng.next_u64() % u64::from(bound)).unwrap());
    match kind {
        "normal" => loc + scale * (irwin_hall(rng) - 6.0),
        "uniform" => loc + scale * rng.unit(),
        "lognormal" => {
            let q = irwin_hall(rng) / 6.0;
            loc + scale * ((q * q) * (q * q))
        }
        "heavy" => loc + scale * (1.0 / (1.0 - rng.unit()) - 1.0),
        "ties" => loc + scale * small(rng, 4),
        "binary" => loc + scale * f64::from(u8::from(rng.unit() < 0.3)),
        "constant" => loc,
        "bimodal" => {
            let far = rng.unit() < 0.4;
            loc + scale * (irwin_hall(rng) - 6.0) + if far { 6.0 * scale } else { 0.0 }
        }
        "zeros" => {
            if rng.unit() < 0.05 {
                loc + scale * (1.0 + small(rng, 5))
            } else {
                loc
            }
        }
        other => panic!("no recipe for {other}"),
    }
}

fn irwin_hall(rng: &mut SplitMix64) -> f64 {
    (0..12).fold(0.0, |sum, _| sum + rng.unit())
}
