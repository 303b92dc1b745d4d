//! The answers to the worker's questions.

use std::time::Duration;

use remediation::decide::{Answer, Observed, Question};
use remediation::document::ParkReason;
use remediation::event::ComplianceState;
use remediation::fact::{
    ActiveTasks, AssignedPolicy, Assignment, CallKind, DeploymentList, Effect, Facts, Found, ListedTask, PolicyState,
    Refusal, ScopeStates, TaskState, Unanswered, Unread,
};
use remediation::id::{ResourceId, Target};

use crate::tally::Ingredient;
use crate::world::World;

use super::calls::Kept;

/// How long an instance keeps the facts of an assignment, longer than `SETTLE_DELAY` waits, and the list of active tasks.
const FACTS_TTL: Duration = Duration::from_secs(3_600);
const TASKS_TTL: Duration = Duration::from_secs(60);
/// Deployments of a task, or states of a scope, that are told at a time.
const PART: usize = 8;

impl World {
    pub(crate) fn answer(&mut self, instance: usize, target: &Target, question: &Question) -> Observed {
        let now = self.now;
        let kept = self.cloud.kept(instance);
        let known = match question {
            Question::Facts => kept
                .facts
                .get(target)
                .and_then(|kept| kept.get(now))
                .map(|answer| Observed::Answer(Answer::Facts(answer))),
            Question::FactsSince(since) => {
                let kept = kept.facts.get(target).and_then(|kept| kept.get(now));
                kept.filter(|facts| facts.read_at >= *since).map(|answer| Observed::Answer(Answer::Facts(answer)))
            }
            Question::ActiveTasks => kept
                .tasks
                .as_ref()
                .and_then(|kept| kept.get(now))
                .map(|answer| Observed::Answer(Answer::ActiveTasks(answer))),
            Question::Rights(_)
            | Question::States(_)
            | Question::Listed { .. }
            | Question::AllNonCompliant(_)
            | Question::Task(_)
            | Question::Deployments(..)
            | Question::Evaluation(..) => None,
        };
        if let Some(known) = known {
            return known;
        }
        if let Some(error) = self.lack_of_role(target, question) {
            return Observed::Unanswered(error);
        }
        let refusal = self.refusal(instance);
        if let Question::Evaluation(scope, link) = question {
            return self.tell_of_evaluation(scope, link, refusal);
        }
        if let Some(error) = refusal {
            return Observed::Unanswered(error);
        }
        match question {
            Question::Facts | Question::FactsSince(_) => {
                if matches!(question, Question::FactsSince(_)) {
                    self.meet(Ingredient::FactsReadAnew);
                }
                let facts = self.facts(target);
                let kept = Kept::new(facts.clone(), now, FACTS_TTL);
                self.cloud.kept(instance).facts.insert(target.clone(), kept);
                Observed::Answer(Answer::Facts(facts))
            }
            Question::Rights(_) => self.rights(target),
            Question::ActiveTasks => {
                let mut tasks = ActiveTasks::All(self.active_tasks());
                if self.strikes(0.1) {
                    let own = self.active_tasks().into_iter();
                    // Of the others only those of this worker, which their claims tell of.
                    let is_own = |task: &ListedTask| task.assignment == target.policy_assignment_id.as_str();
                    let own = own.filter(|task| is_own(task) || !task.name.starts_with("pr-"));
                    tasks = ActiveTasks::Some(own.collect());
                }
                self.cloud.kept(instance).tasks = Some(Kept::new(tasks.clone(), now, TASKS_TTL));
                Observed::Answer(Answer::ActiveTasks(tasks))
            }
            Question::States(asked) => {
                let mut asked = asked.clone();
                if self.strikes(0.1) {
                    asked.truncate(1 + asked.len() / 2);
                }
                let states = asked.iter().filter_map(|id| self.state(target, id)).collect();
                Observed::Answer(Answer::States(asked, states))
            }
            Question::Listed { .. } => Observed::Answer(Answer::Listed(now, self.scope_states(target, None).states)),
            Question::AllNonCompliant(from) => {
                Observed::Answer(Answer::AllNonCompliant(self.scope_states(target, from.as_deref())))
            }
            Question::Task(name) if self.is_overlooked(name.as_str()) => {
                Observed::Answer(Answer::Task(name.clone(), None))
            }
            Question::Task(name) => {
                let status = self.cloud.task(name.as_str()).map(|task| task.status(now));
                match status.as_ref().map(|status| (status.state, status.word.as_str())) {
                    Some((TaskState::Complete, _)) => self.meet(Ingredient::Complete),
                    Some((TaskState::Active, "Reticulating")) => self.meet(Ingredient::UnknownWord),
                    _ => {}
                }
                Observed::Answer(Answer::Task(name.clone(), status))
            }
            Question::Deployments(name, from) => {
                let all = self.cloud.task(name.as_str()).map(|task| task.deployments.clone()).unwrap_or_default();
                let begin = from.as_deref().and_then(|link| link.parse::<usize>().ok()).unwrap_or_default();
                let deployments: Vec<_> = all.iter().skip(begin).take(PART).cloned().collect();
                let next = (begin + PART < all.len()).then(|| (begin + PART).to_string());
                if next.is_some() {
                    self.meet(Ingredient::ReadInParts);
                }
                Observed::Answer(Answer::Deployments(
                    name.clone(),
                    DeploymentList { from: from.clone(), deployments, next },
                ))
            }
            Question::Evaluation(scope, link) => self.tell_of_evaluation(scope, link, None),
        }
    }

    /// Whether a task that is there is not found, which never happens twice in an hour: two that look at the same time may ask in turns.
    fn is_overlooked(&mut self, name: &str) -> bool {
        const APART: Duration = Duration::from_secs(3_600);
        let was_overlooked = self.cloud.overlooked.get(name).is_some_and(|at| *at + APART > self.now);
        let is_there = self.cloud.task(name).is_some();
        let is_overlooked = is_there && !was_overlooked && self.strikes(self.scenario.spices.blips);
        if is_overlooked {
            self.meet(Ingredient::Blip);
            self.tell(|| format!("{name} is overlooked"));
            self.cloud.overlooked.insert(name.to_owned(), self.now);
        }
        is_overlooked
    }

    /// The refusal of a question while the worker has no role. An evaluation is asked after by another.
    fn lack_of_role(&mut self, target: &Target, question: &Question) -> Option<Unanswered> {
        let call = match question {
            Question::Facts | Question::FactsSince(_) => CallKind::ListAssignments,
            Question::ActiveTasks => CallKind::ListTasks,
            Question::States(_) | Question::Listed { .. } => CallKind::QueryStates,
            Question::Task(_) => CallKind::ReadTask,
            Question::Deployments(..) => CallKind::ListDeployments,
            Question::Rights(_) | Question::AllNonCompliant(_) | Question::Evaluation(..) => return None,
        };
        self.cloud.refused_until.filter(|until| self.now < *until)?;
        self.meet(Ingredient::WorkerRefused);
        let is_of_task = matches!(call, CallKind::ReadTask | CallKind::ListDeployments);
        let key = if is_of_task { target.hash().to_string() } else { target.scope.to_string() };
        let (reason, is_sure) = (ParkReason::WorkerLacksPermission, call == CallKind::ListAssignments);
        let words = "AuthorizationFailed: the worker has no role".to_owned();
        let refusal = Refusal { reason, words, call, key, is_sure };
        Some(Unanswered { refusal: Some(refusal), ..Unanswered::default() })
    }

    /// All that is non-compliant, or a part of it: now and then not all comes in time. The list moves between the parts.
    fn scope_states(&mut self, target: &Target, from: Option<&str>) -> ScopeStates {
        let all: Vec<_> = self.cloud.truth.keys().filter(|(of, _)| of == target).map(|(_, id)| id.clone()).collect();
        let mut states: Vec<_> = all.iter().filter_map(|id| self.state(target, id)).collect();
        states.retain(|state| state.state == ComplianceState::NonCompliant);
        let begin = from.and_then(|link| link.parse::<usize>().ok()).unwrap_or_default().min(states.len());
        let mut rest = states.split_off(begin);
        let mut list = ScopeStates::unread(from.map(str::to_owned));
        if from.is_some() && self.strikes(0.1) {
            list.unread = Unread::From(None);
        } else if rest.len() > PART && self.strikes(0.3) {
            rest.truncate(PART);
            self.meet(Ingredient::ScopeReadInParts);
            list.push(rest, Some((begin + PART).to_string()));
        } else {
            list.push(rest, None);
        }
        list
    }

    fn facts(&self, target: &Target) -> Facts {
        let policy = AssignedPolicy::Definition(String::new());
        let assignment = Assignment::plain(target.policy_assignment_id.to_string(), policy);
        let gone = self.cloud.is_gone(target);
        let assignment = if gone { Found::Gone } else { Found::There(assignment) };
        Facts::without_assignment(assignment, self.now)
    }

    fn active_tasks(&self) -> Vec<ListedTask> {
        let list = self.cloud.active().map(|task| ListedTask {
            name: task.name.clone(),
            scope: task.target.scope.to_string(),
            assignment: task.target.policy_assignment_id.to_string(),
            reference: String::new(),
            resources: Some(task.resources.iter().map(ToString::to_string).collect()),
            state: TaskState::Active,
        });
        list.collect()
    }

    /// The latest state that is on record, which may be behind the truth.
    fn state(&mut self, target: &Target, id: &ResourceId) -> Option<PolicyState> {
        let truth = self.cloud.truth.get(&(target.clone(), id.clone()))?;
        let record = truth.record?;
        if record.compliant != truth.compliant {
            self.meet(Ingredient::LaggingState);
        }
        let state = if record.compliant { ComplianceState::Compliant } else { ComplianceState::NonCompliant };
        Some(PolicyState {
            resource: id.to_string(),
            state,
            at: Some(record.at),
            effect: Some(Effect::Remediable),
            location: None,
        })
    }
}
