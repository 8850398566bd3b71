"""One HTML file that holds a whole report and needs nothing else: no network, no server, for its tables no JavaScript.

page        the file, put together: `report_page`
tables      metrics, readings, assumptions, parts, proofs as HTML tables
charts      small bars inside those tables
drawing     numbers behind the drawing that can be turned: `drawing_table`
markup      elements whose texts cannot become code
template.html, report.css, report.js
"""

from .page import report_page

__all__ = ["report_page"]
