#include "reduce.h"
#include "rows.h"

// Means and squared deviations, and sums of exponentials: two passes over values that are in the
// cache.

// What a pass over columns reads stays in the second-level cache for the next.
enum { NARROW = 256 };

KERNEL void lk_moments_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                            float *mean, float *deviation) {
  for (ptrdiff_t r = 0; r < rows; r++, a += stride) {
    mean[r] = (float)(row_sum(columns, a) / (double)columns);
    deviation[r] = (float)row_squares(columns, a, mean[r]);
  }
}

KERNEL void lk_moments_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                               float *mean, float *deviation) {
  // What rounding took from the mean, which the second pass finds: the sum of the deviations from
  // it.
  double missed[NARROW], squares[NARROW];
  const double count = (double)rows;
  for (; columns > 0; columns -= NARROW, a += NARROW, mean += NARROW, deviation += NARROW) {
    const ptrdiff_t n = columns < NARROW ? columns : NARROW;
    for (ptrdiff_t c = 0; c < n; c++) missed[c] = squares[c] = 0;
    column_totals(rows, n, a, stride, missed);
    for (ptrdiff_t c = 0; c < n; c++) {
      mean[c] = (float)(missed[c] / count);
      missed[c] = 0;
    }
    deviation_totals(rows, n, a, a, stride, mean, missed, squares);
    for (ptrdiff_t c = 0; c < n; c++)
      deviation[c] = (float)(squares[c] - missed[c] * missed[c] / count);
  }
}

KERNEL void lk_moments_join(ptrdiff_t parts, ptrdiff_t columns, ptrdiff_t size, ptrdiff_t last,
                            const float *means, const float *deviations, float *mean,
                            float *deviation) {
  const double total = (double)size * (double)(parts - 1) + (double)last;
  for (ptrdiff_t c = 0; c < columns; c++) {
    double sum = 0, squares = 0;
    for (ptrdiff_t p = 0; p < parts; p++)
      sum += (double)(p == parts - 1 ? last : size) * means[p * columns + c];
    const double center = sum / total;
    for (ptrdiff_t p = 0; p < parts; p++) {
      const double x = means[p * columns + c] - center;
      squares += deviations[p * columns + c] + (double)(p == parts - 1 ? last : size) * x * x;
    }
    mean[c] = (float)center;
    deviation[c] = (float)squares;
  }
}

// The largest value is taken out, so that no exponential overflows; an infinite one stays what it
// is.
INLINE float finite_or_zero(float x) { return x - x == 0.0f ? x : 0.0f; }

INLINE float maximum_of(ptrdiff_t n, const float *a) {
  lanes_t s = (lanes_t){0} - INFINITY;
  ptrdiff_t i = 0;
  for (; i + LANES <= n; i += LANES) s = VLARGER(lanes_t, s, *(const lanes_t *)(a + i));
  float lanes[LANES], best = -INFINITY;
  __builtin_memcpy(lanes, &s, sizeof lanes);
  for (int l = 0; l < LANES; l++) best = LARGER(best, lanes[l]);
  for (; i < n; i++) best = LARGER(best, a[i]);
  return best;
}

KERNEL void lk_log_sum_exp_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                ptrdiff_t stride, float *out) {
  for (ptrdiff_t r = 0; r < rows; r++, a += stride) {
    const float shift = finite_or_zero(maximum_of(columns, a));
    double total = 0;
    for (ptrdiff_t start = 0; start < columns; start += SUM_BLOCK) {
      const ptrdiff_t end = columns - start < SUM_BLOCK ? columns : start + SUM_BLOCK;
      float lanes[LANES] = {0}, rest[LANES];
      ptrdiff_t i = start;
      for (; i + LANES <= end; i += LANES)
        for (int l = 0; l < LANES; l++) lanes[l] += exp_f(a[i + l] - shift);
      if (i < end) {  // whole registers, whose exponentials beyond the end are 0
        for (int l = 0; l < LANES; l++) rest[l] = i + l < end ? a[i + l] : -INFINITY;
        for (int l = 0; l < LANES; l++) lanes[l] += exp_f(rest[l] - shift);
      }
      lanes_t v;
      __builtin_memcpy(&v, lanes, sizeof v);
      total += lanes_sum(&v);
    }
    out[r] = shift + log_f((float)total);
  }
}

KERNEL void lk_log_sum_exp_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                   ptrdiff_t stride, float *out, bool accumulate) {
  enum { SOME = 32 };  // exponentials that are added up in float
  float shift[NARROW], sum[NARROW];
  double total[NARROW];
  for (; columns > 0; columns -= NARROW, a += NARROW, out += NARROW) {
    const ptrdiff_t n = columns < NARROW ? columns : NARROW;
    for (ptrdiff_t c = 0; c < n; c++) shift[c] = accumulate ? out[c] : -INFINITY;
    for (ptrdiff_t r = 0; r < rows; r++)
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++)
        shift[c] = LARGER(shift[c], a[r * stride + c]);
    for (ptrdiff_t c = 0; c < n; c++) shift[c] = finite_or_zero(shift[c]);
    for (ptrdiff_t c = 0; c < n; c++) total[c] = accumulate ? exp_f(out[c] - shift[c]) : 0.0f;
    for (ptrdiff_t first = 0; first < rows; first += SOME) {
      const ptrdiff_t end = rows - first < SOME ? rows : first + SOME;
      for (ptrdiff_t c = 0; c < n; c++) sum[c] = 0;
      for (ptrdiff_t r = first; r < end; r++)
        INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) sum[c] += exp_f(a[r * stride + c] - shift[c]);
      INDEPENDENT for (ptrdiff_t c = 0; c < n; c++) total[c] += sum[c];
    }
    for (ptrdiff_t c = 0; c < n; c++) out[c] = shift[c] + log_f((float)total[c]);
  }
}
