//! Which installation of the worker this is. Two installations may work on the same subscriptions, so each names its tasks after
//! itself; and a copy of the state must not go on under the name of the original: both would act for the same targets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::versioned::VERSION;
use crate::id::hex;

/// The name of an installation: up to eight letters or digits, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallationId(String);

impl InstallationId {
    /// The name of the installation whose state is there, when nobody gave it another.
    #[must_use]
    pub fn of_endpoint(endpoint: &Url) -> Self {
        let digest = Sha256::digest(place(endpoint));
        Self(hex(&digest[..4]))
    }
}

/// The text is no name of an installation.
#[derive(Debug, thiserror::Error)]
#[error("not a name of an installation: up to 8 letters or digits")]
pub struct NoInstallationId;

impl FromStr for InstallationId {
    type Err = NoInstallationId;

    fn from_str(text: &str) -> Result<Self, NoInstallationId> {
        let is_name = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_name { Ok(Self(text.to_ascii_lowercase())) } else { Err(NoInstallationId) }
    }
}

impl TryFrom<String> for InstallationId {
    type Error = NoInstallationId;

    fn try_from(text: String) -> Result<Self, NoInstallationId> {
        text.parse()
    }
}

impl From<InstallationId> for String {
    fn from(id: InstallationId) -> Self {
        id.0
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The document `installation.json`: written once, at the first start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstallationDocument {
    version: u32,
    /// The installation.
    pub id: InstallationId,
    /// Host, port and path of the storage account that it was written to.
    pub endpoint: String,
}

impl InstallationDocument {
    /// The document of the installation at this endpoint, of the name that was given to it, or else of the endpoint's.
    #[must_use]
    pub fn new(given: Option<&InstallationId>, endpoint: &Url) -> Self {
        let id = given.cloned().unwrap_or_else(|| InstallationId::of_endpoint(endpoint));
        Self { version: VERSION, id, endpoint: place(endpoint) }
    }

    /// What the stored document says to a worker that was given this name and runs at this endpoint.
    #[must_use]
    pub fn judge(self, given: Option<&InstallationId>, endpoint: &Url) -> Installation {
        let here = place(endpoint);
        let words = match given {
            _ if self.endpoint != here => format!("it was written at {}, and this is {here}", self.endpoint),
            Some(given) if *given != self.id => format!("it says {}, and INSTALLATION_ID says {given}", self.id),
            Some(_) | None => return Installation { id: self.id, copied: None },
        };
        Installation { id: self.id, copied: Some(words) }
    }
}

/// The installation that the state belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its name.
    pub id: InstallationId,
    /// Why the state seems to be a copy of another installation's; then nothing is begun.
    pub copied: Option<String>,
}

/// Where an account is, without what does not tell accounts apart.
fn place(endpoint: &Url) -> String {
    let port = endpoint.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{}", endpoint.host_str().unwrap_or_default(), endpoint.path().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_endpoint_gives_one_name_however_it_is_written() {
        let of = |text: &str| InstallationId::of_endpoint(&url(text)).to_string();
        let name = of("https://acc.blob.core.windows.net");
        assert_eq!(name.len(), 8);
        assert!(name.parse::<InstallationId>().is_ok());
        assert_eq!(name, of("https://ACC.blob.core.windows.net:443/"));
        for other in ["https://acc2.blob.core.windows.net", "https://acc.blob.core.windows.net/path"] {
            assert_ne!(name, of(other));
        }
    }

    #[test]
    fn a_copied_state_begins_nothing_and_a_name_that_was_given_once_stays() {
        let (home, elsewhere) = (url("https://acc.blob.core.windows.net"), url("https://acc2.blob.core.windows.net"));
        let given: InstallationId = "Prod1".parse().unwrap();
        let stored = InstallationDocument::new(Some(&given), &home);
        let copied = |of: Option<&InstallationId>, at: &Url| stored.clone().judge(of, at).copied.is_some();
        assert!(!copied(Some(&given), &home) && !copied(None, &home));
        assert!(copied(Some(&given), &elsewhere) && copied(None, &elsewhere));
        assert!(copied(Some(&"other".parse().unwrap()), &home));
        assert_eq!(stored.judge(None, &home).id, given);
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for (text, is_name) in [("a", true), ("Prod0001", true), ("", false), ("prod-1", false), ("prod00001", false)] {
            assert_eq!(text.parse::<InstallationId>().is_ok(), is_name, "{text}");
        }
    }
}
