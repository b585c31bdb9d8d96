//! What is written is read again, bit for bit; what is damaged has a name.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sparring_agents::{ActionBuf, Split, Trajectory};
use sparring_envs::{Dtype, End, ObsBuf, Space};
use sparring_sparse::Seed;

use super::metadata::Metadata;
use super::source::Source;
use super::space;
use super::sums::SUMS;
use super::writer::{About, write};
use crate::data_format::DataFormat;
use crate::error::Error;

/// A finite number of any size, with either zero.
fn real() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite())
}

fn space() -> impl Strategy<Value = Space> {
    let shape = prop::collection::vec(1usize..4, 1..4);
    prop_oneof![
        (1u32..9).prop_map(|n| Space::Discrete { n }),
        shape.clone().prop_map(|shape| Space::bytes(&shape)),
        shape.prop_map(|shape| Space::uniform(&shape, f32::NEG_INFINITY, 1.5)),
    ]
}

fn action_space() -> impl Strategy<Value = Space> {
    prop_oneof![
        (1u32..9).prop_map(|n| Space::Discrete { n }),
        (1usize..4).prop_map(|dim| Space::uniform(&[dim], -1.0, 1.0)),
    ]
}

fn observations(space: &Space, rows: usize) -> BoxedStrategy<ObsBuf> {
    let count = rows * space.dim();
    match space {
        Space::Discrete { n } => prop::collection::vec(0..*n, count)
            .prop_map(|all| ObsBuf::F32(all.into_iter().map(|x| x as f32).collect()))
            .boxed(),
        Space::Box { dtype: Dtype::U8, .. } => {
            prop::collection::vec(any::<u8>(), count).prop_map(ObsBuf::U8).boxed()
        }
        Space::Box { dtype: Dtype::F32, .. } => {
            prop::collection::vec(real(), count).prop_map(ObsBuf::F32).boxed()
        }
    }
}

fn actions(space: &Space, rows: usize) -> BoxedStrategy<ActionBuf> {
    match space {
        Space::Discrete { n } => {
            prop::collection::vec(0..*n, rows).prop_map(ActionBuf::Discrete).boxed()
        }
        Space::Box { .. } => prop::collection::vec(real(), rows * space.dim())
            .prop_map(ActionBuf::Continuous)
            .boxed(),
    }
}

fn trajectory(obs: Space, action: Space) -> impl Strategy<Value = Trajectory> {
    (1usize..20).prop_flat_map(move |steps| {
        let reward = any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |x| x.is_finite());
        let end = prop_oneof![Just(None), Just(Some(End::Terminated)), Just(Some(End::Truncated))];
        let rewards = prop::collection::vec(reward, steps);
        let seed = any::<Option<u64>>();
        (seed, observations(&obs, steps + 1), actions(&action, steps), rewards, end).prop_map(
            |(seed, obs, actions, rewards, end)| Trajectory { seed, obs, actions, rewards, end },
        )
    })
}

/// Two spaces, and episodes of them.
fn set() -> impl Strategy<Value = (Space, Space, Vec<Trajectory>)> {
    (space(), action_space()).prop_flat_map(|(obs, action)| {
        let episodes = prop::collection::vec(trajectory(obs.clone(), action.clone()), 1..12);
        (Just(obs), Just(action), episodes)
    })
}

fn written(
    root: &Path,
    format: DataFormat,
    [obs, action]: [&Space; 2],
    all: &[Trajectory],
) -> Result<(), Error> {
    let spaces = [space::write(obs), space::write(action)];
    let about = About {
        metadata: Metadata::new("any-v0".to_owned(), format, spaces),
        format,
        obs,
        action,
        split: Split::draw(all.len(), &Seed::new(1)),
        resolved: "",
    };
    write(root, about, all.iter().cloned().map(Ok)).map(drop)
}

/// All numbers by their bits: -0 is not 0.
fn bits(of: &Trajectory) -> (Vec<u32>, Vec<u64>, Vec<u64>) {
    let obs = of.obs.view().values().map(f32::to_bits).collect();
    let actions = of.actions.values().map(f64::to_bits).collect();
    (obs, actions, of.rewards.iter().map(|x| x.to_bits()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_written_is_read_again((obs, action, all) in set(), hdf5: bool) {
        let format = if hdf5 { DataFormat::Hdf5 } else { DataFormat::Parquet };
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("any-v0");
        written(&root, format, [&obs, &action], &all).unwrap();
        let source = Source::open(&root, None).unwrap();
        prop_assert_eq!((source.len(), source.obs(), source.action()), (all.len(), &obs, &action));
        for (at, one) in all.iter().enumerate() {
            let again = source.episode(at).unwrap();
            prop_assert_eq!(&again, one);
            prop_assert_eq!(bits(&again), bits(one));
        }
    }
}

fn small() -> (Space, Space, Vec<Trajectory>) {
    let one = |seed: u64| Trajectory {
        seed: Some(seed),
        obs: ObsBuf::F32((0..8).map(|x| x as f32 + seed as f32).collect()),
        actions: ActionBuf::Discrete(vec![0, 1, 1]),
        rewards: vec![1.0, 2.0, 3.0],
        end: Some(End::Terminated),
    };
    (Space::uniform(&[2], -99.0, 99.0), Space::Discrete { n: 2 }, vec![one(1), one(2)])
}

/// The files below a folder.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn all_read(root: &Path) -> Result<(), Error> {
    let source = Source::open(root, None)?;
    (0..source.len()).try_for_each(|at| source.episode(at).map(drop))
}

#[test]
fn every_changed_byte_of_a_recorded_set_is_found() {
    for format in DataFormat::ALL {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("any-v0");
        let (obs, action, all) = small();
        written(&root, format, [&obs, &action], &all).unwrap();
        let mut found = Vec::new();
        files(&root.join("data"), &mut found);
        assert!(found.len() >= 2);
        for file in found {
            let whole = fs::read(&file).unwrap();
            for at in (0..whole.len()).step_by(97) {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&file, &changed).unwrap();
                let error = all_read(&root).unwrap_err().to_string();
                let name = file.file_name().unwrap().to_str().unwrap();
                assert!(error.contains(name) && error.contains("checksum"), "{error}");
            }
            fs::write(&file, &whole[..whole.len() - 1]).unwrap();
            let error = all_read(&root).unwrap_err().to_string();
            assert!(error.contains("in place of"), "{error}");
            fs::remove_file(&file).unwrap();
            assert!(all_read(&root).is_err());
            fs::write(&file, &whole).unwrap();
        }
        all_read(&root).unwrap();
    }
}

/// Sets of others have no checksums: whatever their bytes are, the process goes on, and says what is wrong or reads
/// finite numbers that fit each other.
#[test]
fn no_damage_ends_the_process() {
    for format in DataFormat::ALL {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("any-v0");
        let (obs, action, all) = small();
        written(&root, format, [&obs, &action], &all).unwrap();
        fs::remove_file(root.join(SUMS)).unwrap();
        let mut found = Vec::new();
        files(&root.join("data"), &mut found);
        for file in found {
            let whole = fs::read(&file).unwrap();
            let mut refused = 0;
            for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
                for change in [0xff, 0x01, 0x80] {
                    let mut changed = whole.clone();
                    changed[at] ^= change;
                    fs::write(&file, &changed).unwrap();
                    refused += usize::from(all_read(&root).is_err());
                }
                // A text may do without the end of its last line.
                let torn = at.min(whole.len() - 2);
                fs::write(&file, &whole[..torn]).unwrap();
                assert!(all_read(&root).is_err(), "{} of {torn} bytes", file.display());
            }
            assert!(refused > 0, "{}", file.display());
            fs::write(&file, &whole).unwrap();
        }
    }
}

#[test]
fn what_no_episode_has_is_named_with_its_place() {
    let (obs, action, all) = small();
    for format in DataFormat::ALL {
        let wrong = |change: &dyn Fn(&mut Trajectory)| {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("any-v0");
            let mut all = all.clone();
            change(&mut all[1]);
            written(&root, format, [&obs, &action], &all).unwrap();
            all_read(&root).unwrap_err().to_string()
        };
        let nan = wrong(&|one| one.rewards[2] = f64::NAN);
        assert!(nan.contains("1") && nan.contains("the reward of step 2 is NaN"), "{nan}");
        let other = wrong(&|one| one.actions = ActionBuf::Discrete(vec![0, 7, 1]));
        assert!(other.contains("the action of step 1 is 7, which is none of 0 to 1"), "{other}");
    }
}

#[test]
fn an_empty_set_and_one_of_another_kind_are_named() {
    let (obs, action, all) = small();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("any-v0");
    written(&root, DataFormat::Parquet, [&obs, &action], &all).unwrap();
    fs::remove_file(root.join(SUMS)).unwrap();
    let path = root.join("data/metadata.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to, found) in [
        ("\"total_episodes\": 2", "\"total_episodes\": 0", "the set is empty"),
        ("\"parquet\"", "\"arrow\"", "parquet or hdf5"),
        ("0.5.3", "0.6.0", "0.4 or 0.5"),
        ("\\\"Discrete\\\"", "\\\"Dict\\\"", "a Dict"),
        ("\"n\\\": 2", "\"n\\\": 1", "none of 0 to 0"),
        ("\"total_episodes\": 2", "\"total_episodes\": 3", "data/2"),
        ("{", "[", "expected"),
    ] {
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = all_read(&root).unwrap_err().to_string();
        assert!(error.contains(found), "{found}: {error}");
    }
}
