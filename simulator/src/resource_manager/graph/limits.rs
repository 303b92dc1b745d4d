//! How much one query reaches.

/// What a query reaches at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphLimits {
    /// Rows of an answer (OpenAPI: `$top`).
    pub rows: usize,
    /// Subscriptions of a tenant or of management groups ("Guidance for throttled requests in Azure Resource Graph", Microsoft
    /// documentation).
    pub subscriptions: usize,
    /// Subscriptions that a query may name (the limit of Microsoft's own clients, Azure/azure-powershell and
    /// Azure/azure-cli-extensions).
    pub named: usize,
    /// Management groups that a query may name (the same clients).
    pub groups: usize,
}

impl Default for GraphLimits {
    fn default() -> Self {
        Self { rows: 1_000, subscriptions: 10_000, named: 1_000, groups: 10 }
    }
}
