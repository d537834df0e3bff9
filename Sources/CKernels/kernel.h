// What every kernel file needs: dispatch, inlining, and the order of sums.
#ifndef LOCKSTEP_KERNEL_H
#define LOCKSTEP_KERNEL_H

#include "CKernels.h"

// One function, three bodies: the dynamic loader picks by CPU at start. Elsewhere the compiler's
// baseline is used; under the thread sanitizer too, which is not ready yet when the loader picks.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && \
    !__has_feature(thread_sanitizer)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KERNEL
#endif

// A helper of a kernel must be inlined, or it would be compiled for the baseline only.
#define INLINE static inline __attribute__((always_inline))

/// Whether there are 32 registers of 16 floats. For functions that choose their tiles by that, which
/// `target_clones` cannot say.
INLINE bool has_wide_registers(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

// a * b + c may become one fused operation where the CPU has it.
#pragma clang fp contract(fast)

// Iterations are independent even where `out` is one of the inputs.
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

// The same for long chains of dependent operations: two at a time, or units wait for results.
#define INDEPENDENT_CHAINS _Pragma("clang loop vectorize(assume_safety) interleave_count(2)")

// Unlike sqrtf, which may set errno, this vectorises.
#define square_root __builtin_elementwise_sqrt

// Sums run in 16 lanes whatever the width of the machine's registers.
enum { LANES = 16 };
typedef float lanes_t __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE float lanes_sum(const lanes_t *v) {
  float s[LANES];
  __builtin_memcpy(s, v, sizeof s);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) s[i] += s[i + width];
  return s[0];
}

#endif
