//! Configs with one mistake each.

/// A config that runs; each test breaks one thing of it.
pub const GOOD: &str = "\
name: good
seeds: [1, 2]
env: {id: CartPole-v1}
train: {total_env_steps: 3_000}
agent:
  hidden: [8]
  learning_rate: 1e-3
  epsilon: {start: 1.0, end: 0.1}
sparsity:
  sparsity: 0.5
  drop_fraction: 0.3
  update_every_gradient_steps: 100
variants:
  dense: {sparsity: {kind: dense}}
  rigl:
    sparsity:
      kind: rigl
sweep:
  agent.discount: [0.9, 0.99]
";

/// What is wrong, how it is made from [`GOOD`], the place, and a part of each other line.
pub struct Case {
    pub what: &'static str,
    pub replace: (&'static str, &'static str),
    pub place: &'static str,
    pub found: &'static str,
    pub allowed: &'static str,
    pub hint: &'static str,
}

const fn case(
    what: &'static str,
    replace: (&'static str, &'static str),
    place: &'static str,
    [found, allowed, hint]: [&'static str; 3],
) -> Case {
    Case { what, replace, place, found, allowed, hint }
}

pub const CASES: &[Case] = &[
    case(
        "unknown key",
        ("learning_rate", "lerning_rate"),
        ":7: agent.lerning_rate",
        ["unknown key lerning_rate", "hidden, algebra, learning_rate", "learning_rate"],
    ),
    case(
        "an option that the env has not",
        ("variants:", "robustness: {options: {noise_sigma: [0, 1]}}\nvariants:"),
        ":13: robustness.options.noise_sigma",
        ["the unknown key noise_sigma", "sutton_barto_reward", "remove it"],
    ),
    case(
        "one value of an option where there may be several",
        ("variants:", "robustness: {options: {sutton_barto_reward: true}}\nvariants:"),
        ":13: robustness.options.sutton_barto_reward",
        ["true", "a list of values", "options:"],
    ),
    case(
        "a value that an option does not take",
        ("variants:", "robustness: {options: {sutton_barto_reward: [true, 3]}}\nvariants:"),
        ":13: robustness.options.sutton_barto_reward[1]",
        ["3", "true or false", "leave it out"],
    ),
    case(
        "a robustness to nothing",
        ("variants:", "robustness: {episodes: 3}\nvariants:"),
        ":13: robustness.options",
        ["nothing", "options of the env", "options:"],
    ),
    case(
        "a scale that there is not",
        ("name: good", "name: good\nscale: smal\nscales: {small: {seeds: [1]}, full: {}}"),
        ":2: scale",
        ["smal", "one of small, full", "small"],
    ),
    case(
        "a scale without scales",
        ("name: good", "name: good\nscale: small"),
        ":2: scale",
        ["small", "no scale in a config without scales", "remove it"],
    ),
    case(
        "a claim about a variant that there is not",
        (
            "variants:",
            "claims:\n  a: {says: b, pairs: [[rigl, dens]], ratio: {at_least: 1}}\nvariants:",
        ),
        ":14: claims.a",
        ["dens, which no variant is", "dense; rigl", "dense"],
    ),
    case(
        "published values along no axis",
        ("variants:", "published: {source: x, iqm: {}}\nvariants:"),
        ":13: published",
        ["missing field `axis`", "source, axis, and iqm", "iqm: {set"],
    ),
    case(
        "a claim without a bound",
        ("variants:", "claims:\n  a: {says: b, pairs: [[rigl, dense]]}\nvariants:"),
        ":14: claims.a",
        ["neither ratio nor difference", "at_least, at_most or within", "at_least: 0.95"],
    ),
    case(
        "an unknown key of a claim",
        ("variants:", "claims:\n  a: {sais: b, pairs: [[rigl, dense]]}\nvariants:"),
        ":14: claims.a.sais",
        ["the unknown key sais", "says, pairs, of, ratio, difference", "says"],
    ),
    case(
        "a bound of a claim that is none",
        (
            "variants:",
            "claims:\n  a: {says: b, pairs: [[rigl, dense]], ratio: {at_leest: 1}}\nvariants:",
        ),
        ":14: claims.a.ratio",
        ["at_leest", "one of at_least, at_most, within", "{at_least: 0}"],
    ),
    case(
        "a measure of a claim that is none",
        (
            "variants:",
            "claims:\n  a: {says: b, pairs: [[rigl, dense]], of: retrun, ratio: {at_least: 1}}\nvariants:",
        ),
        ":14: claims.a.of",
        ["retrun", "return, forward_flops", "return"],
    ),
    case(
        "a pair of a claim that is none",
        (
            "variants:",
            "claims:\n  a: {says: b, pairs: [rigl, dense], ratio: {at_least: 1}}\nvariants:",
        ),
        ":14: claims.a.pairs[0]",
        ["rigl", "a list of pairs of variants", "[[one, other]]"],
    ),
    case(
        "a share kept under what no policy is scored under",
        (
            "variants:",
            "claims:\n  a: {says: b, pairs: [[rigl, dense]], difference: {at_least: 0}, of: {kept: {under: {x: 1}, of: {x: 0}}}}\nvariants:",
        ),
        ":14: claims.a",
        ["{\"x\":1}", "robustness.options", "robustness: {options"],
    ),
    case(
        "a batch of environments in step",
        ("{id: CartPole-v1}", "{id: CartPole-v1, batch: 2}"),
        ":3: env.batch",
        ["2", "no batch with mode: sync", "mode: async"],
    ),
    case(
        "async without workers",
        ("{id: CartPole-v1}", "{id: CartPole-v1, num_envs: 4, mode: async, batch: 2}"),
        ":3: env.workers",
        ["0", "at least 1 with mode: async", "workers: 1"],
    ),
    case(
        "async without a batch",
        ("{id: CartPole-v1}", "{id: CartPole-v1, num_envs: 4, workers: 1, mode: async}"),
        ":3: env.batch",
        ["nothing; the key is missing", "a whole number", "batch: 2"],
    ),
    case(
        "a batch of more than all",
        ("{id: CartPole-v1}", "{id: CartPole-v1, num_envs: 2, workers: 1, mode: async, batch: 3}"),
        ":3: env.batch",
        ["3", "at most num_envs = 2", "1"],
    ),
    case(
        "unknown section",
        ("agent:\n", "agnt:\n"),
        ":5: agnt",
        ["unknown key agnt", "env, train, eval, agent", "agent"],
    ),
    case(
        "unknown key of a nested section",
        ("start: 1.0", "strt: 1.0"),
        ":8: agent.epsilon.strt",
        ["unknown key strt", "start, end", "start"],
    ),
    case(
        "unknown key in a variant",
        ("kind: rigl", "kind: rigl\n      drop_fracton: 0.1"),
        ":18: variants.rigl.sparsity.drop_fracton",
        ["unknown key drop_fracton", "drop_fraction", "drop_fraction"],
    ),
    case(
        "a key of another kind",
        ("{kind: dense}", "{kind: dense, drop_fraction: 0.1}"),
        ":14: variants.dense.sparsity.drop_fraction",
        ["unknown key drop_fraction", "kind", "belongs to set, rigl, snfs"],
    ),
    case(
        "unknown section in a variant",
        ("{sparsity: {kind: dense}}", "{sparsty: {kind: dense}}"),
        ":14: variants.dense.sparsty",
        ["unknown key sparsty", "env, train, eval, agent, data, sparsity, diagnostics", "sparsity"],
    ),
    case(
        "unknown key of the diagnostics",
        ("agent:\n", "diagnostics: {dormnt: true}\nagent:\n"),
        ":5: diagnostics.dormnt",
        [
            "unknown key dormnt",
            "every_env_steps, batch, snr, noise_scale, q, td_error, norms",
            "dormant",
        ],
    ),
    case(
        "a form that signal to noise has not",
        ("agent:\n", "diagnostics: {snr: [active, masked]}\nagent:\n"),
        ":5: diagnostics.snr[1]",
        ["the text \"masked\"", "some of active, dense, each once", "snr: [active, dense]"],
    ),
    case(
        "a form twice",
        ("agent:\n", "diagnostics: {snr: [dense, dense]}\nagent:\n"),
        ":5: diagnostics.snr[1]",
        ["dense a second time", "some of active, dense, each once", "snr: [active, dense]"],
    ),
    case(
        "a form that the noise scale has not",
        ("agent:\n", "diagnostics: {noise_scale: masked}\nagent:\n"),
        ":5: diagnostics.noise_scale",
        ["the text \"masked\"", "some of active, dense, each once", "noise_scale: [active, dense]"],
    ),
    case(
        "samples that are not told",
        ("{total_env_steps: 3_000}", "{budget: samples}"),
        ":4: train.total_samples",
        [
            "nothing; the key is missing",
            "at least 1 with budget: samples",
            "total_samples: 1_000_000",
        ],
    ),
    case(
        "samples of a run that ends otherwise",
        ("{total_env_steps: 3_000}", "{total_samples: 3_000}"),
        ":4: train.total_samples",
        ["unknown key total_samples", "budget, total_env_steps", "belongs to budget samples"],
    ),
    case(
        "a length beside the samples that it follows from",
        (
            "{total_env_steps: 3_000}",
            "{budget: samples, total_samples: 12_800, total_env_steps: 3_000}",
        ),
        ":4: train.total_env_steps",
        ["3000", "1100 or null, since it follows from total_samples = 12800", "null"],
    ),
    case(
        "a patience that is over before the first gradient step",
        (
            "{total_env_steps: 3_000}",
            "{budget: plateau, patience_evaluations: 2, total_env_steps: 3_000}\neval: {every_env_steps: 400}",
        ),
        ":4: train.patience_evaluations",
        ["2", "so many, one in eval.every_env_steps = 400, that the agent trains", "4"],
    ),
    case(
        "a budget that there is not",
        ("{total_env_steps: 3_000}", "{budget: epochs}"),
        ":4: train.budget",
        ["epochs", "one of env_steps, gradient_steps, samples, plateau", "env_steps"],
    ),
    case(
        "all episodes kept apart",
        ("  hidden: [8]\n", "  hidden: [8]\n  held_out_episodes: 1\n"),
        ":7: agent.held_out_episodes",
        ["1", "a number in [0, 1)", "default 0"],
    ),
    case(
        "noise from a batch of one",
        ("agent:\n", "diagnostics: {batch: 1}\nagent:\n"),
        ":5: diagnostics.batch",
        ["1", "a whole number from 2", ""],
    ),
    case(
        "repeated key",
        ("  learning_rate: 1e-3\n", "  learning_rate: 1e-3\n  hidden: [9]\n"),
        ":8: agent.hidden",
        ["a second time; the first is in line 6", "once", "remove"],
    ),
    case(
        "two ways to say the network",
        ("  hidden: [8]\n", "  hidden: [8]\n  network: {kind: mlp}\n"),
        ":6: agent.hidden",
        ["hidden beside network", "one of the two", "remove one"],
    ),
    case(
        "unknown network",
        ("  hidden: [8]\n", "  network: {kind: nature}\n"),
        ":6: agent.network.kind",
        ["nature", "one of mlp, nature_cnn, impala, minatar, simba, bro", "nature_cnn"],
    ),
    case(
        "a network that the observations do not fit",
        ("  hidden: [8]\n", "  network: {kind: impala}\n"),
        ":6: agent.network",
        ["impala, and the env has observations Box[4]", "images of shape", "kind: mlp"],
    ),
    case(
        "units for convolutions",
        ("  hidden: [8]\n", "  network: {kind: nature_cnn, hidden: [8]}\n"),
        ":6: agent.network.hidden",
        ["unknown key hidden", "kind, width", "belongs to kind mlp, simba, bro"],
    ),
    case(
        "no width",
        ("  hidden: [8]\n", "  network: {kind: mlp, width: 0}\n"),
        ":6: agent.network.width",
        ["0", "a number in (0, 1000]", "default 1"],
    ),
    case(
        "a width beside the network",
        ("  hidden: [8]\n", "  hidden: [8]\n  width: 0.5\n"),
        ":7: agent.width",
        ["unknown key width", "network, hidden", "network: {kind: mlp"],
    ),
    case(
        "text for a number",
        ("1e-3", "fast"),
        ":7: agent.learning_rate",
        ["the text \"fast\"", "a number above 0", "default 0.001"],
    ),
    case(
        "fraction for a whole number",
        ("3_000", "1.5"),
        ":4: train.total_env_steps",
        ["1.5", "whole number", "default 101000"],
    ),
    case(
        "a value for a section",
        ("env: {id: CartPole-v1}", "env: CartPole-v1"),
        ":3: env",
        ["the text \"CartPole-v1\"", "a section", "env: {id: CartPole-v1}"],
    ),
    case(
        "yes for a truth value",
        ("  hidden: [8]\n", "  hidden: [8]\n  double_q: yes\n"),
        ":7: agent.double_q",
        ["the text \"yes\"", "true or false", "default false"],
    ),
    case(
        "out of range",
        ("drop_fraction: 0.3", "drop_fraction: 1.3"),
        ":11: sparsity.drop_fraction",
        ["1.3", "a number in [0, 1]", "default 0.5"],
    ),
    case(
        "not a number",
        ("1e-3", ".nan"),
        ":7: agent.learning_rate",
        ["NaN", "a number above 0", "default"],
    ),
    case(
        "infinity",
        ("1e-3", ".inf"),
        ":7: agent.learning_rate",
        ["inf", "a number above 0", "default"],
    ),
    case(
        "unknown env",
        ("CartPole-v1", "Cartpol-v1"),
        ":3: env.id",
        ["Cartpol-v1", "sparring list envs", "CartPole-v1"],
    ),
    case(
        "an option that the env does not have",
        ("{id: CartPole-v1}", "{id: Chain-v0, options: {place: 4}}"),
        ":3: env.options.place",
        ["unknown key place", "places", "places"],
    ),
    case(
        "an option of an env that has none",
        ("{id: CartPole-v1}", "{id: Identity-v0, options: {places: 4}}"),
        ":3: env.options.places",
        ["unknown key places", "no key", "remove it"],
    ),
    case(
        "an option of the wrong type",
        ("{id: CartPole-v1}", "{id: Chain-v0, options: {places: [4, 5]}}"),
        ":3: env.options.places",
        ["[4, 5]", "a whole number in [2, 50]", "default 5"],
    ),
    case(
        "an option out of range",
        ("{id: CartPole-v1}", "{id: Chain-v0, options: {places: 1}}"),
        ":3: env.options.places",
        ["1", "a whole number in [2, 50]", "default 5"],
    ),
    case(
        "options that are no section",
        ("{id: CartPole-v1}", "{id: Chain-v0, options: 5}"),
        ":3: env.options",
        ["5", "a section of keys", "options"],
    ),
    case(
        "no env",
        ("env: {id: CartPole-v1}", "env: {}"),
        ":3: env.id",
        ["missing", "text", "id: CartPole-v1"],
    ),
    case(
        "unknown method",
        ("kind: rigl", "kind: riggle"),
        ":17: variants.rigl.sparsity.kind",
        ["riggle", "dense, static, set, rigl, snfs, pruning, snip, top_kast", "rigl"],
    ),
    case(
        "unknown agent",
        ("agent:\n", "agent:\n  kind: dqm\n"),
        ":6: agent.kind",
        ["dqm", "one of dqn, sac, ppo", "dqn"],
    ),
    case(
        "an action space that the agent cannot play",
        ("CartPole-v1", "Pendulum-v1"),
        ":3: env.id",
        ["Pendulum-v1, whose actions are Box", "discrete", "CartPole-v1"],
    ),
    case(
        "discrete actions for an agent of continuous ones",
        ("agent:\n", "agent:\n  kind: sac\n"),
        ":3: env.id",
        [
            "CartPole-v1, whose actions are Discrete",
            "continuous actions, for agent sac",
            "Pendulum-v1",
        ],
    ),
    case(
        "a key of another agent",
        ("  epsilon: {start: 1.0, end: 0.1}\n", "  gae_lambda: 0.9\n"),
        ":8: agent.gae_lambda",
        ["unknown key gae_lambda", "hidden, algebra, learning_rate", "belongs to agent ppo"],
    ),
    case(
        "priorities without their exponent",
        ("  epsilon: {start: 1.0, end: 0.1}\n", "  prioritized: {importance: 0.4}\n"),
        ":8: agent.prioritized.exponent",
        ["missing", "a number in [0, 1]", "exponent: 0.6"],
    ),
    case(
        "a network that the agent has not",
        ("  drop_fraction: 0.3\n", "  critic: {sparsity: 0.3}\n"),
        ":11: sparsity.critic",
        ["the key critic", "this agent has q alone", "remove it"],
    ),
    case(
        "no method",
        ("kind: rigl", "drop_fraction: 0.1"),
        ":16: variants.rigl.sparsity.kind",
        ["missing", "one of dense", "kind: static"],
    ),
    case(
        "a sparsity that ERK cannot reach",
        ("  sparsity: 0.5", "  sparsity: 0.9999"),
        ":10: sparsity.sparsity",
        ["0.9999, which leaves layer `head`", "at least one weight", "lower it"],
    ),
    case(
        "a layer of its own sparsity that has not as many weights",
        ("  drop_fraction: 0.3", "  layers: {hidden.0: 0.99999}"),
        ":11: sparsity.layers.hidden.0",
        ["0.99999, which leaves layer `hidden.0` less than one", "at least one", "at most 0.96875"],
    ),
    case(
        "a form for a layer that is not there",
        ("  drop_fraction: 0.3", "  compute_layers: {hiden.0: sparse}"),
        ":11: sparsity.compute_layers.hiden.0",
        ["hiden.0", "hidden.0", "hidden.0"],
    ),
    case(
        "a layer that is not there",
        ("  drop_fraction: 0.3", "  layers: {hiden.0: 0.3}"),
        ":11: sparsity.layers.hiden.0",
        ["hiden.0", "hidden.0", "hidden.0"],
    ),
    case(
        "a variant equal to another",
        ("  dense:", "  again: {sparsity: {kind: dense}}\n  dense:"),
        ":15: variants.dense",
        ["equal to again", "differ", "remove"],
    ),
    case(
        "a width of nothing",
        ("[8]", "[8, 0]"),
        ":6: agent.hidden[1]",
        ["0", "whole numbers of at least 1", "hidden: [512, 512]"],
    ),
    case(
        "a layer that no index reaches",
        ("[8]", "[65536, 65536]"),
        ":5: agent",
        ["a 65536x65536 layer", "can be built", "another value"],
    ),
    case(
        "more steps than anybody means",
        ("3_000", "18446744073709551615"),
        ":4: train.total_env_steps",
        ["18446744073709551615", "from 1 to 1e15", "default 101000"],
    ),
    case(
        "a whole number that no register holds",
        ("[1, 2]", "[1, 99999999999999999999999]"),
        ":2: seeds[1]",
        ["99999999999999999999999", "whole numbers", "[1, 2, 3]"],
    ),
    case(
        "a variant named like a file of the run",
        ("  dense:", "  status.yaml:"),
        ":14: variants.status.yaml",
        ["status.yaml", "any name but config.yaml, run.yaml", "status-yaml"],
    ),
    case(
        "a variant of nothing",
        ("  dense: {sparsity: {kind: dense}}", "  dense:"),
        ":9: sparsity.kind",
        ["missing", "one of dense", "kind: static"],
    ),
    case("no seeds", ("[1, 2]", "[]"), ":2: seeds", ["empty list", "whole numbers", "[1, 2, 3]"]),
    case(
        "repeated seed",
        ("[1, 2]", "[1, 1]"),
        ":2: seeds[1]",
        ["1 a second time", "each once", "remove"],
    ),
    case(
        "empty sweep axis",
        ("[0.9, 0.99]", "[]"),
        ":19: sweep.agent.discount",
        ["a list of 0", "at least one value", "remove the axis"],
    ),
    case(
        "empty sweep axis of whose values a clause asks",
        ("[0.9, 0.99]", "[]\nwhen: [{if: {agent.discount: 0.9}, then: {agent: {hidden: [4]}}}]"),
        ":19: sweep.agent.discount",
        ["a list of 0", "at least one value", "remove the axis"],
    ),
    case(
        "a sweep of a key that is not there",
        ("agent.discount", "agent.discnt"),
        ":19: sweep.agent.discnt[0]",
        ["unknown key discnt", "discount", "discount"],
    ),
    case(
        "a run that never trains",
        ("  hidden: [8]\n", "  hidden: [8]\n  warmup_env_steps: 5000\n"),
        ":7: agent.warmup_env_steps",
        ["5000", "train.total_env_steps = 3000", "300"],
    ),
    case(
        "a prune interval that is longer than the time to prune",
        ("kind: rigl", "kind: pruning\n      prune_every_gradient_steps: 5e3"),
        ":18: variants.rigl.sparsity.prune_every_gradient_steps",
        ["5000", "at most", "longer run"],
    ),
    case(
        "a key of another optimizer",
        ("learning_rate: 1e-3", "optimizer: sgd\n  adam_eps: 1e-7"),
        ":8: agent.adam_eps",
        ["unknown key adam_eps", "momentum", "belongs to optimizer adam, adamw"],
    ),
    case(
        "an unknown optimizer",
        ("learning_rate: 1e-3", "optimizer: adm"),
        ":7: agent.optimizer",
        ["adm", "one of adam, adamw, sgd", "adam"],
    ),
    case(
        "the norm of a clipping that is not",
        ("learning_rate: 1e-3", "clip_norm: dense"),
        ":7: agent.clip_norm",
        ["dense", "max_grad_norm is null", "add max_grad_norm"],
    ),
    case(
        "a pattern that is none",
        ("kind: rigl", "kind: rigl\n      pattern: 2/4"),
        ":18: variants.rigl.sparsity.pattern",
        ["2/4", "unstructured, n:m", "2:4"],
    ),
    case(
        "a group that does not divide the inputs",
        ("kind: rigl", "kind: rigl\n      distribution: uniform\n      pattern: 3:6"),
        ":19: variants.rigl.sparsity.pattern",
        ["3:6, where layer `hidden.0` has 4 inputs", "divides 4", "layers: {hidden.0: 0}"],
    ),
    case(
        "a group that is no group",
        ("kind: rigl", "kind: rigl\n      pattern: 4:2"),
        ":18: variants.rigl.sparsity.pattern",
        ["4:2", "1 ≤ n < m", "2:4"],
    ),
    case(
        "a group that does not fit the sparsity",
        ("kind: rigl", "kind: rigl\n      distribution: uniform\n      pattern: 1:4"),
        ":19: variants.rigl.sparsity.pattern",
        ["1:4, where layer `hidden.0` has the sparsity 0.5", "0.75", "sparsity: 0.75"],
    ),
    case(
        "blocks that do not tile a layer",
        ("kind: rigl", "kind: rigl\n      distribution: uniform\n      pattern: 4x4"),
        ":19: variants.rigl.sparsity.pattern",
        ["4x4, where layer `head` has 2 outputs and 8 inputs", "tile 2x8", "layers: {head: 0}"],
    ),
    case(
        "blocks of which none is left",
        (
            "kind: rigl",
            "kind: rigl\n      distribution: uniform\n      pattern: 2x8\n      layers: {hidden.0: 0}",
        ),
        ":19: variants.rigl.sparsity.pattern",
        ["leaves layer `head` less than one of its 1 blocks", "at least one", "smaller blocks"],
    ),
    case(
        "a backward set that is sparser than the forward set",
        ("kind: rigl", "kind: top_kast\n      backward_sparsity: 0.6"),
        ":18: variants.rigl.sparsity.backward_sparsity",
        ["0.6", "at most sparsity = 0.5", "holds the forward set"],
    ),
    case(
        "a scale of nothing",
        ("kind: rigl", "kind: rigl\n      grown_scale: 0.1"),
        ":18: variants.rigl.sparsity.grown_scale",
        ["0.1", "other than zero", "gradient"],
    ),
    case(
        "invalid YAML",
        ("[1, 2]", "[1, 2"),
        ":3",
        ["did not find expected", "one YAML document", "brackets"],
    ),
    case(
        "a tag",
        ("kind: rigl", "kind: !rigl {}"),
        ":17",
        ["!tags", "one YAML document", "near this line"],
    ),
];

/// A config of an agent with several networks; each test breaks one thing of it.
pub const ACTOR_CRITIC: &str = "\
env: {id: Pendulum-v1}
train: {total_env_steps: 3_000}
agent:
  kind: sac
  hidden: [8]
  warmup_env_steps: 100
sparsity:
  kind: static
  sparsity: 0.5
  actor: {sparsity: 0.2}
";

pub const ACTOR_CRITIC_CASES: &[Case] = &[
    case(
        "a wrong value for one network",
        ("{sparsity: 0.2}", "{sparsity: 1.5}"),
        ":10: sparsity.actor.sparsity",
        ["1.5", "a number in [0, 1)", "0.9"],
    ),
    case(
        "an unknown key for one network",
        ("{sparsity: 0.2}", "{sparsty: 0.2}"),
        ":10: sparsity.actor.sparsty",
        ["unknown key sparsty", "sparsity, distribution", "sparsity"],
    ),
    case(
        "a sparsity that one network cannot have",
        ("{sparsity: 0.2}", "{sparsity: 0.99}"),
        ":10: sparsity.actor.sparsity",
        ["0.99, which leaves layer", "at least one weight", "lower it"],
    ),
    case(
        "a layer that one network has not",
        ("{sparsity: 0.2}", "{layers: {haed: 0}}"),
        ":10: sparsity.actor.layers.haed",
        ["a layer named `haed`, in network actor", "hidden.0, head", "head"],
    ),
    case(
        "a network beside a dense whole",
        ("kind: static\n  sparsity: 0.5", "kind: dense"),
        ":9: sparsity.actor",
        ["the key actor", "none beside kind: dense", "kind: dense below a network"],
    ),
    case(
        "a sparsity beside a budget",
        ("actor: {sparsity: 0.2}", "budget: {total: 0.7, actor_share: 0.4}"),
        ":9: sparsity.sparsity",
        ["unknown key sparsity", "distribution", "sparsity: null beside a budget"],
    ),
    case(
        "a share that the actor cannot use",
        ("sparsity: 0.5\n  actor: {sparsity: 0.2}", "budget: {total: 0.9, actor_share: 0.9}"),
        ":9: sparsity.budget.actor_share",
        ["0.9", "for these networks and this total", "0.34"],
    ),
    case(
        "a budget without a share",
        ("sparsity: 0.5\n  actor: {sparsity: 0.2}", "budget: {total: 0.9}"),
        ":9: sparsity.budget.actor_share",
        ["missing", "a number in [0, 1]", "actor_share: 0.34"],
    ),
    case(
        "bounds of the spread in the wrong order",
        ("  hidden: [8]\n", "  log_std_min: 2\n  log_std_max: -20\n"),
        ":5: agent.log_std_min",
        ["2", "less than log_std_max = -20", "-20, with 2"],
    ),
    case(
        "widths that all networks overrule",
        ("  hidden: [8]\n", "  hidden: [8]\n  actor_hidden: [4]\n  critic_hidden: [4]\n"),
        ":5: agent.hidden",
        ["[8]", "no hidden beside actor_hidden and critic_hidden", "hidden: null"],
    ),
    case(
        "a network of convolutions for an actor that sees numbers",
        ("  hidden: [8]\n", "  actor_network: {kind: minatar}\n"),
        ":5: agent.actor_network",
        ["minatar, and the env has observations", "images of shape", "actor_network: {kind: mlp"],
    ),
    case(
        "widths beside the network that has its own",
        ("  hidden: [8]\n", "  critic_network: {kind: simba}\n  critic_hidden: [4]\n"),
        ":6: agent.critic_hidden",
        ["critic_hidden beside critic_network", "one of the two", "remove one"],
    ),
    case(
        "a minibatch larger than a rollout",
        ("kind: sac\n  hidden: [8]\n  warmup_env_steps: 100", "kind: ppo\n  rollout_steps: 32"),
        ": agent.minibatch_size",
        ["64", "at most rollout_steps x env.num_envs = 32", "8"],
    ),
    case(
        "rollouts of environments that are not waited for",
        (
            "{id: Pendulum-v1}\ntrain: {total_env_steps: 3_000}\nagent:\n  kind: sac\n  hidden: [8]\n  warmup_env_steps: 100",
            "{id: Pendulum-v1, num_envs: 2, workers: 1, mode: async, batch: 1}\ntrain: {total_env_steps: 9_000}\nagent:\n  kind: ppo",
        ),
        ":1: env.mode",
        ["async, with agent.kind: ppo", "sync with agent.kind: ppo", "mode: sync, without batch"],
    ),
    case(
        "random actions that are held by whoever comes",
        (
            "{id: Pendulum-v1}\ntrain: {total_env_steps: 3_000}\nagent:\n  kind: sac",
            "{id: Pendulum-v1, num_envs: 2, workers: 1, mode: async, batch: 1}\ntrain: {total_env_steps: 3_000}\nagent:\n  kind: sac\n  warmup_hold_steps: 4",
        ),
        ":1: env.mode",
        ["async, with agent.warmup_hold_steps above 1", "sync with", "mode: sync"],
    ),
    case(
        "a rollout longer than the run",
        ("kind: sac\n  hidden: [8]\n  warmup_env_steps: 100", "kind: ppo\n  rollout_steps: 4_000"),
        ":5: agent.rollout_steps",
        ["4000", "fill a rollout within train.total_env_steps = 3000", "300"],
    ),
];
