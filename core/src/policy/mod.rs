//! What a policy does once it is assigned: its effect, after overrides and parameters, and whom its selectors let in.
//! Source: Azure's documentation of the assignment structure and of the definition structure; API version 2024-05-01.

mod effect;
mod identity;
mod selector;

pub use effect::{Definition, EffectText, InSet, Resolved, effective_effect};
pub use identity::IdentityChange;
pub use selector::{Override, OverrideKind, Selected, Selector, SelectorKind, lets_in};
