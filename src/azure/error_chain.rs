//! An error with all its causes on one line, as it goes into the log and into reasons. Addresses of calls stay out: their
//! queries may carry a signature, and nothing that the log promises would hold.

use std::error::Error;

/// How `reqwest` appends the address to its own words.
const ADDRESS: &str = " for url (";

/// The error's words and those of its error_chain, separated by colons.
#[must_use]
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |&error| error.source());
    all.map(|error| without_address(error.to_string())).collect::<Vec<_>>().join(": ")
}

/// The words up to the address. All behind it goes too: an address may hold the bracket that ends it.
fn without_address(mut words: String) -> String {
    if let Some(at) = words.find(ADDRESS) {
        words.truncate(at);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_causes_are_told_without_the_address_of_the_call() {
        let client = crate::azure::http_client(None).unwrap();
        let error = client.get("ftp://host/target.json?sig=(secret)&se=2026").send().await.unwrap_err();
        assert!(error.to_string().contains("secret"), "the library tells it: {error}");
        let error = azure_core::Error::with_error(azure_core::error::ErrorKind::Io, error, "the blob cannot be read");
        let words = error_chain(&error);
        assert!(words.starts_with("the blob cannot be read: builder error: "), "{words}");
        assert!(!words.contains("secret") && !words.contains("target.json") && !words.contains('\n'), "{words}");
    }

    #[test]
    fn an_error_without_causes_is_its_own_words() {
        assert_eq!(error_chain(&std::fmt::Error), std::fmt::Error.to_string());
    }
}
