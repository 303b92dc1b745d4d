//! Changes things in Resource Manager as a pass has decided: tasks, role assignments, evaluations.

use std::time::Duration;

use remediation::decide::{Observed, Pass};
use remediation::document::{ParkReason, TaskName};
use remediation::fact::{CallKind, Creation, NewTask};
use remediation::id::{Scope, Target};
use remediation::role::{Grant, GrantAnswer};
use remediation::transition::longest_request;

use crate::arm::{
    ArmError, calls, creation, description, granted, is_crowded_out, of_request, stays_for_good, unanswered,
};
use crate::azure::Deadline;

use super::journal;
use super::reconciler::Reconciler;
use super::slots::Place;

impl Reconciler {
    /// Creates a task: one try, which is looked up where its answer is lost.
    pub(super) async fn create(
        &self,
        task: &NewTask,
        begin_until: Duration,
        target: &Target,
        place: Option<Place<'_>>,
        slot: Deadline,
    ) -> Observed {
        let Some(place) = place else {
            self.begun.end(&task.target.hash());
            return Observed::Creation(task.name.clone(), Creation::Wait);
        };
        let call = calls::create_task(task).leaving_before(begin_until);
        let answer = self.arm.send(&call, Deadline::after(longest_request(&self.tuning))).await;
        // Where it could not be sent, what was read for it is used again.
        if !matches!(answer, Err(ArmError::NotSent { .. } | ArmError::Held { .. })) {
            self.begun.end(&task.target.hash());
        }
        journal::put(task, &answer);
        if answer.is_ok() {
            self.opened.keep(task);
        }
        let is_crowded = answer.as_ref().is_err_and(is_crowded_out);
        let mut creation = creation(answer);
        match &creation {
            Creation::Accepted => place.accepted(),
            Creation::Unknown => place.asked(),
            _ if is_crowded => place.refused(),
            // There is no such task: the place is free.
            _ => drop(place),
        }
        if let Creation::Park(cause) = &mut creation
            && cause.reason == ParkReason::WorkerLacksPermission
            && let Some(standing) = self.own_standing(CallKind::CreateTask, target, slot).await
        {
            cause.words = format!("{}; {standing}", cause.words);
        }
        Observed::Creation(task.name.clone(), creation)
    }

    /// Grants a role.
    pub(super) async fn grant(&self, grant: Grant, pass: &Pass, target: &Target, slot: Deadline) -> Observed {
        let name = grant.name.clone();
        match self.give(grant, pass, target, slot).await {
            Ok(answer) => Observed::Granted(name, answer),
            Err(error) => {
                journal::unanswered(target, &error);
                Observed::Unanswered(self.explained(&error, target, slot).await)
            }
        }
    }

    /// Asks for an evaluation.
    pub(super) async fn evaluate(&self, scope: Scope, pass: &Pass, slot: Deadline) -> Observed {
        let call = calls::trigger_evaluation(&scope).leaving_in_time(self.sends_before(pass));
        let answer = self.arm.send_scan(&call, None, slot).await;
        Observed::Scanned(scope, of_request(answer))
    }

    /// Deletes a finished task of ours.
    pub(super) async fn delete_task(&self, name: TaskName, pass: &Pass, target: &Target, slot: Deadline) -> Observed {
        match self.arm.send(&calls::delete_task(target, &name).leaving_in_time(self.sends_before(pass)), slot).await {
            Ok(_) => {
                journal::task_deleted(target, &name);
                Observed::TaskDeleted(name)
            }
            Err(error) if stays_for_good(&error, target) => {
                if self.told.is_news(("task_kept", target.subscription().to_string())) {
                    journal::task_kept(target, &name, &error);
                }
                Observed::TaskDeleted(name)
            }
            Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => {
                Observed::Unanswered(unanswered(&error, target))
            }
            Err(error) => {
                journal::unanswered(target, &error);
                Observed::TaskStays
            }
        }
    }

    /// Cancels a running task of ours.
    pub(super) async fn cancel_task(&self, name: TaskName, target: &Target, slot: Deadline) -> Observed {
        match self.arm.send(&calls::cancel_task(target, &name), slot).await {
            Ok(_) => {
                journal::task_canceled(target, &name);
                Observed::TaskCanceled(name)
            }
            Err(error @ (ArmError::Throttled { .. } | ArmError::Held { .. })) => {
                Observed::Unanswered(unanswered(&error, target))
            }
            // It may just have ended, or may not be canceled: it is followed as it is.
            Err(error) => {
                if self.told.is_news(("task_not_canceled", target.subscription().to_string())) {
                    journal::task_not_canceled(target, &name, &error);
                }
                Observed::TaskCanceled(name)
            }
        }
    }

    /// Until when a change may be sent.
    fn sends_before(&self, pass: &Pass) -> Option<Duration> {
        pass.sends_before(&self.tuning, self.clocks.moment())
    }

    /// Gives a role, and once more the other way where the answer says that the identity is a customer's, or is not.
    async fn give(
        &self,
        mut grant: Grant,
        pass: &Pass,
        target: &Target,
        slot: Deadline,
    ) -> Result<GrantAnswer, ArmError> {
        let why = description(pass.installation(), target);
        let send = async |grant: &Grant| {
            let call = calls::create_role_assignment(&target.scope, grant, &why);
            granted(self.arm.send(&call.leaving_in_time(self.sends_before(pass)), slot).await, grant)
        };
        let answer = match send(&grant).await? {
            GrantAnswer::WithResource(_) => {
                let holder = pass.holder_of_identity().unwrap_or_else(|| target.policy_assignment_id.as_str());
                grant.delegated_resource = Some(holder.to_owned());
                send(&grant).await?
            }
            GrantAnswer::WithoutResource(_) => {
                grant.delegated_resource = None;
                send(&grant).await?
            }
            answer => answer,
        };
        journal::granted(target, &grant, &answer);
        Ok(answer)
    }
}
