"""Numbers of a report followed back to its proofs and to the case built again: metrics, gaps, limits, and the rest.

Leaves out the ladder: see `ladder_claims`; and what the proofs are about: see `meaning`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimize.flow.certificate import utilisation
from optimize.flow.collective.bounds import cut_bound
from optimize.flow.collective.expansion import expand
from optimize.flow.collective.spanning import spanning_all_reduce
from optimize.flow.cuts import Cut, bisection, evaluate_cut
from optimize.flow.energy import energy
from optimize.flow.gap import Gap, gap
from optimize.flow.interval import Interval
from optimize.flow.throughput import binding
from optimize.flow.unloaded import injection_bps, latency
from topo.fabric import Fabric, FabricSeries

from .case import Case, as_series
from .findings import Findings, interval, unlimited
from .meaning import LEAST_FLOW, WORST_TIME
from .message_times import message_times
from .orbit_ends import is_constant, is_same
from .published import compared
from .rebuilt import MOST_REBUILT, Rebuilt
from .report import METRIC_UNITS, AssumedEffect, Metric

__all__ = ["check_claims"]

_SIDES = {"scale_up": "scale-up", "scale_out": "scale-out", "formation": "formation"}
_REFERENCES = ("scale_up", "scale_out")
_MOST_CUT = 128  # nodes with GPUs up to which the least cuts of a collective are found again: a second


def check_claims(*, table: Mapping[str, Any], found: Findings, rebuilt: Rebuilt, full: bool = False) -> None:
    """Compare every number of a report's table, the ladder aside, with what follows from proofs and case.

    `full` also finds the latencies of formations of more than 1000 nodes again.
    """
    claims = _Claims(table, found, rebuilt, full)
    claims.proofs()
    found.names("metrics", [m["name"] for m in table["metrics"]],
                [name for name in METRIC_UNITS if any(m["name"] == name for m in table["metrics"])])  # fmt: skip
    claims.cut()
    for row in table["metrics"]:
        claims.metric(row)
    claims.collectives()
    claims.message_times()
    claims.readings()
    claims.published()
    claims.limits()
    claims.effects()
    found.stated += [name for name in ("all_reduce_link_bps", "notes") if table[name]]


class _Claims:
    def __init__(self, table: Mapping[str, Any], found: Findings, rebuilt: Rebuilt, full: bool) -> None:
        self.table, self.found, self.case = table, found, rebuilt.case
        self.series = rebuilt.series
        self.varies = f"formation all_to_all{WORST_TIME}" in found.proofs
        self.times: list[Fabric] = []
        # the paths between all pairs of a large formation take minutes
        self._short = self.series is not None and (full or self.series.structure.n_nodes <= MOST_REBUILT)
        if self.series is not None and not is_constant(self.series):
            self.times = [self.series.at(i) for i in range(len(self.series))]

    def _fabric(self, who: str) -> Fabric:
        return self.found.proof(f"{who} all_to_all").fabric

    def _row(self, name: str) -> Mapping[str, Any]:
        return next(row for row in self.table["metrics"] if row["name"] == name)

    def proofs(self) -> None:
        self.found.names("proofs", [row["label"] for row in self.table["proofs"]], list(self.found.proofs))
        for row in self.table["proofs"]:
            if row["label"] in self.found.proofs:
                answer = self.found.proofs[row["label"]].throughput
                self.found.number(f"proof {row['label']!r}, lower", row["lower_per_s"], answer.lower_per_s)
                self.found.number(f"proof {row['label']!r}, upper", row["upper_per_s"], answer.upper_per_s)

    def _cuts(self) -> list[Cut]:
        """The division that the report names, on what each arc keeps, then at every time if capacities change."""
        fabric = self._fabric("formation")
        side = np.zeros(fabric.n_nodes, dtype=bool)
        side[np.asarray(self.table["cut"]["side"], dtype=np.int64)] = True
        return [evaluate_cut(fabric=one, side=side) for one in (fabric, *self.times)]

    def cut(self) -> None:
        cuts = self._cuts()
        self.found.number("cut, smaller_gpus", self.table["cut"]["smaller_gpus"], cuts[0].smaller_gpus)
        if self.varies and not self.times:
            self.found.stated.append("cut, capacity_bps")
            return
        least = min(cuts[1:] or cuts, key=lambda one: one.per_gpu_bps)
        self.found.number("cut, capacity_bps", self.table["cut"]["capacity_bps"], least.capacity_bps)
        self.found.proved.append("cut")

    def metric(self, row: Mapping[str, Any]) -> None:
        name = row["name"]
        if name not in METRIC_UNITS:
            self.found.differ(f"metric {name!r} is none of a report")
            return
        less = METRIC_UNITS[name] != "bit/s"
        self.found.equal(f"{name}, unit", row["unit"], METRIC_UNITS[name])
        self.found.equal(f"{name}, less_is_better", row["less_is_better"], less)
        for side, who in _SIDES.items():
            if row[side] is not None:
                known = self._known(name, side, who, interval(row[side]))
                (self.found.proved if known else self.found.stated).append(f"{name} of {side}")
        self._gaps(name, row, {side: row[side] for side in _REFERENCES}, interval(row["formation"]), less=less)

    def _known(self, name: str, side: str, who: str, stated: Interval) -> bool:
        """Compare a metric of one side; whether there is something to compare it with."""
        where, fabric = f"{name} of {side}", self._fabric(who)
        varies = self.varies and who == "formation"
        if f"{who} {name}" in self.found.proofs:
            self.found.same(where, stated, self.found.certified(who, name))
        elif name == "injection" and (self.times or not varies):
            least = injection_bps(fabric=fabric)
            most = min((injection_bps(fabric=one) for one in self.times), default=least) if varies else least
            self.found.same(where, stated, Interval(lower=least, upper=max(most, least)))
        elif name == "bisection":
            return self._bisection(where, stated, who)
        elif name.startswith("latency") and (who != "formation" or self._short):
            mean, worst = _latency(fabric) if who != "formation" or self.series is None else _over(self.series)
            self.found.same(where, stated, mean if "mean" in name else worst)
        elif name == "energy":
            answer = self.found.proof(f"{who} all_to_all").throughput
            last = self.found.proofs.get(f"{who} all_to_all{WORST_TIME}")
            upper = answer.upper_per_s if last is None else last.throughput.upper_per_s
            self.found.same(where, stated,
                            energy(fabric=fabric, throughput=replace(answer, upper_per_s=upper)).j_per_bit)  # fmt: skip
        elif name in ("all_gather", "all_reduce"):
            row = next(row for row in self.table["collectives"] if row["name"] == name)[side]
            between, inside = interval(row["between_nodes"]), unlimited(row["inside_a_node"])
            self.found.same(where, stated, Interval(lower=min(between.lower, inside), upper=min(between.upper, inside)))
            return name == "all_gather" and self._gathers(fabric) and not varies
        else:
            return False
        return True

    def _bisection(self, where: str, stated: Interval, who: str) -> bool:
        """The lower end follows from the routing; the upper one is a real cut, for the formation the one it names."""
        proof = self.found.proof(f"{who} all_to_all")
        if who == "formation" and self.varies and not self.times:
            return False
        if proof.fabric.n_nodes > MOST_REBUILT:
            if who == "formation":
                upper = min(one.per_gpu_bps for one in self._cuts()[bool(self.times) :])
                self.found.number(f"{where}, upper", stated.upper, max(upper, stated.lower))
            return False
        ends, cut = bisection(fabric=proof.fabric, throughput=proof.throughput)
        cuts = self._cuts() if who == "formation" else [cut]
        lower = min(ends.lower, cuts[0].per_gpu_bps)
        self.found.number(f"{where}, lower", stated.lower, lower)
        upper = min(one.per_gpu_bps for one in cuts[1:] or cuts)
        self.found.number(f"{where}, upper", stated.upper, max(upper, lower))
        return True

    def _gaps(
        self, where: str, row: Mapping[str, Any], references: Mapping[str, Any], value: Interval, *, less: bool = False
    ) -> None:
        """Gaps follow from the intervals beside them; latency and energy have 1 where both sides are one fabric."""
        for side, ends in references.items():
            stated = row[f"gap_{side}"]
            if (stated is None) != (ends is None):
                self.found.differ(f"{where}: gap_{side} and {side} do not both exist")
            elif stated is not None:
                over = gap(reference=interval(ends), formation=value, less_is_better=less).interval
                if side == "scale_up" and less and self._identical():
                    over = Interval.point(1.0)
                self.found.same(f"{where}, gap_{side}", interval(stated), over)

    def _identical(self) -> bool:
        return is_same(series=self.series or as_series(self._fabric("formation")), fabric=self._fabric("scale-up"))

    @staticmethod
    def _gathers(fabric: Fabric) -> bool:
        return 1 < int(np.count_nonzero(fabric.gpus)) <= _MOST_CUT

    def collectives(self) -> None:
        """Of all_gather the least cut, by maximum flows; of all_reduce, which would be solved for, rough bounds."""
        for row in self.table["collectives"]:
            for side, who in _SIDES.items():
                ends = row[side]
                fabric = None if f"{who} all_to_all" not in self.found.proofs else self._fabric(who)
                self.found.equal(f"collective {row['name']}, {side}, is there", ends is not None, fabric is not None)
                where = f"collective {row['name']} of {side}"
                if ends is None or fabric is None:
                    continue
                self._inside(where, row["name"], unlimited(ends["inside_a_node"]), fabric)
                if row["name"] == "all_reduce" and not (who == "formation" and self.varies):
                    bounds, stated = spanning_all_reduce(fabric=fabric), interval(ends["between_nodes"])
                    slack = 1.0 + 1e-9
                    if stated.lower > bounds.upper_bps * slack or stated.upper * slack < bounds.lower_bps:
                        most = Interval(lower=bounds.lower_bps, upper=bounds.upper_bps)
                        self.found.differ(f"{where}, between nodes, {stated.as_rate()} is outside {most.as_rate()}")
                if row["name"] != "all_gather" or not self._gathers(fabric) or (who == "formation" and self.varies):
                    self.found.stated.append(where)
                    continue
                share = fabric.gpus[fabric.gpus > 0] / fabric.n_gpus
                graph = expand(fabric=fabric, inside_share=1.0)
                cut = cut_bound(expansion=graph, share=share)
                stated = interval(ends["between_nodes"])
                self.found.number(f"{where}, between nodes, upper", stated.upper, cut.upper_bps)
                if graph.relays_only_at_endpoints or graph.is_balanced(rate_bps=cut.lower_bps):
                    self.found.number(f"{where}, between nodes, lower", stated.lower, min(cut.lower_bps, cut.upper_bps))
                    self.found.proved.append(where)
                else:
                    self.found.stated.append(f"{where}, lower end")

    def _inside(self, where: str, name: str, stated: float, fabric: Fabric) -> None:
        """Each of g GPUs of a node passes (g - 1) / g of all data on by its own port, twice to reduce and spread it."""
        many = fabric.gpus > 1
        g = fabric.gpus[many].astype(float)
        once = np.minimum(fabric.local_bps, fabric.port_bps)[many] * g / (g - 1.0)
        rate = float(once.min(initial=np.inf)) / (2.0 if name == "all_reduce" else 1.0)
        self.found.number(f"{where}, inside a node", stated, rate)

    def message_times(self) -> None:
        """All by formulas, from the fabrics of the proofs and the best rate of each all_reduce."""
        best = self._row("all_reduce")
        sides = {
            side: (self._fabric(who), interval(best[side]).upper)
            for side, who in _SIDES.items()
            if best[side] is not None
        }
        found = message_times(sides)
        stated = self.table["all_reduce_times"]
        self.found.equal("all_reduce_times, rows", [[row["algorithm"], row["message_bit"]] for row in stated],
                         [[one.algorithm, one.message_bit] for one in found])  # fmt: skip
        for row, one in zip(stated, found, strict=False):
            where = f"all_reduce of {one.size}, {one.algorithm}"
            for side in sides:
                self.found.number(f"{where}, {side}_s", row[f"{side}_s"], getattr(one, f"{side}_s"))
        self.found.proved += ["times of all_reduce"] if found else []

    def readings(self) -> None:
        others: Sequence[tuple[str, Case]] = () if self.case is None else self.case.readings
        refused = {row["label"]: row["why"] for row in self.table["readings_not_possible"]}
        if self.case is not None:
            # One that can be built may still have failed when it was measured, which only measuring again would tell.
            told = [row["label"] for row in self.table["readings"]]
            unmeasured = [one for one, _ in others if one in refused and one not in told]
            self.found.names("readings", told, [one for one, _ in others if one not in unmeasured])
            never = dict(self.case.impossible)
            self.found.names("readings_not_possible", sorted(refused), sorted([*never, *unmeasured]))
            for label, why in never.items():
                self.found.equal(f"reading {label!r}, not possible", refused.get(label), why)
            self.found.stated += [f"reading {label!r}, not possible" for label in unmeasured]
        else:
            self.found.stated += [f"reading {label!r}, not possible" for label in refused]
        for row in self.table["readings"]:
            where = f"reading {row['label']!r}"
            references = {side: self._row("all_to_all")[side] for side in _REFERENCES}
            self._gaps(where, row, references, interval(row["all_to_all"]))
            other = dict(others).get(row["label"])
            self.found.stated.append(f"all_to_all of {where}" if other else where)
            if other is not None:
                kept = as_series(other.formation).worst()
                self.found.number(f"{where}, link_bps", row["link_bps"], float(kept.capacity_bps.max()))
                power = float(kept.power_w.sum()) / np.count_nonzero(kept.gpus)
                self.found.number(f"{where}, power_w_per_node", row["power_w_per_node"], power)
                self.found.proved.append(f"link rate and power of {where}")

    def published(self) -> None:
        rows = self.table["published"]
        if self.case is None:
            self.found.stated += [f"published {row['what']!r}" for row in rows]
            return
        meant = compared(case=self.case, metrics=[_metric(row) for row in self.table["metrics"]],
                         smaller_gpus=self.table["cut"]["smaller_gpus"])  # fmt: skip
        self.found.names("published", [row["what"] for row in rows], [one.claim.what for one in meant])
        for row, one in zip(rows, meant, strict=False):
            where = f"published {row['what']!r}"
            self.found.number(f"{where}, published", row["published"], one.published)
            self.found.same(f"{where}, here", interval(row["here"]), one.here)
            self.found.equal(f"{where}, verdict", row["verdict"], one.verdict)
            self.found.equal(f"{where}, source", row["source"], one.claim.source)
            self.found.proved.append(f"{where}, compared")

    def limits(self) -> None:
        proof = self.found.proof("formation all_to_all")
        limits = binding(fabric=proof.fabric, throughput=proof.throughput)
        stated = {row["limit"]: row["share"] for row in self.table["binding"]}
        for name in dict.fromkeys([*stated, *(limit for limit, _ in limits)]):
            self.found.number(f"binding, {name}", stated.get(name, 0.0), dict(limits).get(name, 0.0))
        lean = self.found.proof(f"formation all_to_all{LEAST_FLOW}")
        used = utilisation(fabric=lean.fabric, traffic=lean.traffic, routing=lean.throughput.routing)
        through = np.bincount(lean.fabric.head, weights=used.arc * lean.fabric.capacity_bps,
                              minlength=lean.fabric.n_nodes) + lean.traffic.sent_bit  # fmt: skip
        most = float(through.max()) * lean.throughput.lower_per_s
        self.found.number("switching_bps", self.table["switching_bps"], most)
        self.found.number("link_power_w", self.table["link_power_w"], float(proof.fabric.power_w.sum()))
        self.found.proved += ["binding limits", "switching", "power of the links"]

    def effects(self) -> None:
        """The gap now is that of the table; values and their ranges are those of scenario and parts."""
        now = interval(self._row("all_to_all")["gap_scale_up"])
        for row in self.table["effects"]["values"]:
            where = f"effect of {row['path']}"
            self.found.same(f"{where}, gap", interval(row["gap"]), now)
            part, _, key = row["path"].partition(".")
            known = self.table["scenario_data"].get(row["path"])
            known = known or self.table["parts"].get(part, {}).get("data", {}).get(key)
            if known is not None:
                for name in ("low", "value", "high"):
                    self.found.number(f"{where}, {name}", row[name], known.get(name, row[name]))
            low, high = (None if row[end] is None else interval(row[end]) for end in ("gap_low", "gap_high"))
            effect = AssumedEffect(path=row["path"], unit=row["unit"], low=row["low"], value=row["value"],
                                   high=row["high"], gap_low=low, gap=interval(row["gap"]), gap_high=high)  # fmt: skip
            self.found.number(f"{where}, swing", unlimited(row["swing"]), effect.swing)
            self.found.stated.append(where)


def _latency(fabric: Fabric) -> tuple[Interval, Interval]:
    each = latency(fabric=fabric)
    return each.mean, each.worst


def _over(series: FabricSeries) -> tuple[Interval, Interval]:
    """Over an orbit the mean of the means, and the worst; of large formations that of each arc's extremes."""
    if len(series) > 1 and np.count_nonzero(series.structure.gpus) > MOST_REBUILT:
        return _latency(series.worst())
    means, worsts = zip(*(_latency(series.at(i)) for i in range(len(series))), strict=True)
    mean = Interval(lower=sum(m.lower for m in means) / len(means), upper=sum(m.upper for m in means) / len(means))
    return mean, Interval(lower=max(w.lower for w in worsts), upper=max(w.upper for w in worsts))


def _metric(row: Mapping[str, Any]) -> Metric:
    """A row of the table as it was."""
    ends = {name: None if row[name] is None else interval(row[name]) for name in (*_SIDES, "gap_scale_out")}
    up, form, over = interval(row["scale_up"]), interval(row["formation"]), interval(row["gap_scale_up"])
    beside = ends["gap_scale_out"]
    return Metric(
        name=row["name"], unit=row["unit"], less_is_better=row["less_is_better"], scale_up=up, formation=form,
        scale_out=ends["scale_out"], gap_up=Gap(metric=row["name"], interval=over),
        gap_out=None if beside is None else Gap(metric=row["name"], interval=beside),
    )  # fmt: skip
