//! A file of cases that is too large to be held: looked through once, and read anew whenever its cases are wanted.

use std::{
    collections::hash_map::DefaultHasher,
    fmt,
    hash::Hasher as _,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::{Map, Value};

use crate::{
    app::{
        Failure,
        test::{
            load::{case_plan, renumbered},
            plan::CasePlan,
        },
    },
    config::cases::{Stream, stream},
    domain::{
        diagnostic::{Diagnostic, Place},
        prompt::Variables,
        suite::{Case, CaseDefaults},
    },
    ports::workspace::Workspace,
};

/// What is wrong with a large file that is said, at most; the rest is counted.
const MOST_PROBLEMS: usize = 100;

/// Why cases could not be read a second time; whoever made the plan holds it, and looks before concluding anything.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Broken(Arc<OnceLock<(String, String)>>);

impl Broken {
    /// Whether every file is still what was checked.
    ///
    /// # Errors
    /// The first one that is not.
    pub(in crate::app) fn check(&self) -> Result<(), Failure> {
        let Some((file, why)) = self.0.get() else { return Ok(()) };
        let help = "leave the files of cases alone while a run goes on, and run it again";
        Err(Failure::Configuration(vec![Diagnostic::error(Place::file(file.as_str()), "", why.as_str()).with_help(help)]))
    }

    fn say(&self, reading: &Reading, why: impl Into<String>) {
        // The first reason is the one that counts.
        let _first = self.0.set((reading.file(), why.into()));
    }
}

/// How the cases of a file become cases of a plan.
#[derive(Clone)]
pub(in crate::app::test) struct Reading {
    pub(in crate::app::test) workspace: Arc<dyn Workspace>,
    pub(in crate::app::test) path: PathBuf,
    /// How many cases the suite's files before this one have.
    pub(in crate::app::test) from: usize,
    pub(in crate::app::test) defaults: CaseDefaults,
    /// The prompt's own variables.
    pub(in crate::app::test) prompt: Map<String, Value>,
    /// Those that assertions see, where they are another prompt's.
    pub(in crate::app::test) judged: Option<Map<String, Value>>,
    pub(in crate::app::test) broken: Broken,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Reading {
    fn file(&self) -> String {
        self.path.display().to_string()
    }

    /// Opens the file anew.
    fn open(&self) -> Result<(Stream, Arc<Mutex<DefaultHasher>>), String> {
        let hash = Arc::new(Mutex::new(DefaultHasher::new()));
        let input = self.workspace.open(&self.path).map_err(|error| error.to_string())?;
        let input = Box::new(Hashed { input, hash: Arc::clone(&hash) });
        let stream = stream(input, &self.file()).ok_or_else(|| format!("{}: not read one by one", self.file()))?;
        Ok((stream, hash))
    }

    /// A case as the plan has it.
    fn plan(&self, mut case: Case, position: usize) -> CasePlan {
        renumbered(&mut case, position, self.from);
        let index = self.from + position;
        let Some(judged) = &self.judged else { return case_plan(case, index, &self.defaults, &self.prompt) };
        let assertions_see = case_plan(case.clone(), index, &self.defaults, judged).assertion_variables;
        CasePlan {
            assertion_variables: Variables::new(assertions_see.values().clone()),
            ..case_plan(case, index, &self.defaults, &self.prompt)
        }
    }

    /// Looks through the file. `each` gets every case, for what concerns all cases together.
    ///
    /// # Errors
    /// Everything that is wrong in it, up to a bound, and how much more there is.
    pub(in crate::app::test) fn examine(self, mut each: impl FnMut(&Case)) -> Result<CaseFile, Vec<Diagnostic>> {
        let (cases, hash) = self.open().map_err(|why| vec![Diagnostic::error(Place::file(self.file()), "", why)])?;
        let (mut count, mut problems, mut more) = (0_usize, Vec::new(), 0_usize);
        for case in cases {
            match case {
                Ok(mut case) => {
                    renumbered(&mut case, count, self.from);
                    each(&case);
                }
                Err(found) => {
                    for problem in found {
                        if problems.len() < MOST_PROBLEMS { problems.push(problem) } else { more += 1 }
                    }
                }
            }
            count += 1;
        }
        if more > 0 {
            problems
                .push(Diagnostic::error(Place::file(self.file()), "", format!("and {more} more problems in this file")).standing_for(more));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let examined = Examined { count, hash: lock(&hash).finish() };
        Ok(CaseFile { reading: Arc::new(self), examined, chosen: None, len: count })
    }
}

/// What was found when a file was looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Examined {
    /// How many cases it has.
    count: usize,
    /// A digest of its bytes: the cases that are asked are those that were checked.
    hash: u64,
}

/// The cases of a large file.
#[derive(Debug, Clone)]
pub(in crate::app::test) struct CaseFile {
    reading: Arc<Reading>,
    examined: Examined,
    /// Which of them are meant, a bit each; `None`: all.
    chosen: Option<Vec<u64>>,
    len: usize,
}

impl CaseFile {
    pub(in crate::app::test) fn len(&self) -> usize {
        self.len
    }

    /// The file.
    pub(in crate::app::test) fn path(&self) -> &Path {
        &self.reading.path
    }

    fn is_chosen(&self, position: usize) -> bool {
        let bit = |chosen: &Vec<u64>| chosen.get(position / 64).is_some_and(|bits| bits >> (position % 64) & 1 == 1);
        self.chosen.as_ref().is_none_or(bit)
    }

    /// The index in the suite of the `nth` chosen case, from 0.
    pub(in crate::app::test) fn index_of(&self, nth: usize) -> Option<usize> {
        let position = (0..self.examined.count).filter(|position| self.is_chosen(*position)).nth(nth)?;
        Some(self.reading.from + position)
    }

    /// Keeps the cases that are wanted.
    pub(in crate::app::test) fn retain(&mut self, wanted: impl Fn(&CasePlan) -> bool) {
        let mut chosen = vec![0_u64; self.examined.count.div_ceil(64)];
        let mut len = 0;
        for case in self.iter().filter(|case| wanted(case)) {
            let position = case.index - self.reading.from;
            if let Some(bits) = chosen.get_mut(position / 64) {
                *bits |= 1 << (position % 64);
                len += 1;
            }
        }
        (self.chosen, self.len) = (Some(chosen), len);
    }

    /// The same cases for another prompt with these variables of its own, judged with what assertions see here.
    pub(in crate::app::test) fn for_prompt(&self, prompt: &Map<String, Value>) -> Self {
        let judged = Some(self.reading.judged.clone().unwrap_or_else(|| self.reading.prompt.clone()));
        Self { reading: Arc::new(Reading { prompt: prompt.clone(), judged, ..(*self.reading).clone() }), ..self.clone() }
    }

    /// The chosen cases, read anew.
    pub(in crate::app::test) fn iter(&self) -> impl Iterator<Item = CasePlan> + '_ {
        let opened = self.reading.open().map_err(|why| self.reading.broken.say(&self.reading, why)).ok();
        Again { file: self, opened, position: 0 }
    }
}

/// A file that is read again.
struct Again<'f> {
    file: &'f CaseFile,
    /// `None` once it has ended.
    opened: Option<(Stream, Arc<Mutex<DefaultHasher>>)>,
    position: usize,
}

impl Iterator for Again<'_> {
    type Item = CasePlan;

    fn next(&mut self) -> Option<CasePlan> {
        let reading = &self.file.reading;
        loop {
            let (stream, hash) = self.opened.as_mut()?;
            match stream.next() {
                Some(Ok(case)) if self.position < self.file.examined.count => {
                    let position = self.position;
                    self.position += 1;
                    if self.file.is_chosen(position) {
                        return Some(reading.plan(case, position));
                    }
                }
                None if (Examined { count: self.position, hash: lock(hash).finish() }) == self.file.examined => self.opened = None,
                // The error of a line that could be read before says the same.
                Some(_) | None => {
                    reading.broken.say(reading, "the file changed while the run went on");
                    self.opened = None;
                }
            }
        }
    }
}

/// Takes a digest of what is read.
struct Hashed {
    input: Box<dyn Read + Send>,
    hash: Arc<Mutex<DefaultHasher>>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        lock(&self.hash).write(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// A digest cannot be left half-written by a panic elsewhere.
fn lock(hash: &Mutex<DefaultHasher>) -> MutexGuard<'_, DefaultHasher> {
    hash.lock().unwrap_or_else(PoisonError::into_inner)
}
