# %% [markdown]
# # One link, from physics to rate
#
# What a link between two satellites carries, and why: the budget of an optical link, how light couples in the near
# field, how many spatial channels two apertures share (Suncatcher's three designs among them), and radio and NVLink
# beside it. No graph and no solver yet: everything here comes from `links`.
#
# Lengths in m, powers in W or dBm, rates in bit/s of payload in **one direction**.

# %%
# %matplotlib inline
from dataclasses import replace

import numpy as np
from scipy.constants import speed_of_light

from figures.plots import link_rates, near_field
from links import NVLink, OpticalLink, RadioLink, load_part
from links.coupling import ApertureMode, mode_coupling, space_bandwidth_product
from links.modes import spatial_modes, strongest_coupling, tiling_reach_m
from links.nearfield import far_field_transmission

# %% [markdown]
# ## The transceiver comes from a catalogue
#
# Hardware is a *part*: every value has a source, a locator and a confidence, and an assumed one also has a range.

# %%
transceiver = load_part("coherent_400zr")
print(transceiver.title)
for key in ("launch_power_dbm", "power_w", "latency_s", "mode_400g_unamplified.sensitivity_dbm"):
    print(f"{key} = {transceiver.data[key]}")

# %% [markdown]
# ## A link is that part between two telescopes
#
# Aperture, wavelength, 24 channels of 400 Gb/s and 3 dB of optics loss are Suncatcher's (arXiv:2511.19468v2, sections
# 2.1 and 4.2). A truncation of 1.12 fills the aperture best (Klein and Degnan, Appl. Opt. 13, 2134, 1974). Jitter (rms
# per axis) and outage are assumed; the paper says only "about 1 urad".

# %%
link = OpticalLink(
    aperture_m=0.10,
    wavelength_m=1.55e-6,
    transceiver=transceiver,
    channels=24,
    truncation=1.12,
    optics_loss_db=3.0,
    jitter_rad=1e-6,
    outage=1e-6,
)
budget = link.budget(range_m=200.0)
print(budget)

# %% [markdown]
# The ledger is that of one channel. It closes with a few dB to spare, 15 dB below overload: nothing is gained by
# amplifying. `at` gives the state at many ranges at once.

# %%
range_m = np.array([100.0, 283.0, 1e3, 5e3, 20e3])
state = link.at(range_m=range_m)
ceiling_bps = link.limit_bps(range_m=range_m)
print(f"{'range':>8} {'rate':>10} {'margin':>9} {'available':>11} {'ceiling':>12}")
for k, d in enumerate(range_m):
    print(
        f"{d:6.0f} m {state.rate_bps[k] / 1e12:5.1f} Tb/s {state.margin_db[k]:6.1f} dB "
        f"{state.availability[k]:11.7f} {ceiling_bps[k] / 1e12:7.0f} Tb/s"
    )

# %% [markdown]
# The rate does not fall with range until the budget breaks: it is that of the transceivers, not that of the aperture.
# The *ceiling* is what physics allows between the same apertures in the same band at the same power, over all the
# spatial modes that they share (Holevo capacity). At 100 m it is thousands of times higher, which is where the next two
# sections look.
#
# ## Near field: Friis promises more light than was sent
#
# Friis' formula is a far-field limit. At the ranges of a formation 10 cm apertures are deep in each other's near field.
# The best beam couples by the largest prolate eigenvalue, never above 1; a collimated beam from fibre to fibre a little
# less.

# %%
radius_m = link.aperture_m / 2
ends = ApertureMode(radius_m=radius_m, truncation=link.truncation)
for d in (200.0, 5e3, 50e3):
    friis = far_field_transmission(
        tx_diameter_m=link.aperture_m,
        rx_diameter_m=link.aperture_m,
        range_m=d,
        frequency_hz=speed_of_light / link.wavelength_m,
    )
    c = space_bandwidth_product(tx_radius_m=radius_m, rx_radius_m=radius_m, range_m=d, wavelength_m=link.wavelength_m)
    best = strongest_coupling(c=float(c))
    fibre = mode_coupling(tx=ends, rx=ends, range_m=d, wavelength_m=link.wavelength_m)
    print(f"{d / 1e3:5.1f} km: Friis {float(friis):9.3f}, best beam {best:.3f}, fibre to fibre {float(fibre):.3f}")

# %% [markdown]
# ## Spatial channels: Suncatcher's 5.07, 1.27 and 0.32 km
#
# An aperture of side D may be divided into n x n tiles, each with its own beam, as long as a tile's beam still fits a
# tile at the other end: up to the confocal range pi D^2 / (4 n^2 lambda). The paper rounds them to 5, 1.25 and 0.32 km
# (section 4.2). The number of spatial modes that the same squares share, D^4 / (lambda d)^2, is far higher.

# %%
tiles = np.array([1, 2, 4])
reach_m = tiling_reach_m(aperture_m=0.10, tiles_per_side=tiles, wavelength_m=1.55e-6)
modes = spatial_modes(tx_area_m2=0.10**2, rx_area_m2=0.10**2, range_m=reach_m, wavelength_m=1.55e-6)
for n, reach, count in zip(tiles, reach_m, modes, strict=True):
    print(f"{n} x {n} tiles to {reach / 1e3:.3f} km, where the squares share {count:5.1f} modes per polarisation")

# %% [markdown]
# A geometric reach is not yet a link. With tiles come crosstalk and smaller, faster spreading beams, so each design
# must close its own budget at the formation's longest range, 283 m. Collimated 4 x 4 tiles do not; with the waist half
# way (focus at 150 m) and less truncation they do.

# %%
designs = {
    "1 x 1": link,
    "2 x 2": replace(link, sub_apertures=4),
    "4 x 4, collimated": replace(link, sub_apertures=16),
    "4 x 4, confocal": replace(link, sub_apertures=16, truncation=1.41, focus_m=150.0),
}
for name, design in designs.items():
    one = design.at(range_m=283.0)
    print(
        f"{name:<18} {float(one.rate_bps) / 1e12:6.1f} Tb/s at 283 m, margin {float(one.margin_db):5.1f} dB, "
        f"{design.power_w / 1e3:4.1f} kW of transceivers each way"
    )

# %% [markdown]
# Both findings in one picture, for four apertures.

# %%
near_field.draw(near_field.table())

# %% [markdown]
# ## Radio and NVLink beside it
#
# Radio: the whole 59 to 71 GHz allocation between satellites, 10 cm dishes, both polarisations, DVB-S2X. NVLink: the 18
# links of one GPU over the rack's own copper. Both answer the same three questions: `at`, `budget`, `limit_bps`.

# %%
radio = RadioLink(
    radio=load_part("radio_60ghz"),
    amplifier=load_part("pa_gan_60ghz"),
    modcods=(load_part("dvb_s2x"),),
    frequency_hz=65e9,
    bandwidth_hz=2e9,
    channels=6,
    polarisations=2,
    transmit_diameter_m=0.10,
    receive_diameter_m=0.10,
    outage=1e-6,
)
nvlink = NVLink(generation=load_part("nvlink5"), links=18, cable=load_part("twinax_30awg"))
for name, model in {"optical, 10 cm": link, "radio, 60 GHz": radio, "NVLink, copper": nvlink}.items():
    print(f"{name}: {float(model.at(range_m=200.0).rate_bps) / 8e9:7.1f} GB/s at 200 m")
print(
    f"NVLink carries {float(nvlink.at(range_m=1.0).rate_bps) / 8e9:.0f} GB/s at 1 m, and ends at {nvlink.reach_m:.2f} m"
)

# %% [markdown]
# One optical terminal carries 1,200 GB/s each way, more than the 900 GB/s of one GPU's NVLink, but it serves a
# satellite of 72 GPUs. Radio in the same aperture carries a seventieth of it. NVLink does not leave the rack.

# %%
link_rates.draw(link_rates.table())

# %% [markdown]
# ## Checks

# %%
# The confocal range is pi a^2 / lambda with a the radius of a tile.
assert np.allclose(reach_m, np.pi * (0.05 / tiles) ** 2 / 1.55e-6, rtol=1e-12)
assert np.allclose(reach_m, [5e3, 1.25e3, 320.0], rtol=0.02)  # as the paper rounds them

# No passive optics gives back more than it gets, and the best beam beats the collimated one.
assert fibre <= best <= 1.0

# The ledger adds up, and the rate is 24 x 400 Gb/s while it closes.
assert abs(budget.transmit_dbm + sum(db for _, db in budget.terms) - budget.received_dbm) < 1e-9
assert float(link.at(range_m=200.0).rate_bps) == 24 * 400e9
assert (state.rate_bps <= ceiling_bps).all()
