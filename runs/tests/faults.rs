//! What users ran into: signals that were to be ignored, streams that are closed, folders in the middle of a
//! run, names that are no text, disks that are full.
#![cfg(unix)]

use std::ffi::OsStr;
use std::io::pipe;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use crate::common::{Folder, below, sparring, wait_for};

/// A job of a variant, far longer than any test waits; evaluations are short.
const ENDLESS: &str = "\
env: {id: CartPole-v1}
train: {total_env_steps: 1e9, log_every_env_steps: 200}
eval: {every_env_steps: 500, episodes: 2}
agent: {hidden: [16], batch_size: 16, warmup_env_steps: 100}
sparsity: {kind: dense}
";

/// Its first job ends soon.
const SHORT: &str = "\
env: {id: Identity-v0}
train: {total_env_steps: 300}
eval: {every_env_steps: 100, episodes: 2}
agent: {hidden: [8], batch_size: 8, replay_capacity: 100, warmup_env_steps: 50, discount: 0.0}
sparsity: {kind: dense}
";

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Waits until the first job of `out` has been evaluated.
fn wait_for_an_evaluation(folder: &Folder) {
    let status = folder.path().join("out/base/seed-1/status.yaml");
    wait_for(|| {
        std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("evaluations: 0"))
    });
}

#[test]
fn signals_that_were_to_be_ignored_are() {
    let folder = Folder::with("endless.yaml", ENDLESS);
    let args = ["run", "endless.yaml", "--out", "out", "--quiet"];
    let mut child =
        below("trap '' HUP INT; exec \"$@\"").args(args).current_dir(folder.path()).spawn();
    wait_for_an_evaluation(&folder);
    for ignored in ["-HUP", "-INT"] {
        signal(&child, ignored);
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "{ignored}");
    }
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(75));
}

/// Progress is for whom it may interest; the exit code and the files are not in its hands.
#[test]
fn a_reader_of_stderr_that_leaves_stops_nothing() {
    let folder = Folder::with("short.yaml", SHORT);
    for (out, args) in [("told", &[][..]), ("failed", &["--assert", "return>1e9"])] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let run = sparring().args(["run", "short.yaml", "--out", out]).args(args);
        let run = run.stderr(writer).current_dir(folder.path());
        run.assert_code(if args.is_empty() { 0 } else { 3 });
        assert!(folder.read(&format!("{out}/status.yaml")).contains("state: finished"));
    }
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let refused = sparring().args(["run", "none.yaml"]).stderr(writer).current_dir(folder.path());
    refused.assert_code(2);
}

/// As Ctrl-C below `2>&1 | tee log`, which ends tee first.
#[test]
fn ctrl_c_ends_in_order_without_a_reader() {
    let folder = Folder::with("endless.yaml", ENDLESS);
    let (reader, writer) = pipe().unwrap();
    let run = sparring().args(["run", "endless.yaml", "--out", "out"]);
    let run = run.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = run.current_dir(folder.path()).spawn();
    wait_for_an_evaluation(&folder);
    drop(reader);
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(75));
    assert!(folder.read("out/status.yaml").contains("state: interrupted"));
}

fn report(folder: &Folder, more: &[&str]) -> String {
    let args = ["report", "out"].iter().chain(more);
    sparring().args(args).current_dir(folder.path()).assert_code(0).stdout
}

/// Jobs that are done, at work, never begun and killed in their first evaluation stand in one table.
#[test]
fn a_report_may_be_asked_for_at_any_time() {
    let text = format!(
        "{SHORT}seeds: [1, 2]\n\
         variants:\n  done: {{train: {{log_every_env_steps: 50}}}}\n  \
         long: {{eval: {{episodes: 100000000}}}}\n"
    );
    let folder = Folder::with("long.yaml", &text);
    let args = ["run", "long.yaml", "--out", "out", "--jobs", "1", "--quiet"];
    let mut child = sparring().args(args).current_dir(folder.path()).spawn();
    let evals = folder.path().join("out/long/seed-1/evals.csv");
    wait_for(|| evals.is_file());
    let live = report(&folder, &[]);
    for part in
        ["done       1/2", "long       0/2", "1 job is running: long/seed-1; 2 jobs have not begun"]
    {
        assert!(live.contains(part), "{part} in {live}");
    }
    // The run says how far it is after every job.
    assert!(folder.read("out/status.yaml").contains("state: running\njobs: 4\nfinished: 1\n"));
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = report(&folder, &[]);
    for part in [
        "done       1/2",
        "3 jobs did not reach the end: done/seed-2 (not begun), long/seed-1 (killed), long/seed-2",
    ] {
        assert!(killed.contains(part), "{part} in {killed}");
    }
    // What was killed before its first line was written.
    std::fs::write(&evals, "").unwrap();
    assert_eq!(report(&folder, &[]), killed);
    // A file that cannot be read is its job's own affair.
    std::fs::write(&evals, "no,columns\n1,2\n").unwrap();
    std::fs::write(folder.path().join("out/long/seed-1/status.yaml"), b"\xff\xfe").unwrap();
    let unread = report(&folder, &[]);
    for part in ["done       1/2", "(unreadable)", "evals.csv: has no columns", "status.yaml: "] {
        assert!(unread.contains(part), "{part} in {unread}");
    }
}

#[test]
fn many_runs_into_one_folder_share_it_or_one_goes_on() {
    let folder = Folder::with("short.yaml", SHORT);
    let run = |seeds: &str| {
        let args = ["run", "short.yaml", "--out", "out", "--seeds", seeds];
        sparring().args(args).current_dir(folder.path()).spawn()
    };
    for _ in 0..5 {
        let children: Vec<Child> = (1..=4).map(|_| run("1,2")).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success() && said.contains("2 of 2 jobs finished"), "{said}");
        }
        for seed in [1, 2] {
            let lives = folder.path().join(format!("out/base/seed-{seed}/lives"));
            assert_eq!(std::fs::read_dir(lives).unwrap().count(), 1);
        }
        std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    }
    // Other jobs are not mixed with those that are under way.
    let endless = Folder::with("short.yaml", ENDLESS);
    let args = ["run", "short.yaml", "--out", "out", "--quiet", "--seeds"];
    let begin = |seeds| sparring().args(args).arg(seeds).current_dir(endless.path());
    let mut child = begin("1").spawn();
    wait_for_an_evaluation(&endless);
    let refused = begin("2").assert_code(2).stderr;
    assert!(refused.contains("another process works at other jobs"), "{refused}");
    assert!(endless.read("out/run.yaml").contains("seeds:\n- 1\n"));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(75));
}

#[test]
fn names_that_are_no_text_are_names() {
    let folder = Folder::new();
    let name = OsStr::from_bytes(b"sh\xf6rt.yaml");
    std::fs::write(folder.path().join(name), SHORT).unwrap();
    let out = OsStr::from_bytes(b"gr\xf6\xdfe");
    let run = sparring().arg("run").arg(name).arg("--out").arg(out).current_dir(folder.path());
    run.assert_code(0);
    let report = sparring().arg("report").arg(out).current_dir(folder.path()).assert_code(0);
    assert!(report.stdout.contains("1 of 1 jobs finished"), "{}", report.stdout);
    let job = Path::new(out).join("base/seed-1");
    let args = ["play", "--env", "CartPole-v1", "--random", "--out"].map(OsStr::new);
    let film = OsStr::from_bytes(b"f\xeflm.gif");
    sparring().args(args).arg(film).current_dir(folder.path()).assert_code(0);
    let entries = std::fs::read_dir(folder.path().join(job)).unwrap();
    let events = entries.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("events.out.tfevents.")
    });
    // Those of its life, and its end.
    assert_eq!(events.count(), 2);
}

/// Files cannot grow beyond so many blocks, as on a disk that is full: at whatever point that stops a run,
/// there is no panic on the screen, no half of a file in the folder, and a table of what there is.
#[test]
fn a_full_disk_leaves_a_table_and_no_rest() {
    let text = SHORT.replace("300}", "3000, log_every_env_steps: 20}");
    let folder = Folder::with("short.yaml", &text);
    let mut tables = 0;
    for blocks in [0, 1, 2, 3, 4, 8, 16, 24, 32] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let out = format!("out-{blocks}");
        let child = below(&script).args(["run", "short.yaml", "--out", &out]);
        let output = child.current_dir(folder.path()).spawn().wait_with_output().unwrap();
        let [told, said] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(1), "{blocks}: {told}{said}");
        assert!(!said.contains("panic"), "{blocks}: {said}");
        let begun = said.contains("started");
        assert_eq!(begun, told.contains("of 1 jobs finished"), "{blocks}: {told}{said}");
        tables += usize::from(begun);
        assert_eq!(folder.rests(&out), Vec::<String>::new(), "{blocks}");
    }
    assert!(tables >= 3, "{tables}");
}

#[test]
fn a_variant_stands_for_all_its_values_of_a_sweep() {
    let text = format!(
        "{}sweep: {{sparsity.sparsity: [0.5, 0.6]}}\nvariants:\n  \
         set: {{sparsity: {{kind: set}}}}\n  rigl: {{sparsity: {{kind: rigl}}}}\n",
        SHORT.replace("{kind: dense}", "{sparsity: 0.5}")
    );
    let folder = Folder::with("sweep.yaml", &text);
    let args = ["run", "sweep.yaml", "--out", "out", "--quiet", "--assert", "rigl.return>=1000"];
    let run = sparring().args(args).current_dir(folder.path()).assert_code(3);
    for part in ["rigl,sparsity=0.5 reached", "rigl,sparsity=0.6 reached"] {
        assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
    }
    assert!(!run.stderr.contains("set,"), "{}", run.stderr);

    let all = report(&folder, &[]);
    let some = report(&folder, &["--variant", "rigl"]);
    assert!(all.contains("4 of 4") && some.contains("2 of 2 jobs finished"), "{some}");
    assert!(some.contains("rigl,sparsity=0.6") && !some.contains("set,"), "{some}");
    let one = report(&folder, &["--variant", "rigl,sparsity=0.6", "--layers"]);
    assert!(one.contains("1 of 1") && one.contains("hidden.0"), "{one}");
    let args = ["report", "out", "--variant", "ringl"];
    let refused = sparring().args(args).current_dir(folder.path()).assert_code(2);
    assert!(refused.stderr.contains("try      rigl"), "{}", refused.stderr);
}
