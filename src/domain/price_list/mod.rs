//! What models cost where the configuration does not say: a dated list, so that a report can tell how old a price is.
//!
//! A price belongs to a host: the same model elsewhere may cost something else, and stays without a price.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::provider::{HttpSettings, Prices, ProviderKind, ProviderSettings};

/// A price of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Listed {
    /// Whose price it is: the host of `base-url`.
    pub host: String,
    /// The model's name without a date.
    pub model: String,
    /// For a million tokens of requests.
    pub input_per_million: f64,
    /// For a million tokens of answers.
    pub output_per_million: f64,
    /// Always US dollars so far.
    pub currency: String,
    /// The day on which the price was looked up, as `YYYY-MM-DD`.
    pub as_of: String,
    /// The page with the prices of today.
    pub source: String,
}

impl Listed {
    /// What its tokens cost.
    pub fn prices(&self) -> Prices {
        Prices { input_per_million: self.input_per_million, output_per_million: self.output_per_million }
    }
}

static LIST: LazyLock<Vec<Listed>> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).expect("a test reads the list that is built in"));

/// The whole list, in the order of the documentation.
pub fn all() -> &'static [Listed] {
    &LIST
}

/// The list's price of a model at a provider; `None`: nobody knows.
pub fn find(provider: &ProviderSettings, model: &str) -> Option<&'static Listed> {
    let (ProviderKind::OpenAi(HttpSettings { base_url, .. }) | ProviderKind::Anthropic(HttpSettings { base_url, .. })) = &provider.kind
    else {
        return None;
    };
    let host = base_url.split_once("://")?.1.split(['/', ':']).next()?;
    all().iter().find(|listed| listed.host.eq_ignore_ascii_case(host) && is_of(model, &listed.model))
}

/// Whether a model is the listed one: its name alone, or with the day of its release.
fn is_of(model: &str, listed: &str) -> bool {
    // The one dated release whose price was another.
    const OTHER_PRICE: &[&str] = &["gpt-4o-2024-05-13"];
    let Some(rest) = model.strip_prefix(listed) else { return false };
    let is_date = |rest: &str| {
        let digits: String = rest.chars().filter(|c| *c != '-').collect();
        digits.len() == 8 && digits.chars().all(|c| c.is_ascii_digit())
    };
    !OTHER_PRICE.contains(&model) && (rest.is_empty() || rest.strip_prefix('-').is_some_and(|rest| rest == "latest" || is_date(rest)))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Map;

    use super::*;
    use crate::domain::pace::RateLimits;

    fn provider(base_url: &str) -> ProviderSettings {
        let http = HttpSettings { base_url: base_url.to_owned(), api_key_env: None, headers: BTreeMap::new(), stream: false };
        ProviderSettings {
            name: "p".to_owned(),
            kind: ProviderKind::OpenAi(http),
            model: None,
            parameters: Map::new(),
            prices: None,
            limits: RateLimits { requests_per_minute: None, tokens_per_minute: None },
        }
    }

    #[test]
    fn every_entry_is_whole_and_dated() {
        let mut seen = BTreeSet::new();
        for listed in all() {
            assert!(seen.insert((&listed.host, &listed.model)), "{} twice", listed.model);
            assert!(listed.input_per_million > 0.0 && listed.output_per_million >= listed.input_per_million, "{}", listed.model);
            assert_eq!(listed.currency, "USD");
            assert!(listed.as_of.parse::<jiff::civil::Date>().is_ok(), "{}", listed.as_of);
            assert!(listed.source.starts_with("https://"), "{}", listed.source);
        }
        assert!(seen.len() >= 20);
    }

    #[test]
    fn a_price_belongs_to_a_host_and_to_a_model_with_or_without_its_date() {
        let openai = provider("https://api.openai.com/v1");
        let price = |model: &str| find(&openai, model).map(|listed| listed.model.as_str());
        assert_eq!(price("gpt-4o"), Some("gpt-4o"));
        assert_eq!(price("gpt-4o-2024-08-06"), Some("gpt-4o"));
        assert_eq!(price("gpt-4o-mini"), Some("gpt-4o-mini"));
        assert_eq!(price("gpt-5-mini-2025-08-07"), Some("gpt-5-mini"));
        for unknown in ["gpt-4o-2024-05-13", "gpt-4o-audio-preview", "gpt-4", "gpt-5.9", "my-gpt-4o", "claude-opus-4-1", ""] {
            assert_eq!(price(unknown), None, "{unknown}");
        }
        assert!(find(&provider("https://api.anthropic.com/v1"), "claude-sonnet-4-20250514").is_some());
        for elsewhere in ["http://127.0.0.1:8080/v1", "https://api.openai.com.example.org/v1", "https://example.org/api.openai.com"] {
            assert!(find(&provider(elsewhere), "gpt-4o").is_none(), "{elsewhere}");
        }
    }
}
