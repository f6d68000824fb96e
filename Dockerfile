# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/wrc
COPY requirements.lock ./
RUN /opt/wrc/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md app.yml ./
COPY bot bot
COPY rules rules
RUN /opt/wrc/bin/pip install --no-cache-dir --no-deps . \
  # The first parse of HCL builds Lark's grammar cache inside site-packages: 1.4 s that no start should pay.
  && /opt/wrc/bin/python -c 'import hcl2; hcl2.parses_to_tree("a = 1\n")'

FROM python:3.12-slim-bookworm
# The distribution pins what it ships; a version here would only break the build when it is superseded.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends git \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --create-home --home-dir /var/lib/wrc wrc
COPY --from=build /opt/wrc /opt/wrc
ENV PATH="/opt/wrc/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    WRC_HOST=0.0.0.0 \
    WRC_PORT=8000 \
    WRC_DATA_DIR=/var/lib/wrc
USER wrc
VOLUME /var/lib/wrc
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"WRC_PORT\"]}/healthz', timeout=4)"]
CMD ["wrc", "serve"]
