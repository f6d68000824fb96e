# syntax=docker/dockerfile:1
# The Python that the tests run on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/wrc
COPY requirements.lock ./
RUN /opt/wrc/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md app.yml ./
COPY bot bot
COPY rules rules
RUN /opt/wrc/bin/pip install --no-cache-dir --no-deps . \
  # The grammar of HCL is compiled into site-packages: 1.4 s that no start should pay.
  && /opt/wrc/bin/python -I -c 'from rules.sources.terraform.grammar import parser; parser()' \
  && /opt/wrc/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/wrc wrc \
  && install -d -o wrc -g wrc -m 0700 /var/lib/wrc
COPY --from=build /opt/wrc /opt/wrc
ENV PATH="/opt/wrc/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    WRC_HOST=0.0.0.0 \
    WRC_PORT=8000 \
    WRC_DATA_DIR=/var/lib/wrc
# By number, so that a cluster can see that it is not root.
USER 10001
VOLUME /var/lib/wrc
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"WRC_PORT\"]}/healthz', timeout=4)"]
CMD ["wrc", "serve"]
