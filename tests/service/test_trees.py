"""Trees read through GitHub's API, and the cache in front of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.blobs import MAX_AT_ONCE, MAX_BYTES_AT_ONCE, MAX_TEXT_BYTES
from bot.github.client import GitHubApp
from bot.github.disk import DiskCache
from bot.github.errors import GitHubError
from bot.github.trees import ObjectCache, RemoteTree, prefetch
from bot.sandbox.git import File
from rules.sources.tree import MAX_FILE_BYTES, Unreadable, read_text
from tests.service.github import PATH, TEMPLATE, GitHub


def test_a_remote_tree_has_every_kind_of_entry_and_fetches_a_blob_once(
    tmp_path: Path, public_pem: str, private_pem: str
) -> None:
    github = GitHub(tmp_path, public_pem, private_pem)
    commit = github.world.push(
        github.repository,
        "main",
        {
            "run.sh": File(b"#!/bin/sh\n", "100755"),
            "link": File(PATH.encode(), "120000"),
            "out": File(b"../elsewhere", "120000"),
            "bytes": b"\0\xff\xfe",
            "large": b"x" * (MAX_FILE_BYTES + 1),
        },
    )
    clients = GitHubApp(github.settings)
    with github.server:
        repository = clients.repository(github.installation.id, github.repository.id, "octo", "templates")
        tree = RemoteTree(repository, commit, ObjectCache())
        kinds = {path: (entry.kind, entry.executable) for path, entry in tree.entries.items()}
        assert kinds == {
            "README.md": ("file", False),
            PATH: ("file", False),
            "run.sh": ("file", True),
            "link": ("symlink", False),
            "out": ("symlink", False),
            "bytes": ("file", False),
            "large": ("file", False),
        }
        assert [read_text(tree, path) for path in (PATH, "link", PATH)] == [TEMPLATE] * 3
        assert tree.read("bytes") == b"\0\xff\xfe"
        fetched = github.recorder.seen["GET /repos/{owner}/{repo}/git/blobs/{file_sha}"]
        for path in ("out", "large", "missing", "user-defined-web"):
            with pytest.raises(Unreadable):
                read_text(tree, path)
        # The link's target was asked for; the large file was not.
        assert fetched == 3
        assert github.recorder.seen["GET /repos/{owner}/{repo}/git/blobs/{file_sha}"] == fetched + 1
    clients.close()
    assert github.violations() == []


class Shelf:
    """A tree of many small texts, and of some that do not come with them."""

    def __init__(self, github: GitHub, clients: GitHubApp) -> None:
        self.github = github
        self.files = {f"{n}.sh": f"# {n} äöü ✓\r\n".encode() for n in range(MAX_AT_ONCE + 5)}
        self.alone = {
            "bytes": b"\0\xff\xfe",
            "latin.sh": "# ä\n".encode("latin-1"),
            "long.sh": b"#" * (MAX_TEXT_BYTES + 1),
        }
        commit = github.world.push(github.repository, "many", {**self.files, **self.alone})
        self.repository = clients.repository(github.installation.id, github.repository.id, "octo", "templates")
        self.commit = commit

    def fetched(self) -> tuple[RemoteTree, int]:
        """The tree after a look at everything, and how many requests that took."""
        cache = ObjectCache()
        tree = RemoteTree(self.repository, self.commit, cache)
        before = self.asked["POST /graphql"]
        prefetch(self.repository, [tree], tree.items, cache)
        return tree, self.asked["POST /graphql"] - before

    @property
    def asked(self) -> Counter[str]:
        return self.github.recorder.seen


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, public_pem: str, private_pem: str) -> Iterator[Shelf]:
    github = GitHub(tmp_path_factory.mktemp("shelf"), public_pem, private_pem)
    clients = GitHubApp(github.settings)
    with github.server:
        yield Shelf(github, clients)
    clients.close()
    assert github.violations() == []


BLOBS = "GET /repos/{owner}/{repo}/git/blobs/{file_sha}"


def test_small_texts_are_read_many_at_once_and_all_else_alone(shelf: Shelf) -> None:
    tree, requests = shelf.fetched()
    assert requests == 2
    before = shelf.asked[BLOBS]
    assert {name: tree.read(name) for name in shelf.files} == shelf.files
    assert shelf.asked[BLOBS] == before
    assert {name: tree.read(name) for name in shelf.alone} == shelf.alone
    assert shelf.asked[BLOBS] == before + len(shelf.alone)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"data": null, "errors": [{"message": "Something went wrong while executing your query."}]}'),
        (200, '{"data": {"repository": null}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}'),
        (200, '{"data": {"repository": {"o0": {"text": "something else"}, "o1": null, "o2": {"text": null}}}}'),
        (200, '{"data": {"repository": {"o0": 3}}}'),
        (200, "<html>"),
        (404, '{"message": "Not Found"}'),
        (403, '{"message": "Resource not accessible by integration"}'),
    ],
)
def test_where_many_at_once_fail_each_is_read_alone(shelf: Shelf, status: int, body: str) -> None:
    shelf.github.fail("/graphql$", status=status, body=body)
    tree, _ = shelf.fetched()
    for name in ("0.sh", "1.sh", "2.sh"):
        assert tree.read(name) == shelf.files[name]


def test_a_limit_is_not_gone_round_by_other_requests(shelf: Shelf) -> None:
    limit = '{"message": "You have exceeded a secondary rate limit."}'
    for status, body in ((403, limit), (200, '{"errors": [{"type": "RATE_LIMITED", "message": "exceeded"}]}')):
        shelf.github.fail("/graphql$", status=status, body=body)
        with pytest.raises(GitHubError) as caught:
            shelf.fetched()
        assert caught.value.retry_after is not None


def test_what_is_on_disk_is_not_asked_for_again(shelf: Shelf, tmp_path: Path) -> None:
    for requests in (3, 0):
        before = shelf.asked.total()
        cache = ObjectCache(disk=DiskCache(tmp_path / "objects.sqlite"))
        tree = RemoteTree(shelf.repository, shelf.commit, cache)
        prefetch(shelf.repository, [tree], shelf.files, cache)
        assert tree.read("7.sh") == shelf.files["7.sh"]
        assert shelf.asked.total() - before == requests


def test_one_request_asks_for_so_many_bytes_at_most(shelf: Shelf) -> None:
    big = {f"{n}.tf": b"%d" % n + b"#" * (MAX_TEXT_BYTES - 10) for n in range(MAX_BYTES_AT_ONCE // MAX_TEXT_BYTES + 1)}
    cache = ObjectCache()
    tree = RemoteTree(shelf.repository, shelf.github.world.push(shelf.github.repository, "big", big), cache)
    before = shelf.asked["POST /graphql"]
    prefetch(shelf.repository, [tree], big, cache)
    assert shelf.asked["POST /graphql"] == before + 2
    alone = shelf.asked[BLOBS]
    assert {name: tree.read(name) for name in big} == big
    assert shelf.asked[BLOBS] == alone


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12)), max_size=40))
def test_the_cache_keeps_what_was_used_last_and_never_more_than_its_bound(puts: list[tuple[str, int]]) -> None:
    cache = ObjectCache(max_bytes=20)
    contents = {name: bytes(size) for name, size in reversed(puts)}
    for name, _ in puts:
        cache.put(name, contents[name])
        assert cache.get(name) == contents[name]
        kept = [found for found in map(cache.get, sorted(contents)) if found is not None]
        assert sum(map(len, kept)) <= 20
