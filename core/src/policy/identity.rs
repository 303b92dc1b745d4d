//! Policies that change the managed identities of resources. Two deployments that do so to one resource at once lose identities (Microsoft
//! documentation, "Use Azure Policy to assign managed identities", known issues).

/// What a policy does to the identity of a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IdentityChange {
    /// Nothing, as far as its definition tells.
    #[default]
    Nothing,
    /// It changes it.
    Changes,
    /// It gives the resource a user-assigned identity and locks that one: its own identity must have been authorised before, so it must be
    /// a user-assigned one, too.
    Assigns,
}

impl IdentityChange {
    /// Whether it does anything.
    #[must_use]
    pub fn is_any(self) -> bool {
        match self {
            Self::Changes | Self::Assigns => true,
            Self::Nothing => false,
        }
    }
}
