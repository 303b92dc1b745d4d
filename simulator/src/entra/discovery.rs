//! What clients ask before they ask for a token: the metadata of a tenant, its keys, and whether the host is one to trust.

use serde_json::{Value, json};

/// Which generation of the endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    V1,
    V2,
}

impl Generation {
    fn path(self) -> &'static str {
        match self {
            Self::V1 => "",
            Self::V2 => "/v2.0",
        }
    }

    /// Where tokens of a tenant are given out.
    pub(super) fn token_endpoint(self, host: &str, tenant: &str) -> String {
        format!("https://{host}/{tenant}/oauth2{}/token", self.path())
    }

    /// Who a tenant's tokens of this generation are from.
    pub(super) fn issuer(self, host: &str, tenant: &str) -> String {
        match self {
            Self::V1 => format!("https://sts.windows.net/{tenant}/"),
            Self::V2 => format!("https://{host}/{tenant}/v2.0"),
        }
    }
}

/// The OpenID configuration of a tenant, reduced to what an application without people needs.
pub(super) fn configuration(generation: Generation, host: &str, tenant: &str) -> Value {
    let path = generation.path();
    // Tenants in general have a placeholder in place of theirs.
    let issuer = if is_general(tenant) { "{tenantid}" } else { tenant };
    json!({
        "token_endpoint": generation.token_endpoint(host, tenant),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("https://{host}/{tenant}/discovery{path}/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": generation.issuer(host, issuer),
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("https://{host}/{tenant}/oauth2{path}/authorize"),
        "device_authorization_endpoint": format!("https://{host}/{tenant}/oauth2{path}/devicecode"),
        "end_session_endpoint": format!("https://{host}/{tenant}/oauth2{path}/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "ver", "tid"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": host
    })
}

/// The answer to who asks whether a host is an instance of the cloud.
pub(super) fn instance(host: &str, tenant: &str) -> Value {
    json!({
        "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }]
    })
}

/// Names that stand for whatever tenant one is of.
pub(super) fn is_general(tenant: &str) -> bool {
    ["common", "organizations"].iter().any(|name| name.eq_ignore_ascii_case(tenant))
}
