"""Samples of several benches over several rounds, and the tables made of the quiet ones."""

import statistics
from typing import NamedTuple

from bench.common import TOO_FEW, quartiles, quiet_or_all, spread


class Sample(NamedTuple):
    """One sample of a bench; a round is one run of every bench, and what others had is of the whole run."""

    bench: str
    # Column and value of each key.
    case: dict
    round: int
    sample: int
    seconds: float
    others: float
    load: float

    def row(self):
        """As it stands in raw.csv."""
        case = " ".join(f"{column}={value}" for column, value in self.case.items())
        return [self.bench, case, self.round, self.sample, f"{self.seconds:.4e}", f"{self.others:.3f}", f"{self.load:.2f}"]


HEADER = ["bench", "case", "round", "sample", "seconds", "others_share", "load_1min"]


class Samples:
    """The samples of a run, in the order in which they were taken."""

    def __init__(self, samples):
        self.all = samples

    def has(self, *benches):
        return all(any(sample.bench == bench for sample in self.all) for bench in benches)

    def rounds(self, *benches):
        """The rounds that were quiet for all of these benches, or all rounds; and in words."""
        shares = {(sample.bench, sample.round): sample.others for sample in self.all}
        rounds = sorted({round for bench, round in shares if bench in benches})
        if not rounds:
            return [], ""
        return quiet_or_all(rounds, lambda round: [shares[bench, round] for bench in benches])

    def of(self, bench, **case):
        """The samples of a bench whose keys have these values, in the rounds that count."""
        rounds, _ = self.rounds(bench)
        return [
            sample
            for sample in self.all
            if sample.bench == bench and sample.round in rounds and case.items() <= sample.case.items()
        ]

    def cases(self, bench):
        """The different cases of a bench, in their order."""
        cases = []
        for sample in self.all:
            if sample.bench == bench and sample.case not in cases:
                cases.append(sample.case)
        return cases

    def seconds(self, bench, **case):
        return [sample.seconds for sample in self.of(bench, **case)]

    def pairs(self, bench, over, under):
        """Seconds of two cases that were sampled in turn."""
        return list(zip(self.seconds(bench, **over), self.seconds(bench, **under), strict=True))

    def pairs_of_rounds(self, over, under):
        """Medians of two (bench, case) in the same rounds, those that were quiet for both."""
        rounds, words = self.rounds(over[0], under[0])

        def median(bench, case, round):
            return statistics.median(
                sample.seconds
                for sample in self.all
                if sample.bench == bench and sample.round == round and sample.case == case
            )

        return [(median(*over, round), median(*under, round)) for round in rounds], words


class Ratio(NamedTuple):
    """The ratio of two medians, with the quartiles of the ratios of pairs."""

    value: float
    quartiles: str

    @staticmethod
    def of(pairs):
        over, under = zip(*pairs, strict=True)
        value = statistics.median(over) / statistics.median(under)
        return Ratio(value, quartiles([a / b for a, b in pairs], 2))

    def __str__(self):
        return f"{self.value:.2f} ({self.quartiles})"


class Bar(NamedTuple):
    """A ratio that is to be at least, or at most, a number; no ratio if its bench was not run."""

    what: str
    ratio: Ratio | float | None
    at_most: bool
    bar: float
    rounds: str = ""

    def row(self):
        sign = "≤" if self.at_most else "≥"
        if self.ratio is None:
            return [self.what, "", f"{sign} {self.bar}", "not measured", self.rounds]
        value = self.ratio.value if isinstance(self.ratio, Ratio) else self.ratio
        met = value <= self.bar if self.at_most else value >= self.bar
        verdict = "met" if met else "not met"
        # On a loaded machine, time slices lost to others can move a ratio across its bar.
        verdict += ", under load" if TOO_FEW in self.rounds else ""
        shown = self.ratio if isinstance(self.ratio, Ratio) else f"{value:.2f}"
        return [self.what, shown, f"{sign} {self.bar}", verdict, self.rounds]


def table(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def times(samples, *benches):
    """A table of the cases of benches: median and quartiles in microseconds."""
    rows = []
    for bench in benches:
        for case in samples.cases(bench):
            key = ", ".join(f"{column} {value}" for column, value in case.items())
            seconds = samples.seconds(bench, **case)
            rows.append([bench, key, spread([1e6 * s for s in seconds], 1), len(seconds)])
    return table(["bench", "case", "µs (quartiles)", "samples"], rows)
