# %% [markdown]
# # First steps: the gap of a small formation
#
# Suncatcher's lattice, cut down to 21 satellites of 72 GPUs each. This notebook measures how much bandwidth the GPUs
# keep when all of them talk to all others at once, compares it with a GB300 NVL72 rack, and shows what each limit
# costs.
#
# Two things to know before reading any number:
#
# - A rate is payload in **one direction**. NVLink's advertised 1.8 TB/s is the sum of both, so here it is 900 GB/s.
#   Arrays hold bit/s; 1 GB/s = 8e9 bit/s.
# - A result is an **interval** with a proof of both ends. Where one number is printed, the ends agree in the digits
#   shown.

# %%
# %matplotlib inline
from figures.plots import overview
from figures.screen import report_screen
from links import load_part
from optimize import Interval, build, load_scenario, measure
from optimize.study.point import all_to_all_of

# %% [markdown]
# ## A scenario says what is modelled
#
# A scenario is a small file in which every value may carry its source. What the publication leaves open is marked
# *assumed* and has a range.

# %%
scenario = load_scenario("lattice-21")
print(scenario)
for path in ("link.aperture_m", "link.channels", "satellite.host_per_gpu_bps", "satellite.terminals"):
    print(f"{path} = {scenario.data[path]}")

# %% [markdown]
# `build` turns it into objects: a fabric for each time of the orbit, and the references to compare with.

# %%
case = build(scenario)
for line in case.modelled:
    print(line)

# %% [markdown]
# ## Measure
#
# The gap is reference over formation for rates and formation over reference for latencies: above 1 the formation is
# worse. *Scale-up* pretends that all 1,512 GPUs were as well connected as inside one NVL72. The latency gap is wide
# because nobody publishes the latency of the transceivers' electronics; its lower end counts propagation alone.

# %%
report = measure(case)


def shown(value: Interval, unit: str) -> str:
    """Rates in GB/s, times in microseconds."""
    return value.as_rate() if unit == "bit/s" else f"{(value * 1e6).text()} us"


for m in report.metrics:
    rack, formation = shown(m.scale_up, m.unit), shown(m.formation, m.unit)
    print(f"{m.name:<15} NVL72 {rack:<21} formation {formation:<21} gap {m.gap_up.interval.text()}x")

# %% [markdown]
# ## The ladder: what each limit costs
#
# Each step keeps the limits above it and adds one. The factors multiply to the gap. Where a step says *bound*, only its
# upper end is proved: its factor and the next one share what they cost together. Here 800 Gb/s network cards cost more
# than the whole flight: they are 1/9 of NVLink already on the ground.

# %%
for step in report.ladder.steps:
    kind = "exact" if step.exact else "bound"
    print(f"{step.number}  {step.name:<40}{step.upper_bps / 8e9:8.4g} GB/s  factor {step.factor:5.4g}  {kind}")
print(f"gap of all_to_all: {report.ladder.gap.text()}x")

# %% [markdown]
# ## The formation, with its links coloured by load
#
# To scale, at the first time of the orbit. Loads are those of the best all-to-all routing with the least total flow.

# %%
gap = report.metric("all_to_all").gap_up
overview.draw(overview.table(report), title=f"{scenario.title}: all-to-all gap {gap.interval.text()}x")

# %% [markdown]
# ## The proof
#
# The lower end is a routing, checked for conservation and capacity. The upper end follows from a price for every limit,
# by linear-programming duality. `verify` recomputes both without a solver, and raises `CertificateError` if they fail.

# %%
proof = report.proof("formation all_to_all")
again = proof.throughput.verify(fabric=proof.fabric, traffic=proof.traffic) * proof.throughput.bit_per_gpu
print(f"claimed    {proof.throughput}")
print(f"recomputed {again.as_rate(digits=8)} per GPU, upper / lower - 1 = {again.width:.1e}")

# %% [markdown]
# ## Other readings of the same paper
#
# The scenario lists them; each is measured for all-to-all. `variant` makes one of your own, in units as people write
# them, and `all_to_all_of` measures that one metric alone.

# %%
for reading in report.readings:
    print(f"{reading.label:<52} {reading.all_to_all.as_rate():>12}  gap {reading.gap_up.interval.text()}x")

_, smaller = all_to_all_of(build(scenario.variant({"link.aperture_m": "5 cm", "link.channels": 12})), rtol=1e-6)
print(f"{'5 cm apertures and 12 wavelengths':<52} {smaller.per_gpu_bps.as_rate():>12}")

# %% [markdown]
# ## Everything on one screen
#
# The same as `python3 run.py gap lattice-21` prints.

# %%
print(report_screen(report))

# %% [markdown]
# ## Checks
#
# What these numbers must be for reasons that have nothing to do with this project's code.

# %%
nvlink = load_part("gb300_nvl72")["links_per_gpu"] * 50 * 8e9  # NVLink 5: 50 GB/s per link and direction
assert abs(report.metric("all_to_all").scale_up.lower / nvlink - 1) < 1e-9

# All 1,511 partners get the same rate, and 1,440 of them are behind the 100 GB/s network card.
behind_the_card = report.ladder.steps[1].upper_bps / 8e9
assert abs(behind_the_card / (100 * 1511 / 1440) - 1) < 1e-6

# Links bind, so half the wavelengths carry half the traffic; 5 cm apertures still close at these ranges.
half = smaller.per_gpu_bps.lower / report.metric("all_to_all").formation.lower
assert abs(half - 0.5) < 1e-5
