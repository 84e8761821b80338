#!/bin/sh
# Installs what Overtone needs from the system: on Debian and its kin with apt-get, elsewhere it says what is missing.
set -eu

packages="libopenblas-dev libfftw3-dev libyaml-dev libhdf5-dev libpng-dev libjpeg-dev zlib1g-dev libssl-dev pkg-config"

if ! command -v swift >/dev/null 2>&1; then
  echo "Swift is missing: install the 6.3 toolchain from https://www.swift.org/install/linux and put it on PATH." >&2
  exit 1
fi

if ! command -v dpkg-query >/dev/null 2>&1; then
  missing=""
  command -v pkg-config >/dev/null 2>&1 || missing=" pkg-config"
  for library in openblas fftw3f yaml-0.1 hdf5 libpng libjpeg zlib libcrypto; do
    pkg-config --exists "$library" 2>/dev/null || missing="$missing $library"
  done
  [ -z "$missing" ] && exit 0
  echo "These libraries are missing, with their headers:$missing. Install them with your system's package manager." >&2
  exit 1
fi

missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

echo "Installing$missing"
if [ "$(id -u)" -eq 0 ]; then sudo=""; elif command -v sudo >/dev/null 2>&1; then sudo="sudo"; else
  echo "Run this as root, or install them yourself: apt-get install$missing" >&2
  exit 1
fi
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq $missing >/dev/null
