#include "kernel.h"

// Sums and products up to every element.

KERNEL void lk_product_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                     const float *a, bool has_zeros, float *out) {
  // Products of what lies before and behind instead of a quotient: an element may be 0.
  for (ptrdiff_t r = 0; r < rows; r++, a += columns, out += columns) {
    float product = 1, difference = 0;
    for (ptrdiff_t c = 0; c < columns && !has_zeros; c++) {
      product *= a[c];
      difference += a[c] - a[c];
    }
    if (difference != difference) {
      // Something is infinite or NaN: PyTorch takes the quotient.
      for (ptrdiff_t c = 0; c < columns; c++) out[c] = g[r] * product / a[c];
      continue;
    }
    float before = g[r], behind = 1;
    for (ptrdiff_t c = 0; c < columns; c++) {
      out[c] = before;
      before *= a[c];
    }
    for (ptrdiff_t c = columns - 1; c >= 0; c--) {
      out[c] *= behind;
      behind *= a[c];
    }
  }
}

/// SUM is what running sums are computed in.
#define CUMULATIVE_SUM(name, T, SUM)                                                             \
  KERNEL void name(ptrdiff_t rows, ptrdiff_t columns, const T *a, ptrdiff_t stride, T *out,      \
                   bool reversed, SUM *sums) {                                                   \
    if (columns == 1) {                                                                          \
      SUM sum = sums[0];                                                                         \
      for (ptrdiff_t i = 0; i < rows; i++) {                                                     \
        const ptrdiff_t r = reversed ? rows - 1 - i : i;                                         \
        sum += (SUM)a[r * stride];                                                               \
        out[r * stride] = (T)sum;                                                                \
      }                                                                                          \
      sums[0] = sum;                                                                             \
      return;                                                                                    \
    }                                                                                            \
    for (ptrdiff_t i = 0; i < rows; i++) {                                                       \
      const ptrdiff_t r = reversed ? rows - 1 - i : i;                                           \
      INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) {                                      \
        sums[c] += (SUM)a[r * stride + c];                                                       \
        out[r * stride + c] = (T)sums[c];                                                        \
      }                                                                                          \
    }                                                                                            \
  }

CUMULATIVE_SUM(lk_cumulative_sum, float, double)
CUMULATIVE_SUM(lk_integer_cumulative_sum, int64_t, uint64_t)
