"""What is remembered, also by several processes that start at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import Acceptance, Elsewhere, Pull, Store
from tests.service.postgres import Postgres

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PULL = Pull(42, 7)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'wrc.sqlite'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def test_several_open_it_at_once_and_what_one_writes_another_reads(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store.open, [url] * 4))
    accepted = Acceptance("f1", "F-1", "maria", NOW, "agreed")
    stores[0].accept(PULL, [accepted])
    assert stores[1].acceptances(Pull(42, 7)) == (accepted,)
    assert stores[1].acceptances(Pull(PULL.repository, 8)) == ()
    assert stores[2].acceptances_in(PULL.repository) == (accepted,)
    contracts = [Elsewhere("{}", f"{store:040}") for store in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store, contract: store.remember_contract(2**40, "main", contract), stores, contracts))
    stores[0].remember_contract(2**40, "next", contracts[0])
    assert stores[0].contracts_elsewhere(2**40)["main"] in contracts
    stores[1].remember_contract(2**40, "main", None)
    assert stores[2].contracts_elsewhere(2**40) == {"next": contracts[0]}
    for store in stores:
        store.close()


def test_the_last_word_counts_and_can_be_taken_back() -> None:
    store = Store.in_memory()
    first = Acceptance("f1", "F-1", "maria", NOW, "agreed")
    last = Acceptance("f1", "F-1", "octo", NOW + timedelta(days=1), "still")
    store.accept(PULL, [first])
    store.accept(PULL, [last])
    assert store.acceptances(PULL) == (last,)
    store.revoke(PULL, ["f1"])
    assert store.acceptances(PULL) == ()
    store.close()
