"""What people look at: the only package that draws and talks to a terminal; it computes nothing of its own.

cli      the command `fabricgap`; cli_lists, cli_more, cli_sweep: its commands, over cli_frame
screen   a report as one readable screen, of answer, assumed_text and text_table
style    one look for all figures, deterministic files
plots/   one module a figure, table and drawing apart
report/  a report as one HTML file
"""
