# The program with its models; documents and index live in the volume /data.
FROM python:3.11-slim

RUN apt-get update && apt-get install -y --no-install-recommends make libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 cita && mkdir /data /models && chown cita /data /models

WORKDIR /app
COPY --chown=cita . .
RUN chown cita /app
USER cita

ARG LLM=built-in
ENV CITA_DATA_DIR=/data CITA_MODELS_DIR=/models CITA_HOST=0.0.0.0
RUN make models LLM=${LLM}

VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=60s \
    CMD [".venv/bin/python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz')"]
CMD [".venv/bin/cita", "serve", "--port", "8000", "--ingest", "corpus"]
