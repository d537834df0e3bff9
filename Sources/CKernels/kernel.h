// What every kernel file needs: dispatch, inlining, and the order of sums.
#ifndef LOCKSTEP_KERNEL_H
#define LOCKSTEP_KERNEL_H

#include "CKernels.h"
#include "dispatch.h"
#include "float_bits.h"

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
