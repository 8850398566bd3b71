"""From a scenario to a report.

quantity   numbers with units as people write them
tables     which keys a scenario file may have
scenario   the TOML border: `Scenario`, `load_scenario`
case       the objects built from it: `Case`, `build`
measure    every metric, certified: `measure`
report     the result: `Report`
save       files and certificates: `save_report`, `verify_file`
scenarios/ the shipped scenarios
"""

from .case import Case, build
from .measure import measure
from .report import Metric, Proof, Reading, Report
from .save import save_report, verify_file
from .scenario import Scenario, load_scenario, scenario_from_table, scenario_names

__all__ = [
    "Case", "Metric", "Proof", "Reading", "Report", "Scenario", "build", "load_scenario", "measure", "save_report",
    "scenario_from_table", "scenario_names", "verify_file",
]  # fmt: skip
