//! A policy assignment, and what a decision must know of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::control::AssignedControls;
use crate::id::{ArmId, Target, hex};
use crate::policy::{IdentityChange, Override, Resolved, Selector};
use crate::time::Timestamp;

/// What is assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssignedPolicy {
    /// A single policy; its id, folded.
    Definition(String),
    /// An initiative.
    Set(ArmId),
    /// It cannot be read of the assignment, or something else cannot that may not be guessed; why.
    Unreadable(String),
}

/// A policy assignment that applies to a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its id, folded; empty where it cannot be read.
    pub id: String,
    /// What it assigns.
    pub policy: AssignedPolicy,
    /// Whether it has a managed identity to act with.
    pub has_identity: bool,
    /// Whether its effect is enforced (`enforcementMode` is `Default` or not given): a mode that is not known is not.
    pub is_enforced: bool,
    /// Scopes that it excludes, folded.
    pub not_scopes: Vec<String>,
    /// What tells it from another of the same id that was there before or comes after: its `instanceId` where given, else
    /// when it was created, else its identity. None where none of these is told.
    pub instance: Option<String>,
    /// The principal of its identity; none where it is not told.
    pub principal: Option<Box<str>>,
    /// The user-assigned identity that it acts with; none where the assignment itself holds its identity.
    pub user_assigned: Option<Box<str>>,
    /// What it says of effect and resources; none where it says nothing, as most do.
    pub terms: Option<Arc<Terms>>,
    /// A digest of all values of its parameters; 0 where it has none.
    pub parameters: u64,
    /// When it was changed last, where that is told.
    pub modified_at: Option<Timestamp>,
    /// The version of its policy that is in force, or the pin that selects it (`1.*.*`); none where neither is told.
    pub effective_version: Option<Box<str>>,
    /// What it says of what the worker may do; none where it says nothing, as most do.
    pub controls: Option<Arc<AssignedControls>>,
}

impl Assignment {
    /// One of which no more is known: it has an identity, is enforced, and says nothing else.
    #[must_use]
    pub fn plain(id: String, policy: AssignedPolicy) -> Self {
        Self {
            id,
            policy,
            has_identity: true,
            is_enforced: true,
            not_scopes: Vec::new(),
            instance: None,
            principal: None,
            user_assigned: None,
            terms: None,
            parameters: 0,
            modified_at: None,
            effective_version: None,
            controls: None,
        }
    }
}

/// What an assignment says of its policy's effect and of the resources that it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// The values of its parameters that may be an effect, or tell which identity a policy assigns, by folded name.
    pub parameters: BTreeMap<String, String>,
    /// Its overrides, in their order.
    pub overrides: Vec<Override>,
    /// Its `resourceSelectors`; each lets in what meets all its selectors.
    pub resource_selectors: Vec<Vec<Selector>>,
}

/// Something that may be there, may be known to be gone, or cannot be read. What cannot be read is never taken for gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// It is there.
    There(T),
    /// It is certainly not there.
    Gone,
    /// Not readable with the worker's roles; the words are the service's.
    Unreadable(String),
}

impl<T> Found<T> {
    /// The same of what is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Self::There(found) => Found::There(make(found)),
            Self::Gone => Found::Gone,
            Self::Unreadable(words) => Found::Unreadable(words),
        }
    }
}

/// What a decision must know of an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The assignment.
    pub assignment: Found<Assignment>,
    /// The initiative's reference ids in its own casing; none when a single policy is assigned.
    pub references: Option<Found<Vec<String>>>,
    /// The version that is in force of the initiative's policy that the target is of, or the pin that selects it; none where a single
    /// policy is assigned, or neither is told.
    pub member_version: Option<Box<str>>,
    /// Digests of the rule of the target's policy, of what its initiative gives it, and of the initiative's parameters; 0 where there is
    /// none, or it cannot be read.
    pub content: [u64; 3],
    /// The effect that the target's policy has under the assignment; none where its definition cannot be read.
    pub effect: Option<Resolved>,
    /// A digest of all that decides the effects of the policies that are assigned; only where the target's own is one that no task
    /// remediates.
    pub policies: Option<String>,
    /// What the policy does to identities of resources, as far as its definition can be read.
    pub identity: IdentityChange,
    /// The targets in the subscription of the same policy, this one too: what is assigned here may be assigned many times.
    pub siblings: Vec<Target>,
    /// Since when at least all of this was so: it was read then, or later.
    pub read_at: Timestamp,
}

impl Facts {
    /// A text that is the same as long as a task would do the same: the assignment, its policy's rule, effect and version, and what it says
    /// of resources. When it was read or changed, what else is assigned, and what is said to the worker are none of it.
    #[must_use]
    pub fn digest(&self) -> String {
        let Self {
            assignment,
            references,
            member_version,
            content,
            effect,
            identity,
            policies: _,
            siblings: _,
            read_at: _,
        } = self;
        let assignment =
            assignment.clone().map(|assignment| Assignment { controls: None, modified_at: None, ..assignment });
        let digest =
            Sha256::digest(format!("{:?}", (assignment, references, member_version, content, effect, identity)));
        hex(&digest[..16])
    }

    /// What is known where nothing of the assignment is.
    #[must_use]
    pub fn without_assignment(assignment: Found<Assignment>, read_at: Timestamp) -> Self {
        Self {
            assignment,
            references: None,
            member_version: None,
            content: [0; 3],
            effect: None,
            policies: None,
            identity: IdentityChange::Nothing,
            siblings: Vec::new(),
            read_at,
        }
    }
}
