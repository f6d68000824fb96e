"""Records as the JSON that GitHub answers and sends, with every key its OpenAPI description requires."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from bot.sandbox.git import Commit, FileChange, Signature, TreeEntry
from bot.sandbox.links import REPOSITORY_LINKS, USER_LINKS
from bot.sandbox.state import (
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Delivery,
    Installation,
    Issue,
    PullRequest,
    Reaction,
    Repository,
    Review,
    ReviewComment,
    Role,
    User,
)

Json = dict[str, object]

MAX_PATCH_BYTES = 500_000
MAX_PATCH_LINES = 20_000
"""Above either, one file's `patch` is left out (docs: repository limits, diffs)."""

MAX_DIFF_BYTES = 1_000_000
"""Patches of one diff together; files after that come without theirs (docs: repository limits, diffs)."""

REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
ROLES: Sequence[Role] = ("read", "triage", "write", "maintain", "admin")


def time(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_or_none(when: datetime | None) -> str | None:
    return time(when) if when else None


def node_id(prefix: str, number: int) -> str:
    return f"{prefix}_" + base64.urlsafe_b64encode(number.to_bytes(8, "big")).decode().rstrip("=")


def encoded(data: bytes) -> str:
    """Base64 in lines of 60 characters, as GitHub sends blobs."""
    text = base64.b64encode(data).decode()
    return "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))


@dataclass(frozen=True)
class Shapes:
    """`api` and `web` are the roots of the links in every answer, without a final slash."""

    api: str
    web: str

    def user(self, user: User) -> Json:
        url = f"{self.api}/users/{quote(user.login)}"
        page = user.login.removesuffix("[bot]")
        return {
            "login": user.login,
            "id": user.id,
            "node_id": node_id("U", user.id),
            "avatar_url": f"{self.web}/avatars/{user.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.web}/{'apps/' if user.type == 'Bot' else ''}{page}",
            **{key: url + path for key, path in USER_LINKS.items()},
            "type": user.type,
            "user_view_type": "public",
            "site_admin": False,
        }

    def app(self, app: App) -> Json:
        return {
            "id": app.id,
            "client_id": app.client_id,
            "slug": app.slug,
            "node_id": node_id("A", app.id),
            "owner": self.user(app.owner),
            "name": app.name,
            "description": "",
            "external_url": f"{self.web}/apps/{app.slug}",
            "html_url": f"{self.web}/apps/{app.slug}",
            "created_at": time(app.created_at),
            "updated_at": time(app.created_at),
            "permissions": dict(app.permissions),
            "events": sorted(app.events),
        }

    def installation(self, installation: Installation) -> Json:
        return {
            "id": installation.id,
            "client_id": installation.app.client_id,
            "account": self.user(installation.account),
            "repository_selection": "all" if installation.repository_ids is None else "selected",
            "access_tokens_url": f"{self.api}/app/installations/{installation.id}/access_tokens",
            "repositories_url": f"{self.api}/installation/repositories",
            "html_url": f"{self.web}/settings/installations/{installation.id}",
            "app_id": installation.app.id,
            "app_slug": installation.app.slug,
            "target_id": installation.account.id,
            "target_type": installation.account.type,
            "permissions": dict(installation.permissions),
            "events": sorted(installation.events),
            "created_at": time(installation.created_at),
            "updated_at": time(installation.created_at),
            "single_file_name": None,
            "has_multiple_single_files": False,
            "single_file_paths": [],
            "suspended_by": None,
            "suspended_at": time_or_none(installation.suspended_at),
        }

    def repository(self, repository: Repository) -> Json:
        url = self.repository_url(repository)
        page = self.repository_page(repository)
        open_issues = sum(issue.state == "open" for issue in repository.issues.values())
        return {
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
            "owner": self.user(repository.owner),
            "html_url": page,
            "description": None,
            "fork": repository.parent is not None,
            "url": url,
            **{key: url + path for key, path in REPOSITORY_LINKS.items()},
            "git_url": f"git:{page.partition(':')[2]}.git",
            "ssh_url": f"git@sandbox.invalid:{repository.full_name}.git",
            "clone_url": f"{page}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "created_at": time(repository.created_at),
            "updated_at": time(repository.pushed_at),
            "pushed_at": time(repository.pushed_at),
            "size": 0,
            "stargazers_count": 0,
            "watchers_count": 0,
            "watchers": 0,
            "language": None,
            "has_issues": True,
            "has_projects": True,
            "has_downloads": True,
            "has_wiki": True,
            "has_pages": False,
            "has_discussions": False,
            "forks_count": 0,
            "forks": 0,
            "archived": False,
            "disabled": False,
            "open_issues_count": open_issues,
            "open_issues": open_issues,
            "license": None,
            "allow_forking": True,
            "is_template": False,
            "web_commit_signoff_required": False,
            "topics": [],
            "visibility": "private" if repository.private else "public",
            "default_branch": repository.default_branch,
        }

    def full_repository(self, repository: Repository) -> Json:
        shape = self.repository(repository) | {"network_count": 0, "subscribers_count": 0, "temp_clone_token": ""}
        if repository.parent is not None:
            shape |= {"parent": self.repository(repository.parent), "source": self.repository(repository.parent)}
        return shape

    def repository_url(self, repository: Repository) -> str:
        return f"{self.api}/repos/{repository.full_name}"

    def repository_page(self, repository: Repository) -> str:
        return f"{self.web}/{repository.full_name}"

    def blob_page(self, repository: Repository, commit: str, path: str) -> str:
        return f"{self.repository_page(repository)}/blob/{commit}/{quote(path)}"

    def association(self, repository: Repository, user: User) -> str:
        if user is repository.owner:
            return "OWNER"
        return "COLLABORATOR" if user.login in repository.roles else "NONE"

    def pull_request(self, pull: PullRequest) -> Json:
        """The short form, of lists; see `full_pull_request`."""
        url = self.repository_url(pull.base)
        here, page = f"{url}/pulls/{pull.number}", f"{self.repository_page(pull.base)}/pull/{pull.number}"
        links = {
            "issue_url": f"{url}/issues/{pull.number}",
            "commits_url": f"{here}/commits",
            "review_comments_url": f"{here}/comments",
            "review_comment_url": f"{url}/pulls/comments{{/number}}",
            "comments_url": f"{url}/issues/{pull.number}/comments",
            "statuses_url": f"{url}/statuses/{pull.head_sha}",
        }
        relations = {key.removesuffix("_url"): {"href": value} for key, value in links.items()}
        return {
            "url": here,
            "id": pull.id,
            "node_id": node_id("PR", pull.id),
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            **links,
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "active_lock_reason": None,
            "title": pull.title,
            "user": self.user(pull.author),
            "body": pull.body,
            "created_at": time(pull.created_at),
            "updated_at": time(pull.updated_at),
            "closed_at": time_or_none(pull.closed_at),
            "merged_at": time_or_none(pull.merged_at),
            "merge_commit_sha": pull.merge_commit_sha,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "labels": [],
            "milestone": None,
            "draft": pull.draft,
            "head": self._end(pull.head, pull.head_ref, pull.head_sha),
            "base": self._end(pull.base, pull.base_ref, pull.base_sha),
            "_links": {"self": {"href": here}, "html": {"href": page}, **relations},
            "author_association": self.association(pull.base, pull.author),
            "auto_merge": None,
        }

    def full_pull_request(
        self, pull: PullRequest, *, changes: Sequence[FileChange], commits: int, mergeable: bool | None
    ) -> Json:
        """`mergeable` is None while GitHub has not found out yet, as in webhooks."""
        clean = "clean" if mergeable else "unknown" if mergeable is None else "dirty"
        comments = sum(comment.number == pull.number for comment in pull.base.comments.values())
        inline = sum(comment.number == pull.number for comment in pull.base.review_comments.values())
        return self.pull_request(pull) | {
            "merged": pull.merged_at is not None,
            "mergeable": mergeable,
            "rebaseable": mergeable,
            "mergeable_state": "draft" if pull.draft and mergeable else clean,
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": comments,
            "review_comments": inline,
            "maintainer_can_modify": pull.from_fork,
            "commits": commits,
            "additions": sum(change.additions for change in changes),
            "deletions": sum(change.deletions for change in changes),
            "changed_files": len(changes),
        }

    def _end(self, repository: Repository, ref: str, sha: str) -> Json:
        return {
            "label": f"{repository.owner.login}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(repository.owner),
            "repo": self.repository(repository),
        }

    def minimal_pull_request(self, pull: PullRequest) -> Json:
        def end(repository: Repository, ref: str, sha: str) -> Json:
            url = self.repository_url(repository)
            return {"ref": ref, "sha": sha, "repo": {"id": repository.id, "url": url, "name": repository.name}}

        return {
            "url": f"{self.repository_url(pull.base)}/pulls/{pull.number}",
            "id": pull.id,
            "number": pull.number,
            "head": end(pull.head, pull.head_ref, pull.head_sha),
            "base": end(pull.base, pull.base_ref, pull.base_sha),
        }

    def issue(self, repository: Repository, issue: Issue) -> Json:
        """An issue as `issue_comment` payloads carry it; a pull request has the `pull_request` key besides."""
        pull = issue if isinstance(issue, PullRequest) else None
        url = f"{self.repository_url(repository)}/issues/{issue.number}"
        page = f"{self.repository_page(repository)}/{'pull' if pull else 'issues'}/{issue.number}"
        shape: Json = {
            "url": url,
            "repository_url": self.repository_url(repository),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": page,
            "id": issue.id,
            "node_id": node_id("PR" if pull else "I", issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author),
            "labels": [],
            "state": issue.state,
            "locked": False,
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "comments": sum(comment.number == issue.number for comment in repository.comments.values()),
            "created_at": time(issue.created_at),
            "updated_at": time(issue.updated_at),
            "closed_at": time_or_none(issue.closed_at),
            "author_association": self.association(repository, issue.author),
            "active_lock_reason": None,
            "body": issue.body,
            "reactions": self.reactions(f"{url}/reactions", []),
            "timeline_url": f"{url}/timeline",
            "performed_via_github_app": None,
            "state_reason": None,
        }
        if pull:
            shape["draft"] = pull.draft
            shape["pull_request"] = {
                "url": f"{self.repository_url(repository)}/pulls/{issue.number}",
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": time_or_none(pull.merged_at),
            }
        return shape

    def comment(self, repository: Repository, comment: Comment) -> Json:
        url = f"{self.repository_url(repository)}/issues/comments/{comment.id}"
        kind = "pull" if isinstance(repository.issues[comment.number], PullRequest) else "issues"
        return {
            "url": url,
            "html_url": f"{self.repository_page(repository)}/{kind}/{comment.number}#issuecomment-{comment.id}",
            "issue_url": f"{self.repository_url(repository)}/issues/{comment.number}",
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.user(comment.author),
            "created_at": time(comment.created_at),
            "updated_at": time(comment.updated_at),
            "body": comment.body,
            "author_association": self.association(repository, comment.author),
            "reactions": self.reactions(f"{url}/reactions", comment.reactions),
            "performed_via_github_app": self.app(comment.app) if comment.app else None,
        }

    def reactions(self, url: str, reactions: Sequence[Reaction]) -> Json:
        counts = Counter(reaction.content for reaction in reactions)
        return {"url": url, "total_count": len(reactions), **{kind: counts[kind] for kind in REACTIONS}}

    def reaction(self, reaction: Reaction) -> Json:
        return {
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.user(reaction.user),
            "content": reaction.content,
            "created_at": time(reaction.created_at),
        }

    def review(self, repository: Repository, review: Review) -> Json:
        page = f"{self.repository_page(repository)}/pull/{review.number}#pullrequestreview-{review.id}"
        pull_url = f"{self.repository_url(repository)}/pulls/{review.number}"
        shape: Json = {
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.user(review.author),
            "body": review.body,
            "state": review.state,
            "html_url": page,
            "pull_request_url": pull_url,
            "author_association": self.association(repository, review.author),
            "_links": {"html": {"href": page}, "pull_request": {"href": pull_url}},
            "commit_id": review.commit_id,
        }
        if review.submitted_at:
            shape["submitted_at"] = time(review.submitted_at)
        return shape

    def review_comment(self, repository: Repository, comment: ReviewComment) -> Json:
        url = f"{self.repository_url(repository)}/pulls/comments/{comment.id}"
        page = f"{self.repository_page(repository)}/pull/{comment.number}#discussion_r{comment.id}"
        pull_url = f"{self.repository_url(repository)}/pulls/{comment.number}"
        now, original = comment.anchor, comment.original
        # A comment on a whole file stands at position 1 and has no line.
        whole = 1 if comment.subject == "file" else None
        shape: Json = {
            "url": url,
            "pull_request_review_id": comment.review_id,
            "id": comment.id,
            "node_id": node_id("PRRC", comment.id),
            "diff_hunk": comment.diff_hunk,
            "path": comment.path,
            "commit_id": comment.commit_id,
            "original_commit_id": comment.original_commit_id,
            "user": self.user(comment.author),
            "body": comment.body,
            "created_at": time(comment.created_at),
            "updated_at": time(comment.updated_at),
            "html_url": page,
            "pull_request_url": pull_url,
            "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull_url}},
            "author_association": self.association(repository, comment.author),
            "reactions": self.reactions(f"{url}/reactions", comment.reactions),
            "start_line": now.start_line if now else None,
            "original_start_line": original.start_line if original else None,
            "start_side": original.start_side if original else None,
            "line": now.line if now else None,
            "original_line": original.line if original else None,
            "side": original.side if original else "RIGHT",
            "position": now.position if now else whole,
            "original_position": original.position if original else whole,
            "subject_type": comment.subject,
        }
        if comment.reply_to is not None:
            shape["in_reply_to_id"] = comment.reply_to
        return shape

    def check_run(self, repository: Repository, run: CheckRun) -> Json:
        url = f"{self.repository_url(repository)}/check-runs/{run.id}"
        return {
            "id": run.id,
            "name": run.name,
            "node_id": node_id("CR", run.id),
            "head_sha": run.suite.head_sha,
            "external_id": run.external_id,
            "url": url,
            "html_url": f"{self.repository_page(repository)}/runs/{run.id}",
            "details_url": run.details_url or f"{self.web}/apps/{run.suite.app.slug}",
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": time(run.started_at),
            "completed_at": time_or_none(run.completed_at),
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": run.text,
                "annotations_count": len(run.annotations),
                "annotations_url": f"{url}/annotations",
            },
            "check_suite": {"id": run.suite.id},
            "app": self.app(run.suite.app),
            "pull_requests": self.suite_pulls(repository, run.suite),
        }

    def annotations(self, repository: Repository, run: CheckRun) -> list[Json]:
        return [
            asdict(item) | {"blob_href": self.blob_page(repository, run.suite.head_sha, item.path)}
            for item in run.annotations
        ]

    def suite_pulls(self, repository: Repository, suite: CheckSuite) -> list[Json]:
        """Open pull requests of this head; those from forks are missing, as on GitHub (docs: check suites)."""
        return [
            self.minimal_pull_request(pull)
            for pull in repository.pulls
            if pull.state == "open" and not pull.from_fork and pull.head_sha == suite.head_sha
        ]

    def check_suite(self, repository: Repository, suite: CheckSuite) -> Json:
        runs = [run for run in repository.check_runs.values() if run.suite is suite]
        status, conclusion = suite_state(suite, runs)
        url = f"{self.repository_url(repository)}/check-suites/{suite.id}"
        return {
            "id": suite.id,
            "node_id": node_id("CS", suite.id),
            "head_branch": suite.head_branch,
            "head_sha": suite.head_sha,
            "status": status,
            "conclusion": conclusion,
            "url": url,
            "before": suite.before,
            "after": suite.head_sha,
            "pull_requests": self.suite_pulls(repository, suite),
            "app": self.app(suite.app),
            "created_at": time(suite.created_at),
            "updated_at": time(suite.updated_at),
            "rerequestable": True,
            "runs_rerequestable": True,
            "latest_check_runs_count": len(runs),
            "check_runs_url": f"{url}/check-runs",
            "head_commit": self.simple_commit(repository.git.show(suite.head_sha)),
        }

    def simple_commit(self, commit: Commit) -> Json:
        return {
            "id": commit.sha,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": time(commit.committer.when),
            "author": {"name": commit.author.name, "email": commit.author.email},
            "committer": {"name": commit.committer.name, "email": commit.committer.email},
        }

    def git_commit(self, repository: Repository, commit: Commit) -> Json:
        url, page = self.repository_url(repository), self.repository_page(repository)
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "url": f"{url}/git/commits/{commit.sha}",
            "html_url": f"{page}/commit/{commit.sha}",
            "author": _signature(commit.author),
            "committer": _signature(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
            "parents": [
                {"sha": sha, "url": f"{url}/git/commits/{sha}", "html_url": f"{page}/commit/{sha}"}
                for sha in commit.parents
            ],
            "verification": _unverified(),
        }

    def commit(self, repository: Repository, commit: Commit) -> Json:
        url, page = self.repository_url(repository), self.repository_page(repository)
        return {
            "sha": commit.sha,
            "node_id": f"C_{commit.sha}",
            "commit": {
                "author": _signature(commit.author),
                "committer": _signature(commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
                "url": f"{url}/git/commits/{commit.sha}",
                "comment_count": 0,
                "verification": _unverified(),
            },
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{page}/commit/{commit.sha}",
            "comments_url": f"{url}/commits/{commit.sha}/comments",
            "author": None,
            "committer": None,
            "parents": [
                {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{page}/commit/{sha}"}
                for sha in commit.parents
            ],
        }

    def files(self, repository: Repository, commit: str, changes: Sequence[FileChange]) -> list[Json]:
        """The files of a diff; the patch of a large one is left out, and every patch once the diff is too large."""
        shapes = []
        budget = MAX_DIFF_BYTES
        for change in changes:
            shape = self._file(repository, commit, change)
            if change.patch is not None:
                size = len(change.patch.encode())
                budget -= size
                if budget >= 0 and size <= MAX_PATCH_BYTES and change.patch.count("\n") < MAX_PATCH_LINES:
                    shape["patch"] = change.patch
            shapes.append(shape)
        return shapes

    def _file(self, repository: Repository, commit: str, change: FileChange) -> Json:
        path = quote(change.path)
        shape: Json = {
            "sha": change.sha,
            "filename": change.path,
            "status": change.status,
            "additions": change.additions,
            "deletions": change.deletions,
            "changes": change.additions + change.deletions,
            "blob_url": self.blob_page(repository, commit, change.path),
            "raw_url": f"{self.repository_page(repository)}/raw/{commit}/{path}",
            "contents_url": f"{self.repository_url(repository)}/contents/{path}?ref={commit}",
        }
        if change.previous is not None:
            shape["previous_filename"] = change.previous
        return shape

    def tree_entry(self, repository: Repository, entry: TreeEntry) -> Json:
        shape: Json = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        if entry.kind != "commit":
            shape["url"] = f"{self.repository_url(repository)}/git/{entry.kind}s/{entry.sha}"
        if entry.size is not None:
            shape["size"] = entry.size
        return shape

    def content(self, repository: Repository, ref: str, entry: TreeEntry) -> Json:
        """An entry of a folder as the contents API lists it."""
        kind = {"040000": "dir", "160000": "submodule", "120000": "symlink"}.get(entry.mode, "file")
        url = f"{self.repository_url(repository)}/contents/{quote(entry.path)}?ref={quote(ref)}"
        git_url = f"{self.repository_url(repository)}/git/{'trees' if kind == 'dir' else 'blobs'}/{entry.sha}"
        page = self.blob_page(repository, ref, entry.path)
        raw = f"{self.repository_page(repository)}/raw/{ref}/{quote(entry.path)}"
        return {
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "sha": entry.sha,
            "size": entry.size or 0,
            "url": url,
            "html_url": page,
            "git_url": git_url,
            "download_url": raw if kind in {"file", "symlink"} else None,
            "type": kind,
            "_links": {"self": url, "git": git_url, "html": page},
        }

    def collaborator(self, user: User, role: Role | None) -> Json:
        """The answer of the permission endpoint: `permission` knows only admin, write, read and none."""
        coarse = {"maintain": "write", "triage": "read"}
        rank = ROLES.index(role) if role else -1
        has = {"pull": 0, "triage": 1, "push": 2, "maintain": 3, "admin": 4}
        permissions = {name: rank >= needed for name, needed in has.items()}
        return {
            "permission": coarse.get(role, role) if role else "none",
            "role_name": role or "",
            "user": self.user(user) | {"permissions": permissions, "role_name": role or ""},
        }

    def delivery(self, delivery: Delivery) -> Json:
        return {
            "id": delivery.id,
            "guid": delivery.guid,
            "delivered_at": time(delivery.delivered_at),
            "redelivery": delivery.redelivery,
            "duration": delivery.duration,
            "status": delivery.status,
            "status_code": delivery.status_code,
            "event": delivery.event,
            "action": delivery.action,
            "installation_id": delivery.installation_id,
            "repository_id": delivery.repository_id,
            "throttled_at": None,
        }

    def full_delivery(self, delivery: Delivery, payload: Mapping[str, object]) -> Json:
        return self.delivery(delivery) | {
            "url": delivery.app.webhook_url,
            "request": {"headers": dict(delivery.request_headers), "payload": dict(payload)},
            "response": {"headers": dict(delivery.response_headers), "payload": delivery.response_body},
        }


def suite_state(suite: CheckSuite, runs: Sequence[CheckRun]) -> tuple[str, str | None]:
    """Status and conclusion of a suite: completed when its runs are, with the worst of their conclusions."""
    if not runs or suite.rerequested:
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    order = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")
    return "completed", min((run.conclusion or "neutral" for run in runs), key=order.index)


def _signature(signature: Signature) -> Json:
    return {"name": signature.name, "email": signature.email, "date": time(signature.when)}


def _unverified() -> Json:
    return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
