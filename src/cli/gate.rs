//! `prompt-cicd gate`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    app::gate::GateRequest,
    report::{Style, gate::Format},
};

/// Judge numbers of other tools and metric sources: coverage, tests, findings, latencies
///
/// Exit 0: every gate is open. 13: a gate is closed, or its number could not be read. 3: the configuration is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Gates by name; all of the configuration where none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A file instead of the configuration's, as NAME=PATH; may be given several times
    #[arg(long, value_name = "NAME=PATH", value_parser = named_file)]
    file: Vec<(String, PathBuf)>,
    /// Look for the configuration's files in this folder and in the folders in it, one for each artifact
    ///
    /// `file: coverage.xml` is the one of that name; where several artifacts have one, the gate is closed until the configuration names the
    /// artifact, too: `file: quality-unit/coverage.xml`.
    #[arg(long, value_name = "FOLDER")]
    artifacts: Option<PathBuf>,
    /// What `{{prompt}}` is in queries
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// What `{{environment}}` is in queries
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// What `{{version}}` is in queries
    #[arg(long, value_name = "VERSION")]
    prompt_version: Option<String>,
    /// A file that --save wrote on the main branch: gates with `never-worse` look at it
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write the JSON report there, to be a baseline later
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// What standard output gets
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = GateFormat::Text)]
    format: GateFormat,
    /// Exit with 0 for closed gates; failures keep their codes
    #[arg(long)]
    pub(super) no_fail: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GateFormat {
    /// A table
    Text,
    /// JSON
    Json,
    /// Markdown, for a comment or a job summary
    Markdown,
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("write it as NAME=PATH")?;
    if name.is_empty() || path.is_empty() { Err("write it as NAME=PATH".to_owned()) } else { Ok((name.to_owned(), path.into())) }
}

impl Args {
    pub(super) fn request(self, config: Option<PathBuf>, style: Style) -> GateRequest {
        GateRequest {
            config,
            names: self.names,
            files: self.file,
            artifacts: self.artifacts,
            prompt: self.prompt,
            environment: self.environment,
            version: self.prompt_version,
            baseline: self.baseline,
            save: self.save,
            format: match self.format {
                GateFormat::Text => Format::Text,
                GateFormat::Json => Format::Json,
                GateFormat::Markdown => Format::Markdown,
            },
            style,
        }
    }
}
