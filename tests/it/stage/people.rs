//! People who open tasks by hand.

use std::time::Duration;

use simulator::resource_manager::{ProvisioningState, TaskRequest, Tempo};

use super::{Stage, tempo, until};

impl Stage {
    /// A person's tasks, all of one name, each in a scope of its own, whose deployments go one after the other and take so
    /// long each. All run when it comes back.
    pub(crate) async fn person_opens(
        &self,
        name: &str,
        tasks: impl IntoIterator<Item = (String, TaskRequest)>,
        deployment: Duration,
    ) {
        // A task's course is laid out when it begins to run; those of the worker take their usual time again.
        let _ = self.manager.clone().with_tempo(Tempo { deployment, ..tempo() });
        for (scope, mut request) in tasks {
            request.parallel_deployments = Some(1);
            self.manager.person_opens(&scope, name, request).unwrap();
        }
        until("the tasks by hand run", || {
            let tasks = self.manager.tasks();
            tasks.iter().filter(|task| task.name == name).all(|task| task.state == ProvisioningState::Running)
        })
        .await;
        let _ = self.manager.clone().with_tempo(tempo());
    }
}
