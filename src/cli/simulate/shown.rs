//! What Resource Manager shows of the installation that is simulated: its namespace, the topics that send to it, and its app.

use policy_remediator::functions::FUNCTIONS;
use simulator::LocalAzure;
use simulator::estate::Estate;
use simulator::resource_manager::{FunctionApp, Listener, ResourceManager, ShownFunction, SystemTopic};

/// What the worker wants to hear, as the deployment does it.
const WANTED: [(&str, &[&str]); 3] = [
    ("non-compliant", &["PolicyStateCreated", "PolicyStateChanged"]),
    ("compliant", &["PolicyStateChanged"]),
    ("deleted", &["PolicyStateDeleted"]),
];

/// The ids of an installation, all of them in the first subscription of our own tenant.
pub(in crate::cli) struct Shown {
    /// The Service Bus namespace.
    pub(in crate::cli) namespace: String,
    /// The function app.
    pub(in crate::cli) app: String,
    group: String,
}

impl Shown {
    /// None where no subscription is our own.
    pub(in crate::cli) fn of(estate: &Estate) -> Option<Self> {
        let own = estate.subscriptions.iter().find(|one| one.tenant == estate.home_tenant)?;
        let group = format!("/subscriptions/{}/resourceGroups/policy-remediator", own.id);
        let namespace = format!("{group}/providers/Microsoft.ServiceBus/namespaces/local");
        Some(Self { namespace, app: format!("{group}/providers/Microsoft.Web/sites/local"), group })
    }

    /// Has Resource Manager show all of it. Customers' subscriptions have no topic: what happens there is found by scans.
    pub(in crate::cli) fn to(&self, manager: &ResourceManager, azure: &LocalAzure, estate: &Estate) {
        manager.shows_queues(&self.namespace, azure.broker());
        let own = estate.subscriptions.iter().filter(|one| one.tenant == estate.home_tenant);
        manager.shows_topics(own.map(|one| self.topic(&one.id)).collect());
        let function = |name: &&str| ShownFunction { name: (*name).to_owned(), is_disabled: false, errors: Vec::new() };
        let functions = FUNCTIONS.iter().map(function).collect();
        manager.shows_app(FunctionApp { id: self.app.clone(), functions, errors: Vec::new() });
    }

    fn topic(&self, subscription: &str) -> SystemTopic {
        let source = format!("/subscriptions/{subscription}");
        let listener = |(name, types): (&str, &[&str])| Listener {
            name: format!("evgs-{name}"),
            destination: format!("{}/queues/policy-events", self.namespace),
            types: types.iter().map(|kind| format!("Microsoft.PolicyInsights.{kind}")).collect(),
            dead_letters: Some(format!("{}/providers/Microsoft.Storage/storageAccounts/local", self.group)),
            is_made: true,
        };
        let group = format!("{source}/resourceGroups/policy-remediator");
        SystemTopic {
            id: format!("{group}/providers/Microsoft.EventGrid/systemTopics/policy-states"),
            source,
            listeners: WANTED.into_iter().map(listener).collect(),
        }
    }
}
