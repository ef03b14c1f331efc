//! Requests before the run, so that a server that has to wake up does not look slow.

use tokio::sync::watch;

use crate::app::Services;
use crate::app::test::{
    Plan,
    ask::Asking,
    run::{Askers, Stop},
};

/// Asks each suite's provider so many times before the run, one after another, and forgets the answers: a server that has to
/// wake up must not look slow. It is said, since it is paid for.
pub(in crate::app::test) async fn warm_up(services: &Services, plan: &Plan, askers: &Askers) -> Vec<String> {
    let mut sent = 0_u32;
    let (_stop, stopped) = watch::channel(Stop::No);
    for suite in plan.suites.iter().filter(|_| plan.run.warm_up > 0) {
        let (Some(asker), Some(case)) = (askers.get(&suite.settings.provider), suite.cases.iter().next()) else { continue };
        let until = services.clock.elapsed() + suite.settings.limits.suite;
        for number in 0..plan.run.warm_up {
            // A repeat that no sample has: neither cache nor cassette may take this answer for a sample's.
            let Ok(request) = suite.request(&case, u32::MAX - number) else { continue };
            if asker.provider().is_at_hand(&request) {
                continue;
            }
            let asking = Asking { request: &request, limit: suite.settings.limits.request, until };
            let _forgotten = asker.ask(asking, None, stopped.clone()).await;
            sent += 1;
        }
    }
    if sent == 0 { Vec::new() } else { vec![format!("{sent} requests to warm up were sent before the run; they are not counted")] }
}
