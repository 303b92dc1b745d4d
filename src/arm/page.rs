//! Lists come in pages. The link to the next is an absolute address and is followed only on the host that was asked,
//! since the token travels with the call.

use serde::Deserialize;
use url::Url;

/// A page, in either of the two forms that Resource Manager uses.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(super) value: Vec<T>,
    #[serde(default, rename = "nextLink", alias = "@odata.nextLink")]
    pub(super) next_link: Option<String>,
}

impl<T> Page<T> {
    /// Where the next page is; none at the end.
    ///
    /// # Errors
    /// In words, when the link leads elsewhere than to `endpoint`.
    pub(super) fn next(&self, endpoint: &Url) -> Result<Option<Url>, String> {
        self.next_link.as_deref().filter(|link| !link.is_empty()).map(|link| follow(link, endpoint)).transpose()
    }
}

/// The address that a link to a further page, or to an operation that goes on, gives.
///
/// # Errors
/// In words, when the link leads elsewhere than to `endpoint`.
pub(super) fn follow(link: &str, endpoint: &Url) -> Result<Url, String> {
    let url = Url::parse(link).map_err(|e| format!("the link to the rest is no address: {e}"))?;
    if url.origin() != endpoint.origin() || !url.username().is_empty() {
        let host = url.host_str().unwrap_or("nowhere");
        return Err(format!("the link to the rest leads to {host}, not to the host that was asked"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(link: &str) -> Result<Option<Url>, String> {
        let page: Page<u8> = serde_json::from_str(link).unwrap();
        page.next(&Url::parse("https://management.azure.com").unwrap())
    }

    #[test]
    fn a_link_is_followed_on_the_same_host_only() {
        assert!(next(r#"{"value":[],"nextLink":"https://management.azure.com/x?$skiptoken=1"}"#).unwrap().is_some());
        assert!(next(r#"{"value":[],"@odata.nextLink":"https://MANAGEMENT.azure.com:443/x"}"#).unwrap().is_some());
        assert!(next(r#"{"value":[],"@odata.nextLink":null}"#).unwrap().is_none());
        assert!(next("{}").unwrap().is_none());
        for foreign in
            ["https://evil.example/x", "http://management.azure.com/x", "https://a@management.azure.com/x", "/x"]
        {
            assert!(next(&format!(r#"{{"nextLink":"{foreign}"}}"#)).is_err(), "{foreign}");
        }
    }
}
