//! How large a difference of means is, in standard deviations. Cliff's δ is with the ranks (`mann_whitney`).

use super::t_test::TTest;
use super::{
    super::{
        describe::Moments,
        sample::{Sample, SampleError, count},
    },
    student::pooled_variance,
    welch::constants,
};

/// A difference over a standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    Finite(f64),
    /// A difference without any spread, negative or positive.
    Unbounded {
        positive: bool,
    },
    /// No spread to measure by, and no value that would make sense.
    Undefined,
}

impl Size {
    pub fn finite(self) -> Option<f64> {
        match self {
            Self::Finite(value) => Some(value),
            Self::Unbounded { .. } | Self::Undefined => None,
        }
    }
}

/// Effect sizes of mean(first) − mean(second).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effects {
    /// Over the pooled standard deviation (Cohen 1988). 0 for two equal constants.
    pub cohen_d: Size,
    /// Cohen's d without its bias in small samples: d·Γ(df/2)/(√(df/2)·Γ((df−1)/2)) (Hedges 1981).
    pub hedges_g: Size,
    /// The usual approximation d·(1 − 3/(4·df − 1)).
    pub hedges_g_approximate: Size,
    /// Over the standard deviation of the first, the baseline (Glass 1976).
    pub glass_delta: Size,
}

/// Errors: fewer than two values in a sample.
pub fn effects(first: Sample<'_>, second: Sample<'_>) -> Result<Effects, SampleError> {
    of_moments(&Moments::of(first), &Moments::of(second))
}

/// The same from moments computed before.
pub fn of_moments(first: &Moments, second: &Moments) -> Result<Effects, SampleError> {
    let pooled = pooled_variance(first, second)?.sqrt();
    let difference = first.minus(second);
    let glass_delta = match first.sd() {
        Some(sd) if !first.is_constant() => Size::Finite(difference / sd),
        Some(_) | None => Size::Undefined,
    };
    let undefined = |cohen_d| Effects { cohen_d, hedges_g: Size::Undefined, hedges_g_approximate: Size::Undefined, glass_delta };
    match constants(first, second) {
        Some(TTest::ConstantAndDifferent { difference }) => return Ok(undefined(Size::Unbounded { positive: difference > 0.0 })),
        Some(TTest::ConstantAndEqual | TTest::Estimate(_)) => return Ok(undefined(Size::Finite(0.0))),
        None => {}
    }
    let d = difference / pooled;
    let df = count(first.n() + second.n() - 2);
    Ok(Effects {
        cohen_d: Size::Finite(d),
        hedges_g: Size::Finite(d * hedges_correction(df)),
        hedges_g_approximate: Size::Finite(d * (1.0 - 3.0 / (4.0 * df - 1.0))),
        glass_delta,
    })
}

/// Γ(df/2)/(√(df/2)·Γ((df−1)/2)) for df ≥ 2. The difference of two `ln_gamma` would lose digits at large df: Stirling's
/// series is applied to the difference, after small arguments are raised by
/// Γ(x)/Γ(x − ½) = Γ(x + 1)/Γ(x + ½) · (x − ½)/x.
fn hedges_correction(df: f64) -> f64 {
    let x = df / 2.0;
    let mut factor = 1.0;
    let mut shifted = x;
    while shifted < 20.0 {
        factor *= (shifted - 0.5) / shifted;
        shifted += 1.0;
    }
    let series = |x: f64| (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / (x * x)) / (x * x)) / (x * x)) / x;
    let log = -(shifted - 1.0) * (-0.5 / shifted).ln_1p() - 0.5 + series(shifted) - series(shifted - 0.5);
    factor * log.exp() * (shifted / x).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correction_is_right_where_it_is_known() {
        // df = 2: Γ(1)/Γ(½) = 1/√π; df = 3: Γ(3/2)/(√(3/2)·Γ(1)) = (√π/2)/√1.5.
        let pi = std::f64::consts::PI;
        assert!((hedges_correction(2.0) * pi.sqrt() - 1.0).abs() < 1e-13);
        assert!((hedges_correction(3.0) / (pi.sqrt() / 2.0 / 1.5_f64.sqrt()) - 1.0).abs() < 1e-13);
        assert!((hedges_correction(2e6) - (1.0 - 3.0 / (8e6 - 1.0))).abs() < 1e-12);
    }

    #[test]
    fn constants_are_named() {
        let one = [1.0; 4];
        let two = [2.0; 4];
        let (one, two) = (Sample::new(&one).unwrap(), Sample::new(&two).unwrap());
        assert_eq!(effects(one, one).unwrap().cohen_d, Size::Finite(0.0));
        assert_eq!(effects(one, two).unwrap().cohen_d, Size::Unbounded { positive: false });
        assert_eq!(effects(one, two).unwrap().glass_delta, Size::Undefined);
    }
}
