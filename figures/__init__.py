"""What people look at: the only package that draws and talks to a terminal; it computes nothing of its own.

cli      the command `fabricgap`
screen   a report as one readable screen
style    one look for all figures, deterministic files
plots/   one module a figure, table and drawing apart
"""
