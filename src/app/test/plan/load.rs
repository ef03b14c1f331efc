//! From files to a plan: reads the configuration, its prompts and cases, and proves that every sample can be asked and judged.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value};

use crate::app::test::{
    Plan, SuitePlan,
    cases::{Broken, Cases},
    graders,
    plan::CasePlan,
    priced,
};
use crate::{
    app::{
        Failure, Services, TEXT_LIMIT,
        inside::{self, Inside},
        read_config,
    },
    config::{self, prompt_file::PromptFile},
    domain::{
        diagnostic::{Diagnostic, Place, Severity},
        prompt::{Prompt, Variables},
        provider::{ProviderKind, ProviderSettings},
        suite::{Case, CaseDefaults, CaseId, CaseSource, Repeat, SuiteSettings, run::TextBounds},
    },
};

/// The most bytes of a file with cases that is read as a whole.
pub(in crate::app::test) const CASES_LIMIT: u64 = 64 * 1024 * 1024;

/// Where to read, and what the command line says instead of the file.
#[derive(Debug, Clone, Default)]
pub(in crate::app::test) struct LoadRequest {
    pub(in crate::app::test) config: Option<PathBuf>,
    pub(in crate::app::test) provider: Option<String>,
    pub(in crate::app::test) concurrency: Option<usize>,
    pub(in crate::app::test) repeat: Option<u32>,
    /// Placeholders without a value are left to the lints.
    pub(in crate::app::test) without_variables: bool,
    pub(in crate::app::test) timeout: Option<Duration>,
}

/// Reads and checks everything.
///
/// # Errors
/// Every problem that was found, in one go.
pub(in crate::app::test) fn load(services: &Services, request: &LoadRequest) -> Result<(Plan, Vec<Diagnostic>), Failure> {
    let (path, text) = read_config(services, request.config.clone())?;
    let (mut config, mut found) = config::parse(&text, &path.display().to_string()).map_err(Failure::Configuration)?;
    let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
    for provider in &mut config.providers {
        if let ProviderKind::Cassette { path, .. } = &mut provider.kind {
            *path = base.join(&*path);
        }
    }
    let inside = Inside::of(services, &base, config.run.files_outside);
    found.extend(inside.cassettes(services, &config.providers, &path));
    let (prove_variables, read) = (!request.without_variables, vec![path.clone()]);
    let mut loader =
        Loader { services, base: &base, inside: &inside, prove_variables, found: Vec::new(), read, held: 0, broken: Broken::default() };
    let suites = config
        .suites
        .into_iter()
        .map(|settings| overridden(settings, request))
        .filter_map(|settings| loader.suite(settings, &config.providers))
        .collect::<Vec<_>>();
    config.regression.wanted.retain(|metric| !is_for_some(metric, &suites, config.lints.scan_output));
    found.append(&mut loader.found);
    let (read, broken) = (loader.read, loader.broken);
    if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(Failure::Configuration(found));
    }
    Ok((
        Plan {
            suites,
            providers: config.providers,
            implied_provider: config.implied_provider,
            run: config.run,
            lints: config.lints,
            github: config.github,
            regression: config.regression,
            config: path,
            read,
            base,
            store: config.store,
            history: config.history,
            quarantine: config.quarantine,
            broken,
        },
        found,
    ))
}

/// Whether a metric is the score of assertions that some suites have: then the others lack it on purpose.
fn is_for_some(metric: &str, suites: &[SuitePlan], scan_output: bool) -> bool {
    let mut cases = suites.iter().flat_map(|suite| suite.cases.iter());
    let is_it = |case: &CasePlan| case.assertions.iter().any(|assertion| assertion.name == metric);
    scan_output && metric.starts_with("scan:") || cases.any(|case| is_it(&case))
}

fn overridden(mut settings: SuiteSettings, request: &LoadRequest) -> SuiteSettings {
    if let Some(provider) = &request.provider {
        settings.provider.clone_from(provider);
    }
    settings.concurrency = request.concurrency.unwrap_or(settings.concurrency);
    settings.repeat = request.repeat.map_or(settings.repeat, Repeat::fixed);
    if let Some(timeout) = request.timeout {
        settings.limits.request = timeout;
        // A request that may take so long must fit into its case.
        settings.limits.case = settings.limits.case.max(timeout);
    }
    settings
}

pub(in crate::app::test) struct Loader<'a> {
    pub(in crate::app::test) services: &'a Services,
    pub(in crate::app::test) base: &'a Path,
    pub(in crate::app::test) inside: &'a Inside,
    prove_variables: bool,
    pub(in crate::app::test) found: Vec<Diagnostic>,
    pub(in crate::app::test) read: Vec<PathBuf>,
    /// How many bytes of cases are held.
    pub(in crate::app::test) held: u64,
    pub(in crate::app::test) broken: Broken,
}

impl Loader<'_> {
    fn suite(&mut self, settings: SuiteSettings, providers: &[ProviderSettings]) -> Option<SuitePlan> {
        let file = self.prompt(&settings);
        let cases = self.cases(&settings, file.as_ref());
        let (prompt, cases) = (file?.prompt, cases?);
        let provider = self.provider(&settings, providers)?;
        let Some(model) = model(&settings, &prompt, provider, providers) else {
            let message =
                format!("no model: neither the suite, nor its prompt {}, nor the provider `{}` names one", prompt.source, provider.name);
            self.error(&settings, message, "add `model:` to the suite or to the provider");
            return None;
        };
        let parameters = parameters(&settings, &prompt, provider, providers);
        let (prices, listed) = priced::of(provider, origin(provider, providers), &model);
        let graders = graders::find(&settings, &cases, providers).unwrap_or_else(|problems| {
            self.found.extend(problems);
            BTreeMap::new()
        });
        let texts = TextBounds::default();
        let plan = SuitePlan { settings, prompt, model, parameters, prices, listed, cases, texts, graders };
        self.prove(&plan);
        Some(plan)
    }

    fn provider<'p>(&mut self, settings: &SuiteSettings, providers: &'p [ProviderSettings]) -> Option<&'p ProviderSettings> {
        let found = providers.iter().find(|provider| provider.name == settings.provider);
        if found.is_none() {
            let names = providers.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>().join(", ");
            self.error(settings, format!("there is no provider `{}`", settings.provider), format!("providers in this file: {names}"));
        }
        found
    }

    fn prompt(&mut self, settings: &SuiteSettings) -> Option<PromptFile> {
        let path = self.base.join(&settings.prompt);
        if let Some(why) = self.inside.refuses(self.services, &path) {
            self.error(settings, format!("the prompt cannot be read: {why}"), inside::HELP);
            return None;
        }
        self.read.push(path.clone());
        let text = match self.services.workspace.read_text(&path, TEXT_LIMIT) {
            Ok(text) => text,
            Err(error) => {
                self.error(settings, format!("the prompt cannot be read: {error}"), "paths are relative to the configuration file");
                return None;
            }
        };
        match config::prompt_file::read(&text, &path.display().to_string()) {
            Ok((file, warnings)) => {
                self.found.extend(warnings);
                Some(file)
            }
            Err(problems) => {
                self.found.extend(problems);
                None
            }
        }
    }

    fn cases(&mut self, settings: &SuiteSettings, file: Option<&PromptFile>) -> Option<Cases> {
        let defaults = file.map(|file| file.prompt.defaults.clone()).unwrap_or_default();
        let held = match &settings.cases {
            // Checked where it was read.
            CaseSource::Inline(cases) => Some(cases.clone()),
            CaseSource::Files(patterns) => return self.of_files(settings, patterns, &defaults, file),
            CaseSource::Prompt => self.own_cases(settings, file?).filter(|cases| self.usable(config::cases::check(cases, settings))),
        };
        self.unused(settings, file);
        let planned = |(index, case)| case_plan(case, index, &settings.defaults, &defaults);
        held.map(|cases| Cases::held(cases.into_iter().enumerate().map(planned)))
    }

    /// Says that the cases of a prompt's file are not used.
    pub(in crate::app::test) fn unused(&mut self, settings: &SuiteSettings, file: Option<&PromptFile>) {
        if let (CaseSource::Files(_) | CaseSource::Inline(_), Some(own)) = (&settings.cases, file.and_then(|file| file.cases.as_ref())) {
            let message = format!("`{}` is not used: suite `{}` has cases of its own", own.key, settings.name);
            let help = format!("remove `cases` from {} to use these", settings.path);
            self.found.push(Diagnostic::warning(own.place.clone(), own.key, message).with_help(help));
        }
    }

    /// The cases of a prompt's file, for a suite that has none.
    fn own_cases(&mut self, settings: &SuiteSettings, file: &PromptFile) -> Option<Vec<Case>> {
        let own = file.cases.as_ref().map(|own| own.cases.clone());
        if own.is_none() {
            let message = format!("no cases: neither the suite nor its prompt {} has any", file.prompt.source);
            self.error(settings, message, "add `cases:` to the suite, or `testData:` or `test_cases:` to the prompt's file");
        }
        own
    }

    /// Keeps what was found, and says whether it lets the suite run.
    pub(in crate::app::test) fn usable(&mut self, problems: Vec<Diagnostic>) -> bool {
        let usable = problems.iter().all(|problem| problem.severity != Severity::Error);
        self.found.extend(problems);
        usable
    }

    /// Renders every prompt and prepares every assertion once, so that nothing is missing after the first paid answer.
    /// The same problem in many cases is said once, with the first case and how many more there are.
    fn prove(&mut self, plan: &SuitePlan) {
        let mut problems: BTreeMap<(Place, String), (String, usize)> = BTreeMap::new();
        if plan.settings.performance.cost_usd.is_some() && plan.prices.is_none() {
            let provider = &plan.settings.provider;
            let help = format!("add `prices` to `providers.{provider}`, or take the limit out");
            self.error(&plan.settings, format!("the limit `cost-usd` needs prices, and provider `{provider}` has none"), help);
        }
        for case in plan.cases.iter() {
            let named = format!("case `{}` ({})", case.case.id, case.case.place);
            let mut add = |place: Place, message: String| {
                problems.entry((place, message)).or_insert_with(|| (named.clone(), 0)).1 += 1;
            };
            if self.prove_variables
                && let Err((index, error)) = plan.prompt.render(&case.prompt_variables)
            {
                let place = plan
                    .prompt
                    .messages
                    .get(index)
                    .map_or_else(|| Place::file(&plan.prompt.source), |message| message.place.at(error.line, error.column));
                add(place, error.described(case.prompt_variables.values()));
            }
            for assertion in &case.assertions {
                if let Err(error) = assertion.prepare(&case.assertion_variables) {
                    add(case.case.place.clone(), format!("assertion {}: {}", assertion.label, error.message));
                }
                if assertion.needs_cost() && plan.prices.is_none() {
                    let message = format!("assertion {} needs prices, and provider `{}` has none", assertion.label, plan.settings.provider);
                    add(case.case.place.clone(), message);
                }
            }
        }
        for ((place, message), (first, count)) in problems {
            let others = if count > 1 { format!(" and in {} more", count - 1) } else { String::new() };
            let help = format!("suite `{}`, in {first}{others}", plan.settings.name);
            self.found.push(Diagnostic::error(place, &plan.settings.path, message).with_help(help));
        }
    }

    pub(in crate::app::test) fn error(&mut self, settings: &SuiteSettings, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::error(settings.place.clone(), &settings.path, message).with_help(help));
    }
}

/// Gives a case without a name of its own its position over all files, not in one of them: from 0, after `from` others.
pub(in crate::app::test) fn renumbered(case: &mut Case, position: usize, from: usize) {
    if from > 0 && case.id == CaseId((position + 1).to_string()) {
        case.id = CaseId((from + position + 1).to_string());
    }
}

pub(in crate::app::test) fn case_plan(case: Case, index: usize, defaults: &CaseDefaults, prompt: &Map<String, Value>) -> CasePlan {
    let mut vars = prompt.clone();
    vars.extend(defaults.vars.clone());
    vars.extend(case.vars.clone());
    let prompt_variables = Variables::new(vars.clone());
    let assertion_variables = case.expected.clone().map_or_else(
        || prompt_variables.clone(),
        |expected| {
            vars.insert("expected".to_owned(), expected);
            Variables::new(vars)
        },
    );
    let assertions = defaults.assertions.iter().chain(&case.assertions).map(Arc::clone).collect();
    let threshold = case.threshold.or(defaults.threshold);
    CasePlan { case, index, prompt_variables, assertion_variables, assertions, threshold }
}

/// A cassette stands for the provider it was recorded from.
pub(in crate::app::test) fn origin<'p>(provider: &'p ProviderSettings, providers: &'p [ProviderSettings]) -> &'p ProviderSettings {
    match &provider.kind {
        ProviderKind::Cassette { of: Some(of), .. } => providers.iter().find(|other| other.name == *of).unwrap_or(provider),
        ProviderKind::OpenAi(_)
        | ProviderKind::Anthropic(_)
        | ProviderKind::Command { .. }
        | ProviderKind::Echo
        | ProviderKind::Cassette { .. } => provider,
    }
}

/// What is sent: the provider's parameters under the prompt's under the suite's.
pub(in crate::app::test) fn parameters(
    settings: &SuiteSettings,
    prompt: &Prompt,
    provider: &ProviderSettings,
    providers: &[ProviderSettings],
) -> Map<String, Value> {
    let mut parameters = origin(provider, providers).parameters.clone();
    parameters.extend(prompt.parameters.clone());
    parameters.extend(settings.parameters.clone());
    parameters
}

pub(in crate::app::test) fn model(
    settings: &SuiteSettings,
    prompt: &Prompt,
    provider: &ProviderSettings,
    providers: &[ProviderSettings],
) -> Option<String> {
    let without_models = match &provider.kind {
        ProviderKind::Command { .. } | ProviderKind::Echo => Some(provider.kind.name().to_owned()),
        ProviderKind::OpenAi(_) | ProviderKind::Anthropic(_) | ProviderKind::Cassette { .. } => None,
    };
    settings
        .model
        .clone()
        .or_else(|| prompt.model.clone())
        .or_else(|| provider.model.clone())
        .or_else(|| origin(provider, providers).model.clone())
        .or(without_models)
}
