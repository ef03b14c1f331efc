use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::*;
use crate::domain::{
    provider::ProviderKind,
    suite::{CaseSource, Limits},
};

const FILE: &str = "prompt-cicd.yml";

/// The example of the contract, word for word.
const CONTRACT: &str = r#"# prompt-cicd.yml
version: 1
providers:
  local: {kind: openai, base-url: "http://127.0.0.1:8080/v1", model: smollm2-135m-instruct, api-key-env: LOCAL_API_KEY}   # kinds: openai, anthropic, command, echo, cassette
suites:
  - name: greeting
    prompt: prompts/greeting.prompt.yml
    provider: local
    concurrency: 4
    repeat: 1
    cases: cases/greeting.jsonl          # or inline: [{id: ana, vars: {name: Ana}, assert: [...]}]
    defaults:
      assert:
        - contains: "{{name}}"           # short form: one key
        - {type: max-words, value: 12, weight: 2}   # long form, the keys people know from promptfoo
"#;

/// A sound file to which tests add what they are about.
const SOUND: &str = "version: 1\nproviders: {say: {kind: echo}}\nsuites: [{name: a, prompt: p.txt, provider: say, cases: c.jsonl}]\n";

fn shown(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn config(text: &str) -> Config {
    parse(text, FILE).unwrap_or_else(|diagnostics| panic!("{}", shown(&diagnostics))).0
}

/// Everything that is said about a text, warnings and errors.
fn said(text: &str) -> String {
    match parse(text, FILE) {
        Ok((_, warnings)) => shown(&warnings),
        Err(diagnostics) => shown(&diagnostics),
    }
}

/// The one diagnostic of a text.
fn the_problem(text: &str) -> String {
    let said = parse(text, FILE).expect_err(text);
    assert_eq!(said.len(), 1, "{text}\n{}", shown(&said));
    said[0].to_string()
}

#[test]
fn the_contract_is_read_as_written() {
    let config = config(CONTRACT);
    let ProviderKind::OpenAi(http) = &config.providers[0].kind else { panic!("{:?}", config.providers) };
    assert_eq!(
        (http.base_url.as_str(), http.api_key_env.as_deref(), http.stream),
        ("http://127.0.0.1:8080/v1", Some("LOCAL_API_KEY"), false)
    );
    assert_eq!((config.providers[0].name.as_str(), config.providers[0].model.as_deref()), ("local", Some("smollm2-135m-instruct")));
    let suite = &config.suites[0];
    assert_eq!((suite.name.as_str(), suite.path.as_str(), suite.provider.as_str()), ("greeting", "suites[0]", "local"));
    assert_eq!(
        (suite.concurrency, suite.repeat.max(), suite.prompt.as_path()),
        (4, 1, std::path::Path::new("prompts/greeting.prompt.yml"))
    );
    assert!(matches!(&suite.cases, CaseSource::Files(files) if *files == [PathBuf::from("cases/greeting.jsonl")]));
    assert_eq!(suite.defaults.assertions.iter().map(|assertion| assertion.weight).collect::<Vec<_>>(), [1.0, 2.0]);
}

#[test]
fn what_init_writes_is_sound() {
    assert_eq!(said(STARTER), "");
    assert!(matches!(&config(STARTER).suites[0].cases, CaseSource::Files(files) if files.len() == 1));
}

#[test]
fn what_is_not_said_is_as_defaults_yml_has_it() {
    let config = config(SOUND);
    let suite = &config.suites[0];
    assert_eq!((suite.concurrency, suite.repeat.max()), (4, 1));
    assert!((suite.min_pass_rate - 1.0).abs() < 1e-12);
    let (request, case, whole) = (Duration::from_secs(30), Duration::from_mins(2), Duration::from_mins(30));
    assert_eq!(suite.limits, Limits { request, case, suite: whole });
    assert_eq!(config.run.max_concurrency, 10);
    assert_eq!(config.run.cache, None);
    let retry = config.run.retry;
    assert_eq!(
        (retry.attempts, retry.base, retry.max, retry.budget),
        (4, Duration::from_millis(500), Duration::from_secs(10), Duration::from_mins(1))
    );
}

#[test]
fn a_section_may_say_only_a_part() {
    let config = config(&format!("{SOUND}run: {{retry: {{attempts: 2.0}}}}\n"));
    assert_eq!((config.run.retry.attempts, config.run.retry.base, config.run.max_concurrency), (2, Duration::from_millis(500), 10));
    let cached = self::config(&format!("{SOUND}run: {{cache: .cache}}\n"));
    assert_eq!(cached.run.cache, Some(PathBuf::from(".cache")));
}

#[test]
fn suite_defaults_reach_every_suite_and_give_way_to_it() {
    let config = config(
        "version: 1\nproviders: {say: {kind: echo}}\nsuite-defaults: {provider: say, repeat: 3, limits: {case: 1m}}\nsuites:\n\
         - {name: a, prompt: p.txt, cases: c.jsonl}\n- {name: b, prompt: p.txt, cases: [c.jsonl, d.csv], repeat: 5, limits: {request: 2s}}\n",
    );
    let [first, second] = config.suites.as_slice() else { panic!() };
    assert_eq!((first.provider.as_str(), first.repeat.max(), second.repeat.max()), ("say", 3, 5));
    assert_eq!((second.limits.request, second.limits.case), (Duration::from_secs(2), Duration::from_mins(1)));
}

#[test]
fn a_key_is_only_sent_to_another_address_when_the_file_says_so() {
    let text =
        "version: 1\nproviders:\n  a: {kind: openai}\n  b: {kind: openai, base-url: \"https://example.com/v1/\"}\n  c: {kind: anthropic}\n";
    let config = config(text);
    let http: Vec<_> = config
        .providers
        .iter()
        .map(|provider| match &provider.kind {
            ProviderKind::OpenAi(http) | ProviderKind::Anthropic(http) => (http.base_url.as_str(), http.api_key_env.as_deref()),
            ProviderKind::Command { .. } | ProviderKind::Echo | ProviderKind::Cassette { .. } => panic!("{provider:?}"),
        })
        .collect();
    let expected = [
        ("https://api.openai.com/v1", Some("OPENAI_API_KEY")),
        ("https://example.com/v1", None),
        ("https://api.anthropic.com/v1", Some("ANTHROPIC_API_KEY")),
    ];
    assert_eq!(http, expected);
}

#[test]
fn every_kind_takes_what_belongs_to_it() {
    let config = config(
        "version: 1\nproviders:\n  z: {kind: openai, headers: {X-Team: a}, stream: true, parameters: {temperature: 0, maxTokens: 9}, \
         prices: {input-per-million: 0.15, output-per-million: 1}}\n  a: {kind: command, command: [python3, ask.py], env: {MODE: x}, pass-env: [TOKEN]}\n  \
         m: {kind: cassette, path: c.jsonl, of: z}\n",
    );
    assert_eq!(
        config.providers.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>(),
        ["z", "a", "m"],
        "in the order of the file"
    );
    assert_eq!(Value::Object(config.providers[0].parameters.clone()), json!({"temperature": 0, "max_tokens": 9}));
    assert!((config.providers[0].prices.unwrap().input_per_million - 0.15).abs() < 1e-12);
    assert!(
        matches!(&config.providers[1].kind, ProviderKind::Command { argv, pass_env, env } if argv == &["python3", "ask.py"] && pass_env == &["TOKEN"] && env.len() == 1)
    );
    assert!(matches!(&config.providers[2].kind, ProviderKind::Cassette { of, .. } if of.as_deref() == Some("z")));
}

#[test]
fn sixteen_mistakes_are_sixteen_diagnostics() {
    let text = r#"version: 1
providers:
  local:
    kind: opnai
    base-url: http://127.0.0.1:8080/v1
  talk: {kind: echo, command: [cat]}
  port: {kind: openai, base-url: "ftp://x"}
suite-defaults:
  limits: {request: 30}
suites:
  - name: greeting
    prompt: p.yml
    provider: lokal
    concurency: 4
    cases:
      - {id: a, vars: {name: Ana}, assert: [{contains: x}], treshold: 1}
      - {id: a, vars: [], assert: [{contains: x}]}
  - name: greeting
    provider: local
    repeat: 0
    min-pass-rate: 1.5
    limits: {suite: soon}
    cases: c.jsonl
run:
  retry: {attempts: "4"}
  cache: true
"#;
    insta::assert_snapshot!(said(text), @r#"
    error: prompt-cicd.yml:4:11: providers.local.kind: unknown kind `opnai`
      help: did you mean `openai`?
    error: prompt-cicd.yml:6:22: providers.talk.command: a provider of kind `echo` does not take `command`
      help: `command` belongs to the kind command
    error: prompt-cicd.yml:7:34: providers.port.base-url: an address begins with http:// or https://
      help: write it like http://127.0.0.1:8080/v1
    error: prompt-cicd.yml:9:21: suite-defaults.limits.request: expected a string such as `30s`, found the number 30
    error: prompt-cicd.yml:13:15: suites[0].provider: there is no provider `lokal`
      help: did you mean `local`?
    error: prompt-cicd.yml:14:5: suites[0].concurency: unknown key `concurency`
      help: did you mean `concurrency`?
    error: prompt-cicd.yml:16:61: suites[0].cases[0].treshold: unknown key `treshold`
      help: did you mean `threshold`?
    error: prompt-cicd.yml:17:9: suites[0].cases[1]: a second case has the id `a`; the first one is at prompt-cicd.yml:16:9
      help: give each case its own `id`
    error: prompt-cicd.yml:17:23: suites[0].cases[1].vars: expected a map of variables, found a list
    error: prompt-cicd.yml:18:5: suites[1].prompt: `prompt` is missing
      help: add `prompt:`, the prompt's file, relative to this one
    error: prompt-cicd.yml:18:11: suites[1].name: a second suite is called `greeting`; the first one is at prompt-cicd.yml:11:11
      help: give each suite its own name
    error: prompt-cicd.yml:20:13: suites[1].repeat: must be at least 1, found 0
    error: prompt-cicd.yml:21:20: suites[1].min-pass-rate: must be at most 1, found 1.5
    error: prompt-cicd.yml:22:21: suites[1].limits.suite: `soon` is not a duration: write a number with a unit, like 500ms, 30s, 5m or 2h
    error: prompt-cicd.yml:25:21: run.retry.attempts: expected a whole number, found the string `4`
      help: remove the quotes
    error: prompt-cicd.yml:26:10: run.cache: the cache needs a folder
      help: write `cache: .prompt-cicd/cache`, or `cache: false`
    "#);
}

#[test]
fn secrets_are_refused_and_never_shown() {
    let text = "version: 1\nproviders:\n  a: {kind: openai, base-url: \"https://me:hunter2@example.com\", api-key-env: sk-hunter2, headers: {authorization: Bearer hunter2}}\n";
    let said = said(text);
    assert_eq!(said.matches("error:").count(), 3, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn addresses_are_checked() {
    let url = |url: &str| format!("version: 1\nproviders: {{a: {{kind: openai, base-url: \"{url}\"}}}}\n");
    for bad in
        ["example.com", "ftp://x", "http://", "http://x/?a=b", "http://x#a", "http://a b", "http://x:99999", "http://x/v1/chat/completions"]
    {
        assert!(the_problem(&url(bad)).contains("providers.a.base-url"), "{bad}");
    }
    for good in ["http://127.0.0.1:8080/v1", "https://example.com", "http://[::1]:8080/v1/", "HTTP://x"] {
        assert_eq!(said(&url(good)), "", "{good}");
    }
}

#[test]
fn a_key_over_plain_http_to_another_machine_is_a_warning() {
    let said = said("version: 1\nproviders: {a: {kind: openai, base-url: \"http://10.0.0.7/v1\", api-key-env: KEY}}\n");
    assert!(said.starts_with("warning: prompt-cicd.yml:2:41: providers.a.base-url: the key would be sent without encryption"), "{said}");
}

#[test]
fn cassettes_name_a_provider_that_can_be_recorded() {
    let of = |of: &str| format!("version: 1\nproviders: {{one: {{kind: cassette, path: c.jsonl, of: {of}}}, two: {{kind: echo}}}}\n");
    assert!(the_problem(&of("twoo")).contains("did you mean `two`?"));
    assert!(the_problem(&of("one")).contains("a cassette cannot be recorded from a cassette"));
    assert_eq!(said(&of("two")), "");
}

#[test]
fn versions_but_the_first_are_refused() {
    for version in ["2", "\"1\"", "1.5", "[1]"] {
        assert!(the_problem(&SOUND.replace("version: 1", &format!("version: {version}"))).contains("is not known"), "{version}");
    }
    assert!(the_problem("providers: {a: {kind: echo}}\n").contains("`version` is missing"));
}

#[test]
fn a_key_without_a_value_is_a_mistake() {
    for text in ["version: 1\nsuites:\n", "version: 1\nrun:\n", "version: 1\nproviders: {a: }\n", "version: 1\nsuites: [null]\n"] {
        let said = the_problem(text);
        assert!(said.contains("found nothing"), "{said}");
    }
}

#[test]
fn inline_cases_are_checked_together() {
    let text = "version: 1\nproviders: {say: {kind: echo}}\nsuites:\n  - name: a\n    prompt: p\n    provider: say\n    cases:\n      - {id: x, vars: {}}\n      - {id: x, assert: [{contains: a}]}\n      - {assert: [{type: contains, value: b, weight: 0}]}\n";
    insta::assert_snapshot!(said(text), @r"
    error: prompt-cicd.yml:8:9: suites[0].cases[0]: case `x` has no assertion that counts, so it could never fail
      help: give it `assert`, or write assertions for all cases under `suites[0].defaults.assert`
    error: prompt-cicd.yml:9:9: suites[0].cases[1]: a second case has the id `x`; the first one is at prompt-cicd.yml:8:9
      help: give each case its own `id`
    error: prompt-cicd.yml:10:9: suites[0].cases[2]: case `3` has no assertion that counts, so it could never fail
      help: give it `assert`, or write assertions for all cases under `suites[0].defaults.assert`
    ");
}

#[test]
fn extension_keys_anchors_and_merge_keys_work() {
    let text = "version: 1\nx-base: &base {prompt: p, provider: say, cases: c.jsonl, repeat: 2}\nproviders: {say: {kind: echo}}\nsuites:\n  - <<: *base\n    name: a\n  - {<<: [*base, {concurrency: 2}], name: b, repeat: 3}\n";
    let config = config(text);
    assert_eq!(config.suites.iter().map(|suite| (suite.repeat.max(), suite.concurrency)).collect::<Vec<_>>(), [(2, 4), (3, 2)]);
    let wrong = text.replace("repeat: 2", "repeat: 0");
    assert_eq!(the_problem(&wrong), "error: prompt-cicd.yml:2:66: suites[0].repeat: must be at least 1, found 0");
    assert!(the_problem("version: 1\nsuites: [{<<: 3}]\n").contains("`<<` takes a map"));
}

#[test]
fn what_yaml_has_beyond_json_is_refused_by_name() {
    for (text, word) in [
        ("version: !!int 1\n", "tags"),
        ("version: 1\n---\nversion: 1\n", "second document"),
        ("version: 1\nx-a: {1: a}\n", "no text"),
        ("version: 1\nx-a: {true: a}\n", "no text"),
        ("version: 1\nx-a: {? [a, b] : c}\n", "must be a text"),
        ("version: 1\nx-a: .nan\n", "no number"),
        ("version: 1\nversion: 1\n", "second time"),
        ("version: 1\n\tx: 1\n", "2:1: not YAML: found a tab"),
        ("version: 1\nx-a: *nowhere\n", "unknown anchor"),
        ("version: 1\nx-a: &a [*a]\n", "aliases"),
        ("version: 'one\n", "close the quote"),
    ] {
        let said = the_problem(text);
        assert!(said.contains(word), "{text}: {said}");
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let bomb = (1..12).fold("x-0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let below = vec![format!("*a{}", level - 1); 9].join(", ");
        text + &format!("x-{level}: &a{level} [{below}]\n")
    });
    let many = "- ".repeat(100_000);
    let nested: String = (0..2_000).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    let key = "k".repeat(1_000_000);
    for (text, word) in [
        (bomb, "repeat too much"),
        ("[".repeat(10_000), "deep"),
        (many, "deep"),
        (nested, "deep"),
        (format!("{key}: 1\n"), "not YAML"),
        (format!("? {key}\n: 1\n"), "unknown key `kkk"),
    ] {
        let said = said(&text);
        assert!(said.contains(word) && said.len() < 2_000, "{word}: {}", said.chars().take(500).collect::<String>());
    }
}

#[test]
fn json_is_read_as_json() {
    let text = "{\n\t\"version\": 1,\n\t\"providers\": {\"say\": {\"kind\": \"ech\\u006f\", \"model\": \"\\ud83d\\ude00\"}}\n}";
    let (config, _) = parse(text, "prompt-cicd.json").unwrap();
    assert_eq!(config.providers[0].model.as_deref(), Some("😀"));
    let said = |text: &str| shown(&parse(text, "c.json").unwrap_err());
    assert_eq!(
        said("{\n  \"version\": 1,\n  \"sutes\": []\n}"),
        "error: c.json:3:3: sutes: unknown key `sutes`\n  help: did you mean `suites`?"
    );
    assert!(said("{\"version\": 1,}").contains("c.json:1:15: not JSON: "));
    assert!(said("{\"version\": 1, \"version\": 1}").contains("c.json:1:16: version: this key stands here a second time"));
    assert!(said(&"[".repeat(10_000)).contains("recursion limit"));
}

#[test]
fn limits_that_cannot_be_reached_are_a_warning() {
    let said = said(&SOUND.replace("prompt: p.txt", "prompt: p.txt, concurrency: 20, limits: {request: 5m}"));
    assert_eq!(said.matches("warning:").count(), 2, "{said}");
    assert!(said.contains("which ends it first") && said.contains("run.max-concurrency"), "{said}");
}

#[test]
fn the_same_mistake_in_many_cases_is_said_a_few_times_and_counted() {
    let case = |number: usize| format!("      - {{id: c{number}, varz: {{name: a}}, vars: {{name: a}}, assert: [{{contains: a}}]}}\n");
    let cases: String = (0..30).map(case).collect();
    let text = format!(
        "version: 1\nproviders: {{p: {{kind: echo}}}}\nsuites:\n  - name: s\n    prompt: p.yml\n    provider: p\n    nmae: x\n    cases:\n{cases}"
    );
    let wrong = parse(&text, "c.yml").unwrap_err();
    let said: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(said.iter().filter(|said| said.contains("unknown key `varz`")).count(), 11, "{said:#?}");
    assert!(said.last().unwrap().contains("20 more like this from here on"), "{said:#?}");
    assert_eq!(crate::domain::diagnostic::number_of(&wrong), 31, "what is said as one is counted as many: {said:#?}");
    assert!(said.iter().any(|said| said.contains("nmae")), "what is of another kind is not hidden: {said:#?}");
}

#[test]
fn the_defaults_are_one_sound_map() {
    let values = defaults::values();
    let sections: Vec<&str> = values.keys().map(String::as_str).collect();
    let expected = [
        "suite-defaults",
        "run",
        "lints",
        "regression",
        "rollouts",
        "monitor",
        "store",
        "history",
        "quarantine",
        "github",
        "pull-request",
        "release",
        "target-kinds",
        "notification-kinds",
        "metric-source-kinds",
        "provider-kinds",
    ];
    assert_eq!(sections, expected);
    let kinds: Vec<_> = values["provider-kinds"].as_object().unwrap().keys().collect();
    assert_eq!(kinds, raw::KINDS.iter().collect::<Vec<_>>());
    let file = json!({"version": 1, "suite-defaults": values["suite-defaults"], "run": values["run"]});
    assert_eq!(check::check::<raw::File>(&file).findings, []);
}
