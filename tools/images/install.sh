#!/bin/sh
# Puts Python packages into /opt/venv of an image under construction, with the uv beside this file.
#
#   install.sh packages                 what /opt/platform/requirements.lock says, each with its hash
#   install.sh programs FOLDER...       our own packages, on top
#   install.sh check MODULE...          nothing: ends the build if one cannot be imported, for want of a library, say
#
# What is mounted while this runs is not in the image: uv, its cache, the building machine's certificates and the
# address of its package index.
set -eu

export UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
if [ -s /run/secrets/certificates ]; then export SSL_CERT_FILE=/run/secrets/certificates; fi
if [ -s /run/secrets/index ]; then UV_DEFAULT_INDEX=$(cat /run/secrets/index) && export UV_DEFAULT_INDEX; fi

uv=$(dirname "$0")/uv
python=/opt/venv/bin/python
constraints=/opt/platform/build.lock
# Python cannot keep what it compiles on a read-only file system, so all is compiled here; and not by files' times,
# which are all set to one when the image is written: Python would find that nothing fits.

case "${1:-}" in
packages)
    "$uv" venv --quiet --python /usr/bin/python3 /opt/venv
    "$uv" pip sync --python "$python" --require-hashes --build-constraints "$constraints" /opt/platform/requirements.lock
    # Packages bring their own tests along (a tenth of the whole), which nothing imports.
    find /opt/venv -path '*/tests/*' -name 'test_*.py' -delete
    # Templates that are no Python yet are reported, and left out.
    "$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib || true
    ;;
programs)
    shift
    export UV_COMPILE_BYTECODE=1 PYC_INVALIDATION_MODE=UNCHECKED_HASH
    "$uv" pip install --python "$python" --no-deps --build-constraints "$constraints" "$@"
    # uv notes when each folder was changed: that would make two builds of the same sources differ.
    find /opt/venv -name uv_cache.json -delete
    find /opt/venv -path '*.dist-info/RECORD' -exec grep -l 'uv_cache\.json' {} + | xargs -r sed -i '/uv_cache\.json/d'
    ;;
check)
    shift
    scratch=$(mktemp -d)
    HOME=$scratch TMPDIR=$scratch PYTHONDONTWRITEBYTECODE=1 "$python" -c \
        'import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]' "$@"
    rm -rf "$scratch"
    ;;
*)
    echo "install.sh: say 'packages', 'programs FOLDER...' or 'check MODULE...'" >&2
    exit 2
    ;;
esac
