// Rows of numbers as columns of lanes, and back.
#include "transpose.h"

KERNEL void lk_lanes_from_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                               float *out, ptrdiff_t leading) {
  ptrdiff_t c = 0;
  for (; c + 4 <= columns; c += 4)
    for (int first = 0; first < LANES; first += 8) {
      const float *from = a + first * stride + c;
      float some[8 * 4] = {0};
      const bool is_whole = first + 8 <= rows;
      for (ptrdiff_t r = 0; !is_whole && first + r < rows; r++)
        __builtin_memcpy(some + r * 4, from + r * stride, 4 * sizeof *from);
      const columns_t block = is_whole ? transpose_eight(from, stride) : transpose_eight(some, 4);
      for (int l = 0; l < 4; l++) *(eight_t *)(out + (c + l) * leading + first) = block.column[l];
    }
  for (; c < columns; c++)
    for (int r = 0; r < LANES; r++) out[c * leading + r] = r < rows ? a[r * stride + c] : 0;
}

KERNEL void lk_rows_from_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                               ptrdiff_t leading, const float *bias, float *out, ptrdiff_t stride,
                               bool accumulate) {
  ptrdiff_t c = 0;
  for (; c + 8 <= columns; c += 8)
    for (int first = 0; first < rows; first += 4) {
      const columns_t block = transpose_eight(a + c * leading + first, leading);
      for (int r = first; r < first + 4 && r < rows; r++) {
        eight_t *const o = (eight_t *)(out + r * stride + c);
        const eight_t sums = bias ? block.column[r - first] + bias[r] : block.column[r - first];
        *o = accumulate ? *o + sums : sums;
      }
    }
  for (; c < columns; c++)
    for (ptrdiff_t r = 0; r < rows; r++) {
      const float value = a[c * leading + r] + (bias ? bias[r] : 0);
      float *const o = out + r * stride + c;
      *o = accumulate ? *o + value : value;
    }
}

void lk_scatter_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a, const float *bias,
                      const int32_t *places, float *out, ptrdiff_t stride, bool accumulate) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *const to = out + r * stride;
    for (ptrdiff_t c = 0; c < columns; c++) {
      const float value = a[c * LANES + r] + (bias ? bias[r] : 0);
      to[places[c]] = accumulate ? to[places[c]] + value : value;
    }
  }
}
