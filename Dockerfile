# syntax=docker/dockerfile:1
# Builds the wheel, installs it with what uv.lock has locked (each file checked against its hash), and runs it as a
# user without rights. The interpreter's minor version is pinned, so that a rebuild takes its security fixes.
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN pip install uv==0.13.9
WORKDIR /build
COPY pyproject.toml uv.lock hatch_build.py README.md CHANGELOG.md LICENSE ./
COPY scripts/assets.py scripts/
COPY assets assets
COPY src src
RUN uv build --wheel \
    && uv export --quiet --frozen --no-default-groups --no-emit-project --output-file requirements.txt
RUN python -m venv /opt/forecourt \
    && /opt/forecourt/bin/pip install --require-hashes --requirement requirements.txt \
    && /opt/forecourt/bin/pip install --no-deps --no-index dist/*.whl

FROM python:${PYTHON}
COPY --from=build /opt/forecourt /opt/forecourt
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/forecourt forecourt
USER forecourt
WORKDIR /var/lib/forecourt
VOLUME /var/lib/forecourt
# A container's own loopback can't be reached from outside: inside it, every address is listened on.
ENV PATH=/opt/forecourt/bin:$PATH \
    FORECOURT_DATA_DIR=/var/lib/forecourt \
    FORECOURT_HTTP_HOST=0.0.0.0 \
    FORECOURT_OCPP_HOST=0.0.0.0
EXPOSE 8000 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["forecourt"]
CMD ["serve"]
