//! The mark at the document of an assignment that one of its breakers is open: it is found without a look into the document.

use std::collections::HashMap;

use remediation::document::FleetDocument;

/// The name in the metadata.
pub(super) const OPEN: &str = "breaker";

/// What the metadata of the blob tell, so that it need not be read.
pub(super) fn metadata(document: &FleetDocument) -> Option<HashMap<String, String>> {
    document.has_open_breaker().then(|| HashMap::from([(OPEN.to_owned(), "open".to_owned())]))
}
