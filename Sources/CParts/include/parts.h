#pragma once
/// Bounds of the function pointers that plugin files leave in the section "overtone_parts"; null when there are none.
extern const void *const *overtone_parts_begin(void);
extern const void *const *overtone_parts_end(void);
