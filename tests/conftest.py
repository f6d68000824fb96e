"""What holds for the whole suite."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

# How long an example takes says more of what else the machine does; pytest-timeout ends what hangs.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Modules and tables of cases live to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor: tests of the service spend half of their time waiting for it."""
    return 2 * (os.cpu_count() or 1)
