// The types of floats in memory, and their conversions.
//
// Kernels compute in float32. Whatever else floats are stored as is converted on the way in and
// out, in blocks that fit a cache. A further type is a case of `lk_storage` and its two
// conversions in storage.c.
#ifndef LOCKSTEP_CFLOATS_H
#define LOCKSTEP_CFLOATS_H

#include <stddef.h>
#include <stdint.h>

#include "float_bits.h"

#pragma clang assume_nonnull begin

/// What a float is stored as.
typedef enum { LK_FLOAT32, LK_FLOAT16, LK_BFLOAT16 } lk_storage;

/// Bytes of one float.
static inline ptrdiff_t lk_storage_size(lk_storage type) {
  switch (type) {
    case LK_FLOAT32: return 4;
    case LK_FLOAT16: return 2;
    case LK_BFLOAT16: return 2;
  }
}

/// The bits of the exponent of a float of two bytes: all are ones in infinities and NaN only.
static inline uint16_t lk_exponent_bits(lk_storage type) {
  switch (type) {
    case LK_FLOAT16: return 0x7c00;
    case LK_BFLOAT16: return 0x7f80;
    case LK_FLOAT32: __builtin_trap();
  }
}

/// out[r * out_stride + c] = a[r * stride + c], widened, for `rows` rows of `columns` elements.
void lk_widen(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
              const void *a, ptrdiff_t stride);
/// out[r * out_stride + c] = a[r * stride + c], rounded to nearest even; too large becomes
/// infinity.
void lk_narrow(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, void *out, ptrdiff_t out_stride,
               const float *a, ptrdiff_t stride);

// MARK: conversions of Float16 (half.c)

void lk_half_to_float(ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
                      const uint16_t *a, ptrdiff_t stride);
void lk_float_to_half(ptrdiff_t rows, ptrdiff_t columns, uint16_t *out, ptrdiff_t out_stride,
                      const float *a, ptrdiff_t stride);
/// The same of n numbers by bit arithmetic on any CPU: what the two above fall back to, for tests.
void lk_half_to_float_portable(ptrdiff_t n, float *out, const uint16_t *a);
void lk_float_to_half_portable(ptrdiff_t n, uint16_t *out, const float *a);

#pragma clang assume_nonnull end

#endif
