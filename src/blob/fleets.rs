//! The documents of assignments, for whoever looks at all of them.

use futures::{StreamExt, stream};

use remediation::document::FleetDocument;

use crate::azure::{Deadline, error_chain};

use super::breaker_mark::OPEN;
use super::state_error::StateError;
use super::store::Store;

/// Where the documents are.
const ASSIGNMENTS: &str = "assignments/";
/// Documents that are read at most.
const MOST: usize = 2_000;
/// Documents that are read at a time.
const TOGETHER: usize = 16;

/// Documents of assignments, and those that cannot be used, with the reason.
#[derive(Debug, Default)]
pub struct ReadFleets {
    /// Those that could be read.
    pub found: Vec<FleetDocument>,
    /// The blobs of the others.
    pub unusable: Vec<(String, String)>,
}

impl Store {
    /// The documents in which a breaker is open. One that cannot be used costs only itself.
    ///
    /// # Errors
    /// When storage does not serve until the deadline.
    pub async fn open_breakers(&self, deadline: Deadline) -> Result<ReadFleets, StateError> {
        let mut read = self.read_fleets(true, deadline).await?;
        read.found.retain(FleetDocument::has_open_breaker);
        Ok(read)
    }

    /// All documents of assignments. One that cannot be used costs only itself.
    ///
    /// # Errors
    /// As for [`Store::open_breakers`].
    pub async fn fleets(&self, deadline: Deadline) -> Result<ReadFleets, StateError> {
        self.read_fleets(false, deadline).await
    }

    async fn read_fleets(&self, only_open: bool, deadline: Deadline) -> Result<ReadFleets, StateError> {
        let listed = self.state.list(ASSIGNMENTS, deadline).await?;
        let is_open = |name: &String| name.eq_ignore_ascii_case(OPEN);
        let names: Vec<String> = listed
            .into_iter()
            .filter(|blob| !only_open || blob.metadata.keys().any(is_open))
            .map(|blob| blob.name)
            .collect();
        let mut all = ReadFleets::default();
        let beyond = names.iter().skip(MOST);
        all.unusable.extend(beyond.map(|name| (name.clone(), format!("there are more than {MOST}"))));
        let one = |name: String| async move {
            let found = self.state.read::<FleetDocument>(&name, deadline).await;
            (name, found)
        };
        let mut reading = stream::iter(names.into_iter().take(MOST)).map(one).buffered(TOGETHER);
        while let Some((name, found)) = reading.next().await {
            match found {
                Ok(found) => all.found.extend(found.map(|found| found.document)),
                Err(error) if error.is_about_the_document() => all.unusable.push((name, error_chain(&error))),
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }
}
