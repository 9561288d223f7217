#!/usr/bin/env bash
# Host, provider's file, gateway and recorder under load, while others attack them, a service dies again and again, and settings are
# reloaded: no honest call may fail, memory and open files must stay flat. It says how many calls there were, and how long they took.
# Needs python3 and Linux. With SOAK_TOOL, another build of the tool is tried, such as an optimised one.
# usage: soak.sh [MINUTES]                           (1; some hours for a release)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/services.sh"
cd "$top"
command -v python3 >/dev/null || "$here/mono.sh" install-packages python3
[ -n "${SOAK_TOOL:-}" ] || build_tool
rm -rf "$work/soak"
mkdir -p "$work/soak"
ulimit -n 4096
python3 "$here/soak.py" "${SOAK_TOOL:-$tool}" "$work/soak" $((${1:-1} * 60 - 15))
