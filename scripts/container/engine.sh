# Sourced by scripts/image and scripts/run-action: docker where its daemon answers, else podman and buildah.
# shellcheck shell=bash disable=SC2034 # they are for who sources this

# What the engine is called with before `run`'s own arguments.
engine=()
run_flags=()

# Sets `engine` and `run_flags`; false when there is none.
find_engine() {
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    engine=(docker)
  elif command -v podman >/dev/null && command -v buildah >/dev/null && command -v runc >/dev/null; then
    # runc, and lower limits: a container inside a container may not raise them.
    engine=(podman --runtime runc)
    run_flags=(--ulimit nofile=20000:20000 --ulimit nproc=4096:4096)
  else
    return 1
  fi
}

no_engine="neither docker with its daemon nor podman, buildah and runc are here; on Debian and Ubuntu: apt-get install podman buildah runc debootstrap"
