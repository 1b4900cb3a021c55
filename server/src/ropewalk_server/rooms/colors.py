"""A colour for everybody: the same on every screen, dark enough for white letters on it."""

from __future__ import annotations

from hashlib import blake2b

# Each has a contrast of at least 4.5 to 1 with white, and they differ as far as twelve can.
COLORS = (
    "#b3261e",
    "#a8471b",
    "#8a5a00",
    "#5f6b00",
    "#2e7031",
    "#00705a",
    "#006b80",
    "#0b5cad",
    "#4a4fc4",
    "#7a3db8",
    "#9c2f8f",
    "#b0245f",
)


def color_of(user: str) -> str:
    """The colour of a user."""
    digest = blake2b(user.encode(errors="surrogatepass"), digest_size=4).digest()
    return COLORS[int.from_bytes(digest, "big") % len(COLORS)]


def describe(user: str, name: str) -> dict[str, str]:
    """How others see a person."""
    return {"id": user, "name": name or user, "color": color_of(user)}
