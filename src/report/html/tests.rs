use super::*;
use crate::report::fixture;

fn html(run: &TestRun) -> String {
    let mut out = Vec::new();
    render(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The data as the page's script reads it.
fn read(page: &str) -> Value {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn everything_is_in_the_data() {
    let run = fixture::rich();
    let data = read(&html(&run));
    let samples = data["samples"].as_array().unwrap();
    assert_eq!(samples.len(), run.samples().count());
    for (entry, sample) in samples.iter().zip(run.samples()) {
        assert_eq!(entry["case"], sample.case_id.0);
        assert_eq!(entry["answer"].as_str(), sample.answer().map(KeptAnswer::text));
    }
    let states: std::collections::BTreeSet<&str> = samples.iter().filter_map(|sample| sample["state"].as_str()).collect();
    assert_eq!(states, ["error", "failed", "not-run", "passed"].into());
}

#[test]
fn nothing_hostile_becomes_markup() {
    let page = html(&fixture::rich());
    let (markup, data) = page.split_once("<script type=\"application/json\"").unwrap();
    assert!(markup.contains("&lt;b&gt;json&lt;/b&gt;") && !markup.contains("<b>json"), "names are escaped");
    let (json, _) = data.split_once("</script>").unwrap();
    assert!(!json.contains('<'), "an answer could end the script element");
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = html(&fixture::passing(2));
    for word in ["http://", "https://", "src=", "@import", "url("] {
        let outside: Vec<&str> = page.lines().filter(|line| line.contains(word)).collect();
        assert!(outside.is_empty(), "{word}: {outside:?}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_histogram_fills_its_frame() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let bars = bars(&values);
    assert_eq!(bars.len(), BARS);
    for bar in &bars {
        assert!(bar.x >= 0.0 && bar.x + bar.width <= CHART.0 && bar.y >= 0.0 && (bar.y + bar.height - CHART.1).abs() < 0.02, "{bar:?}");
    }
    assert!(super::bars(&[]).is_empty() && super::bars(&[5.0, 5.0]).is_empty());
}
