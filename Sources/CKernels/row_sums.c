#include "sums.h"

KERNEL void lk_add_rows(ptrdiff_t n, ptrdiff_t columns, const float *a, const int64_t *index,
                        ptrdiff_t skipped, float *out, ptrdiff_t stride) {
  for (ptrdiff_t k = 0; k < n; k++) {
    if (index[k] == skipped) continue;
    const float *from = a + k * stride;
    float *to = out + index[k] * stride;
    INDEPENDENT for (ptrdiff_t c = 0; c < columns; c++) to[c] += from[c];
  }
}

/// to[c] += the sum over k of row order[k] of `a`.
INLINE void add_group(ptrdiff_t n, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                      const uint32_t *order, float *to) {
  double totals[SUM_COLUMNS];
  const float *row[SUM_ROWS];
  for (ptrdiff_t first = 0; first < columns; first += SUM_COLUMNS) {
    const ptrdiff_t width = columns - first < SUM_COLUMNS ? columns - first : SUM_COLUMNS;
    for (ptrdiff_t c = 0; c < width; c++) totals[c] = to[first + c];
    for (ptrdiff_t k = 0; k < n; k += SUM_ROWS) {
      const ptrdiff_t some = n - k < SUM_ROWS ? n - k : SUM_ROWS;
      for (ptrdiff_t r = 0; r < some; r++) row[r] = a + (ptrdiff_t)order[k + r] * stride + first;
      ptrdiff_t c = 0;
      for (; c + LANES <= width; c += LANES) {
        lanes_t s = *(const lanes_t *)(row[0] + c);
        for (ptrdiff_t r = 1; r < some; r++) s += *(const lanes_t *)(row[r] + c);
        add_to_totals(&s, totals + c);
      }
      for (; c < width; c++) {
        float s = row[0][c];
        for (ptrdiff_t r = 1; r < some; r++) s += row[r][c];
        totals[c] += s;
      }
    }
    for (ptrdiff_t c = 0; c < width; c++) to[first + c] = (float)totals[c];
  }
}

KERNEL void lk_add_grouped_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                const uint32_t *starts, const uint32_t *order, ptrdiff_t skipped,
                                float *out, ptrdiff_t stride) {
  for (ptrdiff_t r = 0; r < rows; r++)
    if (r != skipped && starts[r] < starts[r + 1])
      add_group(starts[r + 1] - starts[r], columns, a, stride, order + starts[r], out + r * stride);
}

KERNEL void lk_add_column_sums(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                               double *totals) {
  column_totals(rows, columns, a, stride, totals);
}

KERNEL void lk_fold_sums(ptrdiff_t n, float *sums, double *totals) {
  INDEPENDENT for (ptrdiff_t i = 0; i < n; i++) totals[i] += sums[i];
  for (ptrdiff_t i = 0; i < n; i++) sums[i] = 0;
}
