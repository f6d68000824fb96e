"""Pages for people: a pull request with its diff and review, a check run, a file. Plain HTML, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bot.html import Content, Html, element, join
from bot.sandbox import anchors
from bot.sandbox.errors import ApiError
from bot.sandbox.git import FileChange
from bot.sandbox.markdown import render
from bot.sandbox.routes_repos import commit_at
from bot.sandbox.state import Anchor, Annotation, CheckRun, Comment, PullRequest, Repository, Review, ReviewComment
from bot.sandbox.world import World

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; color: #1f2328 }
a { color: #0969da; text-decoration: none } a:hover { text-decoration: underline }
h1 { font-weight: 400 } .dim { color: #59636e }
.box { border: 1px solid #d1d9e0; border-radius: 6px; margin: 1rem 0; overflow: hidden }
.box > .head { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: .5rem 1rem }
.box > .body { padding: .5rem 1rem }
.state { border-radius: 1rem; color: #fff; padding: .2rem .7rem; background: #1a7f37 }
.closed, .failure { background: #cf222e } .merged { background: #8250df }
.neutral, .skipped, .queued, .draft { background: #59636e } .in_progress, .action_required { background: #9a6700 }
table.diff { border-collapse: collapse; width: 100%; font: 12px/1.6 ui-monospace, monospace }
table.diff td { padding: 0 .6rem; white-space: pre-wrap; overflow-wrap: anywhere; vertical-align: top }
td.number { color: #59636e; text-align: right; width: 1%; min-width: 2.5rem; user-select: none }
tr.add td { background: #dafbe1 } tr.del td { background: #ffebe9 } tr.hunk td { background: #ddf4ff }
tr:target td { background: #fff8c5 }
table.diff td.note { white-space: normal; font: 15px/1.5 system-ui, sans-serif; padding: .5rem }
.suggestion { border: 1px solid #d1d9e0; border-radius: 6px; white-space: pre-wrap }
.suggestion { font: 12px/1.6 ui-monospace, monospace }
.suggestion .head { padding: .3rem .6rem; background: #f6f8fa; font-family: system-ui, sans-serif }
.suggestion .add { background: #dafbe1 } .suggestion .del { background: #ffebe9 }
.markdown table { border-collapse: collapse }
.markdown th, .markdown td { border: 1px solid #d1d9e0; padding: .3rem .7rem }
.markdown pre, pre { background: #f6f8fa; padding: .7rem; white-space: pre-wrap } .markdown code { background: #eff1f3 }
"""
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


def page(title: str, *content: Content) -> Response:
    head = element("head", Html('<meta charset="utf-8">'), element("title", title), element("style", Html(STYLE)))
    return HTMLResponse(
        "<!doctype html>" + element("html", head, element("body", *content), lang="en"), headers=HEADERS
    )


def box(head: Content, *body: Content, id_: str | None = None) -> Html:
    return element("section", element("div", head, class_="head"), *body, class_="box", id_=id_)


def body(*content: Content) -> Html:
    return element("div", *content, class_="body")


def link(text: str, url: str) -> Html:
    return element("a", text, href=url)


def state(word: str) -> Html:
    return element("span", word.replace("_", " "), class_=f"state {word}")


class Pages:
    """One method a page; each gets the request's path parameters."""

    def __init__(self, world: World) -> None:
        self.world = world

    def index(self, _request: Request) -> Response:
        names = [repository.full_name for repository in self.world.repositories.values()]
        items = [element("li", link(name, f"/{name}")) for name in names]
        return page("Sandbox GitHub", element("h1", "Repositories"), element("ul", *items))

    def repository(self, request: Request) -> Response:
        repository = self._repository(request)
        items = [element("li", self._pull_link(pull), " ", state(pull_state(pull))) for pull in repository.pulls]
        title = repository.full_name
        return page(title, element("h1", title), element("h2", "Pull requests"), element("ul", *items))

    def pull(self, request: Request) -> Response:
        repository = self._repository(request)
        pull = repository.issues.get(int(request.path_params["number"]))
        if not isinstance(pull, PullRequest):
            raise HTTPException(404)
        changes = self.world.changes(pull)
        return page(
            f"{pull.title} · {repository.full_name} #{pull.number}",
            self._pull_head(pull),
            box(person(pull.author.login, "opened this"), body(render(pull.body or "No description."))),
            *self._conversation(pull),
            self._checks(pull),
            element("h2", f"Files changed ({len(changes)})"),
            *(self._file(pull, change) for change in changes),
        )

    def run(self, request: Request) -> Response:
        repository = self._repository(request)
        run = repository.check_runs.get(int(request.path_params["number"]))
        if run is None:
            raise HTTPException(404)
        pulls = [pull for pull in repository.pulls if pull.head_sha == run.suite.head_sha]
        return page(
            f"{run.name} · {repository.full_name}",
            element("p", link(repository.full_name, f"/{repository.full_name}"), *map(self._pull_link, pulls)),
            element("h1", run.name, " ", state(run.conclusion or run.status)),
            element("p", f"{run.suite.app.name} on commit {run.suite.head_sha[:10]}", class_="dim"),
            element("h2", run.title or ""),
            render(run.summary or ""),
            render(run.text or ""),
            element("h2", f"Annotations ({len(run.annotations)})") if run.annotations else None,
            *(self._annotation(repository, run, item) for item in run.annotations),
        )

    def blob(self, request: Request) -> Response:
        repository, path = self._repository(request), request.path_params["path"]
        try:
            commit = commit_at(repository, request.path_params["revision"])
        except ApiError as error:
            raise HTTPException(404) from error
        entry = repository.git.entry(commit, path)
        if entry is None or entry.kind != "blob":
            raise HTTPException(404)
        text = repository.git.blob(entry.sha).decode("utf-8", "replace").removesuffix("\n")
        lines = [
            element("tr", element("td", str(number), class_="number"), element("td", line), id_=f"L{number}")
            for number, line in enumerate(text.split("\n"), 1)
        ]
        return page(path, element("h1", path), element("p", commit, class_="dim"), diff_table(lines))

    def commit(self, request: Request) -> Response:
        repository = self._repository(request)
        try:
            commit = repository.git.show(commit_at(repository, request.path_params["sha"]))
        except ApiError as error:
            raise HTTPException(404) from error
        base = commit.parents[0] if commit.parents else repository.git.empty_tree()
        files = [self._plain_file(change) for change in repository.git.diff(base, commit.sha)]
        return page(commit.sha, element("h1", commit.message.split("\n")[0]), element("p", commit.sha), *files)

    def _repository(self, request: Request) -> Repository:
        repository = self.world.find(request.path_params["owner"], request.path_params["repo"])
        if repository is None:
            raise HTTPException(404)
        return repository

    def _pull_link(self, pull: PullRequest) -> Html:
        return join(" ", link(f"#{pull.number} {pull.title}", f"/{pull.base.full_name}/pull/{pull.number}"))

    def _pull_head(self, pull: PullRequest) -> Html:
        head = f"{pull.head.owner.login}:{pull.head_ref}" if pull.from_fork else pull.head_ref
        branches = join(element("code", head), " into ", element("code", pull.base_ref))
        commit = element("span", f" · head {pull.head_sha[:10]}", class_="dim")
        return join(
            element("p", link(pull.base.full_name, f"/{pull.base.full_name}")),
            element("h1", pull.title, " ", element("span", f"#{pull.number}", class_="dim")),
            element("p", state(pull_state(pull)), f" {pull.author.login} wants to merge ", branches, commit),
        )

    def _conversation(self, pull: PullRequest) -> list[Html]:
        """Comments and reviews in the order they were made."""
        repository = pull.base
        entries = {
            comment.id: self._comment(comment)
            for comment in repository.comments.values()
            if comment.number == pull.number
        }
        entries |= {
            review.id: self._review(repository, review)
            for review in repository.reviews.values()
            if review.number == pull.number and review.state != "PENDING"
        }
        return [entries[number] for number in sorted(entries)]

    def _comment(self, comment: Comment) -> Html:
        emoji = ", ".join(reaction.content for reaction in comment.reactions)
        head = person(comment.author.login, f"commented ({emoji})" if emoji else "commented")
        return box(head, body(render(comment.body)), id_=f"issuecomment-{comment.id}")

    def _review(self, repository: Repository, review: Review) -> Html:
        comments = [item for item in repository.review_comments.values() if item.review_id == review.id]
        places = [
            element("li", link(f"{item.path}{line_of(item)}", f"#discussion_r{item.id}"))
            for item in comments
            if item.anchor or item.subject == "file"
        ]
        outdated = [self._outdated(item) for item in comments if not item.anchor and item.subject == "line"]
        head = person(review.author.login, f"reviewed ({review.state.lower().replace('_', ' ')})")
        content = body(render(review.body), element("ul", *places) if places else None, *outdated)
        return box(head, content, id_=f"pullrequestreview-{review.id}")

    def _outdated(self, comment: ReviewComment) -> Html:
        return join(element("p", f"Outdated, {comment.path}:", class_="dim"), self._note(comment, ()))

    def _checks(self, pull: PullRequest) -> Html | None:
        runs = [run for run in pull.base.check_runs.values() if run.suite.head_sha == pull.head_sha]
        newest = {(run.suite.id, run.name): run for run in runs}.values()
        return join(*(self._check(pull.base, run) for run in newest))

    def _check(self, repository: Repository, run: CheckRun) -> Html:
        url = f"/{repository.full_name}/runs/{run.id}"
        head = join(state(run.conclusion or run.status), " ", link(run.name, url), f" · {run.title or ''}")
        return box(head, body(render(run.summary or "")))

    def _annotation(self, repository: Repository, run: CheckRun, item: Annotation) -> Html:
        url = f"/{repository.full_name}/blob/{run.suite.head_sha}/{item.path}#L{item.start_line}"
        head = join(f"{item.annotation_level}: ", link(f"{item.path}:{item.start_line}", url), f" · {item.title or ''}")
        return box(head, element("pre", item.message))

    def _file(self, pull: PullRequest, change: FileChange) -> Html:
        comments = [
            item
            for item in pull.base.review_comments.values()
            if item.number == pull.number and item.path == change.path
        ]
        whole = [self._note(item, ()) for item in comments if item.subject == "file"]
        rows: list[Html] = []
        lines = anchors.walk(change.patch) if change.patch else []
        for line in lines:
            notes = [item for item in comments if item.anchor and item.anchor.position == line.position]
            rows += [diff_row(line), *(self._note_row(item, lines) for item in notes)]
        return box(file_name(change), *whole, diff_table(rows))

    def _note_row(self, comment: ReviewComment, lines: Sequence[anchors.PatchLine]) -> Html:
        replaced = replaced_lines(lines, comment.anchor) if comment.anchor else ()
        return element("tr", element("td", self._note(comment, replaced), colspan="3", class_="note"))

    def _plain_file(self, change: FileChange) -> Html:
        rows = [diff_row(line) for line in anchors.walk(change.patch)] if change.patch else []
        return box(file_name(change), diff_table(rows))

    def _note(self, comment: ReviewComment, replaced: Sequence[str]) -> Html:
        head, by = person(comment.author.login, f"commented{line_of(comment)}"), comment.resolved_by
        settled = element("p", person(by.login, "marked this conversation as resolved."), class_="dim") if by else None
        return box(head, body(render(comment.body, replaced), settled), id_=f"discussion_r{comment.id}")


def replaced_lines(lines: Sequence[anchors.PatchLine], anchor: Anchor) -> list[str]:
    """The lines of the new file that a suggestion at an anchor replaces."""
    first = anchor.start_line or anchor.line
    return [line.text[1:] for line in lines if line.new is not None and first <= line.new <= anchor.line]


def person(login: str, what: str) -> Html:
    return join(element("strong", login), f" {what}")


def line_of(comment: ReviewComment) -> str:
    anchor = comment.anchor
    if anchor is None:
        return ""
    lines = f"{anchor.start_line}–{anchor.line}" if anchor.start_line else str(anchor.line)
    return f" · line {lines}{' (old)' if anchor.side == 'LEFT' else ''}"


def pull_state(pull: PullRequest) -> str:
    if pull.merged_at:
        return "merged"
    return "draft" if pull.draft and pull.state == "open" else pull.state


def file_name(change: FileChange) -> Html:
    name = f"{change.previous} → {change.path}" if change.previous else change.path
    return join(element("code", name), f" {change.status}, +{change.additions} −{change.deletions}")


def diff_table(rows: Iterable[Html]) -> Html:
    return element("table", *rows, class_="diff")


def diff_row(line: anchors.PatchLine) -> Html:
    kind = {"@": "hunk", "+": "add", "-": "del"}.get(line.kind)
    numbers = [element("td", str(number) if number else "", class_="number") for number in (line.old, line.new)]
    return element("tr", *numbers, element("td", line.text), class_=kind)


def routes(world: World) -> list[BaseRoute]:
    pages = Pages(world)

    def serve(show: Callable[[Request], Response]) -> Callable[[Request], object]:
        def locked(request: Request) -> Response:
            with world.lock:
                return show(request)

        async def answer(request: Request) -> Response:
            return await run_in_threadpool(locked, request)

        return answer

    return [
        Route("/", serve(pages.index)),
        Route("/{owner}/{repo}", serve(pages.repository)),
        Route("/{owner}/{repo}/pull/{number:int}", serve(pages.pull)),
        Route("/{owner}/{repo}/runs/{number:int}", serve(pages.run)),
        Route("/{owner}/{repo}/blob/{revision}/{path:path}", serve(pages.blob)),
        Route("/{owner}/{repo}/commit/{sha}", serve(pages.commit)),
    ]
