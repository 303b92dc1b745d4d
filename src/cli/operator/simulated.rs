//! `--simulated`: the `simulate` that runs on this machine. It leaves a file with its places beside its CA file, in a folder that only
//! its own user can read and that goes with it; a folder that a killed one has left behind is passed over, since nobody listens there.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::{Error, ErrorKind};
use serde::Deserialize;
use url::Url;

use policy_remediator::azure::{CredentialError, Identity};

/// The file's name.
pub(in crate::cli) const FILE: &str = "simulate.json";
/// The folder's name begins so.
const FOLDER: &str = "local-azure-";
/// Longest wait for a port of this very machine.
const KNOCK: Duration = Duration::from_secs(1);

/// What is used of the file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Places {
    identity: String,
    operator_client_id: String,
    /// All settings of the worker.
    settings: BTreeMap<String, String>,
}

/// The owner of everything in a local Azure.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    endpoint: Url,
    secret: String,
    client_id: String,
}

/// The settings of the worker that runs on the local Azure that was started last, and who owns that.
///
/// # Errors
/// When none runs.
pub(super) fn installation() -> anyhow::Result<(BTreeMap<String, String>, Owner)> {
    let folder = std::env::temp_dir();
    let listed = std::fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let files = listed.filter_map(Result::ok).filter(|entry| entry.file_name().to_string_lossy().starts_with(FOLDER));
    let files = files.map(|entry| entry.path().join(FILE));
    let mut files: Vec<_> = files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file))).collect();
    files.sort();
    let running = files.iter().rev().find_map(|(_, file)| read(file).filter(|(_, endpoint)| is_there(endpoint)));
    let (places, endpoint) = running.context("no simulate runs here: start one with policy-remediator simulate")?;
    let secret = places.settings.get("IDENTITY_HEADER").cloned().unwrap_or_default();
    let owner = Owner { endpoint, secret, client_id: places.operator_client_id };
    Ok((places.settings, owner))
}

/// The places in a file, and the identity endpoint among them.
fn read(file: &Path) -> Option<(Places, Url)> {
    let places: Places = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    let endpoint = places.identity.parse().ok()?;
    Some((places, endpoint))
}

fn is_there(service: &Url) -> bool {
    let listening = |address: &SocketAddr| TcpStream::connect_timeout(address, KNOCK).is_ok();
    service.socket_addrs(|| None).is_ok_and(|addresses| addresses.iter().any(listening))
}

impl Owner {
    pub(super) fn identity(&self, client: &reqwest::Client) -> Result<Identity, CredentialError> {
        let (owner, client) = (self.clone(), client.clone());
        Identity::of(move || Ok(Arc::new(OwnersTokens { owner: owner.clone(), client: client.clone() })))
    }
}

/// Tokens of the identity endpoint, by the protocol of App Service (Microsoft documentation, "How to use managed identities for App
/// Service").
#[derive(Debug)]
struct OwnersTokens {
    owner: Owner,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_on: String,
}

#[async_trait]
impl TokenCredential for OwnersTokens {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let resource = scopes.first().copied().unwrap_or_default().trim_end_matches("/.default");
        let mut url = self.owner.endpoint.clone();
        url.query_pairs_mut()
            .append_pair("api-version", "2019-08-01")
            .append_pair("resource", resource)
            .append_pair("client_id", &self.owner.client_id);
        let wrong = |error: String| Error::with_message(ErrorKind::Credential, error);
        let asked = self.client.get(url).header("X-IDENTITY-HEADER", &self.owner.secret).send().await;
        let answer = asked.and_then(reqwest::Response::error_for_status).map_err(|error| wrong(error.to_string()))?;
        let text = answer.text().await.map_err(|error| wrong(error.to_string()))?;
        let token: Token = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let expires = token.expires_on.parse().ok().and_then(|at| time::OffsetDateTime::from_unix_timestamp(at).ok());
        let expires = expires.ok_or_else(|| wrong("a token without an end".to_owned()))?;
        Ok(AccessToken::new(Secret::new(token.access_token), expires))
    }
}
