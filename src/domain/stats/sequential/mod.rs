//! Tests that may be looked at again and again while data arrive.

pub mod alpha_spending;
pub mod betting;
pub mod boundaries;
pub mod confidence_sequence;
pub mod e_process;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SequentialError {
    #[error("a level lies strictly between 0 and 1; {0} does not")]
    Level(f64),
    #[error("{name} must be a positive number, not {value}")]
    NotPositive { name: &'static str, value: f64 },
    #[error("value {index} is {value}: only finite numbers up to 1e150 can be used")]
    Unusable { index: usize, value: f64 },
    #[error("{name} is {value}, not a usable number")]
    NotFinite { name: &'static str, value: f64 },
    #[error("value {index} is {value}; this method is for values from 0 to 1")]
    OutOfUnit { index: usize, value: f64 },
    #[error("an arm of {got} values; two are the least")]
    TooFew { got: u64 },
    #[error("nothing varies in either arm: the difference of {difference} has no confidence sequence")]
    Constant { difference: f64 },
    #[error("the traffic share must lie strictly between 0 and 1; {0} does not")]
    Share(f64),
    #[error("{got} looks; 1 to {most} can be planned")]
    Looks { got: usize, most: usize },
    #[error("look {index} is at the fraction {value}: fractions must rise by {step} or more and end at 1 at the latest")]
    Fraction { index: usize, value: f64, step: f64 },
    #[error("no boundary was found: {0} is out of range")]
    NoBoundary(&'static str),
}

fn check_level(level: f64) -> Result<(), SequentialError> {
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(SequentialError::Level(level)) }
}

fn check_positive(name: &'static str, value: f64) -> Result<(), SequentialError> {
    if value.is_finite() && value > 0.0 { Ok(()) } else { Err(SequentialError::NotPositive { name, value }) }
}
