// Floats in storage types, and products of matrices of them; included by CKernels.h.
//
// Kernels compute in float32. Whatever else floats are stored as is converted on the way in and
// out, in blocks that fit a cache. A further type is a case of `lk_storage` and its two
// conversions (storage.c).
#ifndef LOCKSTEP_STORAGE_H
#define LOCKSTEP_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// What a float is stored as.
typedef enum { LK_FLOAT32, LK_FLOAT16 } lk_storage;

/// Bytes of one float.
static inline ptrdiff_t lk_storage_size(lk_storage type) { return type == LK_FLOAT32 ? 4 : 2; }

/// out[r * out_stride + c] = a[r * stride + c], widened, for `rows` rows of `columns` elements.
void lk_widen(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
              const void *a, ptrdiff_t stride);
/// out[r * out_stride + c] = a[r * stride + c], rounded to nearest even; too large becomes
/// infinity.
void lk_narrow(lk_storage type, ptrdiff_t rows, ptrdiff_t columns, void *out, ptrdiff_t out_stride,
               const float *a, ptrdiff_t stride);

// The conversions of Float16 (half.c).

void lk_half_to_float(ptrdiff_t rows, ptrdiff_t columns, float *out, ptrdiff_t out_stride,
                      const uint16_t *a, ptrdiff_t stride);
void lk_float_to_half(ptrdiff_t rows, ptrdiff_t columns, uint16_t *out, ptrdiff_t out_stride,
                      const float *a, ptrdiff_t stride);
/// The same of n numbers by bit arithmetic on any CPU: what the two above fall back to, for tests.
void lk_half_to_float_portable(ptrdiff_t n, float *out, const uint16_t *a);
void lk_float_to_half_portable(ptrdiff_t n, uint16_t *out, const float *a);

// MARK: matrix products (gemm.c)

/// A matrix in row-major memory: `leading` elements from one stored row to the next. A transposed
/// one is stored as its transpose.
typedef struct {
  const void *values;
  ptrdiff_t leading;
  lk_storage type;
  bool is_transposed;
} lk_matrix;

/// C = A B for A [m, k], B [k, n] and C [m, n], stored as `type` in rows `leading` elements apart;
/// or C += A B with `accumulate`, or C = A B + `row` of n elements.
///
/// The float32 bits of an element of C depend on its row of A, its column of B and k alone; they
/// are rounded to `type` once.
void lk_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const lk_matrix *a, const lk_matrix *b,
             bool accumulate, const float *_Nullable row, void *c, ptrdiff_t leading,
             lk_storage type);

/// The columns that are computed together on this machine: fewer cost as much.
ptrdiff_t lk_gemm_panel(void);

#pragma clang assume_nonnull end

#endif
