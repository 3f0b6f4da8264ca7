#!/usr/bin/env bash
# Bring the real parts that tests run against into the cache folder; what this machine cannot have is named and left out.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/nephoscope"
python="${PYTHON:-python3}"
mkdir -p "$cache/bin"

left_out() { echo "left out: $1" >&2; }

# Debian's: Redis for the feature store, Chromium for the pages.
missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
    else
        left_out "${missing[*]} (install with apt-get)"
    fi
fi

# Azure's storage.
if [ ! -x "$cache/npm/node_modules/.bin/azurite" ]; then
    if command -v npm >/dev/null; then
        npm install --silent --no-fund --no-audit --prefix "$cache/npm" azurite@3.35.0
    else
        left_out "azurite (needs npm)"
    fi
fi

# Lambda's runtime interface emulator, out of the wheel that carries it.
rie=aws-lambda-rie-x86_64
if [ ! -x "$cache/bin/$rie" ]; then
    wheel="$(mktemp -d)"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$wheel" aws-sam-cli
    "$python" - "$wheel" "$cache/bin/$rie" <<'END'
import pathlib, sys, zipfile
folder, target = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith(target.name))
    target.write_bytes(wheel.read(name))
target.chmod(0o755)
END
    rm -r "$wheel"
fi

# What asks the HTTP entry points whatever their OpenAPI document allows, and what it does not.
fuzzer="$cache/schemathesis"
if [ ! -x "$fuzzer/bin/schemathesis" ]; then
    "$python" -m venv "$fuzzer"
    "$fuzzer/bin/python" -m pip install --quiet --disable-pip-version-check 'schemathesis==4.*'
fi

# Azure's own worker, which needs Python 3.13.
worker="$cache/azure-runtime"
if [ ! -x "$worker/bin/python" ]; then
    newest="$(command -v python3.13 || true)"
    if command -v pyenv >/dev/null; then
        found="$(pyenv versions --bare | grep '^3\.13' | tail -n 1 || true)"
        [ -n "$found" ] && newest="$(pyenv root)/versions/$found/bin/python3.13"
    fi
    if [ -n "$newest" ] && "$newest" --version >/dev/null 2>&1; then
        "$newest" -m venv "$worker"
        "$worker/bin/python" -m pip install --quiet --disable-pip-version-check 'azure-functions==2.3.*' 'azure-functions-runtime==1.3.*'
    else
        left_out "Azure's worker (needs Python 3.13)"
    fi
fi
