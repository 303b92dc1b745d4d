//! Unattended remediation of Azure Policy non-compliance.
