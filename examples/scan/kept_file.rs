//! Files that keep what an operator said: replaced whole, and changed by one program at a time.

use std::fs::File;
use std::io::{ErrorKind, Result, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file so that a reader, and a machine that loses power, sees the old one or the new one. A link stays, and what it
/// leads to is written; a file that is replaced keeps its permissions.
///
/// # Errors
/// When the file or its folder cannot be written; the file is then as it was.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let path = linked(path)?;
    let folder = folder(&path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(".new");
    #[cfg(unix)]
    {
        // As any new file: readable by whom the umask lets read it.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder)?;
    match std::fs::metadata(&path) {
        Ok(old) => beside.as_file().set_permissions(old.permissions())?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(&path).map_err(|error| error.error)?;
    // The new name is on the disk once the folder is.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Waits until nobody else holds a file that is to be read, changed and replaced; it is held until what is returned is dropped.
/// The lock is an empty file beside it, `<name>.lock`, and stays there: a lock that is removed could be held by two.
///
/// # Errors
/// When the lock cannot be opened or the system knows no locks there.
pub fn hold(path: &Path) -> Result<File> {
    let path = linked(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let lock =
        File::options().create(true).truncate(false).write(true).open(path.with_file_name(name))?;
    lock.lock()?;
    Ok(lock)
}

/// Where the links of a path lead, to a file that may be missing.
fn linked(path: &Path) -> Result<PathBuf> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => match std::fs::read_link(path) {
            Ok(next) => linked(&folder(path).join(next)),
            Err(_) => Ok(path.to_owned()),
        },
        found => found,
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_at_the_same_time_leave_one_whole_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("said.json");
        let texts: Vec<String> = (0..8_u8).map(|n| format!("{n}").repeat(100_000)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                let path = &path;
                scope.spawn(move || (0..5).for_each(|_| replace(path, text).unwrap()));
            }
        });
        let left = std::fs::read_to_string(&path).unwrap();
        assert!(texts.contains(&left), "{} bytes", left.len());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_holds_a_file_reads_what_the_one_before_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("count");
        replace(&path, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let _held = hold(&path).unwrap();
                        let count: u32 = std::fs::read_to_string(&path).unwrap().parse().unwrap();
                        replace(&path, &(count + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "40");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        for permissions in [0o600, 0o640] {
            std::fs::write(&file, "old").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(permissions)).unwrap();
            replace(&file, "new").unwrap();
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, permissions);
        }
        symlink("file", &link).unwrap();
        replace(&link, "through the link").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "through the link");
        std::fs::remove_file(&file).unwrap();
        replace(&link, "where the link leads").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "where the link leads");
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&file), mode(&plain), "a new file is as readable as any");
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        replace(&path, "text").unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        replace(&folder.path().join("no such folder").join("file"), "text").unwrap_err();
    }
}
