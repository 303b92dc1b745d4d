//! Whether a conflict stays, however often it is tried: something is there already, or may not be changed.

/// Words of a conflict that stays, in lower case.
const STAYS: [&str; 17] = [
    "already exists",
    "already in use",
    "already used",
    "already taken",
    "already been taken",
    "already linked",
    "already associated",
    "already registered",
    "already protected",
    "already assigned",
    "cannot be changed",
    "can't be changed",
    "not allowed to be updated",
    "immutable",
    "soft-deleted",
    "soft deleted",
    "overlap",
];
/// Words of one that passes.
const PASSES: [&str; 9] = [
    "in progress",
    "again later",
    "retry later",
    "retry after",
    "being ",
    "another operation",
    "concurren",
    "pending",
    "ongoing",
];

/// Whether the folded words are of one that stays.
pub(super) fn stays(message: &str) -> bool {
    // The service's own wrapper says so of whatever a task is for.
    let message = message.replace("being remediated", "");
    STAYS.iter().any(|words| message.contains(words)) && !PASSES.iter().any(|words| message.contains(words))
}
