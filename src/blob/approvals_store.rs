//! The approvals in the store: one blob each, written once, and once more when it is taken back.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use time::format_description::well_known::Rfc3339;

use remediation::document::{Approval, ApprovalId, ApprovedPlan, ETag, PlanDigest, Versioned, metadata_value};
use remediation::time::{Timestamp, parse_time};

use crate::azure::Deadline;

use super::container::{Found, Replaces, Saved};
use super::state_error::StateError;
use super::store::Store;

const APPROVALS: &str = "approvals/";
const UNTIL: &str = "until";
/// Blobs that are read at a time.
const TOGETHER: usize = 16;
/// So many approvals stand at a time at most: what is beyond approves nothing.
const MOST: usize = 1_000;

/// The approvals as they were read, and what of them cannot be used.
#[derive(Debug, Default)]
pub struct ReadApprovals {
    /// Each, under its ETag.
    pub approvals: Vec<Versioned<Approval>>,
    /// Blobs that cannot be used, and why.
    pub unusable: Vec<(String, String)>,
}

impl Store {
    /// The approvals of which the blob does not say that they were over by this time. What is known already is not read again unless it
    /// has changed.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn approvals(
        &self,
        known: &[Versioned<Approval>],
        over_by: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<ReadApprovals, StateError> {
        let listed = self.state.list(APPROVALS, deadline).await?;
        let until = |metadata: &HashMap<String, String>| metadata_value(metadata, UNTIL).and_then(parse_time);
        let is_over =
            |metadata: &HashMap<String, String>| over_by.zip(until(metadata)).is_some_and(|(by, until)| until <= by);
        let names: Vec<String> =
            listed.into_iter().filter(|blob| !is_over(&blob.metadata)).map(|blob| blob.name).collect();
        let mut read = ReadApprovals::default();
        let beyond = names.iter().skip(MOST).map(|name| (name.clone(), format!("there are more than {MOST}")));
        read.unusable.extend(beyond);
        let one = |name: String| async move {
            let found = self.approval(&name, known, deadline).await;
            (name, found)
        };
        let mut answers = stream::iter(names.into_iter().take(MOST).map(one)).buffered(TOGETHER);
        while let Some((name, answer)) = answers.next().await {
            match answer {
                // One that is under another's name would be counted twice.
                Ok(Some(found)) if Approval::blob(&found.document.id) != name => {
                    read.unusable.push((name, format!("it says of itself that it is {}", found.document.id)));
                }
                Ok(Some(found)) => read.approvals.push(found),
                Ok(None) => {}
                Err(error) if error.is_about_the_document() => {
                    read.unusable.push((name, crate::azure::error_chain(&error)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    async fn approval(
        &self,
        name: &str,
        known: &[Versioned<Approval>],
        deadline: Deadline,
    ) -> Result<Option<Versioned<Approval>>, StateError> {
        let known = known.iter().find(|known| Approval::blob(&known.document.id) == name);
        let etag = known.and_then(|known| known.etag.as_ref());
        Ok(match self.state.read_unless(name, etag, deadline).await? {
            Found::New(found) => Some(found),
            Found::Same => known.cloned(),
            Found::Missing => None,
        })
    }

    /// Approvals that were over before this time, as their blobs say: so many at most, the longest over first.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn approvals_over(
        &self,
        before: Timestamp,
        most: usize,
        deadline: Deadline,
    ) -> Result<Vec<Versioned<Approval>>, StateError> {
        let listed = self.state.list(APPROVALS, deadline).await?;
        let until = |metadata: &HashMap<String, String>| metadata_value(metadata, UNTIL).and_then(parse_time);
        let mut over: Vec<_> = listed
            .into_iter()
            .filter_map(|blob| Some((until(&blob.metadata).filter(|until| *until < before)?, blob.name)))
            .collect();
        over.sort_unstable();
        let mut found = Vec::new();
        for (_, name) in over.into_iter().take(most) {
            match self.state.read::<Approval>(&name, deadline).await {
                Ok(one) => found.extend(one.filter(|one| one.document.until < before)),
                // A person wrote it by hand: a person deletes it.
                Err(error) if error.is_about_the_document() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Tries once to delete an approval, if it is still the one with this ETag. Whether it is gone.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn delete_approval(&self, id: &ApprovalId, etag: &ETag, deadline: Deadline) -> Result<bool, StateError> {
        self.state.delete_once(&Approval::blob(id), etag, deadline).await
    }

    /// The approval of this id, if there is one.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn approval_of(
        &self,
        id: &ApprovalId,
        deadline: Deadline,
    ) -> Result<Option<Versioned<Approval>>, StateError> {
        self.state.read(&Approval::blob(id), deadline).await
    }

    /// The plan with this digest; none where there is none, or where what is there is another or cannot be used.
    ///
    /// # Errors
    /// As for [`Store::target`].
    pub async fn plan(&self, digest: &PlanDigest, deadline: Deadline) -> Result<Option<ApprovedPlan>, StateError> {
        let found = self.state.read_bytes(&digest.blob(), deadline).await?;
        let found = found.filter(|file| PlanDigest::of(file) == *digest);
        Ok(found.and_then(|file| ApprovedPlan::read(&file).ok()))
    }

    /// Keeps a plan as it was written, under its digest.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn keep_plan(&self, file: &[u8], deadline: Deadline) -> Result<PlanDigest, StateError> {
        let digest = PlanDigest::of(file);
        // Whatever is there under this name has these bytes, or is damaged.
        self.state.write_bytes(&digest.blob(), file, Replaces::Anything, None, deadline).await?;
        Ok(digest)
    }

    /// Writes an approval in place of the one with this ETag, or of none.
    ///
    /// # Errors
    /// As for [`Store::save_target`].
    pub async fn save_approval(
        &self,
        approval: &Approval,
        replaces: Option<&ETag>,
        deadline: Deadline,
    ) -> Result<Saved, StateError> {
        let until = approval.until.format(&Rfc3339).ok().map(|until| HashMap::from([(UNTIL.to_owned(), until)]));
        self.state.write(&Approval::blob(&approval.id), approval, Replaces::from(replaces), until, deadline).await
    }
}
