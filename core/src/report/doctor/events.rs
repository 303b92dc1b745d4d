//! Whether policy state changes come in: which topics of Event Grid send to this worker, what they leave out, and of which
//! subscriptions nothing comes.

use std::collections::BTreeSet;

use crate::fact::{EventDestination, EventListener, EventTopic};
use crate::id::{SubscriptionId, fold};
use crate::report::words::count;

use super::{Finding, Level};

const CHECK: &str = "events";
/// So many subscriptions are named in one finding.
const NAMED: usize = 3;
/// What must come, in lower case; the rest of the name of an event type.
const NEEDED: [&str; 2] = ["policystatecreated", "policystatechanged"];
/// What spares the worker a wait.
const WELCOME: &str = "policystatedeleted";

/// By what this worker is known as a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// The host of its Service Bus namespace.
    pub namespace: String,
    /// The id of that, where a setting names it.
    pub namespace_id: Option<String>,
    /// The id of its function app, where that is known.
    pub app: Option<String>,
}

impl Ours {
    /// Whether the destination is this worker; none where nobody can see that.
    fn is(&self, destination: &EventDestination) -> Option<bool> {
        match destination {
            EventDestination::Queue(id) => {
                let name = self.namespace.split(['.', ':']).next().unwrap_or_default();
                let named = format!("/namespaces/{}", fold(name));
                let namespace = self.namespace_id.as_ref().map_or(named, |id| fold(id.trim_end_matches('/')));
                Some(id.ends_with(&format!("{namespace}/queues/policy-events")))
            }
            EventDestination::Function(id) => {
                let app = self.app.as_ref().map(|app| fold(app.trim_end_matches('/')));
                let is_name = id.ends_with("/functions/receive-event");
                Some(is_name && app.is_none_or(|app| id.starts_with(&format!("{app}/"))))
            }
            EventDestination::WebHook(_) => None,
            EventDestination::Other(_) => Some(false),
        }
    }
}

/// What could be seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The topics of policy states.
    pub topics: Vec<EventTopic>,
    /// Subscriptions whose topics were listed.
    pub looked_at: BTreeSet<SubscriptionId>,
    /// Subscriptions whose topics may not be seen, or whose list failed.
    pub hidden: BTreeSet<SubscriptionId>,
    /// Subscriptions that are scanned, so that no event is needed.
    pub scanned: BTreeSet<SubscriptionId>,
    /// Whether management groups are scanned, too. What lies below them is not known.
    pub scans_groups: bool,
}

/// What the topics tell.
#[must_use]
pub fn events(seen: &Seen, ours: &Ours) -> Vec<Finding> {
    let mut found: Vec<_> = seen.topics.iter().flat_map(|topic| of_topic(topic, ours)).collect();
    found.extend(silent(seen, ours));
    if !seen.hidden.is_empty() {
        let what =
            format!("the topics of {} cannot be seen: {}", subscriptions(seen.hidden.len()), named(&seen.hidden));
        let fix = "Ask as somebody with Reader there. Whether events come, the log tells as well: batch_merged, event_ignored.";
        found.push(Finding::of(CHECK, Level::Note, what, fix));
    }
    found
}

fn of_topic(topic: &EventTopic, ours: &Ours) -> Vec<Finding> {
    let listeners: Vec<_> = topic.listeners.iter().filter(|one| ours.is(&one.destination) != Some(false)).collect();
    let of = |level, what: String, fix: &str| Finding::of(CHECK, level, format!("topic {}: {what}", topic.id), fix);
    if listeners.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let names = |wanted: &dyn Fn(&&&EventListener) -> bool| {
        let names: Vec<_> = listeners.iter().filter(wanted).map(|one| one.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = names(&|one| !one.state.is_empty() && !one.state.eq_ignore_ascii_case("succeeded")) {
        let fix = "Event Grid could not make them: az eventgrid system-topic event-subscription show tells why; azd provision makes them again.";
        found.push(of(Level::Error, format!("not in order are the event subscriptions {names}"), fix));
    }
    if let Some(names) = names(&|one| one.expires.is_some()) {
        let fix = "Take expirationTimeUtc away, or events end then.";
        found.push(of(Level::Warning, format!("an end have the event subscriptions {names}"), fix));
    }
    if let Some(names) = names(&|one| !one.keeps_dead_letters) {
        let fix = "Give them the container events-dead-letter as dead-letter destination; a scan finds what is lost meanwhile (SWEEP_SCOPES).";
        found.push(of(Level::Note, format!("what they cannot deliver is lost: {names}"), fix));
    }
    let lacks = |kind: &str| {
        let has = |one: &&EventListener| {
            one.types.as_ref().is_none_or(|types| types.iter().any(|known| fold(known).ends_with(kind)))
        };
        !listeners.iter().any(has)
    };
    if NEEDED.into_iter().any(lacks) {
        let fix = "Deploy infra/events again: three event subscriptions, as infra/events/wanted.bicep has them.";
        found.push(of(Level::Warning, "PolicyStateCreated or PolicyStateChanged does not come".to_owned(), fix));
    } else if lacks(WELCOME) {
        let fix =
            "Deploy infra/events again. Without it the worker learns from Resource Manager that a resource is gone.";
        found.push(of(Level::Note, "PolicyStateDeleted does not come".to_owned(), fix));
    }
    if found.iter().all(|finding| !finding.needs_attention()) {
        let sure = listeners.iter().any(|one| ours.is(&one.destination) == Some(true));
        let doubt = if sure { "" } else { " by web hooks; whose they are cannot be seen" };
        let what = count(listeners.len(), "event subscription sends", "event subscriptions send");
        found.insert(0, Finding::ok(CHECK, format!("{what} the events of {} here{doubt}", topic.source)));
    }
    found
}

/// Subscriptions from which nothing comes, as far as can be seen.
fn silent(seen: &Seen, ours: &Ours) -> Option<Finding> {
    let listens = |topic: &&EventTopic| topic.listeners.iter().any(|one| ours.is(&one.destination) != Some(false));
    let sources: BTreeSet<_> = seen.topics.iter().filter(listens).map(|topic| topic.source.as_str()).collect();
    let is_silent = |id: &&SubscriptionId| !sources.contains(format!("/subscriptions/{id}").as_str());
    let silent: BTreeSet<_> =
        seen.looked_at.iter().filter(is_silent).filter(|id| !seen.scanned.contains(*id)).cloned().collect();
    if silent.is_empty() {
        return None;
    }
    let of_groups = sources.iter().any(|source| source.contains("/managementgroups/"));
    let (count, names) = (subscriptions(silent.len()), named(&silent));
    let whose = match (of_groups, seen.scans_groups) {
        (false, false) => None,
        (true, false) => Some("whose topic does"),
        (false, true) => Some("that is scanned"),
        (true, true) => Some("whose topic does, or that is scanned"),
    };
    let (level, unless) = whose.map_or((Level::Warning, String::new()), |whose| {
        (Level::Note, format!("; nothing comes from there unless it lies below a management group {whose}"))
    });
    let what = format!("no topic that can be seen sends the events of {count} here: {names}{unless}");
    let fix = "Deploy infra/events for them (docs/deployment.md), or have them scanned: SWEEP_SCOPES.";
    Some(Finding::of(CHECK, level, what, fix))
}

fn subscriptions(number: usize) -> String {
    count(number, "subscription", "subscriptions")
}

fn named(all: &BTreeSet<SubscriptionId>) -> String {
    let names: Vec<_> = all.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if all.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::SUB;

    const QUEUE: &str =
        "/subscriptions/x/resourcegroups/g/providers/microsoft.servicebus/namespaces/bus/queues/policy-events";

    fn ours() -> Ours {
        Ours {
            namespace: "Bus.servicebus.windows.net".to_owned(),
            namespace_id: None,
            app: Some("/subscriptions/X/sites/App".to_owned()),
        }
    }

    fn listener(types: &[&str]) -> EventListener {
        EventListener {
            name: "l".to_owned(),
            state: "Succeeded".to_owned(),
            destination: EventDestination::Queue(QUEUE.to_owned()),
            types: Some(types.iter().map(|kind| format!("Microsoft.PolicyInsights.{kind}")).collect()),
            keeps_dead_letters: true,
            expires: None,
        }
    }

    fn all() -> [EventListener; 2] {
        [listener(&["PolicyStateCreated", "PolicyStateChanged"]), listener(&["PolicyStateDeleted"])]
    }

    fn seen(listeners: &[EventListener]) -> Seen {
        let topic = EventTopic { id: "t".to_owned(), source: SUB.to_lowercase(), listeners: listeners.to_vec() };
        let id = SUB.rsplit('/').next().unwrap().parse().unwrap();
        Seen { topics: vec![topic], looked_at: BTreeSet::from([id]), ..Seen::default() }
    }

    fn worst(seen: &Seen) -> (Level, String) {
        let found = events(seen, &ours());
        let worst = found.into_iter().max_by_key(|one| one.level).unwrap();
        assert!(worst.level == Level::Ok || worst.fix.is_some());
        (worst.level, worst.what)
    }

    #[test]
    fn a_topic_that_sends_all_here_is_well_and_so_is_whoever_is_scanned() {
        assert_eq!(worst(&seen(&all())).0, Level::Ok);
        let mut scanned = seen(&[]);
        scanned.scanned = scanned.looked_at.clone();
        assert_eq!(events(&scanned, &ours()), []);
        let taking_all = EventListener { types: None, ..all()[0].clone() };
        assert_eq!(worst(&seen(&[taking_all])).0, Level::Ok);
    }

    #[test]
    fn what_a_listener_lacks_is_told() {
        let [first, second] = all();
        for (listeners, level, words) in [
            (
                vec![EventListener { state: "Failed".to_owned(), ..first.clone() }, second.clone()],
                Level::Error,
                "not in order",
            ),
            (
                vec![EventListener { expires: Some("soon".to_owned()), ..first.clone() }, second.clone()],
                Level::Warning,
                "an end",
            ),
            (
                vec![EventListener { keeps_dead_letters: false, ..first.clone() }, second.clone()],
                Level::Note,
                "is lost",
            ),
            (vec![listener(&["PolicyStateCreated"]), second], Level::Warning, "PolicyStateChanged"),
            (vec![first], Level::Note, "PolicyStateDeleted"),
        ] {
            let (found, what) = worst(&seen(&listeners));
            assert!(found == level && what.contains(words), "{words}: {found:?} {what}");
        }
    }

    #[test]
    fn what_goes_elsewhere_is_not_ours_and_its_subscription_is_silent() {
        let to = |destination: EventDestination| {
            seen(&all().map(|one| EventListener { destination: destination.clone(), ..one }))
        };
        for (destination, level) in [
            (EventDestination::Queue(QUEUE.replace("/bus/", "/other/")), Level::Warning),
            (EventDestination::Other("StorageQueue".to_owned()), Level::Warning),
            (
                EventDestination::Function("/subscriptions/x/sites/other/functions/receive-event".to_owned()),
                Level::Warning,
            ),
            (EventDestination::Function("/subscriptions/x/sites/app/functions/receive-event".to_owned()), Level::Ok),
            (EventDestination::WebHook("https://app.example".to_owned()), Level::Ok),
        ] {
            assert_eq!(worst(&to(destination.clone())).0, level, "{destination:?}");
        }
    }

    #[test]
    fn a_namespace_is_known_by_its_id_before_its_host() {
        let by_id =
            |id: &str| Ours { namespace: "127.0.0.1:5671".to_owned(), namespace_id: Some(id.to_owned()), app: None };
        let level = |ours| events(&seen(&all()), &ours).iter().map(|one| one.level).max();
        assert_eq!(
            level(by_id("/Subscriptions/x/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/bus/")),
            Some(Level::Ok)
        );
        assert_eq!(
            level(by_id("/subscriptions/y/resourceGroups/g/providers/Microsoft.ServiceBus/namespaces/bus")),
            Some(Level::Warning)
        );
    }

    #[test]
    fn a_topic_of_a_management_group_may_send_the_events_of_whoever_has_none_of_their_own() {
        let mut of_group = seen(&all());
        of_group.topics[0].source = "/tenants/t/providers/microsoft.management/managementgroups/g".to_owned();
        let (level, what) = worst(&of_group);
        assert!(level == Level::Note && what.contains("unless it lies below"), "{level:?} {what}");
        of_group.hidden = std::mem::take(&mut of_group.looked_at);
        assert!(worst(&of_group).1.contains("cannot be seen"));
    }

    #[test]
    fn where_a_management_group_is_scanned_nobody_can_tell_whether_a_silent_subscription_is_below_it() {
        let silent = Seen { scans_groups: true, ..seen(&[]) };
        let (level, what) = worst(&silent);
        assert!(
            level == Level::Note && what.contains("unless it lies below a management group that is scanned"),
            "{what}"
        );
        let scanned = Seen { scanned: silent.looked_at.clone(), ..silent };
        assert_eq!(events(&scanned, &ours()), []);
    }
}
