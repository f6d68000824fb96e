"""Setting up as a person does it, in Debian's Chromium, with nothing but the keyboard, until a review is there.

`WRC_SCREENSHOT=docs/setup.png` also takes the picture that the documentation shows.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from bot.sandbox.world import World
from tests.service.github import PATH, PRIVILEGED
from tests.service.running import wait_for
from tests.setup.conftest import Unregistered

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (on Debian: apt-get install chromium)")


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser.new_page(viewport={"width": 900, "height": 760})
        browser.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.name || document.activeElement.textContent"))


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control is reached; the focus must be visible there."""
    for _ in range(10):
        page.keyboard.press("Tab")
        if focused(page) == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{name} does not show that it has the focus"
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_from_nothing_to_a_review_by_keyboard(page: Page, service: Unregistered, world: World) -> None:
    page.goto(service.address)
    assert page.title() == "Set up wrc-bot"
    assert "token" not in page.url
    if picture := os.environ.get("WRC_SCREENSHOT"):
        page.screenshot(path=picture)
    tab_to(page, "owner")
    page.keyboard.type("octo")
    tab_to(page, "github")
    page.keyboard.press("Control+A")
    page.keyboard.type(world.url)
    tab_to(page, "Register the App")
    page.keyboard.press("Enter")

    page.wait_for_url("**/setup/register")
    assert focused(page) == "Continue to GitHub"
    page.keyboard.press("Enter")

    page.wait_for_url("**/organizations/octo/settings/apps/new**")
    assert "pull_requests: write" in page.inner_text("body")
    tab_to(page, "Create GitHub App")
    page.keyboard.press("Enter")

    page.wait_for_url("**/apps/wrc-bot/installations/new")
    tab_to(page, "owner")
    page.keyboard.press("Enter")
    page.wait_for_url("**/apps/wrc-bot/installations")

    wait_for(lambda: service.status == "ok", "the service with its credentials")
    repository = world.repositories["octo/templates"]
    world.push(repository, "topic", {PATH: PRIVILEGED}, author="mona")
    pull = world.open_pull_request(repository, "topic", author="mona")
    wait_for(lambda: bool(repository.reviews), "the review")
    [comment] = repository.review_comments.values()
    assert comment.number == pull.number
    assert "F-2" in comment.body
