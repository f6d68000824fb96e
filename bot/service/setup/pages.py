"""The pages in words and HTML. No script is needed: each step is a form with one button."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from bot.html import Content, Html, element, join
from bot.service.setup.manifest import MAX_NAME, Registration

STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 0 auto; padding: 2rem 1rem }
h1 { font-weight: 600; font-size: 1.6rem }
label { display: block; font-weight: 600; margin-top: 1.2rem }
small { display: block; font-weight: 400; opacity: .75 }
input { font: inherit; box-sizing: border-box; width: 100%; padding: .4rem .6rem; margin-top: .2rem }
button { font: inherit; font-weight: 600; margin-top: 1.6rem; padding: .6rem 1.2rem; border: 0; border-radius: 6px;
  background: #1f6f35; color: #fff; cursor: pointer }
:focus-visible { outline: 3px solid #0969da; outline-offset: 2px }
.wrong { border-left: 4px solid #cf222e; padding: .2rem 1rem }
"""


WIDER = (
    "WRC_RESOLVE_THREADS is set, so GitHub is asked for contents: write too. It wants that permission for resolving "
    "a thread, and with it an App could also push. Without the setting the App only reads contents."
)


def page(title: str, *content: Content, status: int = 200, posts_to: str = "'self'") -> HTMLResponse:
    """`posts_to` is where the page's form may go, for the Content-Security-Policy."""
    head = element(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Html(STYLE)),
    )
    text = "<!doctype html>" + element("html", head, element("body", element("main", *content)), lang="en")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; form-action {posts_to}; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return HTMLResponse(text, status, headers)


def start(fields: dict[str, str], wrong: str = "") -> HTMLResponse:
    """The form. `fields` are what it is filled in with, `wrong` what was the matter the last time."""
    return page(
        "Set up wrc-bot",
        element("h1", "Set up wrc-bot"),
        element(
            "p",
            "This registers a GitHub App of your own, with the least permissions that work, and keeps its credentials "
            "on this server. GitHub shows you everything before anything is created.",
        ),
        element("p", wrong, class_="wrong", role="alert") if wrong else None,
        element(
            "form",
            _field(
                "name", "Name of the App", fields, f"At most {MAX_NAME} characters; unique on GitHub.", required=True
            ),
            _field("owner", "Organisation", fields, "Leave it empty to register the App on your own account."),
            _field("github", "GitHub", fields, "Another address for GitHub Enterprise Server.", required=True),
            _field(
                "public_url",
                "This server",
                fields,
                "Where GitHub reaches it; webhooks come to /webhook.",
                required=True,
            ),
            element("button", "Register the App", type="submit"),
            method="post",
            action="/setup/register",
        ),
        status=400 if wrong else 200,
    )


def confirm(registration: Registration, state: str) -> HTMLResponse:
    """The form that hands the manifest to GitHub."""
    where = f"the organisation {registration.owner}" if registration.owner else "your own account"
    return page(
        "Continue to GitHub",
        element("h1", "Continue to GitHub"),
        element(
            "p",
            join("GitHub is asked to create the App ", element("strong", registration.name), f" on {where}. "),
            "It will show you the permissions, and then send you back here.",
        ),
        element("p", WIDER) if registration.resolves else None,
        element(
            "form",
            _hidden("manifest", registration.manifest()),
            element("button", "Continue to GitHub", type="submit", autofocus="autofocus"),
            method="post",
            action=registration.action(state),
        ),
        posts_to=f"{registration.github} 'self'",
    )


def failed(sentence: str, status: int = 400) -> HTMLResponse:
    again = element("p", element("a", "Start again", href="/setup"))
    return page("Not set up", element("h1", "Not set up"), element("p", sentence, role="alert"), again, status=status)


def shut() -> HTMLResponse:
    return page(
        "Set up wrc-bot",
        element("h1", "This page is locked"),
        element(
            "p", "Open the address that `wrc serve` printed when it started: it carries a token that is used once."
        ),
        status=403,
    )


def _hidden(name: str, value: str) -> Html:
    return element("input", type="hidden", name=name, value=value)


def _field(name: str, label: str, fields: dict[str, str], hint: str, *, required: bool = False) -> Html:
    control = element(
        "input",
        id=name,
        name=name,
        value=fields.get(name, ""),
        required="required" if required else None,
        autocomplete="off",
        spellcheck="false",
        aria_describedby=f"{name}-hint",
    )
    return join(element("label", label, element("small", hint, id=f"{name}-hint"), for_=name), control)
