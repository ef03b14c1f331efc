//! `rollout start` and `rollout retry`.

use super::{
    Subject,
    execute::refused,
    plan::plan as show_plan,
    slots,
    world::{Loaded, World},
};
use crate::{
    app::{
        Failure, Finished, Services,
        registry::{entry_write, find_version},
        rollback::begins_at_bad,
    },
    domain::{
        registry::Status,
        rollout::{
            Percent, Phase, Plan, Strategy, begin,
            deployment::Deployment,
            plan::{Gate, PlanError},
            settings::EnvironmentSettings,
        },
    },
    ports::store::Patience,
};

/// What a rollout is started with.
#[derive(Debug, Clone, Default)]
pub struct StartRequest {
    /// The version; `None`: that of the prompt's file.
    pub version: Option<String>,
    /// Shares instead of the configuration's.
    pub stages: Option<Vec<Percent>>,
    /// The first share, instead of the plan's first.
    pub initial: Option<Percent>,
    /// The strategy, instead of the configuration's.
    pub strategy: Option<Strategy>,
    /// Whether a version that was rolled back may be tried again.
    pub retry: bool,
    /// Who approved, where the environment asks for it.
    pub approved_by: Option<String>,
}

/// The plan that a request leads to.
pub(super) fn chosen_plan(settings: &EnvironmentSettings, request: &StartRequest) -> Result<Plan, Failure> {
    let shaped = request.stages.is_some() || request.initial.is_some();
    if let Some(strategy) = request.strategy.filter(|strategy| shaped && *strategy != Strategy::Canary) {
        let why = format!("--stages and --initial are shares of a canary, and {} has none", strategy.as_str());
        return Err(refused("start", why, &["start --stages", "start --strategy"]));
    }
    let approvals = settings.plan.stages.iter().any(|stage| stage.gates.contains(&Gate::Approval));
    if approvals && (shaped || request.strategy.is_some_and(|strategy| strategy != settings.plan.strategy)) {
        let why = format!("the plan of {} asks for an approval, and other stages would leave it out", settings.name);
        return Err(refused("start", why, &["start", "change `steps` in the configuration"]));
    }
    let wrong = |error: PlanError| refused("start", error.to_string(), &["start --stages 10,25,50,100"]);
    let plan = match (&request.stages, request.initial, request.strategy) {
        (Some(stages), None, None | Some(Strategy::Canary)) => settings.with_stages(stages).map_err(wrong)?,
        (Some(stages), Some(first), _) => {
            let rest = stages.iter().copied().filter(|share| *share > first);
            settings.with_stages(&std::iter::once(first).chain(rest).collect::<Vec<_>>()).map_err(wrong)?
        }
        (None, Some(first), _) => settings.beginning_at(first).map_err(wrong)?,
        (_, _, Some(Strategy::Rolling)) => settings.one_by_one(),
        (_, _, Some(strategy)) if strategy != settings.plan.strategy => {
            let why = format!(
                "{} has the strategy {}; {} is set in the configuration",
                settings.name,
                settings.plan.strategy.as_str(),
                strategy.as_str()
            );
            return Err(refused("start", why, &["start --strategy rolling", "start --stages 10,25,50,100"]));
        }
        (_, _, _) => settings.plan.clone(),
    };
    Ok(plan.watched_by_people())
}

/// Begins a rollout, and shows its first stage.
///
/// # Errors
/// One that is under way, or as many as the environment takes; a version that may not come here; whatever keeps the store from answering.
pub async fn start(services: &Services, subject: &Subject, request: &StartRequest) -> Result<Finished, Failure> {
    let mut world = subject.open(services)?;
    let patience = world.base.patience();
    let mut tries = 0;
    let begun = loop {
        match begin_first(&mut world, subject, request, patience).await {
            Err(failure) if slots::again(services, &world.settings.name, &failure, tries, patience).await => tries += 1,
            other => break other?,
        }
    };
    let Begun { written, warning } = begun;
    let Some((mut loaded, started)) = written else {
        let mut plan = show_plan(services, subject, request).await?;
        plan.notes.extend(warning);
        return Ok(plan);
    };
    world.changes(&started);
    let mut said = Vec::from_iter(warning);
    let shown = world.settle_or_mend(&mut loaded, &mut said).await?;
    said.extend(world.deliver(&mut loaded).await);
    subject.show(&world, &loaded.deployment, &shown, said)
}

/// What came of beginning.
struct Begun {
    /// The record, with the version that was started; `None`: it may, and is not to.
    written: Option<(Loaded, String)>,
    /// What is to be said of the version it comes from.
    warning: Option<String>,
}

/// Writes that a rollout begins, and its intent.
async fn begin_first(world: &mut World, subject: &Subject, request: &StartRequest, patience: Patience) -> Result<Begun, Failure> {
    let loaded = world.load(patience).await?;
    may_start(world, &loaded, request)?;
    let mut plan = chosen_plan(&world.settings, request)?;
    let by = subject.by(&world.base.services);
    let (mut entry, expect) = find_version(&world.base, &world.prompt, request.version.as_deref(), &by, patience).await?;
    if request.retry {
        entry.bad = None;
    }
    entry.may_go(&world.settings.name, world.settings.promote_from.as_deref()).map_err(Failure::Registry)?;
    let to = entry.version.clone();
    if let (Some(bad), false) = (loaded.deployment.badness(&to), request.retry) {
        return Err(refused("start", format!("{to} was rolled back here ({})", bad.reason), &["start --retry"]));
    }
    let from = match &loaded.deployment.stable {
        Some(stable) if *stable == to => {
            return Err(refused("start", format!("{to} is the stable version here already"), &["status"]));
        }
        Some(stable) => stable.clone(),
        None => {
            // With nothing before it there is nothing to compare with and nothing to protect.
            plan = Plan { stages: crate::domain::rollout::plan::canary(&[Percent::ALL], 0, 0, 0).unwrap_or_default(), ..plan };
            to.clone()
        }
    };
    let id = format!("{}.{}.{}", world.settings.name, world.prompt, loaded.deployment.count + 1);
    let slot = slots::take(world, &id, patience).await?;
    let warning = if from == to {
        subject.dry_run.then(|| format!("note: nothing serves in {} yet: the first version gets everything at once", world.settings.name))
    } else {
        begins_at_bad(world, &loaded, &from).await
    };
    if subject.dry_run {
        return Ok(Begun { written: None, warning });
    }
    let now = world.now();
    let mut after: Deployment = loaded.deployment.clone();
    if entry.parent.is_none() && from != to {
        entry.parent = Some(from.version.clone());
    }
    entry.stands(&world.settings.name, Status::Candidate, now.wall);
    if request.retry {
        after.bad.retain(|bad| bad.version != to);
    }
    let begun = begin(&id, (from, to), &plan, after.epoch, now);
    after.begun(begun.next);
    let loaded = world.save(&loaded, after, vec![entry_write(&entry, expect)?, slot], patience).await?;
    Ok(Begun { written: Some((loaded, entry.version.version)), warning })
}

/// Starts the last version again, also when it was rolled back.
///
/// # Errors
/// As [`start`].
pub async fn retry(services: &Services, subject: &Subject, request: &StartRequest) -> Result<Finished, Failure> {
    let world = subject.open(services)?;
    let loaded = world.load(world.base.patience()).await?;
    let Some(rollout) = &loaded.deployment.rollout else { return Err(world.nothing("retry").await) };
    if rollout.phase == Phase::Completed {
        return Err(refused("retry", format!("{} completed", rollout.to), &["start"]));
    }
    let request = StartRequest { version: Some(rollout.to.version.clone()), retry: true, ..request.clone() };
    Box::pin(start(services, subject, &request)).await
}

fn may_start(world: &World, loaded: &Loaded, request: &StartRequest) -> Result<(), Failure> {
    if let Some(rollout) = loaded.deployment.rollout.as_ref().filter(|rollout| !rollout.phase.is_over()) {
        let why = format!("{} is under way: {} at {}", rollout.id, rollout.to, rollout.stage_name());
        return Err(Failure::Refused(crate::domain::rollout::Refusal { verb: "start".to_owned(), why, allowed: rollout.allowed() }));
    }
    if world.settings.approval && request.approved_by.as_ref().is_none_or(|name| name.trim().is_empty()) {
        let why = format!("{} takes a rollout only with an approval", world.settings.name);
        return Err(refused("start", why, &["start --approved-by NAME"]));
    }
    Ok(())
}
