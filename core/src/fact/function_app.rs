//! A function app as Resource Manager and its host show it, as values.

/// A function of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFunction {
    /// Its name, without the app's.
    pub name: String,
    /// Whether a setting has switched it off.
    pub is_disabled: bool,
}

/// How the host of an app, or one of its functions, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostState {
    /// The host's word: `Running` where all is well; empty for a function.
    pub state: String,
    /// What went wrong, in its words.
    pub errors: Vec<String>,
}
