//! The suites as they are on base: read at a commit, matched with head's case by case, and what differs said.

mod matching;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use super::{
    Plan, SuitePlan, TestRequest,
    cases::Cases,
    compared::compare,
    load::{self, CASES_LIMIT},
    plan::CasePlan,
};
use crate::{
    app::{Failure, Services, TEXT_LIMIT},
    config::{self, prompt_file::PromptFile},
    domain::{
        prompt::Variables,
        provider::ProviderSettings,
        regression::comparison::{BaseRun, Change},
        suite::{
            Case, CaseSource, SuiteSettings,
            run::{PromptIdentity, SuiteRun},
        },
    },
    ports::vcs::VcsError,
};
use matching::match_cases;

/// What head is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum BaseRequest {
    /// In a pull request the commit where it left its base, elsewhere nothing.
    #[default]
    Usual,
    /// Nothing.
    Nothing,
    /// This branch, tag or commit.
    At(String),
}

/// Every suite as it is on base.
#[derive(Debug)]
pub(super) struct Base {
    reference: String,
    commit: String,
    suites: BTreeMap<String, BaseSuite>,
    /// What could not be read there, and what is only nearly right.
    pub(super) notes: Vec<String>,
}

/// One suite as it is on base.
#[derive(Debug)]
pub(super) struct BaseSuite {
    pub(super) changes: Vec<Change>,
    /// What is asked; `None` where there is nothing to ask.
    pub(super) plan: Option<SuitePlan>,
}

/// Reads base; `None` where there is nothing to compare with.
///
/// # Errors
/// When the commit is not to be had, or the history cannot be read.
pub(super) async fn read(services: &Services, plan: &Plan, request: &TestRequest) -> Result<Option<Base>, Failure> {
    let mut notes = Vec::new();
    let (reference, commit) = match &request.base {
        BaseRequest::Nothing => return Ok(None),
        BaseRequest::At(reference) => (reference.clone(), services.vcs.commit(reference).await.map_err(Failure::Base)?),
        BaseRequest::Usual => match services.vcs.proposed().map_err(Failure::Base)? {
            None => return Ok(None),
            Some(proposed) => {
                let found = match services.vcs.merge_base("HEAD", &proposed.base).await {
                    Err(VcsError::Unavailable(_)) => services.vcs.merge_base(&proposed.head, &proposed.base).await, // HEAD needs git
                    other => other,
                };
                let found = match found {
                    Ok(found) => found,
                    Err(why) => {
                        let tip = services.vcs.commit(&proposed.base).await.map_err(|_second| Failure::Base(why))?;
                        notes.push(format!(
                            "the history here is too short to find the merge base: compared with the tip of the base branch, {}",
                            short(&tip)
                        ));
                        tip
                    }
                };
                ("the merge base".to_owned(), found)
            }
        },
    };
    tracing::info!(component = "test", action = "base", reference, commit, "comparing with base");
    let mut reader = Reader { services, plan, commit: &commit, notes, whole: request.filters.is_empty() && request.tags.is_empty() };
    let suites = reader.suites().await.map_err(Failure::Base)?;
    let notes = reader.notes;
    Ok(Some(Base { reference, commit, suites, notes }))
}

/// A commit's name as people read it.
fn short(commit: &str) -> String {
    commit.chars().take(10).collect()
}

impl Base {
    /// The suite of this name.
    pub(super) fn suite(&self, name: &str) -> Option<&BaseSuite> {
        self.suites.get(name)
    }

    /// How many samples of base are asked for.
    pub(super) fn samples(&self) -> usize {
        self.suites.values().filter_map(|suite| suite.plan.as_ref()).map(SuitePlan::samples).sum()
    }

    /// Keeps only cases that `wanted` says, by suite and case.
    pub(super) fn keep(&mut self, wanted: impl Fn(&str, &str) -> bool) {
        for (name, suite) in &mut self.suites {
            if let Some(plan) = &mut suite.plan {
                plan.cases.retain(|case| wanted(name, &case.case.id.0));
            }
        }
    }

    /// Gives a suite what it takes to compare it, before it is asked: a run with samples of base that are still to come.
    pub(super) fn begin(&self, run: &mut SuiteRun, samples: Vec<crate::domain::suite::run::Sample>) {
        let Some(plan) = self.suites.get(&run.name).and_then(|suite| suite.plan.as_ref()) else { return };
        run.base = Some(BaseRun {
            reference: self.reference.clone(),
            commit: self.commit.clone(),
            prompt: PromptIdentity {
                name: plan.prompt.name.clone(),
                version: plan.prompt.version.as_ref().map(ToString::to_string),
                digest: plan.prompt.digest.clone(),
                file: PathBuf::from(&plan.prompt.source),
            },
            model: plan.model.clone(),
            samples,
        });
    }

    /// Compares a suite whose samples are there.
    pub(super) fn compare(&self, run: &mut SuiteRun, settings: &crate::domain::regression::Settings) {
        if let Some(suite) = self.suites.get(&run.name) {
            compare(run, suite.changes.clone(), settings);
        }
    }
}

/// What the configuration on base says of model and parameters, where it differs: both sides are asked as head says, so that
/// the prompt is all that is compared.
fn reconfigured(plan: &Plan, suite: &SuitePlan, was: &SuiteSettings, providers: &[ProviderSettings]) -> Vec<String> {
    let of = |settings: &SuiteSettings, providers: &[ProviderSettings]| {
        let provider = providers.iter().find(|provider| provider.name == settings.provider);
        let mut parameters = provider.map(|provider| provider.parameters.clone()).unwrap_or_default();
        parameters.extend(settings.parameters.clone());
        (settings.model.clone().or_else(|| provider?.model.clone()), parameters)
    };
    // Another provider is another suite, which is said already.
    if was.provider != suite.settings.provider {
        return Vec::new();
    }
    let ((model, parameters), (model_now, parameters_now)) = (of(was, providers), of(&suite.settings, &plan.providers));
    let named = |model: Option<String>| model.unwrap_or_else(|| "none".to_owned());
    let (name, mut said) = (&was.name, Vec::new());
    if model != model_now {
        let (before, now) = (named(model), named(model_now));
        said.push(format!(
            "suite `{name}`: the model in the configuration changed from {before} to {now}; both sides were asked as head says"
        ));
    }
    if parameters != parameters_now {
        said.push(format!("suite `{name}`: the parameters in the configuration changed; both sides were asked as head says"));
    }
    said
}

struct Reader<'a> {
    services: &'a Services,
    plan: &'a Plan,
    commit: &'a str,
    notes: Vec<String>,
    /// Whether all cases were selected, so that one that head lacks was removed.
    whole: bool,
}

impl Reader<'_> {
    async fn suites(&mut self) -> Result<BTreeMap<String, BaseSuite>, VcsError> {
        let path = self.plan.read.first().cloned().unwrap_or_default();
        let on_head = self.services.workspace.read_text(&path, TEXT_LIMIT).unwrap_or_default();
        let on_base = self.text(&path, TEXT_LIMIT).await?;
        let file = path.display().to_string();
        let judged = |text: &str| config::judged_by(text, &file);
        let (judged_on_head, judged_on_base) = (judged(&on_head), on_base.as_deref().map(judged));
        let parsed = on_base.as_deref().map(|text| config::parse(text, &file));
        if let Some(Err(_)) = &parsed {
            self.notes.push(format!("{file} on base cannot be read: the suites are compared by the paths that head has"));
        }
        let (settings, providers) = parsed.and_then(Result::ok).map(|(config, _)| (config.suites, config.providers)).unwrap_or_default();
        let plan = self.plan;
        let mut suites = BTreeMap::new();
        for suite in &plan.suites {
            let name = &suite.settings.name;
            let was = settings.iter().find(|was| was.name == *name);
            let mut changes = Vec::new();
            let same = judged_on_base.as_ref().is_some_and(|judged| judged.get(name) == judged_on_head.get(name));
            if was.is_none() || !same {
                changes.push(Change::Suite);
            }
            self.notes.extend(was.into_iter().flat_map(|was| reconfigured(plan, suite, was, &providers)));
            let read = self.suite(suite, was.unwrap_or(&suite.settings), changes).await?;
            suites.insert(name.clone(), read);
        }
        Ok(suites)
    }

    async fn suite(&mut self, suite: &SuitePlan, was: &SuiteSettings, mut changes: Vec<Change>) -> Result<BaseSuite, VcsError> {
        let path = self.plan.base.join(&was.prompt);
        let file = match self.prompt(&path, &suite.settings.name).await? {
            Ok(file) => file,
            Err(why) => return Ok(BaseSuite { changes: vec![why], plan: None }),
        };
        let cases = if suite.cases.is_read_again() { self.too_large(suite) } else { self.cases(was, &file).await? };
        let matched = match &cases {
            Some(cases) => match_cases(suite, cases, self.whole, &mut changes),
            None => HashMap::new(),
        };
        let known = |case: &CasePlan| cases.is_none() || matched.contains_key(&case.index);
        let Some(mut plan) = self.on_base(suite, file) else {
            return Ok(BaseSuite { changes, plan: None });
        };
        if plan.model != suite.model {
            changes.push(Change::Model { from: plan.model.clone(), to: suite.model.clone() });
        }
        if plan.parameters != suite.parameters {
            changes.push(Change::Parameters);
        }
        let on_base = |case: &CasePlan| plan.on_base(case, matched.get(&case.index).copied());
        let (asked, unasked) = suite.cases.for_prompt(&plan.prompt.defaults, known, on_base);
        plan.cases = asked;
        if unasked > 0 {
            self.notes.push(format!(
                "suite `{}`: the prompt on base does not render with the variables of {unasked} cases, which are not compared",
                suite.settings.name
            ));
        }
        if is_same(&plan, suite) {
            changes.push(Change::SamePrompt);
            return Ok(BaseSuite { changes, plan: None });
        }
        Ok(BaseSuite { changes, plan: Some(plan) })
    }

    /// Head's suite with base's prompt, without cases yet.
    fn on_base(&self, suite: &SuitePlan, file: PromptFile) -> Option<SuitePlan> {
        let (settings, providers, prompt) = (&suite.settings, &self.plan.providers, file.prompt);
        let provider = providers.iter().find(|provider| provider.name == settings.provider)?;
        let parameters = load::parameters(settings, &prompt, provider, providers);
        let model = load::model(settings, &prompt, provider, providers).unwrap_or_else(|| suite.model.clone());
        Some(SuitePlan {
            settings: settings.clone(),
            prompt,
            model,
            parameters,
            prices: suite.prices,
            listed: suite.listed,
            cases: Cases::default(),
            texts: suite.texts,
            graders: suite.graders.clone(),
        })
    }

    /// The prompt, or what stands in its place: it is not there, or not to be read.
    async fn prompt(&mut self, path: &Path, suite: &str) -> Result<Result<PromptFile, Change>, VcsError> {
        let Some(bytes) = self.services.vcs.file(self.commit, path, TEXT_LIMIT).await? else { return Ok(Err(Change::NewPrompt)) };
        let Some(text) = self.utf8(path, bytes) else { return Ok(Err(Change::UnreadablePrompt)) };
        match config::prompt_file::read(&text, &path.display().to_string()) {
            Ok((file, _)) => Ok(Ok(file)),
            Err(problems) => {
                let why = problems.first().map(ToString::to_string).unwrap_or_default();
                self.notes.push(format!("suite `{suite}`: the prompt on base cannot be read, so there is nothing to compare with: {why}"));
                Ok(Err(Change::UnreadablePrompt))
            }
        }
    }

    /// What is said of cases that are not held: which of them changed would take holding both sides.
    fn too_large(&mut self, suite: &SuitePlan) -> Option<Vec<Case>> {
        let files: Vec<String> = suite.cases.files().map(|file| file.path().display().to_string()).collect();
        let (name, files) = (&suite.settings.name, files.join(", "));
        self.notes.push(format!("suite `{name}`: which cases changed is not looked at: {files} is too large for that"));
        None
    }

    /// Base's cases; `None` when they cannot be told.
    async fn cases(&mut self, was: &SuiteSettings, file: &PromptFile) -> Result<Option<Vec<Case>>, VcsError> {
        let patterns = match &was.cases {
            CaseSource::Inline(cases) => return Ok(Some(cases.clone())),
            CaseSource::Prompt => return Ok(Some(file.cases.as_ref().map(|own| own.cases.clone()).unwrap_or_default())),
            CaseSource::Files(patterns) => patterns,
        };
        let mut all = Vec::new();
        for pattern in patterns {
            let pattern = self.plan.base.join(pattern);
            let files = match self.services.vcs.matching(self.commit, &pattern).await {
                Ok(files) => files,
                Err(VcsError::Unavailable(why)) => {
                    self.notes.push(format!("suite `{}`: which cases changed is not known: {why}", was.name));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            for file in files {
                let Some(text) = self.text(&file, CASES_LIMIT).await? else { continue };
                let Ok(mut cases) = config::cases::parse(&text, &file.display().to_string()) else {
                    let file = file.display();
                    self.notes.push(format!("suite `{}`: which cases changed is not known: {file} on base cannot be read", was.name));
                    return Ok(None);
                };
                let from = all.len();
                cases.iter_mut().enumerate().for_each(|(position, case)| load::renumbered(case, position, from));
                all.append(&mut cases);
            }
        }
        Ok(Some(all))
    }

    async fn text(&mut self, path: &Path, limit: u64) -> Result<Option<String>, VcsError> {
        let Some(bytes) = self.services.vcs.file(self.commit, path, limit).await? else { return Ok(None) };
        Ok(self.utf8(path, bytes))
    }

    fn utf8(&mut self, path: &Path, bytes: Vec<u8>) -> Option<String> {
        let Ok(text) = String::from_utf8(bytes) else {
            self.notes.push(format!("{} on base is not UTF-8 text", path.display()));
            return None;
        };
        Some(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
    }
}

impl SuitePlan {
    /// Head's case as base's prompt is asked it: with head's variables, or with those that the case had on base where the
    /// prompt there does not render without them. `None` when neither does.
    fn on_base(&self, case: &CasePlan, was: Option<&Case>) -> Option<CasePlan> {
        let with = |case: Case, index: usize| load::case_plan(case, index, &self.settings.defaults, &self.prompt.defaults);
        let mut plan = with(case.case.clone(), case.index);
        if self.prompt.render(&plan.prompt_variables).is_err() {
            let mut vars = was?.vars.clone();
            vars.extend(case.case.vars.clone());
            plan = with(Case { vars, ..case.case.clone() }, case.index);
            self.prompt.render(&plan.prompt_variables).ok()?;
        }
        // Both sides are judged by what head says, with what head's assertions see.
        let assertion_variables = Variables::new(case.assertion_variables.values().clone());
        Some(CasePlan { assertion_variables, ..plan })
    }
}

/// Whether base would be asked the very same: its answers would say nothing about the prompt.
fn is_same(base: &SuitePlan, head: &SuitePlan) -> bool {
    base.prompt.digest == head.prompt.digest && base.model == head.model && base.parameters == head.parameters
}
