# One image for every process of the suite; docker-compose.yml says which one a container runs.
FROM python:3.11-slim

COPY requirements.txt /src/
RUN pip install --no-cache-dir --require-hashes -r /src/requirements.txt

COPY . /src
RUN pip install --no-cache-dir --no-deps /src && rm -r /src \
    && useradd --create-home --uid 1000 sbot && install -d -o sbot -g sbot -m 700 /data

USER sbot
VOLUME /data
ENV ssb_path=/data
CMD ["sbot", "start"]
