//! The list of targets, page by page. Where one page holds all of it, that is one call; a longer list is read in parts, some side by
//! side, since storage may take seconds for a page and a million targets are four hundred.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::join_all;

use remediation::document::{Part, TargetSummary};

use crate::azure::Deadline;
use crate::blob::{StateError, Store};

/// Parts that are read at the same time. A page takes some 10 MB while it is read.
const TOGETHER: usize = 5;

/// What is left of the list.
#[derive(Debug)]
pub(super) struct Parts {
    left: Mutex<VecDeque<Part>>,
}

/// What becomes of the reading after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It goes on.
    GoOn,
    /// There is no more time: the page is read again by the next sweep.
    Stop,
}

impl Parts {
    /// The parts that are left of another reading, or the whole list.
    pub(super) fn of(left: &[Part]) -> Self {
        let left = if left.is_empty() { vec![Part::whole()] } else { left.to_vec() };
        Self { left: Mutex::new(left.into()) }
    }

    /// Reads what is left, and hands each page to `page`, until that stops it or storage fails. The first failure.
    pub(super) async fn read<F>(
        &self,
        store: &Store,
        deadline: Deadline,
        page: impl Fn(Vec<TargetSummary>) -> F,
    ) -> Result<(), StateError>
    where
        F: Future<Output = After>,
    {
        // Whether it is worth splitting shows with the first page.
        if self.is_whole() && self.lane(store, deadline, &page).await? == After::Stop {
            return Ok(());
        }
        let lanes = (0..TOGETHER).map(|_| self.lane(store, deadline, &page));
        join_all(lanes).await.into_iter().try_for_each(|lane| lane.map(drop))
    }

    /// What was not read to its end.
    pub(super) fn left(self) -> Vec<Part> {
        self.left.into_inner().unwrap_or_else(PoisonError::into_inner).into()
    }

    /// Reads one part after the other. A whole list that has more than a page ends it: that is to be read in parts.
    async fn lane<F>(
        &self,
        store: &Store,
        deadline: Deadline,
        page: &impl Fn(Vec<TargetSummary>) -> F,
    ) -> Result<After, StateError>
    where
        F: Future<Output = After>,
    {
        while let Some(mut part) = self.take() {
            loop {
                let (targets, next) = match store.targets(&part, deadline).await {
                    Ok(found) => found,
                    // Storage does not know the place any more.
                    Err(error) if part.marker.is_some() && error.is_about_the_document() => {
                        part.marker = None;
                        continue;
                    }
                    Err(error) => {
                        self.all().push_front(part);
                        return Err(error);
                    }
                };
                if let (Some(parts), Some(_)) = (part.split(), &next) {
                    self.all().extend(parts);
                    return Ok(After::GoOn);
                }
                if page(targets).await == After::Stop {
                    self.all().push_front(part);
                    return Ok(After::Stop);
                }
                match next {
                    Some(marker) => part.marker = Some(marker),
                    None => break,
                }
            }
        }
        Ok(After::GoOn)
    }

    fn is_whole(&self) -> bool {
        self.all().iter().any(|part| part.split().is_some())
    }

    fn take(&self) -> Option<Part> {
        self.all().pop_front()
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Part>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
