"""osc_lib warns of one of its own modules whenever it is imported."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import osc_lib  # noqa: F401
