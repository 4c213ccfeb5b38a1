"""What single solids look like from above: each make turns local coordinates into a height and a colour."""

from __future__ import annotations

import numpy as np

from faami_core.data.scenes.stamps import Local, Skin


def crown(at: Local) -> Skin:
    """A broad-leaved tree: a lumpy dome, dark at the rim and in its gaps."""
    u, v, half_u, _, tall, noise = at
    distance = np.sqrt(u * u + v * v) + np.float32(1e-6)
    sine = v / distance
    square = sine * sine
    # Three and five lobes: sin 3θ and sin 5θ as polynomials in sin θ.
    lobes = sine * (3 - 4 * square) * 0.09 + sine * (16 * square * square - 20 * square + 5) * 0.07
    away = distance / (half_u * (1 + lobes + 0.08 * noise))
    dome = np.sqrt(np.maximum(1 - away * away, 0))
    height = tall * (0.35 + 0.65 * dome) * (1 + 0.10 * noise)
    bright = (0.76 + 0.30 * dome) * (1 + 0.10 * noise)
    return Skin(away < 1, height, bright, np.clip(0.3 + 0.3 * noise, 0, 1))


def conifer(at: Local) -> Skin:
    """A needle tree: a slender cone with a ragged star of branches."""
    u, v, half_u, _, tall, noise = at
    distance = np.sqrt(u * u + v * v) + np.float32(1e-6)
    sine = v / distance
    square = sine * sine
    branches = sine * (7 - square * (56 - square * (112 - 64 * square)))  # sin 7θ
    away = distance / (half_u * (1 + 0.12 * branches + 0.06 * noise))
    height = tall * (0.12 + 0.88 * (1 - away))
    return Skin(away < 1, height, 0.72 + 0.42 * (1 - away) + 0.08 * noise, np.clip(0.3 + 0.2 * noise, 0, 1))


def car(at: Local) -> Skin:
    """A car: paint, dark front and rear windows, lower bonnet and boot. ``u`` points to its front."""
    u, v, half_u, half_v, tall, _ = at
    along, across = u / half_u, np.abs(v) / half_v
    rim = across**4 + np.abs(along) ** 6
    cabin = (along > -0.78) & (along < 0.38)
    glass = ((along > 0.12) & (along < 0.38)) | ((along > -0.78) & (along < -0.58))
    side_glass = cabin & (across > 0.74) & (across < 0.92)
    height = tall * np.where(cabin, 1.0, 0.66)
    bright = 1.02 - 0.15 * across**3
    return Skin(rim < 1, height, bright, ((glass & (across < 0.86)) | side_glass).astype(np.float32) * 0.85)


def hip_house(at: Local) -> Skin:
    """A house under a hip roof of about 30 degrees."""
    u, v, half_u, half_v, tall, noise = at
    to_edge = np.minimum(half_v - np.abs(v), half_u - np.abs(u))
    height = tall + 0.6 * np.maximum(to_edge, 0)
    ridge = (np.abs(half_u - np.abs(u) - half_v + np.abs(v)) < 0.3) | (
        (np.abs(v) < 0.3) & (np.abs(u) < half_u - half_v)
    )
    return Skin(to_edge > 0, height, 1 + 0.03 * noise + 0.05 * ridge, np.clip(0.15 + 0.10 * noise, 0, 1))


def gable_house(at: Local) -> Skin:
    """A house under a gable roof, with courses of tiles."""
    u, v, half_u, half_v, tall, noise = at
    to_eave = half_v - np.abs(v)
    height = tall + 0.65 * np.maximum(to_eave, 0)
    inside = (to_eave > 0) & (np.abs(u) < half_u)
    courses = 0.025 * np.sign(np.sin(v * 9.0))
    ridge = 0.08 * (np.abs(v) < 0.25)
    return Skin(inside, height, 1 + 0.03 * noise + courses + ridge, np.clip(0.15 + 0.10 * noise, 0, 1))


def flat_block(at: Local) -> Skin:
    """A building under a flat roof with a parapet, a stairhead and machines in its second colour."""
    u, v, half_u, half_v, tall, noise = at
    edge = np.minimum(half_v - np.abs(v), half_u - np.abs(u))
    parapet = edge < 0.6
    seed = tall * 7.13
    head = (np.abs(u - half_u * 0.5 * np.sin(seed)) < 2.2) & (np.abs(v - half_v * 0.3 * np.cos(seed)) < 2.0)
    cell_u, cell_v = np.floor(u / 5.0), np.floor(v / 5.0)
    chance = np.abs(np.sin(cell_u * 12.98 + cell_v * 78.23 + seed) * 43.75) % 1.0
    unit = (chance > 0.82) & (np.abs(u / 5.0 - cell_u - 0.5) < 0.22) & (np.abs(v / 5.0 - cell_v - 0.5) < 0.18)
    unit &= edge > 2.0
    head &= edge > 1.0
    height = tall + 0.7 * parapet + 2.4 * head + 1.1 * unit
    bright = 1 + 0.035 * noise + 0.10 * parapet
    return Skin(edge > 0, height, bright, 0.85 * np.maximum(head, unit).astype(np.float32) + 0.1 * (noise > 1.2))


def factory(at: Local) -> Skin:
    """A long hall of shallow ridges with ribs of sheet metal and rows of skylights."""
    u, v, half_u, half_v, tall, noise = at
    bays = np.maximum(np.round(half_v / 11.0), 1)
    ridge = 1 - np.abs(((v / half_v + 1) * bays) % 2 - 1)
    inside = (np.abs(u) < half_u) & (np.abs(v) < half_v)
    height = tall + 2.2 * ridge
    ribs = 0.03 * np.sin(u * 3.2)
    seam = (np.abs((u / 6.0) % 1.0 - 0.5) > 0.47) * 0.05
    # Every hall has its own fittings: strips of skylight across, vents along the ridge, or none.
    fitting = np.abs(np.sin(tall * 57.3))
    strip = (np.abs((u / 9.0) % 1.0 - 0.5) < 0.07) & (np.abs(ridge - 0.5) < 0.32) & (fitting < 0.5)
    vent = (ridge > 0.93) & (np.abs((u / 11.0) % 1.0 - 0.5) < 0.10) & (fitting > 0.35)
    stain = np.clip(0.05 * noise, 0, 0.15)
    return Skin(inside, height, 1 + ribs - seam + 0.025 * noise, np.maximum(0.5 * strip, 0.7 * vent) + stain)


def tank(at: Local) -> Skin:
    """A storage tank: bright rim, seams of the roof plates, a pale centre; some roofs float low inside the wall."""
    u, v, half_u, _, tall, noise = at
    away = np.hypot(u, v) / half_u
    floating = np.sin(tall * 91.7) > 0.35
    wall = away > 0.94
    height = np.where(floating & ~wall, 0.72 * tall, tall + 0.09 * half_u * (1 - away))
    bearing = np.arctan2(v, u)
    seams = 0.025 * np.sign(np.sin(12 * bearing)) * (away > 0.3)
    bright = 1 + seams + 0.012 * noise + 0.05 * wall
    pipe = (np.abs(v) < 0.03 * half_u) & (u > 0) & (away > 0.45)
    share = np.where(floating & ~wall, 0.45, 0.06) + 0.3 * (away < 0.06) + 0.4 * pipe
    return Skin(away < 1, height, bright, np.clip(share, 0, 1))


def plane(at: Local) -> Skin:
    """An airliner, nose towards +u: fuselage, swept wings, engines, tailplane, fin."""
    u, v, half_u, half_v, tall, noise = at
    along, across = u / half_u, np.abs(v) / half_v
    taper = np.sqrt(np.clip((1 - along) / 0.22, 0, 1)) * np.clip((along + 1.02) / 0.5, 0.12, 1)
    body = (np.abs(v) < 0.115 * half_u * taper) & (np.abs(along) < 1)
    lead = 0.30 - 0.62 * across
    wing = (along < lead) & (along > lead - 0.34 + 0.24 * across) & (across < 0.98)
    wing &= ~((across < 0.3) & (along < -0.16))
    tail_lead = -0.66 - 0.55 * across
    tail = (along < tail_lead) & (along > tail_lead - 0.20 + 0.2 * across) & (across < 0.36) & (along > -1)
    engine = (np.abs(across - 0.33) < 0.045) & (along < lead + 0.14) & (along > lead - 0.12)
    fin = (np.abs(v) < 0.03 * half_u) & (along < -0.68) & (along > -1)
    height = np.where(body, tall * (0.75 + 0.1 * taper), tall * 0.55) + tall * 0.8 * fin
    roundness = np.clip(1 - (np.abs(v) / (0.13 * half_u)) ** 2, 0, 1)
    bright = np.where(body, 0.88 + 0.14 * roundness, 0.92) + 0.0 * noise
    share = np.where(fin, 0.85, np.where(engine & ~body, 0.5, np.where(wing & ~body, 0.12, 0.0)))
    return Skin(body | wing | tail | engine, height, bright, share)


def ship(at: Local) -> Skin:
    """A freighter, bow towards +u: pointed hull, hatches on deck, a white bridge near the stern."""
    u, v, half_u, half_v, tall, noise = at
    along, across = u / half_u, np.abs(v) / half_v
    beam = np.where(along > 0.55, np.sqrt(np.clip(1 - ((along - 0.55) / 0.45) ** 2, 0, 1)), 1.0)
    beam = np.where(along < -0.9, beam * (0.85 + 0.15 * np.clip((along + 1) / 0.1, 0, 1)), beam)
    inside = (across < beam) & (np.abs(along) < 1)
    bridge = (along > -0.84) & (along < -0.66) & (across < 0.86)
    hatch = (along > -0.58) & (along < 0.66) & (np.abs((along * 4.2) % 1.0 - 0.5) < 0.38) & (across < 0.68)
    rail = across > beam - 0.12
    height = tall * (0.5 + 0.25 * hatch) + 0.5 * tall * bridge
    bright = np.where(bridge, 1.0, 0.92) + 0.04 * noise + 0.08 * rail
    share = np.where(bridge, 1.0, np.where(hatch, 0.45, 0.0))
    return Skin(inside, height, bright, share)


def boat(at: Local) -> Skin:
    """A yacht or motor boat: white pointed hull with a darker cockpit."""
    u, v, half_u, half_v, tall, noise = at
    along, across = u / half_u, np.abs(v) / half_v
    bow = np.sqrt(np.clip(1 - np.abs(along) ** 2.2, 0, 1))
    beam = np.where(along > 0, bow, 1 - 0.12 * along**2)
    inside = (across < beam) & (np.abs(along) < 1)
    cockpit = (np.abs(along + 0.38) < 0.3) & (across < 0.55)
    cabin = (np.abs(along - 0.18) < 0.24) & (across < 0.5)
    return Skin(inside, tall * (0.7 + 0.3 * cabin - 0.2 * cockpit), 1 + 0.03 * noise, 0.7 * cockpit + 0.2 * cabin)


def slab(at: Local) -> Skin:
    """A plain box: container, wagon, wall, pier; weathered towards its second colour."""
    u, v, half_u, half_v, tall, noise = at
    inside = (np.abs(u) < half_u) & (np.abs(v) < half_v)
    return Skin(inside, tall + 0 * u + 0 * v, 1 + 0.04 * noise, np.clip(0.15 + 0.2 * noise, 0, 1))


def wagon(at: Local) -> Skin:
    """A railway coach: a rounded roof with vents along its middle."""
    u, v, half_u, half_v, tall, noise = at
    inside = (np.abs(u) < half_u * 0.97) & (np.abs(v) < half_v)
    arch = np.sqrt(np.clip(1 - (v / half_v) ** 2, 0, 1))
    vents = (np.abs((u / 4.0) % 1.0 - 0.5) < 0.18) & (np.abs(v) < 0.35 * half_v)
    return Skin(inside, tall * (0.8 + 0.2 * arch), 0.9 + 0.12 * arch + 0.03 * noise, 0.4 * vents)


def panel_row(at: Local) -> Skin:
    """A row of solar panels: dark glass in frames, tilted towards +v."""
    u, v, half_u, half_v, tall, noise = at
    inside = (np.abs(u) < half_u) & (np.abs(v) < half_v)
    frames = (np.abs((u / 2.0) % 1.0 - 0.5) > 0.44) | (np.abs(v) < 0.1)
    return Skin(inside, tall * (0.6 + 0.4 * v / half_v), 1 + 0.03 * noise + 0.0 * v, 0.3 * frames)


def parasol(at: Local) -> Skin:
    """A sunshade: eight flat sides, two tones."""
    u, v, half_u, _, tall, noise = at
    away = np.sqrt(u * u + v * v) / half_u
    sides = 0.06 * np.sign(u * v * (u * u - v * v))
    return Skin(away < 1, tall * (1 - 0.2 * away), 1 + sides + 0.01 * noise, np.zeros_like(noise))
