//! HTTP requests that are not forwarded: the request as an object, and its query, its route and its body as binding data.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;

use super::{
    super::{
        encoding::wire,
        newtonsoft::{Json, Members, read},
        package::Function,
    },
    body, leaking,
};

/// An HTTP request, as it came.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct HttpRequest {
    pub(in super::super) url: String,
    pub(in super::super) method: String,
    pub(in super::super) query: Vec<(String, String)>,
    /// In the order and spelling of the server: see `headers`.
    pub(in super::super) headers: Vec<(String, String)>,
    pub(in super::super) parameters: Vec<(String, String)>,
    /// None where it is empty, and where the client sent it in chunks.
    pub(in super::super) body: Option<Vec<u8>>,
    /// The key that it was sent with, if one is asked for.
    pub(in super::super) has_key: bool,
}

/// The query's own names that are no binding data.
const KEY: &str = "code";

pub(in super::super) fn http(function: &Function, request: HttpRequest, now: OffsetDateTime) -> String {
    let is_octets = header(&request, "content-type").is_some_and(|kind| kind.starts_with("application/octet-stream"));
    let text = request.body.as_ref().map(|body| match is_octets {
        true => STANDARD.encode(body),
        false => String::from_utf8_lossy(body).into_owned(),
    });
    let mut metadata = Members::default();
    if let Some(body) = text.as_deref().filter(|_| !is_octets).and_then(|text| read(text).ok()) {
        leaking(body).into_iter().for_each(|(name, value)| metadata.set_key(&name, value));
    }
    let query = request.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(KEY));
    for (name, value) in query.chain(&request.parameters) {
        metadata.set_key(name, wire(Json::text(value.as_str())));
    }
    // Of a name that comes twice the metadata have the last value, and the data all.
    let mut last = Members::default();
    request.query.iter().for_each(|(name, value)| last.set(name.as_str(), Json::text(value.as_str())));
    metadata.set_key("Query", Json::Object(last));
    metadata.set_key("Headers", Json::object(texts(&request.headers)));
    let lists =
        request.headers.iter().map(|(name, value)| (name.as_str(), Json::List(vec![Json::text(value.as_str())])));
    let mut data: Members = [
        ("Url", Json::text(request.url.as_str())),
        ("Method", Json::text(request.method.as_str())),
        ("Query", Json::object(texts(&joined(&request.query)))),
        ("Headers", Json::object(lists)),
        ("Params", Json::object(texts(&request.parameters))),
        ("Identities", Json::List(vec![identity(request.has_key)])),
    ]
    .into_iter()
    .collect();
    if let Some(text) = text {
        data.set("Body", Json::Text(text));
    }
    body(function, Json::Object(data), metadata, Members::default(), now)
}

/// A query in which the values of one name stand together, between commas.
pub(in super::super) fn joined(query: &[(String, String)]) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (name, value) in query {
        match joined.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = format!("{known},{value}"),
            None => joined.push((name.clone(), value.clone())),
        }
    }
    joined
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn texts(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, Json)> {
    pairs.iter().map(|(name, value)| (name.as_str(), Json::text(value.as_str())))
}

/// Who asks: nobody in particular, or whoever has the key.
fn identity(has_key: bool) -> Json {
    let claim = |kind: &str, value: &str| {
        Json::object([
            ("Issuer", Json::text("LOCAL AUTHORITY")),
            ("OriginalIssuer", Json::text("LOCAL AUTHORITY")),
            ("Properties", Json::Object(Members::default())),
            ("Type", Json::Text(format!("http://schemas.microsoft.com/2017/07/functions/claims/{kind}"))),
            ("Value", Json::text(value)),
            ("ValueType", Json::text("http://www.w3.org/2001/XMLSchema#string")),
        ])
    };
    let claims = [("authlevel", "Function"), ("invoke", "true"), ("keyid", "default")];
    let claims = claims.into_iter().filter(|_| has_key).map(|(kind, value)| claim(kind, value)).collect();
    Json::object([
        ("AuthenticationType", if has_key { Json::text("WebJobsAuthLevel") } else { Json::Null }),
        ("IsAuthenticated", Json::Bool(has_key)),
        ("Actor", Json::Null),
        ("BootstrapContext", Json::Null),
        ("Claims", Json::List(claims)),
        ("Label", Json::Null),
        ("Name", Json::Null),
        ("NameClaimType", Json::text("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name")),
        ("RoleClaimType", Json::text("http://schemas.microsoft.com/ws/2008/06/identity/claims/role")),
    ])
}
