//! The names of a JSON object with two samples. Its lists may hold more than memory does, so each is read as it comes.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, Visitor},
};

use super::{Keep, Pair, Written, json::Side, quick::Quick};

/// Reads the object, keeping values so; long lists quickly where the stream can.
pub(super) struct Names<'q>(pub(super) Keep, pub(super) Option<&'q dyn Quick>);

/// Every name that is understood, with the one it stands for.
const NAMES: [(&str, &str); 27] = [
    ("metric_name", "metric_name"),
    ("baseline_values", "baseline_values"),
    ("historical_data", "baseline_values"),
    ("baseline", "baseline_values"),
    ("dist1", "baseline_values"),
    ("current_values", "current_values"),
    ("current_data", "current_values"),
    ("current", "current_values"),
    ("dist2", "current_values"),
    ("consider_direction", "consider_direction"),
    ("direction", "consider_direction"),
    ("metric_type", "consider_direction"),
    ("use_statistical_tests", "use_statistical_tests"),
    ("confidence_level", "confidence_level"),
    ("significance_level", "significance_level"),
    ("min_effect_size", "min_effect_size"),
    ("minimum_effect_size", "min_effect_size"),
    ("outlier_threshold", "outlier_threshold"),
    ("outlier_method", "outlier_method"),
    ("filter_outliers", "filter_outliers"),
    ("min_samples", "min_samples"),
    ("minimum_samples", "min_samples"),
    ("max_samples", "max_samples"),
    ("max_sample_size", "max_samples"),
    ("margin", "margin"),
    ("seed", "seed"),
    ("unit", "unit"),
];

/// The units of the two sides, beside `unit`.
const UNITS: [(&str, &str); 2] = [("baseline_unit", "baseline_unit"), ("current_unit", "current_unit")];

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = Pair;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Pair, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = Pair;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `baseline_values` and `current_values`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pair, A::Error> {
        let Self(keep, quick) = self;
        let (mut baseline, mut current) = (None, None);
        let (mut written, mut alpha, mut unit): (Written, Option<f64>, Option<String>) = (Written::default(), None, None);
        let mut seen: Vec<&'static str> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let known = NAMES.iter().chain(&UNITS).find(|(known, _)| *known == name);
            let Some((_, name)) = known else {
                return Err(A::Error::custom(format!("unknown field `{name}`, expected another")));
            };
            if seen.contains(name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            seen.push(name);
            match *name {
                "baseline_values" => baseline = Some(map.next_value_seed(Side(keep.baseline(), quick))?),
                "current_values" => current = Some(map.next_value_seed(Side(keep.current(), quick))?),
                "metric_name" => written.metric = map.next_value()?,
                "consider_direction" => written.consider = map.next_value()?,
                "use_statistical_tests" => written.tests = map.next_value()?,
                "confidence_level" => written.level = map.next_value()?,
                "significance_level" => alpha = map.next_value()?,
                "min_effect_size" => written.min_effect = map.next_value()?,
                "outlier_threshold" => written.outlier_threshold = map.next_value()?,
                "outlier_method" => written.outlier_method = map.next_value()?,
                "filter_outliers" => written.filter_outliers = map.next_value()?,
                "min_samples" => written.min_samples = map.next_value()?,
                "max_samples" => written.max_samples = map.next_value()?,
                "margin" => written.margin = map.next_value()?,
                "seed" => written.seed = map.next_value()?,
                "unit" => unit = map.next_value()?,
                "baseline_unit" => written.units[0] = map.next_value()?,
                // The last of the names.
                _ => written.units[1] = map.next_value()?,
            }
        }
        let baseline = baseline.or_else(|| keep.alone.then(|| keep.baseline()));
        let (Some(baseline), Some(current)) = (baseline, current) else {
            let missing = if keep.alone || seen.contains(&"baseline_values") { "current_values" } else { "baseline_values" };
            return Err(A::Error::missing_field(missing));
        };
        written.level = written.level.or(alpha.map(|alpha| 1.0 - alpha));
        written.units = written.units.map(|own| own.or_else(|| unit.clone()));
        Ok(Pair::of(baseline, current, written))
    }
}
