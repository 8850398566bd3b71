# %% [markdown]
# # A sweep, and what uncertainty does to the gap
#
# A study varies any keys of a scenario: on a grid, to see a dependence, or at random within the stated ranges, to see
# how far a number may be trusted. Two kinds of spread must not be mixed up: a certified interval says what the *solver*
# left open (here 1e-8), quantiles say what *we do not know* about the satellites (here a factor of three).
#
# Tables need the extra `data` (pandas, xarray). Rates in payload, **one direction**; the gap is that of all-to-all to
# one NVL72.

# %%
# %matplotlib inline
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from figures.style import SERIES, SINGLE_IN, figure, styled
from optimize import load_scenario
from optimize.study.effects import assumed_effects
from optimize.study.sampling import grid, saltelli
from optimize.study.sweep import run_study
from optimize.study.uncertainty import quantiles, sobol_indices

scenario = load_scenario("lattice-21")

# %% [markdown]
# ## What the assumed values do, one at a time
#
# The first thing to read: each assumed value goes to both ends of its range, the largest effect first.

# %%
for effect in assumed_effects(scenario):
    print(effect)

# %% [markdown]
# With four terminals the wiring does not exist, so there is no gap to speak of; the number of GPUs per satellite
# matters more than everything else together. Fewer GPUs share the same links.
#
# ## A grid
#
# Values are written as people write them. A point that cannot be built is not lost: its row says why.
#
# `run_study` measures in local processes by default. Here one thread of this process does it, so that the notebook also
# runs as a plain script; any `concurrent.futures.Executor` will do (see the end).

# %%
study = grid(scenario, vary=["link.aperture_m=1 cm,2 cm,10 cm", "link.channels=12,24,48"])
print(study)
with ThreadPoolExecutor(max_workers=1) as here:
    sweep = run_study(study, executor=here)

frame = sweep.to_frame()
print(frame[["link.aperture_m", "link.channels", "gap_lower", "gap_upper"]].to_string())
print(f"{sweep.infeasible} points are infeasible, the first: {frame['error'][0]}")

# %% [markdown]
# Between 2 cm and 10 cm the aperture changes nothing: at these ranges the transceivers set the rate. As a labelled
# cube, for slicing and plotting:

# %%
cube = sweep.to_xarray()
print(cube["gap_upper"].sel(metric="all_to_all").to_series())

# %%
with styled():
    drawn = figure(width_in=SINGLE_IN, height_in=2.6)
    ax = drawn.subplots()
    for aperture_m, colour, mark in ((0.02, SERIES[1], "s"), (0.10, SERIES[0], "o")):
        line = cube.sel({"link.aperture_m": aperture_m, "metric": "all_to_all"})
        ax.plot(line["link.channels"], line["gap_upper"], marker=mark, color=colour, fillstyle="none",
                linestyle="-" if mark == "o" else "", label=f"{100 * aperture_m:g} cm aperture")  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks([12, 24, 48], ["12", "24", "48"], minor=False)
    ax.set_xticks([], minor=True)
    ax.set_yticks([10, 20, 40], ["10", "20", "40"])
    ax.set_yticks([], minor=True)
    ax.set_xlabel("wavelengths of 400 Gb/s, each way")
    ax.set_ylabel("all-to-all gap to NVL72 [-]")
    ax.legend(frameon=False)
drawn

# %% [markdown]
# ## Uncertainty: quantiles and Sobol indices
#
# Two things that the paper leaves open: how many GPUs a satellite has (range stated by the scenario, 4 to 72), and
# whether its 9.6 Tb/s are each way or both together (24 or 12 channels; anything between stands for channels that are
# kept in reserve). `saltelli` makes the points that Sobol indices are estimated from; they are uniform and independent,
# which is an assumption too. Nine satellites at four times of the orbit, so that it takes seconds.

# %%
few = load_scenario("lattice-21", overrides={"formation.radius_m": "300 m", "orbit.epochs": 4})
study = saltelli(few, vary=["satellite.gpus", "link.channels=12..24"], base=16, seed=1)
print(study)
with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=1) as here:
    sampled = run_study(study, folder=Path(folder), executor=here)
    # Every finished point is on disk at once; the same study again finds them there and measures nothing.
    done: list[int] = []
    again = run_study(study, folder=Path(folder), executor=here, progress=lambda k, of: done.append(k))
    print(f"second run: {done[0]} points were there already, {len(done) - 1} measured")

# %%
for share, gap in quantiles(sampled, shares=(0.05, 0.5, 0.95)).items():
    print(f"{share:4.0%} of the points have a gap below {gap.text(digits=3)}x")
for index in sobol_indices(sampled):
    print(index)

# %% [markdown]
# GPUs per satellite answer for most of the variance, channels for the rest. The brackets are the sampling error of the
# estimate, from bootstrap: with 16 base points it is large, and more points are the only cure. Do not quote an index
# without it.
#
# ## On more machines
#
# ```python
# sweep = run_study(study, folder=Path("out/study"))  # local processes, one for each core; resumes after a crash
#
# from distributed import Client  # extra `distributed`
#
# with Client("tcp://scheduler:8786") as client:
#     sweep = run_study(study, folder=Path("out/study"), executor=client.get_executor())
# ```
#
# The result is the same on one worker and on many. In a script, the first needs `if __name__ == "__main__":` round it,
# because local processes are fresh ones that import the script; a notebook does not.
#
# ## Checks

# %%
# Links bind all over this grid, so twice the channels carry twice the traffic.
upper = cube["gap_upper"].sel({"metric": "all_to_all", "link.aperture_m": 0.10})
assert np.allclose(upper * upper["link.channels"], float(upper[0]) * 12, rtol=1e-5)
assert sweep.infeasible == 3  # 1 cm apertures spread too much light

# The second run is the first, and certified intervals are far narrower than what is not known.
assert again == sampled
widths = [row.gap.width for row in sampled.rows if row.gap is not None]
low, high = quantiles(sampled, shares=(0.05, 0.95)).values()
assert max(widths) < 1e-5 < high.lower / low.upper - 1
