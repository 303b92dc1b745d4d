//! A folder for temporary files that goes with its owner. One whose owner was killed stays behind, and goes when the next of its kind is made.
//! Whether the owner lives is told by a lock that the system takes away from a process that has ended, whatever ended it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// The file that the owner keeps locked.
const OWNER: &str = ".owner";
/// Between a file and its lock is a moment.
const YOUNG: Duration = Duration::from_secs(60);

/// A folder with its lock. Dropping it removes the folder.
#[derive(Debug)]
pub struct OwnedFolder {
    folder: TempDir,
    _lock: File,
}

impl OwnedFolder {
    /// A new folder whose name begins so. Those of dead owners are removed; what cannot be removed stays.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn new(prefix: &str) -> io::Result<Self> {
        Self::within(&std::env::temp_dir(), prefix)
    }

    fn within(place: &Path, prefix: &str) -> io::Result<Self> {
        sweep(place, prefix);
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(place)?;
        let lock = File::create(folder.path().join(OWNER))?;
        locks(&lock);
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of dead owners.
fn sweep(place: &Path, prefix: &str) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name().to_string_lossy().starts_with(prefix) && is_left_behind(&entry.path()) {
            // Somebody else may remove it at the same time, or it is not ours to remove.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the owner of this folder is dead. Where nothing tells, it lives.
fn is_left_behind(folder: &Path) -> bool {
    let Ok(owner) = File::open(folder.join(OWNER)) else { return false };
    let made = owner.metadata().and_then(|file| file.modified());
    let is_old = made.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > YOUNG));
    is_old && locks(&owner)
}

/// Locks the file for as long as it is open; not where another has it locked.
#[cfg(unix)]
fn locks(file: &File) -> bool {
    rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Elsewhere nothing is known of owners, and nothing is removed.
#[cfg(not(unix))]
fn locks(_file: &File) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_dead_owner_goes_when_the_next_is_made_and_that_of_a_living_one_stays() {
        let place = tempfile::tempdir().unwrap();
        let make = |prefix| OwnedFolder::within(place.path(), prefix).unwrap();
        let aged = |folder: &Path| {
            let owner = File::options().write(true).open(folder.join(OWNER)).unwrap();
            owner.set_modified(SystemTime::now() - 2 * YOUNG).unwrap();
        };
        let (living, dead, young, other) = (make("a-"), make("a-"), make("a-"), make("b-"));
        let unknown = place.path().join("a-unknown");
        std::fs::create_dir(&unknown).unwrap();
        for folder in [&living, &dead, &other] {
            aged(folder.path());
        }
        // As if they had been killed: the locks are gone, the folders are not.
        let left = |folder: OwnedFolder| folder.folder.keep();
        let (dead, young, other) = (left(dead), left(young), left(other));
        let next = make("a-");
        assert!(!dead.exists(), "its owner is dead");
        for folder in [living.path(), next.path(), &young, &other, &unknown] {
            assert!(folder.exists(), "{}", folder.display());
        }
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists(), "it goes with its owner");
    }
}
