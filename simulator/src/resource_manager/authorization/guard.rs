//! The guard before every call of an estate whose rights are enforced: the token's tenant first, then the right. What it
//! refuses it writes down, so that a demo can say that a call was made without one.

use super::{
    super::{error::ArmError, reply::Reply, request::Call, route::Route, world::World},
    needs::need,
    refusals,
    refused_call::RefusedCall,
};
use crate::{
    estate::ArmId,
    identity::Caller,
    rights::{Ask, Plane, Verdict},
};
use serde_json::json;
use time::OffsetDateTime;

impl World {
    /// Lets a call through, answers it in the service's stead, or refuses it.
    pub(crate) fn guard(
        &mut self,
        method: &str,
        route: &Route,
        call: &Call,
        now: OffsetDateTime,
    ) -> Result<Option<Reply>, ArmError> {
        let Some(caller) = call.identity.as_ref().filter(|_| self.estate.access.enforced) else { return Ok(None) };
        let at = ArmId::new(call.segments.join("/"));
        if let Some(tenant) = self.foreign_tenant(caller, &at) {
            return Err(refusals::wrong_tenant(caller, tenant));
        }
        let Some(need) = need(method, route) else { return Ok(None) };
        let ask = Ask { estate: &self.estate, caller, now };
        let may = |action: &str| ask.may(Plane::Control, action, &need.scope, None) == Verdict::Allowed;
        if need.or.iter().any(|action| may(action)) {
            return Ok(None);
        }
        let verdict = ask.may(Plane::Control, &need.action, &need.scope, None);
        if verdict == Verdict::Allowed {
            return Ok(None);
        }
        // Public report (azure-docs issue 110373): whoever holds something below the subscription only may read
        // definitions there, and gets an empty list of assignments instead of a refusal.
        let only_below = need.scope.subscription().is_some() && ask.stands_only_below(&need.scope);
        match route {
            Route::Assignments(_) if only_below => return Ok(Some(Reply::ok(json!({ "value": [] })))),
            Route::Definitions(_) | Route::Initiatives(_) | Route::Subscription(_) if only_below && method == "GET" => {
                return Ok(None);
            }
            _ => {}
        }
        Err(self.refuse(caller, &need.action, &need.scope, &verdict, now))
    }

    /// Refuses unless the caller may; for what a call needs beyond its own action.
    pub(crate) fn require(
        &mut self,
        call: &Call,
        action: &str,
        scope: &ArmId,
        now: OffsetDateTime,
    ) -> Result<(), ArmError> {
        let Some(caller) = call.identity.as_ref().filter(|_| self.estate.access.enforced) else { return Ok(()) };
        let verdict = Ask { estate: &self.estate, caller, now }.may(Plane::Control, action, scope, None);
        if verdict == Verdict::Allowed { Ok(()) } else { Err(self.refuse(caller, action, scope, &verdict, now)) }
    }

    /// The refusal, written down.
    pub(crate) fn refuse(
        &mut self,
        caller: &Caller,
        action: &str,
        scope: &ArmId,
        verdict: &Verdict,
        now: OffsetDateTime,
    ) -> ArmError {
        self.note_refusal(caller, action, scope, now);
        refusals::refused(caller, action, scope, verdict)
    }

    pub(crate) fn note_refusal(&mut self, caller: &Caller, action: &str, scope: &ArmId, now: OffsetDateTime) {
        let (caller, action) = (caller.principal.object_id.clone(), action.to_owned());
        self.refused.push(RefusedCall { at: now, caller, action, scope: scope.clone() });
    }

    /// Whether a caller sees a subscription in its lists.
    pub(crate) fn sees(&self, call: &Call, scope: &ArmId, now: OffsetDateTime) -> bool {
        let Some(caller) = call.identity.as_ref().filter(|_| self.estate.access.enforced) else { return true };
        self.foreign_tenant(caller, scope).is_none() && Ask { estate: &self.estate, caller, now }.has_foothold(scope)
    }

    /// The tenant of the subscription that a call is about, when the caller's neither owns nor manages it.
    fn foreign_tenant(&self, caller: &Caller, at: &ArmId) -> Option<&str> {
        let subscription = self.estate.subscription(at.subscription()?)?;
        let is_own = |tenant: &str| tenant.eq_ignore_ascii_case(&caller.tenant_id);
        let is_managed = subscription.managed_by.iter().any(|tenant| is_own(tenant));
        (!is_own(&subscription.tenant) && !is_managed).then_some(subscription.tenant.as_str())
    }
}
