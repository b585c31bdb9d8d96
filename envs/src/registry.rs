//! The registry: every env that this crate knows, one row each.

use std::sync::LazyLock;

use crate::{EnvError, EnvSpec, classic, tiny};

/// How many near names an unknown id is answered with.
const NEAREST: usize = 3;

static REGISTRY: LazyLock<Vec<EnvSpec>> = LazyLock::new(|| {
    vec![
        classic::cartpole::spec_v0(),
        classic::cartpole::spec_v1(),
        classic::mountain_car::spec(),
        classic::mountain_car_continuous::spec(),
        classic::acrobot::spec(),
        classic::pendulum::spec(),
        tiny::counter::spec(),
        tiny::identity::spec(),
        tiny::identity_box::spec(),
        tiny::chain::spec(),
    ]
});

/// All registered envs.
pub fn registry() -> &'static [EnvSpec] {
    &REGISTRY
}

/// The env of this id; an unknown id is answered with the nearest names.
///
/// ```
/// assert_eq!(sparring_envs::find("CartPole-v1")?.max_episode_steps, Some(500));
/// let error = sparring_envs::find("cartpole-v1").unwrap_err().to_string();
/// assert!(error.contains("CartPole-v1"));
/// # Ok::<(), sparring_envs::EnvError>(())
/// ```
pub fn find(id: &str) -> Result<&'static EnvSpec, EnvError> {
    registry().iter().find(|spec| spec.id == id).ok_or_else(|| {
        let wanted = id.to_lowercase();
        let mut near: Vec<_> = registry()
            .iter()
            .map(|spec| (strsim::damerau_levenshtein(&wanted, &spec.id.to_lowercase()), spec.id))
            .collect();
        near.sort_unstable();
        let names: Vec<_> = near.iter().take(NEAREST).map(|(_, id)| format!("`{id}`")).collect();
        EnvError::UnknownEnv { id: id.to_owned(), nearest: names.join(", ") }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{find, registry};

    #[test]
    fn ids_are_unique_and_versioned() {
        let ids: HashSet<_> = registry().iter().map(|spec| spec.id).collect();
        assert_eq!(ids.len(), registry().len());
        for spec in registry() {
            let version = spec.id.rsplit_once("-v").map(|(_, version)| version.parse::<u32>());
            assert!(matches!(version, Some(Ok(_))), "{}", spec.id);
            assert!(!spec.about.is_empty() && !spec.about.contains('\n'), "{}", spec.id);
        }
    }

    #[test]
    fn an_unknown_id_names_the_nearest_and_the_command() {
        let error = find("MountinCar-v0").unwrap_err().to_string();
        assert!(error.contains("`MountainCar-v0`"), "{error}");
        assert!(error.contains("sparring list envs"), "{error}");
    }
}
