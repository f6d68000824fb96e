"""Refusals in GitHub's words and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer other than success: `{"message", "errors", "documentation_url", "status"}`."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, object]:
        errors = {"errors": list(self.errors)} if self.errors is not None else {}
        return {"message": self.message, **errors, "documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def moved(method: str, url: str) -> ApiError:
    """A repository is elsewhere by now. Only reads may be sent on as another method, so all else is a 307."""
    return ApiError(301 if method == "GET" else 307, "Moved Permanently", headers={"Location": url})


def forbidden() -> ApiError:
    return ApiError(403, "Resource not accessible by integration")


def validation_failed(resource: str, field: str, code: str, message: str | None = None) -> ApiError:
    """A 422 with one error object, as most endpoints answer."""
    error = {"resource": resource, "code": code, "field": field}
    return ApiError(422, "Validation Failed", [error | ({"message": message} if message else {})])


def unprocessable(*errors: str) -> ApiError:
    """A 422 with plain sentences, as the review endpoints answer."""
    return ApiError(422, "Unprocessable Entity", errors)


def invalid_request(*complaints: str) -> ApiError:
    """A 422 for a body that does not fit the endpoint's schema."""
    return ApiError(422, "Invalid request.\n\n" + "\n".join(complaints))
