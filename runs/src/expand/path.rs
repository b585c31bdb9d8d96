//! The way to a key, as the command line and `sweep` write it.

/// Its steps. Names have dots of their own: those of layers, of a sweep's axes, and of `variants`, of which
/// the longest that fits is meant.
pub fn split_path<'a>(path: &'a str, variants: &[&str]) -> Vec<&'a str> {
    if let Some(axis) = path.strip_prefix("sweep.") {
        return vec!["sweep", axis];
    }
    let mut steps = Vec::new();
    let mut rest = path;
    if let Some(below) = path.strip_prefix("variants.") {
        let fits = |name: &&&str| {
            let after = below.strip_prefix(**name);
            after.is_some_and(|after| after.is_empty() || after.starts_with('.'))
        };
        steps.push("variants");
        rest = below;
        if let Some(name) = variants.iter().filter(fits).max_by_key(|name| name.len()) {
            steps.push(&below[..name.len()]);
            match below[name.len()..].strip_prefix('.') {
                Some(after) => rest = after,
                None => return steps,
            }
        }
    }
    while let Some((step, after)) = rest.split_once('.') {
        steps.push(step);
        rest = after;
        if matches!(step, "layers" | "compute_layers") && steps.contains(&"sparsity") {
            break;
        }
    }
    steps.push(rest);
    steps
}

#[cfg(test)]
mod tests {
    use super::split_path;

    fn split(path: &str) -> Vec<&str> {
        split_path(path, &["rigl", "rigl-0.9", "rigl-0"])
    }

    #[test]
    fn paths_with_names_of_variants_and_layers() {
        let long = split("variants.rigl-0.9.sparsity.kind");
        assert_eq!(long, ["variants", "rigl-0.9", "sparsity", "kind"]);
        assert_eq!(split("variants.rigl-0.9"), ["variants", "rigl-0.9"]);
        assert_eq!(split("variants.set.agent"), ["variants", "set", "agent"]);
        let of_actor = split("sparsity.actor.layers.hidden.0");
        assert_eq!(of_actor, ["sparsity", "actor", "layers", "hidden.0"]);
        let form = split("sparsity.compute_layers.hidden.0");
        assert_eq!(form, ["sparsity", "compute_layers", "hidden.0"]);
        assert_eq!(split("agent.epsilon.end"), ["agent", "epsilon", "end"]);
        assert_eq!(split("sparsity.layers.hidden.0"), ["sparsity", "layers", "hidden.0"]);
        let variant = split("variants.rigl.sparsity.layers.hidden.0");
        assert_eq!(variant, ["variants", "rigl", "sparsity", "layers", "hidden.0"]);
        assert_eq!(split("sweep.agent.discount"), ["sweep", "agent.discount"]);
    }
}
