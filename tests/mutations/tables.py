"""All mutations, in the order of the tables."""

from __future__ import annotations

from tests.mutations import boot, container, elsewhere, files, image, ledger, routing, steps
from tests.mutations.harness import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *container.MUTATIONS,
    *boot.MUTATIONS,
    *files.MUTATIONS,
    *steps.MUTATIONS,
    *routing.MUTATIONS,
    *ledger.MUTATIONS,
    *image.MUTATIONS,
    *elsewhere.MUTATIONS,
)
