"""`wrc validate --only fmt`: which files are judged, and what is said of them."""

from __future__ import annotations

from rules.sources.tree import MemoryTree
from rules.validate.fmt import MAX_PER_FILE, validate_fmt

UGLY = "locals {\na   = 1\n    b = 2\n\n  c = [1,2]\n}\n"


def test_one_issue_for_each_run_of_lines() -> None:
    issues = list(validate_fmt(MemoryTree.of({"x/template.tf": UGLY, "x/run.sh": UGLY, "README.md": UGLY})))
    assert [(issue.path, issue.line, issue.level) for issue in issues] == [
        ("x/template.tf", 2, "ERROR"),
        ("x/template.tf", 5, "ERROR"),
    ]
    assert issues[0].message == "terraform fmt writes these 2 lines in another way, the first as '  a = 1'."
    assert issues[1].message == "terraform fmt writes this line as '  c = [1, 2]'."
    assert issues[1].way_out == "Run 'terraform fmt x/template.tf'."


def test_links_are_judged_where_they_lead() -> None:
    assert list(validate_fmt(MemoryTree.of({}, links={"a.tf": "b.tf"}))) == []


def test_many_places_are_counted() -> None:
    text = "".join(f"v{number}=1\n\n" for number in range(40))
    issues = list(validate_fmt(MemoryTree.of({"a.tf": text})))
    assert len(issues) == MAX_PER_FILE
    assert issues[-1].message.endswith("and 30 other places of this file in another way.")
