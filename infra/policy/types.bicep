// Shape of a policy assignment that can be remediated, for templates of all scopes. What lists hold is Azure's own shape
// (Microsoft.Authorization/policyAssignments); it is not told here, because some readers of Bicep do not understand it.

@export()
@description('A policy assignment with its identity.')
type assignment = {
  // At most 24 characters at a management group, 64 elsewhere.
  name: string
  displayName: string?
  description: string?
  // A definition or an initiative.
  policyDefinitionId: string
  definitionVersion: string?
  parameters: object?
  metadata: object?
  // Default, DoNotEnforce or Enroll. The worker leaves out what is not Default, unless REMEDIATE_DO_NOT_ENFORCE is set.
  enforcementMode: string?
  // Ids of scopes that are left out.
  notScopes: array?
  // { message, policyDefinitionReferenceId? }
  nonComplianceMessages: array?
  // { kind, value, selectors? [{ kind, in? | notIn? }] }
  overrides: array?
  // { name?, selectors [{ kind, in? | notIn? }] }
  resourceSelectors: array?
  // { enabled, policyDefinitionReferenceIds? }
  selfServeExemptionSettings: object?
  // Id and object id of a user-assigned identity; without one the assignment gets an identity of its own.
  userAssignedIdentityId: string?
  userAssignedIdentityPrincipalId: string?
  // Region of the identity; what it can do does not depend on it.
  location: string
  // The `roleDefinitionIds` of the definition, or of all definitions of the initiative.
  roleDefinitionIds: array
}
