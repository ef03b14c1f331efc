use crate::support::Workspace;

#[test]
fn a_trend_has_slope_fit_prediction_and_change_points() {
    let workspace = Workspace::empty();
    let found = workspace.prompt_cicd(["trend", "--values", "1,2,2,3,5", "--format", "json"]).run().exits(0).json();
    assert!((found["slope"].as_f64().unwrap() - 0.9).abs() < 1e-12);
    assert!((found["prediction"]["value"].as_f64().unwrap() - 5.3).abs() < 1e-12);
    let rows = (0..30)
        .map(|hour| format!("2026-01-01T{:02}:{:02}:00Z,{}\n", hour / 2, hour % 2 * 30, if hour < 15 { 10 } else { 20 } + hour % 2))
        .collect::<Vec<_>>()
        .concat();
    let workspace = workspace.file("history.csv", &format!("time,latency\n{rows}"));
    workspace.prompt_cicd(["trend", "history.csv"]).run().exits(0).shows("latency: rising").shows("change point: value 15");
    workspace.prompt_cicd(["trend", "history.csv", "--format", "html"]).run().exits(0).shows("<svg");
    workspace.prompt_cicd(["trend", "history.csv", "--format", "markdown"]).run().exits(0).shows("xychart-beta");
}

#[test]
fn time_that_runs_backwards_is_named() {
    let workspace = Workspace::empty().file("back.csv", "time,value\n2,1\n1,2\n3,3\n").file("short.json", "[1, 2]");
    workspace.prompt_cicd(["trend", "back.csv"]).run().exits(3).says("timestamp 1 (from 0) is not after the one before it");
    workspace.prompt_cicd(["trend", "short.json"]).run().exits(3).says("needs at least 3");
}

#[test]
fn distributions_are_shown_and_never_judged() {
    let workspace = Workspace::empty();
    let lists = |current: &'static str| ["distributions", "--baseline", "1,2,3,4,5,6,7,8,9,10", "--current", current];
    workspace
        .prompt_cicd(lists("101,102,103,104,105,106,107,108,109,110"))
        .run()
        .exits(0)
        .shows("DIFFERENT")
        .shows("kolmogorov_smirnov: 1");
    workspace.prompt_cicd(lists("1,2,3,4,5,6,7,8,9,11")).run().exits(0).shows("NO DIFFERENCE FOUND");
    workspace.prompt_cicd(["distributions"]).run().exits(2);
}
