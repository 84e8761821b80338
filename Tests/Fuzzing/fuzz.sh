#!/bin/sh
# fuzz.sh FUZZ [RUNS [SECONDS [TARGET...]]]: gives every reader RUNS mutated inputs, for at most SECONDS each; a line a
# reader. An input that ends a reader by a signal, or takes more than a second or 500 MB, is kept; the exit status is 1.
cd "$(dirname "$0")/../.." || exit 2
program=$1 runs=${2:-1000000} seconds=${3:-600}
[ $# -gt 3 ] && shift 3 && targets=$* || targets=$("$program" --list) || exit 2
found=.build-fuzz/found log=.build-fuzz/log
mkdir -p "$found" "$log"
# libFuzzer catches the signals, and keeps the input.
export SWIFT_BACKTRACE=enable=no OPENBLAS_NUM_THREADS=1
status=0
for target in $targets; do
  work=.build-fuzz/corpus/$target
  # Short inputs are read many times in the time of a long one; an HDF5 file cannot be short.
  case $target in hdf5 | tar) longest=16384 ;; yaml | overrides) longest=2048 ;; journal) longest=512 ;; *) longest=4096 ;; esac
  # The child that reads HDF5 files has limits of its own; 2^27 pixels in arithmetic codes take few bytes, and seconds.
  case $target in hdf5 | jpeg) limit=20 ;; *) limit=1 ;; esac
  rm -rf "$work" && mkdir -p "$work" "Tests/Fuzzing/Corpus/$target"
  "$program" --target="$target" --words > "$work.words"
  cp "Tests/Fuzzing/Corpus/$target"/* "$work" 2> /dev/null
  "$program" --target="$target" --seeds | while read -r folder suffix; do
    find "$folder" -name "*$suffix" -size -32k | while read -r seed; do
      cp "$seed" "$work/$(echo "$seed" | tr / _)"
    done
  done
  "$program" --target="$target" -runs="$runs" -max_total_time="$seconds" -timeout=$limit -rss_limit_mb=500 \
    -malloc_limit_mb=500 -max_len=$longest -len_control=0 -print_final_stats=1 -close_fd_mask=1 \
    $([ -s "$work.words" ] && echo "-dict=$work.words") -artifact_prefix="$found/$target-" "$work" > "$log/$target.log" 2>&1
  end=$?
  done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log/$target.log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log/$target.log")
  peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log/$target.log")
  edges=$(grep -o 'cov: [0-9]*' "$log/$target.log" | tail -1)
  signals=$(sed -n 's/^inputs to processes: [0-9]*, /; processes /p' "$log/$target.log" | tail -1)
  echo "$target: ${done:-0} inputs, ${rate:-0} a second, $edges, ${peak:-0} MB$signals; $([ $end = 0 ] && echo sound || echo FAILED)"
  if [ $end != 0 ]; then
    status=1
    grep -E '^(==|SUMMARY|Test unit|.*Fatal error|.*precondition)|ERROR' "$log/$target.log" | head -5
    input=$(sed -n 's/.*Test unit written to //p' "$log/$target.log" | tail -1)
    [ -n "$input" ] && echo "  again: $program --target=$target $input" \
      && echo "  keep:  cp $input Tests/Fuzzing/Corpus/$target/"
  fi
done
exit $status
