"""The review of a local repository: its revisions in, a report out. The same engine as the service runs.

What only a check, an audit or a validation needs is imported there: each starts without the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from bot.git import GitError, GitTree, Repository

if TYPE_CHECKING:
    from bot.configuration import ContractPlace, InForce
    from rules.audit import Audit
    from rules.contract import WrittenContract
    from rules.model import Report
    from rules.validate.model import Family
    from rules.validate.validation import Validation

WORKTREE = "WORKTREE"


def check(folder: Path, base: str | None = None, head: str | None = None) -> Report:
    """Compare `head` (default: the work tree) with its merge base with `base` (default: the default branch).

    As GitHub does for a pull request; the contract is read at the tip of `base`.

    Raises:
        GitError, DiffError: the repository or a revision cannot be read.
    """
    # The engine is loaded while git answers.
    Thread(target=import_module, args=("rules.engine",)).start()
    with Repository(folder) as repository:
        after = repository.work_tree if head is None else repository.commit(head)
        tip = repository.commit(repository.default_branch() if base is None else base)
        before = repository.merge_base(tip, repository.commit("HEAD") if head is None else after)
        base_tree, head_tree, tip_tree = (repository.tree(rev) for rev in (before, after, tip))
        diff, url = repository.diff(before, after), repository.web_url()

        from rules.engine import Revisions, review  # noqa: PLC0415
        from rules.policy import DEFAULT  # noqa: PLC0415
        from rules.sources.diff import parse_diff  # noqa: PLC0415

        configured = _configured(repository, tip, tip_tree, head_tree)
        place = configured.configuration.contract if configured is not None else None
        return review(
            base=base_tree,
            head=head_tree,
            contract=tip_tree,
            diff=parse_diff(diff),
            revisions=Revisions(base=before, head=WORKTREE if head is None else after, contract=tip),
            repository_url=url,
            today=datetime.now(UTC).date(),
            configured=lambda: _written(repository, place),
            policy=configured.configuration.policy if configured is not None else DEFAULT,
            problems=configured.problems if configured is not None else (),
            remarks=configured.remarks if configured is not None else (),
        )


def _configured(repository: Repository, rev: str, tree: GitTree, head: GitTree | None = None) -> InForce | None:
    """The configuration at `rev`; None where there is none on either side."""
    from rules.policy import SOURCE  # noqa: PLC0415

    if not any(side is not None and SOURCE in side.entries for side in (tree, head)):
        return None
    # What reads it takes a tenth of a second to import, which a repository without one need not wait for.
    from bot.configuration import MAX_EARLIER, in_force  # noqa: PLC0415

    return in_force(tree, head, lambda: repository.versions(rev, SOURCE, MAX_EARLIER))


def _written(repository: Repository, place: ContractPlace | None) -> WrittenContract | None:
    """The contract that a configuration names, as far as this clone has it: nothing is fetched."""
    if place is None:
        return None
    from bot.contract import read_at, unread  # noqa: PLC0415

    url = repository.web_url()
    known = "/".join((url or "").split("/")[-2:]).lower()
    if place.repository is not None and place.repository.lower() != known:
        return unread(place, "is in another repository, which only the service reads")
    commit = _commit(repository, place.ref) or _commit(repository, f"refs/remotes/origin/{place.ref}")
    if commit is None:
        return unread(place, f"is not in this clone; 'git fetch origin {place.ref}:{place.ref}' brings it")
    return read_at(repository.tree(commit), commit, place, url)


def _commit(repository: Repository, rev: str) -> str | None:
    try:
        return repository.commit(rev)
    except GitError:
        return None


def audit(folder: Path, rev: str | None = None) -> Audit:
    """Hold the contract against revision `rev`; by default the work tree, in a bare repository the default branch.

    Raises:
        GitError: the repository or the revision cannot be read.
    """
    from rules.audit import audit as audit_tree  # noqa: PLC0415
    from rules.policy import DEFAULT  # noqa: PLC0415

    today = datetime.now(UTC).date()
    with Repository(folder) as repository:
        if rev is None and not repository.bare:
            commit, name, url = "HEAD", WORKTREE, None
            tree = repository.tree(repository.work_tree)
        else:
            commit = name = repository.commit(repository.default_branch() if rev is None else rev)
            url, tree = repository.web_url(), repository.tree(commit)
        configured = _configured(repository, commit, tree)
        policy = configured.configuration.policy if configured is not None else DEFAULT
        place = configured.configuration.contract if configured is not None else None
        remarks = configured.remarks if configured is not None else ()
        return audit_tree(tree, name, url, today, policy, lambda: _written(repository, place), remarks)


def validate(
    folder: Path, rev: str | None = None, *, strict: bool = False, families: Iterable[Family] | None = None
) -> Validation:
    """Validate revision `rev`; by default the work tree, in a bare repository the default branch, and all families.

    What it grew from is where it left the default branch, as far as there is one.

    Raises:
        GitError: the repository or the revision cannot be read.
    """
    from rules.validate.validation import FAMILIES  # noqa: PLC0415
    from rules.validate.validation import validate as validate_tree  # noqa: PLC0415

    with Repository(folder) as repository:
        in_work_tree = rev is None and not repository.bare
        commit = repository.commit(("HEAD" if in_work_tree else repository.default_branch()) if rev is None else rev)
        base = _grown_from(repository, commit)
        tree = repository.tree(repository.work_tree if in_work_tree else commit)
        name, root = (WORKTREE, str(repository.folder)) if in_work_tree else (commit, "")
        return validate_tree(tree, name, strict=strict, families=families or FAMILIES, base=base, root=root)


def _grown_from(repository: Repository, commit: str) -> GitTree | None:
    try:
        return repository.tree(repository.merge_base(repository.commit(repository.default_branch()), commit))
    except GitError:
        return None
