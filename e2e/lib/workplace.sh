# shellcheck shell=bash
# shellcheck disable=SC2034 # suite: of stand_ins.sh
# shellcheck disable=SC2154 # here: of ../run
# What a run stands on: packages, the program, and a work folder that is gone afterwards. Sourced by
# ../run and ../fleet.

# Processes to be ended with the run.
services=()

need_debian() {
  [ "$(id -u)" = 0 ] || die 'making images needs root'
  # shellcheck source=/dev/null
  . /etc/os-release
  [ "$ID" = debian ] || die "this needs Debian's packages, and runs on $ID"
  suite=$VERSION_CODENAME
}

# get_tools PROFILE: packages, and the program that KMODGEN names or that cargo builds.
get_tools() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null
  apt-get install -qy --no-install-recommends \
    buildah ca-certificates cpio git kmod mmdebstrap python3 python3-yaml rpm >/dev/null
  if [ -z "${KMODGEN:-}" ]; then
    local profile=$1
    cargo build --quiet --locked --profile "$profile" --manifest-path "$here/../Cargo.toml"
    # What cargo calls dev is in a folder of another name.
    KMODGEN=$(cargo metadata --format-version 1 --no-deps --manifest-path "$here/../Cargo.toml" \
      | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/${profile/dev/debug}/kmodgen
  fi
  KMODGEN=$(realpath "$KMODGEN")
  "$KMODGEN" --version
}

# make_workplace KIB: in memory where that much is free.
make_workplace() {
  local shm=/dev/shm free
  free=$(df --output=avail -k "$shm" 2>/dev/null | tail -n 1)
  if [ "${free:-0}" -lt "$1" ]; then shm=${TMPDIR:-/tmp}; fi
  work=$(mktemp -d "$shm/kmodgen-e2e.XXXXXX")
  trap clean EXIT
  trap 'exit 130' INT TERM
  # Engines write whole layers there.
  export TMPDIR=$work/tmp
  export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
  printf '[storage]\ndriver = "overlay"\nrunroot = "%s"\ngraphroot = "%s"\n' \
    "$work/run" "$work/images" > "$CONTAINERS_STORAGE_CONF"
  mkdir "$TMPDIR" "$work/git" "$work/log" "$work/empty" "$work/project"
}

clean() {
  local service
  for service in "${services[@]}"; do
    # One that ended has left its number to somebody else.
    jobs -pr | grep -qxF "$service" || continue
    kill "$service" 2>/dev/null || true
    wait "$service" 2>/dev/null || true
  done
  buildah unmount --all >/dev/null 2>&1 || true
  # Also what an engine left that was ended in the middle: nothing may be removed through a mount.
  findmnt -rno TARGET | grep -F "$work/" | tac | xargs -r umount 2>/dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "kept $work"; else rm -rf --one-file-system "$work"; fi
}
