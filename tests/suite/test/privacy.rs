use crate::support::{Behaviour, FakeModel, Workspace};

/// Every HTTP library honours these, so whatever a library sent on its own account would be seen here.
#[test]
fn nothing_goes_out_but_to_the_configured_providers() {
    let spy = FakeModel::start(Behaviour::Echo);
    let model = FakeModel::start(Behaviour::Echo);
    let spied = |workspace: Workspace, exempt: &str| {
        let proxy = spy.base_url().replace("/v1", "");
        let mut call = workspace.prompt_cicd(["test"]);
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            call = call.env(name, &proxy);
        }
        call.env("NO_PROXY", exempt).env("no_proxy", exempt).run().exits(0);
    };
    spied(Workspace::greeting(), "");
    spied(Workspace::asking(&model.base_url()), "127.0.0.1");
    assert_eq!((spy.requests(), model.requests()), (0, 2));
    // The spy can see: without the exemption it is asked instead of the model.
    spied(Workspace::asking(&model.base_url()), "");
    assert_eq!((spy.requests(), model.requests()), (2, 2));
}
