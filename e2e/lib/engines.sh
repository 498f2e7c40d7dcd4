# shellcheck shell=bash
# shellcheck disable=SC2154 # work, stable, plus, dtk, runtime, KMODGEN: of ../run
# The same mapping by kmodgen build with podman and with docker. Sourced by ../run.

try_other_engines() {
  say 'podman'
  try_podman
  say 'docker'
  try_docker
  say 'kaniko'
  skip 'layers that kernels share' 'Debian has no package of kaniko, which comes as an image that the package servers do not have'
}

# built_by ENGINE DTK: one mapping, of which the engine has no image yet.
built_by() {
  local image build=(kmodgen_in project build --engine "$1" --dtk "$2" --offline --only "by-dtk/$(pattern "$stable")")
  image=$(planned_in project by-dtk "$stable")
  check "$1 builds what kmodgen hands to it, twice the same" ends 0 '1 built, 0 pushed, 0 skipped, 0 failed' "${build[@]}" --twice
  check 'a second run finds it' ends 0 '0 built, 0 pushed, 1 skipped, 0 failed' "${build[@]}"
  check 'the image holds what KMM relies on' \
    ends 0 '2 modules for' verify_by "$1" --release "$stable" "$image"
  check 'which is said of no other image' ends 1 "$plus" verify_by "$1" --release "$plus" "$image"
}

verify_by() { PATH=$work/bin:$PATH "$KMODGEN" verify --engine "$@"; }

try_podman() {
  if ! command -v podman >/dev/null &&
    ! apt-get install -qy --no-install-recommends podman > "$work/log/podman" 2>&1; then
    missing podman "apt does not give it: $(tail -n 1 "$work/log/podman")"
    return
  fi
  # It has the images of buildah, and else nothing in common with any other podman on this machine.
  export CONTAINERS_CONF=$work/containers.conf
  printf '[engine]\ntmp_dir = "%s"\nlock_type = "file"\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\n' \
    "$work/podman" > "$CONTAINERS_CONF"
  if ! podman info > "$work/log/podman" 2>&1; then
    skip podman "it does not run here: $(tail -n 1 "$work/log/podman")"
    return
  fi
  wrap_engine podman
  built_by podman "$dtk"
  try_pages
  try_layers podman "$dtk"
}

try_docker() {
  if ! get_docker > "$work/log/docker" 2>&1; then
    missing docker "apt does not give docker.io: $(tail -n 1 "$work/log/docker")"
    return
  fi
  if ! start_docker; then
    skip docker "its daemon does not start here: $(tail -n 1 "$work/log/docker")"
    return
  fi
  # Builds have no volumes: the repositories are in the builder, and the Dockerfile is the same.
  local container builder=quay.io/e2e/driver-toolkit-and-sources:1
  container=$(buildah from --pull-never "$dtk")
  buildah add --quiet "$container" "$work/git" /srv/git >/dev/null
  buildah commit --quiet --rm "$container" "$builder" >/dev/null
  hand_to_docker "$builder"
  hand_to_docker "$runtime"
  built_by docker "$builder"
  try_layers docker "$builder"
}

# get_docker: $docker is where it is. What is not there is not installed, since that would start a
# daemon which changes the machine's network.
get_docker() {
  local daemon packages
  if daemon=$(type -P dockerd); then
    docker=$(dirname "$(dirname "$daemon")")
    return
  fi
  docker=$work/docker/usr
  mapfile -t packages < <(apt-get -s install --no-install-recommends docker.io | sed -nE 's/^Inst ([^ ]+) .*/\1/p')
  [ "${#packages[@]}" -gt 0 ] && unpack "$work/docker" "${packages[@]}"
}

# with_docker COMMAND...: with its programs, of which the daemon runs some, and that daemon alone.
with_docker() { PATH=$docker/bin:$docker/sbin:$PATH DOCKER_HOST=unix://$work/docker.sock "$@"; }

start_docker() {
  with_docker exec dockerd --host "unix://$work/docker.sock" --iptables=false --ip6tables=false --bridge=none \
    --data-root "$work/docker-images" --exec-root "$work/docker-run" --pidfile "$work/docker.pid" \
    > "$work/log/docker" 2>&1 &
  services+=($!)
  for _ in $(seq 200); do
    if with_docker docker info > "$work/log/docker-info" 2>&1; then break; fi
    kill -0 "${services[-1]}" 2>/dev/null || return
    sleep 0.1
  done
  with_docker docker info > "$work/log/docker-info" 2>&1 || return
  cat > "$work/bin/docker" <<WRAP
#!/bin/sh
export PATH='$docker/bin:$PATH' DOCKER_HOST=unix://$work/docker.sock DOCKER_BUILDKIT=1
if [ "\$1" = build ]; then
  shift
  if [ -n "\${online:-}" ]; then exec docker build --network=host "\$@"; fi
  exec docker build --network=none "\$@"
fi
exec docker "\$@"
WRAP
  chmod 755 "$work/bin/docker"
}

hand_to_docker() {
  buildah push --quiet "$1" "docker-archive:$work/handed.tar:$1"
  "$work/bin/docker" load --quiet --input "$work/handed.tar" >/dev/null
  rm "$work/handed.tar"
}
