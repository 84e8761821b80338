#!/bin/sh
# Runs every example of docs/reading-results against runs made now. An interpreter or package that is missing is named,
# and its example left out. OVERTONE: the program; PYTHON: an interpreter that has the packages.
set -eu
cd "$(dirname "$0")/.."
program=${OVERTONE:-.build/release/overtone} python=${PYTHON:-python3} examples=docs/reading-results
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$program" run --quiet Experiments/smoke/sweep.yaml results="$folder/results"
run=$(dirname "$(ls -d "$folder"/results/sweep/full,filter=dct-*/1/samples.h5)")
ran=0 skipped=0

# example NAME 'whether it can run' 'what is missing' COMMAND...: it must end well, and print the last loss of the run.
model=$(sed -n 's/.*"model" : "\(.*\)".*/\1/p' "$run/inputs.json")
"$program" export "$model/metrics.h5" "$folder/train.csv" --dataset train/loss > "$folder/said"
last=$(tail -n 1 "$folder/train.csv" | cut -d, -f2 | cut -c1-5)
example() {
  name=$1 test=$2 missing=$3
  shift 3
  if ! sh -c "$test" > /dev/null 2>&1; then
    echo "$name: left out, $missing"
    skipped=$((skipped + 1))
    return
  fi
  if "$@" > "$folder/said" 2>&1 && grep -q -F "$last" "$folder/said"; then
    echo "$name: works"
    ran=$((ran + 1))
  else
    echo "$name: fails (looked for the loss $last):"
    cat "$folder/said"
    exit 1
  fi
}

example h5py_pandas.py "'$python' -c 'import h5py, pandas, matplotlib'" "$python has no h5py, pandas or matplotlib" \
  "$python" $examples/h5py_pandas.py "$run" "$folder/out"
example with_xarray.py "'$python' -c 'import xarray, h5netcdf, pandas, matplotlib'" "$python has no xarray, h5netcdf or matplotlib" \
  "$python" $examples/with_xarray.py "$run" "$folder/out"
example results.R "Rscript -e 'library(rhdf5); library(jsonlite)'" "there is no R with rhdf5 and jsonlite" \
  Rscript $examples/results.R "$run" "$folder/out"
example results.m "octave --version" "there is no octave" \
  octave --no-gui --quiet --eval "addpath('$examples'); results('$run', '$folder/out')"
example results.jl "julia -e 'using HDF5, JSON'" "there is no julia with HDF5 and JSON" julia $examples/results.jl "$run"
echo "$ran examples work, $skipped were left out."
