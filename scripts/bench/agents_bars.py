"""What the agents are to reach, and the tables that say how near it comes."""

import statistics

from bench.agents_built import BATCHES
from bench.common import spread
from bench.samples import Bar, Ratio, table

DENSE = {"form": "dense"}
SPARSE = [{"form": "static"}, {"form": "rigl"}]
PPO_SB3 = 25
PPO_REJAX = 1.5
# Of a whole loop with small networks.
SAC_RLTOOLS = 1.2
# Of the time of a step, at most.
LOOP = {"dense": 0.10, "static": 0.25, "rigl": 0.25}
# Of the bytes of the transitions, at most.
MEMORY = 1.1


def named(form):
    return form["form"] if form == DENSE else f"90 % {form['form']}"


def fastest(samples, bench):
    """The case of a bench with the lowest median."""
    return min(samples.cases(bench), key=lambda case: statistics.median(samples.seconds(bench, **case)))


def over_peer(samples, what, peer, bench, bars):
    """How many times as fast as a peer at its fastest each form of a bench is."""
    for form, bar in bars:
        ratio, rounds = None, ""
        if samples.has(peer, bench):
            pairs, rounds = samples.pairs_of_rounds((peer, fastest(samples, peer)), (bench, form))
            ratio = Ratio.of(pairs)
        yield Bar(f"{what}, {named(form)}", ratio, False, bar, rounds)


def over_dense(samples, what, bench, bar):
    """How many times as fast as the dense form each sparse one is."""
    for form in SPARSE:
        ratio, rounds = None, ""
        if samples.has(bench):
            ratio, (_, rounds) = Ratio.of(samples.pairs(bench, DENSE, form)), samples.rounds(bench)
        yield Bar(f"{what} over our dense, {named(form)}", ratio, False, bar, rounds)


def loop_bars(samples):
    """The share of the loop without updates and of an update of narrow networks, sampling among it, in a step."""
    for form in [DENSE, *SPARSE]:
        ratio, rounds = None, ""
        if samples.has("pendulum", "idle", "sac"):
            pairs, rounds = samples.pairs_of_rounds(("idle", form), ("pendulum", form))
            narrow = statistics.median(samples.seconds("sac", form="narrow"))
            ratio = Ratio.of([(idle + narrow, step) for idle, step in pairs])
        yield Bar(f"SAC, loop around the update at most, {named(form)}", ratio, True, LOOP[form["form"]], rounds)


def memory_bars(samples):
    ratio = None
    if samples.has("memory"):
        sizes = [(float(case["resident"]), float(case["raw"])) for case in samples.cases("memory")]
        ratio = max(resident / raw for resident, raw in sizes)
    yield Bar("SAC, resident memory over the bytes of 1 M transitions", ratio, True, MEMORY, "the largest")


def bars(samples):
    """Every bar of the agents' speed and memory."""
    forms = [DENSE, *SPARSE]
    yield from over_peer(samples, "SAC updates over SB3", "sac_sb3", "sac", [(DENSE, 2.5)])
    yield from over_peer(samples, "SAC updates over SBX", "sac_sbx", "sac", zip(forms, [1, 3, 3]))
    yield from over_dense(samples, "SAC updates", "sac", 3.5)
    yield from over_peer(samples, "DQN updates over SB3", "dqn_sb3", "dqn", [(DENSE, 4)])
    yield from over_dense(samples, "DQN updates", "dqn", 3)
    yield from over_peer(samples, "PPO CartPole-v1 over SB3", "ppo_sb3", "ppo", [(DENSE, PPO_SB3)])
    yield from over_peer(samples, "PPO CartPole-v1 over rejax", "ppo_rejax", "ppo", [(DENSE, PPO_REJAX)])
    for batch in BATCHES:
        what, small = f"SAC Pendulum-v1, 64-64, batch {batch}, over RLtools", f"small_{batch}"
        yield from over_peer(samples, what, f"{small}_rltools", small, [(DENSE, SAC_RLTOOLS)])
    yield from over_peer(samples, "SAC Pendulum-v1 over SB3", "pendulum_sb3", "pendulum", zip(forms, [3, 8, 8]))
    yield from loop_bars(samples)
    yield from memory_bars(samples)


def bar_table(samples):
    rows = [bar.row() for bar in bars(samples)]
    return table(["what", "ratio of medians (quartiles of pairs)", "bar", "", "rounds"], rows)


def limits(samples):
    """How near the dense forms come to their bare products, and how far above the peers these are."""
    rows = []
    for what, bench, peers in (("SAC", "sac", ("sac_sb3", "sac_sbx")), ("DQN", "dqn", ("dqn_sb3",))):
        products = {"form": "products"}
        rows.append([f"{what}, our dense update", Ratio.of(samples.pairs(bench, DENSE, products))])
        for peer in peers:
            pairs, _ = samples.pairs_of_rounds((peer, fastest(samples, peer)), (bench, products))
            rows.append([f"{what}, the update of {peer.split('_')[1].upper()}", Ratio.of(pairs)])
    return table(["what", "over the bare products (quartiles)"], rows)


def ppo_words(samples):
    """What 90 % sparsity does to PPO's small networks."""
    ratios = [f"{Ratio.of(samples.pairs('ppo', DENSE, form))} ({form['form']})" for form in SPARSE]
    return " and ".join(ratios) + " times the env steps a second of our dense form"


def thrust_words(samples):
    """How many times as fast as thrust-rl our dense PPO is."""
    pairs, rounds = samples.pairs_of_rounds(("ppo_thrust", {}), ("ppo", DENSE))
    return f"{Ratio.of(pairs)} times thrust-rl's, {rounds}"


def rates(samples, benches):
    """How often a second each case of the benches ran: median and quartiles."""
    rows = []
    for bench in benches:
        for case in samples.cases(bench):
            key = ", ".join(f"{column} {value}" for column, value in case.items())
            seconds = samples.seconds(bench, **case)
            rows.append([bench, key, spread([1 / s for s in seconds], 0), len(seconds)])
    return table(["bench", "case", "a second (quartiles)", "samples"], rows)
