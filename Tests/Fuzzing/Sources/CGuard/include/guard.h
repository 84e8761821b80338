#pragma once
#include <stddef.h>

/// Runs `body` on the input in a copy of this process, which goes on with the next inputs until one ends it.
/// Returns 0 where it did not end, -1 where there is no such process, and the number of the signal that ended it
/// otherwise: SIGPROF after a quarter of a second of work. What it executed counts as executed here.
int overtone_guard(void (*body)(const unsigned char *, size_t), const unsigned char *bytes, size_t size);

/// Limits the memory of this process to `bytes` more than it has mapped now; returns 0 where that worked.
int overtone_limit_memory(unsigned long bytes);
