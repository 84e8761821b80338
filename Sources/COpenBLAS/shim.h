#pragma once
#include <sys/syscall.h>
#include <unistd.h>
#include <cblas.h>  // types only: the library is loaded at first use (Tensors/Runtime/BLAS.swift)

/// The vector instructions of this processor: 2 with AVX-512 F, DQ, BW and VL, 1 with AVX2 and FMA, 0 with neither or
/// on another architecture.
static inline int overtone_vector_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
  return 0;
}

/// Cores that this process may run on (its affinity, as taskset or a batch system set it); at least 1.
static inline int overtone_available_cores(void) {
  unsigned long mask[128] = {0};
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int cores = 0;
  for (unsigned long i = 0; bytes > 0 && i < bytes / sizeof mask[0]; i++) cores += __builtin_popcountl(mask[i]);
  return cores > 0 ? cores : 1;
}
