# shellcheck shell=bash
# shellcheck disable=SC2154 # work: of ../run
# A registry that wants a password. Sourced by ../run and ../fleet.

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_registry() {
  apt-get install -qy --no-install-recommends apache2-utils docker-registry skopeo >/dev/null
  port=$(free_port)
  htpasswd -Bbn e2e secret > "$work/htpasswd" 2>/dev/null
  cat > "$work/registry.yml" <<CONFIG
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: 127.0.0.1:$port}
auth: {htpasswd: {realm: e2e, path: $work/htpasswd}}
CONFIG
  docker-registry serve "$work/registry.yml" > "$work/log/registry" 2>&1 &
  registry=$!
  services+=("$registry")
  for _ in $(seq 100); do
    if (: > "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 0.1
  done
  die "the registry does not start: $(tail -n 1 "$work/log/registry")"
}

# log_in: the engine, and kmodgen by $REGISTRY_AUTH_FILE, know the password from here on.
log_in() { buildah login --authfile "$work/auth.json" --tls-verify=false -u e2e -p secret "127.0.0.1:$port"; }

stop_registry() {
  kill "$registry"
  wait "$registry" || true
}
