"""Graph + traffic -> certified throughput -> gap.

flow/    traffic, routing, certificates, linear programs, the large solver, cuts, collectives, energy, gap
design/  what limits a fabric, and what would change it: the ladder, failures, wirings, gains
study/   scenarios, cases, reports, files, sweeps, checks of what was saved
"""

__version__ = "0.1.0"

from .design import Ladder, LadderStep, ladder
from .flow import (
    CertificateError,
    Collective,
    Energy,
    Gap,
    Interval,
    Limits,
    NotSolvedError,
    Routing,
    Throughput,
    ThroughputProblem,
    Traffic,
    all_gather,
    all_reduce,
    all_to_all,
    bisection,
    broadcast,
    energy,
    energy_gap,
    fan_out,
    farthest_permutation,
    from_frame,
    from_matrix,
    gap,
    grouped,
    hot_spot,
    injection_bps,
    latency,
    least_flow,
    max_throughput,
    neighbours,
    permutation,
    pipeline,
    reduce_scatter,
    ring_shift,
    to_frame,
)  # fmt: skip
from .study import (
    Case,
    Report,
    Scenario,
    Sweep,
    assumed_effects,
    build,
    grid,
    latin_hypercube,
    load_scenario,
    measure,
    quantiles,
    run_study,
    saltelli,
    save_report,
    save_sweep,
    scenario_names,
    sobol_indices,
    sobol_sequence,
    verify_file,
    verify_report,
    with_effects,
)  # fmt: skip

__all__ = [
    "Case", "CertificateError", "Collective", "Energy", "Gap", "Interval", "Ladder", "LadderStep", "Limits",
    "NotSolvedError", "Report", "Routing", "Scenario", "Sweep", "Throughput", "ThroughputProblem", "Traffic",
    "all_gather", "all_reduce", "all_to_all", "assumed_effects", "bisection", "broadcast", "build", "energy",
    "energy_gap", "fan_out", "farthest_permutation", "from_frame", "from_matrix", "gap", "grid", "grouped",
    "hot_spot", "injection_bps", "ladder", "latency", "latin_hypercube", "least_flow", "load_scenario",
    "max_throughput", "measure", "neighbours", "permutation", "pipeline", "quantiles", "reduce_scatter",
    "ring_shift", "run_study", "saltelli", "save_report", "save_sweep", "scenario_names", "sobol_indices",
    "sobol_sequence", "to_frame", "verify_file", "verify_report", "with_effects",
]  # fmt: skip
