# Builds the static binary in one stage and ships it, with the one library it links, in another.
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends libsqlite3-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN ci/release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libsqlite3-0 ca-certificates tini \
  && rm -rf /var/lib/apt/lists/* && useradd --system --create-home --uid 10001 dsl
COPY --from=build /src/.build/release/dsl /usr/local/bin/dsl
USER dsl
WORKDIR /data
ENV COORDINATION_DIR=/data/coordination
ENTRYPOINT ["/usr/bin/tini", "--", "dsl"]
CMD ["auto", "status"]
