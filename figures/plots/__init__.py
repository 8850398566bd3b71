"""One module a figure: `table` collects what is drawn, `draw` only draws.

overview               the formation to scale with its loaded links, beside the ladder
link_rates             rate of one link against range, by medium, with what physics allows
near_field             coupling and spatial channels against range, where Friis fails
budget_waterfall       the ledger of an optical link, for three apertures
neighbour_ranges       ranges of direct and diagonal neighbours over an orbit
orbit_frames           the formation at four times, links coloured by load
throughput_over_orbit  all-to-all against time where link rates change
gap_by_metric          every metric's gap, every shipped scenario
ladder                 what each limit costs, scenarios side by side
gap_sweeps             the gap against one design choice at a time
binding_cut            the links that carry the price, and the narrowest halving
side_by_side           an NVL72 and the formation, each to its own scale
solver_scaling         time and certified width of every solver against size, as measured once
orbit_animation        the formation over one orbit, as a GIF

figure_set             all of them by name
shared                 what several of them load and solve, once
"""
