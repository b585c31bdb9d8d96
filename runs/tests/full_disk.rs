//! A disk that is full while a job logs, is evaluated or is kept: no panic, no half of a file, nothing that was
//! written before is lost, and with room again the job ends with the numbers of one that always had it.
//!
//! The disks are small file systems in memory, which root alone may mount.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use crate::common::{Folder, sparring};

const JOB: &str = "\
env: {id: CartPole-v1}
train: {total_env_steps: 3000, log_every_env_steps: 20}
eval: {every_env_steps: 200, episodes: 2}
agent: {hidden: [16], batch_size: 8, replay_capacity: 1000, warmup_env_steps: 50}
sparsity: {kind: dense}
";

/// A file system of some KiB, gone with its owner.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    /// None for whom the system does not let.
    fn of(kib: u32, place: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let size = format!("size={kib}k");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place).output();
        mount.is_ok_and(|mount| mount.status.success()).then_some(Self(place))
    }

    fn grow(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=64m"]).arg(self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}

/// The rows of a CSV file without the column of seconds.
fn rows(folder: &Folder, file: &str) -> Vec<String> {
    let without_clock = |line: &str| {
        let fields: Vec<&str> =
            line.split(',').enumerate().filter(|(i, _)| *i != 2).map(|(_, field)| field).collect();
        fields.join(",")
    };
    folder.read(file).lines().map(without_clock).collect()
}

#[test]
fn a_job_goes_on_when_there_is_room_again() {
    let folder = Folder::with("job.yaml", JOB);
    let here = folder.path();
    let run = |out: &str| sparring().args(["run", "job.yaml", "--out", out]).current_dir(here);
    run("whole").assert_code(0);
    let place = here.join("disk");
    let (mut failed, mut lost) = (0, 0);
    for kib in [16, 32, 64, 96, 128, 160, 192, 256, 320, 400, 512] {
        let Some(disk) = Disk::of(kib, &place) else {
            eprintln!("skipped: a small disk needs root, who may mount a tmpfs");
            return;
        };
        let child = run("disk/out").spawn().wait_with_output().unwrap();
        let said = String::from_utf8(child.stderr).unwrap();
        let code = child.status.code().unwrap();
        assert!(!said.contains("panic"), "{kib} KiB: {said}");
        let full = said.contains("No space left on device");
        assert!(
            matches!((code, full), (1, true) | (0, false) | (4, _)),
            "{kib} KiB: {code} {said}"
        );
        failed += u32::from(code == 1);
        lost += u32::from(code == 4);
        let rests = if place.join("out").is_dir() { folder.rests("disk/out") } else { Vec::new() };
        assert_eq!(rests, Vec::<String>::new(), "{kib} KiB");
        // What there is can be read.
        if place.join("out/run.yaml").is_file() {
            sparring().args(["report", "disk/out"]).current_dir(here).assert_code(0);
            sparring().args(["status", "disk/out"]).current_dir(here).assert_code(0);
        }
        let job = place.join("out/base/seed-1");
        if job.join("policy.safetensors").is_file() && job.join("resolved.yaml").is_file() {
            let eval = ["eval", "disk/out/base/seed-1", "--episodes", "1"];
            sparring().args(eval).current_dir(here).assert_code(0);
        }
        disk.grow();
        // A job that was at its end without all of its records stays so.
        run("disk/out").assert_code(if code == 4 { 4 } else { 0 });
        for file in ["metrics.csv", "evals.csv"] {
            let [found, expected] = ["disk/out", "whole"]
                .map(|out| rows(&folder, &format!("{out}/base/seed-1/{file}")));
            assert!(found == expected, "{kib} KiB: {file}");
        }
        let policy =
            |out: &str| std::fs::read(here.join(out).join("base/seed-1/policy.safetensors"));
        assert_eq!(policy("disk/out").unwrap(), policy("whole").unwrap(), "{kib} KiB");
    }
    assert!(failed > 3, "{failed} failed, {lost} lost something");
}

/// The training goes on without TensorBoard; the table and the exit code tell.
#[test]
fn tensorboard_that_cannot_write_costs_its_curves_alone() {
    let folder = Folder::with("job.yaml", JOB);
    let here = folder.path();
    let run = || sparring().args(["run", "job.yaml", "--out", "out"]).current_dir(here);
    run().assert_code(0);
    let metrics = rows(&folder, "out/base/seed-1/metrics.csv");
    let job = here.join("out/base/seed-1");
    std::fs::remove_file(job.join("status.yaml")).unwrap();
    // No name sorts behind it.
    std::fs::write(job.join(format!("events.out.tfevents.{}.1.sparring", u64::MAX)), "").unwrap();
    for _ in 0..2 {
        let ended = run().assert_code(4);
        assert!(ended.stderr.contains("1 of 1 lost some of what they write"), "{}", ended.stderr);
        assert_eq!(ended.stdout.matches("TensorBoard events").count(), 1, "{}", ended.stdout);
    }
    assert!(folder.read("out/base/seed-1/status.yaml").contains("state: finished"));
    assert!(rows(&folder, "out/base/seed-1/metrics.csv") == metrics);
}
