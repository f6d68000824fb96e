"""Where a comment gives a command, and where it only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.service.commands.parse import MAX_COMMENT_CHARACTERS, Command, parse_commands

RECHECK = Command("recheck", "")


@pytest.mark.parametrize(
    "text",
    [
        "/wrc recheck",
        "  /wrc   recheck  ",
        "/WRC Recheck",
        "Thanks, fixed.\n/wrc recheck\nPlease have a look.",
        "Thanks.\r\n\r\n/wrc recheck\r\n",
        "> what about this?\n\n/wrc recheck",
        "```\ncode\n```\n/wrc recheck",
        "<!-- template -->\n\n/wrc recheck",
        "/wrc recheck\n-- \nJo",
    ],
)
def test_a_line_of_its_own_is_a_command(text: str) -> None:
    assert parse_commands(text) == (RECHECK,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/wrc",
        "/wrcrecheck",
        "/wrc -recheck",
        "please /wrc recheck",
        "`/wrc recheck`",
        "    /wrc recheck",
        "```\n/wrc recheck\n```",
        "~~~ sh\n/wrc recheck\n~~~",
        "````\n```\n/wrc recheck\n```\n````",
        "```\nnever closed\n/wrc recheck",
        "> /wrc recheck",
        "> someone wrote\n/wrc recheck",
        ">> /wrc recheck",
        "- /wrc recheck",
        "1. /wrc recheck",
        "# /wrc recheck",
        "<!-- /wrc recheck -->",
        "<!--\n/wrc recheck\n-->",
        "<details>\n/wrc recheck\n</details>",
        "/wrc recheck <!-- really -->",
        "**/wrc recheck**",
        "[/wrc recheck](https://example.com)",
    ],
)
def test_what_only_looks_like_a_command_is_none(text: str) -> None:
    assert parse_commands(text) == ()


def test_words_after_the_verb_are_arguments_and_order_is_kept() -> None:
    assert parse_commands("/wrc explain F-4\n\ntext\n\n/wrc recheck now") == (
        Command("explain", "F-4"),
        Command("recheck", "now"),
    )


def test_arguments_may_hold_markup() -> None:
    assert parse_commands("/wrc accept F-7 a cache in `~/.cache`, see [the *note*](https://example.com)") == (
        Command("accept", "F-7 a cache in ~/.cache, see the note"),
    )
    assert parse_commands("/wrc `recheck`") == ()


def test_a_text_longer_than_a_comment_is_not_looked_at() -> None:
    assert parse_commands("/wrc recheck\n" + "x" * MAX_COMMENT_CHARACTERS) == ()


ordinary = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r`~<>"), max_size=40)


@given(st.lists(ordinary, max_size=5), st.sampled_from(["```", "~~~~", "`````"]))
def test_nothing_inside_a_fence_is_a_command(lines: list[str], fence: str) -> None:
    text = "\n".join([fence, *lines, "/wrc recheck", *lines, fence])
    assert RECHECK not in parse_commands(text)


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing_and_paragraphs_around_do_not_matter(text: str) -> None:
    parse_commands(text)
    plain = "".join(character for character in text if character.isalnum() or character == " ").strip()
    assert parse_commands(f"{plain}\n\n/wrc recheck\n\n{plain}")[-1] == RECHECK
