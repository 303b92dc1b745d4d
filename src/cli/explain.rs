//! `explain`: the whole story of a resource, a target or an assignment, in sentences.

use serde::Serialize;

use policy_remediator::azure::{Deadline, now};
use remediation::document::{EntryState, TargetDocument, TargetSummary};
use remediation::id::{AssignmentId, ResourceId, SubscriptionId, TargetHash};
use remediation::report::Story;

use super::exit::{ATTENTION, DONE, FAILED};
use super::operator::{Connection, Options, PATIENCE, complain, is_of};

/// Tell the whole story of a resource or a target: where it stands, what was tried, what it waits for and what comes next.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  policy-remediator explain 0f3c5a7b9d1e2f4a6b8c\n  policy-remediator explain /subscriptions/086aecf4-23d6-4dfd-99a8-a5c6299f0322/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a\n\nEnds with 3 where it is parked or stopped, and with 1 where nothing is known of it."
)]
pub(super) struct Arguments {
    /// The id of a resource, the hash of a target, or the id of a policy assignment for all of its targets.
    #[arg(value_name = "RESOURCE|TARGET|ASSIGNMENT", value_parser = about)]
    about: About,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone)]
enum About {
    Target(TargetHash),
    Assignment(AssignmentId),
    Resource(ResourceId),
}

fn about(text: &str) -> Result<About, String> {
    let target = || text.parse().map(About::Target).ok();
    let assignment = || text.parse().map(About::Assignment).ok();
    let resource = || text.parse().map(About::Resource).ok();
    target().or_else(assignment).or_else(resource).ok_or_else(|| {
        "it is neither the id of a resource or a policy assignment nor the hash of a target, which is 20 hexadecimal digits".to_owned()
    })
}

#[derive(Serialize)]
struct Told {
    stories: Vec<One>,
    /// Targets whose documents only count some of what is theirs, the resource perhaps among it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    perhaps: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One {
    target: String,
    scope: String,
    assignment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// The resource's entry as its document has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<remediation::document::Entry>,
    sentences: Vec<String>,
    #[serde(skip)]
    needs_attention: bool,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let connection = arguments.options.connect()?;
    let summaries = match &arguments.about {
        About::Resource(resource) => connection.summaries_in(resource.subscription()).await?,
        About::Target(hash) => connection
            .summaries()
            .await?
            .into_iter()
            .filter(|summary| is_of(summary, hash))
            .collect::<Vec<TargetSummary>>(),
        About::Assignment(_) => connection.summaries().await?,
    };
    let mut documents = connection.targets(summaries).await?;
    complain(&documents.unusable);
    documents.found.retain(|found| match &arguments.about {
        About::Resource(resource) => {
            found.document.resources.contains_key(resource) || may_hold(&found.document, resource)
        }
        About::Target(_) => true,
        About::Assignment(id) => found.document.target.policy_assignment_id == *id,
    });
    let documents = documents.values();
    let resource = match &arguments.about {
        About::Resource(resource) => Some(resource),
        About::Target(_) | About::Assignment(_) => None,
    };
    let told = told(&connection, &documents, resource).await?;
    arguments.options.output().show("explain", &told, || text(&told))?;
    Ok(match &told.stories {
        stories if stories.is_empty() => FAILED,
        stories if stories.iter().any(|one| one.needs_attention) => ATTENTION,
        _ => DONE,
    })
}

/// Whether the resource may be among what the document only counts.
fn may_hold(document: &TargetDocument, resource: &ResourceId) -> bool {
    let counted = document.unlisted.as_ref().map_or(0, |unlisted| unlisted.seen);
    let counted = counted + document.excluded.as_ref().map_or(0, |excluded| excluded.seen);
    let counted = counted + document.not_remediable.as_ref().map_or(0, |noted| noted.seen);
    counted > 0 && resource.is_within(document.target.scope.as_str())
}

async fn told(
    connection: &Connection,
    documents: &[TargetDocument],
    resource: Option<&ResourceId>,
) -> anyhow::Result<Told> {
    let mut ids: Vec<SubscriptionId> =
        documents.iter().map(|document| document.target.subscription().clone()).collect();
    ids.sort();
    ids.dedup();
    let claims = connection.subscriptions(ids).await?;
    complain(&claims.unusable);
    let claims = claims.values();
    let stopped = connection.app.reconciler.store.stopped_targets(Deadline::after(PATIENCE)).await?;
    let mut told = Told { stories: Vec::new(), perhaps: Vec::new() };
    for document in documents {
        let target = &document.target;
        let story = Story {
            document,
            claims: claims.iter().find(|claims| claims.subscription == *target.subscription()),
            stopped: stopped.iter().find(|record| record.target == *target),
            tuning: &connection.app.settings.tuning,
            now: now(),
        };
        let sentences = match resource {
            None => Some(story.of_target()),
            Some(resource) => story.of_resource(resource),
        };
        let Some(sentences) = sentences else {
            told.perhaps.push(target.hash().to_string());
            continue;
        };
        let entry = resource.and_then(|resource| document.resources.get(resource));
        let is_parked = |entry: &remediation::document::Entry| matches!(entry.state, EntryState::Parked { .. });
        let is_bad = match entry {
            Some(entry) => is_parked(entry) || document.holds(entry),
            None => document.parked.is_some() || document.resources.values().any(is_parked),
        };
        told.stories.push(One {
            target: target.hash().to_string(),
            scope: target.scope.to_string(),
            assignment: target.policy_assignment_id.to_string(),
            reference: target.policy_definition_reference_id.as_ref().map(ToString::to_string),
            entry: entry.cloned(),
            sentences,
            needs_attention: is_bad || story.stopped.is_some_and(|record| record.until > story.now),
        });
    }
    Ok(told)
}

fn text(told: &Told) -> String {
    let one = |one: &One| {
        let head = match (&one.entry, &one.reference) {
            (None, _) => None,
            (Some(_), Some(reference)) => {
                Some(format!("Under {}, policy {reference} (target {}):", one.assignment, one.target))
            }
            (Some(_), None) => Some(format!("Under {} (target {}):", one.assignment, one.target)),
        };
        head.into_iter().chain(one.sentences.iter().cloned()).collect::<Vec<_>>().join("\n  ")
    };
    let mut parts: Vec<_> = told.stories.iter().map(one).collect();
    if parts.is_empty() {
        parts.push("Nothing is known of it: no event or run has told of it, or it was settled long ago.".to_owned());
    }
    if !told.perhaps.is_empty() {
        let targets = told.perhaps.join(", ");
        parts.push(format!("It may be among what these targets only count: {targets}."));
    }
    parts.join("\n\n")
}
