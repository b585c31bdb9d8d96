//! What fuzzing keeps: the readers of what comes from outside stand all of it. `scripts/fuzz` looks for more.

use std::fs;
use std::path::{Path, PathBuf};

use sparring_sparse::{Saved, saved};

#[path = "../fuzz/readers.rs"]
#[allow(dead_code, reason = "a target uses a part")]
mod readers;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

#[test]
fn every_reader_stands_what_is_kept_for_it() {
    for (target, read) in readers::TARGETS {
        let mut files = 0;
        for entry in fs::read_dir(corpus(target)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            read(&fs::read(&path).unwrap());
            files += 1;
        }
        assert!(files > 2, "{target}");
    }
}

/// What was cut off at any place, or has a byte that is another one, is refused in words or read.
#[test]
fn every_reader_stands_what_is_torn() {
    for (target, read) in readers::TARGETS {
        for entry in fs::read_dir(corpus(target)).unwrap() {
            let whole = fs::read(entry.unwrap().path()).unwrap();
            for n in 0..20 {
                let at = whole.len() * n / 20;
                read(&whole[..at]);
                let mut flipped = whole.clone();
                if let Some(byte) = flipped.get_mut(at) {
                    *byte ^= 1 << (n % 8);
                }
                read(&flipped);
            }
        }
    }
}

/// `cargo test --test runs corpus:: -- --ignored` writes the seeds of the targets that read what Sparring has written.
#[test]
#[ignore = "writes into the sources"]
fn seeds() {
    for (name, _) in readers::TARGETS {
        fs::create_dir_all(corpus(name)).unwrap();
    }
    let write = |target: &str, name: &str, bytes: &[u8]| {
        fs::write(corpus(target).join(name), bytes).unwrap();
    };
    readers::with_jobs(|jobs| {
        for ((job, text), name) in
            jobs.iter().zip(readers::JOBS).zip(["dqn", "sac", "ppo", "images"])
        {
            write("config", name, text.as_bytes());
            write("checkpoint", &format!("{name}.state"), &job.state.to_bytes().unwrap());
            if !job.piece.is_empty() {
                write("checkpoint", &format!("{name}.rows"), &job.piece);
            }
            let mut policy = Saved::new();
            let mut reached = sparring::train::Reached::default();
            let agent = job.fresh(&mut reached).agent;
            agent.save_policy(&mut policy).unwrap();
            write("policy", name, &saved::to_bytes(&policy, None).unwrap());
        }
    });
}
