//! Looks take turns at a list that several of them need: one reads it, and the others find it read.

use remediation::fact::CallKind;

use crate::azure::Deadline;

use super::error::ArmError;

/// The turn at a list that another pass may be reading.
pub(super) async fn turn_at<T>(
    list: &tokio::sync::Mutex<T>,
    call: CallKind,
    deadline: Deadline,
) -> Result<tokio::sync::MutexGuard<'_, T>, ArmError> {
    let late = |_| ArmError::NotSent { call, words: "another pass has been reading it for the whole time".to_owned() };
    tokio::time::timeout(deadline.left(), list.lock()).await.map_err(late)
}
