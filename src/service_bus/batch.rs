//! Packs messages into the batches of the REST protocol, measured as they will be sent.
//! Wire form: Microsoft documentation, "Send Message Batch".

use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use remediation::message::Outgoing;
use remediation::time::Timestamp;

/// Most bytes of a batch, well under the 256 KB of the Standard tier.
pub(super) const LIMIT: usize = 200 * 1024;

/// RFC 1123, the only form that the service takes; it has no fractions.
const RFC_1123: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    body: &'a str,
    broker_properties: BrokerProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BrokerProperties<'a> {
    message_id: &'a str,
    content_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_enqueue_time_utc: Option<String>,
}

/// The bodies of the requests that send these messages, each under the limit (but for a single message that alone is over it,
/// which the service will refuse by its own words).
pub(super) fn pack(messages: &[Outgoing], now: Timestamp) -> Vec<String> {
    let mut batches: Vec<String> = Vec::new();
    for message in messages {
        let one = one(message, now);
        match batches.last_mut() {
            Some(batch) if batch.len() + one.len() + 2 <= LIMIT => {
                batch.push(',');
                batch.push_str(&one);
            }
            _ => batches.push(format!("[{one}")),
        }
    }
    for batch in &mut batches {
        batch.push(']');
    }
    batches
}

fn one(message: &Outgoing, now: Timestamp) -> String {
    let scheduled_enqueue_time_utc = message.at.filter(|at| *at > now).map(whole_second);
    let broker_properties = BrokerProperties {
        message_id: message.id.as_str(),
        content_type: "application/json",
        scheduled_enqueue_time_utc,
    };
    serde_json::to_string(&Message { body: &message.body, broker_properties }).expect("a message is plain text")
}

/// The first whole second that is not before `at`: a message must not come early.
fn whole_second(at: Timestamp) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let up = if at.nanosecond() == 0 {
        at
    } else {
        at + time::Duration::nanoseconds(1_000_000_000 - i64::from(at.nanosecond()))
    };
    up.format(RFC_1123).expect("every UTC time has an RFC 1123 form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::id::Target;
    use remediation::message::WakeUp;
    use remediation::time::parse_time;

    fn outgoing(generation: u64, at: &str) -> Outgoing {
        let resource = "/subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322".parse().unwrap();
        let assignment =
            "/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Authorization/policyAssignments/a";
        let target = Target::of(&resource, assignment.parse().unwrap(), None);
        Outgoing::wake_up(&WakeUp::new(target, generation), None, parse_time(at).unwrap())
    }

    #[test]
    fn a_schedule_is_rounded_up_and_left_out_when_past() {
        let now = parse_time("2026-11-21T07:00:00Z").unwrap();
        let text = |at: &str| pack(&[outgoing(1, at)], now).remove(0);
        assert!(text("2026-11-21T07:00:00.1Z").contains("Sat, 21 Nov 2026 07:00:01 GMT"));
        assert!(text("2026-11-21T07:00:05Z").contains("Sat, 21 Nov 2026 07:00:05 GMT"));
        assert!(!text("2026-11-21T07:00:00Z").contains("Scheduled"));
    }

    #[test]
    fn batches_stay_under_the_limit_and_lose_nothing() {
        let messages: Vec<_> = (0..2_000).map(|n| outgoing(n, "2026-11-21T07:00:00Z")).collect();
        let batches = pack(&messages, Timestamp::UNIX_EPOCH);
        assert!(batches.len() > 1 && batches.iter().all(|b| b.len() <= LIMIT));
        let sent: usize =
            batches.iter().map(|b| serde_json::from_str::<Vec<serde_json::Value>>(b).unwrap().len()).sum();
        assert_eq!(sent, messages.len());
    }
}
