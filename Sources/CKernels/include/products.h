// Products of matrices of floats of any storage type; included by CKernels.h.
#ifndef LOCKSTEP_PRODUCTS_H
#define LOCKSTEP_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>

#include "CFloats.h"

#pragma clang assume_nonnull begin

/// A matrix in row-major memory: `leading` elements from one stored row to the next. A transposed
/// one is stored as its transpose.
typedef struct {
  const void *values;
  ptrdiff_t leading;
  lk_storage type;
  bool is_transposed;
} lk_matrix;

/// The matrix from row `row` and column `column` on.
static inline lk_matrix lk_matrix_from(lk_matrix matrix, ptrdiff_t row, ptrdiff_t column) {
  const ptrdiff_t offset = matrix.is_transposed ? column * matrix.leading + row
                                                : row * matrix.leading + column;
  matrix.values = (const char *)matrix.values + offset * lk_storage_size(matrix.type);
  return matrix;
}

/// Where a product C = A B has something to compute, if not everywhere.
typedef struct {
  enum {
    LK_ALL,
    /// A[i, p] is 0 from p = i + diagonal on.
    LK_LOWER_A,
    /// A[i, p] is 0 from i = p + diagonal on.
    LK_UPPER_A,
    /// C[i, j] is not wanted from i = j + diagonal on, and may become anything.
    LK_UPPER_C,
  } of;
  ptrdiff_t diagonal;
} lk_triangle;

/// The triangle as the part sees it that begins at row `i` and column `j` of C and at `p` of k.
static inline lk_triangle lk_triangle_from(lk_triangle triangle, ptrdiff_t i, ptrdiff_t j,
                                           ptrdiff_t p) {
  if (triangle.of == LK_LOWER_A) triangle.diagonal += i - p;
  if (triangle.of == LK_UPPER_A) triangle.diagonal += p - i;
  if (triangle.of == LK_UPPER_C) triangle.diagonal += j - i;
  return triangle;
}

/// Whether there are kernels of products for this CPU, or only what the compiler makes of loops.
bool lk_has_product_kernels(void);

/// C = A B for A [m, k], B [k, n] and C [m, n], stored as `type` in rows `leading` elements apart;
/// or C += A B with `accumulate`, or C = A B + `row` of n elements.
///
/// The float32 bits of an element of C depend on its row of A, its column of B and k alone; they
/// are rounded to `type` once.
void lk_gemm(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const lk_matrix *a, const lk_matrix *b,
             lk_triangle triangle, bool accumulate, const float *_Nullable row, void *c,
             ptrdiff_t leading, lk_storage type);

#pragma clang assume_nonnull end

#endif
