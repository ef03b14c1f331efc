//! `prompt-cicd report`.

use std::path::PathBuf;

use clap::Subcommand;

use super::publish::Told;
use crate::{
    app::{
        Failure, Finished, Services,
        report::merge::{MergeRequest, merge},
    },
    report::{FileFormat, Format, Style},
};

/// Put the shards of one run together
///
/// Exit codes are those of `test`: 0 passed, 10 assertions failed, 12 worse than base, 13, 30, 31 undecided. 3: the files are no shards of one run.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One report of all shards, as if one machine had run everything
    Merge(Merge),
}

#[derive(Debug, clap::Args)]
struct Merge {
    /// The files of all shards, or a folder with them: what `test --shard 1/8 --report shard=FILE` wrote
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What standard output gets: text, json, markdown, junit, html
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    format: Format,
    /// Write a report to a file as well, e.g. junit=report.xml; sarif holds what the lints found (repeatable)
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report)]
    reports: Vec<(FileFormat, PathBuf)>,
    #[command(flatten)]
    told: Told,
    /// Exit with 0 for bad results (10 to 13); failures keep their codes
    #[arg(long)]
    no_fail: bool,
}

impl Args {
    pub(super) fn no_fail(&self) -> bool {
        let What::Merge(args) = &self.what;
        args.no_fail
    }
}

pub(super) async fn run(services: &Services, config: Option<PathBuf>, args: Args, style: Style) -> Result<Finished, Failure> {
    let What::Merge(args) = args.what;
    let request = MergeRequest { config, files: args.files, format: args.format, reports: args.reports, telling: args.told.into(), style };
    merge(services, &request).await
}

fn format(text: &str) -> Result<Format, String> {
    Format::parse(text).map_err(|error| error.to_string())
}

fn report(text: &str) -> Result<(FileFormat, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or_else(|| "write FORMAT=FILE, like junit=report.xml".to_owned())?;
    if path.is_empty() {
        return Err(format!("no file named after `{name}=`"));
    }
    match FileFormat::parse(name).map_err(|error| error.to_string())? {
        FileFormat::Shard => Err("a merged run is no shard: write another format".to_owned()),
        format @ (FileFormat::Run(_) | FileFormat::Sarif) => Ok((format, PathBuf::from(path))),
    }
}
