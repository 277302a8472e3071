# The image of all four services and of the operator's commands: `zharmenke serve NAME`,
# `zharmenke topics create`, `zharmenke keys create`, `zharmenke token`.

FROM python:3.11.14-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Without pip, so that nothing can be installed into the final image.
RUN python -m venv --without-pip /opt/zharmenke
COPY requirements-runtime.lock /tmp/
RUN pip --python /opt/zharmenke/bin/python install \
      --require-hashes --only-binary :all: --requirement /tmp/requirements-runtime.lock
COPY admin /opt/zharmenke/lib/python3.11/site-packages/admin
COPY schemas /opt/zharmenke/lib/python3.11/site-packages/schemas
COPY services /opt/zharmenke/lib/python3.11/site-packages/services
RUN printf '%s\n' '#!/opt/zharmenke/bin/python' 'from admin.cli import app' 'app()' \
      >/opt/zharmenke/bin/zharmenke && \
    chmod 755 /opt/zharmenke/bin/zharmenke && \
    /opt/zharmenke/bin/python -m compileall -q /opt/zharmenke/lib/python3.11/site-packages/admin \
      /opt/zharmenke/lib/python3.11/site-packages/schemas \
      /opt/zharmenke/lib/python3.11/site-packages/services

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="zharmenke" \
      org.opencontainers.image.description="An event-driven grant contest platform"
# A fixed number, so that volumes and clusters can name it. The directories of keys belong to it:
# a fresh volume takes its owner from the directory that it is mounted on.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin zharmenke && \
    install -d -o zharmenke -m 700 /keys /keys/operator \
      /keys/submission /keys/scoring /keys/webinar /keys/notify
COPY --from=packages /opt/zharmenke /opt/zharmenke
ENV PATH=/opt/zharmenke/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TYPER_STANDARD_TRACEBACK=1 \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8000
WORKDIR /tmp
USER zharmenke
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['HTTP_PORT']}/health/ready\", timeout=4)"]
ENTRYPOINT ["zharmenke"]
