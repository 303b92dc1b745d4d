//! Redirects: the host's client follows them by itself, to this machine and within HTTP. Source: a recording of a 302 that ended
//! as success, and the public source of .NET's HTTP client.

use url::Url;

use super::{
    request::{Body, Request},
    response::Response,
};

pub(super) const MOST_REDIRECTS: usize = 50;

/// Where the answer sends this request, and as what; none if it is no redirect.
pub(super) fn redirected(request: &Request, port: u16, response: &Response) -> Option<(u16, Request)> {
    let keeps = match response.status {
        300..=302 => request.method != "POST",
        303 => matches!(request.method.as_str(), "GET" | "HEAD"),
        307 | 308 => true,
        _ => return None,
    };
    let here = Url::parse(&format!("http://127.0.0.1:{port}{}", request.target)).ok()?;
    let there = here.join(response.header("location")?).ok()?;
    if there.scheme() != "http" || !matches!(there.host_str(), Some("127.0.0.1" | "localhost")) {
        return None;
    }
    let mut next = request.clone();
    if !keeps {
        next.method = "GET".to_owned();
        next.body = Body::None;
    }
    let query = there.query().map(|query| format!("?{query}")).unwrap_or_default();
    next.target = format!("{}{query}", there.path());
    let port = there.port_or_known_default()?;
    for (name, value) in &mut next.headers {
        if name == "Host" {
            *value = format!("127.0.0.1:{port}");
        }
    }
    Some((port, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_redirect_is_followed_as_a_browser_would_and_only_here() {
        let cases = [
            (302, Some("/hello?a=1"), Some("GET /hello?a=1 of 7")),
            (303, Some("hello"), Some("GET /hello of 7")),
            (307, Some("http://localhost:8/x"), Some("POST /x of 8")),
            (302, Some("http://example.com/"), None),
            (302, Some("https://127.0.0.1/"), None),
            (302, None, None),
            (304, Some("/hello"), None),
            (200, Some("/hello"), None),
        ];
        for (status, location, expected) in cases {
            let headers = vec![("Host".to_owned(), "127.0.0.1:7".to_owned())];
            let body = Body::Chunked("{}".to_owned());
            let request = Request { method: "POST".to_owned(), target: "/f".to_owned(), headers, body };
            let headers = location.map(|place| ("Location".to_owned(), place.to_owned())).into_iter().collect();
            let (reason, body) = (String::new(), Bytes::new());
            let response = Response { status, reason, headers, body, keeps_connection: true };
            let found = redirected(&request, 7, &response);
            let found = found.map(|(port, next)| {
                assert_eq!(next.headers[0].1, format!("127.0.0.1:{port}"));
                assert_eq!(matches!(next.body, Body::None), next.method == "GET");
                format!("{} {} of {port}", next.method, next.target)
            });
            assert_eq!(found.as_deref(), expected, "{status} {location:?}");
        }
    }
}
