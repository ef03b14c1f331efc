//! The behaviour cases of versions and pull requests: what holds here is Conventional Commits 1.0 and `SemVer` 2.0, also
//! where the original did otherwise.

use std::fs;

use prompt_cicd::domain::{
    pull_request::{Check, Level, Rules, Size, Status, Subject, checks, title},
    release::{Bump, Commit, asked, next},
};
use semver::Version;
use serde_json::{Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = crate::docs::root().join("tests/data/behaviour").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn bump(word: &str) -> Bump {
    match word {
        "major" => Bump::Major,
        "minor" => Bump::Minor,
        "patch" => Bump::Patch,
        "prerelease" => Bump::Prerelease(None),
        other => panic!("{other}"),
    }
}

#[test]
fn versions() {
    let mut seen = 0;
    for case in cases("versions.json") {
        let (given, then) = (&case["given"], &case["then"]);
        match case["when"].as_str().unwrap() {
            "bump" => {
                let after = next(&Version::parse(given["current"].as_str().unwrap()).unwrap(), bump(given["type"].as_str().unwrap()));
                assert_eq!(json!(after.unwrap().to_string()), then["next"], "{case}");
            }
            "validate" => {
                // The original took numbers with leading zeros.
                let expected = case["status"] == "keep" && then["original_ok"] == true;
                assert_eq!(Version::parse(given["version"].as_str().unwrap()).is_ok(), expected, "{case}");
            }
            "bump type" => {
                let commits = given["commits"].as_array().unwrap().iter();
                let commits: Vec<Commit> =
                    commits.map(|text| Commit { id: String::new(), message: text.as_str().unwrap().to_owned() }).collect();
                let word = match asked(&commits) {
                    None => "none",
                    Some(Bump::Major) => "major",
                    Some(Bump::Minor) => "minor",
                    Some(Bump::Patch) => "patch",
                    Some(Bump::Prerelease(_)) => "prerelease",
                };
                assert_eq!(json!(word), then["conventional_commits"], "{case}");
            }
            "prerelease flag" => {
                let version = Version::parse(given["version"].as_str().unwrap()).unwrap();
                assert_eq!(json!(!version.pre.is_empty()), then["prerelease"], "{case}");
            }
            // Held by the tests of the command.
            "should release" => continue,
            other => panic!("{other}"),
        }
        seen += 1;
    }
    assert!(seen >= 25, "{seen}");
}

fn rules() -> Rules {
    let list = |pattern: &str| vec![pattern.to_owned()];
    Rules {
        levels: vec![(Check::Issue, Level::Warn)],
        description: 50,
        size: Size::L,
        sources: list("src/*"),
        tests: list("tests/*"),
        public: list("api/*"),
        docs: list("docs/*"),
        critical: Vec::new(),
        forbidden: Vec::new(),
    }
}

fn ends(subject: &Subject, check: Check) -> Status {
    checks(subject, &rules()).into_iter().find(|result| result.check == check).unwrap().status
}

#[test]
fn pull_requests() {
    let mut seen = 0;
    for case in cases("pull-requests.json") {
        let (given, then) = (&case["given"], &case["then"]);
        let flag = |key: &str| given[key] == true;
        match case["when"].as_str().unwrap() {
            "validate PR title" => {
                assert_eq!(json!(title::wrong(given["title"].as_str().unwrap()).is_none()), then["conventional_commits_1_0_ok"], "{case}");
            }
            "size" => {
                let size = Size::of(given["additions_plus_deletions"].as_u64().unwrap());
                assert_eq!((json!(size.label()), json!(size == Size::XL)), (then["label"].clone(), then["warn"].clone()), "{case}");
            }
            "issue reference" => {
                let subject = Subject { body: given["body"].as_str().unwrap().to_owned(), ..Subject::default() };
                assert_eq!(json!(ends(&subject, Check::Issue) == Status::Passed), then["found"], "{case}");
                assert_eq!(json!(ends(&subject, Check::Description) == Status::Warned), then["short_body_warning"], "{case}");
            }
            "test plan" => {
                let files = [("src_changed", "src/a.rs"), ("tests_changed", "tests/a.rs")];
                let files = files.into_iter().filter(|(key, _)| flag(key)).map(|(_, file)| file.to_owned()).collect();
                assert_eq!(json!(ends(&Subject { files, ..Subject::default() }, Check::Tests) == Status::Warned), then["warn"], "{case}");
            }
            "docs check" => {
                let files = [("public_api_changed", "api/a.rs"), ("docs_changed", "docs/a.md")];
                let files = files.into_iter().filter(|(key, _)| flag(key)).map(|(_, file)| file.to_owned()).collect();
                assert_eq!(json!(ends(&Subject { files, ..Subject::default() }, Check::Docs) == Status::Warned), then["warn"], "{case}");
            }
            "conflict check" => {
                let subject = Subject { mergeable: Some(!flag("merge_conflict")), ..Subject::default() };
                assert_eq!(json!(ends(&subject, Check::Conflict) == Status::Failed), then["fail"], "{case}");
            }
            // Of the workflow, whose gate looks at each job's result.
            "validation summary" => continue,
            other => panic!("{other}: {case}"),
        }
        seen += 1;
    }
    assert!(seen >= 28, "{seen}");
}
