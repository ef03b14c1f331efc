# The action's image: one static binary and the certificates it trusts, on nothing else.
# Built for the machine it is built on; `scripts/image` does it with docker, or with buildah where there is no daemon.

FROM rust:1.95-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /build
# Static, so that it runs on nothing; relocations packed; no tables for unwinding and no index of them, since a panic aborts;
# equal stretches of machine code kept once. Equal functions too where Rust links with lld: GNU's linker cannot.
ENV FLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,--no-eh-frame-hdr -C link-arg=-Wl,-T,/build/.cargo/no-unwinding.ld -C llvm-args=-enable-machine-outliner=always"
ARG TARGETARCH
RUN case "$TARGETARCH" in \
      amd64) echo x86_64-unknown-linux-gnu >/target; echo "$FLAGS -C link-arg=-Wl,--icf=all" >/flags ;; \
      arm64) echo aarch64-unknown-linux-gnu >/target; echo "$FLAGS" >/flags ;; \
      *) echo "no image is made for '$TARGETARCH', only for amd64 and arm64" >&2; exit 1 ;; \
    esac

# The dependencies, with empty sources: this layer lasts as long as these files.
COPY .cargo .cargo
COPY Cargo.toml Cargo.lock ./
RUN sed -n 's/^path = "\(.*\)"$/\1/p' Cargo.toml \
      | while read -r path; do mkdir -p "${path%/*}"; echo 'fn main() {}' >"$path"; done \
    && touch src/lib.rs \
    && RUSTFLAGS="$(cat /flags)" cargo build --release --locked --target "$(cat /target)" --bin prompt-cicd

COPY src src
COPY schema schema
COPY templates templates
COPY workflows workflows
# The empty sources were compiled later than the real ones were written: cargo goes by time.
RUN touch src/lib.rs src/main.rs \
    && RUSTFLAGS="$(cat /flags)" cargo build --release --locked --target "$(cat /target)" --bin prompt-cicd \
    && cp "target/$(cat /target)/release/prompt-cicd" /prompt-cicd

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="prompt-cicd" \
      org.opencontainers.image.description="CI/CD for prompts: test them against real models, and say with numbers whether a changed prompt is worse" \
      org.opencontainers.image.source="https://github.com/org/prompt-cicd" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /prompt-cicd /prompt-cicd
# No USER and no WORKDIR: the runner needs root and sets the folder. The exec form, since shells drop INPUT_FAIL-ON.
ENTRYPOINT ["/prompt-cicd"]
