//! `demo --keep`: the local Azure stays up after the demo, with all that happened, and can be looked at as what `simulate` runs.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use simulator::estate::Estate;
use simulator::identity::Principal;
use simulator_demo::{Kept, Owner};

use super::print::print;
use super::simulate::{Logins, Places, Shown, Told};
use super::source::Source;

/// Commands that look at what the demo did.
const LOOK: &str = "The local Azure stays up. In another terminal, look at what the demo did:

  policy-remediator status --simulated
  policy-remediator parked list --simulated
  policy-remediator explain --simulated RESOURCE_ID

docs/simulate.md tells how the Azure CLI and the SDKs look at it.
";

/// What is needed to let a person look at it.
pub(super) struct Keeping {
    logins: Logins,
    estate: Estate,
    events: Source,
}

impl Keeping {
    /// Of a demo that is to come.
    ///
    /// # Errors
    /// When the platform's cryptography refuses to make keys.
    pub(super) fn of(estate: &Estate, events: Source) -> anyhow::Result<Self> {
        Ok(Self { logins: Logins::of(&Principal::random())?, estate: estate.clone(), events })
    }

    /// Who may do everything.
    pub(super) fn owner(&self) -> Owner {
        Owner { principal: self.logins.owner.clone(), application: self.logins.application() }
    }

    /// Prints where everything is, and keeps it until this process is asked to stop: whoever asks drops what this waits for, as with any
    /// other demo.
    ///
    /// # Errors
    /// When it cannot be printed, or a file cannot be written.
    pub(super) async fn keep<T>(self, kept: Kept, log: Option<&Path>, json: bool) -> anyhow::Result<T> {
        let mut settings = kept.settings().clone();
        if let Some(shown) = Shown::of(&self.estate) {
            shown.to(kept.manager(), kept.azure(), &self.estate);
            settings.insert("SERVICEBUS_RESOURCE_ID".to_owned(), shown.namespace);
            settings.insert("FUNCTION_APP_ID".to_owned(), shown.app);
        }
        let file = log.map(appended).transpose()?;
        let _log = Told::from_now(kept.host(), file);
        let mut places = Places::of(kept.azure(), kept.host(), &self.estate, self.events.events()?, None)?;
        places.lets_in(&self.logins)?;
        places.leave(&settings)?;
        print(&if json { places.json().to_string() } else { format!("\n{LOOK}\n{}", places.text()) })?;
        std::future::pending().await
    }
}

/// The file for the log, which the demo has begun.
fn appended(path: &Path) -> anyhow::Result<Box<dyn Write + Send>> {
    let file = OpenOptions::new().append(true).open(path);
    Ok(Box::new(file.with_context(|| format!("{} cannot be written", path.display()))?))
}
