//! How large a change is.

/// By lines added and removed: XS ≤ 10 < S ≤ 100 < M ≤ 500 < L ≤ 1000 < XL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Up to 10 lines.
    XS,
    /// Up to 100.
    S,
    /// Up to 500.
    M,
    /// Up to 1000.
    L,
    /// More.
    XL,
}

impl Size {
    /// All of them, the smallest first.
    pub const ALL: [Self; 5] = [Self::XS, Self::S, Self::M, Self::L, Self::XL];

    /// Of a number of lines.
    pub fn of(lines: u64) -> Self {
        match lines {
            0..=10 => Self::XS,
            11..=100 => Self::S,
            101..=500 => Self::M,
            501..=1000 => Self::L,
            _ => Self::XL,
        }
    }

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::XS => "XS",
            Self::S => "S",
            Self::M => "M",
            Self::L => "L",
            Self::XL => "XL",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|size| size.as_str() == word)
    }

    /// The label.
    pub fn label(self) -> &'static str {
        match self {
            Self::XS => "size/XS",
            Self::S => "size/S",
            Self::M => "size/M",
            Self::L => "size/L",
            Self::XL => "size/XL",
        }
    }

    /// Which of the labels that are there must go: every other size.
    pub fn outdated(self, labels: &[String]) -> Vec<String> {
        labels.iter().filter(|label| label.starts_with("size/") && *label != self.label()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_belong_to_the_smaller_size() {
        let sizes = [0, 10, 11, 100, 101, 500, 501, 1000, 1001].map(|lines| Size::of(lines).label());
        assert_eq!(sizes, ["size/XS", "size/XS", "size/S", "size/S", "size/M", "size/M", "size/L", "size/L", "size/XL"]);
        let labels = ["bug", "size/S", "size/L"].map(str::to_owned);
        assert_eq!(Size::L.outdated(&labels), ["size/S"]);
    }
}
