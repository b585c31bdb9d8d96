//! The one way to write a file or a folder whole: beside its place, synced, renamed, and the folder around it synced.
//!
//! A reader never meets half a file, two writers never each other's, and a file that is there after a
//! power cut has its bytes. What cannot be written leaves nothing behind.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Refusal};
use crate::yaml;

/// Writes `content` as the file `path`.
pub fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Error> {
    write_whole_by(path, |beside| fs::write(beside, content.as_ref()))
}

/// Writes the file `path` by `write`, which is given the path that it has until it is whole.
pub fn write_whole_by(
    path: &Path,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Error> {
    let written = || -> io::Result<()> {
        let beside = beside(path)?.into_temp_path();
        write(&beside)?;
        File::open(&beside)?.sync_all()?;
        beside.persist(path).map_err(|error| error.error)?;
        sync_folder(folder(path));
        Ok(())
    };
    written().map_err(Error::file(path, "write"))
}

/// Writes the new folder `path` with these `files`: all of it is there then, or nothing.
pub fn write_folder_whole(path: &Path, files: &[(&str, &[u8])]) -> Result<(), Error> {
    write_folder_whole_by(path, |beside| {
        files.iter().try_for_each(|(name, content)| write_whole(&beside.join(name), content))
    })
}

/// Writes the new folder `path` by `write`, which is given the path that it has until it is whole.
pub fn write_folder_whole_by(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut builder = Builder::new();
    builder.prefix(".").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let beside = builder.tempdir_in(folder(path)).map_err(Error::file(path, "write"))?;
    write(beside.path())?;
    fs::rename(beside.path(), path).map_err(Error::file(path, "write"))?;
    // It is there under its new name, and there is nothing to remove.
    let _gone = beside.keep();
    sync_folder(folder(path));
    Ok(())
}

/// Refuses a file `place` of `--out` for which there is no folder, or none that can be written to.
pub fn check_file(place: &Path) -> Result<(), Error> {
    check_around(place, "a file in a folder that exists")
}

/// Refuses a file `place` of `--out` that does not end as what is written there does, and so may be another's.
pub fn check_ending(place: &Path, ending: &str) -> Result<(), Error> {
    if place.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)) {
        return Ok(());
    }
    let found = place.file_name().unwrap_or_default().display().to_string();
    let hint = format!("--out {}", place.with_extension(ending).display());
    let place = format!("--out {}", place.display());
    Err(Refusal::argument(place, found, format!("a file that ends in .{ending}"), hint))
}

/// Refuses a folder `place` of `--out` that cannot be made: it is there, or the one around it is not.
pub fn check_new_folder(place: &Path) -> Result<(), Error> {
    let shown = format!("--out {}", place.display());
    if place.symlink_metadata().is_ok() {
        return Err(Refusal::argument(
            shown,
            "a file or folder that is there already",
            "a folder that is not there yet",
            format!("--out {}-2", place.display()),
        ));
    }
    check_around(place, "a new folder in one that exists")
}

fn check_around(place: &Path, allowed: &str) -> Result<(), Error> {
    let folder = folder(place);
    let shown = format!("--out {}", place.display());
    if !folder.is_dir() {
        let hint = format!("mkdir -p {}", folder.display());
        return Err(Refusal::argument(
            shown,
            format!("no folder {}", folder.display()),
            allowed,
            hint,
        ));
    }
    tempfile::tempfile_in(folder).map(drop).map_err(|error| {
        let found = format!("{}, which cannot be written to: {}", folder.display(), error.kind());
        Refusal::argument(shown, found, allowed, "a folder where you may write")
    })
}

/// Writes `value` as YAML.
pub fn write_yaml<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let text = yaml::to_text(value)
        .map_err(|message| Error::Content { path: path.to_path_buf(), message })?;
    write_whole(path, &text)
}

/// Reads a value back.
pub fn read_yaml<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(Error::file(path, "read"))?;
    yaml::from_text(&text).map_err(|message| Error::Content { path: path.to_path_buf(), message })
}

/// A file in the folder of `path`, gone unless it is renamed, with the rights that any new file has.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder(path))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// New names in `folder` reach the disk, where the system syncs folders; not every one does.
fn sync_folder(folder: &Path) {
    drop(File::open(folder).and_then(|folder| folder.sync_all()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_may_write_the_same_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.yaml");
        std::thread::scope(|scope| {
            for writer in 0..8u64 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|_| write_yaml(path, &writer).unwrap()));
            }
        });
        assert!(read_yaml::<u64>(&path).unwrap() < 8);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_take_its_place_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.yaml");
        fs::create_dir(&path).unwrap();
        let error = write_whole(&path, "text").unwrap_err().to_string();
        assert!(error.contains("status.yaml: cannot write"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn it_may_be_read_by_whom_the_user_lets() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [ours, usual] = ["ours", "usual"].map(|name| folder.path().join(name));
        write_whole(&ours, "").unwrap();
        fs::write(&usual, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
