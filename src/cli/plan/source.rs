//! Where a plan's answers come from: Azure, which is only asked, or a file of policy states.

use std::time::Duration;

use policy_remediator::app::App;
use policy_remediator::arm::unanswered;
use policy_remediator::azure::Deadline;
use remediation::decide::{Answer, Observed, Question};
use remediation::document::Rival;
use remediation::fact::Found;
use remediation::id::{SubscriptionId, Target, TargetHash};

use super::offline::Offline;

/// Longest time for the answer to one question: a person waits, and nothing is held up by it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where answers come from.
pub(super) enum Source<'a> {
    /// Azure, and the state where there is one.
    Azure { app: &'a App, has_storage: bool },
    /// A file.
    File(&'a Offline),
}

impl Source<'_> {
    /// The answer. Where roles would have been granted before, the identity counts as having what its policy asks for.
    pub(super) async fn ask(&self, question: Question, target: &Target, granted: bool) -> Observed {
        let observed = match self {
            Self::File(offline) => offline.answer(question, target),
            Self::Azure { app, .. } => match app.reconciler.ask(question, target, Deadline::after(PATIENCE)).await {
                Ok(observed) => observed,
                Err(error) => Observed::Unanswered(unanswered(&error, target)),
            },
        };
        match observed {
            Observed::Answer(Answer::Rights(mut rights)) if granted => {
                rights.required = Found::There(Vec::new());
                Observed::Answer(Answer::Rights(rights))
            }
            observed => observed,
        }
    }

    /// What another target's document tells of its tasks.
    pub(super) async fn rival(&self, subscription: &SubscriptionId, hash: &TargetHash) -> anyhow::Result<Rival> {
        match self {
            Self::Azure { app, has_storage: true } => {
                Ok(app.reconciler.store.rival(subscription, hash, Deadline::after(PATIENCE)).await?)
            }
            Self::Azure { .. } | Self::File(_) => Ok(Rival::lost()),
        }
    }
}
