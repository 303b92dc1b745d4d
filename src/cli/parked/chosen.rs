//! Which parked items a person means.

use remediation::id::{ResourceId, TargetHash};
use remediation::settings::AssignmentPatterns;
use remediation::transition::Chosen;

/// By what they are chosen: all that is given must be so.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Filter {
    /// Targets, by their hashes, and resources, by their ids.
    #[arg(value_name = "TARGET|RESOURCE", value_parser = named)]
    what: Vec<Named>,
    /// Only what is parked for this reason (`stopped` for targets that are stopped). Can be given again.
    #[arg(long = "reason", value_name = "REASON", value_parser = Chosen::reason)]
    reasons: Vec<String>,
    /// Only what this subscription, resource group or resource holds. Can be given again.
    #[arg(long = "scope", value_name = "ID", value_parser = scope)]
    scopes: Vec<ResourceId>,
    /// Only assignments of this name or id; `*` stands for anything. Can be given again.
    #[arg(long = "assignment", value_name = "PATTERN")]
    assignments: Vec<String>,
}

/// The same where everything must be asked for in so many words.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(group(clap::ArgGroup::new("meant").required(true).multiple(true)
    .args(["what", "reasons", "scopes", "assignments", "all"])))]
pub(super) struct Which {
    #[command(flatten)]
    filter: Filter,
    /// Everything that is parked.
    #[arg(long)]
    all: bool,
    /// Only list what is meant.
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone)]
enum Named {
    Target(TargetHash),
    Resource(ResourceId),
}

fn named(text: &str) -> Result<Named, String> {
    let target = text.parse().map(Named::Target);
    target.or_else(|_| text.parse().map(Named::Resource)).map_err(|_| {
        "it is neither the hash of a target, which is 20 hexadecimal digits, nor the id of a resource".to_owned()
    })
}

fn scope(text: &str) -> Result<ResourceId, String> {
    text.parse().map_err(|_| "it is not the id of a subscription, a resource group or a resource".to_owned())
}

impl Filter {
    /// As a value.
    ///
    /// # Errors
    /// When a pattern cannot be read.
    pub(super) fn chosen(self) -> anyhow::Result<Chosen> {
        let assignments = AssignmentPatterns::of(self.assignments);
        let mut chosen = Chosen {
            reasons: self.reasons,
            scopes: self.scopes,
            assignments: assignments.map_err(|why| anyhow::anyhow!("--assignment: {why}"))?,
            ..Chosen::default()
        };
        for one in self.what {
            match one {
                Named::Target(hash) => chosen.targets.push(hash),
                Named::Resource(id) => chosen.resources.push(id),
            }
        }
        Ok(chosen)
    }
}

impl Which {
    /// As a value.
    ///
    /// # Errors
    /// When a pattern cannot be read.
    pub(super) fn chosen(&self) -> anyhow::Result<Chosen> {
        self.filter.clone().chosen()
    }
}
