//! Runs the binary and looks at what it left.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The binary, ready for arguments.
pub fn sparring() -> Sparring {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparring"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Sparring(command)
}

pub struct Sparring(Command);

/// What a run of the binary printed.
pub struct Printed {
    pub stdout: String,
    pub stderr: String,
}

impl Sparring {
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.0.args(args);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs it to its end, which must have this exit code.
    pub fn assert_code(mut self, code: i32) -> Printed {
        let output = self.0.output().unwrap();
        let printed = Printed {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let said = format!("{:?}\n{}\n{}", self.0, printed.stdout, printed.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        printed
    }

    /// Runs it beside the test.
    pub fn spawn(mut self) -> Child {
        self.0.spawn().unwrap()
    }
}

/// A folder that is gone after the test.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// One that holds one file.
    pub fn with(name: &str, text: &str) -> Self {
        let folder = Self::new();
        std::fs::write(folder.path().join(name), text).unwrap();
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn read(&self, file: &str) -> String {
        let path = self.path().join(file);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A config of the repository.
pub fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(name)
}
