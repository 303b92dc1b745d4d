//! What sends policy state changes where: system topics of Event Grid and their event subscriptions, as values.

/// A system topic of policy states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTopic {
    /// Its id, in lower case.
    pub id: String,
    /// Whose events it has: the id of a subscription or a management group, in lower case.
    pub source: String,
    /// What listens to it.
    pub listeners: Vec<EventListener>,
}

/// An event subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventListener {
    /// Its name.
    pub name: String,
    /// The service's word for whether it was made.
    pub state: String,
    /// Where the events go.
    pub destination: EventDestination,
    /// The types that it is limited to; none where it takes all.
    pub types: Option<Vec<String>>,
    /// Whether what cannot be delivered is kept.
    pub keeps_dead_letters: bool,
    /// When it ends, in the service's words; none where it does not.
    pub expires: Option<String>,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventDestination {
    /// A queue of Service Bus, by its id in lower case.
    Queue(String),
    /// A function of an app, by its id in lower case.
    Function(String),
    /// An address; the service shows it without its key.
    WebHook(String),
    /// Something else, by its type.
    Other(String),
}
