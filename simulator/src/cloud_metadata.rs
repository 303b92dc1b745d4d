//! What Resource Manager tells of its cloud to whoever asks, without a token: `/metadata/endpoints`, from which `az cloud register`
//! and other clients learn where to log in and for which audience. Where people log in is here, the rest is the cloud's own.
//! Shapes: the public clouds' own answers; of each version's members those that clients read.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::{Cloud, refusal, tls::Response};

/// The path.
pub(crate) const PATH: &str = "/metadata/endpoints";
/// Versions that answer with a list of clouds.
const LISTS: [&str; 3] = ["2018-05-01", "2019-05-01", "2020-06-01"];
const FIRST: &str = "2015-01-01";
const ONE: &str = "2022-09-01";

/// The answer's maker.
#[derive(Debug, Clone)]
struct Metadata {
    cloud: Cloud,
    /// Where to log in.
    login: String,
}

/// The protocol, for a cloud whose people log in at this address.
pub(crate) fn router(cloud: Cloud, login: String) -> Router {
    Router::new().route(PATH, get(answer)).with_state(Metadata { cloud, login })
}

async fn answer(
    State(metadata): State<Metadata>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("localhost");
    let version =
        query.iter().find(|(name, _)| name.eq_ignore_ascii_case("api-version")).map(|(_, value)| value.as_str());
    match version {
        Some(FIRST) => Json(metadata.first(host)).into_response(),
        Some(ONE) => Json(metadata.whole(host)).into_response(),
        Some(version) if LISTS.contains(&version) => Json(json!([metadata.whole(host)])).into_response(),
        Some(version) => {
            let known = [[FIRST].as_slice(), &LISTS, &[ONE]].concat().join(",");
            let words = format!("The api-version '{version}' is invalid. The supported versions are '{known}'.");
            refusal::resource_manager(400, "InvalidApiVersionParameter", &words)
        }
        None => {
            let words = "The api-version query parameter (?api-version=) is required for all requests.";
            refusal::resource_manager(400, "MissingApiVersionParameter", words)
        }
    }
}

impl Metadata {
    fn audiences(&self) -> Vec<String> {
        self.cloud.resource_manager_audiences().iter().map(|audience| format!("{audience}/")).collect()
    }

    fn first(&self, host: &str) -> Value {
        json!({
            "galleryEndpoint": format!("https://{host}/"),
            "graphEndpoint": "https://graph.windows.net/",
            "portalEndpoint": format!("https://{host}/"),
            "authentication": { "loginEndpoint": self.login, "audiences": self.audiences() }
        })
    }

    fn whole(&self, host: &str) -> Value {
        json!({
            "portal": format!("https://{host}"),
            "authentication": {
                "loginEndpoint": self.login,
                "audiences": self.audiences(),
                "tenant": "common",
                "identityProvider": "AAD"
            },
            "graphAudience": "https://graph.windows.net/",
            "graph": "https://graph.windows.net/",
            "name": self.cloud.name(),
            "suffixes": { "storage": self.cloud.storage_suffix() },
            "resourceManager": format!("https://{host}/"),
            "gallery": format!("https://{host}/")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn ask(cloud: Cloud, query: &str) -> (u16, Value) {
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "localhost:4400".parse().unwrap());
        let metadata = Metadata { cloud, login: "https://localhost:4405".to_owned() };
        let response = answer(State(metadata), headers, Query(query)).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn each_version_has_its_shape_and_each_cloud_its_audiences() {
        for cloud in Cloud::ALL {
            let audience = format!("{}/", cloud.resource_manager_audiences()[0]);
            let (_, one) = ask(cloud, "api-version=2022-09-01").await;
            assert_eq!(one["authentication"]["audiences"][0], audience.as_str());
            assert_eq!(one["authentication"]["loginEndpoint"], "https://localhost:4405");
            assert_eq!(one["resourceManager"], "https://localhost:4400/");
            assert_eq!(one["name"], cloud.name());
            let (_, list) = ask(cloud, "Api-Version=2019-05-01").await;
            assert_eq!(list, json!([one]));
            let (_, first) = ask(cloud, "api-version=2015-01-01").await;
            assert_eq!(first["authentication"]["audiences"][0], audience.as_str());
        }
    }

    #[tokio::test]
    async fn a_version_that_it_never_had_is_refused() {
        for (query, code) in
            [("api-version=2021-01-01", "InvalidApiVersionParameter"), ("", "MissingApiVersionParameter")]
        {
            let (status, body) = ask(Cloud::Public, query).await;
            assert_eq!((status, body["error"]["code"].as_str()), (400, Some(code)));
        }
    }
}
