"""One module a figure: `table` collects what is drawn, `draw` only draws.

overview  the formation to scale with its loaded links, beside the ladder
"""
