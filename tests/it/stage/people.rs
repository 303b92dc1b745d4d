//! People who open tasks by hand.

use std::time::Duration;

use simulator::resource_manager::{PageSizes, ProvisioningState, TaskRequest, Tempo};

use super::{Stage, assignment, subscription, tempo, until};

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

    /// Finished tasks of a person's in the first subscription, which remediated nothing, and a list that shows one a page.
    pub(crate) async fn finished_tasks_a_page_each(&self, count: usize) {
        let manager = self.manager.clone().with_page_sizes(PageSizes { remediations: 1, ..PageSizes::default() });
        let home = format!("/subscriptions/{}", subscription(0));
        for number in 0..count {
            // Limited to what is nowhere, so that nothing is remediated.
            let mut request = TaskRequest::new(assignment(0, "Tag"), None);
            request.locations = Some(vec!["nowhere".to_owned()]);
            manager.person_opens(&home, &format!("old-{number}"), request).unwrap();
            until("it has ended", || manager.tasks().iter().all(|task| task.state.is_terminal())).await;
        }
    }
}
