//! Flags of commands that look at two samples.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{
    app::detect::{Source, Written},
    report::samples::Format,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SamplesFormat {
    /// Lines of text
    Text,
    /// JSON
    Json,
    /// Markdown with a chart, for a comment or a job summary
    Markdown,
    /// A page with pictures
    Html,
}

impl SamplesFormat {
    pub(super) fn format(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Json => Format::Json,
            Self::Markdown => Format::Markdown,
            Self::Html => Format::Html,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct Samples {
    /// JSON with `baseline_values` and `current_values`, or CSV with the columns `baseline` and `current`; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "current", conflicts_with = "current")]
    file: Option<PathBuf>,
    /// The baseline's values, with commas between; of `detect FILE`, the recorded benchmark that the file's current values are compared with
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    baseline: Option<String>,
    /// The current values, with commas between
    #[arg(long, value_name = "VALUES", requires = "baseline", allow_hyphen_values = true)]
    current: Option<String>,
    /// The metric's name in the report
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// The tests, with commas between; the first decides [default: `t_test,mann_whitney`; also `student_t`,
    /// `kolmogorov_smirnov`, `log_t_test`]
    #[arg(long, value_name = "TESTS", value_delimiter = ',')]
    tests: Option<Vec<String>>,
    /// The confidence level [default: 0.95]
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    confidence_level: Option<f64>,
    /// The threshold of the outlier rule [default: 3 for z, 3.5 for mad, 1.5 for iqr]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    outlier_threshold: Option<f64>,
    /// How outliers are named: z, mad or iqr [default: z]
    #[arg(long, value_name = "RULE")]
    outlier_method: Option<String>,
    /// Leave outliers out
    #[arg(long)]
    filter_outliers: bool,
    /// Use at most so many values a side, drawn with the seed
    #[arg(long = "max-samples", value_name = "COUNT", num_args = 0..=1, default_missing_value = "10000", allow_negative_numbers = true)]
    most: Option<usize>,
    /// The seed of drawing
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    seed: Option<u64>,
}

impl Samples {
    pub(super) fn source_and_written(self) -> (Source, Written) {
        let source = match (self.file, self.baseline, self.current) {
            (_, Some(baseline), Some(current)) => Source::Lists { baseline, current },
            (Some(file), Some(name), None) => Source::Recorded { file, name },
            (file, _, _) => Source::File(file.unwrap_or_else(|| PathBuf::from("-"))),
        };
        let written = Written {
            metric: self.metric,
            tests: self.tests,
            level: self.confidence_level,
            outlier_threshold: self.outlier_threshold,
            outlier_method: self.outlier_method,
            filter_outliers: self.filter_outliers.then_some(true),
            max_samples: self.most,
            seed: self.seed,
            ..Written::default()
        };
        (source, written)
    }
}
