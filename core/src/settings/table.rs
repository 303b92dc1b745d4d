//! Every setting, in one place: name, default, form, meaning. The reader, the words of its errors, `docs/settings.md` and the log
//! line `started` are all made from these rows; a setting is added here and read in `mod.rs`.

use crate::message::Discovery;

use super::form::{Form, GRACE, INVOCATION, SPAN, WAIT};
use super::pattern_list::Of;

/// What counts when a setting is not set, or blank.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unset {
    /// It must be set.
    Required,
    /// This value.
    Value(&'static str),
    /// This value, which lets everything through. Set but blank it stops the start: whoever set it meant less.
    Open(&'static str),
    /// No value of its own; the words say what happens.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds docs/settings.md to it"))]
    Else(&'static str),
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) default: Unset,
    pub(crate) form: Form,
    #[cfg_attr(not(test), expect(dead_code, reason = "a test holds docs/settings.md to it"))]
    pub(crate) meaning: &'static str,
}

/// Settings that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) settings: &'static [Setting],
}

const fn row(name: &'static str, default: Unset, form: Form, meaning: &'static str) -> Setting {
    Setting { name, default, form, meaning }
}

const NO: Unset = Unset::Else("none");
const fn is(value: &'static str) -> Unset {
    Unset::Value(value)
}
const fn time(span: super::form::Span) -> Form {
    Form::Duration(span)
}

/// The name of the group whose values the log always tells in full.
pub(crate) const GUARD_RAILS: &str = "Guard rails";

/// All settings.
#[rustfmt::skip]
pub(crate) const GROUPS: &[Group] = &[
    Group { title: "What it may do", settings: &[
        row("REMEDIATION_MODE", is("plan"), Form::Word(&["plan", "approve", "act"]),
            "`plan` decides, logs and touches nothing; `approve`: the same but for what an approval covers; `act` opens tasks"),
        row("GRANT_ROLES", is("none"), Form::Roles,
            "roles that the worker may give to the identity of a policy assignment whose policy asks for them: ids of role definitions, separated by commas. A role that can give rights is never granted"),
        row("ACT_ASSIGNMENTS", Unset::Open("*"), Form::Patterns(Of::Assignments),
            "only these assignments act, all others go on being planned. Patterns as in `INCLUDE_ASSIGNMENTS`"),
        row("ACT_BY", is("settings"), Form::Word(&["settings", "metadata"]),
            "`metadata`: of these only the assignments whose metadata says so, by `policyRemediator.mode`. Either way metadata may narrow: docs/controls.md"),
        row("FIRST_STEPS", is("1,10,100"), Form::Steps,
            "an assignment begins small: its first step lets in so many resources in so many subscriptions, then the next, over all subscriptions together; counted by the name of the assignment. `off`: everything at once"),
        row("STEP_SOAK", is("1h"), time(SPAN), "pause between the last outcome of a first step and the next step"),
        row("VERIFY_STEPS", is("false"), Form::Word(&["true", "false"]),
            "`true`: the next first step begins only when evaluations have confirmed what the one before fixed; where policy states cannot be read, `VERIFY_AFTER` after the fix"),
        row("BREAKER_FAILURES", is("0.5"), Form::Share,
            "where more than this share of the last 20 resources of a policy failed for a cause of its own, or is undone again, nothing more of it is begun until `parked retry` or `PARK_FOR`. `1`: never"),
        row("MAX_RESOURCES_PER_HOUR", is("none"), Form::WholeOrNone(1),
            "most resources of an assignment in tasks that are opened in any hour, over all subscriptions; what is over waits"),
        row("MAX_RESOURCES_PER_DAY", is("1000"), Form::WholeOrNone(1), "the same in any day. Raise it knowingly: it is the most that a wrong policy reaches"),
        row("CHANGE_WINDOW", Unset::Open("always"), Form::Window,
            "when anything may be changed: tasks, roles, evaluations, deletions. Outside of it everything waits, and tasks that run are followed. A night belongs to the day on which it begins; a zone that is named once holds for all parts, and UTC where none is"),
    ] },
    Group { title: GUARD_RAILS, settings: &[
        row("INCLUDE_ASSIGNMENTS", Unset::Open("*"), Form::Patterns(Of::Assignments),
            "only these assignments are remediated. A pattern with a `/` is held against the whole id, one without against the name"),
        row("EXCLUDE_ASSIGNMENTS", NO, Form::Patterns(Of::Assignments), "not these, whatever is included"),
        row("EXCLUDE_SCOPES", NO, Form::Patterns(Of::Scopes), "neither what they match nor anything below"),
        row("EXCLUDE_RESOURCE_TYPES", NO, Form::Patterns(Of::Types),
            "no resources of these types, in any spelling that policies use: a resource group is `Microsoft.Resources/resourceGroups` and `Microsoft.Resources/subscriptions/resourceGroups`"),
        row("REMEDIATE_DO_NOT_ENFORCE", is("false"), Form::Word(&["true", "false"]),
            "`true` also remediates assignments whose enforcement mode is another than `Default`, such as `DoNotEnforce`"),
    ] },
    Group { title: "Services and identity", settings: &[
        row("ServiceBus__fullyQualifiedNamespace", Unset::Required, Form::Host,
            "host name of the Service Bus namespace, as the triggers use it"),
        row("ServiceBus__credential", is("managedidentity"), Form::Word(&["managedidentity"]), "no keys are accepted"),
        row("ServiceBus__clientId", Unset::Else("`AZURE_CLIENT_ID`"), Form::Text("a client id"), "client id of the identity for Service Bus"),
        row("STATE_BLOB_ENDPOINT", Unset::Required, Form::Https, "the storage account with the containers `state` and `rejected`"),
        row("AZURE_CLIENT_ID", Unset::Else("system-assigned"), Form::Text("a client id"), "client id of the app's user-assigned identity"),
        row("AZURE_CLOUD", is("public"), Form::Word(&["public", "usgovernment", "china"]), "the cloud that the app runs in"),
        row("RESOURCE_MANAGER_ENDPOINT", Unset::Else("of the cloud"), Form::Https, "address of Resource Manager; tokens stay those of the cloud"),
        row("SSL_CERT_FILE", NO, Form::Text("the path of a PEM file with at least one certificate"), "further certificate authorities to trust"),
        row("HOME_TENANT_ID", Unset::Else("of the token"), Form::Tenant, "our own tenant: a subscription of another is a delegated one"),
        row("INSTALLATION_ID", Unset::Else("of the storage account"), Form::Installation, "part of every task's name, so that several installations over one subscription know their own tasks. Kept in `state/installation.json` from the first start on"),
        row("SERVICEBUS_RESOURCE_ID", NO, Form::Namespace, "the Service Bus namespace, for the counts of its queues in `status` and `doctor`"),
    ] },
    Group { title: "Pace", settings: &[
        row("SETTLE_DELAY", is("10m"), time(WAIT), "wait after an evaluation, in which Azure's own remediation of new resources may act"),
        row("COALESCE_WINDOW", is("1m"), time(WAIT), "due times are rounded up to this, so that what belongs together travels together"),
        row("BACKOFF_BASE", is("1m"), time(SPAN), "longest wait before the second attempt; doubled with each further one. At most `BACKOFF_CAP`"),
        row("BACKOFF_CAP", is("1h"), time(SPAN), "longest wait before any attempt"),
        row("MAX_ATTEMPTS", is("8"), Form::Whole(1, 100), "attempts of a resource before it is parked"),
        row("ESCALATE_ABOVE", is("300"), Form::Whole(1, 50_000),
            "waiting resources above which one task for the whole scope is considered: only when all that is non-compliant in it waits for its first attempt and no guard rail can reach into it"),
        row("PARALLEL_DEPLOYMENTS", is("10"), Form::Whole(1, 30), "deployments of a task at a time"),
        row("FAILURE_THRESHOLD", is("1.0"), Form::Share, "share of failed deployments at which Azure stops a task"),
    ] },
    Group { title: "Following and parking", settings: &[
        row("CHECK_INTERVAL_MIN", is("30s"), time(SPAN), "shortest time between two passes over a running task. At most `CHECK_INTERVAL_MAX`"),
        row("CHECK_INTERVAL_MAX", is("10m"), time(SPAN), "longest time between two passes over a running task"),
        row("TASK_TIMEOUT", is("24h"), time(SPAN), "a task that runs longer is reported once"),
        row("OPENING_GRACE", is("60s"), time(GRACE), "time for which an opening task is left to the instance that began it; the request for the task may take half of it, and 10s at most"),
        row("FLAP_LIMIT", is("3"), Form::Whole(1, 100), "so many fixes within `FLAP_WINDOW`, and non-compliant again: parked"),
        row("FLAP_WINDOW", is("7d"), time(SPAN), "also how long fixed and skipped resources are remembered; what a guard rail leaves out, until it is let in"),
        row("VERIFY_AFTER", is("25h"), time(SPAN), "when the policy states are asked about a fix that no event verified, at the latest when `FLAP_WINDOW` is over"),
        row("PARK_FOR", is("14d"), time(SPAN), "how long a parked resource, or a target parked as a whole, is left alone"),
        row("RESOURCE_WAIT", is("24h"), time(SPAN), "first pause of a resource that waits for a person or for time, such as a machine that does not run; doubled up to 7 days"),
        row("KEEP_TASKS_FOR", is("none"), Form::DurationOrNone(SPAN),
            "so long after its outcome was stored an own finished task is deleted in Resource Manager, as long as its target's document remembers it; `none`: never. Needs `Microsoft.PolicyInsights/remediations/delete`"),
        row("REEVALUATE_INTERVAL", is("6h"), time(SPAN), "pause between two evaluations that the worker asks for in one scope"),
        row("CLOCK_TOLERANCE", is("5m"), time(SPAN), "an event whose time lies further in the future is rejected; and so much newer than what was seen must be what a final verdict is drawn from"),
        row("FACTS_TTL", is("10m"), time(SPAN), "how long what was read of assignments and initiatives is kept, and what a wave was told does not comply"),
    ] },
    Group { title: "Batch runs and scans", settings: &[
        row("SWEEP_SCOPES", is("none"), Form::RunScopes,
            "what `sweep` scans for what no event told of: a batch run each"),
        row("SWEEP_SCAN_INTERVAL", is("6h"), time(SPAN), "time between two scans of a scope; the next begins with the first `sweep` after it, and not while the one before goes on"),
        row("SWEEP_DISCOVERY", is("auto"), Form::Word(&Discovery::WORDS),
            "how a batch run or a scan finds what is non-compliant: `policyStates` by queries of policy states alone, `resourceGraph` by Resource Graph alone, `auto` by whichever needs fewer"),
    ] },
    Group { title: "Host and log", settings: &[
        row("INVOCATION_BUDGET", is("150s"), time(INVOCATION), "longest time of an invocation; keep it well inside the queues' five-minute lock"),
        row("SWEEP_SCHEDULE", Unset::Required, Form::Text("an NCRONTAB expression such as `0 */15 * * * *`"), "how often `sweep` runs. Read by the Functions host, not by the worker"),
        row("RUST_LOG", is(super::DEFAULT_LOG_FILTER), Form::LogFilter, "filter of the log, in the form of `tracing-subscriber`"),
    ] },
];

/// All settings, in their order.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

/// The setting of this name.
pub(crate) fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_stands_once_and_a_default_is_allowed() {
        let mut names = HashSet::new();
        for Setting { name, default, form, meaning } in all() {
            assert!(names.insert(name.to_ascii_uppercase()), "{name} stands twice");
            assert!(!meaning.contains('|') && !meaning.ends_with('.'), "{name}");
            if let Unset::Value(value) | Unset::Open(value) = default {
                assert_eq!(form.check(value), Ok(()), "{name}");
            }
        }
    }
}
