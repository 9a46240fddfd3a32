# syntax=docker/dockerfile:1
#
# The two images, from the static binaries of `make build`:
#
#   make build
#   docker buildx build --platform linux/amd64,linux/arm64 --target operator -t ghcr.io/progress-sync/operator:0.1.0 .
#   docker buildx build --platform linux/amd64,linux/arm64 --target sidecar  -t ghcr.io/progress-sync/sidecar:0.1.0 .
#
# Nothing is in them but the binary, and beside the sidecar spool-import, which brings
# over what a version up to 0.1 has left in its spool. CA roots are compiled into it, and there is
# no shell. test/cluster/images makes the same images without Docker.

FROM scratch AS operator
ARG TARGETOS TARGETARCH
COPY --chmod=0755 dist/${TARGETOS}_${TARGETARCH}/operator /operator
USER 65532:65532
ENTRYPOINT ["/operator"]

FROM scratch AS sidecar
ARG TARGETOS TARGETARCH
COPY --chmod=0755 dist/${TARGETOS}_${TARGETARCH}/sidecar /sidecar
COPY --chmod=0755 dist/${TARGETOS}_${TARGETARCH}/spool-import /spool-import
USER 65532:65532
ENTRYPOINT ["/sidecar"]
CMD ["run"]
