//! The registry: every env that this crate knows, one row each.

use std::sync::LazyLock;

use crate::{
    EnvError, EnvRow, EnvSpec, Options, atari, classic, gymnasium_rs, minatar, mujoco, tiny,
};

/// How many near names an unknown id is answered with.
const NEAREST: usize = 3;

/// Rows of one family.
struct Family {
    name: &'static str,
    rows: &'static [EnvRow],
}

static FAMILIES: &[Family] = &[
    Family {
        name: "classic",
        rows: &[
            classic::cartpole::ROW_V0,
            classic::cartpole::ROW_V1,
            classic::mountain_car::ROW,
            classic::mountain_car_continuous::ROW,
            classic::acrobot::ROW,
            classic::pendulum::ROW,
            gymnasium_rs::ROW,
        ],
    },
    Family {
        name: "MinAtar",
        rows: &[
            minatar::asterix::ROW_V0,
            minatar::asterix::ROW_V1,
            minatar::breakout::ROW_V0,
            minatar::breakout::ROW_V1,
            minatar::five::ROW,
            minatar::freeway::ROW_V0,
            minatar::freeway::ROW_V1,
            minatar::seaquest::ROW_V0,
            minatar::seaquest::ROW_V1,
            minatar::space_invaders::ROW_V0,
            minatar::space_invaders::ROW_V1,
        ],
    },
    Family {
        name: "MuJoCo",
        rows: &[
            mujoco::ant::ROW,
            mujoco::half_cheetah::ROW,
            mujoco::hopper::ROW,
            mujoco::humanoid::ROW,
            mujoco::humanoid_standup::ROW,
            mujoco::inverted_double_pendulum::ROW,
            mujoco::inverted_pendulum::ROW,
            mujoco::pusher::ROW,
            mujoco::reacher::ROW,
            mujoco::swimmer::ROW,
            mujoco::walker2d::ROW,
        ],
    },
    Family {
        name: "tiny",
        rows: &[
            tiny::counter::ROW,
            tiny::identity::ROW,
            tiny::identity_box::ROW,
            tiny::chain::ROW,
            tiny::recall::ROW,
        ],
    },
    Family { name: "Atari", rows: atari::ROWS },
];

static REGISTRY: LazyLock<Vec<EnvRow>> = LazyLock::new(|| {
    let of = |family: &Family| {
        let rows = family.rows.iter().cloned();
        rows.map(|row| row.family(family.name)).collect::<Vec<_>>()
    };
    FAMILIES.iter().flat_map(of).collect()
});

/// All registered envs, those included that need a feature which this build lacks.
pub fn registry() -> &'static [EnvRow] {
    &REGISTRY
}

/// The row of this id; an unknown id is answered with the nearest names.
///
/// ```
/// assert_eq!(sparring_envs::find("CartPole-v1")?.id, "CartPole-v1");
/// let error = sparring_envs::find("cartpole-v1").unwrap_err().to_string();
/// assert!(error.contains("CartPole-v1"));
/// # Ok::<(), sparring_envs::EnvError>(())
/// ```
pub fn find(id: &str) -> Result<&'static EnvRow, EnvError> {
    registry().iter().find(|row| row.id == id).ok_or_else(|| {
        let wanted = id.to_lowercase();
        let mut near: Vec<_> = registry()
            .iter()
            .map(|row| (strsim::damerau_levenshtein(&wanted, &row.id.to_lowercase()), row.id))
            .collect();
        near.sort_unstable();
        let names: Vec<_> = near.iter().take(NEAREST).map(|(_, id)| format!("`{id}`")).collect();
        EnvError::UnknownEnv { id: id.to_owned(), nearest: names.join(", ") }
    })
}

/// The env of this id with the defaults of its options.
pub fn spec(id: &str) -> Result<EnvSpec, EnvError> {
    find(id)?.spec(&Options::default())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{find, registry};
    use crate::{EnvError, Options};

    #[test]
    fn ids_are_unique_and_versioned() {
        let ids: HashSet<_> = registry().iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), registry().len());
        for row in registry() {
            let version = row.id.rsplit_once("-v").map(|(_, version)| version.parse::<u32>());
            assert!(matches!(version, Some(Ok(_))), "{}", row.id);
            assert!(!row.about.is_empty() && !row.about.contains('\n'), "{}", row.id);
            assert_ne!(row.family, "other", "{}", row.id);
        }
        assert_eq!(find("CartPole-v1").unwrap().family, "classic");
        assert_eq!(find("MinAtar/Breakout-v1").unwrap().family, "MinAtar");
    }

    #[test]
    fn options_take_their_defaults_and_have_one_meaning() {
        for row in registry() {
            let keys: HashSet<_> = row.options.iter().map(|option| option.key).collect();
            assert_eq!(keys.len(), row.options.len(), "{}", row.id);
            for option in row.options {
                assert!(option.takes(&option.default), "{}: {}", row.id, option.key);
                assert!(!option.about.is_empty() && !option.about.contains('\n'), "{}", row.id);
            }
        }
    }

    #[test]
    fn a_spec_has_the_id_of_its_row_or_names_what_it_needs() {
        for row in registry() {
            match (row.spec(&Options::default()), row.missing()) {
                (Ok(spec), None) => assert_eq!(spec.id, row.id),
                (Err(EnvError::Feature { id, feature }), Some(missing)) => {
                    assert_eq!((id, feature), (row.id, missing));
                }
                (other, missing) => panic!("{}: {other:?}, {missing:?}", row.id),
            }
        }
    }

    #[test]
    fn an_unknown_id_names_the_nearest_and_the_command() {
        let error = find("MountinCar-v0").unwrap_err().to_string();
        assert!(error.contains("`MountainCar-v0`"), "{error}");
        assert!(error.contains("sparring list envs"), "{error}");
    }
}
