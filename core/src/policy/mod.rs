//! What a policy does once it is assigned: its effect, after overrides and parameters, and whom its selectors let in.
//! Source: Azure's documentation of the assignment structure and of the definition structure; API version 2024-05-01.

mod effect;
mod identity;
mod parameter;
mod selector;

pub use effect::{Definition, Resolved, effective_effect};
pub use identity::IdentityChange;
pub use parameter::{InSet, PolicyText, parameter_value};
pub use selector::{Override, OverrideKind, Selected, Selector, SelectorKind, lets_in};
