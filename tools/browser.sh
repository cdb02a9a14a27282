#!/bin/sh
# Looks for Chromium and chromedriver, which some tests drive. Where they are missing, continuous integration
# (CI=true, as root, with apt-get) installs them. Never fails: without them those tests are skipped, and say so.
set -u

found() {
    command -v chromedriver >/dev/null || return 1
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

apt() {
    DEBIAN_FRONTEND=noninteractive timeout 600 \
        apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 "$@" >/dev/null
}

if ! found && [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the tests."
    apt update && apt install -y --no-install-recommends chromium chromium-driver
fi
if found; then
    echo "Chromium and chromedriver are here: the tests in a browser will run."
else
    echo "Chromium and chromedriver are not both here: the tests in a browser will be skipped."
    echo "On Debian: apt install chromium chromium-driver"
fi
exit 0
