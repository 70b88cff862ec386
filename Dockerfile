# quantsmith with its compiled tools, for the CPU, or for NVIDIA cards with another base:
#
#   docker build --tag quantsmith .
#   docker build --tag quantsmith:cuda --build-arg BASE=nvidia/cuda:12.8.1-runtime-ubuntu24.04 .
#   docker run --rm --volume "$PWD:/work" quantsmith run recipe.yaml     (for a card, with --gpus all)
ARG BASE=debian:bookworm-slim

FROM node:22-bookworm-slim AS package
WORKDIR /source
COPY . .
RUN npm ci --ignore-scripts \
  && npm run build \
  && npm pack --ignore-scripts --pack-destination / \
  && npm install --global --ignore-scripts /quantsmith-*.tgz

FROM ${BASE}
# The compiler builds the tools; Python is for models that only llama.cpp's own converter converts.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates g++ git python3 python3-venv \
  && rm -rf /var/lib/apt/lists/*
COPY --from=package /usr/local/bin/node /usr/local/bin/node
COPY --from=package /usr/local/lib/node_modules/quantsmith /usr/local/lib/node_modules/quantsmith
# The tools belong to root: every user of the image can run them, and none can change them.
ENV QUANTSMITH_CACHE=/opt/quantsmith
# Builds the tools, and shows that they work.
RUN ln -s ../lib/node_modules/quantsmith/dist/cli/main.js /usr/local/bin/quantsmith \
  && quantsmith demo --out /tmp/demo \
  && quantsmith verify /tmp/demo/releases/demo \
  && rm -rf /tmp/demo /root/.cache
WORKDIR /work
ENTRYPOINT ["quantsmith"]
