"""Request bodies as GitHub's OpenAPI description defines them. Unknown keys are ignored, wrong types are not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from bot.sandbox.errors import ApiError, invalid_request

MAX_OUTPUT_CHARACTERS = 65_535
MAX_ANNOTATIONS = 50
MAX_ACTIONS = 3

OutputText = Annotated[str, Field(max_length=MAX_OUTPUT_CHARACTERS)]
Side = Literal["LEFT", "RIGHT"]


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


B = TypeVar("B", bound=Body)


def parse(model: type[B], raw: bytes) -> B:
    """
    Raises:
        ApiError: 400, no JSON object; 422, it does not fit the endpoint.
    """
    try:
        return model.model_validate_json(raw or b"{}")
    except ValidationError as error:
        details = error.errors()
        if details[0]["type"] == "json_invalid":
            raise ApiError(400, "Problems parsing JSON") from error
        if not details[0]["loc"]:
            raise ApiError(400, "Body should be a JSON object") from error
        raise invalid_request(*map(_complaint, details)) from error


def _complaint(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return f'"{detail["loc"][-1]}" wasn\'t supplied.'
    where = "/".join(str(part) for part in detail["loc"])
    return f"For 'properties/{where}', {detail['msg']}."


def _time(value: object) -> object:
    """Times are strings in JSON; strict mode would refuse them."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Time = Annotated[datetime, BeforeValidator(_time)]
Level = Literal["read", "write", "admin"]


class AccessToken(Body):
    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, Level] | None = None


class CommentText(Body):
    body: str


class ReactionContent(Body):
    content: Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]


class ReviewDraft(Body):
    path: str
    body: str
    position: int | None = None
    line: int | None = None
    side: Side | None = None
    start_line: int | None = None
    start_side: Side | None = None


class NewReview(Body):
    commit_id: str | None = None
    body: str | None = None
    event: Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"] | None = None
    comments: list[ReviewDraft] = Field(default_factory=list)


class NewReviewComment(ReviewDraft):
    commit_id: str
    in_reply_to: int | None = None
    subject_type: Literal["line", "file"] | None = None


class Annotation(Body):
    path: str
    start_line: int
    end_line: int
    start_column: int | None = None
    end_column: int | None = None
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    title: str | None = None
    raw_details: str | None = None


class Output(Body):
    title: str | None = None
    summary: OutputText
    text: OutputText | None = None
    annotations: Annotated[list[Annotation], Field(max_length=MAX_ANNOTATIONS)] = Field(default_factory=list)


class NewOutput(Output):
    title: str


class Action(Body):
    label: Annotated[str, Field(max_length=20)]
    description: Annotated[str, Field(max_length=40)]
    identifier: Annotated[str, Field(max_length=20)]


Conclusion = Literal["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"]


class CheckRunUpdate(Body):
    name: str | None = None
    details_url: str | None = None
    external_id: str | None = None
    status: Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"] | None = None
    started_at: Time | None = None
    conclusion: Conclusion | None = None
    completed_at: Time | None = None
    output: Output | None = None
    actions: Annotated[list[Action], Field(max_length=MAX_ACTIONS)] | None = None


class NewCheckRun(CheckRunUpdate):
    name: str
    head_sha: str
    output: NewOutput | None = None


class GraphqlQuery(Body):
    """https://docs.github.com/en/graphql/guides/forming-calls-with-graphql"""

    query: str
    variables: dict[str, object] = {}
