//! What will be run: every job, resolved and measured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use sparring_sparse::Join;
use sparring_sparse::gpu::DeviceName;

use crate::claim::Claim;
use crate::error::{Error, Refusal};
use crate::machine::{cores, gibibytes};
use crate::names::{likely_variant, stands_for};
use crate::normalise::Normalise;
use crate::published::Published;
use crate::variant::Variant;

/// A checked config.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The run's name.
    pub name: String,
    /// The config's path.
    pub file: PathBuf,
    /// The config, as typed.
    pub text: String,
    /// The `--set` arguments, as typed.
    pub set: Vec<String>,
    /// Every variant is run with each.
    pub seeds: Vec<u64>,
    /// What others are compared with, where the config says so.
    pub baseline: Option<String>,
    /// How returns of several environments are normalised, where the config says so.
    pub normalise: Option<Normalise>,
    /// What others published of it.
    pub published: Option<Published>,
    /// What the run is to show, by name.
    pub claims: BTreeMap<String, Claim>,
    /// Claims none of whose pairs the chosen scale has.
    pub left_out: Vec<String>,
    /// What is compared.
    pub variants: Vec<Variant>,
}

/// One training: a variant and a seed.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is trained.
    pub variant: &'a Variant,
    /// The run seed.
    pub seed: u64,
}

impl Job<'_> {
    /// The job's folder below the run's, with forward slashes, which is also its name.
    pub fn path(&self) -> String {
        format!("{}/seed-{}", self.variant.at.name, self.seed)
    }

    /// What tells the job from every other: a hash of all that its numbers depend on. (How often it is kept and what
    /// TensorBoard shows is none of that.)
    pub fn identity(&self) -> String {
        let chosen = serde_json::json!({"settings": self.variant.settings, "seed": self.seed});
        let hash = Sha256::digest(chosen.to_string().as_bytes());
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Plan {
    /// The plan of the named variants alone, or of all where none is named. The name of a variant stands
    /// for it under every value of a sweep, too.
    pub fn only(mut self, named: &[String]) -> Result<Self, Error> {
        let is = |variant: &Variant, name: &str| stands_for(name, &variant.at.name);
        if let Some(name) = named.iter().find(|name| !self.variants.iter().any(|v| is(v, name))) {
            let names = || self.variants.iter().map(|variant| variant.at.name.as_str());
            let hint = likely_variant(name, names()).unwrap_or("a variant of the config");
            return Err(Refusal::argument(
                format!("--variant {name}"),
                "no variant of this name",
                format!("one of {}", names().collect::<Vec<_>>().join("; ")),
                hint,
            ));
        }
        if !named.is_empty() {
            self.variants.retain(|variant| named.iter().any(|name| is(variant, name)));
        }
        Ok(self)
    }

    /// Every job, seed by seed, so that a run that is cut short has compared all variants.
    pub fn jobs(&self) -> Vec<Job<'_>> {
        let of_seed = |seed: &u64| {
            let seed = *seed;
            self.variants.iter().map(move |variant| Job { variant, seed })
        };
        self.seeds.iter().flat_map(of_seed).collect()
    }

    /// Jobs that run at once: as many as `asked` for, or one a core, and never more than there are.
    pub fn at_once(&self, asked: Option<usize>) -> usize {
        asked.unwrap_or_else(cores).min(self.jobs().len())
    }

    /// The most memory that `at_once` jobs of this plan can take together.
    pub fn bytes(&self, at_once: usize) -> u64 {
        let mut sizes: Vec<_> = self.jobs().iter().map(|job| job.variant.bytes()).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.iter().take(at_once).fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Where its variants train.
    pub fn devices(&self) -> BTreeSet<DeviceName> {
        self.variants.iter().map(|variant| variant.settings.train.device()).collect()
    }

    fn refused_on_device(&self, key: &str, found: String, allowed: &str) -> Error {
        let place = format!("{}: {key}", self.file.display());
        Refusal::argument(place, found, allowed, "--set train.device=cpu")
    }

    /// Refuses what trains on the processor only, where another device is asked for.
    pub fn check_what_devices_train(&self) -> Result<(), Error> {
        for variant in &self.variants {
            let device = variant.settings.train.device();
            if device == DeviceName::Cpu {
                continue;
            }
            let refused = |key: &str, what: &str| {
                Err(self.refused_on_device(
                    key,
                    format!("{what}, on {device}"),
                    "train.device: cpu",
                ))
            };
            let agent = &variant.settings.agent;
            if !agent.keys().trains_on_devices(&variant.spec) {
                let (name, env) = (agent.row().name, &variant.spec.id);
                return refused("agent.kind", &format!("{name} of {env}"));
            }
            let layers = variant.estimate.networks.iter().flat_map(|network| &network.layers);
            let over = layers.map(|layer| layer.cost.order).max().unwrap_or(1);
            if over > 1 {
                return refused("agent.algebra", "an algebra");
            }
            let roles = variant.settings.agent.keys().networks(&variant.spec).unwrap_or_default();
            let joins = roles.iter().flat_map(|role| &role.layers).flat_map(|layer| &layer.then);
            let routed = joins.filter(|join| matches!(join, Join::Routed(_))).count();
            if routed > 0 {
                return refused("agent.network.experts", "experts");
            }
        }
        Ok(())
    }

    /// Refuses a plan of which a device cannot be opened on this machine, or does not train what it should.
    pub fn check_devices(&self) -> Result<(), Error> {
        self.check_what_devices_train()?;
        for device in self.devices() {
            if let Err(error) = device.open() {
                let found = format!("{device}, and {error}");
                let allowed = "a device of this machine";
                return Err(self.refused_on_device("train.device", found, allowed));
            }
        }
        Ok(())
    }

    /// Refuses a plan that does not fit into `available` bytes, where that is known.
    pub fn check_memory(&self, at_once: usize, available: Option<u64>) -> Result<(), Error> {
        let Some(available) = available else { return Ok(()) };
        let needed = self.bytes(at_once);
        if needed <= available {
            return Ok(());
        }
        let fitting = (1..at_once).rev().find(|fewer| self.bytes(*fewer) <= available);
        let hint = match fitting {
            Some(fewer) => format!("--jobs {fewer}"),
            None => {
                let largest = self.variants.iter().max_by_key(|variant| variant.bytes());
                let keys = largest.map(Variant::goes_by).unwrap_or_default();
                format!("a smaller {}", keys.join(", "))
            }
        };
        Err(Refusal::argument(
            format!("{}: memory", self.file.display()),
            format!("{} GiB for {at_once} jobs at once", gibibytes(needed)),
            format!("at most {} GiB, which this machine has free", gibibytes(available)),
            hint,
        ))
    }
}
