//! Asking those whom assertions need: judges and embeddings through the run's providers, with its slots, retries, limits
//! and recordings, and the user's programs. A sample holds its slots meanwhile and asks one after another, so that the
//! run never has more requests under way than it may.

pub(super) mod graders;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    Plan, SuitePlan,
    ask::{Asked, Asker, Asking},
    plan::GraderPlan,
    run::{Askers, Stop},
};
use crate::{
    domain::{
        answer::{Answer, Origin, Usage},
        budget::BudgetStop,
        budget::usage_of,
        prompt::{Message, Role},
        provider::{FaultKind, ProviderFault, Request, Task},
        suite::{
            assertion::{Assertion, Grader, Need, Replies, Subject},
            run::{GraderCall, NotRun, SampleResult},
        },
    },
    ports::program::Programs,
};

/// Rounds of asking: an assertion may need a reply before it knows what else it needs.
const MOST_ROUNDS: usize = 4;

/// Whom the samples of one suite may ask.
pub(super) struct Graders {
    known: BTreeMap<Grader, (Asker, GraderPlan)>,
    programs: Arc<dyn Programs>,
    request_limit: Duration,
}

/// Why an answer has no judgement.
pub(super) enum Unjudged {
    /// Somebody did not answer, or said nothing that can be read.
    Faulted(ProviderFault),
    /// The budget did not allow to ask.
    Unaffordable(BudgetStop),
    /// The run ended before.
    Stopped,
}

impl From<ProviderFault> for Unjudged {
    fn from(fault: ProviderFault) -> Self {
        Self::Faulted(fault)
    }
}

impl From<Unjudged> for SampleResult {
    fn from(why: Unjudged) -> Self {
        match why {
            Unjudged::Faulted(fault) => Self::Faulted(fault),
            Unjudged::Unaffordable(stop) => Self::NotRun(NotRun::Budget(stop)),
            Unjudged::Stopped => Self::NotRun(NotRun::Interrupted),
        }
    }
}

/// The providers that assertions of the plan ask, beside the suites' own.
pub(super) fn providers(plan: &Plan) -> BTreeSet<&str> {
    plan.suites.iter().flat_map(|suite| suite.graders.values()).map(|grader| grader.provider.as_str()).collect()
}

impl Graders {
    pub(super) fn new(suite: &SuitePlan, askers: &Askers, programs: Arc<dyn Programs>) -> Self {
        let asker =
            |(grader, plan): (&Grader, &GraderPlan)| Some((grader.clone(), (askers.get(&plan.provider)?.for_suite(), plan.clone())));
        Self { known: suite.graders.iter().filter_map(asker).collect(), programs, request_limit: suite.settings.limits.request }
    }

    /// Asks for everything that the assertions need to judge this answer, until `until` on the clock.
    ///
    /// # Errors
    /// The first who did not answer, or said nothing that can be read.
    pub(super) async fn ask(
        &self,
        assertions: &[Arc<Assertion>],
        subject: Subject<'_>,
        (now, until): (Duration, Duration),
        stopped: &watch::Receiver<Stop>,
        calls: &mut Vec<GraderCall>,
    ) -> Result<Replies, Unjudged> {
        let mut replies = Replies::default();
        for _ in 0..MOST_ROUNDS {
            let asking = Subject { replies: Some(&replies), ..subject };
            let open: Vec<(&str, Need)> = assertions
                .iter()
                .flat_map(|assertion| assertion.needs(&asking).into_iter().map(|need| (assertion.label.as_str(), need)))
                .filter(|(_, need)| replies.to(need).is_none())
                .collect();
            if open.is_empty() {
                break;
            }
            for (label, need) in open {
                // Two assertions may need the same.
                if replies.to(&need).is_some() {
                    continue;
                }
                let repeat = subject.request.map_or(0, |request| request.repeat);
                let call = self.call(label, &need, repeat, (now, until), stopped).await?;
                let read = need.read(&call.1).map_err(|unreadable| no_verdict(&call.0, &unreadable.0));
                calls.push(call.0);
                replies.add(need, read?);
            }
        }
        Ok(replies)
    }

    async fn call(
        &self,
        label: &str,
        need: &Need,
        repeat: u32,
        (now, until): (Duration, Duration),
        stopped: &watch::Receiver<Stop>,
    ) -> Result<(GraderCall, Answer), Unjudged> {
        let (whom, request) = match need {
            Need::Program { argv, input, limit } => {
                return Ok(self.run(label, argv, input, (*limit).min(until.saturating_sub(now))).await?);
            }
            Need::Judge { judge, messages, .. } => (judge.clone(), request(Task::Chat, messages.clone(), repeat)),
            Need::Embeddings { provider, texts, .. } => {
                let messages = texts.iter().map(|text| Message { role: Role::User, content: text.clone() });
                (Grader::Embeddings(provider.clone()), request(Task::Embeddings, messages.collect(), 0))
            }
        };
        let Some((asker, plan)) = self.known.get(&whom) else {
            // Proved before the run; saying it is better than hiding it should that ever break.
            return Err(ProviderFault::new(FaultKind::Rejected, format!("assertion {label}: nobody is there to be asked")).into());
        };
        let model = match need {
            Need::Embeddings { model: Some(model), .. } => model.clone(),
            Need::Judge { .. } | Need::Embeddings { .. } | Need::Program { .. } => plan.model.clone(),
        };
        let request = Request { model, parameters: plan.parameters(request.task), ..request };
        let asking = Asking { request: &request, limit: self.request_limit, until };
        let (reply, _) = asker.ask(asking, None, stopped.clone()).await;
        let answer = match reply {
            Asked::Answered(answer) => *answer,
            Asked::Faulted(fault) => return Err(ProviderFault { message: format!("assertion {label}: {}", fault.message), ..fault }.into()),
            Asked::Unaffordable(stop) => return Err(Unjudged::Unaffordable(stop)),
            Asked::Stopped => return Err(Unjudged::Stopped),
            Asked::Down(kind) => {
                let message = format!("assertion {label}: provider \"{}\" is not asked any more, since it failed too often", plan.provider);
                return Err(ProviderFault::new(kind, message).into());
            }
        };
        let usage = usage_of(&answer, &request);
        let call = GraderCall {
            label: label.to_owned(),
            grader: plan.provider.clone(),
            model: Some(request.model.clone()),
            prompt: prompt(&request),
            answer: if request.task == Task::Chat { answer.text.clone() } else { "embeddings".to_owned() },
            usage,
            cost_usd: plan.prices.and_then(|prices| prices.cost_usd(usage)),
            latency: answer.latency,
            origin: answer.origin,
        };
        Ok((call, answer))
    }

    async fn run(&self, label: &str, argv: &[String], input: &Value, limit: Duration) -> Result<(GraderCall, Answer), ProviderFault> {
        let said = self.programs.run(argv, &input.to_string(), limit).await;
        let text = said.map_err(|fault| ProviderFault { message: format!("assertion {label}: {}", fault.message), ..fault })?;
        let call = GraderCall {
            label: label.to_owned(),
            grader: argv.join(" "),
            model: None,
            prompt: input.to_string(),
            answer: text.clone(),
            usage: Usage::default(),
            cost_usd: None,
            latency: Duration::ZERO,
            origin: Origin::Live,
        };
        Ok((call, said_by_program(text)))
    }
}

/// An answer that could not be judged, as the first of what was asked: the sample has no other place for it.
pub(super) fn unjudged(answer: &Answer, request: &Request, provider: &str, cost_usd: Option<f64>) -> GraderCall {
    GraderCall {
        label: "the answer, which could not be judged".to_owned(),
        grader: provider.to_owned(),
        model: Some(request.model.clone()),
        prompt: prompt(request),
        answer: answer.text.clone(),
        usage: answer.usage,
        cost_usd,
        latency: answer.latency,
        origin: answer.origin,
    }
}

fn said_by_program(text: String) -> Answer {
    Answer {
        text,
        finish_reason: None,
        model: None,
        usage: Usage::default(),
        latency: Duration::ZERO,
        time_to_first_token: None,
        origin: Origin::Live,
        raw: Value::Null,
    }
}

fn request(task: Task, messages: Vec<Message>, repeat: u32) -> Request {
    Request { task, model: String::new(), messages, parameters: Map::new(), repeat }
}

fn prompt(request: &Request) -> String {
    request.messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n")
}

fn no_verdict(call: &GraderCall, why: &str) -> ProviderFault {
    let model = call.model.as_ref().map(|model| format!(" with {model}")).unwrap_or_default();
    let next = if model.is_empty() { "mend the program" } else { "take a judge that keeps to JSON, or set its `response_format`" };
    let message = format!("assertion {}: no verdict of \"{}\"{model}: {why}; {next}", call.label, call.grader);
    ProviderFault::new(FaultKind::Malformed, message)
}

impl GraderPlan {
    /// The provider's parameters; judges answer at temperature 0 unless the provider says otherwise.
    fn parameters(&self, task: Task) -> Map<String, Value> {
        match task {
            Task::Embeddings => Map::new(),
            Task::Chat => {
                let mut parameters = Map::from_iter([("temperature".to_owned(), json!(0))]);
                parameters.extend(self.parameters.clone());
                parameters
            }
        }
    }
}
