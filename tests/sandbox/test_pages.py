"""The pages a person looks at: all of a review is there, and nothing in it can do harm."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.markdown import render
from bot.sandbox.reviews import Draft
from tests.sandbox.conftest import Sandbox


def page(sandbox: Sandbox, path: str) -> str:
    answer = httpx.get(f"{sandbox.world.url}/{path}", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.text


def test_a_pull_request_shows_its_diff_review_and_check(sandbox: Sandbox, api: httpx.Client) -> None:
    suggestion = "**Do not.**\n\n```suggestion\nline 10 & 11\n```\n<!-- wrc:marker -->"
    note = Draft("web/template.tf", suggestion, 11, start_line=10)
    sandbox.world.review(sandbox.pull, author="rita", body="One thing.", comments=[note])
    sandbox.world.comment(sandbox.repository, sandbox.pull, "/wrc recheck", author="mona")
    output = {"title": "One finding", "summary": "| INV-1 | broken |\n| --- | --- |\n| a | b |"}
    body = {"name": "WRC", "head_sha": sandbox.pull.head_sha, "conclusion": "failure", "output": output}
    run = api.post(f"{sandbox.path}/check-runs", json=body).json()
    html = page(sandbox, "acme/templates/pull/1")
    assert "<td>+line ten and a half</td>" in html
    assert "<strong>Do not.</strong>" in html
    assert '<div class="del">- line ten</div>' in html
    assert '<div class="del">- line ten and a half</div>' in html
    assert '<div class="add">+ line 10 &amp; 11</div>' in html
    assert "wrc:marker" not in html
    assert html.index("line ten and a half</td>") < html.index("Do not.") < html.index("line 11</td>")
    assert "/wrc recheck" in html
    assert f"/acme/templates/runs/{run['id']}" in html
    assert "<th>INV-1</th>" in html


def test_a_run_shows_its_annotations(sandbox: Sandbox, api: httpx.Client) -> None:
    note = {
        "path": "web/template.tf",
        "start_line": 10,
        "end_line": 10,
        "annotation_level": "failure",
        "message": "<No>",
    }
    output = {"title": "t", "summary": "s", "annotations": [note]}
    body = {"name": "WRC", "head_sha": sandbox.pull.head_sha, "output": output}
    run = api.post(f"{sandbox.path}/check-runs", json=body).json()
    html = page(sandbox, run["html_url"].removeprefix(f"{sandbox.world.url}/"))
    assert "<pre>&lt;No&gt;</pre>" in html
    assert f"/blob/{sandbox.pull.head_sha}/web/template.tf#L10" in html


def test_an_outdated_comment_is_still_shown(sandbox: Sandbox) -> None:
    sandbox.world.review(sandbox.pull, author="rita", comments=[Draft("web/template.tf", "Look at that.", 11)])
    sandbox.world.push(sandbox.repository, "change", {"web/template.tf": "all new\n"})
    html = page(sandbox, "acme/templates/pull/1")
    assert "Outdated" in html
    assert "Look at that." in html


def test_a_resolved_thread_says_who_resolved_it(sandbox: Sandbox) -> None:
    sandbox.world.review(sandbox.pull, author="rita", comments=[Draft("web/template.tf", "Look at that.", 11)])
    [thread] = sandbox.repository.threads
    said = "<strong>mona</strong> marked this conversation as resolved."
    sandbox.world.resolve(thread, by="mona")
    assert page(sandbox, "acme/templates/pull/1").count(said) == 1
    sandbox.world.unresolve(thread)
    assert said not in page(sandbox, "acme/templates/pull/1")


def test_a_file_has_an_anchor_for_each_line(sandbox: Sandbox) -> None:
    html = page(sandbox, "acme/templates/blob/main/web/startup.sh")
    assert '<tr id="L2"><td class="number">2</td><td>set +e</td></tr>' in html
    assert httpx.get(f"{sandbox.world.url}/acme/templates/blob/main/nothing", trust_env=False).status_code == 404


@pytest.mark.parametrize("path", ["", "acme/templates", "acme/templates/commit/change"])
def test_the_other_pages(sandbox: Sandbox, path: str) -> None:
    assert "<h1>" in page(sandbox, path)


def test_what_people_write_does_no_harm(sandbox: Sandbox) -> None:
    evil = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    sandbox.world.edit(sandbox.pull, title=evil)
    sandbox.world.comment(sandbox.repository, sandbox.pull, evil, author="mallory")
    sandbox.world.push(sandbox.repository, "change", {"<b>.txt": f"{evil}\n"})
    html = page(sandbox, "acme/templates/pull/1")
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<b>.txt" not in html


class _Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


MARKUP = st.text(alphabet=st.sampled_from(list("<>/!-ab =\"'`*_[]()\n&;:")), max_size=60) | st.lists(
    st.sampled_from(
        ["<script>", "<svg/onload=x>", "<!--", "-->", "<details>", "<b onclick=x>", "<a href=javascript:x>", "\n", "x"]
    )
).map("".join)


@given(MARKUP)
def test_no_markdown_brings_in_a_script_or_handler(text: str) -> None:
    seen = _Tags()
    seen.feed(render(text))
    assert not seen.tags & {"script", "svg", "iframe", "object", "style", "form"}
    assert not {name for name in seen.attributes if name.startswith("on")}
