# shellcheck shell=bash
# What the launch scripts share. To be sourced; sets `root`, the repository's root folder.

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)

# say MESSAGE: tells the user, on standard error.
say() { printf '%s\n' "$*" >&2; }

# fail STATUS MESSAGE: ends the script; the statuses are the program's own (Docs/running.md).
fail() {
  local status=$1
  shift
  say "error: $*"
  exit "$status"
}

# quietly COMMAND...: runs it and shows what it printed only if it fails.
quietly() {
  local output status=0
  output=$("$@" </dev/null 2>&1) || status=$?
  ((status == 0)) || say "$output"
  return "$status"
}

# ---- What must be installed

packages=(pkg-config openmpi-bin libopenmpi-dev libopenblas0 zlib1g-dev)

# is_installed PACKAGE: looks for what the package provides, however it got there.
is_installed() {
  case $1 in
    pkg-config) command -v pkg-config ;;
    openmpi-bin) [[ $(mpirun --version) == *"Open MPI"* ]] ;;
    libopenmpi-dev) pkg-config --exists ompi-c ;;
    libopenblas0) [[ $(/sbin/ldconfig -p) == *libopenblas.so.0* ]] ;;
    zlib1g-dev) pkg-config --exists zlib ;;
  esac >/dev/null 2>&1
}

# find_missing: puts the packages that are not installed into the array `missing`.
find_missing() {
  local package
  missing=()
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
}

# require_packages: ends the script unless everything is installed.
require_packages() {
  find_missing
  ((${#missing[@]} == 0)) ||
    fail 69 "not installed: ${missing[*]}; run launch/quickstart, or apt-get install them"
}

# install_packages: installs what is missing with apt-get.
install_packages() {
  find_missing
  ((${#missing[@]} > 0)) || return 0

  local tool how="apt-get"
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  if ((EUID != 0)); then
    how="sudo apt-get"
    get=(sudo "${get[@]}")
  fi
  for tool in apt-get "${get[0]}"; do
    command -v "$tool" >/dev/null ||
      fail 69 "not installed: ${missing[*]}; installing them takes apt-get, as root or with sudo"
  done

  say "Installing with $how: ${missing[*]}"
  quietly "${get[@]}" update || say "apt-get update failed; trying to install all the same"
  quietly "${get[@]}" install -y --no-install-recommends "${missing[@]}" || true
  find_missing
  ((${#missing[@]} == 0)) || fail 69 "could not install: ${missing[*]}; see above"
}

require_swift() {
  command -v swift >/dev/null ||
    fail 69 "no 'swift' on PATH; install Swift 6.3 from https://www.swift.org/install/linux"
}

# build_lockstep: builds the program, if anything changed, and sets `lockstep` to its path.
build_lockstep() {
  require_swift
  lockstep=$root/.build/release/lockstep
  [[ -x $lockstep ]] || say "Building (the first time takes minutes) ..."
  quietly swift build --package-path "$root" -c release --product lockstep ||
    fail 70 "the build failed; see above"
}

# ---- The public declarations

# find_modules BUILD: puts the options that let the compiler find the modules of a build, and what
# these import from C, into the array `modules`.
find_modules() {
  local build=$1 path name option found=()
  mapfile -t found < <(pkg-config --cflags-only-I ompi-c | xargs -r -n 1)
  for path in "$root"/Sources/*/include; do
    name=$(basename -- "$(dirname -- "$path")")
    found+=("-I$path" "-fmodule-map-file=$build/$name.build/module.modulemap")
  done
  for path in "$root"/Sources/*/module.modulemap; do found+=("-fmodule-map-file=$path"); done
  modules=(-I "$build/Modules")
  for option in "${found[@]}"; do modules+=(-Xcc "$option"); done
}

# extract_symbols BUILD FOLDER: writes what `import Lockstep` and `import ModelZoo` give to a
# program, with its comments, to symbol graphs in the folder.
extract_symbols() {
  local exported name
  find_modules "$1"
  # What a module exports of another counts as its own.
  exported=$(sed -nE 's/^@_exported public import ([a-z]+ )?([A-Za-z]+).*/\2/p' \
    "$root"/Sources/*/Exports.swift | sort -u | paste -sd ,)
  for name in Lockstep ModelZoo; do
    swift symbolgraph-extract -module-name "$name" "${modules[@]}" -output-dir "$2" \
      -target "$(uname -m)-unknown-linux-gnu" -minimum-access-level public \
      -skip-synthesized-members -experimental-allowed-reexported-modules="$exported" ||
      return
  done
}

# check_code BUILD FILE: lets the compiler look at a file that imports our modules.
check_code() {
  find_modules "$1"
  swiftc -typecheck -swift-version 6 "${modules[@]}" "$2"
}

# ---- Cores and threads

# allowed_cpus: prints the affinity mask of this process, one hardware thread a line.
allowed_cpus() {
  local first last
  sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' '\n' |
    while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done
}

# cpu_quotas: prints the CPU limit, in whole cores, of every control group this process is in.
cpu_quotas() {
  local group quota period
  group=$(sed -n 's/^0:://p' /proc/self/cgroup)
  while :; do
    if read -r quota period 2>/dev/null <"/sys/fs/cgroup$group/cpu.max"; then
      [[ $quota == max ]] || echo $((quota / period))
    fi
    [[ -n $group ]] || return 0
    group=${group%/*}
  done
}

# nproc obeys these two variables as well, which say nothing about the machine.
usable_cpus() { env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; }

# available_cores: prints how many cores this process may use; the hardware threads of a core
# count once, because they share the units that do the arithmetic.
available_cores() {
  local cpu siblings cores quota
  cores=$(
    allowed_cpus | while read -r cpu; do
      read -r siblings <"/sys/devices/system/cpu/cpu$cpu/topology/thread_siblings_list" || continue
      echo "$siblings"
    done 2>/dev/null | sort -u | wc -l
  )
  ((cores > 0)) || cores=$(usable_cpus)
  for quota in $(cpu_quotas); do
    ((quota >= cores)) || cores=$quota
  done
  echo $((cores > 0 ? cores : 1))
}

# ---- Ranks

# prepare_environment: sets what the program, mpirun, and tests that start mpirun, want to find.
prepare_environment() {
  # Fifty lines of back trace per rank would bury the one line that says what went wrong.
  export SWIFT_BACKTRACE=${SWIFT_BACKTRACE:-enable=no}
  if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# check_hosts HOSTFILE: ends the script if the file cannot be read or names an unknown host.
check_hosts() {
  local line=0 host
  [[ -f $1 && -r $1 ]] || fail 69 "$1: cannot read this host file"
  while read -r host _ || [[ -n $host ]]; do
    line=$((line + 1))
    host=${host%%#*}
    [[ -z $host ]] || getent hosts "${host#*@}" >/dev/null ||
      fail 69 "$1:$line: unknown host '${host#*@}'"
  done <"$1"
}

# mpirun_ranks RANKS THREADS CORES [HOSTFILE]: puts the mpirun command, without the program, into
# the array `mpirun`. With a host file RANKS may be empty: one rank for every slot in the file.
# After prepare_environment.
mpirun_ranks() {
  local ranks=$1 threads=$2 cores=$3 hosts=${4:-}
  mpirun=(mpirun)
  ((EUID != 0)) || mpirun+=(--allow-run-as-root)
  [[ -z $ranks ]] || mpirun+=(-n "$ranks")

  if [[ -n $hosts ]]; then
    # A host that vanishes is noticed after half a minute, not eight.
    mpirun+=(
      --hostfile "$hosts" --map-by "slot:PE=$threads" --bind-to core
      --mca oob_tcp_keepalive_time 10 --mca oob_tcp_keepalive_intvl 5
      --mca oob_tcp_keepalive_probes 3)
  elif ((ranks * threads > cores)); then
    say "note: $ranks ranks x $threads threads share $cores cores:" \
      "good for checking results, not for speed"
    mpirun+=(--bind-to none --oversubscribe --mca mpi_yield_when_idle 1)
  elif (($(usable_cpus) < $(getconf _NPROCESSORS_ONLN))); then
    # mpirun would bind to cores outside this process's affinity mask; unbound ranks inherit it.
    mpirun+=(--bind-to none --oversubscribe)
  else
    mpirun+=(--map-by "slot:PE=$threads" --bind-to core)
  fi

  # Under a system call filter, as in most containers, ranks may not read each other's memory.
  if grep -q '^Seccomp:[[:space:]]*2' /proc/self/status; then
    mpirun+=(--mca btl_vader_single_copy_mechanism none)
  fi
  mpirun+=(-x "SWIFT_BACKTRACE=$SWIFT_BACKTRACE")
}

# draw_progress: passes standard error on; lines that begin with a carriage return are states of a
# bar, each drawn over the one before, on the terminal that standard error must then be.
draw_progress() {
  trap '' INT TERM
  local line clear=""
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ $line == $'\r'* ]]; then
      printf '%s\033[K' "$line"
      clear=$'\r\033[K'
    else
      printf '%s%s\n' "$clear" "$line"
      clear=""
    fi
  done
}

# terminal_columns: prints how wide the terminal on standard error is; nothing where there is none.
terminal_columns() {
  [[ -t 2 && ${TERM:-dumb} != dumb ]] || return 0
  local size
  size=$(stty size <&2 2>/dev/null) || return 0
  echo "${size#* }"
}

# without_boilerplate: passes mpirun's standard error on, less the paragraphs that repeat what the
# failing rank has said in one line. What mpirun alone knows (a signal, a failed start) stays.
without_boilerplate() {
  trap '' INT TERM # ends with its input, so that the last words of the ranks are not lost
  sed -u '
    /show_help\.c at line/d
    /sent help message help-mpi-api\.txt/d
    /orte_base_help_aggregate/d
    /^-\{74\}$/ {
      :more
      N
      /\n-\{74\}$/! b more
      /Primary job  terminated normally/d
      /one or more processes exited with non-zero status/d
      /MPI_ABORT was invoked/d
    }'
}
