# lib.sh - what the scripts share: strict mode, the root of the project, quiet builds. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

jobs=${EPISODIC_JOBS:-$(nproc)}

say() { printf '== %s\n' "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# build <preset> [target...]: configures and builds; says one line, and shows the log only when something is wrong.
build() {
    local preset=$1 log="build/$1.log" start=$SECONDS
    shift
    if [ -z "${CMAKE_GENERATOR:-}" ] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
    mkdir -p build
    printf '== building %s ... ' "$preset"
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}; } \
        >"$log" 2>&1; then
        printf 'failed\n'
        { grep -E 'error:|Error|undefined reference|FAILED:' "$log" || tail -n 30 "$log"; } | cut -c1-240 | head -n 40
        die "the $preset build failed; the whole log is $log"
    fi
    printf '%s s\n' $((SECONDS - start))
}
