#!/bin/sh
# Makes a DocC archive of each library product in .build/docs, from the modules of a build: build-docs.sh FOLDER-OF-THE-BUILD.
# Only the toolchain is needed. A warning is an error.
set -eu

build=$1
modules="Tensors Networks Settings Autoregression AutoregressionTesting Laboratory OvertoneCLI"
target="$(uname -m)-unknown-linux-gnu"
tools=$(dirname "$(readlink -f "$(command -v swift)")")
docs=.build/docs

# The headers that the modules were compiled with.
headers="-Xcc -fmodule-map-file=$build/CParts.build/module.modulemap -Xcc -ISources/CParts/include"
for library in COpenBLAS CFFTW CYAML CHDF5 CPNG CJPEG CZlib CCrypto; do headers="$headers -I Sources/$library"; done
for flag in $(pkg-config --cflags hdf5 fftw3f yaml-0.1 zlib libcrypto); do headers="$headers -Xcc $flag"; done

rm -rf "$docs"
for module in $modules; do
  graphs="$docs/graphs/$module"
  mkdir -p "$graphs"
  # shellcheck disable=SC2086
  "$tools/swift-symbolgraph-extract" -module-name "$module" -target "$target" -I "$build/Modules" $headers \
    -minimum-access-level public -skip-inherited-docs -output-dir "$graphs"
  "$tools/docc" convert --additional-symbol-graph-dir "$graphs" --fallback-display-name "$module" \
    --fallback-bundle-identifier "overtone.$module" --warnings-as-errors --output-path "$docs/$module.doccarchive"
done
rm -rf "$docs/graphs"
echo "API pages are in $docs. 'docc preview' or any web server shows one: python3 -m http.server -d $docs/Tensors.doccarchive"
