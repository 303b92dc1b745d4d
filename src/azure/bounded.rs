//! No answer is read without an end: what has more bytes than any service has cause to send is left where it is, before it fills
//! the memory of the process. It stands below all clients, and counts what is unpacked, not what was sent.

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use futures::StreamExt;

/// Most bytes of an answer. A part of a blob may have as many; a page of a list has far fewer.
pub const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// A client whose answers end.
#[derive(Debug)]
pub(super) struct Bounded<C>(pub(super) C);

#[async_trait]
impl<C: HttpClient> HttpClient for Bounded<C> {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let (status, headers, body) = self.0.execute_request(request).await?.deconstruct();
        let mut left = LARGEST_ANSWER;
        let body = body.map(move |part| {
            let part = part?;
            left = left.checked_sub(part.len()).ok_or_else(too_large)?;
            Ok(part)
        });
        Ok(AsyncRawResponse::new(status, headers, Box::pin(body)))
    }
}

fn too_large() -> Error {
    Error::with_message(
        ErrorKind::DataConversion,
        format!("the answer has more than {LARGEST_ANSWER} bytes and is not read"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use azure_core::Bytes;
    use azure_core::http::headers::Headers;
    use azure_core::http::{Method, StatusCode};

    const PART: usize = 1024 * 1024;

    /// A service that sends so many parts, all of them the same piece of memory.
    #[derive(Debug)]
    struct Sends(usize);

    #[async_trait]
    impl HttpClient for Sends {
        async fn execute_request(&self, _: &Request) -> azure_core::Result<AsyncRawResponse> {
            let part = Bytes::from_static(&[b'x'; PART]);
            let parts = futures::stream::iter(std::iter::repeat_n(part, self.0)).map(Ok);
            Ok(AsyncRawResponse::new(StatusCode::Ok, Headers::new(), Box::pin(parts)))
        }
    }

    #[tokio::test]
    async fn an_answer_of_the_most_bytes_is_read_and_a_larger_one_is_an_error_that_says_so() {
        let request = Request::new("https://localhost/".parse().unwrap(), Method::Get);
        let read =
            async |parts| Bounded(Sends(parts)).execute_request(&request).await.unwrap().into_body().collect().await;
        assert_eq!(read(LARGEST_ANSWER / PART).await.unwrap().len(), LARGEST_ANSWER);
        let error = read(usize::MAX).await.unwrap_err();
        assert!(error.to_string().contains("more than 67108864 bytes"), "{error}");
        assert!(!crate::azure::may_pass(&error), "the next one would be as large");
    }
}
