//! The documents in Blob Storage. A write names the ETag that it replaces (or that there must be none), so two writers
//! never overwrite each other; the loser reads again and decides again.

use std::sync::Mutex;
use std::time::Duration;

use azure_storage_blob::BlobServiceClient;
use tokio::sync::OwnedMutexGuard;
use url::Url;
use uuid::Uuid;

use remediation::document::{
    ControlsDocument, ETag, FleetDocument, Installation, InstallationDocument, InstallationId, Part, Rival,
    RunDocument, RunSummary, SubscriptionDocument, SweepPlace, TargetDocument, TargetSummary, Versioned, metadata_of,
    rival_in,
};
use remediation::id::{SubscriptionId, Target, TargetHash};
use remediation::message::{Nonce, RunId};

use crate::azure::{Contest, Deadline};
use crate::kept::Kept;

use super::breaker_mark;
use super::container::{Container, Found, Replaces, Saved};
use super::rejected::Rejected;
use super::state_error::StateError;
use super::stopped::Known;

const INSTALLATION: &str = "installation.json";
const CONTROLS: &str = "controls.json";
const SWEEP: &str = "sweep.json";
const SUBSCRIPTIONS: &str = "subscriptions/";
const RUNS: &str = "runs/";
/// Most bytes of subscriptions' documents that are kept, by estimate.
const MOST_KEPT: usize = 16 << 20;

/// The containers `state` and `rejected`.
pub struct Store {
    pub(super) state: Container,
    pub(super) rejected: Container,
    /// What Event Grid gives up, for a person to look at. The worker itself never opens it.
    pub(super) dead_events: Container,
    /// The subscriptions' documents as they were last read or written: every pass reads one, and mostly it has not changed.
    subscriptions: Kept<SubscriptionId, Versioned<SubscriptionDocument>>,
    /// The targets that are stopped, as they were listed last.
    pub(super) stopped: Mutex<Known>,
}

impl Store {
    /// The store of this storage account.
    #[must_use]
    pub fn new(account: &BlobServiceClient) -> Self {
        let container = |name| Container::new(account.blob_container_client(name));
        let subscriptions = Kept::at_most(MOST_KEPT);
        Self {
            state: container("state"),
            rejected: container("rejected"),
            dead_events: container("events-dead-letter"),
            subscriptions,
            stopped: Mutex::default(),
        }
    }

    /// Reads a target's document; a new one when there is none.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline, or the document cannot be used.
    pub async fn target(&self, target: &Target, deadline: Deadline) -> Result<Versioned<TargetDocument>, StateError> {
        let found = self.state.read(&target_blob(target), deadline).await?;
        Ok(found.unwrap_or_else(|| Versioned { document: TargetDocument::new(target.clone()), etag: None }))
    }

    /// The turn to read a target's document and to write in its place. It keeps nobody from writing, but those of this process who ask
    /// for it, and it is never waited for long.
    pub async fn turn_to_change(&self, target: &Target, deadline: Deadline) -> Option<OwnedMutexGuard<()>> {
        self.state.turn_to_change(&target_blob(target), deadline).await
    }

    /// Reads the target document with this blob name, if it is there.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn target_named(
        &self,
        blob: &str,
        deadline: Deadline,
    ) -> Result<Option<Versioned<TargetDocument>>, StateError> {
        self.state.read(blob, deadline).await
    }

    /// What the document of the target with this hash tells of its tasks. Its metadata says that; the document is read where
    /// they do not, as after a person has put it back.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn rival(
        &self,
        subscription: &SubscriptionId,
        hash: &TargetHash,
        deadline: Deadline,
    ) -> Result<Rival, StateError> {
        let blob = format!("targets/{subscription}/{hash}.json");
        let Some(metadata) = self.state.metadata(&blob, deadline).await? else { return Ok(Rival::lost()) };
        if let Some(rival) = rival_in(&metadata) {
            return Ok(rival);
        }
        let found = self.state.read(&blob, deadline).await?;
        Ok(found.map(|found| Rival::of(&found.document)).unwrap_or_else(Rival::lost))
    }

    /// Writes a target's document in place of the one with this ETag, or of none. Where its generation was raised, the nonce
    /// of the wake-up is drawn here, so that no write goes without.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline.
    pub async fn save_target(
        &self,
        document: &mut TargetDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        document.nonce.get_or_insert_with(|| Nonce::of(Uuid::new_v4().as_u128()));
        let (blob, metadata) = (target_blob(&document.target), Some(metadata_of(document)));
        self.state.write(&blob, document, Replaces::from(replaces), metadata, deadline).await
    }

    /// Reads a subscription's document; a new one when there is none.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn subscription(
        &self,
        id: &SubscriptionId,
        deadline: Deadline,
    ) -> Result<Versioned<SubscriptionDocument>, StateError> {
        let known = self.subscriptions.get(id, Duration::MAX);
        let etag = known.as_ref().and_then(|known| known.etag.as_ref());
        let found: Found<Versioned<SubscriptionDocument>> =
            self.state.read_unless(&subscription_blob(id), etag, deadline).await?;
        match (found, known) {
            (Found::New(found), _) => {
                let size = found.document.size();
                Ok(self.subscriptions.keep(id, found, size))
            }
            (Found::Same, Some(known)) => Ok(known),
            (Found::Missing | Found::Same, _) => {
                Ok(Versioned { document: SubscriptionDocument::new(id.clone()), etag: None })
            }
        }
    }

    /// The subscriptions that have a document.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn subscriptions(&self, deadline: Deadline) -> Result<Vec<SubscriptionId>, StateError> {
        let listed = self.state.list(SUBSCRIPTIONS, deadline).await?;
        let id = |name: &str| name.strip_prefix(SUBSCRIPTIONS)?.strip_suffix(".json")?.parse().ok();
        Ok(listed.iter().filter_map(|blob| id(&blob.name)).collect())
    }

    /// Writes a subscription's document in place of the one with this ETag, or of none.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_subscription(
        &self,
        document: &SubscriptionDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let blob = subscription_blob(&document.subscription);
        let saved = self.state.write(&blob, document, Replaces::from(replaces), None, deadline).await?;
        if let Saved::As(etag) = &saved {
            let written = Versioned { document: document.clone(), etag: Some(etag.clone()) };
            self.subscriptions.keep(&document.subscription, written, document.size());
        }
        Ok(saved)
    }

    /// The installation that the state belongs to; written down when there is none yet.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn installation(
        &self,
        given: Option<&InstallationId>,
        endpoint: &Url,
        deadline: Deadline,
    ) -> Result<Installation, StateError> {
        let new = InstallationDocument::new(given, endpoint);
        let mut contest = Contest::until(deadline);
        loop {
            if let Some(found) = self.state.read::<InstallationDocument>(INSTALLATION, deadline).await? {
                return Ok(found.document.judge(given, endpoint));
            }
            // First what may be paused: without it, beside an installation, everything is.
            self.state.write(CONTROLS, &ControlsDocument::default(), Replaces::Nothing, None, deadline).await?;
            match self.state.write(INSTALLATION, &new, Replaces::Nothing, None, deadline).await? {
                Saved::As(_) => return Ok(new.judge(given, endpoint)),
                Saved::Conflict if contest.goes_on().await => {}
                Saved::Conflict => return Err(StateError::Contended { blob: INSTALLATION.to_owned() }),
            }
        }
    }

    /// What `installation.json` says to a worker that was given this name and runs at this endpoint; none where it is not there yet.
    /// Nothing is written.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn known_installation(
        &self,
        given: Option<&InstallationId>,
        endpoint: &Url,
        deadline: Deadline,
    ) -> Result<Option<Installation>, StateError> {
        let found = self.state.read::<InstallationDocument>(INSTALLATION, deadline).await?;
        Ok(found.map(|found| found.document.judge(given, endpoint)))
    }

    /// What is paused, if that document is there.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn controls(&self, deadline: Deadline) -> Result<Option<Versioned<ControlsDocument>>, StateError> {
        self.state.read(CONTROLS, deadline).await
    }

    /// Writes what is paused in place of the document with this ETag, of none, or of one that cannot be used.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_controls(
        &self,
        document: &ControlsDocument,
        replaces: Option<Option<&ETag>>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let replaces = replaces.map_or(Replaces::Anything, Replaces::from);
        self.state.write(CONTROLS, document, replaces, None, deadline).await
    }

    /// What the assignments of this name have taken; a new document when there is none.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn fleet(&self, assignment: &str, deadline: Deadline) -> Result<Versioned<FleetDocument>, StateError> {
        let found = self.state.read(&FleetDocument::blob(assignment), deadline).await?;
        Ok(found.unwrap_or_else(|| Versioned { document: FleetDocument::new(assignment.to_owned()), etag: None }))
    }

    /// Writes that in place of the document with this ETag, or of none.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_fleet(
        &self,
        document: &FleetDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let blob = FleetDocument::blob(&document.assignment);
        self.state.write(&blob, document, Replaces::from(replaces), breaker_mark::metadata(document), deadline).await
    }

    /// Tries once to delete a target's document, if it is still the one with this ETag. Whether it is gone.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn delete_target(&self, blob: &str, etag: &ETag, deadline: Deadline) -> Result<bool, StateError> {
        self.state.delete_once(blob, etag, deadline).await
    }

    /// Lists a page of a part of the targets' blobs with what their metadata tells, and the marker of the next page.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn targets(
        &self,
        part: &Part,
        deadline: Deadline,
    ) -> Result<(Vec<TargetSummary>, Option<String>), StateError> {
        let (blobs, next) = self.state.list_page(&part.prefix, part.marker.as_deref(), deadline).await?;
        Ok((blobs.into_iter().map(|blob| TargetSummary::read(blob.name, &blob.metadata)).collect(), next))
    }

    /// How far the last sweep came, when it did not come to the end.
    ///
    /// # Errors
    /// When storage cannot be read until the deadline.
    pub async fn sweep_place(&self, deadline: Deadline) -> Result<SweepPlace, StateError> {
        match self.state.read::<SweepPlace>(SWEEP, deadline).await {
            Ok(Some(found)) => Ok(found.document),
            Ok(None) => Ok(SweepPlace::with(Vec::new())),
            // Then it begins at the beginning.
            Err(error) if error.is_about_the_document() => Ok(SweepPlace::with(Vec::new())),
            Err(error) => Err(error),
        }
    }

    /// Keeps how far a sweep came.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline.
    pub async fn keep_sweep_place(&self, place: &SweepPlace, deadline: Deadline) -> Result<(), StateError> {
        self.state.write(SWEEP, place, Replaces::Anything, None, deadline).await.map(drop)
    }

    /// Reads the document of a batch run, if there is one.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn run(&self, id: &RunId, deadline: Deadline) -> Result<Option<Versioned<RunDocument>>, StateError> {
        self.state.read(&run_blob(id), deadline).await
    }

    /// Writes the document of a batch run in place of the one with this ETag, or of none.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_run(
        &self,
        document: &RunDocument,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let (blob, metadata) = (run_blob(&document.run.run_id), Some(document.metadata()));
        self.state.write(&blob, document, Replaces::from(replaces), metadata, deadline).await
    }

    /// The batch runs of which there is a document, as the list of blobs tells.
    ///
    /// # Errors
    /// When storage cannot be listed until the deadline.
    pub async fn runs(&self, deadline: Deadline) -> Result<Vec<RunSummary>, StateError> {
        let listed = self.state.list(RUNS, deadline).await?;
        Ok(listed.iter().filter_map(|blob| RunSummary::read(&blob.name, &blob.metadata)).collect())
    }

    /// Tries once to delete the document of a batch run, if it is still the one with this ETag. Whether it is gone.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn delete_run(&self, id: &RunId, etag: &ETag, deadline: Deadline) -> Result<bool, StateError> {
        self.state.delete_once(&run_blob(id), etag, deadline).await
    }

    /// Keeps a rejected item.
    ///
    /// # Errors
    /// When storage cannot be written until the deadline.
    pub async fn reject(&self, item: &Rejected, deadline: Deadline) -> Result<(), StateError> {
        self.rejected.write(&item.blob(), item, Replaces::Anything, None, deadline).await.map(drop)
    }
}

fn target_blob(target: &Target) -> String {
    format!("targets/{}/{}.json", target.subscription(), target.hash())
}

fn run_blob(id: &RunId) -> String {
    format!("{RUNS}{id}.json")
}

fn subscription_blob(id: &SubscriptionId) -> String {
    format!("{SUBSCRIPTIONS}{id}.json")
}
