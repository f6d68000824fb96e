"""Blobs, many in one request where GitHub allows: a review reads some twenty small files.

Many come through GraphQL (https://docs.github.com/en/graphql/reference/objects#blob), which has their text only, cuts a
long one off and leaves a binary one out. A blob's id is the hash of its bytes, so it is easily seen what came whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping

import structlog
from pydantic import TypeAdapter

from bot.github.answers import Answer, Blob, parse
from bot.github.client import Repository
from bot.github.errors import GitHubError, asking

log = structlog.get_logger("blobs")

MAX_AT_ONCE = 100
MAX_BYTES_AT_ONCE = 1024 * 1024
"""What one request asks for, by the sizes that the tree tells: GitHub has ten seconds for an answer."""

MAX_BATCHES = 5
"""Requests for many blobs in one go; what is left is read when it is needed."""

MAX_TEXT_BYTES = 256 * 1024
"""Longer ones are read alone: GitHub may cut them off (`isTruncated`). The largest real template has 70 KB."""


class _Text(Answer):
    """An object; `text` is None for what is binary or no blob."""

    text: str | None = None


_FOUND = TypeAdapter(dict[str, _Text | None])


def fetch_blob(repository: Repository, sha: str) -> bytes:
    with asking(f"read the blob {sha[:7]}"):
        blob = parse(Blob, repository.client.rest.git.get_blob(repository.owner, repository.name, sha))
    if blob.encoding == "utf-8":
        return blob.content.encode()
    try:
        return base64.b64decode(blob.content)
    except binascii.Error as error:
        raise GitHubError(f"GitHub's copy of the blob {sha[:7]} is damaged.", status=None) from error


def fetch_texts(repository: Repository, sizes: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Those of the blobs (`sizes` in bytes, by id) that come whole, with their contents. It may stop early.

    Raises:
        GitHubError: a rate limit is reached. Any other failure is logged, and the rest left to `fetch_blob`.
    """
    for batch in _batches(sizes):
        try:
            found = _ask(repository, batch)
        except GitHubError as error:
            if error.retry_after is not None:
                raise
            log.warning("not-read-at-once", reason=str(error))
            return
        for number, sha in enumerate(batch):
            answer = found.get(f"o{number}")
            content = answer.text.encode("utf-8", "surrogatepass") if answer and answer.text is not None else b""
            if blob_id(content) == sha:
                yield sha, content


def _batches(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    batches: list[list[str]] = []
    room = 0
    for sha, size in sizes.items():
        if size > MAX_TEXT_BYTES:
            continue
        if not batches or size > room or len(batches[-1]) == MAX_AT_ONCE:
            batches.append([])
            room = MAX_BYTES_AT_ONCE
        batches[-1].append(sha)
        room -= size
    yield from batches[:MAX_BATCHES]


def _ask(repository: Repository, shas: list[str]) -> Mapping[str, _Text | None]:
    variables = {f"s{number}": sha for number, sha in enumerate(shas)}
    declared = "".join(f", ${name}: GitObjectID!" for name in variables)
    objects = "".join(f" o{n}: object(oid: $s{n}) {{ ... on Blob {{ text }} }}" for n in range(len(shas)))
    query = (
        f"query($owner: String!, $name: String!{declared}) {{ repository(owner: $owner, name: $name) {{{objects}}} }}"
    )
    with asking(f"read {len(shas)} files"):
        data = repository.client.graphql(query, {"owner": repository.owner, "name": repository.name, **variables})
        return _FOUND.validate_python(data.get("repository") or {})


def blob_id(content: bytes) -> str:
    """https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_object_storage"""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
