//! A folder for temporary files that goes with its owner. One whose owner was killed stays behind, and goes when the next of its kind is made.
//! Whether the owner lives is told by a lock that the system takes away from a process that has ended, whatever ended it.

use std::fs::{File, Metadata};
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

impl Drop for OwnedFolder {
    /// The owner's file goes last: of whoever is killed meanwhile the next one finds it.
    fn drop(&mut self) {
        empty(self.folder.path());
    }
}

/// Removes all but the owner's file.
fn empty(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() != OWNER {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // What cannot be removed here cannot be removed with the folder either.
            let _ = if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        }
    }
}

/// Removes the folders of dead owners.
fn sweep(place: &Path, prefix: &str) {
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // Somebody else may remove it at the same time, or it is not ours to remove.
        if is_left_behind(&entry.path()) {
            empty(&entry.path());
            let _ = std::fs::remove_dir_all(entry.path());
        } else if !entry.path().join(OWNER).exists() && is_old(entry.metadata()) {
            // Whoever is killed after the last file leaves an empty one; with anything in it, it stays.
            let _ = std::fs::remove_dir(entry.path());
        }
    }
}

/// Whether the owner of this folder is dead. Where nothing tells, it lives.
fn is_left_behind(folder: &Path) -> bool {
    let Ok(owner) = File::open(folder.join(OWNER)) else { return false };
    is_old(owner.metadata()) && locks(&owner)
}

/// Whether it was changed last before a while.
fn is_old(of: io::Result<Metadata>) -> bool {
    let made = of.and_then(|about| about.modified());
    made.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > YOUNG))
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
        let bare = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (unknown, used, empty_one) = (bare("a-unknown"), bare("a-used"), bare("a-empty"));
        std::fs::write(used.join("ca.pem"), "x").unwrap();
        for folder in [&used, &empty_one] {
            File::open(folder).unwrap().set_modified(SystemTime::now() - 2 * YOUNG).unwrap();
        }
        for folder in [&living, &dead, &other] {
            aged(folder.path());
        }
        // As if they had been killed: the locks are gone, the folders are not.
        let left = |mut folder: OwnedFolder| {
            folder.folder.disable_cleanup(true);
            folder.path().to_owned()
        };
        let (dead, young, other) = (left(dead), left(young), left(other));
        let next = make("a-");
        assert!(!dead.exists() && !empty_one.exists(), "its owner is dead");
        for folder in [living.path(), next.path(), &young, &other, &unknown, &used] {
            assert!(folder.exists(), "{}", folder.display());
        }
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists(), "it goes with its owner");
    }

    #[test]
    fn an_owner_that_is_killed_while_its_folder_goes_leaves_its_own_file() {
        let place = tempfile::tempdir().unwrap();
        let folder = OwnedFolder::within(place.path(), "a-").unwrap();
        std::fs::write(folder.path().join("ca.pem"), "x").unwrap();
        std::fs::create_dir_all(folder.path().join("package/receive-event")).unwrap();
        empty(folder.path());
        let names = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().map(names).collect::<Vec<_>>(), [OWNER]);
    }
}
