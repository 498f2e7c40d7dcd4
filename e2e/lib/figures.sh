# shellcheck shell=bash
# shellcheck disable=SC2154 # work, here, releases, count, image, dtk, build, KMODGEN: of ../fleet
# How long kmodgen takes, and how long beside the engine alone. Sourced by ../fleet.

pairs=17 # kernels that both build
again=7  # runs that find everything built

# timed COMMAND...: $took is its time, and $worked the processors' on it, in microseconds.
timed() {
  local from=${EPOCHREALTIME/[.,]/} TIMEFORMAT='%3U %3S' worked_for
  { time "$@" > "$work/log/timed" 2>&1; } 2> "$work/log/worked" ||
    { tail -n 20 "$work/log/timed" >&2; die "a figure cannot be taken: $*"; }
  took=$((${EPOCHREALTIME/[.,]/} - from))
  read -ra worked_for < "$work/log/worked"
  worked=$(((10#${worked_for[0]/[.,]/} + 10#${worked_for[1]/[.,]/}) * 1000))
}

by_kmodgen() { "${build[@]}" --offline --jobs 1 --only "fleet/$(pattern "$1")"; }

# by_engine RELEASE: what kmodgen asks the engine for, and a name for what comes out.
by_engine() {
  "$work/bin/buildah" build --file "$work/project/gitops/fleet/$1/Dockerfile" \
    --build-arg "KERNEL_VERSION=$1" --build-arg "KERNEL_FULL_VERSION=$1" \
    --build-arg MOD_NAME=fleet --build-arg MOD_NAMESPACE=kmm-ci --build-arg "DTK_AUTO=$dtk" \
    --tag "${image[$1]}" "$work/empty"
}

# forget RELEASE: fails where the build before made no image, so that no figure is of nothing done.
forget() { buildah rmi "${image[$1]}" >/dev/null || die "there is no image for $1 to remove"; }

# asks_the_same RELEASE: the two ask the engine for the same build, of the same bytes.
asks_the_same() {
  local who
  forget "$1"
  mv "$work/bin/buildah" "$work/bin/held"
  # Builds nothing, and keeps what it is asked, but not where files are and how the image is named.
  cat > "$work/bin/buildah" <<RECORDER
#!/bin/sh
[ "\$1" = build ] || exec "$work/bin/held" "\$@"
{
  while [ \$# -gt 1 ]; do
    case \$1 in
      --file) sha256sum < "\$2"; shift 2 ;;
      --iidfile | --tag) shift 2 ;;
      *) echo "\$1"; shift ;;
    esac
  done
  ls -A "\$1"
} > "\$ASKED"
exit 1
RECORDER
  chmod 755 "$work/bin/buildah"
  for who in by_kmodgen by_engine; do ASKED=$work/log/asked-$who "$who" "$1" || true; done
  mv "$work/bin/held" "$work/bin/buildah"
  by_engine "$1" > "$work/log/timed" 2>&1 || return
  grep -qxF "KERNEL_VERSION=$1" "$work/log/asked-by_kmodgen" &&
    diff "$work/log/asked-by_kmodgen" "$work/log/asked-by_engine"
}

within_goals() {
  python3 -c '
import json, sys
rows = [row for row in json.load(open(sys.argv[1], encoding="utf-8"))["rows"] if row["goal"] is not None]
sys.exit("; ".join(row["what"] for row in rows if row["median"] > row["goal"]) or None if rows else "no row has a goal")' "$results"
}

# Rows of WHAT and microseconds, which figures.py sums up.
take_figures() {
  local rows=$work/figures.tsv at seen asked release who order load results=$here/../benches/results/fleet.json
  load=$(cut -d ' ' -f 1 /proc/loadavg)
  : > "$rows"
  for ((at = 0; at < again; at++)); do
    timed "${build[@]}" --offline
    printf 'again\t%s\n' "$took" >> "$rows"
    seen=$(wc -c < "$work/log/registry")
    timed "${build[@]}" --push
    asked=$(tail -c "+$((seen + 1))" "$work/log/registry" | python3 "$here/lib/answers.py" "$count")
    printf 'again-asking\t%s\nanswers\t%s\nbeside-answers\t%s\n' "$took" "$asked" "$((took - asked))" >> "$rows"
  done
  check 'the engine alone is asked for the same build' asks_the_same "${releases[0]}"
  # Kernels from all over the list: both lines and all flavours. Who comes first changes from pair to pair.
  for ((at = 0; at < pairs; at++)); do
    release=${releases[at * count / pairs]}
    order=(by_kmodgen by_engine)
    if [ $((at % 2)) = 1 ]; then order=(by_engine by_kmodgen); fi
    for who in "${order[@]}"; do
      forget "$release"
      timed "$who" "$release"
      printf '%s\t%s\n%s-worked\t%s\n' "$who" "$took" "$who" "$worked" >> "$rows"
    done
  done
  mkdir -p "$(dirname "$results")"
  python3 "$here/lib/figures.py" "$count" "$rows" "$results" "$load" "$("$KMODGEN" --version)" "$(buildah --version)"
  check 'every median is within its goal' within_goals
}
