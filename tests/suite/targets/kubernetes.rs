//! A ConfigMap and a route in a cluster that is faked.

use std::{sync::Arc, time::Duration};

use prompt_cicd::{
    domain::{
        kubernetes::ClusterSettings,
        target::{Agreement, Desired, KubernetesPlace, Observed, Shares, TargetKind},
    },
    ports::target::{Target, TargetErrorKind},
};
use serde_json::{Value, json};

use super::{DEADLINE, SHORT, desired, open};
use crate::support::kubernetes::{FakeKubernetes, Mishap};

struct World {
    fake: FakeKubernetes,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let (fake, folder) = (FakeKubernetes::start(), tempfile::tempdir().unwrap());
        fake.kubeconfig(&folder.path().join("kube.yml"));
        Self { fake, folder }
    }

    fn target(&self, place: KubernetesPlace) -> Arc<dyn Target> {
        let cluster = ClusterSettings { kubeconfig: Some("kube.yml".into()), ..ClusterSettings::default() };
        open(TargetKind::Kubernetes { cluster, place }, self.folder.path())
    }

    fn flags(&self) -> Arc<dyn Target> {
        self.target(KubernetesPlace::ConfigMap { name: "prompt-flags".into(), key: "flags.json".into(), flag: "{{prompt}}".into() })
    }

    fn route(&self, rule: Option<&str>) -> Arc<dyn Target> {
        let rule = rule.map(str::to_owned);
        self.target(KubernetesPlace::HttpRoute { name: "prompts".into(), rule, service: "{{prompt}}-v{{version}}".into(), port: 80 })
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.fake.state().requests)
    }

    fn put_route(&self, rules: &Value) {
        let object = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "prompts"},
            "spec": {"parentRefs": [{"name": "gate"}], "rules": rules}});
        self.fake.put("httproutes", &object);
    }
}

fn confirmed(observed: &Observed, percent: u8, epoch: u64) {
    assert_eq!(observed.agreement(&desired(percent, epoch), Shares::Any), Agreement::Confirmed, "{observed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_map_is_made_and_changed_and_twice_is_once() {
    let world = World::new();
    let target = world.flags();
    assert_eq!(target.observe(DEADLINE).await, Ok(Observed::default()));
    target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
    confirmed(&target.observe(DEADLINE).await.unwrap(), 10, 1);
    let object = world.fake.object("configmaps", "prompt-flags");
    assert_eq!(object["metadata"]["annotations"]["prompt-cicd/operation"], "op-1");
    world.requests();
    target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
    assert_eq!(world.requests(), ["get configmaps prompt-flags"], "nothing is written twice");
    target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap();
    assert_eq!(world.requests(), ["get configmaps prompt-flags", "patch configmaps prompt-flags"]);
    let observed = target.observe(DEADLINE).await.unwrap();
    confirmed(&observed, 25, 1);
    assert_eq!(observed.operation.as_deref(), Some("op-2"));
    let late = target.apply(&desired(50, 0), "late", DEADLINE).await.unwrap_err();
    assert_eq!(late.kind, TargetErrorKind::Fenced);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_keys_and_flags_stay_and_an_immutable_map_is_refused() {
    let world = World::new();
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prompt-flags", "labels": {"team": "shop"}},
        "data": {"other": "x", "flags.json": "{\"flags\": {\"theirs\": {\"state\": \"DISABLED\"}}}"}});
    world.fake.put("configmaps", &object);
    world.flags().apply(&desired(10, 1), "op", DEADLINE).await.unwrap();
    let after = world.fake.object("configmaps", "prompt-flags");
    assert_eq!((&after["data"]["other"], &after["metadata"]["labels"]["team"]), (&json!("x"), &json!("shop")));
    let manifest: Value = serde_json::from_str(after["data"]["flags.json"].as_str().unwrap()).unwrap();
    assert_eq!(manifest["flags"]["theirs"], json!({"state": "DISABLED"}));
    let mut object = object;
    object["immutable"] = json!(true);
    world.fake.put("configmaps", &object);
    let error = world.flags().apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("immutable"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_lose_no_flag() {
    let world = World::new();
    let writers = (0..8).map(|index| {
        let target =
            world.target(KubernetesPlace::ConfigMap { name: "shared".into(), key: "f.json".into(), flag: format!("flag-{index}") });
        tokio::spawn(async move {
            for percent in [10, 25, 50] {
                target.apply(&desired(percent, 1), &format!("op-{index}-{percent}"), DEADLINE).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let object = world.fake.object("configmaps", "shared");
    let manifest: Value = serde_json::from_str(object["data"]["f.json"].as_str().unwrap()).unwrap();
    assert_eq!(manifest["flags"].as_object().unwrap().len(), 8);
    assert!((0..8).all(|index| manifest["flags"][format!("flag-{index}")]["metadata"]["percent"] == 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_follow_and_everything_else_of_the_route_stays() {
    let world = World::new();
    let filters = json!([{"type": "RequestHeaderModifier"}]);
    world.put_route(&json!([
        {"name": "other", "backendRefs": [{"name": "web", "port": 8080}]},
        {"name": "greeting", "timeouts": {"request": "10s"}, "backendRefs": [{"name": "greeting-v1-0-0", "port": 8081, "filters": filters}]},
    ]));
    let target = world.route(Some("greeting"));
    let first = target.observe(DEADLINE).await.unwrap();
    assert_eq!(first.shares.unwrap().into_iter().collect::<Vec<_>>(), [("greeting-v1-0-0".to_owned(), 100.0)]);
    for (percent, weights) in [(0, [0, 100]), (10, [10, 90]), (25, [25, 75]), (100, [100, 0])] {
        target.apply(&desired(percent, 1), &format!("op-{percent}"), DEADLINE).await.unwrap();
        let rules = world.fake.object("httproutes", "prompts")["spec"]["rules"].clone();
        let refs = rules[1]["backendRefs"].as_array().unwrap();
        let of = |name: &str| refs.iter().find(|backend| backend["name"] == name).unwrap();
        assert_eq!([&of("greeting-v2-0-0")["weight"], &of("greeting-v1-0-0")["weight"]], weights.map(|weight| json!(weight)).each_ref());
        assert_eq!((&of("greeting-v1-0-0")["port"], &of("greeting-v1-0-0")["filters"]), (&json!(8081), &filters));
        assert_eq!((&rules[1]["timeouts"]["request"], &rules[0]["backendRefs"][0]["name"]), (&json!("10s"), &json!("web")));
        confirmed(&target.observe(DEADLINE).await.unwrap(), percent, 1);
    }
    world.requests();
    target.apply(&desired(100, 1), "op-100", DEADLINE).await.unwrap();
    assert_eq!(world.requests(), ["get httproutes prompts"]);
    let late = target.apply(&desired(50, 0), "late", DEADLINE).await.unwrap_err();
    assert_eq!(late.kind, TargetErrorKind::Fenced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_not_as_it_should_be_is_refused() {
    let world = World::new();
    let target = world.route(None);
    assert_eq!(target.observe(DEADLINE).await, Ok(Observed::default()));
    let said = async |kind: TargetErrorKind, text: &str| {
        let error = target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
        assert!(error.kind == kind && error.message.contains(text), "{text}: {error:?}");
    };
    said(TargetErrorKind::Refused, "it is not there").await;
    world.put_route(&json!([{}, {}]));
    said(TargetErrorKind::Refused, "several rules").await;
    world.put_route(&json!([{"backendRefs": [{"name": "web", "port": 80}]}]));
    said(TargetErrorKind::Foreign, "`web`, which is named after no version").await;
    world.put_route(&json!([{"backendRefs": []}]));
    world.fake.state().gateway_api = false;
    said(TargetErrorKind::Refused, "the Gateway API (gateway.networking.k8s.io/v1) is not installed").await;
    world.fake.state().gateway_api = true;
    target.apply(&desired(10, 1), "op", DEADLINE).await.unwrap();
    // A gateway that does not find the Service says so in the route's status.
    let mut object = world.fake.object("httproutes", "prompts");
    let generation = object["metadata"]["generation"].clone();
    let condition = json!({"type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "no Service greeting-v2-0-0",
        "observedGeneration": generation});
    object["status"] = json!({"parents": [{"conditions": [condition]}]});
    world.fake.put("httproutes", &object);
    let error = target.observe(DEADLINE).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("no Service greeting-v2-0-0"), "{error}");
    object["status"]["parents"][0]["conditions"][0]["observedGeneration"] = json!(0);
    world.fake.put("httproutes", &object);
    confirmed(&target.observe(DEADLINE).await.unwrap(), 10, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_the_server_has_its_meaning() {
    let world = World::new();
    let target = world.flags();
    target.apply(&desired(10, 1), "op-1", DEADLINE).await.unwrap();
    for (status, kind) in [
        (410, TargetErrorKind::Failed),
        (429, TargetErrorKind::Unreachable),
        (500, TargetErrorKind::Failed),
        (503, TargetErrorKind::Unreachable),
    ] {
        world.fake.mishap("patch", Mishap::Status(status));
        let error = target.apply(&desired(25, 1), "op-2", DEADLINE).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status}: {error}");
    }
    // Lost races are run again.
    for mishap in [Mishap::Status(409), Mishap::Overtaken] {
        world.fake.mishap("patch", mishap);
        target.apply(&desired(25, 1), "op-3", DEADLINE).await.unwrap();
        target.apply(&desired(10, 1), "op-4", DEADLINE).await.unwrap();
    }
    // What may be done is only known by reading it back.
    world.fake.mishap("patch", Mishap::DoneButCut);
    let error = target.apply(&desired(50, 1), "op-5", DEADLINE).await.unwrap_err();
    assert!(error.kind.may_have_applied(), "{error}");
    confirmed(&target.observe(DEADLINE).await.unwrap(), 50, 1);
    world.fake.mishap("get", Mishap::Hang(Duration::from_secs(3)));
    let error = target.observe(SHORT).await.unwrap_err();
    assert_eq!(error.kind, TargetErrorKind::TimedOut);
    // On a busy machine the time may be up before the server saw the request.
    world.fake.state().mishaps.clear();
    for (verb, denied) in [("get", "get configmaps"), ("patch", "patch configmaps")] {
        world.fake.state().denied.insert(denied.to_owned());
        let error = target.apply(&desired(90, 1), "op-6", DEADLINE).await.unwrap_err();
        let expected = format!("a Role must allow the verb `{verb}` on `configmaps` of the group \"\" in the namespace shop");
        assert!(error.kind == TargetErrorKind::Refused && error.message.contains(&expected), "{error}");
        world.fake.state().denied.clear();
    }
    world.fake.state().tokens.clear();
    let error = target.observe(DEADLINE).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("log in to the cluster again"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_too_large_is_refused_with_the_limit() {
    let world = World::new();
    let manifest = json!({"flags": {"theirs": {"note": "x".repeat(1024 * 1024 - 200)}}}).to_string();
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prompt-flags"}, "data": {"flags.json": manifest}});
    world.fake.put("configmaps", &object);
    let error = world.flags().apply(&desired(10, 1), "op", DEADLINE).await.unwrap_err();
    assert!(error.kind == TargetErrorKind::Refused && error.message.contains("at most 1 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annotation_that_somebody_wrote_over_is_no_missing_fence() {
    let world = World::new();
    world.put_route(&json!([{"backendRefs": []}]));
    let target = world.route(None);
    target.apply(&desired(0, 7), "rollback", DEADLINE).await.unwrap();
    let good = world.fake.object("httproutes", "prompts");
    for garbage in ["", "{", "null", "{\"epoch\": 7}"] {
        let mut object = good.clone();
        object["metadata"]["annotations"]["prompt-cicd/state"] = json!(garbage);
        world.fake.put("httproutes", &object);
        let rules = world.fake.object("httproutes", "prompts")["spec"]["rules"].clone();
        for error in [target.apply(&desired(50, 1), "late", DEADLINE).await.unwrap_err(), target.observe(DEADLINE).await.unwrap_err()] {
            assert_eq!(error.kind, TargetErrorKind::EpochUnreadable, "{garbage}: {error}");
            assert!(error.message.contains("`kubectl annotate httproute prompts prompt-cicd/state-`"), "{error}");
        }
        assert_eq!(world.fake.object("httproutes", "prompts")["spec"]["rules"], rules, "{garbage}");
        // An emergency that was told of it writes over it.
        target.apply(&Desired { overwrites: true, ..desired(0, 8) }, "emergency", DEADLINE).await.unwrap();
        confirmed(&target.observe(DEADLINE).await.unwrap(), 0, 8);
    }
    // The way out that the message names.
    let mut object = good;
    object["metadata"]["annotations"].as_object_mut().unwrap().remove("prompt-cicd/state");
    world.fake.put("httproutes", &object);
    target.apply(&desired(0, 8), "emergency", DEADLINE).await.unwrap();
    confirmed(&target.observe(DEADLINE).await.unwrap(), 0, 8);
}
