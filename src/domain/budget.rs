//! What a run may spend at most, in money and in tokens.

use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, Usage},
    provider::{Prices, Request, Task},
};

/// What a run may spend; `None`: as much as it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// US dollars.
    pub usd: Option<f64>,
    /// Tokens, those of the requests and of the answers together.
    pub tokens: Option<u64>,
}

impl Budget {
    /// Whether there is nothing to keep to.
    pub fn is_unlimited(&self) -> bool {
        self.usd.is_none() && self.tokens.is_none()
    }
}

/// Why nothing more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetStop {
    /// The next request could pass this many dollars.
    Usd(f64),
    /// The next request could pass this many tokens.
    Tokens(u64),
    /// Not even one request fits: it could pass this many dollars, as it may come to so many.
    TooFewUsd(f64, f64),
    /// The same for tokens.
    TooFewTokens(u64, u64),
    /// An answer came whose cost nobody knows, so this many dollars cannot be held.
    CostUnknown(f64),
}

/// What a request may come to before its answer is there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// Of the request.
    pub input_tokens: u64,
    /// Of the answer.
    pub output_tokens: u64,
    /// US dollars; `None` where no price is known.
    pub usd: Option<f64>,
}

impl Estimate {
    /// Guesses from the request: four characters of its messages and tools are a token, and the answer has as many tokens as the request
    /// allows at most, else as many as the longest answer so far (`longest`), else as many as the request itself. `uncounted`
    /// tokens come to the request's own: what providers count beside the text.
    pub fn of(request: &Request, longest: Option<u64>, uncounted: u64, prices: Option<Prices>) -> Self {
        const LEAST: u64 = 16;
        let input_tokens = tokens_of(request).saturating_add(uncounted);
        let most = ["max_completion_tokens", "max_tokens"].iter().find_map(|name| request.parameters.get(*name)?.as_u64());
        let output_tokens = match request.task {
            Task::Embeddings => 0,
            Task::Chat => most.or(longest).unwrap_or_else(|| LEAST.max(input_tokens)),
        };
        let usage = Usage { input_tokens: Some(input_tokens), output_tokens: Some(output_tokens), estimated: false };
        Self { input_tokens, output_tokens, usd: prices.and_then(|prices| prices.cost_usd(usage)) }
    }

    /// Both together.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

/// About how many tokens a text has: one for four characters, as tokenizers of English come to; at least one.
pub fn tokens_in(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4).max(1)
}

/// Parameters that the model reads as it reads the messages, so that providers count their tokens with the request's.
const READ_BY_THE_MODEL: [&str; 3] = ["tools", "functions", "response_format"];

/// About how many tokens a request has: its messages, the tools it offers and the form it asks for.
pub fn tokens_of(request: &Request) -> u64 {
    let messages = request.messages.iter().map(|message| tokens_in(&message.content));
    let others = READ_BY_THE_MODEL.iter().filter_map(|name| request.parameters.get(*name)).filter(|value| !value.is_null());
    messages.chain(others.map(|value| tokens_in(&value.to_string()))).fold(0, u64::saturating_add)
}

/// About how many tokens an answer has: its text, and the names and arguments of the tools it calls.
pub fn tokens_of_answer(answer: &Answer) -> u64 {
    let calls = answer.tool_calls();
    let calls = calls.iter().map(|call| {
        // Arguments of chat completions are JSON in a text, which is what was written.
        let arguments = call.arguments.as_str().map_or_else(|| call.arguments.to_string(), str::to_owned);
        tokens_in(&call.name).saturating_add(tokens_in(&arguments))
    });
    let text = if answer.text.is_empty() { 0 } else { tokens_in(&answer.text) };
    calls.fold(text, u64::saturating_add)
}

/// Tokens of an answer, with guesses for what its provider did not count.
pub fn usage_of(answer: &Answer, request: &Request) -> Usage {
    answer.usage.or_estimated(tokens_of(request), tokens_of_answer(answer))
}

/// What a run has spent, and what is under way.
#[derive(Debug, Default)]
pub struct Spending {
    budget: Budget,
    usd: f64,
    tokens: u64,
    usd_under_way: f64,
    tokens_under_way: u64,
    under_way: usize,
    /// Whether anything was asked.
    begun: bool,
    stop: Option<BudgetStop>,
}

/// Whether a request may begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Leave {
    /// It may.
    Go,
    /// Not while others are under way, which may come to less than was feared.
    Later,
    /// No request may begin any more.
    Never(BudgetStop),
}

impl Spending {
    /// Nothing spent yet.
    pub fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    /// Asks leave for a request. After [`Leave::Go`] it counts as under way until [`Self::end`].
    pub fn begin(&mut self, estimate: Estimate) -> Leave {
        if let Some(stop) = self.stop {
            return Leave::Never(stop);
        }
        let passed = match self.budget {
            // A price is proved to be there before the run; without one nothing may be asked.
            Budget { usd: Some(most), .. } if estimate.usd.is_none() => Some(BudgetStop::CostUnknown(most)),
            // One part in a billion absorbs the rounding of sums.
            Budget { usd: Some(most), .. } if self.usd + self.usd_under_way + estimate.usd.unwrap_or_default() > most * (1.0 + 1e-9) => {
                Some(match estimate.usd {
                    Some(needed) if !self.begun => BudgetStop::TooFewUsd(most, needed),
                    _ => BudgetStop::Usd(most),
                })
            }
            Budget { tokens: Some(most), .. }
                if self.tokens.saturating_add(self.tokens_under_way).saturating_add(estimate.tokens()) > most =>
            {
                Some(if self.begun { BudgetStop::Tokens(most) } else { BudgetStop::TooFewTokens(most, estimate.tokens()) })
            }
            Budget { .. } => None,
        };
        match passed {
            None => {
                self.under_way += 1;
                self.begun = true;
                self.usd_under_way += estimate.usd.unwrap_or_default();
                self.tokens_under_way = self.tokens_under_way.saturating_add(estimate.tokens());
                Leave::Go
            }
            Some(_) if self.under_way > 0 => Leave::Later,
            Some(stop) => {
                self.stop = Some(stop);
                Leave::Never(stop)
            }
        }
    }

    /// Whether so many more tokens and dollars fit into what is left, with what is under way.
    pub fn has_room(&self, tokens: f64, usd: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a guess of a sum needs no last token")]
        let (spent, most) = ((self.tokens.saturating_add(self.tokens_under_way)) as f64, self.budget.tokens.map(|most| most as f64));
        self.stop.is_none()
            && most.is_none_or(|most| spent + tokens <= most)
            && self.budget.usd.is_none_or(|most| self.usd + self.usd_under_way + usd <= most * (1.0 + 1e-9))
    }

    /// A request ended that took so many tokens and dollars; `None`: its cost is not known.
    pub fn end(&mut self, estimate: Estimate, tokens: u64, usd: Option<f64>) {
        self.under_way = self.under_way.saturating_sub(1);
        // With nothing under way the sum is nothing, whatever rounding left of it.
        self.usd_under_way = if self.under_way == 0 { 0.0 } else { self.usd_under_way - estimate.usd.unwrap_or_default() };
        self.tokens_under_way = self.tokens_under_way.saturating_sub(estimate.tokens());
        self.tokens = self.tokens.saturating_add(tokens);
        match (usd.filter(|usd| usd.is_finite()), self.budget.usd) {
            (Some(usd), _) => self.usd += usd,
            (None, Some(most)) => self.stop = Some(BudgetStop::CostUnknown(most)),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::domain::prompt::{Message, Role};

    fn estimate(tokens: u64) -> Estimate {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Estimate { input_tokens: tokens, output_tokens: 0, usd: Some(tokens as f64 / 1e3) }
    }

    fn spending(usd: Option<f64>, tokens: Option<u64>) -> Spending {
        Spending::new(Budget { usd, tokens })
    }

    #[test]
    fn nothing_begins_that_could_pass_the_budget() {
        let mut run = spending(None, Some(100));
        assert_eq!(run.begin(estimate(60)), Leave::Go);
        assert_eq!(run.begin(estimate(50)), Leave::Later, "60 under way may come to less");
        run.end(estimate(60), 40, Some(0.0));
        assert_eq!(run.begin(estimate(50)), Leave::Go);
        run.end(estimate(50), 55, Some(0.0));
        assert_eq!(run.begin(estimate(6)), Leave::Never(BudgetStop::Tokens(100)));
        assert_eq!(
            run.begin(estimate(1)),
            Leave::Never(BudgetStop::Tokens(100)),
            "once is for good: which samples are asked must not hang on their size"
        );
    }

    #[test]
    fn a_round_fits_only_into_what_is_left() {
        let mut run = spending(Some(1.0), Some(100));
        assert_eq!(run.begin(estimate(60)), Leave::Go);
        assert!(run.has_room(40.0, 0.9) && !run.has_room(41.0, 0.0) && !run.has_room(0.0, 0.95));
        run.end(estimate(60), 50, Some(0.5));
        assert!(run.has_room(50.0, 0.5) && !run.has_room(50.0, 0.51));
        run.end(estimate(1), 1, None);
        assert!(!run.has_room(0.0, 0.0), "a cost that nobody knows leaves no room");
        assert!(spending(None, None).has_room(1e18, 1e9));
    }

    #[test]
    fn money_counts_the_same_way() {
        let mut run = spending(Some(0.3), None);
        for _ in 0..3 {
            assert_eq!(run.begin(estimate(100)), Leave::Go, "three tenths are three tenths");
            run.end(estimate(100), 100, Some(0.1));
        }
        assert_eq!(run.begin(estimate(1)), Leave::Never(BudgetStop::Usd(0.3)));
    }

    #[test]
    fn a_budget_that_allows_no_request_is_not_spent() {
        assert_eq!(spending(None, Some(5)).begin(estimate(6)), Leave::Never(BudgetStop::TooFewTokens(5, 6)));
        assert_eq!(spending(Some(0.005), None).begin(estimate(6)), Leave::Never(BudgetStop::TooFewUsd(0.005, 0.006)));
    }

    #[test]
    fn an_unknown_cost_cannot_be_held() {
        let mut run = spending(Some(1.0), None);
        assert_eq!(run.begin(estimate(1)), Leave::Go);
        run.end(estimate(1), 1, None);
        assert_eq!(run.begin(estimate(1)), Leave::Never(BudgetStop::CostUnknown(1.0)));
        let mut run = spending(Some(1.0), None);
        assert_eq!(run.begin(Estimate { usd: None, ..estimate(1) }), Leave::Never(BudgetStop::CostUnknown(1.0)));
        let mut run = spending(Some(1.0), None);
        assert_eq!(run.begin(estimate(1)), Leave::Go);
        run.end(estimate(1), 1, Some(f64::NAN));
        assert_eq!(run.begin(estimate(1)), Leave::Never(BudgetStop::CostUnknown(1.0)));
    }

    #[test]
    fn without_a_budget_everything_goes() {
        let mut run = spending(None, None);
        assert!((0..1000).all(|_| run.begin(Estimate { usd: None, ..estimate(1_000_000) }) == Leave::Go));
        assert!(Budget::default().is_unlimited());
    }

    #[test]
    fn tools_and_their_calls_are_guessed_too() {
        let request = |parameters: Value| Request {
            task: Task::Chat,
            model: "m".to_owned(),
            messages: vec![Message { role: Role::User, content: "Weather?".to_owned() }],
            parameters: parameters.as_object().cloned().unwrap(),
            repeat: 0,
        };
        let tool = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]);
        let bare = tokens_of(&request(json!({"temperature": 0, "tools": null})));
        assert_eq!(bare, 2, "what is sent and not read by the model takes no tokens");
        assert_eq!(tokens_of(&request(json!({"tools": tool}))), bare + tokens_in(&tool.to_string()));
        assert!(tokens_of(&request(json!({"response_format": {"type": "json_object"}}))) > bare);
        let answer = |raw: Value| Answer {
            text: String::new(),
            finish_reason: None,
            model: None,
            usage: Usage::default(),
            latency: std::time::Duration::ZERO,
            time_to_first_token: None,
            origin: crate::domain::answer::Origin::Live,
            raw,
        };
        assert_eq!(usage_of(&answer(json!({})), &request(json!({}))).output_tokens, Some(0));
        let arguments = "{\"city\": \"Oslo\"}";
        let called = json!({"choices": [{"message": {"tool_calls": [{"function": {"name": "weather", "arguments": arguments}}]}}]});
        let told = usage_of(&answer(called), &request(json!({})));
        assert_eq!((told.output_tokens, told.estimated), (Some(tokens_in("weather") + tokens_in(arguments)), true));
        let used = json!({"content": [{"type": "tool_use", "name": "weather", "input": {"city": "Oslo"}}]});
        let told = usage_of(&answer(used), &request(json!({})));
        assert_eq!(told.output_tokens, Some(tokens_in("weather") + tokens_in("{\"city\":\"Oslo\"}")));
    }

    #[test]
    fn an_answer_may_have_what_the_request_allows_or_what_the_longest_had() {
        let request = |parameters| Request {
            task: Task::Chat,
            model: "m".to_owned(),
            messages: vec![Message { role: Role::User, content: "é".repeat(400) }],
            parameters,
            repeat: 0,
        };
        let prices = Prices { input_per_million: 1e4, output_per_million: 1e6 };
        let open = Estimate::of(&request(Map::new()), None, 0, Some(prices));
        assert_eq!((open.input_tokens, open.output_tokens, open.usd), (100, 100, Some(101.0)));
        assert_eq!(Estimate::of(&request(Map::new()), Some(7), 0, None).output_tokens, 7);
        let bound = request(Map::from_iter([("max_tokens".to_owned(), json!(5))]));
        assert_eq!(Estimate::of(&bound, Some(7), 0, None).tokens(), 105);
        assert_eq!(Estimate::of(&bound, Some(7), 6, None).tokens(), 111, "what is learned of the provider's counting is added");
        let embeddings = Request { task: Task::Embeddings, ..bound };
        assert_eq!(Estimate::of(&embeddings, Some(7), 0, None).output_tokens, 0);
    }
}
