"""Graph + traffic -> certified throughput -> gap.

flow/    traffic, routing, certificates, the exact problem, cuts, gap
design/  what limits a fabric: the ladder
study/   scenarios, cases, reports, files
"""

__version__ = "0.1.0"

from .design import Ladder, LadderStep, ladder
from .flow import (
    CertificateError,
    Gap,
    Interval,
    Limits,
    NotSolvedError,
    Routing,
    Throughput,
    ThroughputProblem,
    Traffic,
    all_to_all,
    bisection,
    farthest_permutation,
    from_matrix,
    gap,
    injection_bps,
    latency,
    max_throughput,
    permutation,
)  # fmt: skip
from .study import Case, Report, Scenario, build, load_scenario, measure, save_report, scenario_names, verify_file

__all__ = [
    "Case", "CertificateError", "Gap", "Interval", "Ladder", "LadderStep", "Limits", "NotSolvedError", "Report",
    "Routing", "Scenario", "Throughput", "ThroughputProblem", "Traffic", "all_to_all", "bisection", "build",
    "farthest_permutation", "from_matrix", "gap", "injection_bps", "ladder", "latency", "load_scenario",
    "max_throughput", "measure", "permutation", "save_report", "scenario_names", "verify_file",
]  # fmt: skip
