# One image for every process of the suite: alone it runs all of them under supervisor, and docker-compose.yml
# says which one a container runs. Everything inside is fixed by hashes; who wants the ground it stands on fixed
# too names it by its digest: --build-arg BASE=python:3.11-slim@sha256:...
# BASE may be anything of Debian's kind with Python 3.11 and its venv.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/scuttlebot
COPY requirements-build.txt requirements.txt ./
RUN /opt/pip/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt \
    && /opt/pip/bin/pip --python /opt/scuttlebot/bin/python install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN /opt/pip/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/pip/bin/pip --python /opt/scuttlebot/bin/python install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM ${BASE} AS last
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sbot \
    && install -d -o sbot -g sbot -m 700 /bus /data /secret
COPY --from=build /opt/scuttlebot /opt/scuttlebot
ENV PATH=/opt/scuttlebot/bin:$PATH PYTHONDONTWRITEBYTECODE=1 ssb_path=/data
USER 1000:1000
VOLUME /data
EXPOSE 8008 8989
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["sbot", "ready"]
CMD ["sbot", "start"]
