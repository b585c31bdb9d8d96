//! Noise on screens, to ask how robust a policy is: Graesser et al., "The State of Sparse Training in Deep
//! Reinforcement Learning" (2022), section on robustness.
//!
//! Every pixel of every screen takes a whole number of grey levels: a normal draw of mean 0 and standard
//! deviation sigma, cut towards zero. A screen is made noisy once, when it is new, and stays so in the stack.
//!
//! | mode | beyond 0 and 255 |
//! |---|---|
//! | wrap | goes on at the other end, modulo 256, as the paper's code adds bytes |
//! | clip | stays at the end |
//!
//! The paper's code leaves the first screen of an episode clean.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::env::generator;
use crate::{
    Action, Env, EnvError, EnvOption, EnvRng, Limits, ObsMut, OptionValue, Options, Picture, Step,
    state,
};

const ID: &str = "ObservationNoise";

/// The option of how much noise there is.
pub(crate) const SIGMA: EnvOption = EnvOption {
    key: "noise_sigma",
    default: OptionValue::Real(0.0),
    limits: Limits::Within(0.0, 255.0),
    about: "standard deviation of noise on every pixel, in grey levels",
};

/// The option of its [`Mode`].
pub(crate) const MODE: EnvOption = EnvOption {
    key: "noise_mode",
    default: OptionValue::Text(Cow::Borrowed("wrap")),
    limits: Limits::OneOf(&["wrap", "clip"]),
    about: "what becomes of noise beyond 0 and 255",
};

/// How much noise, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Standard deviation, in grey levels; 0 is none.
    pub sigma: f64,
    /// What becomes of it beyond black and white.
    pub mode: Mode,
}

impl Noise {
    /// That of resolved options with [`SIGMA`] and [`MODE`].
    pub(crate) fn of(options: &Options) -> Result<Self, EnvError> {
        let mode = Mode::named(options.text(MODE.key)?);
        Ok(Self { sigma: options.f64(SIGMA.key)?, mode })
    }
}

/// What becomes of noise beyond black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Modulo 256.
    Wrap,
    /// To the nearest byte.
    Clip,
}

impl Mode {
    /// The mode of this name; every other name is `wrap`.
    pub fn named(name: &str) -> Self {
        if name == "clip" { Self::Clip } else { Self::Wrap }
    }

    /// A pixel with so much noise.
    ///
    /// ```
    /// use sparring_envs::wrappers::observation_noise::Mode;
    ///
    /// assert_eq!((Mode::Wrap.add(250, 10.9), Mode::Clip.add(250, 10.9)), (4, 255));
    /// assert_eq!((Mode::Wrap.add(3, -4.0), Mode::Clip.add(3, -4.0)), (255, 0));
    /// assert_eq!((Mode::Wrap.add(3, -0.9), Mode::Clip.add(3, -0.9)), (3, 3));
    /// ```
    #[inline]
    pub fn add(self, pixel: u8, noise: f64) -> u8 {
        let sum = i64::from(pixel) + noise as i64;
        match self {
            Self::Wrap => sum.rem_euclid(256) as u8,
            Self::Clip => sum.clamp(0, 255) as u8,
        }
    }
}

/// An env of bytes with noise on them; see the [module](self).
pub struct ObservationNoise<E> {
    inner: E,
    frames: usize,
    noise: Noise,
    /// Another stream than the inner env's.
    rng: Option<EnvRng>,
    /// The observation with its noise.
    stack: Vec<u8>,
}

/// A saved state.
#[derive(Serialize, Deserialize)]
struct Saved {
    inner: Vec<u8>,
    rng: Option<EnvRng>,
    stack: Vec<u8>,
}

impl<E: Env> ObservationNoise<E> {
    /// Noise on an env whose observations stack `frames` frames.
    pub fn new(inner: E, frames: usize, noise: Noise) -> Self {
        Self { inner, frames, noise, rng: None, stack: Vec::new() }
    }

    /// Takes the newest frame of `obs` onto the noisy stack, and writes the stack.
    fn pass(&mut self, obs: &mut [u8]) -> Result<(), EnvError> {
        let frame = obs.len() / self.frames;
        self.stack.copy_within(frame.., 0);
        let last = obs.len() - frame;
        let (rng, Noise { sigma, mode }) = (generator(&mut self.rng, None)?, self.noise);
        for (noisy, &clean) in self.stack[last..].iter_mut().zip(&obs[last..]) {
            *noisy = mode.add(clean, sigma * rng.standard_normal());
        }
        obs.copy_from_slice(&self.stack);
        Ok(())
    }
}

impl<E: Env> Env for ObservationNoise<E> {
    fn reset(&mut self, seed: Option<u64>, mut obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.inner.reset(seed, obs.reborrow())?;
        if let Some(seed) = seed {
            self.rng = Some(EnvRng::new(EnvRng::new(seed).next_u64()));
        }
        let len = obs.view().len();
        self.stack.clear();
        self.stack.resize(len, 0);
        self.pass(obs.bytes(len)?)
    }

    fn step(&mut self, action: Action<'_>, mut obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let step = self.inner.step(action, obs.reborrow())?;
        self.pass(obs.bytes(self.stack.len())?)?;
        Ok(step)
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        self.inner.reward_range()
    }

    fn render(&self) -> Result<Picture, EnvError> {
        self.inner.render()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let (rng, stack) = (self.rng.clone(), self.stack.clone());
        state::pack(ID, &Saved { inner: self.inner.save()?, rng, stack })
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { inner, rng, stack } = state::unpack(ID, bytes)?;
        self.inner.restore(&inner)?;
        (self.rng, self.stack) = (rng, stack);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Noise, ObservationNoise};
    use crate::{Action, Env, EnvError, ObsMut, Step};

    const PIXELS: usize = 5000;

    /// Two frames of grey, each one level brighter than the one before it.
    struct Gray(u8);

    impl Gray {
        fn write(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
            let (old, new) = obs.bytes(2 * PIXELS)?.split_at_mut(PIXELS);
            old.fill(self.0.saturating_sub(1));
            new.fill(self.0);
            Ok(())
        }
    }

    impl Env for Gray {
        fn reset(&mut self, _: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
            self.0 = 100;
            self.write(obs)
        }

        fn step(&mut self, _: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
            self.0 += 1;
            self.write(obs)?;
            Ok(Step { reward: 0.0, end: None })
        }

        fn save(&self) -> Result<Vec<u8>, EnvError> {
            Ok(vec![self.0])
        }

        fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
            self.0 = state[0];
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_made_noisy_once_with_the_given_deviation() {
        let mut env = ObservationNoise::new(Gray(0), 2, Noise { sigma: 8.0, mode: Mode::Clip });
        let mut obs = vec![0; 2 * PIXELS];
        env.reset(Some(4), ObsMut::U8(&mut obs)).unwrap();
        assert!(obs[..PIXELS].iter().all(|&pixel| pixel == 0));
        let first = obs[PIXELS..].to_vec();
        env.step(Action::Discrete(0), ObsMut::U8(&mut obs)).unwrap();
        assert_eq!(obs[..PIXELS], first);
        assert_ne!(obs[PIXELS..], first);
        let level = |pixel: &u8| f64::from(*pixel) - 101.0;
        let mean = obs[PIXELS..].iter().map(level).sum::<f64>() / PIXELS as f64;
        let square = obs[PIXELS..].iter().map(|pixel| level(pixel).powi(2)).sum::<f64>();
        // Cut towards zero, a draw of deviation 8 has the deviation 7.61: the sum of k² P(k ≤ |x| < k + 1).
        let deviation = (square / PIXELS as f64).sqrt();
        assert!(mean.abs() < 0.4 && (deviation - 7.61).abs() < 0.3, "{mean} {deviation}");
    }

    #[test]
    fn a_seed_gives_the_noise_and_a_saved_state_goes_on_with_it() {
        let noise = Noise { sigma: 8.0, mode: Mode::Wrap };
        let new = || ObservationNoise::new(Gray(0), 2, noise);
        let (mut first, mut second) = (new(), new());
        let (mut obs, mut other) = (vec![0; 2 * PIXELS], vec![0; 2 * PIXELS]);
        first.reset(Some(4), ObsMut::U8(&mut obs)).unwrap();
        second.reset(Some(4), ObsMut::U8(&mut other)).unwrap();
        assert_eq!(obs, other);
        first.reset(None, ObsMut::U8(&mut obs)).unwrap();
        assert_ne!(obs, other);
        second.restore(&first.save().unwrap()).unwrap();
        first.step(Action::Discrete(0), ObsMut::U8(&mut obs)).unwrap();
        second.step(Action::Discrete(0), ObsMut::U8(&mut other)).unwrap();
        assert_eq!(obs, other);
    }
}
