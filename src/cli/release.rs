//! `prompt-cicd release`.

use std::path::PathBuf;

use clap::Subcommand;
use semver::Version;

use super::rollout::OutputFormat;
use crate::{
    app::{
        Failure, Finished, Services,
        release::{self, Preparing, Publishing, Subject},
    },
    domain::release::{Bump, Channel, Wish},
};

/// Version the repository or a prompt: what comes next by its commits, changelog, tag, release
///
/// Versions are tags; commits follow Conventional Commits. Exit 4: nothing asks for a release. 20: the version does not come
/// after the one that is there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the newest version, and what the commits since then ask for
    Show(Which),
    /// Show every released version
    List(Which),
    /// Print the next version
    Next {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        kind: Kind,
    },
    /// Raise the version in its files
    Bump {
        #[command(flatten)]
        which: Which,
        /// major, minor, patch, prerelease, alpha, beta or rc
        #[arg(value_name = "TYPE", value_parser = part)]
        part: Bump,
    },
    /// Set the version in its files
    Set {
        #[command(flatten)]
        which: Which,
        /// The version
        #[arg(value_name = "VERSION")]
        version: Version,
    },
    /// Write the next version into its files and the changelog
    Prepare {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        kind: Kind,
        /// Commit the files
        #[arg(long)]
        auto_commit: bool,
    },
    /// Print what changed since the newest version
    Notes(Which),
    /// Print what changed in every version
    Changelog(Which),
    /// Print what changed between two versions, tags or commits
    Compare {
        #[command(flatten)]
        which: Which,
        /// The older one
        #[arg(value_name = "OLD")]
        old: String,
        /// The newer one
        #[arg(value_name = "NEW")]
        new: String,
    },
    /// Make the tag and the release on GitHub
    Publish {
        #[command(flatten)]
        which: Which,
        /// The version; else the one in the files, else what the commits ask for
        #[arg(long = "release-version", value_name = "VERSION")]
        version: Option<Version>,
        /// The commit
        #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
        commit: String,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// A prompt of a suite by its name, instead of the repository
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Show what would happen; change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct Kind {
    /// auto (what the commits ask for), major, minor, patch, prerelease, or alpha, beta, rc (a candidate of what they ask for)
    #[arg(long = "type", value_name = "TYPE", default_value = "auto", value_parser = wish)]
    kind: Wish,
}

fn part(word: &str) -> Result<Bump, String> {
    match word {
        "major" => Ok(Bump::Major),
        "minor" => Ok(Bump::Minor),
        "patch" => Ok(Bump::Patch),
        "prerelease" => Ok(Bump::Prerelease(None)),
        _ => {
            let channel = Channel::ALL.into_iter().find(|channel| channel.as_str() == word);
            channel
                .map(|channel| Bump::Prerelease(Some(channel)))
                .ok_or_else(|| "write major, minor, patch, prerelease, alpha, beta or rc".to_owned())
        }
    }
}

fn wish(word: &str) -> Result<Wish, String> {
    match (word, Channel::ALL.into_iter().find(|channel| channel.as_str() == word)) {
        ("auto", _) => Ok(Wish::Auto),
        (_, Some(channel)) => Ok(Wish::Candidate(channel)),
        (_, None) => part(word).map(Wish::Bump).map_err(|why| why.replace("write ", "write auto, ")),
    }
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args) -> Result<Finished, Failure> {
    let subject = |which: Which| Subject { config, prompt: which.prompt, shape: which.format.into(), dry_run: which.dry_run };
    match args.verb {
        Verb::Show(which) => release::show(services, &subject(which)).await,
        Verb::List(which) => release::list(services, &subject(which)).await,
        Verb::Next { which, kind } => release::next(services, &subject(which), &kind.kind).await,
        Verb::Bump { which, part } => release::bump(services, &subject(which), part).await,
        Verb::Set { which, version } => release::set(services, &subject(which), version).await,
        Verb::Prepare { which, kind, auto_commit } => {
            release::prepare(services, &subject(which), &Preparing { wish: kind.kind, commit: auto_commit }).await
        }
        Verb::Notes(which) => release::notes(services, &subject(which)).await,
        Verb::Changelog(which) => release::changelog(services, &subject(which)).await,
        Verb::Compare { which, old, new } => release::compare(services, &subject(which), &old, &new).await,
        Verb::Publish { which, version, commit } => release::publish(services, &subject(which), &Publishing { version, commit }).await,
    }
}
