use prompt_cicd::ports::code_host::{ChangedFile, CodeHost as _, FileStatus, PullRequest, PullRequestState};

use super::on;
use crate::support::github::{File, State};

async fn pull(world: &super::World) -> PullRequest {
    world.github.pull_request(7, world.patience()).await.unwrap()
}

#[test]
fn a_pull_request_as_it_stands() {
    on(State::new(), async |world| {
        let expected = PullRequest {
            number: 7,
            head: "head-sha".to_owned(),
            base: "base-sha".to_owned(),
            state: PullRequestState::Open,
            locked: false,
            draft: false,
            author: "ada".to_owned(),
            from_fork: false,
            title: "Tune the prompt".to_owned(),
            body: String::new(),
            lines: 4,
            mergeable: Some(true),
            labels: Vec::new(),
        };
        assert_eq!(pull(world).await, expected);
        {
            let mut state = world.fake.state();
            let pull = state.pull();
            (pull.state, pull.merged, pull.locked, pull.draft, pull.author) = ("closed", true, true, true, None);
            pull.head_repository = Some("mallory/prompts".to_owned());
        }
        let changed = pull(world).await;
        assert_eq!((changed.state, changed.locked, changed.draft, changed.from_fork), (PullRequestState::Merged, true, true, true));
        assert_eq!(changed.author, "ghost");
        {
            let mut state = world.fake.state();
            let pull = state.pull();
            (pull.merged, pull.head_repository) = (false, None);
        }
        let gone = pull(world).await;
        assert_eq!((gone.state, gone.from_fork), (PullRequestState::Closed, true), "a fork that is gone is a fork");
    });
}

#[test]
fn three_thousand_files_with_their_former_names() {
    let mut state = State::new();
    let renamed = |index: usize| File::renamed(format!("old/ä {index}.yml"), format!("new/ä {index}.yml"));
    state.pull().files =
        (0..3_100).map(|index| if index % 2 == 0 { renamed(index) } else { File::modified(format!("{index}.md")) }).collect();
    on(state, async |world| {
        let changed = world.github.changed_files(7, world.patience()).await.unwrap();
        assert_eq!(changed.files.len(), 3_000);
        let last_renamed = ChangedFile {
            path: "new/ä 2998.yml".to_owned(),
            previous_path: Some("old/ä 2998.yml".to_owned()),
            status: FileStatus::Renamed,
        };
        assert_eq!(changed.files[2_998], last_renamed);
        insta::assert_snapshot!(changed.truncated.unwrap(), @"GitHub tells at most 3000 changed files here: there may be more than these 3000; use --all to test everything");
        assert_eq!(world.fake.requests().len(), 30);
    });
}

#[test]
fn a_few_files_are_one_request() {
    let mut state = State::new();
    let with = |status: &'static str| File { path: status.to_owned(), previous: None, status };
    state.pull().files = ["added", "removed", "modified", "copied", "changed", "unchanged"].map(with).to_vec();
    on(state, async |world| {
        let changed = world.github.changed_files(7, world.patience()).await.unwrap();
        let statuses: Vec<FileStatus> = changed.files.iter().map(|file| file.status).collect();
        let changed_mode = FileStatus::Modified;
        let expected =
            [FileStatus::Added, FileStatus::Removed, FileStatus::Modified, FileStatus::Copied, changed_mode, FileStatus::Unchanged];
        assert_eq!(statuses, expected);
        assert_eq!(changed.truncated, None);
        assert_eq!(world.fake.requests(), ["GET /repos/octo/prompts/pulls/7/files"]);
    });
}

#[test]
fn two_commits_compared() {
    let mut state = State::new();
    let few = vec![File::renamed("a.md", "b.md")];
    state.comparisons.insert("feature/x...head".to_owned(), ("fork-point".to_owned(), few));
    let many = (0..400).map(|index| File::modified(index.to_string())).collect();
    state.comparisons.insert("base...head".to_owned(), ("fork-point".to_owned(), many));
    on(state, async |world| {
        let few = world.github.compare("feature/x", "head", world.patience()).await.unwrap();
        assert_eq!((few.merge_base.as_str(), few.changed.files.len(), few.changed.truncated), ("fork-point", 1, None));
        let many = world.github.compare("base", "head", world.patience()).await.unwrap();
        assert_eq!(many.changed.files.len(), 300);
        insta::assert_snapshot!(many.changed.truncated.unwrap(), @"GitHub tells at most 300 changed files here: there may be more than these 300; use --all to test everything");
    });
}

#[test]
fn github_enterprise_keeps_its_path_on_every_page() {
    let mut state = State::new();
    state.base_path = "/api/v3";
    state.pull().files = (0..150).map(|index| File::modified(index.to_string())).collect();
    on(state, async |world| {
        assert_eq!(world.github.changed_files(7, world.patience()).await.unwrap().files.len(), 150);
        assert_eq!(world.fake.requests(), ["GET /api/v3/repos/octo/prompts/pulls/7/files"; 2]);
    });
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    on(State::new(), async |world| {
        let first = pull(world).await;
        assert_eq!(pull(world).await, first);
        assert!(world.fake.journal()[1].headers.contains_key("if-none-match"));
    });
}
