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

# ---- Ranks

# prepare_environment: sets what the program, and tests that start mpirun, want to find. What decides
# on cores, hosts and mpirun's options is the program: `lockstep launch`.
prepare_environment() {
  # Fifty lines of back trace per rank would bury the one line that says what went wrong.
  export SWIFT_BACKTRACE=${SWIFT_BACKTRACE:-enable=no}
  if ((EUID == 0)); then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}
