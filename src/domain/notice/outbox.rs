//! What is still to be sent. It is kept in the record of what happened and written in one with it: what happened is told, also when the
//! process ends between the two. Whoever sends claims first, so that two do not send the same; a claim that was not kept ends by itself.

use serde::{Deserialize, Serialize};

use super::{ChannelSettings, Notice, cut};
use crate::domain::rollout::Moment;

/// The most notices that wait; beyond, the oldest are let go of.
pub const MOST: usize = 24;

/// How often one is sent at the most.
pub const ATTEMPTS: u32 = 8;

/// How long whoever claimed a notice has it alone, in milliseconds.
const CLAIM: u64 = 60_000;

/// The pause after the first failure, in milliseconds; doubled each time, up to half an hour.
const PAUSE: u64 = 15_000;
const LONGEST_PAUSE: u64 = 1_800_000;

/// A notice on its way to a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The channel's name.
    pub channel: String,
    /// What it shall hear.
    pub notice: Notice,
    /// How often it was tried, claims included.
    pub attempts: u32,
    /// When it may be tried again.
    pub next: Moment,
    /// What was wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Pending {
    fn is(&self, other: &Self) -> bool {
        self.channel == other.channel && self.notice.id == other.notice.id
    }
}

/// What came of a sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// It arrived.
    Done,
    /// It did not arrive.
    Failed {
        /// Why.
        why: String,
        /// Whether sending the same again can never succeed.
        for_good: bool,
    },
}

/// Adds what the channels are to hear.
pub fn queue(outbox: &mut Vec<Pending>, channels: &[ChannelSettings], notices: &[Notice]) {
    for notice in notices {
        for channel in channels.iter().filter(|channel| channel.hears(notice)) {
            outbox.push(Pending { channel: channel.name.clone(), notice: notice.clone(), attempts: 0, next: notice.at, error: None });
        }
    }
    outbox.drain(..outbox.len().saturating_sub(MOST));
}

/// Takes what is due, oldest first, for whoever writes the outbox back; what no channel hears any more goes away.
pub fn claim(outbox: &mut Vec<Pending>, channels: &[ChannelSettings], now: Moment) -> Vec<Pending> {
    outbox.retain(|pending| channels.iter().any(|channel| channel.name == pending.channel));
    let mut claimed = Vec::new();
    for pending in outbox.iter_mut() {
        // A time far in the future is a clock that jumped.
        let far = pending.next.since(now) > LONGEST_PAUSE;
        if pending.next <= now || far {
            pending.attempts += 1;
            pending.next = Moment(now.0.saturating_add(CLAIM));
            claimed.push(pending.clone());
        }
    }
    claimed
}

/// Keeps what came of the sendings. What is given up comes back.
pub fn settle(outbox: &mut Vec<Pending>, results: &[(Pending, Sent)], now: Moment) -> Vec<Pending> {
    let mut given_up = Vec::new();
    for (sent, result) in results {
        let Some(index) = outbox.iter().position(|pending| pending.is(sent)) else { continue };
        match result {
            Sent::Done => drop(outbox.remove(index)),
            Sent::Failed { why, for_good } => {
                if let Some(pending) = outbox.get_mut(index) {
                    let pause = PAUSE.saturating_mul(1 << sent.attempts.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
                    pending.next = Moment(now.0.saturating_add(pause));
                    pending.error = Some(cut(why, super::FACT));
                }
                if *for_good || sent.attempts >= ATTEMPTS {
                    given_up.push(outbox.remove(index));
                }
            }
        }
    }
    given_up
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::notice::{ChannelKind, Happening};

    fn notice(id: &str, what: Happening) -> Notice {
        Notice {
            id: id.to_owned(),
            what,
            prompt: "greeting".to_owned(),
            environment: "production".to_owned(),
            from: None,
            to: None,
            why: None,
            by: "ana".to_owned(),
            at: Moment(1_000),
            run: None,
            rollout: None,
            rollback: None,
            facts: Vec::new(),
        }
    }

    fn channel(name: &str, events: &[Happening], environments: &[&str]) -> ChannelSettings {
        ChannelSettings {
            name: name.to_owned(),
            kind: ChannelKind::Slack { url_env: "SLACK".to_owned() },
            events: events.iter().copied().collect(),
            environments: environments.iter().map(|name| (*name).to_owned()).collect(),
            timeout: Duration::from_secs(5),
        }
    }

    fn failed(why: &str) -> Sent {
        Sent::Failed { why: why.to_owned(), for_good: false }
    }

    #[test]
    fn each_channel_gets_what_it_hears() {
        let channels = [
            channel("all", &Happening::ALL, &[]),
            channel("bad", &[Happening::RollbackFailed], &["production"]),
            channel("staging", &Happening::ALL, &["staging"]),
        ];
        let mut outbox = Vec::new();
        queue(&mut outbox, &channels, &[notice("1", Happening::RolloutStarted), notice("2", Happening::RollbackFailed)]);
        let to: Vec<(&str, &str)> = outbox.iter().map(|pending| (pending.channel.as_str(), pending.notice.id.as_str())).collect();
        assert_eq!(to, [("all", "1"), ("all", "2"), ("bad", "2")]);
    }

    #[test]
    fn what_is_claimed_is_sent_by_one_and_comes_back_when_that_one_died() {
        let channels = [channel("all", &Happening::ALL, &[])];
        let mut outbox = Vec::new();
        queue(&mut outbox, &channels, &[notice("1", Happening::RolloutStarted)]);
        let first = claim(&mut outbox, &channels, Moment(1_000));
        assert_eq!(first.len(), 1);
        assert!(claim(&mut outbox, &channels, Moment(2_000)).is_empty(), "another runner");
        let again = claim(&mut outbox, &channels, Moment(1_000 + CLAIM));
        assert_eq!(again[0].attempts, 2);
        assert!(settle(&mut outbox, &[(again[0].clone(), Sent::Done)], Moment(70_000)).is_empty());
        assert!(outbox.is_empty());
        // The one that had it first comes late.
        settle(&mut outbox, &[(first[0].clone(), failed("late"))], Moment(80_000));
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_channel_that_fails_is_tried_so_often_and_ever_later() {
        let channels = [channel("all", &Happening::ALL, &[])];
        let mut outbox = Vec::new();
        queue(&mut outbox, &channels, &[notice("1", Happening::RolloutStarted)]);
        let (mut now, mut tries, mut pauses) = (Moment(1_000), 0, Vec::new());
        while !outbox.is_empty() {
            let claimed = claim(&mut outbox, &channels, now);
            assert_eq!(claimed.len(), 1, "{now:?}");
            tries += 1;
            let up = settle(&mut outbox, &[(claimed[0].clone(), failed("500"))], now);
            if let Some(pending) = outbox.first() {
                assert!(claim(&mut outbox.clone(), &channels, Moment(pending.next.0 - 1)).is_empty());
                pauses.push(pending.next.since(now));
                now = pending.next;
            } else {
                assert_eq!(up[0].error.as_deref(), Some("500"));
            }
        }
        assert_eq!(tries, ATTEMPTS);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]) && pauses.last() == Some(&960_000), "{pauses:?}");
        // What can never succeed is given up at once.
        queue(&mut outbox, &channels, &[notice("2", Happening::RolloutStarted)]);
        let claimed = claim(&mut outbox, &channels, now);
        assert_eq!(settle(&mut outbox, &[(claimed[0].clone(), Sent::Failed { why: "400".to_owned(), for_good: true })], now).len(), 1);
        assert!(outbox.is_empty());
    }

    #[test]
    fn it_is_bounded_and_forgets_channels_that_are_gone() {
        let channels = [channel("all", &Happening::ALL, &[])];
        let mut outbox = Vec::new();
        for number in 0..100 {
            queue(&mut outbox, &channels, &[notice(&number.to_string(), Happening::RolloutStarted)]);
        }
        assert_eq!((outbox.len(), outbox[0].notice.id.as_str()), (MOST, "76"));
        let hostile = Notice {
            why: Some("🔥".repeat(10_000)),
            facts: vec![("🔥".repeat(999), "🔥".repeat(999)); 99],
            ..notice("x", Happening::StormLimit)
        };
        let size = serde_json::to_string(&hostile.bounded()).unwrap().len();
        assert!(size * MOST < 400 * 1_024, "{size}");
        assert!(claim(&mut outbox, &[], Moment(9_000)).is_empty() && outbox.is_empty());
        // A clock that went back an hour does not hold anything up.
        queue(&mut outbox, &channels, &[Notice { at: Moment(99_000_000), ..notice("y", Happening::StormLimit) }]);
        assert_eq!(claim(&mut outbox, &channels, Moment(1_000)).len(), 1);
    }
}
