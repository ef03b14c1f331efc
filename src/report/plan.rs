//! What a dry run shows: what would be asked, and what it might cost.

use std::io::{self, Write};

use serde::Serialize;

use super::{Format, escape::one_line};
use crate::domain::{provider::Prices, suite::Repeat};

/// Characters of English text in one token, roughly; only for estimates before a run.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// One suite of the plan.
#[derive(Debug, Clone)]
pub struct SuiteLine {
    /// The suite's name.
    pub name: String,
    /// The prompt's name.
    pub prompt: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// The provider's name.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// How many cases.
    pub cases: usize,
    /// How often each is asked.
    pub repeat: Repeat,
    /// Characters of all requests together.
    pub input_characters: u64,
    /// The most tokens one answer may have, where the prompt says.
    pub max_output_tokens_per_answer: Option<u64>,
    /// What tokens cost, where known.
    pub prices: Option<Prices>,
}

#[derive(Debug, Serialize)]
struct Estimate<'a> {
    suite: &'a str,
    prompt: &'a str,
    version: Option<&'a str>,
    provider: &'a str,
    model: &'a str,
    cases: usize,
    repeat: u32,
    repeat_min: u32,
    requests: u64,
    requests_min: u64,
    estimated_input_tokens: u64,
    max_output_tokens: Option<u64>,
    estimated_max_cost_usd: Option<f64>,
}

impl SuiteLine {
    fn estimate(&self) -> Estimate<'_> {
        let times = |repeat: u32| (self.cases as u64).saturating_mul(u64::from(repeat));
        let (requests, requests_min) = (times(self.repeat.max()), times(self.repeat.min()));
        let input = self.input_characters.div_ceil(CHARACTERS_PER_TOKEN);
        let output = self.max_output_tokens_per_answer.map(|most| most.saturating_mul(requests));
        let usage = crate::domain::answer::Usage { input_tokens: Some(input), output_tokens: output, estimated: false };
        Estimate {
            suite: &self.name,
            prompt: &self.prompt,
            version: self.version.as_deref(),
            provider: &self.provider,
            model: &self.model,
            cases: self.cases,
            repeat: self.repeat.max(),
            repeat_min: self.repeat.min(),
            requests,
            requests_min,
            estimated_input_tokens: input,
            max_output_tokens: output,
            estimated_max_cost_usd: self.prices.and_then(|prices| prices.cost_usd(usage)),
        }
    }
}

/// Renders a plan: JSON for `json`, else text.
///
/// # Errors
/// Never in practice: writing to memory.
pub fn render(lines: &[SuiteLine], format: Format) -> anyhow::Result<Vec<u8>> {
    let estimates: Vec<_> = lines.iter().map(SuiteLine::estimate).collect();
    let requests: u64 = estimates.iter().map(|estimate| estimate.requests).sum();
    let cost = estimates.iter().map(|estimate| estimate.estimated_max_cost_usd).sum::<Option<f64>>();
    if format == Format::Json {
        let value = serde_json::json!({"schema_version": 1, "dry_run": true, "requests": requests, "estimated_max_cost_usd": cost, "suites": estimates});
        let mut out = Vec::new();
        super::json::write_harmless_pretty(&value, &mut out)?;
        out.push(b'\n');
        return Ok(out);
    }
    let mut out = Vec::new();
    let fewest: u64 = estimates.iter().map(|estimate| estimate.requests_min).sum();
    writeln!(out, "Dry run: {} requests, nothing was asked.\n", range(fewest, requests))?;
    for estimate in &estimates {
        estimate.write(&mut out)?;
    }
    if let Some(cost) = cost {
        writeln!(out, "\nAt most about ${cost:.4} in all (tokens are estimated at {CHARACTERS_PER_TOKEN} characters each).")?;
    }
    Ok(out)
}

impl Estimate<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let version = self.version.map(|version| format!("@{version}")).unwrap_or_default();
        let names = format!("{}: prompt {}{version}, provider {}, model {}", self.suite, self.prompt, self.provider, self.model);
        writeln!(out, "  {}", one_line(&names))?;
        let output =
            self.max_output_tokens.map_or_else(|| "output tokens not limited".to_owned(), |most| format!("at most {most} output tokens"));
        writeln!(
            out,
            "    {} cases × {} = {} requests, about {} input tokens, {output}",
            self.cases,
            range(self.repeat_min, self.repeat),
            range(self.requests_min, self.requests),
            self.estimated_input_tokens
        )?;
        match self.estimated_max_cost_usd {
            Some(cost) => writeln!(out, "    cost: at most about ${cost:.4}"),
            None if self.max_output_tokens.is_some() => writeln!(out, "    cost: unknown (set `providers.{}.prices`)", self.provider),
            None => writeln!(out, "    cost: unknown (set `providers.{}.prices` and a limit on output tokens)", self.provider),
        }
    }
}

/// `20`, or `20 to 100` where the answers say how many.
fn range<T: PartialEq + std::fmt::Display + Copy>(fewest: T, most: T) -> String {
    if fewest == most { most.to_string() } else { format!("{fewest} to {most}") }
}
