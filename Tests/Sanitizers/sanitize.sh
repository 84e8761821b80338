#!/bin/sh
# sanitize.sh address|thread...: builds every test with the sanitizer, and runs all but those that its list names.
cd "$(dirname "$0")/../.." || exit 2
folder=Tests/Sanitizers status=0
# Leaks are not looked for: libraries keep tables until the process ends, and the detector needs ptrace.
# An allocation that fails returns nothing, as without the sanitizer.
export ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1:suppressions=$PWD/$folder/address.supp"
export TSAN_OPTIONS="suppressions=$PWD/$folder/thread.supp:exitcode=66:report_signal_unsafe=0"
export SWIFT_BACKTRACE=enable=no OPENBLAS_NUM_THREADS=1
for name in "$@"; do
  flags="-c release -Xcc -march=native --sanitize=$name --scratch-path .build-$name"
  log=.build-$name.log
  swift build $flags --build-tests > "$log" 2>&1 || { grep -E 'error' "$log" | head; status=1; continue; }
  # A line of the list: a pattern of tests, two spaces, the reason.
  set --
  while IFS= read -r line; do
    case $line in '' | '#'*) ;; *) set -- "$@" --skip "${line%%  *}" ;; esac
  done < "$folder/$name.skip"
  swift test $flags --skip-build "$@" > "$log" 2>&1
  end=$?
  reports=$(grep -cE '^(==[0-9]+==ERROR|WARNING: ThreadSanitizer)' "$log")
  failed=$(grep -cE '^✘ Test ".*" (with [0-9]+ test cases )?failed' "$log")
  echo "$name: $(grep -oE 'Test run with [0-9]+ tests' "$log" | tail -1), $failed failed, $reports reports, log in $log"
  [ "$end" = 0 ] && [ "$reports" = 0 ] || status=1
done
exit $status
