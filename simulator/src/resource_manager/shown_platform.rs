//! What there is of topics and apps, as values: `platform.rs` shows them.

/// A system topic of policy states.
#[derive(Debug, Clone)]
pub struct SystemTopic {
    /// Its id.
    pub id: String,
    /// The id of the subscription or management group whose events it has.
    pub source: String,
    /// What listens to it.
    pub listeners: Vec<Listener>,
}

/// An event subscription of a system topic.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// The id of the queue, by the topic's own identity, or of the function that events go to.
    pub destination: String,
    /// The event types that it takes.
    pub types: Vec<String>,
    /// The id of the account that keeps what cannot be delivered.
    pub dead_letters: Option<String>,
    /// Whether Event Grid could make it.
    pub is_made: bool,
}

/// A function app.
#[derive(Debug, Clone)]
pub struct FunctionApp {
    /// Its id.
    pub id: String,
    /// Its functions.
    pub functions: Vec<ShownFunction>,
    /// What keeps its host from running.
    pub errors: Vec<String>,
}

/// A function of an app.
#[derive(Debug, Clone)]
pub struct ShownFunction {
    /// Its name.
    pub name: String,
    /// Whether a setting has switched it off.
    pub is_disabled: bool,
    /// What keeps it from running.
    pub errors: Vec<String>,
}
