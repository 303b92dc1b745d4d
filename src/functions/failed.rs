//! What became of items that could not be handled.

use crate::functions::Failure;
use crate::host::Item;

/// Items whose handling has failed, and why.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) items: Vec<Item>,
}
