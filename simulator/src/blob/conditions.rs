//! The conditional headers, decided on values. Source: Microsoft documentation, "Specifying conditional headers for Blob
//! service operations".

use time::OffsetDateTime;

use super::BlobError;

/// The conditions of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    pub(super) if_match: Option<String>,
    pub(super) if_none_match: Option<String>,
    pub(super) if_modified_since: Option<OffsetDateTime>,
    pub(super) if_unmodified_since: Option<OffsetDateTime>,
}

/// What the request wants to do: the answers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Read,
    /// Creates or replaces the blob.
    Replace,
    /// Changes or deletes a blob that must be there.
    Change,
}

impl Conditions {
    /// Whether the request may go on, given the ETag and time of the blob as it is, if it is.
    pub(super) fn check(&self, current: Option<(&str, OffsetDateTime)>, intent: Intent) -> Result<(), BlobError> {
        let Some((etag, modified)) = current else {
            return match intent {
                Intent::Read | Intent::Change => Err(BlobError::BlobNotFound),
                Intent::Replace if self.if_match.is_some() => Err(BlobError::ConditionNotMet),
                Intent::Replace => Ok(()),
            };
        };
        let names = |list: &str| list.split(',').any(|one| matches(one.trim(), etag));
        if self.if_match.as_deref().is_some_and(|list| !names(list)) {
            return Err(BlobError::ConditionNotMet);
        }
        if let Some(list) = self.if_none_match.as_deref()
            && names(list)
        {
            return Err(match intent {
                Intent::Read => BlobError::NotModified,
                Intent::Replace if list.trim() == "*" => BlobError::BlobAlreadyExists,
                Intent::Replace | Intent::Change => BlobError::ConditionNotMet,
            });
        }
        // HTTP dates have whole seconds.
        let modified = modified.replace_nanosecond(0).unwrap_or(modified);
        if self.if_unmodified_since.is_some_and(|since| modified > since) {
            return Err(BlobError::ConditionNotMet);
        }
        if self.if_modified_since.is_some_and(|since| modified <= since) {
            return Err(if intent == Intent::Read { BlobError::NotModified } else { BlobError::ConditionNotMet });
        }
        Ok(())
    }
}

fn matches(wanted: &str, etag: &str) -> bool {
    wanted == "*" || wanted.trim_matches('"') == etag.trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn every_combination_has_the_answer_of_the_service() {
        use BlobError::{BlobAlreadyExists, BlobNotFound, ConditionNotMet, NotModified};
        use Intent::{Change, Read, Replace};
        let there = Some(("\"0x1\"", datetime!(2026-11-21 07:00:00.5 UTC)));
        let on = |if_match: Option<&str>, if_none_match: Option<&str>| Conditions {
            if_match: if_match.map(str::to_owned),
            if_none_match: if_none_match.map(str::to_owned),
            ..Conditions::default()
        };
        let since = |modified: Option<OffsetDateTime>, unmodified: Option<OffsetDateTime>| Conditions {
            if_modified_since: modified,
            if_unmodified_since: unmodified,
            ..Conditions::default()
        };
        let (same, before) = (datetime!(2026-11-21 07:00 UTC), datetime!(2026-11-21 06:59:59 UTC));
        let cases = [
            (on(None, None), there, Replace, Ok(())),
            (on(None, None), None, Replace, Ok(())),
            (on(None, None), None, Read, Err(BlobNotFound)),
            (on(None, None), None, Change, Err(BlobNotFound)),
            (on(Some("\"0x1\""), None), there, Replace, Ok(())),
            (on(Some("0x1"), None), there, Replace, Ok(())),
            (on(Some("\"0x2\", \"0x1\""), None), there, Replace, Ok(())),
            (on(Some("*"), None), there, Change, Ok(())),
            (on(Some("\"0x2\""), None), there, Replace, Err(ConditionNotMet)),
            (on(Some("\"0x2\""), None), there, Read, Err(ConditionNotMet)),
            (on(Some("\"0x1\""), None), None, Replace, Err(ConditionNotMet)),
            (on(Some("*"), None), None, Replace, Err(ConditionNotMet)),
            (on(Some("\"0x1\""), None), None, Change, Err(BlobNotFound)),
            (on(None, Some("*")), None, Replace, Ok(())),
            (on(None, Some("*")), there, Replace, Err(BlobAlreadyExists)),
            (on(None, Some("*")), there, Change, Err(ConditionNotMet)),
            (on(None, Some("\"0x1\"")), there, Replace, Err(ConditionNotMet)),
            (on(None, Some("\"0x1\"")), there, Read, Err(NotModified)),
            (on(None, Some("\"0x2\"")), there, Read, Ok(())),
            (since(Some(same), None), there, Read, Err(NotModified)),
            (since(Some(before), None), there, Read, Ok(())),
            (since(Some(same), None), there, Change, Err(ConditionNotMet)),
            (since(None, Some(before)), there, Replace, Err(ConditionNotMet)),
            (since(None, Some(same)), there, Replace, Ok(())),
        ];
        for (conditions, current, intent, expected) in cases {
            assert_eq!(conditions.check(current, intent), expected, "{conditions:?} {current:?} {intent:?}");
        }
    }
}
