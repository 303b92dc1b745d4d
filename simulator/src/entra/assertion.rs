//! The signed statement with which an application shows that it holds the key of its certificate (Microsoft documentation,
//! "Microsoft identity platform application authentication certificate credentials").

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use time::OffsetDateTime;

use super::{Application, refusal::Refusal};

/// The one type of assertion.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far the clocks of client and service may be apart, in seconds (the service allows five minutes).
const SKEW: f64 = 300.0;

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    /// A number as JWT has it (RFC 7519, `NumericDate`): MSAL for Python writes fractions of a second.
    exp: f64,
    nbf: Option<f64>,
}

/// Checks an assertion of an application against its certificates; `audiences` are the names of the endpoint.
pub(super) fn check(
    assertion: &str,
    application: &Application,
    audiences: &[String],
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let malformed = Refusal::malformed_assertion;
    let client = &application.principal.client_id;
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let (header, claims) =
        (read::<Header>(header).ok_or_else(malformed)?, read::<Claims>(claims).ok_or_else(malformed)?);
    let signature = plain(signature).ok_or_else(malformed)?;
    let named = header.x5t_s256.or(header.x5t).ok_or_else(malformed)?;
    let named = named.trim_end_matches('=');
    let mut known = application.certificates().iter();
    let certificate = known
        .find(|one| one.thumbprints.iter().any(|thumbprint| thumbprint == named))
        .ok_or_else(|| Refusal::unknown_key(named, client))?;
    let algorithm = match header.alg.as_str() {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        _ => return Err(malformed()),
    };
    let key = UnparsedPublicKey::new(algorithm, &certificate.public_key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| Refusal::wrong_signature())?;
    if [&claims.iss, &claims.sub].iter().any(|claim| !claim.eq_ignore_ascii_case(client)) {
        return Err(Refusal::wrong_issuer());
    }
    let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
    if !audiences.iter().any(|audience| bare(audience) == bare(&claims.aud)) {
        return Err(Refusal::wrong_audience());
    }
    let now = now.unix_timestamp() as f64;
    if claims.exp + SKEW <= now || claims.nbf.is_some_and(|from| from - SKEW > now) {
        return Err(Refusal::not_in_time());
    }
    Ok(())
}

fn plain(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&plain(part)?).ok()
}
