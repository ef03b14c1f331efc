//! The version after this one, by `SemVer` 2.0.

use semver::{BuildMetadata, Prerelease, Version};

/// Which part of a version changes, the smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bump {
    /// The next candidate of a version that is not released; without a channel that of the current candidate, else `rc`.
    Prerelease(Option<Channel>),
    /// Repairs.
    Patch,
    /// Additions.
    Minor,
    /// Something breaks.
    Major,
}

/// How far a version is from its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// `alpha`
    Alpha,
    /// `beta`
    Beta,
    /// `rc`
    Rc,
}

impl Channel {
    /// All of them, the furthest from the release first.
    pub const ALL: [Self; 3] = [Self::Alpha, Self::Beta, Self::Rc];

    /// As in a version.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Rc => "rc",
        }
    }
}

/// The version that follows. A pre-release counts up within its channel, or opens the next patch; a pre-release becomes
/// its release by the bump that it is a candidate of. `None` when a number would not fit.
pub fn next(current: &Version, bump: Bump) -> Option<Version> {
    let candidate = !current.pre.is_empty();
    let released = |major, minor, patch| Some(Version::new(major, minor, patch));
    let Version { major, minor, patch, .. } = *current;
    match bump {
        Bump::Patch if candidate => released(major, minor, patch),
        Bump::Patch => released(major, minor, patch.checked_add(1)?),
        Bump::Minor if candidate && patch == 0 => released(major, minor, 0),
        Bump::Minor => released(major, minor.checked_add(1)?, 0),
        Bump::Major if candidate && minor == 0 && patch == 0 => released(major, 0, 0),
        Bump::Major => released(major.checked_add(1)?, 0, 0),
        Bump::Prerelease(channel) => {
            let (base, pre) = if candidate {
                (current.clone(), counted(current.pre.as_str(), channel)?)
            } else {
                (released(major, minor, patch.checked_add(1)?)?, format!("{}.1", channel.unwrap_or(Channel::Rc).as_str()))
            };
            Some(Version { pre: Prerelease::new(&pre).ok()?, build: BuildMetadata::EMPTY, ..base })
        }
    }
}

/// `rc.4` → `rc.5`, `beta` → `beta.1`; a channel further on begins anew, an earlier one stays where it is.
fn counted(pre: &str, channel: Option<Channel>) -> Option<String> {
    let (name, number) = pre.split_once('.').unwrap_or((pre, "0"));
    let known = [Channel::Alpha, Channel::Beta, Channel::Rc].into_iter().find(|known| known.as_str() == name);
    if let Some(channel) = channel.filter(|channel| known.is_some_and(|known| known < *channel)) {
        return Some(format!("{}.1", channel.as_str()));
    }
    // What is not counted by a number of its own gets one.
    number.parse::<u64>().map_or_else(|_| Some(format!("{pre}.1")), |number| Some(format!("{name}.{}", number.checked_add(1)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(current: &str, bump: Bump) -> String {
        next(&Version::parse(current).unwrap(), bump).unwrap().to_string()
    }

    #[test]
    fn a_candidate_becomes_what_it_is_a_candidate_of() {
        assert_eq!(after("1.2.3-rc.4", Bump::Patch), "1.2.3");
        assert_eq!(after("1.3.0-rc.1", Bump::Minor), "1.3.0");
        assert_eq!(after("2.0.0-rc.1", Bump::Major), "2.0.0");
        assert_eq!(after("1.2.3-alpha.7", Bump::Prerelease(Some(Channel::Rc))), "1.2.3-rc.1");
        assert_eq!(after("1.2.3+build.5", Bump::Patch), "1.2.4");
        assert_eq!(next(&Version::new(u64::MAX, 0, 0), Bump::Major), None);
    }

    proptest! {
        #[test]
        fn what_follows_is_greater(major in 0u64..50, minor in 0u64..50, patch in 0u64..50, pre in "(|-(alpha|beta|rc)(\\.[0-9])?)", which in 0usize..4) {
            let current = Version::parse(&format!("{major}.{minor}.{patch}{pre}")).unwrap();
            let bump = [Bump::Patch, Bump::Minor, Bump::Major, Bump::Prerelease(Some(Channel::Rc))][which];
            prop_assert!(next(&current, bump).unwrap() > current);
        }
    }
}
