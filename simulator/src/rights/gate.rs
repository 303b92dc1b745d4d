//! The door between the services with data and the rights of the estate: they ask, the keeper of the estate answers.

use super::Plane;
use crate::{estate::ArmId, identity::Caller};
use std::{fmt, sync::Arc};

type Asked = dyn Fn(&Caller, Plane, &str, &ArmId) -> bool + Send + Sync;

/// Says whether a caller may do something. Clones share it.
#[derive(Clone)]
pub struct Gate(Arc<Asked>);

impl Gate {
    /// A gate with this keeper.
    pub fn new(keeper: impl Fn(&Caller, Plane, &str, &ArmId) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(keeper))
    }

    /// Whether a caller may do something at a place.
    pub fn opens(&self, caller: &Caller, plane: Plane, action: &str, scope: &ArmId) -> bool {
        (self.0)(caller, plane, action, scope)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
