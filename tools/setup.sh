#!/bin/sh
# setup.sh - makes this machine ready for one or more purposes: names the Debian packages that are missing, then
# installs them (with sudo where not root). On other systems it names them and goes on.
# usage: tools/setup.sh build|test|cross|python ...
set -eu
cd "$(dirname "$0")/.."

# What `make` needs.
build="gcc libc6-dev cmake ninja-build pkg-config libzstd-dev liblz4-dev zlib1g-dev liblzma-dev libbz2-dev
    libbrotli-dev libsnappy-dev libsqlite3-dev libjansson-dev libxxhash-dev"
# What the checks of `make test` need besides.
test="clang-14 libclang-rt-14-dev llvm-14 clang-format-14 clang-tidy-14 cppcheck libcmocka-dev"
# What the tests in Python and the bench need: the packages of tests/requirements.txt in build/venv.
python="python3 python3-venv"
# What the build for aarch64 and its tests need; the libraries stand beside those of this machine (multiarch).
cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libzstd-dev:arm64 liblz4-dev:arm64 zlib1g-dev:arm64
    liblzma-dev:arm64 libbz2-dev:arm64 libbrotli-dev:arm64 libsnappy-dev:arm64 libsqlite3-dev:arm64
    libjansson-dev:arm64 libxxhash-dev:arm64 libcmocka-dev:arm64"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "setup: not root and no sudo; as root run: $*" >&2
        return 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>build/setup.log 2>&1
}

install_packages() {
    missing=
    for package; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "setup: missing Debian packages:$missing"
    case $missing in *:arm64*)
        if ! dpkg --print-foreign-architectures | grep -qx arm64; then
            as_root dpkg --add-architecture arm64
            apt update || true # the installation below says what is wrong
        fi
    esac
    echo "setup: installing them (log in build/setup.log)"
    # shellcheck disable=SC2086
    apt install --no-install-recommends $missing || { # package lists are absent or old
        apt update && apt install --no-install-recommends $missing
    } || {
        tail -n 20 build/setup.log >&2
        echo "setup: could not install:$missing" >&2
        return 1
    }
}

make_venv() {
    cmp -s tests/requirements.txt build/venv/requirements.txt && return 0
    echo "setup: installing the Python packages of tests/requirements.txt into build/venv"
    system_python=/usr/bin/python3 # the one that python3-venv belongs to
    [ -x "$system_python" ] || system_python=python3
    "$system_python" -m venv --clear build/venv &&
        build/venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt \
            >>build/setup.log 2>&1 &&
        cp tests/requirements.txt build/venv/requirements.txt || {
        tail -n 20 build/setup.log >&2
        echo "setup: could not install the Python packages" >&2
        return 1
    }
}

mkdir -p build
for purpose; do
    case $purpose in
    build) packages=$build ;;
    test) packages=$test ;;
    cross) packages=$cross ;;
    python) packages=$python ;;
    *)
        echo "usage: tools/setup.sh build|test|cross|python ..." >&2
        exit 2
        ;;
    esac
    if command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086
        install_packages $packages
    else
        echo "setup: no apt-get here; for \"$purpose\" have what Debian 12 calls:" $packages
    fi
    [ "$purpose" != python ] || make_venv
done
