# shellcheck shell=bash
# Counting, timing and telling. Sourced by ../run and ../fleet.

passed=0
failed=0
skipped=0
lacking=() # what was skipped although this machine could have run it
section_from=

# say WHAT: a section begins, and the one before it tells how long it took.
say() {
  took
  section_from=$SECONDS
  printf '\n== %s\n' "$*"
}
took() { [ -z "$section_from" ] || printf '   %d s\n' "$((SECONDS - section_from))"; }

pass() { passed=$((passed + 1)); printf 'ok      %s\n' "$*"; }
fail() { failed=$((failed + 1)); printf 'FAILED  %s\n' "$*"; }
die() { printf 'e2e: %s\n' "$*" >&2; exit 2; }

# skip WHAT WHY: a part that this machine cannot run, whatever one installs on it.
skip() { skipped=$((skipped + 1)); printf 'skipped %s: %s\n' "$1" "$2"; }

# missing WHAT WHY: a part that did not run, and that any Debian on amd64 with its package servers
# can run. Where CI is set nobody reads what was skipped, so there it fails the run.
missing() {
  skip "$@"
  lacking+=("$1")
}

# check WHAT COMMAND...: one pass or failure by the command's exit code; its output is shown on failure.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    pass "$what"
  else
    fail "$what"
    printf '%s\n' "$output" | tail -n 60 | sed 's/^/        | /'
  fi
}

# finish: the counts, as the last line; succeeds where nothing failed.
finish() {
  local what
  took
  printf '\n%d s in all\n' "$SECONDS"
  if [ -n "${CI:-}" ]; then
    for what in "${lacking[@]}"; do fail "CI is set, and this machine can run what was skipped: $what"; done
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ]
}
