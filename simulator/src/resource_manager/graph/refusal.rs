//! How the service refuses: a code, a sentence that asks for the correlation id, and details that say what is wrong. Codes and
//! words of throttling, syntax, language and scopes are those of public logs (Azure/azure-cli-extensions issue 3325,
//! Azure/azure-powershell issue 13762, Azure/aztfexport issue 491, microsoft/ARI issue 255); the others are unverified.

use super::{
    super::{reply::Reply, request::Call},
    kql::Wrong,
};
use crate::estate::instant_text;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Why a query is refused.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    status: u16,
    code: &'static str,
    details: Vec<Value>,
}

const INVALID: &str = "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error \
                       before retrying.";

impl Told {
    pub(super) fn bad(code: &str, message: &str) -> Self {
        Self { status: 400, code: "BadRequest", details: vec![json!({ "code": code, "message": message })] }
    }

    pub(super) fn throttled() -> Self {
        let message = "Client application has been throttled and should not attempt to repeat the request until an amount of \
                       time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help.";
        Self { status: 429, code: "RateLimiting", details: vec![json!({ "code": "RateLimiting", "message": message })] }
    }

    pub(super) fn no_access() -> Self {
        let message = "Access is denied to the requested resource. The user might not have enough permission.";
        Self { status: 403, code: "AccessDenied", details: vec![json!({ "code": "AccessDenied", "message": message })] }
    }

    pub(super) fn no_subscription(given: &[String]) -> Self {
        let words = format!(
            "There must be at least one subscription that is eligible to contain resources. Given: '{}'.",
            given.join(",")
        );
        Self::bad("NoValidSubscriptionsInQueryRequest", &words)
    }

    pub(super) fn wrong(wrong: Wrong) -> Self {
        let mut told = Self::bad("InvalidQuery", INVALID);
        told.details.push(match wrong {
            Wrong::Syntax { line, column, token, expected } => json!({
                "code": "ParserFailure",
                "message": "ParserFailure",
                "line": line,
                "characterPositionInLine": column,
                "token": token,
                "expectedToken": expected
            }),
            Wrong::Language { token } => json!({
                "code": "InvalidQueryLanguage",
                "message": "InvalidQueryLanguage",
                "line": -1,
                "characterPositionInLine": -1,
                "token": token
            }),
            Wrong::Meaning(words) => json!({ "code": "SemanticError", "message": words }),
        });
        told
    }
}

/// The refusal as an answer.
pub(super) fn refused(told: &Told, call: &Call, now: OffsetDateTime) -> Reply {
    let message = format!(
        "Please provide below info when asking for support: timestamp = {}, correlationId = {}.",
        instant_text(now),
        call.correlation_id
    );
    let error = json!({ "code": told.code, "message": message, "details": told.details });
    Reply::with_status(told.status, json!({ "error": error }))
}
