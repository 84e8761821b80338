#include "parts.h"

// The linker makes these two symbols when any object has an "overtone_parts" section (ELF).
extern const void *const __start_overtone_parts[] __attribute__((weak));
extern const void *const __stop_overtone_parts[] __attribute__((weak));
const void *const *overtone_parts_begin(void) { return __start_overtone_parts; }
const void *const *overtone_parts_end(void) { return __stop_overtone_parts; }
