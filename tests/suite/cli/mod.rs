use crate::support::Workspace;

#[test]
fn a_wrong_flag_is_a_usage_error_with_the_right_one() {
    Workspace::empty().prompt_cicd(["test", "--filtre", "x"]).run().exits(2).says("--filter");
    Workspace::empty().prompt_cicd(["tst"]).run().exits(2).says("test");
    Workspace::empty().prompt_cicd([]).run().exits(2);
}

#[test]
fn version_and_help_are_well() {
    Workspace::empty().prompt_cicd(["--version"]).run().exits(0).shows(env!("CARGO_PKG_VERSION"));
    Workspace::empty().prompt_cicd(["--help"]).run().exits(0).shows("Usage: prompt-cicd");
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Workspace::empty().prompt_cicd(["completions", shell]).run().exits(0).shows("prompt-cicd");
    }
}

#[test]
fn a_bad_filter_is_a_usage_error() {
    Workspace::greeting().prompt_cicd(["test", "--filter", "a("]).run().exits(2).says("unclosed");
}

#[test]
fn an_argument_that_is_no_text_is_a_usage_error() {
    use std::os::unix::ffi::OsStrExt as _;
    let workspace = Workspace::greeting();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_prompt-cicd"))
        .current_dir(workspace.path())
        .args([std::ffi::OsStr::new("test"), std::ffi::OsStr::from_bytes(b"--config=\xff")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not UTF-8 text"));
}
