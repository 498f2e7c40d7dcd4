# shellcheck shell=bash
# Counting and telling. Sourced by ../run and ../fleet.

passed=0
failed=0

say() { printf '\n== %s\n' "$*"; }
pass() { passed=$((passed + 1)); printf 'ok      %s\n' "$*"; }
fail() { failed=$((failed + 1)); printf 'FAILED  %s\n' "$*"; }
skip() { printf 'skipped %s\n' "$*"; }
die() { printf 'e2e: %s\n' "$*" >&2; exit 2; }

# check WHAT COMMAND...: one pass or failure by the command's exit code; its output is shown on failure.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    pass "$what"
  else
    fail "$what"
    printf '%s\n' "$output" | tail -n 25 | sed 's/^/        | /'
  fi
}
