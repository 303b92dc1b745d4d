//! Takes the later steps of a scenario: what people and the services do, and what is found then.

use serde_json::Value;
use simulator::estate::{ArmId, Estate, RecordKey, is_same, lower};
use simulator::functions_host::FunctionsHost;
use simulator::resource_manager::{ArmError, ProvisioningState, ResourceManager, TaskRequest, TaskView};
use simulator::{LocalAzure, Service};
use time::OffsetDateTime;

use super::assigned::assign;
use super::format::{Act, Assigned, Evaluated, Later, OpenedTask, Resource, Sent, Stoppable};
use super::land::sent;

/// What steps act on.
pub(crate) struct Scene<'a> {
    pub(crate) azure: &'a LocalAzure,
    pub(crate) manager: &'a ResourceManager,
    pub(crate) host: &'a FunctionsHost,
}

/// What a step has come to.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Each act, and what went wrong with it.
    pub(crate) acts: Vec<(String, Option<String>)>,
    /// The events that are to be sent now.
    pub(crate) events: Vec<Value>,
}

impl Scene<'_> {
    /// Takes a step.
    pub(crate) async fn take(&self, number: usize, step: &Later) -> Taken {
        let mut taken = Taken::default();
        for act in &step.acts {
            let done = self.act(act, &mut taken.events).await;
            taken.acts.push((format!("step {number}: {}", name(act)), done.err()));
        }
        self.found(&step.resources);
        taken.events.extend(sent(&step.resources, OffsetDateTime::now_utc()));
        taken.events.extend(step.events.iter().cloned());
        taken
    }

    async fn act(&self, act: &Act, events: &mut Vec<Value>) -> Result<(), String> {
        match act {
            Act::DeleteResource(id) => {
                let id = ArmId::new(id);
                let knows = self.manager.records().iter().any(|one| one.key.resource == id && one.state.is_some());
                self.manager.person_deletes_resource(&id);
                found(knows, "there is no such resource")
            }
            Act::CancelTasks(of) => {
                let running = self.tasks(of, |state| !state.is_terminal());
                for task in &running {
                    self.manager.person_cancels(task.scope.as_str(), &task.name).map_err(told)?;
                }
                found(!running.is_empty(), "no task runs")
            }
            Act::DeleteTasks(of) => {
                let ended = self.tasks(of, ProvisioningState::is_terminal);
                for task in &ended {
                    self.manager.person_deletes(task.scope.as_str(), &task.name).map_err(told)?;
                }
                found(!ended.is_empty(), "no task has ended")
            }
            Act::OpenTask(task) => self.open(task),
            Act::Assign(said) => self.assign(said),
            Act::RemoveAssignment(id) => {
                let id = ArmId::new(id);
                let mut knows = false;
                self.manager.amends(|estate: &mut Estate| {
                    knows = estate.assignment(&id).is_some();
                    estate.assignments.retain(|one| one.id != id);
                });
                found(knows, "there is no such assignment")
            }
            Act::Register(namespace) => {
                let mut lacks = false;
                self.manager.amends(|estate: &mut Estate| {
                    for subscription in &mut estate.subscriptions {
                        lacks |= !subscription.has_registered(namespace);
                        subscription.unregistered.retain(|one| !is_same(one, namespace));
                    }
                });
                found(lacks, "every subscription has registered it")
            }
            Act::Evaluate(evaluated) => {
                let Evaluated { state, .. } = evaluated;
                let event = self.manager.evaluation_finds(&key(evaluated), state.on_the_wire());
                let event = event.ok_or("the resource is not under this assignment")?;
                events.push(event.event_grid());
                Ok(())
            }
            Act::Answer(answer) => {
                self.azure.fakes().add(answer.fake());
                Ok(())
            }
            Act::TakeBackAnswer(name) => found(self.azure.fakes().give_up(name), "there is no answer of this name"),
            Act::Stop(place) => {
                self.azure.outage(place.service()).await;
                Ok(())
            }
            Act::Start(place) => self.azure.restore(place.service()).await.map_err(|error| format!("{error:#}")),
            Act::Fire(function) => {
                let fired = self.host.fire(function).await.map_err(|error| error.to_string())?;
                fired.map_err(|error| error.to_string())
            }
            Act::KillWorker(instance) => {
                self.host.kill(*instance);
                found(*instance < self.host.instances(), "there is no such instance")
            }
        }
    }

    /// What a step tells of resources is true from then on.
    fn found(&self, resources: &[Resource]) {
        for resource in resources.iter().filter(|one| one.event != Sent::Deleted) {
            for number in 0..resource.count {
                let id = resource.id.replace("{n}", &number.to_string());
                let key = RecordKey::new(id, resource.assignment.as_str(), resource.reference.as_deref());
                let _ = self.manager.evaluation_finds(&key, resource.state.on_the_wire());
            }
        }
    }

    fn tasks(&self, of: &str, is_it: impl Fn(ProvisioningState) -> bool) -> Vec<TaskView> {
        let mut tasks = self.manager.tasks();
        tasks.retain(|task| !task.is_gone && is_it(task.state) && task.assignment.lower().contains(&lower(of)));
        tasks
    }

    fn open(&self, task: &OpenedTask) -> Result<(), String> {
        let request = TaskRequest::new(task.assignment.as_str(), task.reference.as_deref());
        self.manager.person_opens(&task.scope, &task.name, request).map(drop).map_err(told)
    }

    fn assign(&self, said: &Assigned) -> Result<(), String> {
        let mut done = Ok(());
        self.manager.amends(|estate| {
            done = assign(estate, said);
            // As the portal does, the roles come with the identity.
            *estate = std::mem::take(estate).with_roles_of_identities();
        });
        done.map_err(|error| format!("{error:#}"))
    }
}

impl Stoppable {
    fn service(self) -> Service {
        match self {
            Self::ResourceManager => Service::ResourceManager,
            Self::ServiceBus => Service::ServiceBus,
            Self::Blob => Service::Blob,
            Self::Identity => Service::Identity,
        }
    }
}

fn key(evaluated: &Evaluated) -> RecordKey {
    let Evaluated { resource, assignment, reference, state: _ } = evaluated;
    RecordKey::new(resource.as_str(), assignment.as_str(), reference.as_deref())
}

fn found(is_found: bool, otherwise: &str) -> Result<(), String> {
    if is_found { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// The service's refusal.
fn told(error: ArmError) -> String {
    format!("{}: {}", error.code, error.message)
}

/// What a person calls it.
fn name(act: &Act) -> String {
    match act {
        Act::DeleteResource(id) => format!("deleteResource {id}"),
        Act::CancelTasks(of) => format!("cancelTasks {of}"),
        Act::DeleteTasks(of) => format!("deleteTasks {of}"),
        Act::OpenTask(task) => format!("openTask {}", task.name),
        Act::Assign(said) => format!("assign {}", said.id),
        Act::RemoveAssignment(id) => format!("removeAssignment {id}"),
        Act::Register(namespace) => format!("register {namespace}"),
        Act::Evaluate(evaluated) => format!("evaluate {}", evaluated.resource),
        Act::Answer(answer) => format!("answer {}", answer.label()),
        Act::TakeBackAnswer(name) => format!("takeBackAnswer {name}"),
        Act::Stop(place) => format!("stop {}", place.service()),
        Act::Start(place) => format!("start {}", place.service()),
        Act::Fire(function) => format!("fire {function}"),
        Act::KillWorker(instance) => format!("killWorker {instance}"),
    }
}
