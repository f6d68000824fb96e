"""Registering and installing an App as a person does it: GitHub's pages for a manifest, and the call that ends it.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.html import element
from bot.sandbox.errors import not_found
from bot.sandbox.pages import page
from bot.sandbox.shapes import Json
from bot.sandbox.state import App
from bot.sandbox.world import World

PERSON = "mona"
"""Who sits at the browser."""


class _Hook(BaseModel):
    url: str


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    redirect_url: str
    hook_attributes: _Hook
    default_permissions: dict[str, str]
    default_events: list[str]


@dataclass
class _Made:
    """An App whose credentials wait for whoever has the code."""

    app: App
    pem: str


@dataclass
class Registrar:
    """The pages, and the codes that were given out."""

    world: World
    made: dict[str, _Made] = field(default_factory=dict)

    async def new(self, request: Request) -> Response:
        """What a manifest asks for, to be looked at."""
        fields = await _form(request)
        try:
            manifest = _Manifest.model_validate_json(fields.get("manifest", ""))
        except ValidationError as error:
            raise HTTPException(422, "Invalid GitHub App configuration") from error
        permissions = [f"{name}: {level}" for name, level in manifest.default_permissions.items()]
        return page(
            "Create GitHub App",
            element("h1", f"Create {manifest.name}"),
            element("ul", *(element("li", each) for each in [*permissions, *manifest.default_events])),
            element(
                "form",
                element("input", type="hidden", name="manifest", value=fields["manifest"]),
                element("input", type="hidden", name="state", value=request.query_params.get("state", "")),
                element("input", type="hidden", name="owner", value=str(request.path_params.get("owner", PERSON))),
                element("button", "Create GitHub App", type="submit"),
                method="post",
                action="/settings/apps",
            ),
        )

    async def create(self, request: Request) -> Response:
        """Make the App and go back to where the manifest says, with a code."""
        fields = await _form(request)
        manifest = _Manifest.model_validate_json(fields["manifest"])
        code = await run_in_threadpool(self._create, manifest, fields["owner"])
        query = urlencode({"code": code, "state": fields["state"]})
        return RedirectResponse(f"{manifest.redirect_url}?{query}", 303)

    def _create(self, manifest: _Manifest, owner: str) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        app = self.world.register_app(
            public,
            slug=re.sub(r"[^a-z0-9]+", "-", manifest.name.lower()),
            owner=owner,
            webhook_url=manifest.hook_attributes.url,
            webhook_secret=secrets.token_hex(20),
            permissions=manifest.default_permissions,
            events=manifest.default_events,
        )
        code = secrets.token_hex(20)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
        self.made[code] = _Made(app, pem)
        return code

    async def convert(self, request: Request) -> Response:
        """POST /app-manifests/{code}/conversions, which needs no credentials: the code is one, for one call."""
        made = self.made.pop(str(request.path_params["code"]), None)
        if made is None:
            return JSONResponse(not_found().body, 404)
        credentials: Json = {
            "client_id": made.app.client_id,
            "client_secret": secrets.token_hex(20),
            "webhook_secret": made.app.webhook_secret,
            "pem": made.pem,
        }
        return JSONResponse(self.world.shapes.app(made.app) | credentials, 201)

    async def installations(self, request: Request) -> Response:
        """Where the App can be installed, a button for each account."""
        app = self._app(request)
        owners = sorted({repository.owner.login for repository in self.world.repositories.values()})
        buttons = [
            element("button", f"Install on {owner}", type="submit", name="owner", value=owner) for owner in owners
        ]
        form = element("form", *buttons, method="post", action=f"/apps/{app.slug}/installations")
        return page(f"Install {app.name}", element("h1", f"Install {app.name}"), form)

    async def install(self, request: Request) -> Response:
        app, fields = self._app(request), await _form(request)
        await run_in_threadpool(self.world.install, app, fields["owner"])
        return page("Installed", element("h1", f"{app.name} is installed on {fields['owner']}"))

    def _app(self, request: Request) -> App:
        slug = request.path_params["slug"]
        app = next((app for app in self.world.apps.values() if app.slug == slug), None)
        if app is None:
            raise HTTPException(404)
        return app


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def routes(world: World) -> list[BaseRoute]:
    registrar = Registrar(world)
    return [
        Route("/settings/apps/new", registrar.new, methods=["POST"]),
        Route("/organizations/{owner}/settings/apps/new", registrar.new, methods=["POST"]),
        Route("/settings/apps", registrar.create, methods=["POST"]),
        Route(f"{world.api_prefix}/app-manifests/{{code}}/conversions", registrar.convert, methods=["POST"]),
        Route("/apps/{slug}/installations/new", registrar.installations),
        Route("/apps/{slug}/installations", registrar.install, methods=["POST"]),
    ]
