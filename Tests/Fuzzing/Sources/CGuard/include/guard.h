#pragma once

/// Runs `body(context)` in a copy of this process, which ends with it.
/// Returns 0 where it ended by itself, and the number of the signal that ended it otherwise: SIGPROF after a second of
/// work.
int overtone_guard(void (*body)(void *), void *context);

/// Limits the memory of this process to `bytes` more than it has mapped now; returns 0 where that worked.
int overtone_limit_memory(unsigned long bytes);
