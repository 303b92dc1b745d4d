//! An application that logs in, with a secret and with a certificate, and everything that can be wrong with that.

use super::*;
use crate::{entra::ClientCertificate, identity::Principal};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding},
};
use axum::{body::Body, http::Request};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const HOST: &str = "localhost:4405";
const MANAGEMENT: &str = "https://management.azure.com/";
const NEW: &str = "oauth2/v2.0/token";

struct Directory {
    entra: Entra,
    client: String,
    certificate: ClientCertificate,
}

fn directory() -> Directory {
    let certificate = ClientCertificate::new("tests", OffsetDateTime::now_utc()).unwrap();
    let principal = Principal::random();
    let client = principal.client_id.clone();
    let application = Application::new(principal).with_secret("s3cret&+").with_certificate(certificate.clone());
    let entra = Entra::new(Tokens::new(TENANT).unwrap(), vec![application], &[MANAGEMENT]);
    Directory { entra, client, certificate }
}

impl Directory {
    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.entra.router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Request::get(path).header("host", HOST).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = Request::post(format!("/{path}")).header("host", HOST);
        let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    /// What is asked with a secret.
    fn with_secret(&self) -> Vec<(&str, &str)> {
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client),
            ("client_secret", "s3cret&+"),
            ("scope", "https://management.azure.com//.default"),
        ]
    }

    fn claims(&self) -> Value {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let endpoint = format!("https://{HOST}/{TENANT}/{NEW}");
        json!({ "aud": endpoint, "iss": self.client, "sub": self.client, "exp": now as f64 + 600.25, "nbf": now, "jti": "1" })
    }

    /// A signed assertion.
    fn assertion(&self, header: &Value, claims: &Value) -> String {
        let algorithm: &'static dyn RsaEncoding =
            if header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
        let key: String = self.certificate.pem.lines().skip(1).take_while(|line| !line.starts_with('-')).collect();
        let key = KeyPair::from_pkcs8(&STANDARD.decode(key).unwrap()).unwrap();
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(algorithm, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    async fn assert(&self, header: &Value, claims: &Value) -> (u16, Value) {
        let assertion = self.assertion(header, claims);
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client.as_str()),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", &assertion),
            ("scope", "https://management.azure.com/.default"),
        ];
        self.post(&format!("{TENANT}/{NEW}"), &pairs).await
    }

    fn opens(&self, token: &Value) -> Caller {
        let header = format!("Bearer {}", token["access_token"].as_str().unwrap());
        self.entra.tokens.check(Some(&header), &[MANAGEMENT.to_owned()], OffsetDateTime::now_utc()).unwrap()
    }
}

#[tokio::test]
async fn a_secret_opens_what_was_asked_for_at_either_endpoint() {
    let directory = directory();
    let (status, token) = directory.post(&format!("{TENANT}/{NEW}"), &directory.with_secret()).await;
    assert_eq!((status, &token["expires_in"], &token["token_type"]), (200, &json!(3599), &json!("Bearer")), "{token}");
    assert_eq!(directory.opens(&token).principal.client_id, directory.client);
    let mut older = directory.with_secret();
    older.pop();
    older.push(("resource", MANAGEMENT));
    let (status, token) = directory.post(&format!("{TENANT}/oauth2/token"), &older).await;
    assert_eq!(
        (status, &token["expires_in"], &token["resource"]),
        (200, &json!("3599"), &json!(MANAGEMENT)),
        "{token}"
    );
    assert!(!directory.opens(&token).is_person);
    let words = STANDARD.encode(format!("{}:s3cret%26%2B", directory.client));
    let request = Request::post(format!("/{TENANT}/oauth2/token")).header("authorization", format!("Basic {words}"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let body = Body::from(format!("grant_type=client_credentials&resource={MANAGEMENT}"));
    assert_eq!(directory.send(request.body(body).unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_certificate_opens_as_well_however_it_is_named_and_signed() {
    let directory = directory();
    let [sha1, sha256] = directory.certificate.thumbprints.clone();
    for algorithm in ["RS256", "PS256"] {
        for (name, thumbprint) in [("x5t", sha1.clone()), ("x5t", format!("{sha1}=")), ("x5t#S256", sha256.clone())] {
            let header = json!({ "alg": algorithm, "typ": "JWT", name: thumbprint });
            let (status, token) = directory.assert(&header, &directory.claims()).await;
            assert_eq!(status, 200, "{header}: {token}");
            assert_eq!(directory.opens(&token).tenant_id, TENANT);
        }
    }
}

#[tokio::test]
async fn an_assertion_that_does_not_prove_it_is_refused_with_its_number() {
    let directory = directory();
    let good = json!({ "alg": "RS256", "x5t": directory.certificate.thumbprints[0] });
    let changed = |name: &str, value: Value| {
        let mut claims = directory.claims();
        claims[name] = value;
        claims
    };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for (header, claims, number) in [
        (json!({ "alg": "RS256", "x5t": "bm9ib2R5" }), directory.claims(), 700_027),
        (json!({ "alg": "HS256", "x5t": good["x5t"] }), directory.claims(), 50_027),
        (json!({ "alg": "RS256" }), directory.claims(), 50_027),
        (good.clone(), changed("exp", json!(now - 301)), 700_024),
        (good.clone(), changed("nbf", json!(now + 400)), 700_024),
        (good.clone(), changed("aud", json!("https://login.microsoftonline.com/common/oauth2/v2.0/token")), 700_023),
        (good.clone(), changed("sub", json!("somebody")), 700_021),
        (good.clone(), changed("iss", json!("somebody")), 700_021),
    ] {
        let (_, body) = directory.assert(&header, &claims).await;
        assert_eq!(body["error_codes"], json!([number]), "{header} {claims}: {body}");
    }
    let forged = super::super::ClientCertificate::new("forged", OffsetDateTime::now_utc()).unwrap();
    let mut other = Directory { certificate: forged, ..directory };
    let (_, body) = other.assert(&good, &other.claims()).await;
    assert_eq!(body["error_codes"], json!([700_027]), "{body}");
    other.client = "nobody".to_owned();
    let (_, body) = other.assert(&good, &other.claims()).await;
    assert_eq!(body["error_codes"], json!([700_016]), "{body}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_number() {
    let directory = directory();
    let ours = format!("{TENANT}/{NEW}");
    let older = format!("{TENANT}/oauth2/token");
    let foreign = format!("00000000-0000-0000-0000-000000000001/{NEW}");
    for (path, parameter, value, status, error, number) in [
        (&ours, "grant_type", "", 400, "invalid_request", 900_144),
        (&ours, "grant_type", "password", 400, "unsupported_grant_type", 70_003),
        (&ours, "client_id", "", 400, "invalid_request", 900_144),
        (&ours, "client_id", "nobody", 400, "unauthorized_client", 700_016),
        (&ours, "client_secret", "wrong", 401, "invalid_client", 7_000_215),
        (&ours, "client_secret", "", 401, "invalid_client", 7_000_216),
        (&ours, "scope", "", 400, "invalid_request", 900_144),
        (&ours, "scope", "https://management.azure.com/user_impersonation", 400, "invalid_scope", 1_002_012),
        (&ours, "scope", "https://graph.microsoft.com/.default", 400, "invalid_resource", 500_011),
        (&older, "scope", "https://management.azure.com/.default", 400, "invalid_request", 900_144),
        (&foreign, "scope", "https://management.azure.com/.default", 400, "invalid_request", 90_002),
    ] {
        let mut pairs = directory.with_secret();
        pairs.retain(|(name, _)| *name != parameter);
        pairs.push((parameter, value));
        let (found, body) = directory.post(path, &pairs).await;
        assert_eq!((found, body["error"].as_str()), (status, Some(error)), "{parameter}={value}: {body}");
        assert_eq!(body["error_codes"], json!([number]), "{parameter}={value}");
        let words = body["error_description"].as_str().unwrap();
        assert!(words.starts_with(&format!("AADSTS{number}: ")) && words.contains("Trace ID"), "{words}");
    }
    assert_eq!(directory.get(&format!("/{ours}")).await.1["error_codes"], json!([900_561]));
}

#[tokio::test]
async fn what_clients_discover_leads_to_the_token() {
    let directory = directory();
    let asked = format!("https://{HOST}/{TENANT}/oauth2/v2.0/authorize");
    let (_, found) =
        directory.get(&format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={asked}")).await;
    let place = found["tenant_discovery_endpoint"].as_str().unwrap();
    let (_, configuration) = directory.get(place.strip_prefix(&format!("https://{HOST}")).unwrap()).await;
    assert_eq!(configuration["issuer"], format!("https://{HOST}/{TENANT}/v2.0"));
    let place = configuration["token_endpoint"].as_str().unwrap().strip_prefix(&format!("https://{HOST}/")).unwrap();
    assert_eq!(directory.post(place, &directory.with_secret()).await.0, 200);
    let keys = configuration["jwks_uri"].as_str().unwrap();
    assert_eq!(directory.get(keys.strip_prefix(&format!("https://{HOST}")).unwrap()).await.0, 200);
    let (_, older) = directory.get(&format!("/{TENANT}/.well-known/openid-configuration")).await;
    assert_eq!(older["issuer"], format!("https://sts.windows.net/{TENANT}/"));
    let other = "https://login.example/common/oauth2/v2.0/authorize";
    let (status, body) = directory.get(&format!("/common/discovery/instance?authorization_endpoint={other}")).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_instance")));
    let (status, body) = directory.get("/contoso.example/v2.0/.well-known/openid-configuration").await;
    assert_eq!((status, &body["error_codes"]), (400, &json!([90_002])));
}
