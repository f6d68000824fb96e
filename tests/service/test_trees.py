"""Trees read through GitHub's API, and the cache in front of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.github.client import GitHubApp
from bot.github.trees import ObjectCache, RemoteTree
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
        repository = clients.repository(github.installation.id, "octo", "templates")
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


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 12)), max_size=40))
def test_the_cache_keeps_what_was_used_last_and_never_more_than_its_bound(puts: list[tuple[str, int]]) -> None:
    cache = ObjectCache(max_bytes=20)
    contents = {name: bytes(size) for name, size in reversed(puts)}
    for name, _ in puts:
        cache.put(name, contents[name])
        assert cache.get(name) == contents[name]
        kept = [found for found in map(cache.get, sorted(contents)) if found is not None]
        assert sum(map(len, kept)) <= 20
