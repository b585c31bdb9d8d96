//! Runs the binary and looks at what it left.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The binary, ready for arguments.
pub fn sparring() -> Sparring {
    Sparring::of(Command::new(BINARY))
}

/// The binary as `"$@"` of a shell script.
pub fn below(script: &str) -> Sparring {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", BINARY]);
    Sparring::of(command)
}

const BINARY: &str = env!("CARGO_BIN_EXE_sparring");

/// Polls until `ready`.
pub fn wait_for(mut ready: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < Duration::from_secs(300));
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Sparring(Command);

/// What a run of the binary printed.
pub struct Printed {
    pub stdout: String,
    pub stderr: String,
}

impl Sparring {
    /// Tests in the background of a shell ignore Ctrl-C; what they start must not. It ends with the test that
    /// started it.
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            let usual = || {
                for signal in [libc::SIGINT, libc::SIGHUP] {
                    // SAFETY: `signal` may be called between fork and exec.
                    unsafe { libc::signal(signal, libc::SIG_DFL) };
                }
                #[cfg(target_os = "linux")]
                // SAFETY: so may `prctl`.
                unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL)
                };
                Ok(())
            };
            // SAFETY: it calls these alone.
            unsafe { command.pre_exec(usual) };
        }
        Self(command)
    }

    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stdout(to);
        self
    }

    pub fn stderr(mut self, to: impl Into<Stdio>) -> Self {
        self.0.stderr(to);
        self
    }

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

    /// The files below `name` that no run means to leave.
    pub fn rests(&self, name: &str) -> Vec<String> {
        fn below(folder: &Path, rests: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), rests);
                } else if name.starts_with('.') || name.ends_with(".tmp") {
                    rests.push(name);
                }
            }
        }
        let mut rests = Vec::new();
        below(&self.path().join(name), &mut rests);
        rests
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
