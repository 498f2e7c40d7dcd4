# shellcheck shell=bash
# shellcheck disable=SC2154 # work, port, root, KMODGEN: of ../fleet and verify.sh
# What kmodgen says of an image, beside what kmod's own tools say. Sourced by ../fleet.

tags() {
  skopeo list-tags --authfile "$work/auth.json" --tls-verify=false "docker://127.0.0.1:$port/kmods/fleet" \
    | python3 -c 'import json, sys; print(*json.load(sys.stdin)["Tags"], sep="\n")'
}

differs() { ! "$@"; }

# agrees IMAGE RELEASE [OTHER]: the release that kmod's tools are asked for is another one where given.
agrees() {
  local container said code=0
  said=$("$KMODGEN" verify --engine buildah --release "$2" --format json "$1") || { echo "$said"; return 1; }
  container=$(buildah from --pull-never "$1") && root=$(buildah mount "$container") || return
  tells_the_same "${3:-$2}" "$said" || code=1
  buildah rm "$container" >/dev/null
  return "$code"
}

# tells_the_same RELEASE WHAT-VERIFY-SAID: about the image that is looked into.
tells_the_same() {
  local folder=$root/opt/lib/modules/$1/extra
  has_only "$1" extra kmm_ci_a kmm_ci_b || return
  loads "$1" extra || return
  diff <(printf 'kmm_ci_a\nkmm_ci_b\nkmm_ci_b\n\n') \
    <(for field in name depends; do modinfo -F "$field" "$folder/kmm_ci_a.ko"; modinfo -F "$field" "$folder/kmm_ci_b.ko"; done) || return
  diff <(modinfo -F vermagic "$folder"/*.ko | cut -d ' ' -f 1 | sort -u; find "$root/opt" -name '*.ko' | wc -l; echo 0) \
    <(python3 -c '
import json, sys
said = json.loads(sys.argv[1])
print(*said["releases"], said["modules"], len(said["findings"]), sep="\n")' "$2")
}
