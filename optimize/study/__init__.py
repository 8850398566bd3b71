"""From a scenario to a report, and from many variants of it to a table.

quantity    numbers with units as people write them
tables      which keys a scenario file may have
scenario    the TOML border: `Scenario`, `load_scenario`
case        the objects built from it: `Case`, `build`
measure     every metric, certified: `measure`; over_orbit and the ends of a series: `orbit_ends`
report      the result: `Report`
effects     what the assumed values do to the gap: `with_effects`, `assumed_effects`
save        files: `save_report`; proof_files: certificates and back, `verify_file`
verify      a saved report checked again: `verify_report`; meaning: what each proof is about; rebuilt: its case again;
            claims, ladder_claims: its numbers; findings: what comes of it
parameters  what varies, and how it is written
sampling    which points: `grid`, `latin_hypercube`, `sobol_sequence`, `saltelli`
sweep       a study run on any executor: `run_study`; point: one of them; checkpoint: those finished; workers: processes
uncertainty quantiles and Sobol indices; sweep_files: `save_sweep`
published   what publications print beside the report: `published_comparison`
library     the shipped scenarios as a list: `shelves`; scenarios/: their files
"""

from .case import Case, build
from .effects import assumed_effects, with_effects
from .measure import measure
from .proof_files import verify_file
from .report import AssumedEffect, Metric, Proof, Reading, Report
from .sampling import Study, grid, latin_hypercube, saltelli, sobol_sequence
from .save import save_report
from .scenario import Scenario, load_scenario, scenario_from_table, scenario_names
from .sweep import Row, Sweep, run_study
from .sweep_files import save_sweep
from .uncertainty import SobolIndex, quantiles, sobol_indices
from .verify import Verification, verify_report

__all__ = [
    "AssumedEffect", "Case", "Metric", "Proof", "Reading", "Report", "Row", "Scenario", "SobolIndex", "Study", "Sweep",
    "Verification", "assumed_effects", "build", "grid", "latin_hypercube", "load_scenario", "measure", "quantiles",
    "run_study", "saltelli", "save_report", "save_sweep", "scenario_from_table", "scenario_names", "sobol_indices",
    "sobol_sequence", "verify_file", "verify_report", "with_effects",
]  # fmt: skip
