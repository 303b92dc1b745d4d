//! What a payload becomes, whichever way it came: an observation for the queue, nothing for a reason, or a rejected item.

use std::time::Duration;

use serde_json::Value;

use crate::id::ResourceId;
use crate::message::{Finding, Observation};
use crate::time::Timestamp;

use super::policy_event::{Malformed, Parsed, Relevance, from_the_future, read};

/// What one payload becomes.
#[derive(Debug)]
pub enum Taken {
    /// It is queued.
    Queued {
        /// What it saw.
        observation: Observation,
        /// Event Grid's id of it.
        event_id: String,
    },
    /// It needs nothing.
    Ignored {
        /// The word that stands in the log.
        reason: &'static str,
        /// Event Grid's id of it.
        event_id: String,
        /// The resource.
        resource: ResourceId,
    },
    /// An event of this type, which was subscribed to by mistake.
    Foreign(String),
    /// It cannot be handled, now or ever.
    Refused {
        /// Why.
        reason: Refusal,
        /// The payload as it came.
        payload: String,
    },
}

/// So many payloads of a message are rejected each by itself. A message may hold a hundred thousand that are none, and each would be
/// a blob and a line of the log.
const REFUSED_ALONE: usize = 16;

/// Why a payload is rejected.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Not JSON.
    #[error("the message is not JSON: {0}")]
    NoJson(String),
    /// A list without an event.
    #[error("the message is a list without an event")]
    Empty,
    /// No event, or one that lacks what a decision needs.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Seen later than now.
    #[error("{0}")]
    FromTheFuture(String),
    /// The last of very many.
    #[error("the message has {0} more events that cannot be handled; they are kept together")]
    More(usize),
}

/// What a message of Event Grid's becomes: its body is one event or a list, in either schema.
///
/// Source: Microsoft documentation, "Service Bus as an event handler for Azure Event Grid events".
#[must_use]
pub fn take_message(body: &str, tolerance: Duration, now: Timestamp) -> Vec<Taken> {
    let refused = |reason| vec![Taken::Refused { reason, payload: body.to_owned() }];
    match serde_json::from_str(body.trim_start_matches('\u{feff}')) {
        Err(error) => refused(Refusal::NoJson(error.to_string())),
        Ok(Value::Array(events)) if events.is_empty() => refused(Refusal::Empty),
        Ok(Value::Array(events)) => few_refused(events.iter().map(|event| take(event, tolerance, now))),
        Ok(event) => vec![take(&event, tolerance, now)],
    }
}

/// The same, with what is refused beyond the first as one.
fn few_refused(taken: impl Iterator<Item = Taken>) -> Vec<Taken> {
    let (mut all, mut alone, mut together) = (Vec::new(), 0, Vec::new());
    for one in taken {
        match one {
            Taken::Refused { payload, .. } if alone == REFUSED_ALONE => together.push(payload),
            Taken::Refused { .. } => {
                alone += 1;
                all.push(one);
            }
            Taken::Queued { .. } | Taken::Ignored { .. } | Taken::Foreign(_) => all.push(one),
        }
    }
    if !together.is_empty() {
        let (reason, payload) = (Refusal::More(together.len()), format!("[{}]", together.join(",")));
        all.push(Taken::Refused { reason, payload });
    }
    all
}

/// What one payload becomes. `tolerance` is how far clocks may differ; what would be ignored is not refused for its time.
#[must_use]
pub fn take(payload: &Value, tolerance: Duration, now: Timestamp) -> Taken {
    let refused = |reason| Taken::Refused { reason, payload: text(payload) };
    let event = match read(payload) {
        Ok(Parsed::Policy(event)) => *event,
        Ok(Parsed::Foreign(event_type)) => return Taken::Foreign(event_type),
        Err(malformed) => return refused(malformed.into()),
    };
    let seen = match event.relevance() {
        Relevance::NonCompliant => Finding::NonCompliant,
        Relevance::Compliant => Finding::Compliant,
        Relevance::Deleted => Finding::Deleted,
        Relevance::Ignored(reason) => {
            return Taken::Ignored { reason, event_id: event.id, resource: event.resource };
        }
    };
    if let Some(words) = from_the_future(event.observed_at, tolerance, now) {
        return refused(Refusal::FromTheFuture(words));
    }
    let observation = Observation::of_event(seen, event.resource, event.assignment, event.reference, event.observed_at);
    Taken::Queued { observation, event_id: event.id }
}

fn text(payload: &Value) -> String {
    payload.as_str().map_or_else(|| payload.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: Timestamp = datetime!(2026-03-27 18:40 UTC);

    fn event(id: &str, state: &str, at: &str) -> Value {
        let subscription = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322";
        json!({
            "id": id, "topic": subscription, "subject": format!("{subscription}/resourceGroups/RG"),
            "eventType": "Microsoft.PolicyInsights.PolicyStateChanged", "eventTime": at, "dataVersion": "1",
            "data": {
                "timestamp": at, "complianceState": state,
                "policyAssignmentId": format!("{subscription}/providers/Microsoft.Authorization/policyAssignments/A")
            }
        })
    }

    /// One word for each payload of the message.
    fn words(body: &str) -> Vec<&'static str> {
        let word = |taken| match taken {
            Taken::Queued { observation, .. } => observation.seen.as_str(),
            Taken::Ignored { reason, .. } => reason,
            Taken::Foreign(_) => "foreign",
            Taken::Refused { reason: Refusal::NoJson(_), .. } => "no JSON",
            Taken::Refused { reason: Refusal::Empty, .. } => "empty",
            Taken::Refused { reason: Refusal::Malformed(_), .. } => "malformed",
            Taken::Refused { reason: Refusal::FromTheFuture(_), .. } => "future",
            Taken::Refused { reason: Refusal::More(_), .. } => "more",
        };
        take_message(body, Duration::from_secs(300), NOW).into_iter().map(word).collect()
    }

    #[test]
    fn each_event_of_a_message_is_taken_by_itself() {
        let bad = event("1", "NonCompliant", "2026-03-27T18:37:42Z");
        let good = event("2", "Compliant", "2026-03-27T18:37:42Z");
        let later = event("3", "NonCompliant", "2026-03-27T18:46:00Z");
        let exempt = event("4", "Exempt", "2036-03-27T18:46:00Z");
        for (body, expected) in [
            (bad.to_string(), vec!["nonCompliant"]),
            (format!("\u{feff}{bad}"), vec!["nonCompliant"]),
            (format!(" [{bad},{good}] \n"), vec!["nonCompliant", "compliant"]),
            (json!([bad, 7, null, good]).to_string(), vec!["nonCompliant", "malformed", "malformed", "compliant"]),
            (json!([later, exempt]).to_string(), vec!["future", "exempt"]),
            (json!([[bad]]).to_string(), vec!["malformed"]),
            (
                json!({"id": "5", "subject": "s", "eventType": "Microsoft.EventGrid.Other", "data": {}}).to_string(),
                vec!["foreign"],
            ),
            ("[]".to_owned(), vec!["empty"]),
            (String::new(), vec!["no JSON"]),
            (format!("{bad} x"), vec!["no JSON"]),
            ("[".repeat(4096), vec!["no JSON"]),
            ("\"text\"".to_owned(), vec!["malformed"]),
        ] {
            assert_eq!(words(&body), expected, "{body:.80}");
        }
    }

    #[test]
    fn very_many_refused_events_are_few_rejected_items_and_none_is_lost() {
        let good = event("1", "NonCompliant", "2026-03-27T18:37:42Z");
        for bad in [15, 16, 17, 100_000] {
            let body = format!("[{}{good}]", "7,".repeat(bad));
            let taken = take_message(&body, Duration::ZERO, NOW);
            let refused = |taken: &Taken| match taken {
                Taken::Refused { payload, .. } => payload.matches('7').count(),
                Taken::Queued { .. } | Taken::Ignored { .. } | Taken::Foreign(_) => 0,
            };
            assert_eq!(taken.iter().map(refused).sum::<usize>(), bad);
            assert_eq!(taken.len(), 1 + bad.min(REFUSED_ALONE + 1), "{bad}");
            assert_eq!(taken.iter().filter(|one| matches!(one, Taken::Queued { .. })).count(), 1);
        }
    }

    #[test]
    fn a_refused_payload_is_kept_as_it_came() {
        let [Taken::Refused { payload, reason }] = &take_message("{not json", Duration::ZERO, NOW)[..] else {
            panic!()
        };
        assert!(payload == "{not json" && reason.to_string().contains("not JSON"), "{payload} {reason}");
    }
}
