//! The replay memory of the paper's Atari agents at full size: what it promises to take, what it takes
//! once every page of it was written, and how long storing and drawing take.
//!
//! ```text
//! cargo bench -p sparring-agents --bench replay -- [--transitions 1000000]
//! ```

use std::error::Error;
use std::time::Instant;

use sparring_agents::replay::{Replay, ReplayConfig, Sample};
use sparring_envs::{Actions, Batch, End, EnvSpec, Obs, Row, Space, spec};
use sparring_sparse::Seed;

const FRAME: usize = 84 * 84;
const FRAMES: usize = 4;
/// Atari's episodes are longer on the whole; these end often.
const EPISODE: usize = 200;
const BATCH: usize = 32;
const DRAWS: u32 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let capacity = std::env::args().skip_while(|arg| arg != "--transitions").nth(1);
    let capacity = capacity.map_or(Ok(1_000_000), |text| text.parse())?;
    let obs = Space::bytes(&[FRAMES, 84, 84]);
    let spec = EnvSpec { obs, frames: FRAMES, ..spec("Recall-v0")? };
    let config = ReplayConfig::new(&spec, 1, capacity, 0.99);
    println!("promised  {:>14} bytes for {capacity} transitions", config.bytes());

    let before = resident()?;
    let mut replay = Replay::new(config);
    let (mut obs, mut next) = (vec![0; FRAMES * FRAME], vec![0; FRAMES * FRAME]);
    let begun = Instant::now();
    let steps = capacity + capacity / 8;
    for t in 0..steps {
        next[..(FRAMES - 1) * FRAME].copy_from_slice(&obs[FRAME..]);
        next[(FRAMES - 1) * FRAME..].fill(1 + (t % 255) as u8);
        let row = [(t % EPISODE == EPISODE - 1).then_some(End::Terminated).into()];
        let batch = Batch {
            envs: &[0],
            obs: Obs::U8(&obs),
            next: Obs::U8(&next),
            reward: &[0.0],
            row: &row,
            finished: &[],
        };
        replay.store(&batch, Actions::Discrete(&[0]))?;
        std::mem::swap(&mut obs, &mut next);
        if row[0] != Row::Step {
            obs[..(FRAMES - 1) * FRAME].fill(0);
        }
    }
    let stored = begun.elapsed() / steps as u32;
    println!("resident  {:>14} bytes more, {} held", resident()? - before, replay.len());

    let (mut sample, mut rng) = (Sample::default(), Seed::new(1).rng());
    replay.sample(BATCH, &mut rng, &mut sample)?;
    let begun = Instant::now();
    for _ in 0..DRAWS {
        replay.sample(BATCH, &mut rng, &mut sample)?;
    }
    println!(
        "a step stored in {stored:?}, a batch of {BATCH} drawn in {:?}",
        begun.elapsed() / DRAWS
    );
    Ok(())
}

/// Resident bytes of this process, as Linux tells them.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
    Ok(1024 * kibibytes.parse::<u64>()?)
}
