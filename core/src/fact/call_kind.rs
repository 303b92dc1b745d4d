//! The kinds of calls to Resource Manager: their words, and the rights that they need.

/// What a call is for; the word in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// PUT of a remediation task.
    CreateTask,
    /// GET of a remediation task.
    ReadTask,
    /// DELETE of a remediation task.
    DeleteTask,
    /// POST that cancels a remediation task.
    CancelTask,
    /// List of a subscription's remediation tasks.
    ListTasks,
    /// List of a task's deployments.
    ListDeployments,
    /// Query of policy states.
    QueryStates,
    /// List of a subscription's policy assignments.
    ListAssignments,
    /// GET of a policy assignment, where the list has none at all.
    ReadAssignment,
    /// GET of a subscription.
    ReadSubscription,
    /// GET of a version of a policy set definition.
    ReadSetDefinitionVersion,
    /// GET of a policy set definition.
    ReadSetDefinition,
    /// List of the policy set definitions that a subscription sees.
    ListSetDefinitions,
    /// GET of a version of a policy definition.
    ReadDefinitionVersion,
    /// GET of a policy definition.
    ReadDefinition,
    /// List of the policy definitions that a subscription sees.
    ListDefinitions,
    /// List of the role assignments at a scope.
    ListRoleAssignments,
    /// List of the deny assignments at a scope.
    ListDenyAssignments,
    /// GET of a role definition.
    ReadRoleDefinition,
    /// List of the Lighthouse registrations of a subscription.
    ListRegistrations,
    /// List of the caller's own permissions at a scope.
    ListPermissions,
    /// PUT of a role assignment.
    GrantRole,
    /// POST that asks for an evaluation.
    TriggerEvaluation,
    /// GET of how far an evaluation is.
    ReadEvaluation,
    /// List of what is below a management group.
    ListDescendants,
    /// List of the queues of a Service Bus namespace, for a command.
    ListQueues,
    /// List of the system topics of a subscription, for a command.
    ListTopics,
    /// List of what listens to a system topic, for a command.
    ListListeners,
    /// List of the functions of an app, for a command.
    ListFunctions,
    /// How the host of an app, or a function in it, is, for a command.
    ReadHost,
    /// Query of Resource Graph.
    QueryGraph,
}

impl CallKind {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::CreateTask,
        Self::ReadTask,
        Self::DeleteTask,
        Self::CancelTask,
        Self::ListTasks,
        Self::ListDeployments,
        Self::QueryStates,
        Self::ListAssignments,
        Self::ReadAssignment,
        Self::ReadSubscription,
        Self::ReadSetDefinitionVersion,
        Self::ReadSetDefinition,
        Self::ListSetDefinitions,
        Self::ReadDefinitionVersion,
        Self::ReadDefinition,
        Self::ListDefinitions,
        Self::ListRoleAssignments,
        Self::ListDenyAssignments,
        Self::ReadRoleDefinition,
        Self::ListRegistrations,
        Self::ListPermissions,
        Self::GrantRole,
        Self::TriggerEvaluation,
        Self::ReadEvaluation,
        Self::ListDescendants,
        Self::ListQueues,
        Self::ListTopics,
        Self::ListListeners,
        Self::ListFunctions,
        Self::ReadHost,
        Self::QueryGraph,
    ];

    /// The word in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateTask => "createTask",
            Self::ReadTask => "readTask",
            Self::DeleteTask => "deleteTask",
            Self::CancelTask => "cancelTask",
            Self::ListTasks => "listTasks",
            Self::ListDeployments => "listDeployments",
            Self::QueryStates => "queryStates",
            Self::ListAssignments => "listAssignments",
            Self::ReadAssignment => "readAssignment",
            Self::ReadSubscription => "readSubscription",
            Self::ReadSetDefinitionVersion => "readSetDefinitionVersion",
            Self::ReadSetDefinition => "readSetDefinition",
            Self::ListSetDefinitions => "listSetDefinitions",
            Self::ReadDefinitionVersion => "readDefinitionVersion",
            Self::ReadDefinition => "readDefinition",
            Self::ListDefinitions => "listDefinitions",
            Self::ListRoleAssignments => "listRoleAssignments",
            Self::ListDenyAssignments => "listDenyAssignments",
            Self::ReadRoleDefinition => "readRoleDefinition",
            Self::ListRegistrations => "listRegistrations",
            Self::ListPermissions => "listPermissions",
            Self::GrantRole => "grantRole",
            Self::TriggerEvaluation => "triggerEvaluation",
            Self::ReadEvaluation => "readEvaluation",
            Self::ListDescendants => "listDescendants",
            Self::ListQueues => "listQueues",
            Self::ListTopics => "listTopics",
            Self::ListListeners => "listListeners",
            Self::ListFunctions => "listFunctions",
            Self::ReadHost => "readHost",
            Self::QueryGraph => "queryGraph",
        }
    }

    /// The action that the caller needs a role with, as Resource Manager's refusals name it.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::CreateTask => "Microsoft.PolicyInsights/remediations/write",
            Self::DeleteTask => "Microsoft.PolicyInsights/remediations/delete",
            Self::CancelTask => "Microsoft.PolicyInsights/remediations/cancel/action",
            Self::ReadTask | Self::ListTasks => "Microsoft.PolicyInsights/remediations/read",
            Self::ListDeployments => "Microsoft.PolicyInsights/remediations/listDeployments/read",
            Self::QueryStates => "Microsoft.PolicyInsights/policyStates/queryResults/action",
            Self::ListAssignments | Self::ReadAssignment => "Microsoft.Authorization/policyAssignments/read",
            Self::ReadSubscription => "Microsoft.Resources/subscriptions/read",
            Self::ReadSetDefinition | Self::ListSetDefinitions => "Microsoft.Authorization/policySetDefinitions/read",
            // Versions are a resource type of their own (Microsoft documentation, "Azure permissions for Management and governance").
            Self::ReadSetDefinitionVersion => "Microsoft.Authorization/policySetDefinitions/versions/read",
            Self::ReadDefinitionVersion => "Microsoft.Authorization/policyDefinitions/versions/read",
            Self::ReadDefinition | Self::ListDefinitions => "Microsoft.Authorization/policyDefinitions/read",
            Self::ListRoleAssignments => "Microsoft.Authorization/roleAssignments/read",
            Self::ListDenyAssignments => "Microsoft.Authorization/denyAssignments/read",
            Self::ReadRoleDefinition => "Microsoft.Authorization/roleDefinitions/read",
            Self::ListRegistrations => "Microsoft.ManagedServices/registrationAssignments/read",
            Self::ListPermissions => "Microsoft.Authorization/permissions/read",
            Self::GrantRole => "Microsoft.Authorization/roleAssignments/write",
            Self::TriggerEvaluation => "Microsoft.PolicyInsights/policyStates/triggerEvaluation/action",
            // The answer to the request names a place below `asyncOperationResults`, which is a resource type of its own.
            Self::ReadEvaluation => "Microsoft.PolicyInsights/asyncOperationResults/read",
            Self::ListDescendants => "Microsoft.Management/managementGroups/descendants/read",
            Self::ListQueues => "Microsoft.ServiceBus/namespaces/queues/read",
            Self::ListTopics => "Microsoft.EventGrid/systemTopics/read",
            Self::ListListeners => "Microsoft.EventGrid/systemTopics/eventSubscriptions/read",
            Self::ListFunctions => "Microsoft.Web/sites/functions/read",
            // Unverified: "Perform hostruntime action such as sync triggers, list functions" (Microsoft documentation, "Azure
            // permissions for Web and Mobile").
            Self::ReadHost => "Microsoft.Web/sites/hostruntime/host/action",
            // It shows what the caller may read elsewhere; policy states, as far as is known, to whoever has
            // "Microsoft.PolicyInsights/policyStates/queryResults/read".
            Self::QueryGraph => "Microsoft.ResourceGraph/resources/read",
        }
    }

    /// Whether the worker makes such calls with any settings. Without the right to the others it goes on.
    #[must_use]
    pub fn is_always_needed(self) -> bool {
        match self {
            Self::CreateTask
            | Self::ReadTask
            | Self::ListTasks
            | Self::ListDeployments
            | Self::QueryStates
            | Self::ListAssignments
            | Self::ReadAssignment
            | Self::ReadSubscription
            | Self::ReadSetDefinition
            | Self::ListSetDefinitions
            | Self::ReadDefinition
            | Self::ListDefinitions
            | Self::ListRoleAssignments
            | Self::ListDenyAssignments
            | Self::ReadRoleDefinition => true,
            Self::DeleteTask
            | Self::CancelTask
            | Self::ListRegistrations
            | Self::ListPermissions
            | Self::GrantRole
            | Self::TriggerEvaluation
            | Self::ReadSetDefinitionVersion
            | Self::ReadDefinitionVersion
            | Self::ReadEvaluation
            | Self::ListDescendants
            | Self::ListQueues
            | Self::ListTopics
            | Self::ListListeners
            | Self::ListFunctions
            | Self::ReadHost
            | Self::QueryGraph => false,
        }
    }

    /// Whether the call changes something in Azure.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::CreateTask | Self::DeleteTask | Self::CancelTask | Self::GrantRole | Self::TriggerEvaluation
        )
    }

    /// Whether a lost answer may be asked for again. A repeated PUT would start a finished task anew, a repeated request for
    /// an evaluation another one.
    #[must_use]
    pub fn may_be_repeated(self) -> bool {
        !matches!(self, Self::CreateTask | Self::TriggerEvaluation)
    }
}
