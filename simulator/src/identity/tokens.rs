//! Tokens of the shape of Entra ID's: JWTs, signed with a key that is made at start, so that a forged, stale or
//! misdirected one is refused as in production. Pure but for the key: the time is an argument.

use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A service principal, as tokens name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its object id (claim `oid`): what role assignments name.
    pub object_id: String,
    /// Its application (client) id (claim `appid`).
    pub client_id: String,
}

/// Who made a request, out of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant that issued the token.
    pub tenant_id: String,
    /// Who it was issued to.
    pub principal: Principal,
    /// Whether that is a person.
    pub is_person: bool,
}

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// No `Authorization` header.
    #[error("the Authorization header is missing")]
    Missing,
    /// Not a bearer token, or not a JWT.
    #[error("the Authorization header holds no bearer token that can be read")]
    Malformed,
    /// Not issued here.
    #[error("the token's signature is not valid")]
    Signature,
    /// Past its end.
    #[error("the token has expired")]
    Expired,
    /// Good, but for another service.
    #[error("the token is for the audience {found}")]
    Audience {
        /// The audience it is for.
        found: String,
    },
}

/// What the claim `idtyp` says of applications and of people.
const APPLICATION: &str = "app";
const PERSON: &str = "user";

/// How long tokens live: as long as those of managed identities.
const LIFETIME: time::Duration = time::Duration::days(1);

/// Issues and checks tokens, those of one tenant if not told otherwise. Clones share the key.
#[derive(Clone)]
pub struct Tokens {
    tenant: Arc<str>,
    key: Arc<hmac::Key>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: String,
    idtyp: String,
    oid: String,
    sub: String,
    tid: String,
    uti: String,
    ver: String,
}

impl Tokens {
    /// Issues for a tenant.
    ///
    /// # Errors
    /// When the platform gives no random bytes.
    pub fn new(tenant: impl Into<String>) -> anyhow::Result<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new())
            .map_err(|_| anyhow::anyhow!("the platform gave no random bytes for the token key"))?;
        Ok(Self { tenant: tenant.into().into(), key: Arc::new(key) })
    }

    /// The tenant's id.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// A token for an application or managed identity of this tenant, and when it expires.
    pub fn issue(&self, principal: &Principal, audience: &str, now: OffsetDateTime) -> (String, OffsetDateTime) {
        let caller = Caller { tenant_id: self.tenant.to_string(), principal: principal.clone(), is_person: false };
        self.issue_to(&caller, audience, now)
    }

    /// A token for anyone, of any tenant, and when it expires.
    pub fn issue_to(&self, caller: &Caller, audience: &str, now: OffsetDateTime) -> (String, OffsetDateTime) {
        self.issue_for(caller, audience, now, LIFETIME)
    }

    /// The same with a lifetime of one's own.
    pub fn issue_for(
        &self,
        caller: &Caller,
        audience: &str,
        now: OffsetDateTime,
        lifetime: time::Duration,
    ) -> (String, OffsetDateTime) {
        let expires = now + lifetime;
        let Caller { tenant_id, principal, is_person } = caller;
        let claims = Claims {
            aud: audience.to_owned(),
            iss: format!("https://sts.windows.net/{tenant_id}/"),
            iat: now.unix_timestamp(),
            nbf: now.unix_timestamp(),
            exp: expires.unix_timestamp(),
            appid: principal.client_id.clone(),
            idtyp: if *is_person { PERSON } else { APPLICATION }.to_owned(),
            oid: principal.object_id.clone(),
            sub: principal.object_id.clone(),
            tid: tenant_id.clone(),
            uti: Uuid::new_v4().to_string(),
            ver: "1.0".to_owned(),
        };
        let header = URL_SAFE_NO_PAD.encode(br#"{"typ":"JWT","alg":"HS256"}"#);
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).expect("claims are plain strings and numbers"));
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, format!("{header}.{claims}").as_bytes()));
        (format!("{header}.{claims}.{signature}"), expires)
    }

    /// The id that only this token has (claim `uti`), unchecked: whoever keeps its token to itself is told apart by it.
    pub fn id(authorization: &str) -> Option<String> {
        let claims = authorization.rsplit(' ').next()?.split('.').nth(1)?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        Some(claims.uti)
    }

    /// Checks an `Authorization` header against the audiences that a service accepts; a trailing slash and letter case
    /// of the audience do not matter.
    ///
    /// # Errors
    /// [`TokenProblem`] says what is wrong.
    pub fn check(
        &self,
        authorization: Option<&str>,
        audiences: &[String],
        now: OffsetDateTime,
    ) -> Result<Caller, TokenProblem> {
        let (scheme, token) =
            authorization.ok_or(TokenProblem::Missing)?.split_once(' ').ok_or(TokenProblem::Malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenProblem::Malformed);
        }
        let (signed, signature) = token.trim().rsplit_once('.').ok_or(TokenProblem::Malformed)?;
        let (_, claims) = signed.split_once('.').ok_or(TokenProblem::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenProblem::Malformed)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenProblem::Malformed)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| TokenProblem::Malformed)?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).map_err(|_| TokenProblem::Signature)?;
        if claims.exp <= now.unix_timestamp() {
            return Err(TokenProblem::Expired);
        }
        let plain = |audience: &str| audience.trim_end_matches('/').to_ascii_lowercase();
        if !audiences.iter().any(|accepted| plain(accepted) == plain(&claims.aud)) {
            return Err(TokenProblem::Audience { found: claims.aud });
        }
        let principal = Principal { object_id: claims.oid, client_id: claims.appid };
        Ok(Caller { tenant_id: claims.tid, principal, is_person: claims.idtyp == PERSON })
    }
}

impl Principal {
    /// A principal with random ids.
    pub fn random() -> Self {
        Self { object_id: Uuid::new_v4().to_string(), client_id: Uuid::new_v4().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 07:00 UTC);

    #[test]
    fn a_token_opens_only_its_own_service_for_its_time() {
        let tokens = Tokens::new("tenant").unwrap();
        let principal = Principal::random();
        let (token, expires) = tokens.issue(&principal, "https://management.azure.com/", NOW);
        assert_eq!(expires, NOW + time::Duration::days(1));
        let header = format!("Bearer {token}");
        let management = ["https://management.azure.com".to_owned(), "https://management.core.windows.net".to_owned()];
        let caller = tokens.check(Some(&header), &management, NOW).unwrap();
        assert_eq!(caller, Caller { tenant_id: "tenant".into(), principal, is_person: false });
        let person = Caller { tenant_id: "customer".into(), principal: Principal::random(), is_person: true };
        let (token, _) = tokens.issue_to(&person, "https://management.azure.com/", NOW);
        assert_eq!(tokens.check(Some(&format!("Bearer {token}")), &management, NOW), Ok(person));

        let storage = ["https://storage.azure.com".to_owned()];
        let wrong = TokenProblem::Audience { found: "https://management.azure.com/".into() };
        let forged = Tokens::new("tenant").unwrap().issue(&Principal::random(), "https://storage.azure.com", NOW).0;
        let unsigned = header.rsplit_once('.').unwrap().0;
        let cases: [(Option<&str>, &[String], OffsetDateTime, TokenProblem); 7] = [
            (None, &management, NOW, TokenProblem::Missing),
            (Some("Bearer"), &management, NOW, TokenProblem::Malformed),
            (Some("SharedAccessSignature sr=x"), &management, NOW, TokenProblem::Malformed),
            (Some(&format!("{unsigned}.")), &management, NOW, TokenProblem::Signature),
            (Some(&format!("Bearer {forged}")), &storage, NOW, TokenProblem::Signature),
            (Some(&header), &management, expires, TokenProblem::Expired),
            (Some(&header), &storage, NOW, wrong),
        ];
        for (header, audiences, now, problem) in cases {
            assert_eq!(tokens.check(header, audiences, now), Err(problem));
        }
    }

    #[test]
    fn each_token_has_an_id_of_its_own() {
        let tokens = Tokens::new("tenant").unwrap();
        let principal = Principal::random();
        let issue = || format!("Bearer {}", tokens.issue(&principal, "https://management.azure.com", NOW).0);
        let (first, second) = (issue(), issue());
        assert!(Tokens::id(&first).is_some_and(|id| !id.is_empty()));
        assert_eq!(Tokens::id(&first), Tokens::id(&first));
        assert_ne!(Tokens::id(&first), Tokens::id(&second));
        assert_eq!(Tokens::id("SharedAccessSignature sr=x"), None);
    }
}
