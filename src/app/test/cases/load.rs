//! Reading the files of a suite's cases: small ones are held, large ones looked through.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{Cases, Reading};
use crate::{
    app::{
        inside,
        test::load::{CASES_LIMIT, Loader, case_plan, renumbered},
    },
    config::{self, prompt_file::PromptFile},
    domain::suite::{Case, CaseId, SuiteSettings},
};

/// How many bytes of files of cases a run holds; what comes after them is read again each time, where its form allows.
const HELD: u64 = 4 * 1024 * 1024;

/// Cases with something wrong that are looked at, at most.
const MOST_SUSPECTS: usize = 100;

/// What is known of a suite's cases so far.
#[derive(Default)]
struct Gathered {
    cases: Cases,
    count: usize,
    /// A hash of each id: two that are alike are looked at.
    ids: Vec<u64>,
    /// Cases without an assertion that counts.
    bare: Vec<Case>,
    broken: bool,
}

impl Gathered {
    fn note(&mut self, case: &Case, settings: &SuiteSettings) {
        self.ids.push(hash_of(&case.id));
        let counts = || settings.defaults.assertions.iter().chain(&case.assertions).any(|assertion| assertion.weight > 0.0);
        if self.bare.len() < MOST_SUSPECTS && !counts() {
            self.bare.push(case.clone());
        }
    }
}

fn hash_of(id: &CaseId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.0.hash(&mut hasher);
    hasher.finish()
}

impl Loader<'_> {
    /// The cases of a suite that come from files; `defaults` are the prompt's variables.
    pub(in crate::app::test) fn of_files(
        &mut self,
        settings: &SuiteSettings,
        patterns: &[PathBuf],
        defaults: &Map<String, Value>,
        file: Option<&PromptFile>,
    ) -> Option<Cases> {
        let mut gathered = Gathered::default();
        for pattern in patterns {
            match self.services.workspace.matching(&self.base.join(pattern)) {
                Ok(files) => files.iter().for_each(|file| self.of_file(settings, file, defaults, &mut gathered)),
                Err(error) => {
                    self.error(settings, format!("the cases cannot be found: {error}"), "paths are relative to the configuration file");
                    gathered.broken = true;
                }
            }
        }
        self.unused(settings, file);
        if gathered.broken {
            return None;
        }
        let suspects = suspects(&mut gathered);
        self.usable(config::cases::check(&suspects, settings)).then_some(gathered.cases)
    }

    fn of_file(&mut self, settings: &SuiteSettings, file: &Path, defaults: &Map<String, Value>, gathered: &mut Gathered) {
        if let Some(why) = self.inside.refuses(self.services, file) {
            self.error(settings, format!("the cases cannot be read: {why}"), inside::HELP);
            gathered.broken = true;
            return;
        }
        self.read.push(file.to_owned());
        let size = self.services.workspace.size(file).unwrap_or_default();
        let from = gathered.count;
        if self.held.saturating_add(size) > HELD && config::cases::can_stream(file) {
            let reading = Reading {
                workspace: Arc::clone(&self.services.workspace),
                path: file.to_owned(),
                from,
                defaults: settings.defaults.clone(),
                prompt: defaults.clone(),
                judged: None,
                broken: self.broken.clone(),
            };
            match reading.examine(|case| gathered.note(case, settings)) {
                Ok(file) => {
                    gathered.count += file.len();
                    gathered.cases.push_file(file);
                }
                Err(problems) => {
                    self.found.extend(problems);
                    gathered.broken = true;
                }
            }
            return;
        }
        let text = match self.services.workspace.read_text(file, CASES_LIMIT) {
            Ok(text) => text,
            Err(error) => {
                self.error(settings, format!("the cases cannot be read: {error}"), "paths are relative to the configuration file");
                gathered.broken = true;
                return;
            }
        };
        self.held = self.held.saturating_add(text.len() as u64);
        match config::cases::parse(&text, &file.display().to_string()) {
            Ok(cases) => {
                for (position, mut case) in cases.into_iter().enumerate() {
                    renumbered(&mut case, position, from);
                    gathered.note(&case, settings);
                    gathered.cases.push(Arc::new(case_plan(case, gathered.count, &settings.defaults, defaults)));
                    gathered.count += 1;
                }
            }
            Err(problems) => {
                self.found.extend(problems);
                gathered.broken = true;
            }
        }
    }
}

/// The cases that something may be wrong with: those whose ids seem to be there twice, and those that could never fail.
fn suspects(gathered: &mut Gathered) -> Vec<Case> {
    let mut suspects = std::mem::take(&mut gathered.bare);
    gathered.ids.sort_unstable();
    let pairs = gathered.ids.iter().zip(gathered.ids.iter().skip(1));
    // So few that two of one id are among the cases below, in whatever order the file has them.
    let mut twice: Vec<u64> = pairs.filter(|(one, other)| one == other).map(|(one, _)| *one).collect();
    twice.dedup();
    let twice: HashSet<u64> = twice.into_iter().take(MOST_SUSPECTS).collect();
    if !twice.is_empty() {
        let again = gathered.cases.iter().filter(|case| twice.contains(&hash_of(&case.case.id)));
        let again: Vec<Case> = again.map(|case| case.case.clone()).take(10 * MOST_SUSPECTS).collect();
        // Each case once, or it would be its own second one.
        suspects.retain(|case| !again.iter().any(|other| other.place == case.place));
        suspects.extend(again);
    }
    suspects
}
