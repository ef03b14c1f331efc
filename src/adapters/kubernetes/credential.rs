//! Who we are to an API server. A file is read anew for each request, since the kubelet replaces tokens; a program is asked again when its
//! token is not taken any more.

use std::{path::PathBuf, time::Duration};

use serde_json::Value;
use tokio::sync::Mutex;

use crate::adapters::{
    http::words,
    regular_file,
    secret::{Scrubber, Secret},
    subprocess::Program,
};

/// The most bytes of a token.
const MAX_TOKEN: usize = 64 * 1024;

/// How long a program may take to give a token.
const PROGRAM_TIME: Duration = Duration::from_secs(20);

/// Who we are.
#[derive(Debug)]
pub(super) enum Credential {
    /// Nobody, or whoever the client's certificate says.
    None,
    /// This token.
    Token(Secret),
    /// Whatever token the file has.
    File(PathBuf),
    /// Whatever token a program gives (`exec` of a kubeconfig).
    Program { program: Program, known: Mutex<Option<Secret>> },
}

impl Credential {
    /// Whether another try may have another token.
    pub(super) fn renews(&self) -> bool {
        match self {
            Self::File(_) | Self::Program { .. } => true,
            Self::None | Self::Token(_) => false,
        }
    }

    /// The token; `anew`: not one that was known before.
    pub(super) async fn token(&self, scrubber: &Scrubber, anew: bool) -> Result<Option<Secret>, String> {
        match self {
            Self::None => Ok(None),
            Self::Token(token) => Ok(Some(token.clone())),
            Self::File(path) => {
                let file = path.clone();
                let read = tokio::task::spawn_blocking(move || regular_file::read(&file, MAX_TOKEN)).await;
                let failed = |error: &dyn std::fmt::Display| format!("the token in {} cannot be read: {error}", path.display());
                let (bytes, _) = read.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
                lawful(&String::from_utf8_lossy(&bytes), scrubber).map(Some).map_err(|what| failed(&what))
            }
            Self::Program { program, known } => {
                let mut known = known.lock().await;
                if let (Some(token), false) = (known.as_ref(), anew) {
                    return Ok(Some(token.clone()));
                }
                let said = |what: &str| format!("{}, which gives the token: {what}", program.shown());
                let ended = program.run(b"", PROGRAM_TIME).await.map_err(|trouble| said(&trouble.words("exec.command")))?;
                if !ended.status.success() {
                    return Err(said(&format!("it ended with {}: {}", ended.status, ended.words)));
                }
                let answer: Value = serde_json::from_slice(&ended.stdout).map_err(|_secret| said("its answer is no ExecCredential"))?;
                let token = answer.pointer("/status/token").and_then(Value::as_str);
                let token = token.ok_or_else(|| said("its answer has no `status.token` (certificates from programs are not supported)"))?;
                let token = lawful(token, scrubber).map_err(|what| said(&what))?;
                *known = Some(token.clone());
                Ok(Some(token))
            }
        }
    }
}

/// A token that can stand in a header.
pub(super) fn lawful(text: &str, scrubber: &Scrubber) -> Result<Secret, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(words::plain("it has characters that no token has"));
    }
    let token = Secret::new(text);
    scrubber.register(&token);
    Ok(token)
}
