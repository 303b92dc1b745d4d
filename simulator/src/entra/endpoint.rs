//! The endpoints of Entra ID: they find out what was asked, and answer it for one tenant.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri, header},
    response::IntoResponse,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    Application, assertion,
    discovery::{self, Generation},
    form::Form,
    refusal::Refusal,
};
use crate::{
    identity::{Caller, Tokens},
    tls::Response,
};

/// How long an application's token lives.
const LIFETIME: Duration = Duration::seconds(3_599);

/// The directory of the home tenant, with those of its applications that can log in. Clones share it.
#[derive(Clone)]
pub struct Entra {
    tokens: Tokens,
    applications: Arc<[Application]>,
    /// Services that there are tokens for.
    resources: Arc<[String]>,
}

impl Entra {
    /// A directory with these applications, for tokens of these services.
    pub fn new(tokens: Tokens, applications: Vec<Application>, resources: &[&str]) -> Self {
        let resources = resources.iter().map(ToString::to_string).collect();
        Self { tokens, applications: applications.into(), resources }
    }

    /// The protocol.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    fn answer(&self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let Asked { method, segments, host, .. } = asked;
        let words: Vec<String> = segments.iter().skip(1).map(|segment| segment.to_lowercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let tenant = segments.first().copied().unwrap_or_default();
        let is_read = *method == Method::GET;
        match words.as_slice() {
            [".well-known", "openid-configuration"] if is_read => {
                self.known(tenant)?;
                Ok(discovery::configuration(Generation::V1, host, tenant))
            }
            ["v2.0", ".well-known", "openid-configuration"] if is_read => {
                self.known(tenant)?;
                Ok(discovery::configuration(Generation::V2, host, tenant))
            }
            // Tokens are opaque to whoever asks for them: the services here check them with a key of their own.
            ["discovery", "keys"] | ["discovery", "v2.0", "keys"] if is_read => Ok(json!({ "keys": [] })),
            ["discovery", "instance"] if is_read => self.instance(asked),
            ["oauth2", "token"] | ["oauth2", "v2.0", "token"] if is_read => Err(Refusal::only_by_post()),
            ["oauth2", "token"] if *method == Method::POST => self.token(Generation::V1, tenant, asked),
            ["oauth2", "v2.0", "token"] if *method == Method::POST => self.token(Generation::V2, tenant, asked),
            _ => Err(Refusal::nothing_here()),
        }
    }

    fn instance(&self, asked: &Asked<'_>) -> Result<Value, Refusal> {
        let named = url::form_urlencoded::parse(asked.query.as_bytes())
            .find(|(name, _)| name == "authorization_endpoint")
            .and_then(|(_, value)| url::Url::parse(&value).ok());
        let Some(named) = named else { return Err(Refusal::missing("authorization_endpoint")) };
        let tenant = named.path_segments().and_then(|mut path| path.next()).unwrap_or_default();
        if named.authority() != asked.host {
            return Err(Refusal::unknown_instance());
        }
        self.known(tenant)?;
        Ok(discovery::instance(asked.host, tenant))
    }

    fn known(&self, tenant: &str) -> Result<(), Refusal> {
        let is_ours = tenant.eq_ignore_ascii_case(self.tokens.tenant());
        if is_ours || discovery::is_general(tenant) { Ok(()) } else { Err(Refusal::unknown_tenant(tenant)) }
    }

    fn token(&self, generation: Generation, tenant: &str, asked: &Asked<'_>) -> Result<Value, Refusal> {
        self.known(tenant)?;
        let form = Form::read(asked.headers, asked.body);
        let need = |name: &str| form.get(name).ok_or_else(|| Refusal::missing(name));
        match need("grant_type")? {
            "client_credentials" => {}
            other => return Err(Refusal::unsupported_grant(other)),
        }
        let client = need("client_id")?;
        let mut known = self.applications.iter();
        let application = known
            .find(|one| one.principal.client_id.eq_ignore_ascii_case(client))
            .ok_or_else(|| Refusal::unknown_application(client, self.tokens.tenant()))?;
        let audiences = [Generation::V1, Generation::V2]
            .iter()
            .flat_map(|one| [one.token_endpoint(asked.host, tenant), one.issuer(asked.host, tenant)])
            .chain([format!("https://{}/{tenant}", asked.host)]);
        self.proven(application, &form, &audiences.collect::<Vec<_>>(), asked.now)?;
        let resource = match generation {
            Generation::V1 => need("resource")?,
            Generation::V2 => {
                let scope = need("scope")?;
                let wrong = || Refusal::wrong_scope(scope);
                scope.strip_suffix("/.default").filter(|one| !one.contains(' ')).ok_or_else(wrong)?
            }
        };
        let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
        if !self.resources.iter().any(|known| bare(known) == bare(resource)) {
            return Err(Refusal::unknown_resource(resource, self.tokens.tenant()));
        }
        Ok(self.issued(generation, application, resource, asked.now))
    }

    fn proven(
        &self,
        application: &Application,
        form: &Form,
        audiences: &[String],
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        if let Some(secret) = form.get("client_secret") {
            let wrong = || Refusal::wrong_secret(&application.principal.client_id);
            return application.has_secret(secret).then_some(()).ok_or_else(wrong);
        }
        let Some(said) = form.get("client_assertion") else { return Err(Refusal::no_credential()) };
        match form.get("client_assertion_type") {
            None => Err(Refusal::missing("client_assertion_type")),
            Some(assertion::TYPE) => assertion::check(said, application, audiences, now),
            Some(_) => Err(Refusal::wrong_assertion_type()),
        }
    }

    /// The older endpoint writes numbers as texts, and names the service.
    fn issued(&self, generation: Generation, application: &Application, resource: &str, now: OffsetDateTime) -> Value {
        let tenant_id = self.tokens.tenant().to_owned();
        let caller = Caller { tenant_id, principal: application.principal.clone(), is_person: false };
        let (token, expires) = self.tokens.issue_for(&caller, resource, now, LIFETIME);
        let lifetime = LIFETIME.whole_seconds();
        match generation {
            Generation::V1 => json!({
                "token_type": "Bearer",
                "expires_in": lifetime.to_string(),
                "ext_expires_in": lifetime.to_string(),
                "expires_on": expires.unix_timestamp().to_string(),
                "not_before": now.unix_timestamp().to_string(),
                "resource": resource,
                "access_token": token
            }),
            Generation::V2 => json!({
                "token_type": "Bearer",
                "expires_in": lifetime,
                "ext_expires_in": lifetime,
                "access_token": token
            }),
        }
    }
}

/// A request, taken apart.
struct Asked<'a> {
    method: &'a Method,
    segments: Vec<&'a str>,
    query: &'a str,
    host: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
    now: OffsetDateTime,
}

async fn answer(State(entra): State<Entra>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let now = OffsetDateTime::now_utc();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let asked = Asked {
        method: &method,
        segments: uri.path().split('/').filter(|segment| !segment.is_empty()).collect(),
        query: uri.query().unwrap_or_default(),
        host: host.unwrap_or("localhost"),
        headers: &headers,
        body: &body,
        now,
    };
    let mut response = match entra.answer(&asked) {
        Ok(body) => Json(body).into_response(),
        Err(refusal) => refusal.respond(now),
    };
    if method == Method::POST {
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store, no-cache"));
    }
    response
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
