//! Headers of answers that may be absent. The library's own `get_optional_str` makes an error of each that is, with a backtrace where
//! `RUST_BACKTRACE` is set: a dozen of them were a fifth of the instructions of a call.

use std::convert::Infallible;

use azure_core::http::headers::{HeaderName, Headers};

/// The header's value, where it is there.
pub fn header<'a>(headers: &'a Headers, name: &HeaderName) -> Option<&'a str> {
    headers.get_optional_with(name, |value| Ok::<_, Infallible>(value.as_str())).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_and_what_is_absent_is_none() {
        let mut headers = Headers::new();
        headers.insert("retry-after", "17");
        headers.insert("date", "");
        let told = |name: &'static str| header(&headers, &HeaderName::from_static(name));
        assert_eq!((told("retry-after"), told("date"), told("location")), (Some("17"), Some(""), None));
    }
}
