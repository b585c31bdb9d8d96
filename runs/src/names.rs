//! The names of variants: which are taken, and what a name stands for.

use crate::keys::nearest;

/// The folder of a run's page.
pub const REPORT: &str = "report";

/// The files of a run beside the folders of its variants, whose names are taken.
pub const FILES: [&str; 9] = [
    "config.yaml",
    "run.yaml",
    "status.yaml",
    "report.txt",
    REPORT,
    "earlier",
    "slurm",
    crate::lock::LOCK,
    crate::lock::PREPARE,
];

/// Whether `name` means `variant`: its own name, or that of the variant which a sweep made it of, with some of its
/// values or none, so that `rigl` and `rigl,sparsity=0.8` mean `rigl,id=CartPole-v1,sparsity=0.8`.
pub fn stands_for(name: &str, variant: &str) -> bool {
    let parts: Vec<&str> = variant.split(',').collect();
    stem(name) == parts[0] && name.split(',').all(|part| parts.contains(&part))
}

/// The name that stands for `variant` and for all that its sweep makes beside it.
pub fn stem(variant: &str) -> &str {
    variant.split(',').next().unwrap_or(variant)
}

/// The variant of `names`, or that of which a sweep made some of them, whose name looks like `wanted`.
pub fn likely_variant<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    nearest(wanted, names.clone().chain(names.map(stem)))
}

/// Each once, in the order in which they come.
pub fn distinct<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_every_value_of_its_sweep() {
        let variants = ["rigl", "rigl,id=a,sparsity=0.8", "rigl-2,sparsity=0.8", "set"];
        let meant = |name: &str| variants.map(|variant| stands_for(name, variant));
        assert_eq!(meant("rigl"), [true, true, false, false]);
        assert_eq!(meant("rigl,sparsity=0.8"), [false, true, false, false]);
        assert_eq!(meant("rigl,sparsity=0.8,id=a"), [false, true, false, false]);
        assert_eq!(meant("rigl,sparsity=0"), [false; 4]);
        assert_eq!(meant("sparsity=0.8"), [false; 4]);
        assert_eq!(meant("rig"), [false; 4]);
    }
}
