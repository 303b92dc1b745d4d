//! Pages of a list: `$top` limits the whole, a page has a fixed size, and `$skiptoken` says where to go on. The token
//! carries a mark of what the first page saw, so that pages of one list fit together while the world moves.

use super::{error::ArmError, request::Call};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// How many items a page has.
#[derive(Debug, Clone, Copy)]
pub struct PageSizes {
    /// Remediations, and deployments of one (recorded: 100).
    pub remediations: usize,
    /// Policy states (Microsoft documentation: 1000).
    pub policy_states: usize,
    /// Everything else.
    pub other: usize,
}

impl Default for PageSizes {
    fn default() -> Self {
        Self { remediations: 100, policy_states: 1000, other: 500 }
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: usize,
    /// What the first page saw; empty on the first page.
    pub(crate) mark: String,
}

impl Position {
    /// Reads `$skiptoken`.
    pub(crate) fn of(call: &Call) -> Result<Position, ArmError> {
        let Some(token) = call.query.get("$skiptoken") else { return Ok(Position::default()) };
        let read = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let position = read
            .as_deref()
            .and_then(|text| text.split_once('|'))
            .and_then(|(offset, mark)| Some(Position { offset: offset.parse().ok()?, mark: mark.to_owned() }));
        position
            .ok_or_else(|| ArmError::invalid_query("$skiptoken", "the token is not one that this service gave out."))
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}|{}", self.offset, self.mark))
    }
}

/// Reads `$top`.
pub(crate) fn top(call: &Call) -> Result<Option<usize>, ArmError> {
    let Some(text) = call.query.get("$top") else { return Ok(None) };
    match text.parse::<i32>().ok().and_then(|top| usize::try_from(top).ok()) {
        Some(top) => Ok(Some(top)),
        None => Err(ArmError::invalid_query("$top", &format!("'{text}' is not a number from 0 on."))),
    }
}

/// Cuts the page of a call out of the whole list; gives the absolute address of the next page, if there is one.
pub(crate) fn cut<T>(
    call: &Call,
    items: Vec<T>,
    position: &Position,
    mark: &str,
    size: usize,
) -> Result<(Vec<T>, Option<String>), ArmError> {
    let end = top(call)?.unwrap_or(usize::MAX).min(items.len());
    Ok(cut_before(call, items, position, mark, size, end))
}

/// The same where `$top` is how many entries a page has, as some lists take it.
pub(crate) fn cut_by_top<T>(call: &Call, items: Vec<T>, most: usize) -> Result<(Vec<T>, Option<String>), ArmError> {
    let (position, size) = (Position::of(call)?, top(call)?.unwrap_or(most).clamp(1, most));
    let end = items.len();
    Ok(cut_before(call, items, &position, "", size, end))
}

fn cut_before<T>(
    call: &Call,
    items: Vec<T>,
    position: &Position,
    mark: &str,
    size: usize,
    end: usize,
) -> (Vec<T>, Option<String>) {
    let start = position.offset.min(end);
    let stop = start.saturating_add(size.max(1)).min(end);
    let next = (stop < end).then(|| call.continued(&Position { offset: stop, mark: mark.to_owned() }.token()));
    (items.into_iter().take(stop).skip(start).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_manager::task::Caller;
    use axum::http::{HeaderMap, Method};

    fn call(uri: &str) -> Call {
        Call::new(Method::GET, &uri.parse().expect("a uri"), &HeaderMap::new(), Caller::default(), Vec::new())
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        for (query, expected) in [("", 25), ("&$top=12", 12), ("&$top=0", 0), ("&$top=99", 25), ("&$top=10", 10)] {
            let (mut uri, mut seen) = (format!("/list?api-version=1{query}"), Vec::new());
            loop {
                let call = call(&uri);
                let position = Position::of(&call).expect("a position");
                let (page, next) = cut(&call, (0..25).collect(), &position, "mark", 10).expect("a page");
                assert!(page.len() <= 10);
                seen.extend(page);
                let Some(next) = next else { break };
                uri = next;
            }
            assert_eq!(seen, (0..expected).collect::<Vec<i32>>(), "{query}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for uri in ["/l?$skiptoken=!", "/l?$skiptoken=YWJj", "/l?$skiptoken=eHx5"] {
            assert_eq!(Position::of(&call(uri)).expect_err(uri).status, 400);
        }
        for uri in ["/l?$top=-1", "/l?$top=x", "/l?$top=99999999999"] {
            assert_eq!(top(&call(uri)).expect_err(uri).status, 400);
        }
    }
}
