//! `sparring play` through the binary: what the files hold, and what is refused.

use crate::common;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::common::{Folder, sparring};

/// A policy of a second; its variants are another network and another agent.
const SMALL: &str = "\
seeds: [3]
env: {id: CartPole-v1}
train: {total_env_steps: 600}
eval: {every_env_steps: 300, episodes: 2}
agent: {hidden: [16], batch_size: 16, replay_capacity: 600, warmup_env_steps: 100}
sparsity: {kind: static, sparsity: 0.5}
variants: {narrow: {agent: {hidden: [8]}}, wide: {agent: {hidden: [32]}}}
sweep: {agent.discount: [0.9, 0.99]}
";

/// What a test looks at in an animation.
struct Gif {
    size: (u16, u16),
    /// Hundredths of a second.
    delays: Vec<u16>,
    frames: Vec<Vec<u8>>,
}

fn gif(path: &Path) -> Gif {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(File::open(path).unwrap()).unwrap();
    let size = (decoder.width(), decoder.height());
    let (mut delays, mut frames) = (Vec::new(), Vec::new());
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        assert_eq!((frame.width, frame.height, frame.left, frame.top), (size.0, size.1, 0, 0));
        delays.push(frame.delay);
        frames.push(frame.buffer.to_vec());
    }
    Gif { size, delays, frames }
}

fn play(folder: &Folder, args: &[&str], code: i32) -> common::Printed {
    sparring().arg("play").args(args).current_dir(folder.path()).assert_code(code)
}

/// The number before ` steps`.
fn steps(printed: &str) -> usize {
    let before = printed.split(" steps").next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn an_animation_has_a_frame_a_step_and_the_first_at_the_rate_of_the_env() {
    let folder = Folder::new();
    for (id, size, delays) in [
        ("CartPole-v1", (480, 152), [2, 2, 2]),
        ("Pendulum-v1", (312, 312), [3, 4, 3]),
        ("Acrobot-v1", (352, 352), [7, 6, 7]),
        ("MinAtar/Breakout-v1", (240, 240), [5, 5, 5]),
    ] {
        let args = ["--env", id, "--random", "--seed", "5", "--out", "a.gif"];
        let printed = play(&folder, &args, 0).stdout;
        let gif = gif(&folder.path().join("a.gif"));
        assert_eq!(gif.size, size, "{id}");
        assert_eq!(gif.delays[..3], delays, "{id}");
        assert_eq!(gif.frames.len(), steps(&printed) + 1, "{printed}");
        assert!(gif.frames.windows(2).filter(|pair| pair[0] != pair[1]).count() > 5, "{id}");
    }
}

#[test]
fn a_sheet_is_one_picture() {
    let folder = Folder::new();
    let args = ["--env", "MountainCar-v0", "--random", "--out", "sheet.PNG"];
    let printed = play(&folder, &args, 0).stdout;
    assert!(printed.contains("return -200.00, 200 steps, truncated"), "{printed}");
    let file = File::open(folder.path().join("sheet.PNG")).unwrap();
    let reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    // 201 frames, of which every sixteenth and the last: 13 and 1, five a row.
    assert_eq!((reader.info().width, reader.info().height), (5 * 438 - 6, 3 * 306 - 6));
}

#[test]
fn random_actions_are_those_of_the_seed() {
    let folder = Folder::new();
    let of = |seed: &str| {
        play(&folder, &["--env", "CartPole-v1", "--random", "--seed", seed, "--out", "a.gif"], 0);
        std::fs::read(folder.path().join("a.gif")).unwrap()
    };
    let (one, again, other) = (of("1"), of("1"), of("2"));
    assert!(one == again && one != other);
}

#[test]
fn options_of_the_env_are_set_as_in_a_config() {
    let folder = Folder::new();
    let set = |set: &'static str| ["--env", "Chain-v0", "--random", "--out", "a.gif", "--set", set];
    // A chain draws nothing, which is found out behind its options.
    let said = play(&folder, &set("env.options.places=7"), 2).stderr;
    assert!(said.contains("no picture"), "{said}");
    let said = play(&folder, &set("env.options.places=1"), 2).stderr;
    assert!(said.contains("a whole number in [2, 50]"), "{said}");
    let said = play(&folder, &set("env.num_envs=2"), 2).stderr;
    assert!(said.contains("unknown key num_envs") && said.contains("options"), "{said}");
}

#[test]
fn a_policy_plays_from_the_folder_of_its_job() {
    let folder = Folder::with("small.yaml", SMALL);
    let args = ["run", "small.yaml", "--out", "out", "--set", "env.on_fault=restart", "--quiet"];
    sparring().args(args).current_dir(folder.path()).assert_code(0);
    let job = "out/wide,discount=0.9/seed-3";
    let of = |more: &[&str]| {
        let args = [&["--checkpoint", job, "--out", "a.gif"], more].concat();
        let printed = play(&folder, &args, 0).stdout;
        let gif = gif(&folder.path().join("a.gif"));
        assert_eq!(gif.frames.len(), steps(&printed) + 1, "{printed}");
        (printed, gif.frames)
    };
    let (one, again) = (of(&[]), of(&["--env", "CartPole-v1"]));
    assert!(one.0.starts_with("CartPole-v1, seed 1: return "), "{}", one.0);
    assert!(one == again);
    assert!(one.1 != of(&["--seed", "2"]).1);
    // It is the policy of that folder that plays: one that its config does not fit is refused.
    let policy = folder.path().join(job).join("policy.safetensors");
    let other = folder.path().join("out/narrow,discount=0.9/seed-3/policy.safetensors");
    let wide = std::fs::read(&policy).unwrap();
    std::fs::copy(other, &policy).unwrap();
    let said = play(&folder, &["--checkpoint", job, "--out", "b.gif"], 2).stderr;
    assert!(said.contains("a policy of another agent or env"), "{said}");
    std::fs::write(&policy, wide).unwrap();

    let refused = |args: &[&str], parts: [&str; 3]| {
        let said = play(&folder, &[args, &["--out", "b.gif"]].concat(), 2).stderr;
        for part in parts.into_iter().chain(["\n  found ", "\n  allowed ", "\n  try "]) {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!folder.path().join("b.gif").exists());
    };
    let of_job = ["--checkpoint", job];
    refused(
        &[&of_job[..], &["--env", "Acrobot-v1"]].concat(),
        ["--env Acrobot-v1", "a policy of CartPole-v1", "leave --env out"],
    );
    refused(&["--checkpoint", "out"], ["error: out", "without resolved.yaml", "<run>/<variant>"]);
    refused(&["--checkpoint", "none"], ["error: none", "no folder", "seed-1"]);
    refused(
        &[&of_job[..], &["--set", "agent.network.hidden=[8]"]].concat(),
        ["a policy of another agent or env", "resolved.yaml", "seed-1"],
    );
    std::fs::remove_file(policy).unwrap();
    refused(&of_job, [job, "without policy.safetensors", "that has been evaluated"]);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let folder = Folder::new();
    let cases: [(&[&str], [&str; 3]); 8] = [
        (&["--env", "CartPole-v1", "--random", "--out", "a.mp4"], ["a.mp4", ".mp4", "a.gif"]),
        (&["--env", "CartPole-v1", "--random", "--out", "a"], ["--out a", "no ending", "a.gif"]),
        (
            &["--env", "CartPole-v1", "--random", "--out", "no/a.gif"],
            ["no/a.gif", "no folder no", "mkdir -p no"],
        ),
        (
            &["--env", "cartpole-v1", "--random", "--out", "a.gif"],
            ["--env cartpole-v1", "such as CartPole-v1", "sparring list envs"],
        ),
        (
            &["--env", "Identity-v0", "--random", "--out", "a.gif"],
            ["--env Identity-v0", "no picture", "CartPole-v1"],
        ),
        (&["--env", "CartPole-v1", "--out", "a.gif"], ["nobody who plays", "one of", "--random"]),
        (&["--random", "--out", "a.gif"], ["--env", "nothing", "--env CartPole-v1"]),
        (
            &["--checkpoint", "x", "--random", "--out", "a.gif"],
            ["--random", "--checkpoint beside it", "leave one"],
        ),
    ];
    for (args, parts) in cases {
        let said = play(&folder, args, 2).stderr;
        for part in parts.into_iter().chain(["\n  found ", "\n  allowed ", "\n  try "]) {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
    assert_eq!(folder.names(), Vec::<String>::new());
}
