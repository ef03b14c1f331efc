//! Weights of servers, set over HAProxy's runtime socket. One server for each version, named after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use super::tell::{MAX_ANSWER, Teller};
use crate::{
    adapters::http::words,
    domain::target::{Desired, Observed, Shares},
    ports::target::{Target, TargetError, TargetErrorKind},
};

/// A backend whose servers are named after versions.
#[derive(Debug)]
pub(super) struct Haproxy {
    pub(super) teller: Teller,
    pub(super) socket: PathBuf,
    pub(super) backend: String,
    /// What stands before and after the version in a server's name.
    pub(super) server: (String, String),
}

/// One server as HAProxy tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    name: String,
    weight: u32,
    /// Whether it gets requests: not down, and not being drained.
    up: bool,
    /// Whether somebody took it out, by a drain or for maintenance: it comes back when they say so.
    out: bool,
}

/// Whether a text can be a part of a command without ending it.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
}

impl Haproxy {
    fn server_of(&self, version: &str) -> Result<String, TargetError> {
        let name = format!("{}{version}{}", self.server.0, self.server.1);
        if is_name(&name) {
            return Ok(name);
        }
        let what = format!("`{}` cannot be the name of a server: HAProxy takes letters, digits and `_.:-`", words::plain(&name));
        Err(self.teller.error(TargetErrorKind::Refused, &what))
    }

    /// The version a server is named after; a server with another name stands for itself.
    fn version_of(&self, server: &str) -> String {
        let (before, after) = &self.server;
        server.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str())).unwrap_or(server).to_owned()
    }

    fn is_ours(&self, server: &str) -> bool {
        let (before, after) = &self.server;
        server.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str())).is_some_and(|version| !version.is_empty())
    }

    /// Sends one line and reads the whole answer.
    async fn ask(&self, line: &str) -> Result<String, TargetError> {
        let broken = |error: io::Error| {
            let kind = if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
                TargetErrorKind::Unreachable
            } else if error.kind() == io::ErrorKind::PermissionDenied {
                TargetErrorKind::Refused
            } else {
                TargetErrorKind::Failed
            };
            let next = "check `socket` and that the configuration has `stats socket … level admin`";
            self.teller.error(kind, &format!("{}: {error}; {next}", self.socket.display()))
        };
        let mut stream = UnixStream::connect(&self.socket).await.map_err(broken)?;
        stream.write_all(format!("{line}\n").as_bytes()).await.map_err(broken)?;
        let mut answer = Vec::new();
        let limit = u64::try_from(MAX_ANSWER).unwrap_or(u64::MAX);
        stream.take(limit).read_to_end(&mut answer).await.map_err(broken)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn servers(&self) -> Result<Vec<Server>, TargetError> {
        let answer = self.ask(&format!("show servers state {}", self.backend)).await?;
        parse(&answer).map_err(|what| match what {
            Wrong::Refused => {
                let what = format!("backend `{}`: {}", self.backend, words::plain(&answer));
                self.teller.error(TargetErrorKind::Refused, &what)
            }
            Wrong::Malformed => {
                let what = format!("its answer to `show servers state` is not understood: {}", words::plain(&answer));
                self.teller.error(TargetErrorKind::Malformed, &what)
            }
        })
    }

    /// The servers that get requests only when no other is up: `bck` in `show stat`. An answer that is not understood names none.
    async fn backups(&self) -> Result<BTreeSet<String>, TargetError> {
        Ok(backups(&self.ask(&format!("show stat {} 4 -1", self.backend)).await?).unwrap_or_default())
    }

    /// Servers with weight that are named after no version and are no backup: their traffic is nobody's we know.
    async fn strangers(&self, servers: &[Server]) -> Result<Vec<Server>, TargetError> {
        let mut strangers: Vec<Server> =
            servers.iter().filter(|server| server.weight > 0 && !self.is_ours(&server.name)).cloned().collect();
        if !strangers.is_empty() {
            let backups = self.backups().await?;
            strangers.retain(|server| !backups.contains(&server.name));
        }
        Ok(strangers)
    }

    /// Whether the candidate would get more of what our servers get than it has now.
    fn grows(&self, servers: &[Server], desired: &Desired) -> bool {
        let ours = || servers.iter().filter(|server| self.is_ours(&server.name));
        let total: u64 = ours().map(|server| u64::from(server.weight)).sum();
        // The first version of all would take what it gets from the others.
        let Some(candidate) = &desired.candidate else { return total == 0 };
        let number = candidate.number.to_string();
        let has: u64 = ours().filter(|server| self.version_of(&server.name) == number).map(|server| u64::from(server.weight)).sum();
        u64::from(desired.percent.get()) * total.max(1) > has * 100
    }

    /// What each of our servers is to weigh.
    fn wanted(&self, servers: &[Server], desired: &Desired) -> Result<BTreeMap<String, u32>, TargetError> {
        let ours = servers.iter().filter(|server| self.is_ours(&server.name));
        let mut wanted: BTreeMap<String, u32> = ours.map(|server| (server.name.clone(), 0)).collect();
        for (version, share) in desired.shares() {
            let name = self.server_of(&version)?;
            let Some(server) = servers.iter().find(|server| server.name == name) else {
                let what = format!("backend `{}` has no server `{name}` for version {version}; start it first", self.backend);
                return Err(self.teller.error(TargetErrorKind::Refused, &what));
            };
            if !server.up {
                // HAProxy's own checks bring up again what they took down.
                let (kind, state) = if server.out {
                    (TargetErrorKind::Refused, "drained, or in maintenance")
                } else {
                    (TargetErrorKind::Unreachable, "down")
                };
                let what = format!("server `{name}` of backend `{}` is {state}; nothing was changed", self.backend);
                return Err(self.teller.error(kind, &what));
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are whole numbers from 0 to 100")]
            wanted.insert(name, share as u32);
        }
        Ok(wanted)
    }

    async fn set(&self, desired: &Desired) -> Result<(), TargetError> {
        let servers = self.servers().await?;
        // Going back must not wait for somebody to take a server away: only what gives the candidate more does.
        if self.grows(&servers, desired)
            && let Some(Server { name, weight, .. }) = self.strangers(&servers).await?.first()
        {
            let what =
                format!("backend `{}` has the server `{}` with weight {weight}, named after no version", self.backend, words::plain(name));
            let next = "nothing was changed; take it out, set its weight to 0, or correct `server`";
            return Err(self.teller.error(TargetErrorKind::Foreign, &format!("{what}: {next}")));
        }
        let wanted = self.wanted(&servers, desired)?;
        let mut changes: Vec<(i64, String)> = Vec::new();
        for server in &servers {
            let Some(weight) = wanted.get(&server.name) else { continue };
            // A name we cannot send needs no change of ours, or the change fails loudly when it is read back.
            if *weight != server.weight && is_name(&server.name) {
                let growth = i64::from(*weight) - i64::from(server.weight);
                changes.push((growth, format!("set server {}/{} weight {weight}", self.backend, server.name)));
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        // What grows goes first: at no moment are all weights zero.
        changes.sort_by_key(|(growth, _)| std::cmp::Reverse(*growth));
        let line = changes.into_iter().map(|(_, command)| command).collect::<Vec<_>>().join(";");
        let answer = self.ask(&line).await?;
        if answer.trim().is_empty() {
            return Ok(());
        }
        Err(self.teller.error(TargetErrorKind::Refused, &format!("setting weights: {}", words::plain(&answer))))
    }

    /// What gets requests now. A server that is down gets nothing, whatever its weight, and a backup that is no version's nothing yet.
    async fn serving(&self) -> Result<Vec<Server>, TargetError> {
        let servers = self.servers().await?;
        let strangers = self.strangers(&servers).await?;
        let counts = |server: &Server| server.up && server.weight > 0 && (self.is_ours(&server.name) || strangers.contains(server));
        Ok(servers.into_iter().filter(counts).collect())
    }
}

/// The servers of which `show stat` says that they are backups; `None` where it is no such answer.
fn backups(answer: &str) -> Option<BTreeSet<String>> {
    let mut lines = answer.lines().filter(|line| !line.trim().is_empty());
    let header: Vec<&str> = lines.next()?.strip_prefix("# ")?.split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (name, backup) = (column("svname")?, column("bck")?);
    let named = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        fields.get(name).filter(|_| fields.get(backup) == Some(&"1")).map(|name| (*name).to_owned())
    };
    Some(lines.filter_map(named).collect())
}

/// Why an answer has no servers.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Refused,
    Malformed,
}

/// Reads `show servers state`: a version line, a line of column names, a line for each server.
fn parse(answer: &str) -> Result<Vec<Server>, Wrong> {
    let mut lines = answer.lines().filter(|line| !line.trim().is_empty());
    if lines.next().map(str::trim) != Some("1") {
        return Err(Wrong::Refused);
    }
    let header: Vec<&str> = lines.next().and_then(|line| line.strip_prefix("# ")).ok_or(Wrong::Malformed)?.split(' ').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).ok_or(Wrong::Malformed);
    let (name, state, weight) = (column("srv_name")?, column("srv_op_state")?, column("srv_uweight")?);
    let admin = column("srv_admin_state")?;
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let field = |at: usize| fields.get(at).copied().ok_or(Wrong::Malformed);
            Ok(Server {
                name: field(name)?.to_owned(),
                weight: field(weight)?.parse().map_err(|_none| Wrong::Malformed)?,
                up: gets_requests(field(state)?, field(admin)?),
                out: field(admin)?.parse::<u32>().map_or(true, |admin| admin & OUT != 0),
            })
        })
        .collect()
}

/// The administrative states of HAProxy's management guide ("show servers state") in which somebody took a server out: maintenance is 1, 2 (of the
/// one that it follows) and 4 (in the configuration), drains are 8 and 16. Others pass by themselves.
const OUT: u32 = 1 | 2 | 4 | 8 | 16;

/// Whether a server gets new requests, by the numbers of HAProxy's management guide ("show servers state"): stopped is 0 and stopping 3; of the
/// administrative states, 8 and 16 are drains, in which the weight that is told stays as it was.
fn gets_requests(state: &str, admin: &str) -> bool {
    !matches!(state, "0" | "3") && admin.parse::<u32>().is_ok_and(|admin| admin & (8 | 16) == 0)
}

#[async_trait]
impl Target for Haproxy {
    fn name(&self) -> &str {
        &self.teller.name
    }

    fn shares(&self) -> Shares {
        Shares::Any
    }

    async fn apply(&self, desired: &Desired, _operation: &str, deadline: Duration) -> Result<(), TargetError> {
        self.teller.within(deadline, self.set(desired)).await
    }

    async fn observe(&self, deadline: Duration) -> Result<Observed, TargetError> {
        let serving = self.teller.within(deadline, self.serving()).await?;
        let total: f64 = serving.iter().map(|server| f64::from(server.weight)).sum();
        let mut shares = BTreeMap::new();
        for server in serving {
            *shares.entry(self.version_of(&server.name)).or_insert(0.0) += f64::from(server.weight) / total * 100.0;
        }
        Ok(Observed { shares: Some(shares), ..Observed::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_by_the_names_of_columns() {
        let answer = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight\n\
                      3 b 1 v1.0.0 127.0.0.1 2 0 90 1\n3 b 2 v2.0.0 127.0.0.1 0 0 10 1\n\n";
        let server = |name: &str, weight, up| Server { name: name.into(), weight, up, out: false };
        assert_eq!(parse(answer).unwrap(), [server("v1.0.0", 90, true), server("v2.0.0", 10, false)]);
        // Drained by hand, drained by the one it follows, leaving softly.
        for (state, admin) in [(2, 8), (2, 16), (3, 0), (0, 1)] {
            let answer = format!("1\n# srv_name srv_op_state srv_admin_state srv_uweight\nv1 {state} {admin} 90\n");
            let expected = Server { out: admin > 0, ..server("v1", 90, false) };
            assert_eq!(parse(&answer).unwrap(), [expected], "{state} {admin}");
        }
        assert_eq!(parse("Can't find backend.\n"), Err(Wrong::Refused));
        assert_eq!(parse("1\n# a b\n"), Err(Wrong::Malformed));
        assert_eq!(parse("1\n# srv_name srv_op_state srv_admin_state srv_uweight\nx 2\n"), Err(Wrong::Malformed));
        assert_eq!(parse(""), Err(Wrong::Refused));
    }

    #[test]
    fn backups_are_read_by_the_names_of_columns() {
        let answer = "# pxname,svname,status,weight,act,bck,chkfail,\nb,v1,UP,100,1,0,,\nb,spare,UP,1,0,1,,\n\n";
        assert_eq!(backups(answer), Some(BTreeSet::from(["spare".to_owned()])));
        for other in ["", "Unknown command.\n", "# pxname,svname\nb,v1\n"] {
            assert_eq!(backups(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_cannot_end_a_command() {
        assert!(is_name("v1.2.3-rc.1"));
        for hostile in ["", "a b", "a;shutdown", "a\nb", "1.0.0+build", "a/b"] {
            assert!(!is_name(hostile), "{hostile}");
        }
    }
}
