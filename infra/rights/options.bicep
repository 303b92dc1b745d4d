// The actions of the worker's role: one for each call that it makes to Resource Manager. A test holds the list to the code's.

@export()
@description('The actions that every installation needs, and those of the options that are on.')
func actions(triggerEvaluations bool, deleteTasks bool, cancelTasks bool) array =>
  concat(
    loadJsonContent('actions.json').always,
    triggerEvaluations ? loadJsonContent('actions.json').triggerEvaluations : [],
    deleteTasks ? loadJsonContent('actions.json').deleteTasks : [],
    cancelTasks ? loadJsonContent('actions.json').cancelTasks : []
  )

@export()
@description('Lets the holder of Role Based Access Control Administrator grant these roles alone, and to managed identities alone.')
func grantCondition(roleIds array) string =>
  replace(trim(loadTextContent('grant-condition.txt')), 'ROLES', join(map(roleIds, id => last(split(id, '/'))), ', '))
