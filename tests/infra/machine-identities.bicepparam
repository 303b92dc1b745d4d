// The policy that gives machines an identity, with its rights.
using '../../infra/policy/machine-identities.bicep'

param location = 'westeurope'
